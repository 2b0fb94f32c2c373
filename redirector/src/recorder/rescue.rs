//! Who is called when the worker that writes is held up by a slow disk: the task that looks after visits, and on a
//! machine with one core a spare worker. That worker sleeps inside a task, where the runtime neither wakes it nor hands
//! it work: two workers that are awake on one core cost a fifth of the visits a second.
//! Always holds: a call is heard by both, also when it comes before they listen; after the end nobody sleeps.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Called by the writer's thread, which is nobody's worker.
#[derive(Default)]
pub(super) struct Rescue {
    looking: Notify,
    spare: Mutex<Spare>,
    bell: Condvar,
}

#[derive(Default)]
struct Spare {
    called: bool,
    ended: bool,
}

impl Rescue {
    fn spare(&self) -> MutexGuard<'_, Spare> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls both: the worker that ran the conductor may have kept the timers and the network to itself.
    pub(super) fn call(&self) {
        // the spare worker first: it may be the one that runs the other
        self.spare().called = true;
        self.bell.notify_all();
        self.looking.notify_one();
    }

    /// Resolves when a call has come.
    pub(super) async fn called(&self) {
        self.looking.notified().await;
    }

    /// Holds the worker that runs this until a call comes; false once there is nothing to be called for.
    pub(super) fn sleep(&self) -> bool {
        let mut spare = self.spare();
        while !spare.called && !spare.ended {
            spare = self.bell.wait(spare).unwrap_or_else(PoisonError::into_inner);
        }
        spare.called = false;
        !spare.ended
    }

    /// Lets the spare worker go for good.
    pub(super) fn end(&self) {
        self.spare().ended = true;
        self.bell.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_not_lost_before_somebody_listens_and_the_end_wakes_whoever_sleeps() {
        let rescue = Rescue::default();
        rescue.call();
        assert!(rescue.sleep(), "called before");
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| rescue.sleep());
            rescue.end();
            assert!(!sleeper.join().unwrap());
        });
        assert!(!rescue.sleep(), "nobody sleeps after the end");
    }
}
