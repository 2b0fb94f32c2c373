//! An address, (domain, slug): it outlives its link, so that versions never start again.

use sea_orm::entity::prelude::*;

/// An address, (domain, slug): it outlives its link, so that versions never start again.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "slots")]
pub struct Model {
    /// The domain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub domain_id: Uuid,
    /// The path on it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub slug: String,
    /// Counts every change of what the address resolves to.
    pub ver: i64,
    /// The link there now; null for a tombstone.
    pub link_id: Option<Uuid>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

use sea_orm::{ActiveValue::Set, sea_query::OnConflict};

/// What an address resolves to from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The domain.
    pub domain_id: Uuid,
    /// The path on it.
    pub slug: String,
    /// The link there; `None` for nothing.
    pub link_id: Option<Uuid>,
}

/// Counts one up the version of each address and says what is there now; makes the addresses that are new. Gives the
/// rows as they are then, in any order. Must run in the transaction that changes the links; the caller gives each address
/// once, and many in one order for everybody, against deadlocks.
///
/// # Errors
/// Of the database.
pub async fn bump(tx: &impl ConnectionTrait, resolutions: Vec<Resolution>) -> Result<Vec<Model>, DbErr> {
    if resolutions.is_empty() {
        return Ok(Vec::new());
    }
    let rows = resolutions.into_iter().map(|to| ActiveModel {
        domain_id: Set(to.domain_id),
        slug: Set(to.slug),
        ver: Set(1),
        link_id: Set(to.link_id),
    });
    let counted = OnConflict::columns([Column::DomainId, Column::Slug])
        .value(Column::Ver, crate::plus_one((Entity, Column::Ver)))
        .update_column(Column::LinkId)
        .to_owned();
    Entity::insert_many(rows).on_conflict(counted).exec_with_returning(tx).await
}
