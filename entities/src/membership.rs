//! What a user may do in a tenant.

use sea_orm::entity::prelude::*;

/// What a member may do; each includes what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Role {
    /// Everything, and deleting the tenant.
    #[sea_orm(string_value = "OWNER")]
    Owner,
    /// Everything but deleting the tenant.
    #[sea_orm(string_value = "ADMIN")]
    Admin,
    /// Links and pixels.
    #[sea_orm(string_value = "EDITOR")]
    Editor,
    /// Reading.
    #[sea_orm(string_value = "VIEWER")]
    Viewer,
}

/// What a user may do in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    /// The user.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The role.
    pub role: Role,
    /// When it was made.
    pub created_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
