//! The end of a link that was noticed.

use sea_orm::entity::prelude::*;

/// The end of a link that was noticed.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_expiries")]
pub struct Model {
    /// The link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: Uuid,
    /// Its end, as it was then.
    #[sea_orm(primary_key, auto_increment = false)]
    pub expires_at: i64,
    /// Whose it is.
    pub tenant_id: Uuid,
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
