//! A counter of log-in attempts: for an account, an address, or the two together.

use sea_orm::entity::prelude::*;

/// A counter of log-in attempts.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "throttles")]
pub struct Model {
    /// HMAC of what is counted, so that no e-mail address and no IP address stands here.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: Vec<u8>,
    /// When nothing of it is used up any more; the farther ahead, the more attempts there were.
    pub full_at: i64,
    /// Until when the account goes on from this address whatever others do to it; 0 where that never was earned.
    pub trusted_until: i64,
    /// When the row says nothing any more.
    pub forget_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
