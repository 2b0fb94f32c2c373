//! What a creating mutation with an idempotency key made, so that the same call again makes nothing.

use sea_orm::entity::prelude::*;

/// What a creating mutation with an idempotency key made.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// The tenant that something was made in, or the user it was made for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// As the caller chose it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// 0, or which part of a call that is stored in parts.
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i32,
    /// The mutation's name.
    pub action: String,
    /// SHA-256 of its input.
    pub input_hash: Vec<u8>,
    /// What it made, as JSON.
    pub result: String,
    /// When; the row is deleted a day later.
    pub created_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::OwnerId
    }
}
