//! Loads what many objects of one answer need in a few statements: the pixels of all rows of a report, say. What links need
//! is read by their [`Group`](super::link::Group). Nothing is kept between two loads, and every key names the tenant that it
//! was allowed for.

use super::error;
use crate::{
    db::Db,
    domains::{self, Domain},
    error::Error,
    pixels::{self, Pixel},
    webhooks,
};
use async_graphql::{
    Context, Result,
    dataloader::{DataLoader, Loader},
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};
use uuid::Uuid;

/// Rows by tenant and key.
pub struct Rows(Db);

/// The loader that stands in the schema.
#[must_use]
pub fn loader(db: Db) -> DataLoader<Rows> {
    DataLoader::new(Rows(db), tokio::spawn)
}

/// A row of a tenant: (tenant, key).
type Key = (Uuid, Uuid);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PixelByKey(Key);
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct DomainByKey(Key);
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PayloadOfMessage(Key);

/// A pixel; `None` when the tenant has none with this key, or no longer.
///
/// # Errors
/// A top-level error for a fault.
pub async fn pixel(ctx: &Context<'_>, tenant_id: Uuid, id: Uuid) -> Result<Option<Pixel>> {
    load(ctx, PixelByKey((tenant_id, id))).await
}

/// Pixels in the order of their keys, without those that the tenant does not have, or no longer.
///
/// # Errors
/// A top-level error for a fault.
pub async fn pixels(ctx: &Context<'_>, tenant_id: Uuid, ids: &[Uuid]) -> Result<Vec<Pixel>> {
    let key = |id: &Uuid| PixelByKey((tenant_id, *id));
    let mut found = rows(ctx)?.load_many(ids.iter().map(key)).await?;
    Ok(ids.iter().filter_map(|id| found.remove(&key(id))).collect())
}

/// A domain that the tenant can reach.
///
/// # Errors
/// A top-level error for a fault.
pub async fn domain(ctx: &Context<'_>, tenant_id: Uuid, id: Uuid) -> Result<Domain> {
    let found = load(ctx, DomainByKey((tenant_id, id))).await?;
    found.ok_or_else(|| error::top_level(Error::Fault(format!("tenant {tenant_id} cannot reach domain {id}"))))
}

/// The body of a webhook's message; `None` when it was cleared away.
///
/// # Errors
/// A top-level error for a fault.
pub async fn payload(ctx: &Context<'_>, tenant_id: Uuid, message_id: Uuid) -> Result<Option<String>> {
    load(ctx, PayloadOfMessage((tenant_id, message_id))).await
}

async fn load<K>(ctx: &Context<'_>, key: K) -> Result<Option<<Rows as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Rows: Loader<K, Error = async_graphql::Error>,
{
    rows(ctx)?.load_one(key).await
}

fn rows<'a>(ctx: &Context<'a>) -> Result<&'a DataLoader<Rows>> {
    let missing = || error::top_level(Error::Fault("the schema holds no loader".to_owned()));
    ctx.data_opt::<DataLoader<Rows>>().ok_or_else(missing)
}

/// The keys of each tenant, each once.
fn by_tenant(keys: impl Iterator<Item = Key>) -> HashMap<Uuid, Vec<Uuid>> {
    let mut tenants: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
    for (tenant_id, key) in keys {
        tenants.entry(tenant_id).or_default().insert(key);
    }
    tenants.into_iter().map(|(tenant_id, keys)| (tenant_id, keys.into_iter().collect())).collect()
}

impl Loader<PixelByKey> for Rows {
    type Value = Pixel;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[PixelByKey]) -> Result<HashMap<PixelByKey, Pixel>> {
        let mut found = HashMap::new();
        for (tenant_id, ids) in by_tenant(keys.iter().map(|key| key.0)) {
            let rows = pixels::by_ids(&self.0, tenant_id, &ids).await.map_err(error::top_level)?;
            found.extend(rows.into_iter().map(|(id, pixel)| (PixelByKey((tenant_id, id)), pixel)));
        }
        Ok(found)
    }
}

impl Loader<DomainByKey> for Rows {
    type Value = Domain;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[DomainByKey]) -> Result<HashMap<DomainByKey, Domain>> {
        let mut found = HashMap::new();
        for (tenant_id, ids) in by_tenant(keys.iter().map(|key| key.0)) {
            let rows = domains::by_ids(&self.0, tenant_id, &ids).await.map_err(error::top_level)?;
            found.extend(rows.into_iter().map(|(id, domain)| (DomainByKey((tenant_id, id)), domain)));
        }
        Ok(found)
    }
}

impl Loader<PayloadOfMessage> for Rows {
    type Value = String;
    type Error = async_graphql::Error;

    async fn load(&self, keys: &[PayloadOfMessage]) -> Result<HashMap<PayloadOfMessage, String>> {
        let mut found = HashMap::new();
        for (tenant_id, ids) in by_tenant(keys.iter().map(|key| key.0)) {
            let rows = webhooks::log::payloads(&self.0, tenant_id, &ids).await.map_err(error::top_level)?;
            found.extend(rows.into_iter().map(|(id, payload)| (PayloadOfMessage((tenant_id, id)), payload)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
