//! The time, as a value that is handed in: nothing in the product asks the machine for it on its own, so that a test
//! can move it.

use std::{
    sync::Arc,
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Milliseconds in a second, a minute, an hour and a day.
pub const SECOND: i64 = 1_000;
/// See [`SECOND`].
pub const MINUTE: i64 = 60 * SECOND;
/// See [`SECOND`].
pub const HOUR: i64 = 60 * MINUTE;
/// See [`SECOND`].
pub const DAY: i64 = 24 * HOUR;

/// Tells the time: milliseconds since 1970-01-01T00:00:00Z, the unit of every `*_at` in SQL and in documents.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn fixed(now: i64) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(now))))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> i64 {
        match &self.0 {
            // the one place that reads the machine's clock
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
            Source::Fixed(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Moves a fixed clock on by `milliseconds`; the machine's clock is left alone.
    pub fn advance(&self, milliseconds: i64) {
        if let Source::Fixed(now) = &self.0 {
            now.fetch_add(milliseconds, Ordering::Relaxed);
        }
    }
}

/// The day of an instant: whole days since the Unix epoch, in UTC. Clicks are partitioned by it.
#[must_use]
pub fn day_of(at: i64) -> i32 {
    i32::try_from(at.div_euclid(DAY)).unwrap_or(i32::MAX)
}
