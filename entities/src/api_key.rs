//! An API key, by its hash: what a user lets a program do in their name.

use sea_orm::entity::prelude::*;

/// An API key, by its hash: what a user lets a program do in their name.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// In whose name it acts.
    pub user_id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters, by which people tell keys apart.
    pub prefix: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// What it may do: scopes with a space between.
    pub scopes: String,
    /// When it was made.
    pub created_at: i64,
    /// It does not work from here on; null for never.
    pub expires_at: Option<i64>,
    /// To the minute; null when it was never used.
    pub last_used_at: Option<i64>,
    /// When it was ended.
    pub revoked_at: Option<i64>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
