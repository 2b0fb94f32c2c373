//! The relay's mark in Redis that every committed change was published. It runs out three seconds after the relay last
//! set it, and what this redirector knows of it runs out with it, whether or not Redis can be asked.

use contract::keys::Keys;
use redis::{RedisError, aio::ConnectionManager};
use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// How often it is asked for.
pub(super) const ASK_EVERY: Duration = Duration::from_millis(500);

/// What is known of the mark.
pub(super) struct Watermark {
    origin: Instant,
    /// Until when it stands, in milliseconds after `origin`.
    until: AtomicU64,
}

impl Watermark {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self { origin: Instant::now(), until: AtomicU64::new(0) }
    }

    pub(super) fn is_standing(&self) -> bool {
        self.since_origin(Instant::now()) < self.until.load(Relaxed)
    }

    /// Asks how long it still stands.
    pub(super) async fn ask(&self, keys: &Keys, connection: &mut ConnectionManager) -> Result<(), RedisError> {
        // before the question: the answer is as old as that at most
        let asked = Instant::now();
        let left: i64 = redis::cmd("PTTL").arg(keys.watermark()).query_async(connection).await?;
        self.learn(asked, left);
        Ok(())
    }

    /// `left` is in milliseconds; negative where there is no mark, or one that never runs out, which the relay never
    /// sets.
    fn learn(&self, asked: Instant, left: i64) {
        let until = u64::try_from(left).map_or(0, |left| self.since_origin(asked) + left);
        self.until.store(until, Relaxed);
    }

    fn since_origin(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.origin).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn it_runs_out_by_itself() {
        let watermark = Watermark::new();
        assert!(!watermark.is_standing());
        watermark.learn(Instant::now(), 3_000);
        advance(Duration::from_millis(2_999)).await;
        assert!(watermark.is_standing());
        advance(Duration::from_millis(1)).await;
        assert!(!watermark.is_standing());
        watermark.learn(Instant::now(), 1_000);
        assert!(watermark.is_standing());
        for gone in [-2, -1] {
            watermark.learn(Instant::now(), gone);
            assert!(!watermark.is_standing());
        }
    }
}
