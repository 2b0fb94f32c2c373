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

/// Counts one up the version of an address and says what is there now; makes the address when it is new. Gives the new
/// version. Must run in the transaction that changes the link.
///
/// # Errors
/// Of the database.
pub async fn bump(tx: &impl ConnectionTrait, domain_id: Uuid, slug: &str, link_id: Option<Uuid>) -> Result<i64, DbErr> {
    let row = ActiveModel { domain_id: Set(domain_id), slug: Set(slug.to_owned()), ver: Set(1), link_id: Set(link_id) };
    let counted = OnConflict::columns([Column::DomainId, Column::Slug])
        .value(Column::Ver, crate::plus_one((Entity, Column::Ver)))
        .update_column(Column::LinkId)
        .to_owned();
    Ok(Entity::insert(row).on_conflict(counted).exec_with_returning(tx).await?.ver)
}
