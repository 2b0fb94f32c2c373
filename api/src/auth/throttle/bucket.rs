//! A bucket of attempts: so many at once, then one in a while. Its state is one instant, when it is full again (the
//! generic cell rate algorithm), so that a row holds one number and nothing ticks.

use contract::clock::SECOND;

/// How many attempts, and how fast they come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Attempts at once.
    pub(super) burst: i64,
    /// Milliseconds until one more.
    pub(super) every: i64,
}

impl Bucket {
    /// How long an attempt at `now` has to wait, in milliseconds; 0 for not at all.
    pub(super) const fn wait(self, full_at: i64, now: i64) -> i64 {
        let allowed_at = full_at.saturating_sub((self.burst - 1).saturating_mul(self.every));
        let wait = allowed_at.saturating_sub(now);
        if wait > 0 { wait } else { 0 }
    }

    /// The state after one more attempt.
    pub(super) fn take(self, full_at: i64, now: i64) -> i64 {
        Ord::max(full_at, now).saturating_add(self.every)
    }

    /// The state after an attempt is given back.
    pub(super) const fn give_back(self, full_at: i64) -> i64 {
        full_at.saturating_sub(self.every)
    }
}

/// Whole seconds that are no shorter.
pub(super) fn seconds(milliseconds: i64) -> u64 {
    u64::try_from(milliseconds).unwrap_or_default().div_ceil(SECOND.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: Bucket = Bucket { burst: 3, every: 1_000 };

    #[test]
    fn a_burst_is_allowed_and_then_one_in_a_while() {
        let mut state = 0;
        for _ in 0..3 {
            assert_eq!(BUCKET.wait(state, 50_000), 0);
            state = BUCKET.take(state, 50_000);
        }
        assert_eq!(BUCKET.wait(state, 50_000), 1_000);
        assert_eq!((BUCKET.wait(state, 50_400), BUCKET.wait(state, 51_000)), (600, 0));
        assert_eq!(BUCKET.wait(BUCKET.take(state, 51_000), 51_000), 1_000);
        assert_eq!(BUCKET.wait(BUCKET.give_back(state), 50_000), 0);
        assert_eq!((seconds(0), seconds(1), seconds(1_000), seconds(1_001), seconds(-5)), (0, 1, 1, 2, 0));
    }
}
