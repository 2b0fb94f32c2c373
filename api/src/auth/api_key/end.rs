//! The end of API keys: by their owner, one by one or all together with an old password, by an administrator of a tenant that
//! they act in, and by a membership that ends. A key that may act nowhere any more is ended, so that none comes back to life
//! when its owner is invited again.

use super::{deed, in_every_log, of_tenant, own, own_of, told, working};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::Error,
    scope::{Caller, TenantScope},
};
use entities::{api_key, api_key_tenant};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, prelude::Uuid, sea_query::ExprTrait,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Ends a key of the caller's own.
///
/// # Errors
/// `NOT_FOUND` in `id`; [`Error::KeyForbidden`] for a caller with a key; of the database.
pub async fn revoke(app: &App, caller: Caller, id: Uuid) -> Result<api_key::Model, Error> {
    caller.session_id()?;
    let tx = app.db.begin().await?;
    let row = own(caller).filter(api_key::Column::Id.eq(id)).lock_exclusive().one(&tx).await?;
    let mut row = row.ok_or_else(|| Error::not_found("id"))?;
    if row.revoked_at.is_some() {
        return Ok(row);
    }
    row.revoked_at = Some(app.clock.now());
    end(&tx, caller.user_id, &[row.id], app.clock.now()).await?;
    let tenants: Vec<Uuid> = places(&tx, &[id]).await?.into_iter().map(|place| place.tenant_id).collect();
    let gone = |tenants: &[Uuid]| deed("revokeApiKey", id).before(&told(&row, tenants));
    audit::record_all(&tx, &app.clock, in_every_log(caller, &tenants, gone)?).await?;
    tx.commit().await?;
    Ok(row)
}

/// Ends all keys of a user that work, for the mutation `action` of a caller who is that user: in the transaction of a new
/// password. Gives how many worked, and what is to be written down of them: in the user's own log, and in each tenant's.
///
/// # Errors
/// Of the database.
pub(crate) async fn revoke_all(
    tx: &DatabaseTransaction,
    caller: Caller,
    action: &'static str,
    now: i64,
) -> Result<(u64, Vec<(Author, Deed)>), Error> {
    let keys = own(caller).filter(working(now)).order_by_asc(api_key::Column::Id).lock_exclusive().all(tx).await?;
    let ids: Vec<Uuid> = keys.iter().map(|key| key.id).collect();
    end(tx, caller.user_id, &ids, now).await?;
    let mut by_tenant = BTreeMap::<Uuid, Vec<Uuid>>::new();
    for place in places(tx, &ids).await? {
        by_tenant.entry(place.tenant_id).or_default().push(place.api_key_id);
    }
    let written = |author, ids: &[Uuid]| -> Result<(Author, Deed), Error> {
        let named: Vec<Value> = keys.iter().filter(|key| ids.contains(&key.id)).map(named).collect();
        let deed = Deed::new(action, "User", Some(caller.user_id)).before(&json!({ "apiKeys": named }))?;
        Ok((author, deed))
    };
    let mut deeds = vec![written(Author::of_account(caller), &ids)?];
    for (tenant_id, ids) in by_tenant {
        deeds.push(written(Author::new(tenant_id, caller), &ids)?);
    }
    Ok((keys.len() as u64, deeds))
}

/// Keeps a key out of a tenant, whosever key it is; one that may act nowhere any more is ended.
///
/// # Errors
/// `NOT_FOUND` in `id` for a key that may not act there; of the database.
pub async fn exclude(app: &App, scope: TenantScope, id: Uuid) -> Result<api_key::Model, Error> {
    // the key may act in tenants that this caller does not reach: then it goes on
    let app = &app.everywhere();
    let tx = app.db.begin().await?;
    let here = of_tenant(scope).filter(api_key::Column::Id.eq(id)).lock_exclusive().one(&tx).await?;
    let mut row = here.ok_or_else(|| Error::not_found("id"))?;
    api_key_tenant::Entity::delete_by_id((id, scope.tenant_id())).exec(&tx).await?;
    end_without_tenants(&tx, &mut row, app.clock.now()).await?;
    let gone = deed("excludeApiKey", id).before(&told(&row, &[scope.tenant_id()]))?;
    audit::record(&tx, &app.clock, scope, gone).await?;
    tx.commit().await?;
    Ok(row)
}

/// Keeps the keys of a user out of a tenant; those that work and may act nowhere any more are ended. In the transaction that
/// ends the membership. Gives those that worked there, as the audit log tells of them.
///
/// # Errors
/// Of the database.
pub(crate) async fn leave(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    user_id: Uuid,
    now: i64,
) -> Result<Vec<Value>, Error> {
    let here = api_key_tenant::Entity::find().filter(api_key_tenant::Column::TenantId.eq(tenant_id));
    let here = here.select_only().column(api_key_tenant::Column::ApiKeyId).into_query();
    let keys = own_of(user_id).filter(working(now)).filter(api_key::Column::Id.in_subquery(here));
    let keys = keys.order_by_asc(api_key::Column::Id).lock_exclusive().all(tx).await?;
    // those that are over as well, however many there are
    let all = own_of(user_id).select_only().column(api_key::Column::Id).into_query();
    let there = api_key_tenant::Column::TenantId.eq(tenant_id).and(api_key_tenant::Column::ApiKeyId.in_subquery(all));
    api_key_tenant::Entity::delete_many().filter(there).exec(tx).await?;
    let mut gone = Vec::new();
    for mut key in keys {
        end_without_tenants(tx, &mut key, now).await?;
        gone.push(named(&key));
    }
    Ok(gone)
}

/// Ends a key that may act nowhere any more.
async fn end_without_tenants(tx: &DatabaseTransaction, row: &mut api_key::Model, now: i64) -> Result<(), Error> {
    let left = api_key_tenant::Entity::find().filter(api_key_tenant::Column::ApiKeyId.eq(row.id));
    if left.count(tx).await? == 0 {
        row.revoked_at = Some(now);
        end(tx, row.user_id, &[row.id], now).await?;
    }
    Ok(())
}

async fn end(tx: &DatabaseTransaction, user_id: Uuid, ids: &[Uuid], now: i64) -> Result<(), Error> {
    let ended = api_key::ActiveModel { revoked_at: Set(Some(now)), ..Default::default() };
    let these = api_key::Column::Id.is_in(ids.iter().copied()).and(api_key::Column::UserId.eq(user_id));
    api_key::Entity::update_many().set(ended).filter(these).exec(tx).await?;
    Ok(())
}

/// Where keys may act.
async fn places(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<api_key_tenant::Model>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let these = api_key_tenant::Column::ApiKeyId.is_in(ids.iter().copied());
    Ok(api_key_tenant::Entity::find().filter(these).order_by_asc(api_key_tenant::Column::TenantId).all(db).await?)
}

/// A key, as a log tells of it that tells of something else.
fn named(key: &api_key::Model) -> Value {
    json!({ "id": key.id, "name": key.name, "prefix": key.prefix })
}
