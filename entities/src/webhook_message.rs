//! What happened, as it is told to webhooks: one row, however many are told.

use sea_orm::entity::prelude::*;

/// What happened, as it is told to webhooks: one row, however many are told.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_messages")]
pub struct Model {
    /// UUID version 7; the header `webhook-id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Name of the event.
    pub event: String,
    /// The body, as it is sent each time.
    pub payload: String,
    /// When it was written.
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
