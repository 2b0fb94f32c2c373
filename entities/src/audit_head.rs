//! Where the audit chain of a tenant or user ends: who writes the next row holds it.

use sea_orm::entity::prelude::*;

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_heads")]
pub struct Model {
    /// The chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain_id: Uuid,
    /// Number of its last row; 0 for none.
    pub seq: i64,
    /// Hash of its last row.
    pub hash: Vec<u8>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::ChainId
    }
}
