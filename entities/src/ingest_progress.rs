//! How far the events of one click log are stored.

use sea_orm::entity::prelude::*;

/// How far the events of one click log are stored.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ingest_progress")]
pub struct Model {
    /// The click log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub boot_id: Uuid,
    /// Everything up to this sequence number is stored.
    pub contiguous: i64,
    /// What is stored beyond it: [[first, last], ...], ascending.
    pub ranges: Json,
    /// How many events are stored; equal to the highest number when nothing is missing.
    pub events: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
