//! What became of one pixel: how many visits were to fire it, how many ended in each state, and how long a confirmed one
//! took. Times are kept in buckets that grow with them, so that a median is within 6 %.

use super::bytes::Tally;
use contract::click::{PixelResult, PixelState};

/// Buckets in which a time doubles; below twice as many milliseconds each has a bucket of its own.
const STEPS: u32 = 8;

/// What became of one pixel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// Visits whose page was to fire it; what is missing in `states` left without a receipt.
    pub expected: u64,
    /// Visits by their last [`PixelState`], in the order of `PixelState::ALL`.
    pub states: Tally,
    /// Visits on which the page waited to see what became of it.
    pub watched: u64,
    /// Those of them on which it fired.
    pub confirmed: u64,
    /// Times of those that fired, by bucket.
    pub times: Tally,
}

impl Delivery {
    /// Counts a visit.
    pub fn note(&mut self, result: &PixelResult) {
        self.states.add(result.state as usize, 1);
        let fired = result.state == PixelState::Fired;
        if fired {
            self.times.add(bucket(result.milliseconds), 1);
        }
        if result.watched {
            self.watched = self.watched.saturating_add(1);
            self.confirmed = self.confirmed.saturating_add(u64::from(fired));
        }
    }

    /// Visits that ended in `state`.
    #[must_use]
    pub fn count(&self, state: PixelState) -> u64 {
        self.states.at(state as usize)
    }

    /// Adds another delivery.
    pub fn merge(&mut self, other: &Self) {
        self.expected = self.expected.saturating_add(other.expected);
        self.states.merge(&other.states);
        self.watched = self.watched.saturating_add(other.watched);
        self.confirmed = self.confirmed.saturating_add(other.confirmed);
        self.times.merge(&other.times);
    }

    /// Share of the watched visits on which it fired: `None` when there was none. The others do not count: a page that
    /// left at once saw what was blocked in that moment, and never what fired later.
    #[must_use]
    pub fn confirmed_rate(&self) -> Option<f64> {
        (self.watched > 0).then(|| self.confirmed as f64 / self.watched as f64)
    }

    /// Median time of those that fired, in milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> Option<u32> {
        let half = self.times.sum().div_ceil(2);
        let mut seen = 0_u64;
        let middle = self.times.counts().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen >= half && seen > 0
        });
        middle.map(|(bucket, _)| midpoint(bucket))
    }
}

/// The bucket of a time: 0 to 15 ms one each, then [`STEPS`] for every doubling.
fn bucket(milliseconds: u32) -> usize {
    if milliseconds < 2 * STEPS {
        return milliseconds as usize;
    }
    let doublings = milliseconds.ilog2() - STEPS.ilog2();
    (doublings * STEPS + (milliseconds >> doublings)) as usize
}

/// The middle of a bucket; what no time falls into counts as the longest.
fn midpoint(bucket: usize) -> u32 {
    let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
    if bucket < 2 * STEPS {
        return bucket;
    }
    let doublings = bucket / STEPS - 1;
    let first = u64::from(bucket % STEPS + STEPS).checked_shl(doublings).unwrap_or(u64::MAX);
    let middle = first.saturating_add(1_u64.checked_shl(doublings).unwrap_or(u64::MAX) / 2);
    u32::try_from(middle).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_near_all_its_times() {
        let mut last = 0;
        for milliseconds in (0..70_000).chain([u32::MAX - 1, u32::MAX]) {
            let bucket = bucket(milliseconds);
            assert!(bucket == last || bucket == last + 1 || milliseconds > 70_000);
            last = bucket;
            let off = f64::from(midpoint(bucket).abs_diff(milliseconds));
            assert!(off <= f64::from(milliseconds) / 15.9, "{milliseconds} in {bucket}");
        }
        assert_eq!(midpoint(usize::MAX), u32::MAX);
    }

    #[test]
    fn a_rate_and_a_median_are_of_what_is_known() {
        let mut delivery = Delivery::default();
        let mut note = |state, milliseconds, watched| {
            delivery.note(&PixelResult { pixel_id: uuid::Uuid::nil(), state, milliseconds, watched });
            (delivery.confirmed_rate(), delivery.median_ms())
        };
        assert_eq!(note(PixelState::Sent, 3, false), (None, None));
        assert_eq!(note(PixelState::Blocked, 1, false), (None, None));
        for milliseconds in [5, 9, 12] {
            note(PixelState::Fired, milliseconds, true);
        }
        note(PixelState::Blocked, 1, true);
        assert_eq!((delivery.confirmed_rate(), delivery.median_ms()), (Some(0.75), Some(9)));
    }
}
