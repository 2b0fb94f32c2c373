//! The segments of one boot's log: files named by the sequence number of their first record, in order. The writer adds
//! the next one, the shipper reads them and deletes those that are stored. Bytes are counted over all boots.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// The end of a segment's name.
const SUFFIX: &str = ".log";

/// One file of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Sequence number of its first record.
    pub(super) first_seq: u64,
    pub(super) path: PathBuf,
    bytes: u64,
}

/// The segments of a boot. The last one may still grow; none of the others does.
#[derive(Debug)]
pub(super) struct Segments {
    list: Mutex<VecDeque<Segment>>,
    held: Arc<AtomicU64>,
}

impl Segments {
    /// Of a boot that has none yet.
    pub(super) const fn empty(held: Arc<AtomicU64>) -> Self {
        Self { list: Mutex::new(VecDeque::new()), held }
    }

    /// Finds those of a dead boot.
    pub(super) fn find(folder: &Path, held: Arc<AtomicU64>) -> io::Result<Self> {
        let mut list = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            let Some(first_seq) = number.and_then(|number| number.parse().ok()) else { continue };
            list.push(Segment { first_seq, path: entry.path(), bytes: entry.metadata()?.len() });
        }
        list.sort_by_key(|segment| segment.first_seq);
        held.fetch_add(list.iter().map(|segment| segment.bytes).sum(), Relaxed);
        Ok(Self { list: Mutex::new(list.into()), held })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Segment>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the segment that starts with `first_seq` belongs.
    pub(super) fn path(folder: &Path, first_seq: u64) -> PathBuf {
        folder.join(format!("{first_seq:020}{SUFFIX}"))
    }

    /// Adds the next one.
    pub(super) fn push(&self, first_seq: u64, path: PathBuf) {
        self.lock().push_back(Segment { first_seq, path, bytes: 0 });
    }

    /// The last one has grown.
    pub(super) fn grow(&self, bytes: u64) {
        if let Some(last) = self.lock().back_mut() {
            last.bytes += bytes;
            self.held.fetch_add(bytes, Relaxed);
        }
    }

    /// The segment that holds `seq` and the first number of the one after it; the first segment where `seq` lies before
    /// them all; `None` where there is none.
    pub(super) fn holding(&self, seq: u64) -> Option<(Segment, Option<u64>)> {
        let list = self.lock();
        let at = list.partition_point(|segment| segment.first_seq <= seq).saturating_sub(1);
        Some((list.get(at)?.clone(), list.get(at + 1).map(|next| next.first_seq)))
    }

    /// Deletes the segments of which every record is at or below `stored`, but never the last: it may still grow.
    pub(super) fn delete_stored(&self, stored: u64) {
        let mut list = self.lock();
        while list.get(1).is_some_and(|next| next.first_seq - 1 <= stored) {
            if let Some(segment) = list.pop_front() {
                self.delete(&segment);
            }
        }
    }

    /// Deletes them all.
    pub(super) fn delete_all(&self) {
        self.lock().drain(..).for_each(|segment| self.delete(&segment));
    }

    fn delete(&self, segment: &Segment) {
        if let Err(error) = fs::remove_file(&segment.path) {
            // it will be found, shipped and deleted at the next start: stored once all the same
            tracing::warn!(segment = %segment.path.display(), %error, "a stored segment cannot be deleted");
        }
        self.held.fetch_sub(segment.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_deleted_but_not_the_segment_that_grows() {
        let folder = tempfile::tempdir().unwrap();
        let held = Arc::new(AtomicU64::new(0));
        let segments = Segments::empty(held.clone());
        for first_seq in [1, 11, 21] {
            let path = Segments::path(folder.path(), first_seq);
            fs::write(&path, [0; 7]).unwrap();
            segments.push(first_seq, path);
            segments.grow(7);
        }
        let holding = |seq| segments.holding(seq).map(|(segment, next)| (segment.first_seq, next));
        assert_eq!(holding(0), Some((1, Some(11))));
        assert_eq!(holding(15), Some((11, Some(21))));
        assert_eq!(holding(99), Some((21, None)));
        segments.delete_stored(9);
        assert_eq!((holding(0), held.load(Relaxed)), (Some((1, Some(11))), 21));
        segments.delete_stored(10);
        assert_eq!((holding(0), held.load(Relaxed)), (Some((11, Some(21))), 14));
        segments.delete_stored(1_000);
        assert_eq!((holding(0), held.load(Relaxed)), (Some((21, None)), 7));

        let found = Segments::find(folder.path(), Arc::default()).unwrap();
        assert_eq!(found.holding(21).map(|(segment, _)| (segment.first_seq, segment.bytes)), Some((21, 7)));
        segments.delete_all();
        assert_eq!((holding(0), held.load(Relaxed)), (None, 0));
    }
}
