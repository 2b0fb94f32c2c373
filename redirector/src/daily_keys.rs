//! The secrets of the days, under which visitors are hashed and receipts are signed; shared by all redirectors through
//! SQL, where the first offer of a day counts. A background loop fetches today's and tomorrow's ahead of time and has
//! those that are two days old deleted: from then on nobody can tell who a visitor was.

use crate::source::{Source, SourceError};
use contract::clock::{Clock, day_of};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// How often the loop looks whether a day has begun.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// How often it tries while SQL is away.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// A secret.
pub type DailyKey = Arc<[u8; 32]>;

/// The secrets of the days around now.
pub struct DailyKeys {
    clock: Clock,
    by_day: RwLock<BTreeMap<i32, DailyKey>>,
    /// Serves while there is none from SQL; known to this process only.
    own: DailyKey,
}

impl DailyKeys {
    /// Knows none yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, by_day: RwLock::default(), own: Arc::new(rand::random()) }
    }

    /// The secret of a day; `None` where it was not loaded (yet).
    #[must_use]
    pub fn of(&self, day: i32) -> Option<DailyKey> {
        self.by_day.read().unwrap_or_else(PoisonError::into_inner).get(&day).cloned()
    }

    /// Today's secret; where it was not loaded the nearest one, and where none was, one of this process alone.
    #[must_use]
    pub fn current(&self) -> DailyKey {
        let today = day_of(self.clock.now());
        let by_day = self.by_day.read().unwrap_or_else(PoisonError::into_inner);
        let nearest = by_day.iter().min_by_key(|(day, _)| today.abs_diff(**day));
        nearest.map_or_else(|| self.own.clone(), |(_, key)| key.clone())
    }

    /// Loads what is missing: today's and tomorrow's, which are made where nobody has made them, and yesterday's, for
    /// receipts just after midnight.
    ///
    /// # Errors
    /// [`SourceError`]; what was loaded before it is kept.
    pub async fn load(&self, source: &Source) -> Result<(), SourceError> {
        let today = day_of(self.clock.now());
        for day in [today, today + 1] {
            if self.of(day).is_none() {
                let key = match source.daily_key(day).await? {
                    Some(key) => key,
                    None => source.offer_daily_key(day, rand::random()).await?,
                };
                self.keep(day, key);
            }
        }
        if self.of(today - 1).is_none()
            && let Some(key) = source.daily_key(today - 1).await?
        {
            self.keep(today - 1, key);
        }
        Ok(())
    }

    fn keep(&self, day: i32, key: [u8; 32]) {
        let today = day_of(self.clock.now());
        let mut by_day = self.by_day.write().unwrap_or_else(PoisonError::into_inner);
        by_day.insert(day, Arc::new(key));
        by_day.retain(|day, _| *day >= today - 1);
    }

    /// Keeps the secrets up to date. Never ends.
    pub async fn keep_loaded(&self, source: &Source) {
        let mut done_for = None;
        loop {
            let today = day_of(self.clock.now());
            if done_for != Some(today) {
                match self.turn(source, today).await {
                    Ok(()) => done_for = Some(today),
                    Err(error) if self.of(today).is_none() => {
                        tracing::warn!(%error, "today's visitor key is missing; another one serves until SQL is back");
                    }
                    Err(error) => tracing::warn!(%error, "visitor keys cannot be renewed"),
                }
            }
            tokio::time::sleep(if done_for == Some(today) { LOOK_EVERY } else { TRY_EVERY }).await;
        }
    }

    async fn turn(&self, source: &Source, today: i32) -> Result<(), SourceError> {
        self.load(source).await?;
        // the day before yesterday's began two days ago
        source.forget_daily_keys_before(today - 1).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::clock::DAY;

    #[test]
    fn the_nearest_secret_serves_and_old_ones_are_forgotten() {
        let clock = Clock::fixed(100 * DAY);
        let keys = DailyKeys::new(clock.clone());
        assert_eq!(keys.of(100), None);
        assert_eq!(keys.current(), keys.current(), "its own, as long as there is none");
        keys.keep(99, [99; 32]);
        assert_eq!(*keys.current(), [99; 32]);
        keys.keep(100, [100; 32]);
        keys.keep(101, [101; 32]);
        assert_eq!(*keys.current(), [100; 32]);
        clock.advance(DAY);
        assert_eq!(*keys.current(), [101; 32]);
        keys.keep(102, [102; 32]);
        assert_eq!(keys.of(99), None);
        assert_eq!(keys.of(100).as_deref(), Some(&[100; 32]));
    }
}
