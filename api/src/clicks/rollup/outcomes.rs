//! What visits that were to fire a pixel came to: how many there were, how many ended in each state, what came of those
//! that waited to see it, and how long a confirmed one took.

use super::{
    bytes::{Damaged, Reader, Tally, varint},
    times::Times,
};
use contract::click::{PixelResult, PixelState};

/// What visits that were to fire a pixel came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcomes {
    /// Visits whose page was to fire it; what is missing in `states` left without a receipt.
    pub expected: u64,
    /// Visits by their last [`PixelState`], in the order of `PixelState::ALL`.
    pub states: Tally,
    /// Those of them on which the page waited to see what became of it, in the same order.
    pub watched: Tally,
    /// Times of those that fired.
    pub times: Times,
}

impl Outcomes {
    /// Counts a visit of which something is known.
    pub fn note(&mut self, result: &PixelResult) {
        self.states.add(result.state as usize, 1);
        if result.watched {
            self.watched.add(result.state as usize, 1);
        }
        if result.state == PixelState::Fired {
            self.times.add(result.milliseconds);
        }
    }

    /// Adds others.
    pub fn merge(&mut self, other: &Self) {
        self.expected = self.expected.saturating_add(other.expected);
        self.states.merge(&other.states);
        self.watched.merge(&other.watched);
        self.times.merge(&other.times);
    }

    /// Visits that ended in `state`.
    #[must_use]
    pub fn count(&self, state: PixelState) -> u64 {
        self.states.at(state as usize)
    }

    /// Those of them that waited.
    #[must_use]
    pub fn watched_in(&self, state: PixelState) -> u64 {
        self.watched.at(state as usize)
    }

    /// About how many visits these are: one that was refused before there was a page was not expected, and one that left
    /// without a receipt has no state.
    #[must_use]
    pub fn visits(&self) -> u64 {
        self.expected.max(self.states.sum())
    }

    /// Share of the watched visits on which it fired: `None` when there was none. The others do not count: a page that
    /// left at once saw what was blocked in that moment, and never what fired later.
    #[must_use]
    pub fn confirmed_rate(&self) -> Option<f64> {
        let watched = self.watched.sum();
        (watched > 0).then(|| self.watched_in(PixelState::Fired) as f64 / watched as f64)
    }

    /// Median time of those that fired, in milliseconds.
    #[must_use]
    pub fn median_ms(&self) -> Option<u32> {
        self.times.median_ms()
    }

    /// Appends the four, in their order.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        varint(out, self.expected);
        self.states.pack(out);
        self.watched.pack(out);
        self.times.pack(out);
    }

    /// Reads what [`Outcomes::pack`] wrote.
    pub(super) fn unpack(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            expected: from.varint()?,
            states: Tally::unpack(from)?,
            watched: Tally::unpack(from)?,
            times: Times::unpack(from)?,
        })
    }

    /// Reads what versions 1 and 2 wrote. Of watched visits they know how many there were and how many fired: the others
    /// count as sent, the state of which no more is known.
    pub(super) fn unpack_old(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let (expected, states) = (from.varint()?, Tally::unpack(from)?);
        let (all, fired) = (from.varint()?, from.varint()?);
        let mut watched = Tally::default();
        watched.add(PixelState::Fired as usize, fired);
        watched.add(PixelState::Sent as usize, all.checked_sub(fired).ok_or(Damaged)?);
        Ok(Self { expected, states, watched, times: Times::unpack_tally(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_and_a_median_are_of_what_is_known() {
        let mut outcomes = Outcomes::default();
        let mut note = |state, milliseconds, watched| {
            outcomes.note(&PixelResult { pixel_id: uuid::Uuid::nil(), state, milliseconds, watched });
            (outcomes.confirmed_rate(), outcomes.median_ms())
        };
        assert_eq!(note(PixelState::Sent, 3, false), (None, None));
        assert_eq!(note(PixelState::Blocked, 1, false), (None, None));
        for milliseconds in [5, 9, 12] {
            note(PixelState::Fired, milliseconds, true);
        }
        note(PixelState::Blocked, 1, true);
        assert_eq!((outcomes.confirmed_rate(), outcomes.median_ms()), (Some(0.75), Some(9)));
        assert_eq!((outcomes.count(PixelState::Blocked), outcomes.watched_in(PixelState::Blocked)), (2, 1));
    }
}
