//! What memory does not hold: Redis, then SQL. Runs in the task of a fetch, once for all visits that wait for it.
//! Filling Redis is left to a task of its own, so that nobody waits for it.
//! Always holds: a document from Redis is served only when the relay's watermark stands, when its version was compared
//! with SQL, or (counted as stale) when SQL cannot be asked either.

use crate::{
    cache::{Cache, Reply},
    health::Counters,
    memory::Away,
    source::{Source, SourceError},
};
use contract::{
    address::Host,
    document::{self, Bounded, DocumentKey, DomainDocument, LinkDocument, SlotKey, TenantDocument, Versioned},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    future::Future,
    hash::Hash,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use uuid::Uuid;

/// How long a reader waits for the one who holds the lease, before it reads SQL without filling.
const WAITS: [Duration; 3] = [Duration::from_millis(5), Duration::from_millis(10), Duration::from_millis(20)];

/// A kind of document.
pub(super) trait Document: Serialize + Bounded + DeserializeOwned + PartialEq + Send + Sync + 'static {
    /// What it is found by.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;

    /// Its name in Redis.
    fn name(key: &Self::Key) -> DocumentKey;

    /// Reads it from SQL.
    fn read(source: &Source, key: &Self::Key) -> impl Future<Output = Result<Versioned<Self>, SourceError>> + Send;
}

impl Document for DomainDocument {
    type Key = Host;
    fn name(key: &Host) -> DocumentKey {
        DocumentKey::Domain(key.clone())
    }
    async fn read(source: &Source, key: &Host) -> Result<Versioned<Self>, SourceError> {
        source.domain(key).await
    }
}

impl Document for LinkDocument {
    type Key = SlotKey;
    fn name(key: &SlotKey) -> DocumentKey {
        DocumentKey::Link(key.clone())
    }
    async fn read(source: &Source, key: &SlotKey) -> Result<Versioned<Self>, SourceError> {
        source.link(key).await
    }
}

impl Document for TenantDocument {
    type Key = Uuid;
    fn name(key: &Uuid) -> DocumentKey {
        DocumentKey::Tenant(*key)
    }
    async fn read(source: &Source, key: &Uuid) -> Result<Versioned<Self>, SourceError> {
        source.tenant(*key).await
    }
}

/// Redis, where there is one, and SQL.
pub(super) struct Tiers {
    pub(super) source: Source,
    pub(super) cache: Option<Arc<Cache>>,
    pub(super) counters: Arc<Counters>,
}

/// What Redis gave.
enum Cached<D> {
    /// A document.
    Hit(Versioned<D>),
    /// Nothing, and the right to fill it.
    Lease(String),
    /// Nothing.
    Nothing,
}

impl Tiers {
    /// Reads a document. One older than `at_least` is known to be outdated: SQL is asked for a newer one.
    pub(super) async fn read<D: Document>(&self, key: &D::Key, at_least: u64) -> Result<Versioned<D>, Away> {
        let Some(cache) = &self.cache else { return self.read_source::<D>(key).await };
        let name = D::name(key);
        match self.read_cache::<D>(cache, &name).await {
            Cached::Hit(hit) if hit.version < at_least => match self.read_source(key).await {
                Ok(newer) => Ok(newer),
                Err(Away) => Ok(self.stale(hit)),
            },
            Cached::Hit(hit) if cache.is_trusted() => Ok(hit),
            Cached::Hit(hit) => self.compare(key, &name, hit).await,
            Cached::Lease(token) => {
                let read = self.read_source::<D>(key).await?;
                fill(cache.clone(), name, token, &read);
                Ok(read)
            }
            Cached::Nothing => self.read_source(key).await,
        }
    }

    async fn read_cache<D: Document>(&self, cache: &Cache, name: &DocumentKey) -> Cached<D> {
        for wait in WAITS.map(Some).into_iter().chain([None]) {
            match cache.get(name).await {
                Ok(Reply::Hit { version, text }) => match read_text(&text) {
                    Ok(value) => return Cached::Hit(Versioned { version, value }),
                    Err(error) => {
                        tracing::error!(document = %name, %error, "a cached document is passed over");
                        return Cached::Nothing;
                    }
                },
                Ok(Reply::Lease(token)) => return Cached::Lease(token),
                Ok(Reply::Wait) => match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => break,
                },
                Err(_) => break,
            }
        }
        Cached::Nothing
    }

    /// Compares a hit with SQL. It is in a fetch, so that this happens once for all who wait and holds for a memory's
    /// life.
    async fn compare<D: Document>(
        &self,
        key: &D::Key,
        name: &DocumentKey,
        hit: Versioned<D>,
    ) -> Result<Versioned<D>, Away> {
        match self.source.version(name).await {
            // SQL is right even where it is behind: it was brought back from a copy, or the row is gone
            Ok(version) if version == hit.version => Ok(hit),
            Ok(_) => match self.read_source(key).await {
                Ok(newer) => Ok(newer),
                Err(Away) => Ok(self.stale(hit)),
            },
            Err(error) => {
                self.note(&error);
                Ok(self.stale(hit))
            }
        }
    }

    fn stale<D>(&self, hit: Versioned<D>) -> Versioned<D> {
        self.counters.stale_served.fetch_add(1, Relaxed);
        hit
    }

    async fn read_source<D: Document>(&self, key: &D::Key) -> Result<Versioned<D>, Away> {
        D::read(&self.source, key).await.map_err(|error| {
            self.note(&error);
            Away
        })
    }

    fn note(&self, error: &SourceError) {
        // the first of every thousand: an outage must not flood the log
        if self.counters.source_errors.fetch_add(1, Relaxed).is_multiple_of(1_000) {
            tracing::warn!(%error, "a document cannot be read from SQL");
        }
    }
}

/// The empty text is a negative document.
fn read_text<D: Document>(text: &str) -> Result<Option<D>, document::DocumentError> {
    if text.is_empty() { Ok(None) } else { document::decode(text).map(Some) }
}

/// Fills the cache in a task of its own. A document that is too large is read from SQL every time.
fn fill<D: Document>(cache: Arc<Cache>, name: DocumentKey, token: String, read: &Versioned<D>) {
    let version = read.version;
    match read.value.as_ref().map(document::encode).transpose() {
        Ok(text) => {
            tokio::spawn(async move { cache.fill(&name, &token, version, text.as_deref()).await });
        }
        Err(error) => tracing::warn!(document = %name, %error, "a document is not cached"),
    }
}
