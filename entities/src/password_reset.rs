//! A token that sets a new password once, by its hash.

use sea_orm::entity::prelude::*;

/// A token that sets a new password once, by its hash.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "password_resets")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    /// Whose password.
    pub user_id: Uuid,
    /// When it was made.
    pub created_at: i64,
    /// It does not work from here on.
    pub expires_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
