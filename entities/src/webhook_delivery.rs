//! A message on its way to one webhook, and what became of it.

use sea_orm::entity::prelude::*;

/// Whether a delivery arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum State {
    /// It is to be tried, or tried again.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// It was answered with a status of 200 to 299.
    #[sea_orm(string_value = "DELIVERED")]
    Delivered,
    /// It is not tried any more.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

/// A message on its way to one webhook, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Where it goes.
    pub webhook_id: Uuid,
    /// What is told.
    pub message_id: Uuid,
    /// Name of the event.
    pub event: String,
    /// Whether it arrived.
    pub state: State,
    /// Attempts that were begun.
    pub attempts: i32,
    /// When it is due; for an attempt under way, when its claim is over; null when there is no further attempt.
    pub next_attempt_at: Option<i64>,
    /// Who holds the attempt under way; null when none is.
    pub claim: Option<Uuid>,
    /// When the last attempt began.
    pub attempted_at: Option<i64>,
    /// Status code of the last answer; null when there was none.
    pub status: Option<i32>,
    /// How long the last attempt took.
    pub duration_ms: Option<i64>,
    /// What was wrong with the last attempt, as a sentence for people.
    pub error: Option<String>,
    /// When it was written.
    pub created_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
