//! What the redirector counts about itself, and `GET /_health`, which tells it: 200 while the click log takes clicks,
//! 503 when it does not (visits are answered all the same). The parts add to [`Counters`] as they work; only that
//! answer reads them. Nothing here names a visitor.

use crate::recorder::DropReason;
use poem::{
    Response,
    http::{StatusCode, header},
};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Where [`Counters`] are served.
pub const PATH: &str = "/_health";

/// Counts since the start of this process.
#[derive(Debug, Default)]
pub struct Counters {
    /// The last write to the click log failed, or the log was at its cap.
    log_broken: AtomicBool,
    /// When that was noticed last.
    broken_at: Mutex<Option<Instant>>,
    /// Events that the click log did not take, by [`DropReason`].
    pub dropped: [AtomicU64; DropReason::ALL.len()],
    /// Events whose visitor was answered before the (stalled) disk took them.
    pub unconfirmed: AtomicU64,
    /// Failed attempts to bring the click log to the disk's own memory.
    pub sync_errors: AtomicU64,
    /// Bytes that the click log holds, dead boots included.
    pub held_bytes: Arc<AtomicU64>,
    /// Highest sequence number in the log of this boot.
    pub written: AtomicU64,
    /// Highest sequence number of this boot that was shipped.
    pub shipped: AtomicU64,
    /// Sequence number of this boot up to which everything is stored.
    pub stored: AtomicU64,
    /// Failed attempts to ship.
    pub ship_errors: AtomicU64,
    /// Events shipped a second time because they were not stored in time.
    pub shipped_again: AtomicU64,
    /// Logs of dead boots that still wait to be stored.
    pub dead_boots: AtomicU64,
    /// Documents served though neither a sure cache nor the database could confirm them.
    pub stale_served: AtomicU64,
    /// Failed requests to the cache.
    pub cache_errors: AtomicU64,
    /// Failed requests to the database.
    pub source_errors: AtomicU64,
}

/// How long a failure of the click log counts: who keeps visits away because of it would never see it mended.
const REMEMBERED: Duration = Duration::from_secs(10);

impl Counters {
    /// Notes that the click log did not take an event.
    pub fn break_log(&self) {
        self.log_broken.store(true, Relaxed);
        *self.broken_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Notes that the click log took events.
    pub fn mend_log(&self) {
        self.log_broken.store(false, Relaxed);
    }

    /// Whether the click log did not take the last event, some seconds ago at most.
    pub fn is_log_broken(&self) -> bool {
        let at = || *self.broken_at.lock().unwrap_or_else(PoisonError::into_inner);
        self.log_broken.load(Relaxed) && at().is_some_and(|at| at.elapsed() < REMEMBERED)
    }

    /// Counts one event that was not recorded.
    pub fn drop_event(&self, reason: DropReason, events: u64) {
        self.dropped[reason as usize].fetch_add(events, Relaxed);
    }

    /// All of them as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let dropped: serde_json::Map<_, _> = DropReason::ALL
            .into_iter()
            .map(|reason| (reason.name().to_owned(), self.dropped[reason as usize].load(Relaxed).into()))
            .collect();
        let [written, shipped, stored] = [&self.written, &self.shipped, &self.stored].map(|seq| seq.load(Relaxed));
        serde_json::json!({
            "ok": !self.is_log_broken(),
            "clicks": {
                "written": written,
                "shipped": shipped,
                "stored": stored,
                "to_ship": written.saturating_sub(shipped),
                "to_store": written.saturating_sub(stored),
                "dropped": dropped,
                "unconfirmed": self.unconfirmed.load(Relaxed),
                "shipped_again": self.shipped_again.load(Relaxed),
                "ship_errors": self.ship_errors.load(Relaxed),
                "sync_errors": self.sync_errors.load(Relaxed),
                "held_bytes": self.held_bytes.load(Relaxed),
                "dead_boots": self.dead_boots.load(Relaxed),
            },
            "documents": {
                "stale_served": self.stale_served.load(Relaxed),
                "cache_errors": self.cache_errors.load(Relaxed),
                "source_errors": self.source_errors.load(Relaxed),
            },
        })
    }
}

/// Tells the counters.
pub(crate) fn answer(counters: &Counters) -> Response {
    let json = counters.to_json();
    let status = if json["ok"] == true { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-store")
        .body(json.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dropped_is_told_by_its_reason() {
        let counters = Counters::default();
        counters.drop_event(DropReason::Full, 3);
        counters.written.store(9, Relaxed);
        counters.stored.store(4, Relaxed);
        let json = counters.to_json();
        assert_eq!(json["clicks"]["dropped"]["full"], 3);
        assert_eq!(json["clicks"]["to_store"], 5);
        assert_eq!(json["ok"], true);
        assert_eq!(answer(&counters).status(), StatusCode::OK);
        counters.break_log();
        assert_eq!(answer(&counters).status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
