//! Links that stand in one answer together. What belongs to each, its domain, tags, pixels and totals, is read for all of them
//! when it is asked for one: a statement each, however many links there are, and however long it takes to ask for them all.

use crate::{
    clicks::report::many::{self, LinkTotals},
    db::Db,
    domains::{self, Domain},
    error::Error,
    links::{self, Link},
    pixels::{self, Pixel},
    scope::TenantScope,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// What is read once for all links, by the link or the domain.
type Shared<T> = OnceCell<HashMap<Uuid, T>>;

/// The totals in each range that a report asked for.
type ByRange = HashMap<(i64, i64), Arc<Shared<LinkTotals>>>;

/// Links of a tenant.
#[derive(Debug)]
pub(in crate::graphql) struct Group {
    tenant_id: Uuid,
    links: Vec<Uuid>,
    domain_ids: Vec<Uuid>,
    domains: Shared<Domain>,
    tags: Shared<Vec<String>>,
    pixels: Shared<Vec<Pixel>>,
    totals: Mutex<ByRange>,
}

impl Group {
    /// Links that were reached through a scope.
    pub(in crate::graphql) fn of<'a>(scope: TenantScope, links: impl IntoIterator<Item = &'a Link>) -> Arc<Self> {
        Arc::new(Self::new(scope, links, OnceCell::new()))
    }

    /// The same, with the domains that they live on.
    pub(super) fn on<'a>(scope: TenantScope, links: impl Iterator<Item = &'a (Link, Domain)> + Clone) -> Arc<Self> {
        let domains = links.clone().map(|(_, domain)| (domain.id, domain.clone())).collect();
        Arc::new(Self::new(scope, links.map(|(link, _)| link), OnceCell::new_with(Some(domains))))
    }

    /// A link that a test made up.
    #[cfg(test)]
    pub(in crate::graphql) fn alone(scope: TenantScope, link_id: Uuid) -> Arc<Self> {
        Arc::new(Self { links: vec![link_id], ..Self::new(scope, [], OnceCell::new()) })
    }

    fn new<'a>(scope: TenantScope, links: impl IntoIterator<Item = &'a Link>, domains: Shared<Domain>) -> Self {
        let (links, mut domain_ids): (_, Vec<Uuid>) = links.into_iter().map(|link| (link.id, link.domain_id)).unzip();
        domain_ids.sort_unstable();
        domain_ids.dedup();
        let (tags, pixels, totals) = <(Shared<_>, Shared<_>, Mutex<_>)>::default();
        Self { tenant_id: scope.tenant_id(), links, domain_ids, domains, tags, pixels, totals }
    }

    /// The domain that one of the links lives on.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn domain(&self, db: &Db, id: Uuid) -> Result<Domain, Error> {
        let read = || domains::by_ids(db, self.tenant_id, &self.domain_ids);
        let found = self.domains.get_or_try_init(read).await?.get(&id).cloned();
        found.ok_or_else(|| Error::Fault(format!("tenant {} cannot reach domain {id}", self.tenant_id)))
    }

    /// The tags of one of the links.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn tags(&self, db: &Db, link_id: Uuid) -> Result<Vec<String>, Error> {
        let read = || links::tags_of(db, self.tenant_id, &self.links);
        Ok(self.tags.get_or_try_init(read).await?.get(&link_id).cloned().unwrap_or_default())
    }

    /// The pixels of one of the links, besides the tenant's default ones.
    ///
    /// # Errors
    /// Of the database.
    pub(super) async fn pixels(&self, db: &Db, link_id: Uuid) -> Result<Vec<Pixel>, Error> {
        let read = || pixels::of_links(db, self.tenant_id, &self.links);
        Ok(self.pixels.get_or_try_init(read).await?.get(&link_id).cloned().unwrap_or_default())
    }

    /// The totals of one of the links in a range.
    ///
    /// # Errors
    /// Of the database.
    pub(in crate::graphql) async fn totals(
        &self,
        db: &Db,
        link_id: Uuid,
        range: (i64, i64),
    ) -> Result<LinkTotals, Error> {
        let shared = self.totals.lock().unwrap_or_else(PoisonError::into_inner).entry(range).or_default().clone();
        let read = || many::totals_of_links(db, self.tenant_id, &self.links, range);
        Ok(shared.get_or_try_init(read).await?.get(&link_id).cloned().unwrap_or_default())
    }
}
