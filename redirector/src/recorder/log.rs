//! The growing end of a boot's log. The writer appends groups to it, each with one `write`; a thread brings what was
//! written to the disk's own memory, five times a second, so that no visit waits for it.
//! Always holds: after a failed write nothing of that group remains between good records.

use super::{SYNC_EVERY, segments::Segments};
use crate::health::Counters;
use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    mem,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{AcqRel, Relaxed, Release},
        },
        mpsc::{Receiver, RecvTimeoutError},
    },
};

/// The growing end of a boot's log.
pub(super) struct Log {
    folder: PathBuf,
    segments: Arc<Segments>,
    segment_bytes: u64,
    active: Option<Active>,
    unsynced: Unsynced,
    failing: bool,
}

struct Active {
    file: Arc<Syncable>,
    length: u64,
    /// Whether the file's position and end are at `length`.
    clean: bool,
}

impl Log {
    pub(super) const fn new(folder: PathBuf, segments: Arc<Segments>, segment_bytes: u64, unsynced: Unsynced) -> Self {
        Self { folder, segments, segment_bytes, active: None, unsynced, failing: false }
    }

    /// Appends to a file that is there.
    #[cfg(test)]
    pub(super) fn over(file: File) -> Self {
        let segments = Arc::new(Segments::empty(Arc::default()));
        let mut log = Self::new(PathBuf::new(), segments, 1 << 30, Unsynced::default());
        log.active = Some(Active { file: Arc::new(Syncable::new(file)), length: 0, clean: true });
        log
    }

    /// Appends the records of a group, of which the first has the number `first_seq`. After an error none of them is in
    /// the log, nor after a panic.
    pub(super) fn append(&mut self, first_seq: u64, records: &[u8]) -> io::Result<()> {
        let bytes = records.len() as u64;
        let full = |active: &Active| active.length > 0 && active.length + bytes > self.segment_bytes;
        if self.active.as_ref().is_none_or(full) {
            self.active = Some(self.next_segment(first_seq)?);
        }
        let Some(active) = &mut self.active else { return Err(io::ErrorKind::NotFound.into()) };
        active.write(records)?;
        if mem::take(&mut self.failing) {
            tracing::info!("the click log can be written again");
        }
        self.unsynced.note(&active.file);
        self.segments.grow(bytes);
        active.keep(bytes);
        Ok(())
    }

    fn next_segment(&self, first_seq: u64) -> io::Result<Active> {
        let path = Segments::path(&self.folder, first_seq);
        let file = File::create_new(&path)?;
        self.segments.push(first_seq, path);
        // its name must survive a power cut as well; not every system can open a folder
        if let Ok(folder) = File::open(&self.folder) {
            self.unsynced.note(&Arc::new(Syncable::new(folder)));
        }
        Ok(Active { file: Arc::new(Syncable::new(file)), length: 0, clean: true })
    }

    /// Tells of the first failure of a row of them.
    pub(super) fn tell(&mut self, error: &io::Error) {
        if !mem::replace(&mut self.failing, true) {
            tracing::error!(%error, "the click log cannot be written: clicks are counted as dropped");
        }
    }
}

impl Active {
    /// Writes behind what is kept.
    fn write(&mut self, records: &[u8]) -> io::Result<()> {
        let mut file = &self.file.file;
        if !self.clean {
            // a torn group lies behind the good records, or the position does
            file.set_len(self.length)?;
            file.seek(SeekFrom::Start(self.length))?;
        }
        self.clean = false;
        file.write_all(records).inspect_err(|_| {
            // at once, so that a torn group does not outlive this process; if that fails too, before the next write
            self.clean = file.set_len(self.length).is_ok() && file.seek(SeekFrom::Start(self.length)).is_ok();
        })
    }

    /// Makes what was written part of the log.
    const fn keep(&mut self, bytes: u64) {
        self.length += bytes;
        self.clean = true;
    }
}

/// A file, and whether it waits to be synced.
struct Syncable {
    file: File,
    noted: AtomicBool,
}

impl Syncable {
    const fn new(file: File) -> Self {
        Self { file, noted: AtomicBool::new(false) }
    }
}

/// The files that wait to be synced.
#[derive(Clone, Default)]
pub(super) struct Unsynced(Arc<Mutex<Vec<Arc<Syncable>>>>);

impl Unsynced {
    fn note(&self, file: &Arc<Syncable>) {
        if !file.noted.swap(true, AcqRel) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(file.clone());
        }
    }

    fn take(&self) -> Vec<Arc<Syncable>> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Syncs until `stop` is closed, and once more after that.
pub(super) fn sync(unsynced: &Unsynced, stop: &Receiver<()>, counters: &Counters) {
    loop {
        let stopping = matches!(stop.recv_timeout(SYNC_EVERY), Err(RecvTimeoutError::Disconnected));
        for syncable in unsynced.take() {
            // before the sync: what is written during it is noted again
            syncable.noted.store(false, Release);
            if let Err(error) = syncable.file.sync_data() {
                counters.sync_errors.fetch_add(1, Relaxed);
                tracing::error!(%error, "the click log cannot be synced: a power cut would lose clicks");
            }
        }
        if stopping {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::DropReason, *};
    use contract::frame;
    use std::{fs, path::Path};

    fn log(folder: &Path, segment_bytes: u64) -> Log {
        let segments = Arc::new(Segments::empty(Arc::default()));
        Log::new(folder.to_owned(), segments, segment_bytes, Unsynced::default())
    }

    fn record(seq: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        assert!(frame::append(&mut bytes, seq, b"0123456789"));
        bytes
    }

    #[test]
    fn a_full_segment_is_followed_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path(), 60);
        for seq in 1..=5 {
            log.append(seq, &record(seq)).unwrap();
        }
        let seqs = |first_seq| {
            let bytes = fs::read(Segments::path(folder.path(), first_seq)).unwrap();
            frame::records(&bytes).map(|record| record.seq).collect::<Vec<_>>()
        };
        assert_eq!([seqs(1), seqs(3), seqs(5)], [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(log.unsynced.take().len(), 6, "three files, and the folder for each");
        assert_eq!(log.append(6, &record(6)).map_err(|error| error.kind()), Ok(()));
    }

    #[test]
    fn a_torn_group_is_cut_away_before_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path(), 1 << 20);
        log.append(1, &record(1)).unwrap();
        // as a failed write leaves it when it cannot even be cut
        let active = log.active.as_mut().unwrap();
        (&active.file.file).write_all(&record(2)[..20]).unwrap();
        active.clean = false;
        log.append(2, &record(2)).unwrap();
        let bytes = fs::read(Segments::path(folder.path(), 1)).unwrap();
        assert_eq!(frame::records(&bytes).map(|record| record.seq).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(bytes.len(), 2 * record(1).len());
    }

    #[test]
    fn a_refused_write_is_told_by_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(&folder.path().join("gone"), 1 << 20);
        let refused = log.append(1, &record(1)).map_err(|error| DropReason::of(&error));
        assert_eq!(refused, Err(DropReason::Disk));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(DropReason::of(&full), DropReason::DiskFull);
    }
}
