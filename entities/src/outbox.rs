//! A change that redirectors must hear of, committed with the change itself.

use sea_orm::entity::prelude::*;

/// A change that redirectors must hear of, committed with the change itself.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The document, as `contract::document::DocumentKey` writes it.
    pub key: String,
    /// The version it changed to.
    pub ver: i64,
    /// When it was made.
    pub created_at: i64,
    /// Null until it reached Redis.
    pub published_at: Option<i64>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
