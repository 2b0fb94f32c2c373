//! How far the log of one boot is shipped and stored. No I/O but reading the log: the shipper tells it what arrived and
//! what time it is, and asks what to do next.
//! Always holds: stored <= shipped <= what the log has; segments are deleted only below `stored`.

use super::{
    folder::BootFolder,
    reader::{Frame, Reader},
    sink::Landing,
};
use std::{collections::VecDeque, io, time::Duration};
use tokio::time::Instant;

/// What is not stored so long after it was shipped is looked into.
const OVERDUE: Duration = Duration::from_secs(30);
/// An entry that stays away from the stream this long without being stored is lost: while it is being stored, it is
/// deleted from the stream a moment before the progress tells.
const LOST: Duration = Duration::from_secs(5);
/// A log with missing records, or whose earlier records are unknown where it is stored, can never be covered from its
/// first record on. It was shipped this often when it is given up.
const ENOUGH: u32 = 3;
/// Most frames that are remembered one by one.
const MOST_UNDER_WAY: usize = 65_536;

/// The log of one boot on its way.
pub(super) struct Shipment {
    pub(super) folder: BootFolder,
    reader: Reader,
    /// The first record that the log had when this began.
    available: u64,
    shipped: u64,
    stored: u64,
    under_way: VecDeque<UnderWay>,
    absent_since: Option<Instant>,
    rounds: u32,
    /// Whether a dead boot's log was read to its end.
    drained: bool,
    /// Whether it was asked what an earlier process had stored of it.
    pub(super) greeted: bool,
}

/// A frame that was shipped and is not known to be stored.
struct UnderWay {
    last: u64,
    at: Instant,
    entry: Option<String>,
}

/// What to do about the oldest frame that is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Nothing is overdue.
    Nothing,
    /// Find out whether this entry is still in its stream, and say so by [`Shipment::found`].
    Ask(String),
    /// Ship again from the first record that is not stored.
    Lost,
}

impl Shipment {
    pub(super) fn new(folder: BootFolder) -> Self {
        let available = folder.segments.holding(0).map_or(1, |(segment, _)| segment.first_seq);
        let shipped = available.saturating_sub(1);
        let reader = Reader::new(folder.segments.clone(), available);
        Self {
            folder,
            reader,
            available,
            shipped,
            stored: 0,
            under_way: VecDeque::new(),
            absent_since: None,
            rounds: 0,
            drained: false,
            greeted: false,
        }
    }

    pub(super) const fn shipped(&self) -> u64 {
        self.shipped
    }

    pub(super) const fn stored(&self) -> u64 {
        self.stored
    }

    /// The next frame to ship, no further than the record `until`; of a dead boot that is [`u64::MAX`]. Called again
    /// without [`Shipment::landed`] in between it goes on; [`Shipment::again`] goes back to what has not arrived.
    pub(super) fn frame(&mut self, until: u64) -> io::Result<Option<Frame>> {
        if self.drained {
            return Ok(None);
        }
        let frame = self.reader.frame(until)?;
        self.drained = frame.is_none() && until == u64::MAX;
        Ok(frame)
    }

    /// Goes back to the first record that has not arrived.
    pub(super) fn again(&mut self) {
        self.drained = false;
        self.reader.seek(self.shipped + 1);
    }

    /// A frame arrived.
    pub(super) fn landed(&mut self, last: u64, landing: Landing, now: Instant) {
        self.shipped = self.shipped.max(last);
        let (entry, stored) = match landing {
            Landing::Entry(entry) => (Some(entry), 0),
            Landing::Stored(stored) => (None, stored),
        };
        let crowded = self.under_way.len() >= MOST_UNDER_WAY;
        match self.under_way.back_mut() {
            Some(back) if crowded => back.last = last,
            _ => self.under_way.push_back(UnderWay { last, at: now, entry }),
        }
        self.progressed(stored);
    }

    /// Everything up to `stored` is stored.
    pub(super) fn progressed(&mut self, stored: u64) {
        if stored <= self.stored {
            return;
        }
        self.stored = stored;
        self.absent_since = None;
        while self.under_way.front().is_some_and(|frame| frame.last <= stored) {
            self.under_way.pop_front();
        }
        if stored > self.shipped {
            // shipped by an earlier process
            self.shipped = stored;
            self.reader.seek(stored + 1);
        }
        self.folder.segments.delete_stored(stored);
    }

