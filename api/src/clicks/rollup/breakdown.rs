//! Clicks by the values of one dimension. Exact while a dimension has at most [`MOST_VALUES`] of them; beyond that the
//! values that rank lowest are folded into `other` when a rollup is packed. The sums stay exact, and a listed count is
//! then a lower bound: it misses at most its `credit`, which stays near a thousandth of all clicks.
//!
//! The credit is that of the Space-Saving algorithm (Metwally, Agrawal, El Abbadi, 2005): what a value may have had while
//! it was not listed. Without it a value that gets a click now and then would lose its place each time, and never show.

use super::sketch::Sketch;
use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

/// Most values of a dimension in a packed rollup.
pub const MOST_VALUES: usize = 1_000;

/// The clicks of one value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// People's clicks.
    pub human: u64,
    /// Machines' clicks.
    pub bot: u64,
    /// The people.
    pub visitors: Sketch<10>,
    /// The most people's clicks that `human` may miss.
    pub credit: u64,
}

impl Counts {
    /// Adds other clicks.
    pub fn merge(&mut self, other: &Self) {
        self.human = self.human.saturating_add(other.human);
        self.bot = self.bot.saturating_add(other.bot);
        self.visitors.merge(&other.visitors);
        self.credit = self.credit.saturating_add(other.credit);
    }

    /// What decides who keeps a place.
    const fn rank(&self) -> u64 {
        self.human.saturating_add(self.credit)
    }
}

/// Clicks by the values of one dimension.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breakdown {
    /// By value; the empty one is of clicks whose value is unknown.
    pub values: BTreeMap<Box<str>, Counts>,
    /// What the values that are not listed have together.
    pub other: Counts,
    /// The most people's clicks that a value may have which is not listed; 0 while all are.
    pub floor: u64,
}

impl Breakdown {
    /// Changes the clicks of a value.
    pub fn change(&mut self, value: &str, change: impl FnOnce(&mut Counts)) {
        // nearly always the value is there, and needs no key of its own
        match self.values.get_mut(value) {
            Some(counts) => change(counts),
            None => {
                let new = Counts { credit: self.floor, ..Counts::default() };
                change(self.values.entry(value.into()).or_insert(new));
            }
        }
    }

    /// Adds another breakdown.
    pub fn merge(&mut self, other: &Self) {
        if other.floor > 0 {
            for (value, counts) in &mut self.values {
                if !other.values.contains_key(value) {
                    counts.credit = counts.credit.saturating_add(other.floor);
                }
            }
        }
        for (value, counts) in &other.values {
            self.change(value, |ours| ours.merge(counts));
        }
        self.other.merge(&other.other);
        self.floor = self.floor.saturating_add(other.floor);
    }

    /// The values in the order of their people's clicks, then machines' clicks, then by name.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&str, &Counts)> {
        let mut ranked: Vec<_> = self.values.iter().map(|(value, counts)| (value.as_ref(), counts)).collect();
        ranked.sort_unstable_by_key(|(value, counts)| (Reverse(counts.human), Reverse(counts.bot), *value));
        ranked
    }

    /// The same with at most `most` values, the rest folded into `other`.
    #[must_use]
    pub fn trimmed(&self, most: usize) -> Cow<'_, Self> {
        if self.values.len() <= most {
            return Cow::Borrowed(self);
        }
        let mut trimmed = Self { values: BTreeMap::new(), other: self.other.clone(), floor: self.floor };
        let mut ranked = self.ranked();
        // stable: what ranks the same stays in order
        ranked.sort_by_key(|(_, counts)| Reverse(counts.rank()));
        for (place, (value, counts)) in ranked.into_iter().enumerate() {
            if place < most {
                trimmed.values.insert(value.into(), counts.clone());
            } else {
                trimmed.floor = trimmed.floor.max(counts.rank());
                trimmed.other.merge(&Counts { credit: 0, ..counts.clone() });
            }
        }
        Cow::Owned(trimmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breakdown(counts: &[(&str, u64, u64)]) -> Breakdown {
        let mut breakdown = Breakdown::default();
        for (value, human, bot) in counts {
            breakdown.change(value, |counts| (counts.human, counts.bot) = (*human, *bot));
        }
        breakdown
    }

    #[test]
    fn the_rare_values_fold_into_other_and_ties_break_by_name() {
        let breakdown = breakdown(&[("a", 1, 0), ("b", 2, 0), ("c", 1, 1), ("d", 1, 0), ("e", 0, 9)]);
        let trimmed = breakdown.trimmed(3);
        assert_eq!(trimmed.ranked().iter().map(|(value, _)| *value).collect::<Vec<_>>(), ["b", "c", "a"]);
        assert_eq!((trimmed.other.human, trimmed.other.bot, trimmed.floor), (1, 9, 1));
        assert!(matches!(breakdown.trimmed(5), Cow::Borrowed(_)));
    }

    #[test]
    fn a_value_that_comes_again_and_again_gets_a_place() {
        let mut all = breakdown(&[("a", 1, 0), ("b", 1, 0), ("c", 1, 0)]);
        for turn in 0..30 {
            all.merge(&breakdown(&[("z", 1, 0), (&format!("rare{turn}"), 1, 0)]));
            all = all.trimmed(3).into_owned();
        }
        let z = &all.values["z"];
        assert!(z.human >= 25 && z.human + z.credit >= 30, "{z:?}");
        let listed: u64 = all.values.values().map(|counts| counts.human).sum();
        assert_eq!(listed + all.other.human, 63);
    }
}
