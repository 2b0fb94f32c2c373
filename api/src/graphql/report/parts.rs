//! The parts of a report, as they are given out.

use crate::{
    clicks::{
        report::{Line, Part, Point, calendar},
        rollup::{Totals, dimension},
    },
    graphql::{
        id::{self, Kind},
        scalars::DateTime,
    },
};
use async_graphql::{Enum, SimpleObject};
use contract::click::{Exclusion, PixelState};
use uuid::Uuid;

/// Length of a bucket of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "ReportInterval", remote = "calendar::Interval")]
pub enum Interval {
    /// An hour of the time zone's clocks.
    Hour,
    /// A day of the time zone: 23 or 25 hours long where clocks are changed.
    Day,
    /// A week of the time zone, from Monday on.
    Week,
    /// A calendar month of the time zone.
    Month,
}

/// What clicks are broken down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "dimension::Dimension")]
pub enum Dimension {
    /// The link, by its id; in the report of a tenant only.
    Link,
    /// The country: ISO 3166-1 alpha-2, such as `FR`.
    Country,
    /// The region: ISO 3166-2, such as `US-CA`.
    Region,
    /// The city and its country, such as `Paris, FR`.
    City,
    /// The host of the page that the visitor came from.
    Referrer,
    /// The kind of device: `phone`, `tablet`, `desktop` or `other`.
    Device,
    /// The family of the browser.
    Browser,
    /// The family of the operating system.
    Os,
    /// The first language that the browser asks for, such as `fr`.
    Language,
    /// `utm_source` of the visit, else of the link.
    UtmSource,
    /// `utm_medium` of the visit, else of the link.
    UtmMedium,
    /// `utm_campaign` of the visit, else of the link.
    UtmCampaign,
    /// `utm_term` of the visit, else of the link.
    UtmTerm,
    /// `utm_content` of the visit, else of the link.
    UtmContent,
}

/// Why a visit was not counted as a person's click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Exclusion")]
pub enum ExclusionReason {
    /// A messenger or social network fetched the link for a preview; counted as a machine's click.
    PreviewCrawler,
    /// A crawler, monitor or library that names itself, or a page that loaded the link by itself, as a picture, a fetch or
    /// a frame that nobody clicked in; counted as a machine's click.
    Bot,
    /// There was no user agent at all; counted as a machine's click.
    NoUserAgent,
    /// The link was archived; not counted as a click.
    Archived,
    /// The link or its tenant was disabled; not counted as a click.
    Disabled,
    /// The link had expired; not counted as a click.
    Expired,
    /// The link had not started; not counted as a click.
    NotStarted,
}

/// What a row of a breakdown is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum BreakdownLine {
    /// The clicks with one value.
    Value,
    /// The clicks whose value is not known.
    Unknown,
    /// The clicks with all values that have no row.
    Other,
}

/// Everything in a report together.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportTotals {
    /// People's clicks, and machines' where the filter says so.
    clicks: u64,
    /// People's clicks.
    human_clicks: u64,
    /// Machines' clicks: crawlers, monitors and previews.
    bot_clicks: u64,
    /// Different people of each day.
    unique_visitors: u64,
    /// Pixels that were handed to the browser, which delivers them; whether they arrived was not watched.
    pixels_sent: u64,
    /// Pixels that are known to have fired.
    pixels_fired: u64,
    /// Pixels that the browser refused at once, as content blockers do.
    pixels_blocked: u64,
    /// Pixels whose request failed.
    pixels_failed: u64,
    /// Pixels of which nothing was seen in time.
    pixels_timed_out: u64,
    /// Pixels that were not to fire, by the visitor's signal or the tenant's policy.
    pixels_refused: u64,
}

impl ReportTotals {
    /// The clicks of a range, and the pixels of its whole hours.
    pub(super) fn of(totals: &Totals, pixels: impl Fn(PixelState) -> u64, clicks: u64) -> Self {
        Self {
            clicks,
            human_clicks: totals.human,
            bot_clicks: totals.bot(),
            unique_visitors: totals.visitors.count(),
            pixels_sent: pixels(PixelState::Sent),
            pixels_fired: pixels(PixelState::Fired),
            pixels_blocked: pixels(PixelState::Blocked),
            pixels_failed: pixels(PixelState::Failed),
            pixels_timed_out: pixels(PixelState::TimedOut),
            pixels_refused: pixels(PixelState::Refused),
        }
    }
}

/// A bucket of a series.
#[derive(Debug, Clone, SimpleObject)]
pub struct SeriesPoint {
    /// The start of the bucket; the first one may start before the report.
    at: DateTime,
    /// People's clicks, and machines' where the filter says so.
    clicks: u64,
    /// People's clicks.
    human_clicks: u64,
    /// Machines' clicks.
    bot_clicks: u64,
    /// Different people of each day.
    unique_visitors: u64,
}

impl From<Point> for SeriesPoint {
    fn from(point: Point) -> Self {
        let Point { at, clicks, human_clicks, bot_clicks, unique_visitors } = point;
        Self { at: DateTime(at), clicks, human_clicks, bot_clicks, unique_visitors }
    }
}

/// A row of a breakdown.
#[derive(Debug, Clone, SimpleObject)]
pub struct BreakdownRow {
    /// What the row is about.
    line: BreakdownLine,
    /// The value; for LINK the link's id. Null unless `line` is VALUE.
    value: Option<String>,
    /// People's clicks, and machines' where the filter says so.
    clicks: u64,
    /// People's clicks.
    human_clicks: u64,
    /// Machines' clicks.
    bot_clicks: u64,
    /// Different people of each day.
    unique_visitors: u64,
    /// These clicks of all clicks in the same hours, 0 to 1.
    share: f64,
}

impl BreakdownRow {
    /// The row of a part.
    pub(super) fn of(by: Dimension, part: Part) -> Self {
        let (line, value) = match part.line {
            Line::Value(value) if by == Dimension::Link => (BreakdownLine::Value, Some(link_id(value))),
            Line::Value(value) => (BreakdownLine::Value, Some(value)),
            Line::Unknown => (BreakdownLine::Unknown, None),
            Line::Other => (BreakdownLine::Other, None),
        };
        let Part { clicks, human_clicks, bot_clicks, unique_visitors, share, .. } = part;
        Self { line, value, clicks, human_clicks, bot_clicks, unique_visitors, share }
    }
}

/// The global id of a link that a rollup names.
fn link_id(value: String) -> String {
    Uuid::try_parse(&value).map_or(value, |key| id::encode(Kind::Link, key).0)
}

/// Visits that were not counted as people's clicks, for one reason.
#[derive(Debug, Clone, SimpleObject)]
pub struct Excluded {
    /// The reason.
    pub(super) reason: ExclusionReason,
    /// How many visits.
    pub(super) clicks: u64,
}
