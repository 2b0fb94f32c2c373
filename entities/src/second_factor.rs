//! A user's second factor: codes that change every 30 seconds (TOTP).

use sea_orm::entity::prelude::*;

/// A user's second factor, without what it needs to tell a code.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factors")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// 32 random bytes: the shared secret is derived from them and a secret that no row holds.
    pub salt: Vec<u8>,
    /// When it was begun.
    pub created_at: i64,
    /// When the first code was right; not asked for before.
    pub confirmed_at: Option<i64>,
    /// The step of 30 seconds since 1970 whose code was used last: it and those before it work no more.
    pub last_step: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
