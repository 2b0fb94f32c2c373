//! Waiting for something that another process does: bounded, by polling, and with a sentence for the case that it never
//! comes. Tests call it; nothing sleeps to synchronise.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// How often is looked.
const STEP: Duration = Duration::from_millis(15);
/// How long a process may take to answer when the machine is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks until there is something, and gives it; fails with `what` after `limit`.
pub(crate) async fn until<T>(what: &str, limit: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(limit, look).await.unwrap_or_else(|| panic!("waited {limit:?} in vain: {what}"))
}

/// Looks until there is something, and gives it; `None` after `limit`.
pub(crate) async fn within<T>(limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let found = look().await;
        if found.is_some() || start.elapsed() > limit {
            return found;
        }
        tokio::time::sleep(STEP).await;
    }
}

/// Looks until what is seen equals `expected`; fails with what was seen last.
pub(crate) async fn until_equal<T: PartialEq + Debug>(
    what: &str,
    limit: Duration,
    expected: &T,
    mut look: impl AsyncFnMut() -> T,
) {
    let start = Instant::now();
    loop {
        let seen = look().await;
        if seen == *expected {
            return;
        }
        assert!(start.elapsed() < limit, "{what}: after {limit:?} it is {seen:?}, not {expected:?}");
        tokio::time::sleep(STEP).await;
    }
}
