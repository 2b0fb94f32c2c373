//! What lies between visits and the log: encoded records, gathered into groups. A visit pushes under a short lock and
//! waits for its group; whoever writes takes a whole group, writes it, and wakes everyone in it.
//! Always holds: sequence numbers are given under the lock, and those of a group that could not be written are given
//! again.

use super::DropReason;
use crate::health::Counters;
use contract::frame;
use std::{
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    task::{Poll, Waker},
    time::{Duration, Instant},
};
use tokio::{sync::Notify, time::timeout};

/// How often visitors who wait for a stalled disk are looked after.
const LOOK_AFTER_VISITS: Duration = Duration::from_millis(250);
/// How often the writer's thread looks after a conductor.
const LOOK_AFTER_CONDUCTOR: Duration = Duration::from_millis(100);
/// Most bytes that wait for the disk.
const MOST_PENDING: u64 = 8 * 1024 * 1024;

/// Events on their way to the log.
pub(super) struct Queue {
    gathering: Mutex<Gathering>,
    /// Tells the writer's thread that it is its turn.
    work: Condvar,
    /// Tells the conductor that a group has begun, where one is at work.
    pub(super) begun: Notify,
    /// Tells a task of the visits' runtime that a write is slow: the worker that ran the conductor may have kept the
    /// timers and the network to itself, and to wake another one hands them on.
    pub(super) slow: Notify,
    /// Every group up to this one has its answer.
    answered: AtomicU64,
    /// Nobody waits any longer for the groups up to this one, answered or not.
    released: AtomicU64,
    /// Every record up to this one is in the log.
    written: AtomicU64,
    /// Tells the shipper that the log has grown.
    pub(super) grown: Notify,
    cap: u64,
    counters: Arc<Counters>,
}

/// While it lives, groups are left to the conductor; then the writer's thread goes on with them.
pub(super) struct Conducting<'a>(&'a Queue);

impl Drop for Conducting<'_> {
    fn drop(&mut self) {
        self.0.lock().conducted = false;
        // a group that began meanwhile is the thread's now
        self.0.work.notify_one();
    }
}

struct Gathering {
    records: Vec<u8>,
    first_seq: u64,
    count: u64,
    /// The number of the group that is being gathered.
    group: u64,
    waiting: Vec<Waker>,
    /// Those who wait for the group that is being written.
    writing: Vec<Waker>,
    writing_since: Option<Instant>,
    /// Whether a conductor is at work.
    conducted: bool,
    closed: bool,
}

/// A group that is being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    number: u64,
    pub(super) first_seq: u64,
    pub(super) count: u64,
}

