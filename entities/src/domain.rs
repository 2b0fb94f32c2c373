//! A host that serves links: one tenant's own, or shared by all where `tenant_id` is null.

use sea_orm::{Condition, entity::prelude::*};

/// A host that serves links: one tenant's own, or shared by all where `tenant_id` is null.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its owner; null for a shared domain.
    pub tenant_id: Option<Uuid>,
    /// As `contract::address::Host` spells it.
    #[sea_orm(unique)]
    pub host: String,
    /// Whether it serves at all.
    pub serving: bool,
    /// Where an unknown slug goes.
    pub fallback: Option<String>,
    /// Version of its document.
    pub ver: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Selects the domains that a tenant may put links on: its own and the shared ones.
#[must_use]
pub fn usable_by(tenant_id: Uuid) -> Select<Entity> {
    let usable = Condition::any().add(Column::TenantId.eq(tenant_id)).add(Column::TenantId.is_null());
    Entity::find().filter(Column::Serving.eq(true)).filter(usable)
}
