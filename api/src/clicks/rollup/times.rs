//! Times of pixels that fired, in buckets that grow with them, so that a median is within 6 %. Only buckets that hold
//! something are kept: a link of the long tail has one time an hour, and a country that is seldom seen a few a day.

use super::bytes::{Damaged, Reader, Tally, varint};

/// Buckets in which a time doubles; below twice as many milliseconds each has a bucket of its own.
const STEPS: u32 = 8;

/// How often each bucket of times occurred: ascending, none of them empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times(Vec<(u8, u64)>);

impl Times {
    /// Counts a time.
    pub(super) fn add(&mut self, milliseconds: u32) {
        self.count(bucket(milliseconds), 1);
    }

    fn count(&mut self, bucket: u8, count: u64) {
        match self.0.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(place) => self.0[place].1 = self.0[place].1.saturating_add(count),
            Err(place) => self.0.insert(place, (bucket, count)),
        }
    }

    /// Adds other times.
    pub(super) fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(bucket, count)| self.count(*bucket, *count));
    }

    /// How many times there are.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The median, in milliseconds; `None` when there is no time.
    #[must_use]
    pub fn median_ms(&self) -> Option<u32> {
        let half = self.sum().div_ceil(2);
        let mut seen = 0_u64;
        let middle = self.0.iter().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen >= half
        });
        middle.map(|(bucket, _)| midpoint(*bucket))
    }

    /// Appends how many buckets there are, then for each the distance from the bucket after the one before, and its count.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        varint(out, self.0.len() as u64);
        let mut next = 0_u64;
        for (bucket, count) in &self.0 {
            varint(out, u64::from(*bucket) - next);
            varint(out, *count);
            next = u64::from(*bucket) + 1;
        }
    }

    /// Reads what [`Times::pack`] wrote.
    pub(super) fn unpack(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let mut times = Self::default();
        let mut next = 0_u64;
        for _ in 0..from.varint()? {
            let bucket = next.checked_add(from.varint()?).and_then(|bucket| u8::try_from(bucket).ok());
            let (bucket, count) = (bucket.ok_or(Damaged)?, from.varint()?);
            // what is empty is not written
            if count == 0 {
                return Err(Damaged);
            }
            times.0.push((bucket, count));
            next = u64::from(bucket) + 1;
        }
        Ok(times)
    }

    /// Reads the tally of all buckets, empty or not, that versions 1 and 2 wrote.
    pub(super) fn unpack_tally(from: &mut Reader<'_>) -> Result<Self, Damaged> {
        let mut times = Self::default();
        for (bucket, count) in Tally::unpack(from)?.counts().filter(|(_, count)| *count > 0) {
            times.0.push((u8::try_from(bucket).map_err(|_| Damaged)?, count));
        }
        Ok(times)
    }
}

/// The bucket of a time: 0 to 15 ms one each, then [`STEPS`] for every doubling; 239 is the last.
fn bucket(milliseconds: u32) -> u8 {
    let bucket = if milliseconds < 2 * STEPS {
        milliseconds
    } else {
        let doublings = milliseconds.ilog2() - STEPS.ilog2();
        doublings * STEPS + (milliseconds >> doublings)
    };
    u8::try_from(bucket).unwrap_or(u8::MAX)
}

/// The middle of a bucket; what no time falls into counts as the longest.
fn midpoint(bucket: u8) -> u32 {
    let bucket = u32::from(bucket);
    if bucket < 2 * STEPS {
        return bucket;
    }
    let doublings = bucket / STEPS - 1;
    let middle = (u64::from(bucket % STEPS + STEPS) << doublings) + (1_u64 << doublings) / 2;
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
        assert_eq!((last, midpoint(u8::MAX)), (239, u32::MAX));
    }

    #[test]
    fn only_what_occurred_is_written() {
        let mut times = Times::default();
        assert_eq!(times.median_ms(), None);
        [3, 3, 300].into_iter().for_each(|milliseconds| times.add(milliseconds));
        let mut out = Vec::new();
        times.pack(&mut out);
        assert_eq!(out, [2, 3, 2, 45, 1]);
        assert_eq!(Times::unpack(&mut Reader::new(&out)), Ok(times.clone()));
        assert_eq!((times.sum(), times.median_ms()), (3, Some(3)));
        for damaged in [&[1, 3, 0][..], &[2, 250, 1, 1, 5, 1], &[1, 128, 2, 1], &[3, 3, 2, 45, 1]] {
            assert_eq!(Times::unpack(&mut Reader::new(damaged)), Err(Damaged), "{damaged:?}");
        }
    }
}