    /// Whether something was shipped that is not known to be stored.
    pub(super) fn waits(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// What to do about the oldest frame under way.
    pub(super) fn overdue(&self, now: Instant) -> Overdue {
        match self.under_way.front() {
            Some(frame) if now.duration_since(frame.at) >= OVERDUE => {
                frame.entry.clone().map_or(Overdue::Lost, Overdue::Ask)
            }
            _ => Overdue::Nothing,
        }
    }

    /// The answer to [`Overdue::Ask`]; whether it is lost. An entry that is there only waits for the ingest: shipping
    /// it again would fill Redis for as long as SQL is away.
    pub(super) fn found(&mut self, present: bool, now: Instant) -> bool {
        if present {
            self.absent_since = None;
            return false;
        }
        let since = *self.absent_since.get_or_insert(now);
        now.duration_since(since) >= LOST
    }

    /// Ships again from the first record that is not stored; how many records that is.
    pub(super) fn ship_again(&mut self) -> u64 {
        let from = self.stored.max(self.available.saturating_sub(1));
        let records = self.shipped.saturating_sub(from);
        self.shipped = from;
        self.under_way.clear();
        self.absent_since = None;
        self.rounds += 1;
        self.again();
        records
    }

    /// Of a dead boot: whether nothing remains to be done.
    pub(super) fn is_over(&self) -> bool {
        if !self.drained {
            return false;
        }
        let end = self.reader.next().saturating_sub(1);
        let covered = self.shipped >= end && self.stored >= end;
        let never_covered = self.reader.has_gap() || self.stored + 1 < self.available;
        covered || (never_covered && self.rounds >= ENOUGH)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{folder, segments::Segments};
    use super::*;
    use contract::frame;
    use std::fs;

    /// A dead boot with the records of `segments`.
    fn shipment(segments: &[(u64, u64)]) -> (tempfile::TempDir, Shipment) {
        let root = tempfile::tempdir().unwrap();
        let (dead, _) = folder::claim(root.path(), &Default::default()).unwrap();
        for (first, last) in segments {
            let mut bytes = Vec::new();
            assert!((*first..=*last).all(|seq| frame::append(&mut bytes, seq, b"event")));
            fs::write(Segments::path(&dead.path, *first), bytes).unwrap();
        }
        drop(dead);
        let (_, mut dead) = folder::claim(root.path(), &Default::default()).unwrap();
        (root, Shipment::new(dead.remove(0)))
    }

    fn ship(shipment: &mut Shipment, now: Instant) -> Vec<u64> {
        let mut lasts = Vec::new();
        while let Some(frame) = shipment.frame(u64::MAX).unwrap() {
            shipment.landed(frame.last, Landing::Entry(format!("{}-0", frame.last)), now);
            lasts.push(frame.last);
        }
        lasts
    }

    #[tokio::test]
    async fn what_waits_in_the_stream_is_left_there_and_what_is_lost_is_shipped_again() {
        let (_root, mut shipment) = shipment(&[(1, 600), (601, 700)]);
        let start = Instant::now();
        assert_eq!(ship(&mut shipment, start), [512, 600, 700]);
        shipment.progressed(512);
        assert_eq!(shipment.overdue(start + Duration::from_secs(29)), Overdue::Nothing);
        let late = start + OVERDUE;
        assert_eq!(shipment.overdue(late), Overdue::Ask("600-0".to_owned()));
        assert!(!shipment.found(true, late));
        assert!(!shipment.found(false, late), "it may just have been stored");
        assert!(!shipment.found(true, late + LOST), "it was a glance at another moment");
        assert!(!shipment.found(false, late + LOST));
        assert!(shipment.found(false, late + LOST + LOST));
        assert_eq!(shipment.ship_again(), 188);
        assert_eq!(ship(&mut shipment, late), [600, 700]);
        assert!(!shipment.is_over());
        shipment.progressed(700);
        assert!(shipment.is_over() && !shipment.waits());
    }

    #[tokio::test]
    async fn an_error_goes_back_to_what_has_not_arrived() {
        let (_root, mut shipment) = shipment(&[(1, 600)]);
        let first = shipment.frame(u64::MAX).unwrap().unwrap();
        shipment.landed(first.last, Landing::Stored(first.last), Instant::now());
        assert_eq!(shipment.frame(u64::MAX).unwrap().map(|frame| frame.first), Some(513));
        shipment.again();
        assert_eq!(shipment.frame(u64::MAX).unwrap().map(|frame| frame.first), Some(513));
    }

    #[tokio::test]
    async fn what_an_earlier_process_stored_is_not_shipped_and_its_segments_go() {
        let (_root, mut shipment) = shipment(&[(1, 5), (6, 9)]);
        shipment.progressed(7);
        assert_eq!(ship(&mut shipment, Instant::now()), [9]);
        assert_eq!(shipment.folder.segments.holding(0).map(|(segment, _)| segment.first_seq), Some(6));
        let folder = shipment.folder.path.clone();
        shipment.folder.delete();
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn a_log_that_can_never_be_covered_is_given_up_in_the_end() {
        // its first records were stored and deleted, but where they were stored nobody remembers
        let (_root, mut shipment) = shipment(&[(6, 9)]);
        for round in 0..ENOUGH {
            assert_eq!(ship(&mut shipment, Instant::now()), [9], "round {round}");
            assert!(!shipment.is_over());
            shipment.ship_again();
        }
        ship(&mut shipment, Instant::now());
        assert!(shipment.is_over());
    }
}
