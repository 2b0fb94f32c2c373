//! A click in, a click that nothing short of the disk's death loses out. Visits call [`Recorder::record`] and wait
//! until the event is in the local click log (or was counted as dropped); a thread of its own ships the log to Redis,
//! or in the embedded default to the ingest in this process, and deletes what was reported as stored.
//! Always holds: sequence numbers of a boot count from 1 without a gap, and an event that was dropped never had one.

mod folder;
mod log;
mod queue;
mod reader;
mod recorded;
mod segments;
mod shipment;
mod shipper;
mod sink;
mod writer;

use crate::health::Counters;
use contract::click::{self, Event};
use queue::Queue;
pub use recorded::Recorded;
use shipper::Shipper;
pub use sink::LocalFrame;
use sink::Sink;
use std::{
    cell::RefCell,
    io,
    path::PathBuf,
    sync::{Arc, atomic::Ordering::Relaxed, mpsc},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::{mpsc as async_mpsc, watch};
use uuid::Uuid;

/// Largest segment of the log, in bytes.
const SEGMENT: u64 = 16 * 1024 * 1024;
/// How often the log is brought to the disk's own memory: what a power cut can cost.
const SYNC_EVERY: Duration = Duration::from_millis(200);
/// A visit waits no longer for a stalled disk.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why an event was not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// The log is at its cap.
    Full,
    /// The disk is full.
    DiskFull,
    /// The disk refuses to write.
    Disk,
    /// The disk has not answered for long and too much waits for it.
    Stalled,
    /// The event is too large, or cannot be encoded.
    Unencodable,
    /// The redirector is stopping.
    Closed,
}

impl DropReason {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Full, Self::DiskFull, Self::Disk, Self::Stalled, Self::Unencodable, Self::Closed];

    /// The name in `/_health`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::DiskFull => "disk_full",
            Self::Disk => "disk",
            Self::Stalled => "stalled",
            Self::Unencodable => "unencodable",
            Self::Closed => "closed",
        }
    }

    /// The reason behind a failed write.
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::DiskFull,
            _ => Self::Disk,
        }
    }
}

/// Where the click log lies and how large it may grow.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Folder of the data of this process; the log is in its sub-folder `clicks`.
    pub data_dir: PathBuf,
    /// Most bytes that the log holds, dead boots included.
    pub cap: u64,
}

/// Where the log is shipped to.
pub enum Destination {
    /// Streams in Redis, under a prefix.
    Redis {
        /// Opens the connection.
        client: redis::Client,
        /// Names of streams and of the progress.
        keys: contract::keys::Keys,
    },
    /// The ingest of the same process.
    Local(async_mpsc::Sender<LocalFrame>),
}

/// Takes events of visits. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    queue: Arc<Queue>,
    writer: Arc<writer::Writer>,
}

