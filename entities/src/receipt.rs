//! What became of the pixels of a click; the first receipt of a click counts.

use sea_orm::entity::prelude::*;

/// What became of the pixels of a click; the first receipt of a click counts.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipts")]
pub struct Model {
    /// Day of the click, in UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i32,
    /// The click.
    #[sea_orm(primary_key, auto_increment = false)]
    pub click_id: Uuid,
    /// The click log that held the receipt.
    pub boot_id: Uuid,
    /// Its place in that log.
    pub seq: i64,
    /// When the click was.
    pub at: i64,
    /// Whose link.
    pub tenant_id: Uuid,
    /// Which link.
    pub link_id: Uuid,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Family of the browser.
    pub browser: Option<String>,
    /// [[pixel id, state, milliseconds, watched], ...].
    pub results: Json,
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
