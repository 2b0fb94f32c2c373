//! Inserts links that were checked, many at once, each under an address that is free: a random slug is drawn again until
//! it is, one that was chosen fails its own link.

use super::{check::Checked, row, slug};
use crate::{error::Error, scope::TenantScope};
use entities::link;
use sea_orm::{DatabaseTransaction, EntityTrait, prelude::Uuid, sea_query::OnConflict};
use std::collections::HashMap;

/// How often random slugs are drawn until they are free. That one draw fails is rarer than one in thousands.
const DRAWS: usize = 8;

/// A link without mistakes, on its way into SQL.
pub(super) struct Ready {
    /// Its place in the chunk.
    pub(super) index: usize,
    /// Its key.
    pub(super) id: Uuid,
    /// Where it is to live.
    pub(super) domain_id: Uuid,
    /// The path there; empty until it is drawn.
    pub(super) slug: String,
    /// What was checked.
    pub(super) checked: Checked,
}

/// Inserts links; gives those that were made, and the indexes of those whose slug is taken. Rows go in the order of
/// their addresses, so that two chunks with the same slugs never wait for each other in a circle.
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    now: i64,
    mut waiting: Vec<Ready>,
) -> Result<(Vec<(Ready, link::Model)>, Vec<usize>), Error> {
    let (mut made, mut taken) = (Vec::new(), Vec::new());
    for _ in 0..DRAWS {
        for link in &mut waiting {
            link.slug = link.checked.slug.as_ref().map_or_else(slug::random, |chosen| chosen.as_str().to_owned());
        }
        // stable: of two with one slug, the first that was given gets it
        waiting.sort_by(|a, b| (a.domain_id, &a.slug).cmp(&(b.domain_id, &b.slug)));
        let mut inserted = insert_free(tx, scope, now, &waiting).await?;
        let mut drawn_again = Vec::new();
        for link in waiting {
            if let Some(row) = inserted.remove(&link.id) {
                made.push((link, row));
            } else if link.checked.slug.is_some() {
                taken.push(link.index);
            } else {
                drawn_again.push(link);
            }
        }
        waiting = drawn_again;
        if waiting.is_empty() {
            made.sort_by(|(a, _), (b, _)| (a.domain_id, &a.slug).cmp(&(b.domain_id, &b.slug)));
            return Ok((made, taken));
        }
    }
    Err(Error::Fault(format!("no free random slug was found in {DRAWS} draws")))
}

/// Inserts the links whose address is free and gives their rows.
async fn insert_free(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    now: i64,
    links: &[Ready],
) -> Result<HashMap<Uuid, link::Model>, Error> {
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let taken = OnConflict::columns([link::Column::DomainId, link::Column::Slug]).do_nothing().to_owned();
    let row =
        |link: &Ready| row::new(&link.checked, (scope.tenant_id(), link.id), (link.domain_id, link.slug.as_str()), now);
    let rows = links.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let inserted = link::Entity::insert_many(rows).on_conflict(taken).exec_with_returning(tx).await?;
    Ok(inserted.into_iter().map(|row| (row.id, row)).collect())
}
