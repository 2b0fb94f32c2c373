//! What this redirector remembers of documents, for a second. A visit asks with a key and a way to fetch; one fetch
//! serves all who wait, and lives on when they hang up. Announcements of changes drop entries.
//! Always holds: an entry lives from the start of its fetch and no hit extends it; a reply older than an announcement
//! of the last two seconds, or begun before the memory was cleared, is not kept.

use crate::runtime::cores;
use contract::document::Versioned;
use quick_cache::{Equivalent, UnitWeighter, sync::Cache};
use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// How long an announcement is remembered.
const ANNOUNCED: Duration = Duration::from_secs(2);
/// How long a failed fetch is remembered, so that visits do not queue up for a source that is away.
const FAILED: Duration = Duration::from_millis(250);
/// How old a document may be that is served because every source is away.
const STALE: Duration = Duration::from_secs(24 * 3_600);
/// From this many remembered announcements on, outdated ones are swept.
const SWEEP_FROM: usize = 1_024;
/// Most remembered announcements; beyond, the whole memory is cleared instead.
const MOST_ANNOUNCED: usize = 100_000;

/// Shards of a cache for each core, so that visits seldom wait for each other's look at it.
const SHARDS: usize = 4;
/// Entries that a shard has room for from the start; with less, `quick_cache` makes fewer shards.
const AT_FIRST: usize = 32;

/// A cache of up to about `most` entries, whose room grows with what it holds.
pub fn bounded<K: Eq + Hash, V: Clone>(most: usize) -> Cache<K, V> {
    let shards = (SHARDS * cores()).next_power_of_two();
    Cache::with_weighter((AT_FIRST * shards).min(most), most as u64, UnitWeighter)
}

/// No source answered and nothing is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no source of documents answers")]
pub struct Away;

/// A document in memory. `value` is `None` where nothing is there.
#[derive(Debug)]
pub struct Held<T> {
    /// Its version.
    pub version: u64,
    /// What is there. As long as it does not change, it stays the same `Arc`.
    pub value: Option<Arc<T>>,
    /// When its fetch began.
    fetched: Instant,
    /// Whether it outlived its life because every source is away.
    pub stale: bool,
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self { version: self.version, value: self.value.clone(), fetched: self.fetched, stale: self.stale }
    }
}

type Outcome<T> = Result<Held<T>, Away>;
type Answer<T> = watch::Receiver<Option<Outcome<T>>>;

/// The life of an entry.
enum Slot<T> {
    /// Being fetched; all who come wait for the answer. What was there before is kept in case the fetch fails.
    Fetching { answer: Answer<T>, before: Option<Held<T>> },
    /// Fetched; served while it is young.
    Held(Held<T>),
    /// The fetch failed at `at`; what was there before is served until it is tried again.
    Failed { before: Option<Held<T>>, at: Instant },
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Fetching { answer, before } => Self::Fetching { answer: answer.clone(), before: before.clone() },
            Self::Held(held) => Self::Held(held.clone()),
            Self::Failed { before, at } => Self::Failed { before: before.clone(), at: *at },
        }
    }
}

/// What there is to do for a visit.
enum Step<T> {
    Answer(Outcome<T>),
    Wait(Answer<T>),
    Fetch(Flight<T>),
}

/// A fetch that has begun.
struct Flight<T> {
    answer: watch::Sender<Option<Outcome<T>>>,
    before: Option<Held<T>>,
    began: Instant,
    epoch: u64,
    /// Versions below this one were announced as outdated.
    at_least: u64,
}

/// A memory of one kind of document. Reads go straight to the slots; every change of a slot is made under one lock.
pub struct Memory<K, T> {
    slots: Cache<K, Slot<T>>,
    changes: Mutex<Changes<K>>,
}

struct Changes<K> {
    /// Counts how often the memory was cleared.
    epoch: u64,
    announced: HashMap<K, Announced>,
}

#[derive(Clone, Copy)]
struct Announced {
    version: u64,
    until: Instant,
}

