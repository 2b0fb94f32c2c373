//! Links that are there under the external ids that a chunk names: they are held, so that what is decided about them
//! still holds when it is written.

use super::{
    draft::LinkChange,
    update::{Changed, apply},
    written::end_part,
};
use crate::{
    app::App,
    error::{Error, Mistake},
    scope::TenantScope,
};
use entities::{TenantOwned, link};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, QueryFilter, QueryOrder, QuerySelect, TransactionTrait, prelude::Uuid,
};
use std::collections::{BTreeSet, HashMap};

/// Reads the links with these external ids and keeps others from changing them until the transaction ends; in the order
/// of their ids, so that two who hold the same ones never wait for each other in a circle. The tenant is held already:
/// nobody gives one of these ids to a link meanwhile.
pub(super) async fn hold(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    external_ids: &BTreeSet<String>,
) -> Result<HashMap<String, link::Model>, Error> {
    if external_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let named = link::Column::ExternalId.is_in(external_ids.iter().map(String::as_str));
    let rows =
        link::Entity::of(tenant_id).filter(named).order_by_asc(link::Column::Id).lock_exclusive().all(tx).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.external_id.clone()?, row))).collect())
}

/// Changes one of many links; its mistakes leave what was done to the others.
pub(super) async fn change(
    app: &App,
    tx: &DatabaseTransaction,
    scope: TenantScope,
    before: link::Model,
    change: LinkChange,
) -> Result<Result<Changed, Vec<Mistake>>, Error> {
    // a statement that fails ends a transaction in PostgreSQL, and here its savepoint alone
    let part = tx.begin().await?;
    let done = apply(app, &part, scope, before, change).await;
    end_part(part, done).await
}
