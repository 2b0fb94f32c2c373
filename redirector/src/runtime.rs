//! The runtime of a program that answers visits. Called once, by `main`, with all that the program does.
//! Always holds: one worker that is held up, by a disk that has stalled, leaves another; and neither that worker nor a
//! thread that is held up keeps the program from ending.

use std::{future::Future, io, num::NonZero, thread, time::Duration};
use tokio::runtime::Builder;

/// Fewest workers, on a machine with one core as well.
const FEWEST: usize = 2;
/// Longest wait for workers and threads at the end.
const PATIENCE: Duration = Duration::from_secs(1);

/// The machine's cores.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does `work`, and then waits no longer than a second for what it left running.
///
/// # Errors
/// The runtime's threads cannot be started.
pub fn run<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = Builder::new_multi_thread().worker_threads(cores().max(FEWEST)).enable_all().build()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(PATIENCE);
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_worker_and_a_thread_that_are_held_up_keep_nobody() {
        let start = Instant::now();
        let held_up = || thread::sleep(Duration::from_secs(20));
        let answer = run(async move {
            drop(tokio::spawn(async move { held_up() }));
            drop(tokio::task::spawn_blocking(held_up));
            tokio::time::sleep(Duration::from_millis(50)).await;
            "the other worker"
        });
        assert_eq!(answer.unwrap(), "the other worker");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
