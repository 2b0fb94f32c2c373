//! How many links a tenant made in a month.

use sea_orm::entity::prelude::*;

/// How many links a tenant made in a month; those that were deleted since count.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "links_by_month")]
pub struct Model {
    /// Who made them.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    /// The month in UTC, as year times 100 plus month: 202611.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: i32,
    /// How many.
    pub made: i64,
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
