//! An hour's totals by its quarters, so that a series in a zone which is not a whole number of hours from UTC has its true
//! boundaries. A link of the long tail gets less than a click an hour: a single quarter takes one byte, for its totals are
//! those of the hour.

use super::{
    Totals,
    bytes::{Damaged, Reader},
    packing::{pack_totals, unpack_totals},
};
use contract::{
    click::Click,
    clock::{HOUR, MINUTE},
};

/// Length of a quarter, in milliseconds.
pub const QUARTER: i64 = 15 * MINUTE;

/// An hour's totals by its quarters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quarters([Totals; 4]);

impl Quarters {
    /// Counts a click in its quarter.
    pub(super) fn add(&mut self, click: &Click) {
        let place = usize::try_from(click.at.rem_euclid(HOUR) / QUARTER).unwrap_or_default();
        self.0[place].add(click);
    }

    /// Adds those of the same hour.
    pub(super) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(ours, theirs)| ours.merge(theirs));
    }

    /// The quarters in which there was something, each with the milliseconds from the hour's start on.
    pub fn into_parts(self) -> impl Iterator<Item = (i64, Totals)> {
        (0..).step_by(QUARTER as usize).zip(self.0).filter(|(_, totals)| *totals != Totals::default())
    }

    /// Appends a byte that has a bit for every quarter in which there was something; then, where it is more than one,
    /// the totals of each.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        let filled: Vec<_> = self.0.iter().enumerate().filter(|(_, totals)| **totals != Totals::default()).collect();
        out.push(filled.iter().fold(0, |mask, (place, _)| mask | 1 << place));
        if filled.len() > 1 {
            filled.iter().for_each(|(_, totals)| pack_totals(totals, out));
        }
    }

    /// Reads what [`Quarters::pack`] wrote; `whole` are the totals of the hour.
    pub(super) fn unpack(from: &mut Reader<'_>, whole: &Totals) -> Result<Self, Damaged> {
        let mask = from.byte()?;
        let mut quarters = Self::default();
        let filled = quarters.0.iter_mut().enumerate().filter(|(place, _)| mask & 1 << place != 0);
        for (_, totals) in filled {
            *totals = if mask.count_ones() == 1 { whole.clone() } else { unpack_totals(from)? };
            // what is empty has no bit
            if *totals == Totals::default() {
                return Err(Damaged);
            }
        }
        if mask >> 4 == 0 { Ok(quarters) } else { Err(Damaged) }
    }

    /// The same, or all in the first: of an hour that was packed before quarters were counted there are none.
    pub(super) fn or_unknown(mut self, whole: &Totals) -> Self {
        if self == Self::default() {
            self.0[0] = whole.clone();
        }
        self
    }
}
