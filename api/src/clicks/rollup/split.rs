//! What became of a pixel by the values of something, such as the browser. Exact while there are few values; beyond so
//! many, those with the fewest visits are folded into `other` when a rollup is packed. The parts always come to the whole.
//!
//! A link of the long tail gets less than a click an hour, so that all of a row has one value: then the value alone is
//! written, and its outcomes are those of the whole.

use super::{
    bytes::{Damaged, Reader, text, varint},
    outcomes::Outcomes,
};
use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

/// What became of a pixel by the values of something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// By value; the empty one is of visits whose value is unknown.
    pub values: BTreeMap<Box<str>, Outcomes>,
    /// What the values that are not listed have together.
    pub other: Outcomes,
}

impl Split {
    /// That of visits whose values nobody has noted.
    pub(super) fn unknown(whole: &Outcomes) -> Self {
        Self { values: BTreeMap::from([(Box::default(), whole.clone())]), other: Outcomes::default() }
    }

    /// Changes the outcomes of a value.
    pub(super) fn change(&mut self, value: &str, change: impl FnOnce(&mut Outcomes)) {
        // nearly always the value is there, and needs no key of its own
        match self.values.get_mut(value) {
            Some(outcomes) => change(outcomes),
            None => change(self.values.entry(value.into()).or_default()),
        }
    }

    /// Adds another split.
    pub fn merge(&mut self, other: &Self) {
        for (value, outcomes) in &other.values {
            self.change(value, |ours| ours.merge(outcomes));
        }
        self.other.merge(&other.other);
    }

    /// The values, those with the most visits first, then by name.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&str, &Outcomes)> {
        let mut ranked: Vec<_> = self.values.iter().map(|(value, outcomes)| (value.as_ref(), outcomes)).collect();
        // stable: what has as many stays in the order of names
        ranked.sort_by_key(|(_, outcomes)| Reverse(outcomes.visits()));
        ranked
    }

    /// The same with at most `most` values, the rest folded into `other`.
    #[must_use]
    pub fn trimmed(&self, most: usize) -> Cow<'_, Self> {
        if self.values.len() <= most {
            return Cow::Borrowed(self);
        }
        let mut trimmed = Self { values: BTreeMap::new(), other: self.other.clone() };
        for (place, (value, outcomes)) in self.ranked().into_iter().enumerate() {
            if place < most {
                trimmed.values.insert(value.into(), outcomes.clone());
            } else {
                trimmed.other.merge(outcomes);
            }
        }
        Cow::Owned(trimmed)
    }

    /// Appends 0 and the value where one has the whole; else a number, 1 plus twice how many values there are plus 1
    /// where there are others, then each with its outcomes, then those of the others.
    pub(super) fn pack(&self, whole: &Outcomes, out: &mut Vec<u8>) {
        let has_other = self.other != Outcomes::default();
        if let (1, false, Some((value, outcomes))) = (self.values.len(), has_other, self.values.first_key_value())
            && outcomes == whole
        {
            out.push(0);
            return text(out, value);
        }
        varint(out, 1 + 2 * self.values.len() as u64 + u64::from(has_other));
        for (value, outcomes) in &self.values {
            text(out, value);
            outcomes.pack(out);
        }
        if has_other {
            self.other.pack(out);
        }
    }

    /// Reads what [`Split::pack`] wrote.
    pub(super) fn unpack(from: &mut Reader<'_>, whole: &Outcomes) -> Result<Self, Damaged> {
        let mut split = Self::default();
        let Some(counted) = from.varint()?.checked_sub(1) else {
            split.values.insert(from.text()?.into(), whole.clone());
            return Ok(split);
        };
        for _ in 0..counted / 2 {
            let value = from.text()?.into();
            // each stands once: a second one would be lost
            if split.values.insert(value, Outcomes::unpack(from)?).is_some() {
                return Err(Damaged);
            }
        }
        if counted % 2 == 1 {
            split.other = Outcomes::unpack(from)?;
            // what is empty is not written
            if split.other == Outcomes::default() {
                return Err(Damaged);
            }
        }
        Ok(split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(parts: &[(&str, u64)]) -> (Split, Outcomes) {
        let (mut split, mut whole) = (Split::default(), Outcomes::default());
        for (value, expected) in parts {
            split.change(value, |outcomes| outcomes.expected += expected);
            whole.expected += expected;
        }
        (split, whole)
    }

    #[test]
    fn the_rare_values_fold_into_other_and_ties_break_by_name() {
        let (split, whole) = split(&[("a", 1), ("b", 2), ("c", 1), ("d", 1)]);
        let trimmed = split.trimmed(2);
        assert_eq!(trimmed.ranked().iter().map(|(value, _)| *value).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(trimmed.other.expected, 2);
        assert!(matches!(split.trimmed(4), Cow::Borrowed(_)));
        let mut out = Vec::new();
        trimmed.pack(&whole, &mut out);
        assert_eq!(Split::unpack(&mut Reader::new(&out), &whole), Ok(trimmed.into_owned()));
    }

    #[test]
    fn what_has_one_value_takes_no_more_than_its_name() {
        for parts in [&[("FR", 3)][..], &[("", 1)], &[("FR", 3), ("DE", 1)], &[]] {
            let (split, whole) = split(parts);
            let mut out = Vec::new();
            split.pack(&whole, &mut out);
            assert!(parts.len() != 1 || out.len() == 2 + parts[0].0.len(), "{out:?}");
            assert_eq!(Split::unpack(&mut Reader::new(&out), &whole), Ok(split));
        }
    }
}
