//! Who writes. Groups are taken one after another and appended to the log, among the visits' tasks or else on a thread.
//! Always holds: whoever takes a group finishes it before anybody takes the next.

use super::{
    DropReason,
    log::Log,
    queue::{Group, Queue},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, TryLockError},
    task::Waker,
    thread,
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

    /// The desk, where nobody is at it.
    fn desk(&self) -> Option<MutexGuard<'_, Desk>> {
        match self.desk.try_lock() {
            Ok(desk) => Some(desk),
            // whoever panicked has left it in order
            Err(TryLockError::Poisoned(desk)) => Some(desk.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Writes on a thread of its own whatever nobody conducts, until the queue is closed and drained. Looks meanwhile
    /// after a conductor who stalls.
    pub(super) fn run(&self) {
        while self.queue.wait(SLOW) {
            self.write_apart();
        }
        while self.write_apart().is_some() {}
    }

    fn write_apart(&self) -> Option<Duration> {
        loop {
            if let Some(mut desk) = self.desk() {
                return desk.write(&self.queue);
            }
            self.queue.rouse_when_slow(SLOW);
            thread::sleep(NOT_YET);
        }
    }

    /// Writes among the visits' own tasks: a group once every visit that is ready to run has added to it. One `write`
    /// then serves them all, and nobody changes threads, where a thread of its own would push in between two visits.
    /// The page cache takes the bytes in microseconds. A disk that does not holds up the worker that runs this, and
    /// what only that worker can run; so after one slow write the thread writes for a while.
    pub(super) async fn conduct(&self) {
        loop {
            let to_the_thread = self.queue.conducting();
            let mut took = Duration::ZERO;
            while took < SLOW {
                self.queue.begun.notified().await;
                // behind whatever is ready, and what the network has brought meanwhile; one group each time, so that
                // those who were woken by the group before are not stuck behind this one
                tokio::task::yield_now().await;
                took = self.write_among_visits().await;
            }
            drop(to_the_thread);
            tracing::warn!(?took, "the disk is slow: the click log is written apart from visits for a while");
            tokio::time::sleep(APART).await;
        }
    }

    async fn write_among_visits(&self) -> Duration {
        loop {
            if let Some(mut desk) = self.desk() {
                return desk.write(&self.queue).unwrap_or_default();
            }
            // the thread is still at it
            tokio::time::sleep(NOT_YET).await;
        }
    }
}

impl Desk {
    /// Writes the group that has begun, and tells how long the log took; `None` where none has.
    fn write(&mut self, queue: &Queue) -> Option<Duration> {
        let Self { log, records, woken } = self;
        records.clear();
        records.shrink_to(KEPT_BUFFER);
        let group = queue.take(records)?;
        let mut answer = Answer { queue, group, failure: Some(DropReason::Disk), woken };
        let start = Instant::now();
        let appended = log.append(group.first_seq, records);
        let took = start.elapsed();
        answer.failure = appended.err().map(|error| {
            log.tell(&error);
            DropReason::of(&error)
        });
        Some(took)
    }
}

/// What everyone in a group is told once it is dropped, by a panic as well: then the group is not in the log.
struct Answer<'a> {
    queue: &'a Queue,
    group: Group,
    failure: Option<DropReason>,
    woken: &'a mut Vec<Waker>,
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        self.queue.finish(self.group, self.failure, self.woken);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{PATIENCE, log::Unsynced, recorded::Recorded, segments::Segments},
        *,
    };
    use crate::health::Counters;
    use contract::frame;
    use std::{
        fs::File,
        io::{PipeReader, Read, Write},
        os::fd::OwnedFd,
        panic::{self, AssertUnwindSafe},
        sync::atomic::Ordering::Relaxed,
        thread::JoinHandle,
    };
    use tokio::runtime::{Builder, Runtime};

    /// A log on a disk that has stalled: a pipe that is full and that nobody reads.
    struct StalledDisk {
        end: PipeReader,
        full: usize,
    }

    impl StalledDisk {
        fn new() -> (Self, Log) {
            let (end, mut pipe) = std::io::pipe().unwrap();
            let log = Log::over(File::from(OwnedFd::from(pipe.try_clone().unwrap())));
            // as much as Linux keeps for whoever reads
            let full = 65_536;
            pipe.write_all(&vec![0; full]).unwrap();
            (Self { end, full }, log)
        }

        /// Takes everything from now on; the records, once the log is gone.
        fn recover(mut self) -> JoinHandle<Vec<u8>> {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                self.end.read_to_end(&mut bytes).unwrap();
                bytes.split_off(self.full)
            })
        }
    }

    /// A queue and its thread.
    fn writing(log: Log) -> (Arc<Queue>, Arc<Writer>, JoinHandle<()>) {
        let queue = Arc::new(Queue::new(1 << 20, Arc::default()));
        let writer = Arc::new(Writer::new(queue.clone(), log));
        let thread = thread::spawn({
            let writer = writer.clone();
            move || writer.run()
        });
        (queue, writer, thread)
    }

    fn visit(queue: &Arc<Queue>, payload: &[u8]) -> Recorded {
        Recorded::new(queue.clone(), queue.push(payload))
    }

    /// The numbers and payloads of what is in the log.
    fn records(bytes: &[u8]) -> Vec<(u64, &[u8])> {
        frame::records(bytes).map(|record| (record.seq, record.payload)).collect()
    }

    /// Two workers that conduct, where told so, and look after visits.
    fn runtime(queue: &Arc<Queue>, conductor: Option<Arc<Writer>>) -> Runtime {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let looking = queue.clone();
        runtime.spawn(async move { looking.look_after_visits(PATIENCE).await });
        if let Some(writer) = conductor {
            runtime.spawn(async move { writer.conduct().await });
            while !queue.is_conducted() {
                thread::sleep(NOT_YET);
            }
        }
        runtime
    }

    /// Visits twice while the disk stalls; neither waits for ever, nor does anything else.
    async fn visit_meanwhile(queue: &Arc<Queue>) {
        let start = Instant::now();
        let stalls = tokio::spawn(visit(queue, b"stalls"));
        thread::sleep(2 * SLOW);
        tokio::time::sleep(SLOW).await;
        assert!(start.elapsed() < PATIENCE, "timers go on");
        stalls.await.unwrap();
        visit(queue, b"comes meanwhile").await;
        assert!(start.elapsed() >= PATIENCE && queue.written() == 0);
    }

    #[test]
    fn a_conductor_that_stalls_holds_up_no_other_visit_and_the_thread_goes_on() {
        let (disk, log) = StalledDisk::new();
        let (queue, writer, thread) = writing(log);
        let runtime = runtime(&queue, Some(writer.clone()));
        runtime.block_on(visit_meanwhile(&queue));
        let recovered = disk.recover();
        while queue.written() < 2 || queue.is_conducted() {
            thread::sleep(NOT_YET);
        }
        runtime.block_on(visit(&queue, b"apart"));
        queue.close();
        thread.join().unwrap();
        drop((runtime, writer));
        let expected = [(1, &b"stalls"[..]), (2, b"comes meanwhile"), (3, b"apart")];
        assert_eq!(records(&recovered.join().unwrap()), expected);
    }

    #[test]
    fn a_thread_that_stalls_holds_up_nobody_and_loses_nothing() {
        let (disk, log) = StalledDisk::new();
        let (queue, writer, thread) = writing(log);
        let runtime = runtime(&queue, None);
        runtime.block_on(visit_meanwhile(&queue));
        // those who come now are written in one group with the second
        let last = (0..100).map(|_| runtime.spawn(visit(&queue, b"later"))).last().unwrap();
        let recovered = disk.recover();
        runtime.block_on(last).unwrap();
        queue.close();
        thread.join().unwrap();
        assert_eq!(queue.written(), 102);
        drop((runtime, writer));
        let bytes = recovered.join().unwrap();
        let records = records(&bytes);
        assert_eq!(records[..2], [(1, &b"stalls"[..]), (2, b"comes meanwhile")]);
        assert!(records.iter().map(|(seq, _)| *seq).eq(1..=102));
    }

    #[test]
    fn after_a_panic_nothing_is_written_twice_and_nobody_is_told_that_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let segments = Arc::new(Segments::empty(Arc::default()));
        let mut log = Log::new(folder.path().to_owned(), segments, 1 << 20, Unsynced::default());
        // the next success is told of, which panics after the write
        log.tell(&std::io::ErrorKind::Other.into());
        let counters = Arc::new(Counters::default());
        let queue = Arc::new(Queue::new(1 << 20, counters.clone()));
        let writer = Writer::new(queue.clone(), log);
        let panics = tracing_subscriber::fmt().with_writer(|| -> std::io::Sink { panic!("as told") }).finish();
        let lost = visit(&queue, b"lost");
        let panicked = tracing::subscriber::with_default(panics, || {
            panic::catch_unwind(AssertUnwindSafe(|| writer.desk().unwrap().write(&queue)))
        });
        assert!(panicked.is_err() && writer.desk.is_poisoned());
        assert_eq!((queue.written(), counters.dropped[DropReason::Disk as usize].load(Relaxed)), (0, 1));
        let kept = visit(&queue, b"kept");
        assert!(writer.desk().unwrap().write(&queue).is_some());
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { tokio::join!(lost, kept) });
        let bytes = std::fs::read(Segments::path(folder.path(), 1)).unwrap();
        assert_eq!((records(&bytes), queue.written()), (vec![(1, &b"kept"[..])], 1));
        assert_eq!(bytes.len(), frame::HEADER + b"kept".len());
    }

    #[test]
    fn a_conductor_that_stalls_is_looked_after_also_when_the_thread_waits_for_the_desk() {
        let (disk, log) = StalledDisk::new();
        let (queue, writer, thread) = writing(log);
        let desk = writer.desk().unwrap();
        // an order of events that only a stalled conductor makes: a group is being written, and the queue is closed
        let visited = visit(&queue, b"stalls");
        assert!(queue.take(&mut Vec::new()).is_some());
        queue.close();
        let runtime = Builder::new_current_thread().build().unwrap();
        // no timer: only the thread can tell
        for _ in 0..2 {
            runtime.block_on(queue.slow.notified());
        }
        drop((visited, desk, disk));
        thread.join().unwrap();
    }
}
