//! What one request costs: 1, and 1 more for each full 1,000 of its document's complexity. It is taken from the bucket of
//! the credential, and once from that of each tenant that the request reaches.

use super::{RateLimits, Standing};
use crate::error::Error;
use contract::clock::Clock;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Complexity that costs one more.
const STEP: usize = 1_000;

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
    tenants: HashSet<Uuid>,
    tightest: Option<Standing>,
}

impl Meter {
    /// Weighs a request of a credential.
    #[must_use]
    pub fn new(limits: Arc<RateLimits>, clock: Clock, credential: Uuid) -> Self {
        let state = State { cost: 1, tenants: HashSet::new(), tightest: None };
        Self { limits, clock, credential, state: Mutex::new(state) }
    }

    /// Takes what every request costs.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub fn begin(&self) -> Result<(), Error> {
        self.spend(self.credential, self.limits.rates.credential, 1)
    }

    /// Takes what a document of this complexity costs besides.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub fn weigh(&self, complexity: usize) -> Result<(), Error> {
        let more = u32::try_from(complexity / STEP).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        self.state().cost = more.saturating_add(1);
        self.spend(self.credential, self.limits.rates.credential, more)
    }

    /// Takes the request's cost from a tenant that it reaches; once, however often it does.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub fn reach(&self, tenant_id: Uuid) -> Result<(), Error> {
        let (new, cost) = {
            let mut state = self.state();
            (state.tenants.insert(tenant_id), state.cost)
        };
        if new { self.spend(tenant_id, self.limits.rates.tenant, cost) } else { Ok(()) }
    }

    /// The bucket that has the least left, for its size, of those that were taken from.
    #[must_use]
    pub fn tightest(&self) -> Option<Standing> {
        self.state().tightest
    }

    fn spend(&self, owner: Uuid, rate: super::Rate, cost: u32) -> Result<(), Error> {
        let Some(standing) = self.limits.take(owner, rate, cost, self.clock.now()) else { return Ok(()) };
        let mut state = self.state();
        let tighter = |than: Standing| {
            let left = |one: Standing, other: Standing| u64::from(one.remaining) * u64::from(other.limit);
            standing.retry_after > than.retry_after || left(standing, than) <= left(than, standing)
        };
        if state.tightest.is_none_or(tighter) {
            state.tightest = Some(standing);
        }
        match standing.retry_after {
            Some(retry_after) => Err(Error::RateLimited { retry_after }),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Rate, Rates},
        *,
    };

    #[test]
    fn a_request_costs_its_credential_and_each_tenant_once() {
        let rates = Rates { credential: Rate::per_minute(10), tenant: Rate::per_minute(100) };
        let limits = RateLimits::new(rates);
        let meter = || Meter::new(limits.clone(), Clock::system(), Uuid::from_u128(1));
        let [one, other] = [2, 3].map(Uuid::from_u128);
        let first = meter();
        assert!(first.begin().is_ok() && first.weigh(2_999).is_ok() && first.weigh(999).is_ok());
        assert_eq!(first.tightest().map(|standing| (standing.limit, standing.remaining)), Some((10, 7)));
        assert!(first.reach(one).is_ok() && first.reach(one).is_ok() && first.reach(other).is_ok());
        let state =
            |owner| limits.take(owner, rates.tenant, 0, Clock::system().now()).map(|standing| standing.remaining);
        assert_eq!((state(one), state(other)), (Some(97), Some(97)));
        let second = meter();
        assert!(second.begin().is_ok());
        assert!(matches!(second.weigh(9_000), Err(Error::RateLimited { .. })));
        assert!(second.tightest().and_then(|standing| standing.retry_after).is_some());
    }
}
