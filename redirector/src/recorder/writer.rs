//! Who writes. Groups are taken one after another and appended to the log, among the visits' tasks or else on a thread.
//! Always holds: whoever takes a group finishes it before anybody takes the next.

use super::{DropReason, PATIENCE, log::Log, queue::Queue};
use std::{
    sync::{Arc, Mutex, PoisonError, TryLockError},
    task::Waker,
    time::{Duration, Instant},
};

/// A write that takes so long is no matter of the page cache alone.
const SLOW: Duration = Duration::from_millis(50);
/// Pause before a desk that is taken is asked for again.
const NOT_YET: Duration = Duration::from_millis(1);
/// How long the thread writes after that.
const APART: Duration = Duration::from_secs(30);
/// Buffers that grew beyond this are given back.
const KEPT_BUFFER: usize = 1024 * 1024;

/// Writes what visits push, on whichever thread it is called.
pub(super) struct Writer {
    queue: Arc<Queue>,
    /// Held from the taking of a group until everyone in it has an answer, so that groups stay in order.
    desk: Mutex<Desk>,
}

/// The log, and buffers that are used again and again.
struct Desk {
    log: Log,
    records: Vec<u8>,
    woken: Vec<Waker>,
}

impl Writer {
    pub(super) fn new(queue: Arc<Queue>, log: Log) -> Self {
        Self { queue, desk: Mutex::new(Desk { log, records: Vec::new(), woken: Vec::new() }) }
    }

    /// Writes the groups that have begun.
    fn write(&self, desk: &mut Desk) {
        let Desk { log, records, woken } = desk;
        while let Some(group) = self.queue.take(records) {
            let failure = log.append(group.first_seq, records).err().map(|error| {
                log.tell(&error);
                DropReason::of(&error)
            });
            self.queue.finish(group, failure, woken);
            records.clear();
            records.shrink_to(KEPT_BUFFER);
        }
    }

    /// Writes on a thread of its own whatever nobody conducts, until the queue is closed and drained.
    pub(super) fn run(&self) {
        let write = || self.write(&mut self.desk.lock().unwrap_or_else(PoisonError::into_inner));
        while self.queue.wait(PATIENCE) {
            write();
        }
        write();
    }

    /// Writes among the visits' own tasks: a group once every visit that is ready to run has added to it. One `write`
    /// then serves them all, and nobody changes threads, where a thread of its own would push in between two visits.
    /// The page cache takes the bytes in microseconds. A disk that does not holds up the worker that runs this, on a
    /// machine with one core everybody; so after one slow write the thread writes for a while.
    pub(super) async fn conduct(&self) {
        loop {
            let to_the_thread = self.queue.conducting();
            let mut slowest = Duration::ZERO;
            while slowest < SLOW {
                self.queue.begun.notified().await;
                // behind whatever is ready, and what the network has brought meanwhile
                tokio::task::yield_now().await;
                let start = Instant::now();
                loop {
                    // the thread may still be at it
                    match self.desk.try_lock() {
                        Ok(mut desk) => break self.write(&mut desk),
                        Err(TryLockError::Poisoned(desk)) => break self.write(&mut desk.into_inner()),
                        Err(TryLockError::WouldBlock) => {}
                    }
                    tokio::time::sleep(NOT_YET).await;
                }
                slowest = start.elapsed();
            }
            drop(to_the_thread);
            tracing::warn!(?slowest, "the disk is slow: the click log is written apart from visits for a while");
            tokio::time::sleep(APART).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::recorded::Recorded, *};
    use std::{fs::File, io::Write};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_disk_that_stalls_holds_up_no_other_visit_and_the_thread_goes_on() {
        // a pipe that nobody reads takes no more once it is full
        let (mut reader, mut pipe) = std::io::pipe().unwrap();
        let log = Log::over(File::from(std::os::fd::OwnedFd::from(pipe.try_clone().unwrap())));
        let filled = std::thread::spawn(move || pipe.write_all(&[0; 65_536]).map(|()| pipe));
        let _pipe = filled.join().unwrap().unwrap();

        let queue = Arc::new(Queue::new(1 << 20, Arc::default()));
        let writer = Arc::new(Writer::new(queue.clone(), log));
        let thread = std::thread::spawn({
            let writer = writer.clone();
            move || writer.run()
        });
        let conductor = tokio::spawn({
            let writer = writer.clone();
            async move { writer.conduct().await }
        });
        while !queue.is_conducted() {
            tokio::task::yield_now().await;
        }
        let start = Instant::now();
        Recorded::new(queue.clone(), queue.push(b"stalls")).await;
        Recorded::new(queue.clone(), queue.push(b"comes meanwhile")).await;
        assert!(start.elapsed() >= PATIENCE && queue.written() == 0);
        let reading = std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            std::io::Read::read_exact(&mut reader, &mut bytes).map(|()| reader)
        });
        let _reader = reading.join().unwrap().unwrap();
        while queue.written() < 2 || queue.is_conducted() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // now by the thread
        Recorded::new(queue.clone(), queue.push(b"apart")).await;
        assert_eq!(queue.written(), 3);
        conductor.abort();
        queue.close();
        thread.join().unwrap();
    }
}