impl<K, T> Memory<K, T>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    T: PartialEq + Send + Sync + 'static,
{
    /// Remembers up to about `entries` documents.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        Self { slots: bounded(entries), changes: Mutex::new(Changes { epoch: 0, announced: HashMap::new() }) }
    }

    fn changes(&self) -> MutexGuard<'_, Changes<K>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is remembered and young enough.
    pub fn young<Q>(&self, key: &Q, now: Instant, life: Duration) -> Option<Held<T>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        match self.slots.get(key)? {
            Slot::Held(held) if now.duration_since(held.fetched) < life => Some(held),
            _ => None,
        }
    }

    /// What is remembered, or else what `fetch` brings. `fetch` is told below which version a reply is outdated; it
    /// runs in a task of its own, once for all who ask at the same time.
    ///
    /// # Errors
    /// [`Away`] when the fetch failed and nothing is left to serve.
    pub async fn get<F, R>(self: &Arc<Self>, key: K, life: Duration, fetch: F) -> Result<Held<T>, Away>
    where
        F: FnOnce(u64) -> R + Send + 'static,
        R: Future<Output = Result<Versioned<T>, Away>> + Send + 'static,
    {
        let mut answer = match self.step(&key, Instant::now(), life) {
            Step::Answer(outcome) => return outcome,
            Step::Wait(answer) => answer,
            Step::Fetch(flight) => {
                let answer = flight.answer.subscribe();
                let memory = self.clone();
                tokio::spawn(async move {
                    let reply = fetch(flight.at_least).await;
                    memory.land(&key, flight, reply);
                });
                answer
            }
        };
        match answer.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(Away)),
            // the task died before it answered
            Err(_) => Err(Away),
        }
    }

    fn step(&self, key: &K, now: Instant, life: Duration) -> Step<T> {
        let mut changes = self.changes();
        let before = match self.slots.peek(key) {
            Some(Slot::Held(held)) if now.duration_since(held.fetched) < life => return Step::Answer(Ok(held)),
            // an answer that will never come is one of a task that died
            Some(Slot::Fetching { answer, .. }) if answer.has_changed().is_ok() => return Step::Wait(answer),
            Some(Slot::Failed { before, at }) if now.duration_since(at) < FAILED => {
                return Step::Answer(before.ok_or(Away));
            }
            Some(Slot::Held(held)) => Some(held),
            Some(Slot::Fetching { before, .. } | Slot::Failed { before, .. }) => before,
            None => None,
        };
        let at_least = changes.at_least(key, now);
        let (sender, answer) = watch::channel(None);
        self.slots.insert(key.clone(), Slot::Fetching { answer, before: before.clone() });
        Step::Fetch(Flight { answer: sender, before, began: now, epoch: changes.epoch, at_least })
    }

    /// Keeps what a fetch brought, where it may, and answers those who wait.
    fn land(&self, key: &K, flight: Flight<T>, reply: Result<Versioned<T>, Away>) {
        let Flight { answer, before, began, epoch, .. } = flight;
        let now = Instant::now();
        let (slot, outcome) = match reply {
            Ok(Versioned { version, value }) => {
                let value = match (value, before.and_then(|held| held.value)) {
                    (Some(new), Some(old)) if *old == new => Some(old),
                    (new, _) => new.map(Arc::new),
                };
                let held = Held { version, value, fetched: began, stale: false };
                (Slot::Held(held.clone()), Ok(held))
            }
            Err(Away) => {
                let before = before.filter(|held| now.duration_since(held.fetched) < STALE);
                let before = before.map(|held| Held { stale: true, ..held });
                (Slot::Failed { before: before.clone(), at: now }, before.ok_or(Away))
            }
        };
        let mut changes = self.changes();
        let ours =
            |slot: &Slot<T>| matches!(slot, Slot::Fetching { answer: of, .. } if of.same_channel(&answer.subscribe()));
        if epoch == changes.epoch && self.slots.peek(key).is_some_and(|slot| ours(&slot)) {
            let outdated = outcome.as_ref().is_ok_and(|held| held.version < changes.at_least(key, now));
            if outdated {
                self.slots.remove(key);
            } else {
                self.slots.insert(key.clone(), slot);
            }
        }
        drop(changes);
        answer.send_replace(Some(outcome));
    }

    /// A document changed: drops what is older, and for two seconds keeps no reply that is older.
    pub fn announce(&self, key: &K, version: u64) {
        let now = Instant::now();
        let mut changes = self.changes();
        changes.remember(key, version, now);
        if changes.announced.len() > MOST_ANNOUNCED {
            changes.announced.clear();
            changes.epoch += 1;
            self.slots.clear();
            return;
        }
        // a fetch in flight may have read before the change: those who come from now on start another one
        self.slots.remove_if(key, |slot| !matches!(slot, Slot::Held(held) if held.version >= version));
    }

    /// Forgets everything, fetches in flight included: announcements may have been missed.
    pub fn clear(&self) {
        let mut changes = self.changes();
        changes.epoch += 1;
        self.slots.clear();
    }
}

impl<K: Clone + Eq + Hash> Changes<K> {
    fn remember(&mut self, key: &K, version: u64, now: Instant) {
        if self.announced.len() >= SWEEP_FROM && self.announced.len().is_power_of_two() {
            self.announced.retain(|_, announced| announced.until > now);
        }
        let announced = self.announced.entry(key.clone()).or_insert(Announced { version, until: now });
        announced.version = announced.version.max(version);
        announced.until = now + ANNOUNCED;
    }

    /// The version below which a reply is outdated; 0 where none is.
    fn at_least(&mut self, key: &K, now: Instant) -> u64 {
        match self.announced.get(key) {
            Some(announced) if announced.until > now => announced.version,
            Some(_) => {
                self.announced.remove(key);
                0
            }
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests;
