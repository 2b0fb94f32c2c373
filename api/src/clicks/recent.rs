//! The clicks of a link one by one, the latest first, each with what became of its pixels. The only reading of raw clicks
//! besides `rebuild`; it costs a page, however many clicks there are.

use super::rows;
use crate::{
    db::Db,
    error::Error,
    page::{Page, Sort, Window},
    scope::TenantScope,
};
use contract::click::{Click, PixelResult};
use entities::{TenantOwned, click, receipt};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, Select, sea_query::Expr};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A click, and what became of its pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The click.
    pub click: Click,
    /// What its receipt says; `None` when none has come, as when no page was shown or the visitor left at once.
    pub results: Option<Vec<PixelResult>>,
}

/// A page of a link's clicks, the latest first.
///
/// # Errors
/// `INVALID` for a cursor of another list; of the database.
pub async fn page(db: &Db, scope: &TenantScope, link_id: Uuid, page: &Page) -> Result<Window<Recorded>, Error> {
    let sort = Sort {
        name: "click",
        by: None,
        id: Expr::col((click::Entity, click::Column::Id)),
        id_of: |row: &click::Model| row.id,
        descending: true,
    };
    let window = page.fetch(db.read(), clicks(scope, link_id), &sort).await?;
    let days: BTreeSet<i32> = window.rows.iter().map(|(_, row)| row.day).collect();
    let ids: Vec<Uuid> = window.rows.iter().map(|(_, row)| row.id).collect();
    let receipts = receipt::Entity::of(scope.tenant_id())
        .filter(receipt::Column::Day.is_in(days))
        .filter(receipt::Column::ClickId.is_in(ids))
        .all(db.read())
        .await?;
    let mut results: HashMap<Uuid, Vec<PixelResult>> =
        receipts.into_iter().map(|row| (row.click_id, rows::receipt_of(row).results)).collect();
    Ok(window.map(|row| Recorded { results: results.remove(&row.id), click: rows::click_of(row) }))
}

/// How many clicks of a link are stored, machines' and excluded ones as well.
///
/// # Errors
/// Of the database.
pub async fn count(db: &Db, scope: &TenantScope, link_id: Uuid) -> Result<u64, Error> {
    Ok(clicks(scope, link_id).count(db.read()).await?)
}

fn clicks(scope: &TenantScope, link_id: Uuid) -> Select<click::Entity> {
    click::Entity::of(scope.tenant_id()).filter(click::Column::LinkId.eq(link_id))
}
