//! How many requests a credential and a tenant may send: a bucket for each, which fills up evenly over a minute. The
//! buckets are in the memory of the process: a request is weighed without a round trip and goes on when Redis or SQL do
//! not answer, and since what is guarded is this process's own work, several processes behind a balancer each allow as much.

mod meter;

pub use meter::Meter;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use uuid::Uuid;

/// A minute in microseconds, in which buckets reckon: a thousandth of a second is too coarse for thousands a minute.
const MINUTE: i64 = 60_000_000;
/// How many buckets there may be before those that are full are forgotten.
const SWEEP: usize = 10_000;

/// How much may be spent: so much at once, and so much in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(u32);

impl Rate {
    /// So much a minute; 0 for no limit.
    #[must_use]
    pub const fn per_minute(limit: u32) -> Self {
        Self(limit)
    }

    /// Microseconds until one more may be spent.
    fn every(self) -> i64 {
        MINUTE / i64::from(self.0.max(1))
    }
}

/// Rates of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of one API key, or of one log-in.
    pub credential: Rate,
    /// Of one tenant, whoever acts in it.
    pub tenant: Rate,
}

impl Default for Rates {
    /// 600 and 3,000 a minute.
    fn default() -> Self {
        Self { credential: Rate(600), tenant: Rate(3_000) }
    }
}

/// How a bucket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it holds when it is full.
    pub limit: u32,
    /// What is left in it.
    pub remaining: u32,
    /// Seconds until it is full.
    pub reset: u64,
    /// For what was refused: seconds until it would be allowed.
    pub retry_after: Option<u64>,
}

/// The buckets.
#[derive(Debug)]
pub struct RateLimits {
    rates: Rates,
    /// When each is full again, in microseconds (the generic cell rate algorithm): nothing ticks.
    full_at: Mutex<HashMap<Uuid, i64>>,
}

impl RateLimits {
    /// Full buckets.
    #[must_use]
    pub fn new(rates: Rates) -> Arc<Self> {
        Arc::new(Self { rates, full_at: Mutex::default() })
    }

    /// Gives back what was taken before, and takes `cost` out of a bucket at `now` (ms); what is refused takes nothing. More
    /// than a bucket holds is as much as it holds. `None` where there is no limit.
    fn take(&self, owner: Uuid, rate: Rate, (back, cost): (u32, u32), now: i64) -> Option<Standing> {
        if rate.0 == 0 {
            return None;
        }
        let (every, now) = (rate.every(), now.saturating_mul(1_000));
        let size = i64::from(rate.0) * every;
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SWEEP && !buckets.contains_key(&owner) {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let full_at = buckets.entry(owner).or_default();
        *full_at -= i64::from(back) * every;
        let after = (*full_at).max(now) + i64::from(cost.min(rate.0)) * every;
        let wait = after - size - now;
        if wait <= 0 {
            *full_at = after;
        }
        let used = (*full_at - now).max(0);
        Some(Standing {
            limit: rate.0,
            remaining: u32::try_from((size - used) / every).unwrap_or_default(),
            reset: seconds(used),
            retry_after: (wait > 0).then(|| seconds(wait)),
        })
    }
}

/// Whole seconds that are no shorter.
fn seconds(microseconds: i64) -> u64 {
    u64::try_from(microseconds).unwrap_or_default().div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_evenly() {
        let limits = RateLimits::new(Rates::default());
        let (owner, rate) = (Uuid::from_u128(1), Rate::per_minute(60));
        let take = |cost, now| limits.take(owner, rate, (0, cost), now).unwrap();
        assert_eq!(take(1, 0), Standing { limit: 60, remaining: 59, reset: 1, retry_after: None });
        assert_eq!(take(59, 0), Standing { limit: 60, remaining: 0, reset: 60, retry_after: None });
        assert_eq!(take(3, 500), Standing { limit: 60, remaining: 0, reset: 60, retry_after: Some(3) });
        assert_eq!(take(1, 1_000), Standing { limit: 60, remaining: 0, reset: 60, retry_after: None });
        // what was refused cost nothing
        assert_eq!(take(1, 2_000).retry_after, None);
        assert_eq!(take(1_000, 200_000).remaining, 0);
        let other = Uuid::from_u128(2);
        assert_eq!(limits.take(other, rate, (0, 1), 0).map(|standing| standing.remaining), Some(59));
        // what was taken before is given back, also where more is refused
        assert_eq!(limits.take(other, rate, (1, 60), 0).map(|standing| standing.remaining), Some(0));
        assert_eq!(limits.take(other, rate, (60, 58), 0).map(|standing| standing.remaining), Some(2));
        let refused = limits.take(other, rate, (1, 4), 0).unwrap();
        assert_eq!((refused.remaining, refused.retry_after), (3, Some(1)));
        assert_eq!(limits.take(owner, Rate::per_minute(0), (0, 1), 0), None);
    }

    #[test]
    fn what_is_full_is_forgotten() {
        let limits = RateLimits::new(Rates::default());
        let rate = Rate::per_minute(60);
        for number in 0..20_000_u32 {
            limits.take(Uuid::from_u128(u128::from(number)), rate, (0, 1), i64::from(number));
        }
        assert!(limits.full_at.lock().unwrap().len() <= SWEEP + 1);
    }
}
