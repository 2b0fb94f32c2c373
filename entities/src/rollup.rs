//! Counts of a link or tenant over an hour or a day (UTC), packed; see `api::clicks::rollup`.

use sea_orm::entity::prelude::*;

/// Length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Period {
    /// An hour.
    #[sea_orm(string_value = "HOUR")]
    Hour,
    /// A day, in UTC.
    #[sea_orm(string_value = "DAY")]
    Day,
}

/// Counts of a link or tenant over an hour or a day (UTC), packed; see `api::clicks::rollup`.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rollups")]
pub struct Model {
    /// Whose counts.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    /// The link, or the tenant itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_id: Uuid,
    /// Hour or day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub period: Period,
    /// Start of the period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub starts_at: i64,
    /// People's clicks.
    pub human_clicks: i64,
    /// Machines' clicks.
    pub bot_clicks: i64,
    /// Estimate of different visitors among people's clicks.
    pub unique_visitors: i64,
    /// Pixels whose last state was sent.
    pub pixels_sent: i64,
    /// Pixels whose last state was fired.
    pub pixels_fired: i64,
    /// Pixels whose last state was blocked.
    pub pixels_blocked: i64,
    /// Pixels whose last state was failed.
    pub pixels_failed: i64,
    /// Pixels whose last state was timed out.
    pub pixels_timed_out: i64,
    /// Pixels whose last state was refused.
    pub pixels_refused: i64,
    /// Counts and visitor sketches by dimension value.
    pub packed: Vec<u8>,
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
