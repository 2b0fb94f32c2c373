//! What one request costs: 1, and 1 more for each full 100 units of its document's cost. It is taken from the bucket of the
//! credential, and once from that of each tenant that the request reaches.

use super::{Rate, RateLimits, Standing};
use crate::error::Error;
use contract::clock::Clock;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Units of a document's cost that cost one more.
const STEP: u64 = 100;
/// What every request costs.
const BASE: u32 = 1;

/// Weighs one request.
pub struct Meter {
    limits: Arc<RateLimits>,
    clock: Clock,
    credential: Uuid,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    cost: u32,
    /// Tenants that were reached, with the seconds to wait where that was refused.
    tenants: HashMap<Uuid, Option<u64>>,
    tightest: Option<Standing>,
}

impl Meter {
    /// Weighs a request of a credential.
    #[must_use]
    pub fn new(limits: Arc<RateLimits>, clock: Clock, credential: Uuid) -> Self {
        let state = State { cost: BASE, tenants: HashMap::new(), tightest: None };
        Self { limits, clock, credential, state: Mutex::new(state) }
    }

    /// Takes what every request costs.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub fn begin(&self) -> Result<(), Error> {
        let rate = self.limits.rates.credential;
        refused(self.spend(&mut self.state(), (self.credential, rate), (0, BASE)))
    }

    /// Takes what a document of this cost, in the units of the guard, costs besides. Where that is refused, what [`begin`]
    /// took is given back: who waits as long as they are told has all that they need then.
    ///
    /// [`begin`]: Meter::begin
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub fn weigh(&self, cost: u64) -> Result<(), Error> {
        let more = u32::try_from(cost / STEP).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        let mut state = self.state();
        state.cost = more.saturating_add(BASE);
        let (rate, cost) = (self.limits.rates.credential, state.cost);
        refused(self.spend(&mut state, (self.credential, rate), (BASE, cost)))
    }

    /// Takes the request's cost from a tenant that it reaches; once, however often it does. One that is refused is refused
    /// each time.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub fn reach(&self, tenant_id: Uuid) -> Result<(), Error> {
        let mut state = self.state();
        if let Some(known) = state.tenants.get(&tenant_id) {
            return refused(*known);
        }
        let (rate, cost) = (self.limits.rates.tenant, state.cost);
        let wait = self.spend(&mut state, (tenant_id, rate), (0, cost));
        state.tenants.insert(tenant_id, wait);
        refused(wait)
    }

    /// The bucket that has the least left, for its size, of those that were taken from.
    #[must_use]
    pub fn tightest(&self) -> Option<Standing> {
        self.state().tightest
    }

    /// Takes from a bucket what it did not take before; gives the seconds to wait where that is refused.
    fn spend(&self, state: &mut State, (owner, rate): (Uuid, Rate), costs: (u32, u32)) -> Option<u64> {
        let standing = self.limits.take(owner, rate, costs, self.clock.now())?;
        let tighter = |than: Standing| {
            let left = |one: Standing, other: Standing| u64::from(one.remaining) * u64::from(other.limit);
            standing.retry_after > than.retry_after || left(standing, than) <= left(than, standing)
        };
        if state.tightest.is_none_or(tighter) {
            state.tightest = Some(standing);
        }
        standing.retry_after
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(wait: Option<u64>) -> Result<(), Error> {
    wait.map_or(Ok(()), |retry_after| Err(Error::RateLimited { retry_after }))
}

#[cfg(test)]
mod tests {
    use super::{super::Rates, *};

    const NOW: i64 = 1_000_000;

    fn limits(credential: u32, tenant: u32) -> Arc<RateLimits> {
        let (credential, tenant) = (Rate::per_minute(credential), Rate::per_minute(tenant));
        RateLimits::new(Rates { credential, tenant })
    }

    fn meter(limits: &Arc<RateLimits>, clock: &Clock) -> Meter {
        Meter::new(limits.clone(), clock.clone(), Uuid::from_u128(1))
    }

    #[test]
    fn a_request_costs_its_credential_and_each_tenant_once() {
        let (limits, clock) = (limits(10, 100), Clock::fixed(NOW));
        let [one, other] = [2, 3].map(Uuid::from_u128);
        let first = meter(&limits, &clock);
        assert!(first.begin().is_ok() && first.weigh(99).is_ok() && first.weigh(299).is_ok());
        assert_eq!(first.tightest().map(|standing| (standing.limit, standing.remaining)), Some((10, 7)));
        assert!(first.reach(one).is_ok() && first.reach(one).is_ok() && first.reach(other).is_ok());
        let left = |owner| limits.take(owner, limits.rates.tenant, (0, 0), NOW).map(|standing| standing.remaining);
        assert_eq!((left(one), left(other)), (Some(97), Some(97)));
    }

    #[test]
    fn who_waits_as_long_as_told_is_let_through() {
        let (limits, clock) = (limits(10, 0), Clock::fixed(NOW));
        let first = meter(&limits, &clock);
        assert!(first.begin().is_ok() && first.weigh(800).is_ok());
        let second = meter(&limits, &clock);
        assert!(second.begin().is_ok());
        let Err(Error::RateLimited { retry_after }) = second.weigh(300) else { panic!("not refused") };
        let standing = second.tightest().unwrap();
        assert_eq!((standing.remaining, standing.retry_after, retry_after), (1, Some(18), 18));
        clock.advance(18_000);
        let third = meter(&limits, &clock);
        assert!(third.begin().is_ok() && third.weigh(300).is_ok());
    }

    #[test]
    fn a_tenant_that_has_no_more_stays_refused_for_a_request() {
        let (limits, clock) = (limits(0, 1), Clock::fixed(NOW));
        let tenant = Uuid::from_u128(2);
        assert!(meter(&limits, &clock).reach(tenant).is_ok());
        let second = meter(&limits, &clock);
        for _ in 0..2 {
            assert!(matches!(second.reach(tenant), Err(Error::RateLimited { retry_after: 60 })));
        }
    }
}
