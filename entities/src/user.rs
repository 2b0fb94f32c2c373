//! A person who can log in.

use sea_orm::entity::prelude::*;

/// A person who can log in.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// In lower case; the name to log in with.
    #[sea_orm(unique)]
    pub email: String,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// When it was made.
    pub created_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
