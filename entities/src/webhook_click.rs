//! Clicks that wait to be told together; written with the clicks themselves.

use sea_orm::entity::prelude::*;

/// Clicks that wait to be told together; written with the clicks themselves.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_clicks")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose they are.
    pub tenant_id: Uuid,
    /// How many, at most 100.
    pub clicks: i32,
    /// They, as a JSON array.
    pub payload: String,
    /// When they were stored.
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
