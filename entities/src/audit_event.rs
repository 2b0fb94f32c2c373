//! What somebody changed: one row for each mutation, written in its transaction and chained to the one before.

use sea_orm::entity::prelude::*;

/// What somebody changed. The rows of a chain are numbered from 1 without a gap, and each holds the hash of the one before.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub struct Model {
    /// The tenant that was changed, or the user whose account was.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain_id: Uuid,
    /// Place in the chain, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// UUID version 7.
    pub id: Uuid,
    /// When.
    pub at: i64,
    /// Who; null for the server itself.
    pub user_id: Option<Uuid>,
    /// By which API key; null for a log-in.
    pub api_key_id: Option<Uuid>,
    /// The request, as in its answer's `X-Request-Id`; null outside of one.
    pub request_id: Option<Uuid>,
    /// What was done: the mutation's name.
    pub action: String,
    /// What kind of thing was changed: `Link`, `Pixel`, ...
    pub target_kind: String,
    /// Which one; null for many.
    pub target_id: Option<Uuid>,
    /// What it was before, as JSON; null when it was not there.
    pub before: Option<String>,
    /// What it is now, as JSON; null when it is gone.
    pub after: Option<String>,
    /// Hash of the row before, 32 zero bytes for the first.
    pub previous_hash: Vec<u8>,
    /// SHA-256 of the hash before and of all the values above.
    pub hash: Vec<u8>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::ChainId
    }
}
