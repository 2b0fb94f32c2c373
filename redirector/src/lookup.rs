//! From an address to what a visit needs: the domain's, link's and tenant's documents, composed into a route. Memory
//! first, then Redis, then SQL (`tiers`). Called for every visit; a route is compiled only when one of its documents
//! really changed, told by the identity of their `Arc`s.

mod tiers;

use crate::{
    cache::{Cache, Heard},
    health::Counters,
    memory::{Away, Held, Memory, bounded},
    page::{Pages, Route},
    source::Source,
};
use contract::{
    address::{Host, LinkAddress, Slug},
    destination::Reach,
    document::{Announcement, DocumentKey, DomainDocument, LinkDocument, SlotKey, TenantDocument},
};
use quick_cache::Equivalent;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tiers::{Document, Tiers};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::Instant,
};
use uuid::Uuid;

/// How long memory lives.
const LIFE: Duration = Duration::from_secs(1);
/// How long it lives while announcements are not heard.
const DEAF_LIFE: Duration = Duration::from_millis(200);
/// Most links in memory; most domains and tenants; most compiled routes, which are larger.
const LINKS: usize = 80_000;
/// See [`LINKS`].
const DOMAINS: usize = 10_000;
/// See [`LINKS`].
const ROUTES: usize = 20_000;

/// What an address leads to.
#[derive(Clone)]
pub enum Found {
    /// No domain of that host, or one that does not serve.
    UnknownHost,
    /// The domain serves, but has no such link.
    UnknownSlug(Arc<DomainDocument>),
    /// A link.
    Link(Arc<Route>),
}

/// Nothing can be said about the address right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Memory has nothing, and neither Redis nor SQL answers.
    #[error("neither the cache nor the database answers")]
    Unavailable,
}

impl From<Away> for LookupError {
    fn from(Away: Away) -> Self {
        Self::Unavailable
    }
}

/// Looks addresses up.
pub struct Lookup {
    tiers: Arc<Tiers>,
    domains: Arc<Memory<Host, DomainDocument>>,
    links: Arc<Memory<SlotKey, LinkDocument>>,
    tenants: Arc<Memory<Uuid, TenantDocument>>,
    routes: quick_cache::sync::Cache<SlotKey, Composed>,
    /// Whether announcements are heard.
    hears: AtomicBool,
    pages: Arc<Pages>,
    reach: Reach,
}

/// A route beside the documents it was compiled from.
#[derive(Clone)]
struct Composed {
    domain: Arc<DomainDocument>,
    link: Arc<LinkDocument>,
    tenant: Arc<TenantDocument>,
    route: Arc<Route>,
}

/// A slot to look up with, made of what the caller has.
#[derive(Hash)]
struct SlotRef<'a> {
    // in the order of `SlotKey`: both must hash alike
    domain_id: Uuid,
    slug: &'a Slug,
}

impl Equivalent<SlotKey> for SlotRef<'_> {
    fn equivalent(&self, slot: &SlotKey) -> bool {
        *self.slug == slot.slug && self.domain_id == slot.domain_id
    }
}

impl SlotRef<'_> {
    fn to_owned(&self) -> SlotKey {
        SlotKey { domain_id: self.domain_id, slug: self.slug.clone() }
    }
}

