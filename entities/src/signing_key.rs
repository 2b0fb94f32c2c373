//! A key that signs access tokens: when it does, and the half of it that the database holds.

use sea_orm::entity::prelude::*;

/// A key that signs access tokens, without what it needs to sign.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// UUID, the `kid` of the tokens it signs.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: Uuid,
    /// 32 random bytes: the key is derived from them and a secret that no row holds.
    pub salt: Vec<u8>,
    /// When it was made.
    pub created_at: i64,
    /// It signs from here on, which is later than it was made: by then every process has read it.
    pub signs_from: i64,
    /// It signs no more from here on.
    pub signs_until: i64,
    /// Its tokens are worth nothing from here on.
    pub verifies_until: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
