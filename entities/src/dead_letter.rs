//! A record that could not be read, kept for a person to look at.

use sea_orm::entity::prelude::*;

/// A record that could not be read, kept for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_letters")]
pub struct Model {
    /// The click log that held it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub boot_id: Uuid,
    /// Its place in that log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The record's payload.
    pub payload: Vec<u8>,
    /// What was wrong.
    pub reason: String,
    /// When it was made.
    pub created_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
