//! A pixel of a link, besides the tenant's default ones.

use sea_orm::entity::prelude::*;

/// A pixel of a link, besides the tenant's default ones.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "link_pixels")]
pub struct Model {
    /// The link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: Uuid,
    /// The pixel.
    #[sea_orm(primary_key, auto_increment = false)]
    pub pixel_id: Uuid,
    /// Whose link and pixel they are.
    pub tenant_id: Uuid,
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