impl Queue {
    pub(super) fn new(cap: u64, counters: Arc<Counters>) -> Self {
        let gathering = Gathering {
            records: Vec::new(),
            first_seq: 1,
            count: 0,
            group: 1,
            waiting: Vec::new(),
            writing: Vec::new(),
            writing_since: None,
            conducted: false,
            closed: false,
        };
        Self {
            gathering: Mutex::new(gathering),
            work: Condvar::new(),
            begun: Notify::new(),
            slow: Notify::new(),
            answered: AtomicU64::new(0),
            released: AtomicU64::new(0),
            written: AtomicU64::new(0),
            grown: Notify::new(),
            cap,
            counters,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event; the number of its group, or `None` when it was dropped.
    pub(super) fn push(&self, payload: &[u8]) -> Option<u64> {
        let held = self.counters.held_bytes.load(Relaxed);
        let mut gathering = self.lock();
        if gathering.closed {
            return self.refuse(DropReason::Closed);
        }
        let pending = gathering.records.len() + frame::HEADER + payload.len();
        if held + pending as u64 > self.cap {
            self.counters.break_log();
            return self.refuse(DropReason::Full);
        }
        // a group lies in one segment, and the last segment is never deleted: it must leave room below the cap
        if pending as u64 > MOST_PENDING.min(self.cap / 4) {
            return self.refuse(DropReason::Stalled);
        }
        let seq = gathering.first_seq + gathering.count;
        if !frame::append(&mut gathering.records, seq, payload) {
            return self.refuse(DropReason::Unencodable);
        }
        gathering.count += 1;
        let group = gathering.group;
        let (begins, conducted) = (gathering.count == 1, gathering.conducted);
        drop(gathering);
        if begins && conducted {
            self.begun.notify_one();
        } else if begins {
            self.work.notify_one();
        }
        Some(group)
    }

    /// Leaves groups to the caller from now on; [`Queue::begun`] tells of them.
    pub(super) fn conducting(&self) -> Conducting<'_> {
        self.lock().conducted = true;
        // a group that began before now
        self.begun.notify_one();
        Conducting(self)
    }

    /// Counts an event that is not recorded.
    pub(super) fn refuse(&self, reason: DropReason) -> Option<u64> {
        self.counters.drop_event(reason, 1);
        None
    }

    /// Whether groups are left to a conductor.
    #[cfg(test)]
    pub(super) fn is_conducted(&self) -> bool {
        self.lock().conducted
    }

    /// Waits until there is something to do for the writer's thread; false once the queue is closed. Rouses meanwhile
    /// those who look after visits, as [`Queue::rouse_when_slow`] does.
    pub(super) fn wait(&self, slow: Duration) -> bool {
        let mut gathering = self.lock();
        while !gathering.closed && (gathering.count == 0 || gathering.conducted) {
            let waited = self.work.wait_timeout(gathering, LOOK_AFTER_CONDUCTOR);
            gathering = waited.unwrap_or_else(PoisonError::into_inner).0;
            gathering.rouse_when_slow(slow, &self.slow);
        }
        !gathering.closed
    }

    /// Tells [`Queue::slow`] when the group that is being written has taken so long.
    pub(super) fn rouse_when_slow(&self, slow: Duration) {
        self.lock().rouse_when_slow(slow, &self.slow);
    }

    /// Moves the records of a group into `records`, which must be empty; `None` where none has begun. Whoever takes a
    /// group finishes it, come what may, before anybody takes the next.
    pub(super) fn take(&self, records: &mut Vec<u8>) -> Option<Group> {
        let mut gathering = self.lock();
        if gathering.count == 0 {
            return None;
        }
        let gathered = &mut *gathering;
        let group = Group { number: gathered.group, first_seq: gathered.first_seq, count: gathered.count };
        mem::swap(records, &mut gathered.records);
        mem::swap(&mut gathered.waiting, &mut gathered.writing);
        gathered.writing_since = Some(Instant::now());
        gathered.first_seq += gathered.count;
        gathered.count = 0;
        gathered.group += 1;
        Some(group)
    }

    /// Answers everyone in a group. After a failure the numbers of its records are given to those that come after.
    /// `woken` is an empty list of whoever writes, so that none is allocated.
    pub(super) fn finish(&self, group: Group, failure: Option<DropReason>, woken: &mut Vec<Waker>) {
        if failure.is_none() {
            let last = group.first_seq + group.count - 1;
            self.written.store(last, Release);
            self.counters.written.store(last, Relaxed);
        }
        let mut gathering = self.lock();
        if let Some(reason) = failure {
            self.counters.drop_event(reason, group.count);
            gathering.renumber(group.first_seq);
        }
        gathering.writing_since = None;
        mem::swap(&mut gathering.writing, woken);
        self.answered.store(group.number, Release);
        drop(gathering);
        if failure.is_some() {
            self.counters.break_log();
        } else {
            self.counters.mend_log();
        }
        self.grown.notify_one();
        woken.drain(..).for_each(Waker::wake);
    }

    /// Answers everyone who waits, when the group that is being written has taken longer than `patience`.
    fn release_stalled(&self, patience: Duration) {
        let mut gathering = self.lock();
        if !gathering.is_writing_for(patience) {
            return;
        }
        let mut woken = mem::take(&mut gathering.writing);
        woken.append(&mut gathering.waiting);
        self.released.store(gathering.group, Release);
        drop(gathering);
        self.counters.break_log();
        woken.into_iter().for_each(Waker::wake);
    }

    /// Releases, for ever, those who wait for a write that takes longer than `patience`.
    pub(super) async fn look_after_visits(&self, patience: Duration) {
        loop {
            // a conductor who stalls may hold up this timer
            drop(timeout(LOOK_AFTER_VISITS, self.slow.notified()).await);
            self.release_stalled(patience);
        }
    }

    /// Takes no more events; the writer's thread drains what is there.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.work.notify_one();
    }

    /// Whether the visits of a group need not wait any longer.
    fn is_over(&self, group: u64) -> bool {
        if self.answered.load(Acquire) >= group {
            return true;
        }
        let released = self.released.load(Acquire) >= group;
        if released {
            self.counters.unconfirmed.fetch_add(1, Relaxed);
        }
        released
    }

    /// Ready when the visits of a group need not wait any longer; until then `waker` is kept, `again` where one of the
    /// same visit may have been.
    pub(super) fn poll(&self, group: u64, waker: &Waker, again: bool) -> Poll<()> {
        if self.is_over(group) {
            return Poll::Ready(());
        }
        let mut gathering = self.lock();
        // again, under the lock: the writer answers under it
        if self.is_over(group) {
            return Poll::Ready(());
        }
        let waiting = if gathering.group == group { &mut gathering.waiting } else { &mut gathering.writing };
        // polled again before its time, perhaps by another task: the old waker may be the wrong one
        if !again || !waiting.iter().any(|kept| kept.will_wake(waker)) {
            waiting.push(waker.clone());
        }
        Poll::Pending
    }

