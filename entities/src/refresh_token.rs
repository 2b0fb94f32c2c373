//! A refresh token, by its hash; works once.

use sea_orm::entity::prelude::*;

/// A refresh token, by its hash; works once.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Its family.
    pub session_id: Uuid,
    /// When it was made.
    pub created_at: i64,
    /// When it was exchanged for its successor.
    pub used_at: Option<i64>,
    /// Makes the successor out of this token, together with a secret that no row holds; there from its use on.
    pub successor_salt: Option<Vec<u8>>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
