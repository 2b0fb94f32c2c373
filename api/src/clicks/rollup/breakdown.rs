//! Clicks by the values of one dimension. Exact while a dimension has at most [`MOST_VALUES`] of them; beyond that the
//! values with the fewest clicks are folded into `other` when a rollup is packed. The sums stay exact, and the listed
//! counts are then lower bounds: what a value had before it was listed (again) is in `other`.

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
}

impl Counts {
    /// Adds other clicks.
    pub fn merge(&mut self, other: &Self) {
        self.human = self.human.saturating_add(other.human);
        self.bot = self.bot.saturating_add(other.bot);
        self.visitors.merge(&other.visitors);
    }
}

/// Clicks by the values of one dimension.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breakdown {
    /// By value; the empty one is of clicks whose value is unknown.
    pub values: BTreeMap<Box<str>, Counts>,
    /// What the values beyond the most frequent ones have together.
    pub other: Counts,
}

impl Breakdown {
    /// Changes the clicks of a value.
    pub fn change(&mut self, value: &str, change: impl FnOnce(&mut Counts)) {
        // nearly always the value is there, and needs no key of its own
        match self.values.get_mut(value) {
            Some(counts) => change(counts),
            None => change(self.values.entry(value.into()).or_default()),
        }
    }

    /// Adds another breakdown.
    pub fn merge(&mut self, other: &Self) {
        for (value, counts) in &other.values {
            self.change(value, |ours| ours.merge(counts));
        }
        self.other.merge(&other.other);
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
        let mut trimmed = Self { values: BTreeMap::new(), other: self.other.clone() };
        for (place, (value, counts)) in self.ranked().into_iter().enumerate() {
            if place < most {
                trimmed.values.insert(value.into(), counts.clone());
            } else {
                trimmed.other.merge(counts);
            }
        }
        Cow::Owned(trimmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rare_values_fold_into_other_and_ties_break_by_name() {
        let mut breakdown = Breakdown::default();
        for (value, human, bot) in [("a", 1, 0), ("b", 2, 0), ("c", 1, 1), ("d", 1, 0), ("e", 0, 9)] {
            breakdown.change(value, |counts| (counts.human, counts.bot) = (human, bot));
        }
        let trimmed = breakdown.trimmed(3);
        assert_eq!(trimmed.ranked().iter().map(|(value, _)| *value).collect::<Vec<_>>(), ["b", "c", "a"]);
        assert_eq!((trimmed.other.human, trimmed.other.bot), (1, 9));
        assert!(matches!(breakdown.trimmed(5), Cow::Borrowed(_)));
    }
}
