//! Whether a pixel fired as it should when that was last known.

use sea_orm::entity::prelude::*;

/// Whether a pixel fired as it should when that was last known.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_pixels")]
pub struct Model {
    /// The pixel.
    #[sea_orm(primary_key, auto_increment = false)]
    pub pixel_id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Whether it fired too seldom.
    pub unhealthy: bool,
    /// Since when.
    pub changed_at: i64,
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
