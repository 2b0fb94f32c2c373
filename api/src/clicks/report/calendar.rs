//! The buckets of a series: hours, days, weeks and months of any time zone, with their true boundaries where clocks are
//! changed. Pure.

use contract::clock::{HOUR, SECOND};
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

/// Length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// An hour of the time zone's clocks, which begins at half past an hour of UTC in some.
    Hour,
    /// A day of the time zone: 23 or 25 hours long where clocks are changed.
    Day,
    /// A week, from Monday on.
    Week,
    /// A calendar month.
    Month,
}

/// The starts of the buckets that `[from, to)` touches, ascending. The first one may lie before `from`.
///
/// Gives `None` for instants that no calendar has.
#[must_use]
pub fn buckets(from: i64, to: i64, interval: Interval, zone: &TimeZone) -> Option<Vec<i64>> {
    if interval == Interval::Hour {
        return hours(from, to, zone);
    }
    let mut date = start(Timestamp::from_millisecond(from).ok()?.to_zoned_datetime(zone.clone()).date(), interval)?;
    let mut starts = Vec::new();
    loop {
        // where clocks jump over midnight, the instant after the jump
        let at = date.to_zoned_datetime(zone.clone()).ok()?.timestamp().as_millisecond();
        if at >= to {
            return Some(starts);
        }
        // a zone that left out a day began it with the next one
        if starts.last() != Some(&at) {
            starts.push(at);
        }
        let step = match interval {
            Interval::Hour | Interval::Day => 1.day(),
            Interval::Week => 1.week(),
            Interval::Month => 1.month(),
        };
        date = date.checked_add(step).ok()?;
    }
}

/// Full hours on the clocks of the zone. Where those are moved by half an hour, one bucket is half as long.
fn hours(from: i64, to: i64, zone: &TimeZone) -> Option<Vec<i64>> {
    let offset = |at: i64| Some(i64::from(zone.to_offset(Timestamp::from_millisecond(at).ok()?).seconds()) * SECOND);
    let full = |at: i64| Some(at - (at + offset(at)?).rem_euclid(HOUR));
    let mut starts = Vec::new();
    let mut at = full(from)?;
    if offset(at)? != offset(from)? {
        // the clocks were moved within the hour: the bucket began when they were
        let before = Timestamp::from_millisecond(from + 1).ok()?;
        at = zone.preceding(before).next().map_or(at, |moved| moved.timestamp().as_millisecond());
    }
    while at < to {
        starts.push(at);
        let (next, clocks) = (at + HOUR, full(at + HOUR)?);
        // a full hour before the clocks were moved is none after
        at = if clocks > at && offset(clocks)? == offset(next)? { clocks } else { next };
    }
    Some(starts)
}

/// The first date of the bucket that a date lies in.
fn start(date: Date, interval: Interval) -> Option<Date> {
    match interval {
        Interval::Hour | Interval::Day => Some(date),
        Interval::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok(),
        Interval::Month => Some(date.first_of_month()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn texts(from: &str, to: &str, interval: Interval, zone: &str) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let starts = buckets(at(from), at(to), interval, &zone).unwrap();
        starts.into_iter().map(|at| Timestamp::from_millisecond(at).unwrap().to_string()).collect()
    }

    #[test]
    fn a_day_of_changed_clocks_has_23_or_25_hours() {
        let spring = texts("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z", Interval::Day, "Europe/Paris");
        assert_eq!(spring, ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"]);
        let autumn = texts("2026-10-25T12:00:00Z", "2026-10-26T12:00:00Z", Interval::Day, "Europe/Paris");
        assert_eq!(autumn, ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"]);
    }

    #[test]
    fn a_day_without_midnight_begins_after_the_jump() {
        let days = texts("2018-11-04T12:00:00Z", "2018-11-04T13:00:00Z", Interval::Day, "America/Sao_Paulo");
        assert_eq!(days, ["2018-11-04T03:00:00Z"]);
    }

    #[test]
    fn a_day_that_a_zone_left_out_is_no_bucket() {
        let days = texts("2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z", Interval::Day, "Pacific/Apia");
        assert_eq!(days, ["2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"]);
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let weeks = texts("2026-11-23T00:00:00Z", "2026-12-01T00:00:00Z", Interval::Week, "UTC");
        assert_eq!(weeks, ["2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"]);
        let months = texts("2026-01-31T20:00:00Z", "2026-03-01T00:00:00Z", Interval::Month, "Asia/Kolkata");
        assert_eq!(months, ["2026-01-31T18:30:00Z", "2026-02-28T18:30:00Z"]);
    }

    #[test]
    fn hours_are_those_of_the_clocks_and_an_end_is_no_part() {
        let hours = texts("2026-11-23T10:30:00Z", "2026-11-23T12:30:00Z", Interval::Hour, "Asia/Kolkata");
        assert_eq!(hours, ["2026-11-23T10:30:00Z", "2026-11-23T11:30:00Z"]);
        let hours = texts("2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z", Interval::Hour, "Asia/Kathmandu");
        assert_eq!(hours, ["2026-11-23T09:15:00Z", "2026-11-23T10:15:00Z", "2026-11-23T11:15:00Z"]);
        // from +10:30 to +11 at 15:30, and back again
        let moved = texts("2026-10-03T14:00:00Z", "2026-10-03T17:00:00Z", Interval::Hour, "Australia/Lord_Howe");
        assert_eq!(
            moved,
            ["2026-10-03T13:30:00Z", "2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"]
        );
    }

    #[test]
    fn a_first_hour_in_which_clocks_are_moved_begins_as_any_other_bucket_there() {
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        for moved in ["2026-10-03T15:30:00Z", "2026-04-04T15:00:00Z"] {
            let moved = at(moved);
            let end = moved + 3 * HOUR;
            let whole = buckets(moved - 5 * HOUR, end, Interval::Hour, &zone).unwrap();
            for quarter in -8..8 {
                let from = moved + quarter * HOUR / 4;
                let starts = buckets(from, end, Interval::Hour, &zone).unwrap();
                assert!(starts[0] <= from && whole.ends_with(&starts), "{quarter}: {starts:?} of {whole:?}");
            }
        }
    }
}