thread_local! {
    /// The event being encoded, so that a click allocates nothing.
    static PAYLOAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Recorder {
    /// Opens the log: claims the folders of dead boots, makes one for this boot, and starts to write, to sync and to
    /// ship.
    ///
    /// # Errors
    /// The folder cannot be made or read, or a thread cannot be started.
    pub fn open(
        settings: &LogSettings,
        destination: Destination,
        counters: Arc<Counters>,
    ) -> io::Result<(Self, Recording)> {
        let held = counters.held_bytes.clone();
        // one place for each kind of destination: what was meant for one database must not end in another
        let place = if matches!(destination, Destination::Local(_)) { "clicks-embedded" } else { "clicks" };
        let (live, dead) = folder::claim(&settings.data_dir.join(place), &held)?;
        tracing::info!(boot = %live.boot_id, dead_boots = dead.len(), "the click log is open");
        let queue = Arc::new(Queue::new(settings.cap, counters.clone()));
        let segment_bytes = SEGMENT.min(settings.cap / 4).max(1);
        let (ended, watched) = async_mpsc::channel(4);
        let (stop_sync, syncs) = mpsc::channel();
        let unsynced = log::Unsynced::default();
        let log = log::Log::new(live.path.clone(), live.segments.clone(), segment_bytes, unsynced.clone());
        let boot_id = live.boot_id;

        let writer = Arc::new(writer::Writer::new(queue.clone(), log));
        let write = spawn("click-writer", ended.clone(), {
            let writer = writer.clone();
            move || writer.run()
        })?;
        let sync = spawn("click-sync", ended.clone(), {
            let counters = counters.clone();
            move || log::sync(&unsynced, &syncs, &counters)
        })?;
        let (stop, stopping) = watch::channel(None);
        let shipper = Shipper::new(live, dead, queue.clone(), Sink::new(destination), counters);
        let shipper = spawn("click-shipper", ended, move || shipper.run_alone(stopping))?;
        let recording = Recording {
            boot_id,
            queue: queue.clone(),
            watched,
            stop,
            stop_sync: Some(stop_sync),
            threads: Some(Threads { write, sync, shipper }),
        };
        Ok((Self { queue, writer }, recording))
    }

    /// Puts an event into the log. The future resolves when it is written, or was counted as dropped, or the disk has
    /// stalled for a second; the event is on its way from the call on, even when nobody awaits the future.
    #[expect(clippy::needless_pass_by_value, reason = "the event is spent: nobody should record it twice")]
    pub fn record(&self, event: Event) -> Recorded {
        let group = PAYLOAD.with_borrow_mut(|payload| {
            payload.clear();
            match click::encode(&event, std::mem::take(payload)) {
                Ok(encoded) => {
                    *payload = encoded;
                    self.queue.push(payload)
                }
                Err(_) => self.queue.refuse(DropReason::Unencodable),
            }
        });
        Recorded::new(self.queue.clone(), group)
    }

    /// Gathers the events of visits that run at the same time into groups and writes them; belongs among the visits'
    /// tasks. Without it a thread does so.
    pub async fn conduct(&self) {
        self.writer.conduct().await;
    }

    /// Answers the visitors who wait for a disk that has stalled, whoever writes to it; belongs among the visits' tasks.
    pub async fn look_after_visits(&self) {
        self.queue.look_after_visits(PATIENCE).await;
    }
}

struct Threads {
    write: JoinHandle<()>,
    sync: JoinHandle<()>,
    shipper: JoinHandle<()>,
}

/// The threads behind a [`Recorder`]. Dropping it stops them without waiting.
pub struct Recording {
    boot_id: Uuid,
    queue: Arc<Queue>,
    watched: async_mpsc::Receiver<&'static str>,
    stop: watch::Sender<Option<tokio::time::Instant>>,
    stop_sync: Option<mpsc::Sender<()>>,
    threads: Option<Threads>,
}

impl Recording {
    /// The identity of this boot's log.
    #[must_use]
    pub const fn boot_id(&self) -> Uuid {
        self.boot_id
    }

    /// Resolves when one of the threads has ended, with its name: none of them should before [`Recording::close`].
    pub async fn ended(&mut self) -> &'static str {
        self.watched.recv().await.unwrap_or("click log")
    }

    /// Takes no more events, writes and syncs what is there, and ships as much as it can within `patience`. What
    /// remains is shipped at the next start.
    pub async fn close(mut self, patience: Duration) {
        let deadline = tokio::time::Instant::now() + patience;
        self.queue.close();
        let Some(threads) = self.threads.take() else { return };
        let stop_sync = self.stop_sync.take();
        let written = tokio::task::spawn_blocking(move || {
            let ended = [threads.write.join().is_ok(), {
                drop(stop_sync);
                threads.sync.join().is_ok()
            }];
            ended == [true, true]
        });
        // a stalled disk may hold them for ever; what the page cache has is safe from the end of this process
        if !matches!(tokio::time::timeout(patience, written).await, Ok(Ok(true))) {
            tracing::error!("the click log could not be written and synced to its end");
        }
        self.stop.send_replace(Some(deadline));
        let shipped = tokio::task::spawn_blocking(move || threads.shipper.join().is_ok());
        let grace = deadline.saturating_duration_since(tokio::time::Instant::now()) + Duration::from_millis(500);
        if tokio::time::timeout(grace, shipped).await.is_err() {
            tracing::warn!("the click log is still being shipped; the next start goes on with it");
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.queue.close();
        if self.threads.is_some() {
            self.stop.send_replace(Some(tokio::time::Instant::now()));
        }
    }
}

/// Starts a thread that tells its name when it ends, even by a panic.
fn spawn(
    name: &'static str,
    ended: async_mpsc::Sender<&'static str>,
    work: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    struct Tell(&'static str, async_mpsc::Sender<&'static str>);
    impl Drop for Tell {
        fn drop(&mut self) {
            // room for every thread's one message
            let _ = self.1.try_send(self.0);
        }
    }
    let tell = Tell(name, ended);
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _tell = tell;
        work();
    })
}

/// Reads a counter that only ever tells about progress.
fn load(counter: &std::sync::atomic::AtomicU64) -> u64 {
    counter.load(Relaxed)
}

#[cfg(test)]
mod tests;
