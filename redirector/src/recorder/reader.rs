//! Reads a boot's log in frames: whole records, in order, up to a number that is known to be written. A torn or damaged
//! tail ends a segment; records that a later segment holds again are not read from the earlier one.

use super::segments::Segments;
use contract::frame;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

/// Most records of a frame.
const MOST_RECORDS: usize = 512;
/// Most bytes of a frame, but for a single record that is larger.
const MOST_BYTES: usize = 256 * 1024;

/// Consecutive records as they lie in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) records: Vec<u8>,
}

/// A place in a boot's log.
pub(super) struct Reader {
    segments: Arc<Segments>,
    open: Option<Open>,
    next: u64,
    /// What was read last, used again and again.
    buffer: Vec<u8>,
    /// Whether numbers were missing where the log should have held them.
    gap: bool,
}

struct Open {
    file: File,
    first_seq: u64,
    /// Where the record `next` begins, or an earlier one.
    offset: u64,
}

impl Reader {
    /// At the record `next`.
    pub(super) const fn new(segments: Arc<Segments>, next: u64) -> Self {
        Self { segments, open: None, next, buffer: Vec::new(), gap: false }
    }

    /// Goes to the record `next`.
    pub(super) fn seek(&mut self, next: u64) {
        if next != self.next {
            self.next = next;
            self.open = None;
        }
    }

    /// The number of the record that is read next.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Whether numbers were missing.
    pub(super) const fn has_gap(&self) -> bool {
        self.gap
    }

    /// Reads the next frame, no further than the record `until`; `None` where there is none (yet).
    pub(super) fn frame(&mut self, until: u64) -> io::Result<Option<Frame>> {
        while self.next <= until {
            let Some((segment, following)) = self.segments.holding(self.next) else { return Ok(None) };
            if segment.first_seq > self.next {
                self.skip_to(segment.first_seq);
                continue;
            }
            if self.open.as_ref().is_none_or(|open| open.first_seq != segment.first_seq) {
                self.open = Some(Open { file: File::open(&segment.path)?, first_seq: segment.first_seq, offset: 0 });
            }
            let until_here = following.map_or(until, |following| until.min(following - 1));
            if let Some(frame) = self.read_open(until_here)? {
                return Ok(Some(frame));
            }
            match following {
                Some(following) => self.skip_to(following),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn skip_to(&mut self, next: u64) {
        if next > self.next {
            tracing::error!(from = self.next, to = next - 1, "records are missing in the click log");
            self.gap = true;
        }
        self.next = next;
        self.open = None;
    }

    /// Reads on in the open segment; `None` at its end.
    fn read_open(&mut self, until: u64) -> io::Result<Option<Frame>> {
        let Some(open) = &mut self.open else { return Ok(None) };
        let bytes = &mut self.buffer;
        // all that is read below: growing step by step would leave twice as much behind
        bytes.reserve_exact(MOST_BYTES + frame::HEADER);
        loop {
            bytes.clear();
            open.file.seek(SeekFrom::Start(open.offset))?;
            // the largest single record always fits
            open.file.by_ref().take((MOST_BYTES + frame::HEADER) as u64).read_to_end(bytes)?;
            let mut records = frame::records(bytes);
            let mut start = 0;
            // records before `next` were shipped, or the reader was sent to the middle of a segment
            let first = loop {
                match records.next() {
                    Some(record) if record.seq < self.next => start = records.position(),
                    other => break other,
                }
            };
            // copied out of the borrow
            let Some(first) = first.map(|record| record.seq) else {
                if start == 0 {
                    return Ok(None);
                }
                open.offset += start as u64;
                continue;
            };
            if first != self.next || first > until {
                return Ok(None);
            }
            let (mut last, mut end, mut count) = (first, records.position(), 1);
            while let Some(record) = records.next() {
                if record.seq != last + 1 || record.seq > until || count == MOST_RECORDS {
                    break;
                }
                (last, end, count) = (record.seq, records.position(), count + 1);
            }
            open.offset += end as u64;
            self.next = last + 1;
            return Ok(Some(Frame { first, last, records: bytes[start..end].to_vec() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    fn log(folder: &Path, segments: &[(u64, u64, u64)]) -> Reader {
        for (name, first, last) in segments {
            let mut bytes = Vec::new();
            for seq in *first..=*last {
                assert!(frame::append(&mut bytes, seq, format!("event {seq}").as_bytes()));
            }
            fs::write(Segments::path(folder, *name), bytes).unwrap();
        }
        Reader::new(Arc::new(Segments::find(folder, Arc::default()).unwrap()), 1)
    }

    fn all(reader: &mut Reader, until: u64) -> Vec<(u64, u64)> {
        let mut frames = Vec::new();
        while let Some(frame) = reader.frame(until).unwrap() {
            let seqs = frame::records(&frame.records).map(|record| record.seq);
            assert!(seqs.eq(frame.first..=frame.last));
            frames.push((frame.first, frame.last));
        }
        frames
    }

    #[test]
    fn frames_follow_each_other_over_segments_and_stop_where_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = log(folder.path(), &[(1, 1, 600), (601, 601, 610)]);
        assert_eq!(all(&mut reader, 10), [(1, 10)]);
        assert_eq!(all(&mut reader, 605), [(11, 522), (523, 600), (601, 605)]);
        assert_eq!(all(&mut reader, 605), []);
        assert_eq!(all(&mut reader, u64::MAX), [(606, 610)]);
        reader.seek(599);
        assert_eq!(all(&mut reader, u64::MAX), [(599, 600), (601, 610)]);
        assert!(!reader.has_gap());
    }

    #[test]
    fn a_torn_tail_is_cut_and_a_number_is_never_read_twice() {
        let folder = tempfile::tempdir().unwrap();
        // a group that failed left whole records 4 and 5 behind the first segment; their numbers were given again
        let mut reader = log(folder.path(), &[(1, 1, 5), (4, 4, 6)]);
        let path = Segments::path(folder.path(), 4);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        assert_eq!(all(&mut reader, u64::MAX), [(1, 3), (4, 5)]);
        assert!(!reader.has_gap());
    }

    #[test]
    fn missing_records_are_noticed_and_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = log(folder.path(), &[(3, 3, 5), (9, 9, 9)]);
        assert_eq!(all(&mut reader, u64::MAX), [(3, 5), (9, 9)]);
        assert!(reader.has_gap());
    }

    #[test]
    fn large_records_make_frames_of_their_own_size() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = Vec::new();
        for seq in 1..=10 {
            assert!(frame::append(&mut bytes, seq, &vec![7; frame::MAX_PAYLOAD]));
        }
        fs::write(Segments::path(folder.path(), 1), bytes).unwrap();
        let mut reader = Reader::new(Arc::new(Segments::find(folder.path(), Arc::default()).unwrap()), 1);
        assert_eq!(all(&mut reader, u64::MAX), [(1, 3), (4, 6), (7, 9), (10, 10)]);
    }
}