impl Lookup {
    /// Looks up in `source`, and in `cache` where there is one.
    #[must_use]
    pub fn new(
        source: Source,
        cache: Option<Arc<Cache>>,
        pages: Arc<Pages>,
        reach: Reach,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            tiers: Arc::new(Tiers { source, cache, counters }),
            domains: Arc::new(Memory::new(DOMAINS)),
            links: Arc::new(Memory::new(LINKS)),
            tenants: Arc::new(Memory::new(DOMAINS)),
            routes: bounded(ROUTES),
            hears: AtomicBool::new(false),
            pages,
            reach,
        }
    }

    /// Finds what an address leads to, nearly always in memory, so the state of a fetch stands apart; without a slug, whether the domain serves.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`].
    pub async fn find(&self, host: &Host, slug: Option<&Slug>) -> Result<Found, LookupError> {
        let now = Instant::now();
        let life = if self.hears.load(Relaxed) { LIFE } else { DEAF_LIFE };
        let domain = match self.domains.young(host, now, life) {
            Some(held) => held,
            None => Box::pin(self.fetch(&self.domains, host.clone(), life)).await?,
        };
        let Some(domain) = domain.value.filter(|domain| domain.serving) else { return Ok(Found::UnknownHost) };
        let Some(slug) = slug else { return Ok(Found::UnknownSlug(domain)) };
        let slot = SlotRef { domain_id: domain.domain_id, slug };
        let link = match self.links.young(&slot, now, life) {
            Some(held) => held,
            None => Box::pin(self.fetch(&self.links, slot.to_owned(), life)).await?,
        };
        let Some(link) = link.value else { return Ok(Found::UnknownSlug(domain)) };
        let tenant = match self.tenants.young(&link.tenant_id, now, life) {
            Some(held) => held,
            None => Box::pin(self.fetch(&self.tenants, link.tenant_id, life)).await?,
        };
        let Some(tenant) = tenant.value else { return Ok(Found::UnknownSlug(domain)) };
        Ok(Found::Link(self.compose(host, &slot, domain, link, tenant)))
    }

    async fn fetch<D: Document>(
        &self,
        memory: &Arc<Memory<D::Key, D>>,
        key: D::Key,
        life: Duration,
    ) -> Result<Held<D>, LookupError> {
        let tiers = self.tiers.clone();
        let of = key.clone();
        let held = memory.get(key, life, move |at_least| async move { tiers.read(&of, at_least).await }).await?;
        if held.stale {
            self.tiers.counters.stale_served.fetch_add(1, Relaxed);
        }
        Ok(held)
    }

    fn compose(
        &self,
        host: &Host,
        slot: &SlotRef<'_>,
        domain: Arc<DomainDocument>,
        link: Arc<LinkDocument>,
        tenant: Arc<TenantDocument>,
    ) -> Arc<Route> {
        if let Some(composed) = self.routes.get(slot)
            && Arc::ptr_eq(&composed.link, &link)
            && Arc::ptr_eq(&composed.tenant, &tenant)
            && Arc::ptr_eq(&composed.domain, &domain)
        {
            return composed.route;
        }
        let address = LinkAddress { host: host.clone(), slug: slot.slug.clone() };
        let route = Route::compile(domain.clone(), link.clone(), tenant.clone(), &address, self.reach, &self.pages);
        let route = Arc::new(route);
        self.routes.insert(slot.to_owned(), Composed { domain, link, tenant, route: route.clone() });
        route
    }

    /// Takes what the subscription tells.
    pub fn hear(&self, heard: Heard) {
        match heard {
            Heard::Listening => {
                self.forget();
                self.hears.store(true, Relaxed);
            }
            Heard::Change(announcement) => self.announce(&announcement),
            Heard::Deaf => self.hears.store(false, Relaxed),
        }
    }

    /// Takes announcements of this process. Never ends: without their sender, memory is kept short.
    pub async fn hear_local(&self, mut announcements: broadcast::Receiver<Announcement>) {
        self.hear(Heard::Listening);
        loop {
            match announcements.recv().await {
                Ok(announcement) => self.announce(&announcement),
                // some were missed
                Err(RecvError::Lagged(_)) => self.forget(),
                Err(RecvError::Closed) => break,
            }
        }
        self.hear(Heard::Deaf);
        std::future::pending::<()>().await;
    }

    fn announce(&self, announcement: &Announcement) {
        match &announcement.key {
            DocumentKey::Domain(host) => self.domains.announce(host, announcement.version),
            DocumentKey::Link(slot) => self.links.announce(slot, announcement.version),
            DocumentKey::Tenant(id) => self.tenants.announce(id, announcement.version),
        }
    }

    fn forget(&self) {
        self.domains.clear();
        self.links.clear();
        self.tenants.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn a_borrowed_slot_finds_the_owned_one() {
        let slot = SlotKey { domain_id: Uuid::from_u128(7), slug: Slug::parse("abc").unwrap() };
        let borrowed = SlotRef { domain_id: slot.domain_id, slug: &slot.slug };
        let state = RandomState::new();
        assert_eq!(state.hash_one(&borrowed), state.hash_one(&slot));
        assert!(borrowed.equivalent(&slot));
        let cache = quick_cache::sync::Cache::new(10);
        cache.insert(slot.clone(), 1);
        assert_eq!(cache.get(&borrowed), Some(1));
    }
}
