//! A report's clicks over time. A stretch of the range is read after the other and added to the bucket that is being filled,
//! so that a series takes no more memory than its points and one stretch: sketches of every hour would fill it.

use super::{
    MOST_DAYS_BY_HOUR, NO_ZONE, Report,
    calendar::{Interval, buckets},
    down,
    reading::{self, cover},
    up, zone,
};
use crate::{
    clicks::rollup::Totals,
    error::{Code, Error},
};
use contract::clock::{DAY, HOUR};
use entities::rollup::Period;
use std::collections::BTreeSet;

/// Hours read at once for buckets of an hour, whose quarters may be needed as well.
const HOURS: i64 = 10 * 24;
/// Hours read at once for longer buckets.
const HOURS_OF_LONGER: i64 = 31 * 24;

/// A bucket of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Start of the bucket.
    pub at: i64,
    /// What counts, by the filter.
    pub clicks: u64,
    /// People's clicks.
    pub human_clicks: u64,
    /// Machines' clicks.
    pub bot_clicks: u64,
    /// Different people of each day.
    pub unique_visitors: u64,
}

/// Rows of one period that are read at once: `(period, from, to)`.
type Stretch = (Period, i64, i64);

impl Report {
    /// The series by `interval`, without gaps, in the time zone of the filter or another.
    ///
    /// # Errors
    /// `INVALID` in `timeZone` and `interval`; of the database.
    pub async fn series(&self, interval: Interval, time_zone: Option<&str>) -> Result<Vec<Point>, Error> {
        let no_zone = || Error::mistake("timeZone", Code::Invalid, NO_ZONE);
        let zone = time_zone.map_or_else(|| Some(self.filter.zone.clone()), zone).ok_or_else(no_zone)?;
        let (from, to) = self.range();
        // what was asked for may have been widened by most of an hour at either end
        if interval == Interval::Hour && to - from >= MOST_DAYS_BY_HOUR * DAY + 2 * HOUR {
            let rule = format!("HOUR takes a range of at most {MOST_DAYS_BY_HOUR} days");
            return Err(Error::mistake("interval", Code::Invalid, rule));
        }
        let none = || Error::mistake("filter.from", Code::Invalid, "must be an instant of the calendar");
        let starts = buckets(from, to, interval, &zone).ok_or_else(none)?;
        let cut = self.cut_by(&starts);
        let by_days = starts.iter().all(|start| start.rem_euclid(DAY) == 0);
        let stretches = match interval {
            _ if by_days => days(from, to),
            Interval::Hour => hours(self.hours_of_range(), HOURS),
            _ => hours(self.hours_of_range(), HOURS_OF_LONGER),
        };
        let mut points = Points::new(self, &starts);
        for stretch in stretches {
            self.read(stretch, &cut).await?.iter().for_each(|(at, totals)| points.add(*at, totals));
        }
        Ok(points.finish())
    }

    /// The totals of a stretch, ascending; of the hours that are cut, those of their quarters in the range.
    async fn read(&self, (period, from, to): Stretch, cut: &BTreeSet<i64>) -> Result<Vec<(i64, Totals)>, Error> {
        // days are whole
        let cut: BTreeSet<i64> = match period {
            Period::Day => BTreeSet::new(),
            Period::Hour => cut.range(from..to).copied().collect(),
        };
        let mut parts = Vec::new();
        if (cut.len() as i64) * HOUR < to - from {
            parts = reading::read_totals(&self.db, self.scope, period, from, to).await?;
        }
        if !cut.is_empty() {
            parts.retain(|(at, _)| !cut.contains(at));
            parts.extend(self.quarters(&cut).await?);
            parts.sort_by_key(|(at, _)| *at);
        }
        Ok(parts)
    }
}

/// The stretches of a range whose buckets are days of UTC: its days, and the hours at its ends, the cut ones on their own.
fn days(from: i64, to: i64) -> Vec<Stretch> {
    let first = up(from, HOUR);
    let last = down(to, HOUR).max(first);
    let ends = [(Period::Hour, down(from, HOUR), first), (Period::Hour, last, up(to, HOUR))];
    let mut stretches = cover(first, last);
    stretches.insert(0, ends[0]);
    stretches.push(ends[1]);
    stretches.retain(|(_, from, to)| from < to);
    stretches
}

/// The hours of a range, so many at once.
fn hours((from, to): (i64, i64), length: i64) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut start = from;
    while start < to {
        let end = (start + length * HOUR).min(to);
        stretches.push((Period::Hour, start, end));
        start = end;
    }
    stretches
}

/// Puts totals that come in their order into the buckets in which their days, hours or quarters begin.
struct Points<'a> {
    report: &'a Report,
    starts: &'a [i64],
    /// Of the bucket after the last of `points`.
    sum: Totals,
    points: Vec<Point>,
}

impl<'a> Points<'a> {
    fn new(report: &'a Report, starts: &'a [i64]) -> Self {
        Self { report, starts, sum: Totals::default(), points: Vec::with_capacity(starts.len()) }
    }

    fn add(&mut self, at: i64, totals: &Totals) {
        while self.starts.get(self.points.len() + 1).is_some_and(|next| *next <= at) {
            self.close();
        }
        self.sum.merge(totals);
    }

    fn close(&mut self) {
        let sum = std::mem::take(&mut self.sum);
        self.points.push(Point {
            at: self.starts[self.points.len()],
            clicks: self.report.counted(sum.human, sum.bot()),
            human_clicks: sum.human,
            bot_clicks: sum.bot(),
            unique_visitors: sum.visitors.count(),
        });
    }

    fn finish(mut self) -> Vec<Point> {
        while self.points.len() < self.starts.len() {
            self.close();
        }
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::{super::QUARTER, *};

    #[test]
    fn a_range_is_read_without_gaps_and_nothing_twice() {
        let (hour, day) = (Period::Hour, Period::Day);
        assert_eq!(days(DAY, 3 * DAY), [(day, DAY, 3 * DAY)]);
        assert_eq!(days(DAY + QUARTER, DAY + 3 * QUARTER), [(hour, DAY, DAY + HOUR)]);
        let ends = days(DAY + QUARTER, 3 * DAY + HOUR + QUARTER);
        let first = [(hour, DAY, DAY + HOUR), (hour, DAY + HOUR, 2 * DAY)];
        let last = [(hour, 3 * DAY, 3 * DAY + HOUR), (hour, 3 * DAY + HOUR, 3 * DAY + 2 * HOUR)];
        assert_eq!(ends, [&first[..], &[(day, 2 * DAY, 3 * DAY)], &last].concat());
        assert_eq!(hours((0, 3 * HOUR), 2), [(hour, 0, 2 * HOUR), (hour, 2 * HOUR, 3 * HOUR)]);
        assert_eq!(hours((HOUR, HOUR), 2), []);
        for (from, to) in [(0, 400 * DAY), (QUARTER, 100 * DAY - QUARTER), (DAY - QUARTER, DAY + QUARTER)] {
            for stretches in [days(from, to), hours((down(from, HOUR), up(to, HOUR)), HOURS)] {
                assert!(stretches.windows(2).all(|pair| pair[0].2 == pair[1].1), "{stretches:?}");
                let ends = (stretches[0].1, stretches[stretches.len() - 1].2);
                assert_eq!(ends, (down(from, HOUR), up(to, HOUR)), "{stretches:?}");
            }
        }
    }
}