    /// The last record that is in the log.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Acquire)
    }
}

impl Gathering {
    fn is_writing_for(&self, long: Duration) -> bool {
        self.writing_since.is_some_and(|since| since.elapsed() >= long)
    }

    fn rouse_when_slow(&self, slow: Duration, roused: &Notify) {
        if self.is_writing_for(slow) {
            roused.notify_one();
        }
    }

    fn renumber(&mut self, first_seq: u64) {
        self.first_seq = first_seq;
        let old = mem::take(&mut self.records);
        for (seq, record) in (first_seq..).zip(frame::records(&old)) {
            // what fitted once fits again
            let fitted = frame::append(&mut self.records, seq, record.payload);
            debug_assert!(fitted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::recorded::Recorded, *};
    use std::{future::Future, pin::Pin, task::Context};

    fn queue(cap: u64) -> Arc<Queue> {
        Arc::new(Queue::new(cap, Arc::default()))
    }

    fn seqs(records: &[u8]) -> Vec<u64> {
        frame::records(records).map(|record| record.seq).collect()
    }

    #[tokio::test]
    async fn everyone_in_a_group_is_answered_at_once_and_not_before() {
        let queue = queue(1 << 20);
        let mut both = [b"one", b"two"].map(|payload| Recorded::new(queue.clone(), queue.push(payload)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(both.iter_mut().all(|recorded| Pin::new(recorded).poll(&mut context).is_pending()));
        let mut records = Vec::new();
        let group = queue.take(&mut records).unwrap();
        let later = Recorded::new(queue.clone(), queue.push(b"three"));
        queue.finish(group, None, &mut Vec::new());
        for recorded in both {
            recorded.await;
        }
        assert_eq!((seqs(&records), queue.written()), (vec![1, 2], 2));
        let mut later = later;
        assert!(Pin::new(&mut later).poll(&mut context).is_pending());
        queue.close();
        records.clear();
        assert!(queue.take(&mut records).is_some(), "what was taken in is written, closed or not");
        assert_eq!(seqs(&records), [3]);
        assert!(queue.take(&mut Vec::new()).is_none());
        assert_eq!(queue.push(b"four"), None);
        assert_eq!(queue.counters.dropped[DropReason::Closed as usize].load(Relaxed), 1);
    }

    #[test]
    fn numbers_of_a_failed_group_are_given_again() {
        let queue = queue(1 << 20);
        for payload in [b"one", b"two"] {
            assert_eq!(queue.push(payload), Some(1));
        }
        let mut records = Vec::new();
        let group = queue.take(&mut records).unwrap();
        assert_eq!(queue.push(b"three"), Some(2));
        queue.finish(group, Some(DropReason::DiskFull), &mut Vec::new());
        assert_eq!(queue.push(b"four"), Some(2));
        records.clear();
        let group = queue.take(&mut records).unwrap();
        assert_eq!((seqs(&records), group.first_seq, group.count), (vec![1, 2], 1, 2));
        assert_eq!(frame::records(&records).next().unwrap().payload, b"three");
        assert_eq!(queue.counters.dropped[DropReason::DiskFull as usize].load(Relaxed), 2);
    }

    #[test]
    fn a_stalled_disk_keeps_nobody_waiting_and_the_cap_is_kept() {
        let queue = queue(1_024);
        let mut recorded = Recorded::new(queue.clone(), queue.push(b"one"));
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut recorded).poll(&mut context).is_pending());
        queue.release_stalled(Duration::ZERO);
        assert!(Pin::new(&mut recorded).poll(&mut context).is_pending(), "nothing is being written");
        let group = queue.take(&mut Vec::new()).unwrap();
        queue.release_stalled(Duration::ZERO);
        assert!(Pin::new(&mut recorded).poll(&mut context).is_ready());
        assert_eq!(queue.counters.unconfirmed.load(Relaxed), 1);
        assert_eq!(queue.push(b"two"), Some(2));
        assert!(queue.released.load(Relaxed) >= 2, "nor does anybody who comes meanwhile");
        queue.finish(group, None, &mut Vec::new());
        assert_eq!(queue.push(&[0; 1_024]), None);
        assert_eq!(queue.counters.dropped[DropReason::Full as usize].load(Relaxed), 1);
    }
}
