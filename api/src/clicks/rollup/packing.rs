//! A rollup to bytes and back: the column `packed` of the table `rollups`, once an ingest has merged into it. An old
//! version is always read; a newer one is refused. Packing what was unpacked gives the same bytes.
//!
//! # Layout, version 3
//! `number` is of varying length: seven bits a byte, the lowest first, the eighth bit says that more follows. `text` is
//! its length in bytes (`number`), then UTF-8. `tally` is how many counts there are (`number`), then each (`number`).
//!
//! | what | as |
//! |---|---|
//! | version | one byte, 3 |
//! | people's clicks | number |
//! | visits that are not people's clicks, by reason: preview crawler, bot, no user agent, archived, disabled, expired, not started | tally |
//! | people | sketch, P = 12 |
//! | which quarters of the hour had any of these, the first one the lowest bit; of a day none | one byte |
//! | for each of them, where there are several: people's clicks, visits that are not, people | number, tally, sketch, P = 12 |
//! | how many pixels | number |
//! | a pixel, in the order of ids: id, outcomes of all visits, the same by browser, the same by country | 16 bytes, outcomes, split, split |
//! | how many dimensions | number |
//! | a dimension, in the order of numbers: its number ([`Dimension`](super::dimension::Dimension)), how many values | one byte, number |
//! | a value, in the order of bytes: the value (empty: unknown), people's clicks, machines' clicks, people, and how many of people's clicks may be missed | text, number, number, sketch, P = 10, number |
//! | after the values, those beyond the most frequent 1,000 together, in the same way; then how many of people's clicks one of them may have | number, number, sketch, P = 10, number; number |
//!
//! Outcomes are: visits that were expected to fire the pixel (number); visits by state: sent, fired, blocked, failed,
//! timed out, refused (tally); those of them that waited to see it (tally); times of fired: how many buckets hold any
//! (number), then for each the distance from the bucket after the one before (number) and its count (number). There is a
//! bucket for each of 0 to 15 ms, then eight for every doubling.
//! A split begins with a number: 0 where all visits have one value, which follows (text); else 1, plus twice how many
//! values follow, plus 1 where there are visits with others. A value, in the order of bytes (empty: unknown), is a text and
//! outcomes; then, where there are others, those of all values beyond the 50 browsers or 250 countries with most visits.
//! A sketch begins with a byte: 0 to 48 is how many visitors follow, exactly, as ascending 64-bit hashes (little-endian);
//! 254 is a list of the `HyperLogLog` registers above zero: how many (number), then for each the distance from the
//! register after the one before, times 64, plus its value (number); 255 is all `2^P` registers: the lowest one (byte),
//! then four bits each for how much more it is (the first register in the upper half of a byte), then, for each that
//! says 15, how much more it is than that (byte).
//! The totals stand first, so that a series can be read from the first [`TOTALS_LENGTH`] bytes of a value, and one by
//! quarters from the first [`QUARTERS_LENGTH`].
//!
//! # Older versions
//! In versions 1 and 2 a pixel is: id, expected, by state, watched, fired of those, times of fired by bucket (16 bytes,
//! number, tally, number, number, tally), without splits: all its visits have unknown values. Version 1 has no quarters:
//! all of an hour counts in the first.

use super::{
    Rollup, Totals,
    breakdown::{Breakdown, Counts, MOST_VALUES},
    bytes::{Damaged, Reader, Tally, text, varint},
    delivery::Delivery,
    quarters::Quarters,
    sketch::Sketch,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The version that is written.
const VERSION: u8 = 3;

/// The totals stand within so many first bytes of a packed rollup: counts, and a sketch that at its longest has 4,096
/// registers of four bits and a byte.
pub const TOTALS_LENGTH: usize = 8 * 1024;
/// The same with the quarters: five totals.
pub const QUARTERS_LENGTH: usize = 5 * TOTALS_LENGTH;

impl Rollup {
    /// Packs the rollup.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        pack_totals(&self.totals, &mut out);
        self.quarters.pack(&mut out);
        varint(&mut out, self.deliveries.len() as u64);
        for (pixel, delivery) in &self.deliveries {
            out.extend_from_slice(pixel.as_bytes());
            delivery.pack(&mut out);
        }
        varint(&mut out, self.breakdowns.len() as u64);
        for (dimension, breakdown) in &self.breakdowns {
            out.push(*dimension);
            pack_breakdown(&breakdown.trimmed(MOST_VALUES), &mut out);
        }
        out
    }

    /// Reads what [`Rollup::pack`] wrote. No bytes at all are a rollup of nothing.
    ///
    /// # Errors
    /// [`Damaged`] for a version that is not known and for anything that `pack` does not write.
    pub fn unpack(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut from = Reader::new(bytes);
        if from.is_at_end() {
            return Ok(Self::default());
        }
        let version = unpack_version(&mut from)?;
        let (totals, quarters) = unpack_beginning(&mut from, version)?;
        let deliveries = unpack_deliveries(&mut from, version)?;
        let breakdowns = unpack_breakdowns(&mut from)?;
        let rollup = Self { totals, quarters, deliveries, breakdowns };
        if from.is_at_end() { Ok(rollup) } else { Err(Damaged) }
    }
}

