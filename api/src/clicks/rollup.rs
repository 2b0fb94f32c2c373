//! Counts of clicks and receipts over a period, as one value that can be added to, merged and packed. Pure: `ingest` adds
//! and packs, `report` unpacks and merges. Merging is associative and commutative, and a rollup is a function of the
//! clicks and receipts in it, whatever their order (but for what [`breakdown`] and [`split`] say of many values).

pub mod breakdown;
pub mod bytes;
pub mod delivery;
pub mod dimension;
pub mod outcomes;
pub mod packing;
pub mod quarters;
pub mod sketch;
pub mod split;
pub mod times;

#[cfg(test)]
mod tests;

use self::{
    breakdown::Breakdown,
    bytes::Tally,
    delivery::{Delivery, Origin},
    dimension::Dimension,
    quarters::Quarters,
    sketch::Sketch,
};
use contract::click::{Click, Exclusion, PixelResult, PixelState, Receipt};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Whose clicks a rollup counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of a tenant's: broken down by link as well.
    Tenant,
    /// A link's.
    Link,
}

/// What stands before the parts of a packed rollup: all that a series needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// People's clicks.
    pub human: u64,
    /// Visits that are not people's clicks, by [`Exclusion`], in the order of `Exclusion::ALL`.
    pub excluded: Tally,
    /// The people.
    pub visitors: Sketch<12>,
}

impl Totals {
    /// Counts a click.
    fn add(&mut self, click: &Click) {
        match click.exclusion {
            None => {
                self.human = self.human.saturating_add(1);
                self.visitors.insert(click.visitor);
            }
            Some(exclusion) => self.excluded.add(exclusion as usize, 1),
        }
    }

    /// Machines' clicks.
    #[must_use]
    pub fn bot(&self) -> u64 {
        let machines = Exclusion::ALL.into_iter().filter(|exclusion| exclusion.is_bot());
        machines.fold(0, |sum, exclusion| sum.saturating_add(self.excluded_by(exclusion)))
    }

    /// Visits that were excluded for this reason.
    #[must_use]
    pub fn excluded_by(&self, exclusion: Exclusion) -> u64 {
        self.excluded.at(exclusion as usize)
    }

    /// Adds other totals.
    pub fn merge(&mut self, other: &Self) {
        self.human = self.human.saturating_add(other.human);
        self.excluded.merge(&other.excluded);
        self.visitors.merge(&other.visitors);
    }
}

/// Counts of clicks and receipts over a period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollup {
    /// All clicks together.
    pub totals: Totals,
    /// The same by the quarters of the hour; of longer periods none are kept.
    pub quarters: Quarters,
    /// By pixel.
    pub deliveries: BTreeMap<Uuid, Delivery>,
    /// By the number of the dimension, so that those of a later version are kept.
    breakdowns: BTreeMap<u8, Breakdown>,
}

impl Rollup {
    /// Counts a click. A person who was turned away (the link was archived, expired, ...) counts as excluded and nowhere
    /// else: neither as a person's click nor as a machine's.
    pub fn add_click(&mut self, scope: Scope, click: &Click) {
        self.totals.add(click);
        self.quarters.add(click);
        let origin = origin(&click.browser, &click.country);
        for pixel in &click.refused {
            let result = PixelResult { pixel_id: *pixel, state: PixelState::Refused, milliseconds: 0, watched: false };
            self.deliveries.entry(*pixel).or_default().note(origin, &result);
        }
        for pixel in &click.pixels {
            self.deliveries.entry(*pixel).or_default().count_expected(origin);
        }
        let is_bot = match click.exclusion {
            None => false,
            Some(exclusion) if exclusion.is_bot() => true,
            Some(_) => return,
        };
        for dimension in Dimension::ALL {
            if dimension == Dimension::Link && scope == Scope::Link {
                continue;
            }
            let breakdown = self.breakdowns.entry(dimension.number()).or_default();
            breakdown.change(&dimension.value_of(click), |counts| {
                if is_bot {
                    counts.bot = counts.bot.saturating_add(1);
                } else {
                    counts.human = counts.human.saturating_add(1);
                    counts.visitors.insert(click.visitor);
                }
            });
        }
    }

    /// Counts a receipt.
    pub fn add_receipt(&mut self, receipt: &Receipt) {
        let origin = origin(&receipt.browser, &receipt.country);
        for result in &receipt.results {
            self.deliveries.entry(result.pixel_id).or_default().note(origin, result);
        }
    }

    /// Adds a rollup of the same hour.
    pub fn merge(&mut self, other: &Self) {
        self.quarters.merge(&other.quarters);
        self.merge_period(other);
    }

    /// Adds a rollup of any period, without its quarters: in a longer one they mean nothing.
    pub fn merge_period(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        for (pixel, delivery) in &other.deliveries {
            self.deliveries.entry(*pixel).or_default().merge(delivery);
        }
        for (dimension, breakdown) in &other.breakdowns {
            self.breakdowns.entry(*dimension).or_default().merge(breakdown);
        }
    }

    /// The same of an hour: what is not known by quarters counts in the first.
    #[must_use]
    pub fn of_hour(mut self) -> Self {
        self.quarters = self.quarters.or_unknown(&self.totals);
        self
    }

    /// The clicks by the values of a dimension; `None` when there are none.
    #[must_use]
    pub fn breakdown(&self, dimension: Dimension) -> Option<&Breakdown> {
        self.breakdowns.get(&dimension.number())
    }

    /// Visits of all pixels that ended in `state`.
    #[must_use]
    pub fn pixels(&self, state: PixelState) -> u64 {
        self.deliveries.values().fold(0, |sum, delivery| sum.saturating_add(delivery.all.count(state)))
    }

    /// Folds what a dimension has beyond `most` values into its `other`, to bound a sum over many rollups.
    pub fn trim(&mut self, most: usize) {
        for breakdown in self.breakdowns.values_mut().filter(|breakdown| breakdown.values.len() > most) {
            *breakdown = breakdown.trimmed(most).into_owned();
        }
    }
}

fn origin<'a>(browser: &'a Option<String>, country: &'a Option<String>) -> Origin<'a> {
    let value = |value: &'a Option<String>| dimension::cut(value.as_deref().unwrap_or_default());
    Origin { browser: value(browser), country: value(country) }
}
