//! What became of pixels in a report: by pixel, network, browser, country or day, of all pixels or one. The rows of each
//! come to the same; only a network is not in the rollups, and joined from the tenant's pixels.

use super::{Line, Report, reading};
use crate::{
    clicks::rollup::{
        Rollup,
        delivery::{Delivery, MOST_BROWSERS, MOST_COUNTRIES},
        outcomes::Outcomes,
        split::Split,
    },
    error::Error,
    pixels,
};
use contract::clock::DAY;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most pixels that are listed: a tenant has fewer, and may have had more.
pub const MOST_PIXELS: usize = 400;

/// What deliveries are listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The pixel, in the order of ids.
    Pixel,
    /// The pixel's network by its key in the catalogue; unknown for pixels that were deleted.
    Network,
    /// The family of the browser.
    Browser,
    /// ISO 3166-1 alpha-2.
    Country,
    /// The day in UTC, such as `2026-11-23`, in order.
    Day,
}

/// A row of deliveries.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is about.
    pub line: Line,
    /// The pixel that it is about, where it is about one.
    pub pixel_id: Option<Uuid>,
    /// What came of the visits.
    pub outcomes: Outcomes,
}

impl Report {
    /// What became of all pixels, or of one, in the whole hours of the range. By anything but pixel and day, the rows with the most visits come first; what
    /// is not known and what is not listed has a row of its own.
    ///
    /// # Errors
    /// Of the database.
    pub async fn delivery(&self, by: By, only: Option<Uuid>) -> Result<Vec<Row>, Error> {
        if by == By::Day {
            let (from, to) = self.hours_of_range();
            let days = reading::outcomes_by_day(&self.db, self.scope, from, to, only).await?;
            let row = |(day, outcomes)| Row { line: Line::Value(date(day)), pixel_id: only, outcomes };
            return Ok(days.into_iter().map(row).collect());
        }
        let sum = self.sum().await?;
        Ok(match by {
            By::Pixel | By::Day => {
                let line = |pixel: Uuid| Line::Value(pixel.as_simple().to_string());
                let row = |(pixel, delivery): (Uuid, &Delivery)| Row {
                    line: line(pixel),
                    pixel_id: Some(pixel),
                    outcomes: delivery.all.clone(),
                };
                bounded(chosen(&sum, only).map(row).collect())
            }
            By::Network => rows(&self.by_network(&sum, only).await?, usize::MAX, only),
            By::Browser => rows(&merged(&sum, only, |delivery| &delivery.browsers), MOST_BROWSERS, only),
            By::Country => rows(&merged(&sum, only, |delivery| &delivery.countries), MOST_COUNTRIES, only),
        })
    }

    async fn by_network(&self, sum: &Rollup, only: Option<Uuid>) -> Result<Split, Error> {
        let ids: Vec<Uuid> = chosen(sum, only).map(|(pixel, _)| pixel).collect();
        let pixels = pixels::by_ids(&self.db, self.scope.tenant_id(), &ids).await?;
        let mut networks: BTreeMap<Box<str>, Outcomes> = BTreeMap::new();
        for (pixel, delivery) in chosen(sum, only) {
            let network = pixels.get(&pixel).map(|pixel| pixel.network.key.as_str()).unwrap_or_default();
            networks.entry(network.into()).or_default().merge(&delivery.all);
        }
        Ok(Split { values: networks, other: Outcomes::default() })
    }
}

/// The rows of the pixels that were made last, and one for all others where there are any.
fn bounded(mut rows: Vec<Row>) -> Vec<Row> {
    let more = rows.len().saturating_sub(MOST_PIXELS);
    if more > 0 {
        let mut outcomes = Outcomes::default();
        rows.drain(..more).for_each(|row| outcomes.merge(&row.outcomes));
        rows.push(Row { line: Line::Other, pixel_id: None, outcomes });
    }
    rows
}

/// The deliveries of all pixels, or of one.
fn chosen(sum: &Rollup, only: Option<Uuid>) -> impl Iterator<Item = (Uuid, &Delivery)> {
    let all = sum.deliveries.iter().map(|(pixel, delivery)| (*pixel, delivery));
    all.filter(move |(pixel, _)| only.is_none_or(|only| only == *pixel))
}

fn merged(sum: &Rollup, only: Option<Uuid>, split: impl Fn(&Delivery) -> &Split) -> Split {
    let mut merged = Split::default();
    chosen(sum, only).for_each(|(_, delivery)| merged.merge(split(delivery)));
    merged
}

fn rows(split: &Split, most: usize, pixel_id: Option<Uuid>) -> Vec<Row> {
    let split = split.trimmed(most);
    let line = |value: &str| if value.is_empty() { Line::Unknown } else { Line::Value(value.to_owned()) };
    let row = |line: Line, outcomes: &Outcomes| Row { line, pixel_id, outcomes: outcomes.clone() };
    let listed = split.ranked().into_iter().map(|(value, outcomes)| row(line(value), outcomes));
    let other = Some(&split.other).filter(|outcomes| outcomes.visits() > 0);
    listed.chain(other.map(|outcomes| row(Line::Other, outcomes))).collect()
}

/// The date of a day, as ISO 8601 has it.
fn date(day: i32) -> String {
    let start = Timestamp::from_millisecond(i64::from(day) * DAY).unwrap_or_default();
    start.to_zoned_datetime(TimeZone::UTC).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_date() {
        assert_eq!(date(20_780), "2026-11-23");
        assert_eq!(date(0), "1970-01-01");
    }

    #[test]
    fn of_very_many_pixels_the_last_ones_are_listed() {
        let row = |number: usize| Row {
            line: Line::Value(number.to_string()),
            pixel_id: Some(Uuid::from_u128(number as u128)),
            outcomes: Outcomes { expected: 1, ..Outcomes::default() },
        };
        let rows = |count: usize| bounded((0..count).map(row).collect());
        assert_eq!(rows(MOST_PIXELS), (0..MOST_PIXELS).map(row).collect::<Vec<_>>());
        let more = rows(MOST_PIXELS + 3);
        assert_eq!((more.len(), &more[0]), (MOST_PIXELS + 1, &row(3)));
        let other = &more[MOST_PIXELS];
        assert_eq!((&other.line, other.pixel_id, other.outcomes.expected), (&Line::Other, None, 3));
    }

    #[test]
    fn what_is_not_listed_has_a_row_of_its_own() {
        let outcomes = |expected| Outcomes { expected, ..Outcomes::default() };
        let values = [("", 5), ("Chrome", 2), ("Firefox", 9), ("Safari", 1)];
        let values = values.map(|(value, expected)| (value.into(), outcomes(expected)));
        let split = Split { values: values.into(), other: outcomes(1) };
        let lines: Vec<_> = rows(&split, 3, None).into_iter().map(|row| (row.line, row.outcomes.expected)).collect();
        let value = |name: &str| Line::Value(name.to_owned());
        let expected = [(value("Firefox"), 9), (Line::Unknown, 5), (value("Chrome"), 2), (Line::Other, 2)];
        assert_eq!(lines, expected);
    }
}