impl Totals {
    /// Reads the totals from the beginning of a packed rollup: [`TOTALS_LENGTH`] bytes are enough.
    ///
    /// # Errors
    /// As [`Rollup::unpack`].
    pub fn unpack(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut from = Reader::new(bytes);
        if from.is_at_end() {
            return Ok(Self::default());
        }
        unpack_version(&mut from)?;
        unpack_totals(&mut from)
    }
}

impl Quarters {
    /// Reads the quarters from the beginning of an hour's packed rollup: [`QUARTERS_LENGTH`] bytes are enough.
    ///
    /// # Errors
    /// As [`Rollup::unpack`].
    pub fn of_hour(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut from = Reader::new(bytes);
        if from.is_at_end() {
            return Ok(Self::default());
        }
        let version = unpack_version(&mut from)?;
        let (totals, quarters) = unpack_beginning(&mut from, version)?;
        Ok(quarters.or_unknown(&totals))
    }
}

/// Reads what became of each pixel from a packed rollup, and nothing after it.
///
/// # Errors
/// As [`Rollup::unpack`].
pub fn deliveries_of(bytes: &[u8]) -> Result<BTreeMap<Uuid, Delivery>, Damaged> {
    let mut from = Reader::new(bytes);
    if from.is_at_end() {
        return Ok(BTreeMap::new());
    }
    let version = unpack_version(&mut from)?;
    unpack_beginning(&mut from, version)?;
    unpack_deliveries(&mut from, version)
}

fn unpack_version(from: &mut Reader<'_>) -> Result<u8, Damaged> {
    let version = from.byte()?;
    if (1..=VERSION).contains(&version) { Ok(version) } else { Err(Damaged) }
}

/// Totals and quarters.
fn unpack_beginning(from: &mut Reader<'_>, version: u8) -> Result<(Totals, Quarters), Damaged> {
    let totals = unpack_totals(from)?;
    let quarters =
        if version == 1 { Quarters::default().or_unknown(&totals) } else { Quarters::unpack(from, &totals)? };
    Ok((totals, quarters))
}

pub(super) fn pack_totals(totals: &Totals, out: &mut Vec<u8>) {
    varint(out, totals.human);
    totals.excluded.pack(out);
    totals.visitors.pack(out);
}

fn pack_breakdown(breakdown: &Breakdown, out: &mut Vec<u8>) {
    varint(out, breakdown.values.len() as u64);
    for (value, counts) in &breakdown.values {
        text(out, value);
        pack_counts(counts, out);
    }
    pack_counts(&breakdown.other, out);
    varint(out, breakdown.floor);
}

fn pack_counts(counts: &Counts, out: &mut Vec<u8>) {
    varint(out, counts.human);
    varint(out, counts.bot);
    counts.visitors.pack(out);
    varint(out, counts.credit);
}

pub(super) fn unpack_totals(from: &mut Reader<'_>) -> Result<Totals, Damaged> {
    Ok(Totals { human: from.varint()?, excluded: Tally::unpack(from)?, visitors: Sketch::unpack(from)? })
}

fn unpack_deliveries(from: &mut Reader<'_>, version: u8) -> Result<BTreeMap<Uuid, Delivery>, Damaged> {
    let mut deliveries = BTreeMap::new();
    for _ in 0..from.varint()? {
        let pixel = Uuid::from_bytes(from.array()?);
        let delivery = if version < 3 { Delivery::unpack_old(from)? } else { Delivery::unpack(from)? };
        // each stands once: a second one would be lost
        if deliveries.insert(pixel, delivery).is_some() {
            return Err(Damaged);
        }
    }
    Ok(deliveries)
}

fn unpack_breakdowns(from: &mut Reader<'_>) -> Result<BTreeMap<u8, Breakdown>, Damaged> {
    let mut breakdowns = BTreeMap::new();
    for _ in 0..from.varint()? {
        let dimension = from.byte()?;
        if breakdowns.insert(dimension, unpack_breakdown(from)?).is_some() {
            return Err(Damaged);
        }
    }
    Ok(breakdowns)
}

fn unpack_breakdown(from: &mut Reader<'_>) -> Result<Breakdown, Damaged> {
    let mut breakdown = Breakdown::default();
    for _ in 0..from.varint()? {
        let value = from.text()?.into();
        if breakdown.values.insert(value, unpack_counts(from)?).is_some() {
            return Err(Damaged);
        }
    }
    breakdown.other = unpack_counts(from)?;
    breakdown.floor = from.varint()?;
    Ok(breakdown)
}

fn unpack_counts(from: &mut Reader<'_>) -> Result<Counts, Damaged> {
    let (human, bot) = (from.varint()?, from.varint()?);
    Ok(Counts { human, bot, visitors: Sketch::unpack(from)?, credit: from.varint()? })
}
