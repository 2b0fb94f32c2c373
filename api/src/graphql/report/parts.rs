//! The parts of a report, as they are given out.

use crate::{
    clicks::{
        report::{Line, Part, Point, calendar},
        rollup::{Rollup, delivery::Delivery, dimension},
    },
    graphql::{
        id::{self, Kind},
        loaders,
        pixel::Pixel,
        scalars::DateTime,
    },
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use contract::click::{Exclusion, PixelState};
use uuid::Uuid;

/// Length of a bucket of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "ReportInterval", remote = "calendar::Interval")]
pub enum Interval {
    /// An hour of UTC.
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
    /// A crawler, monitor or library that names itself; counted as a machine's click.
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
    /// The totals of a sum of rollups.
    pub(super) fn of(sum: &Rollup, clicks: u64) -> Self {
        Self {
            clicks,
            human_clicks: sum.totals.human,
            bot_clicks: sum.totals.bot(),
            unique_visitors: sum.totals.visitors.count(),
            pixels_sent: sum.pixels(PixelState::Sent),
            pixels_fired: sum.pixels(PixelState::Fired),
            pixels_blocked: sum.pixels(PixelState::Blocked),
            pixels_failed: sum.pixels(PixelState::Failed),
            pixels_timed_out: sum.pixels(PixelState::TimedOut),
            pixels_refused: sum.pixels(PixelState::Refused),
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
    /// These clicks of all clicks of the report, 0 to 1.
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

/// What became of one pixel.
#[derive(Debug, Clone)]
pub struct PixelDelivery {
    tenant_id: Uuid,
    pixel_id: Uuid,
    delivery: Delivery,
}

impl PixelDelivery {
    /// The deliveries of a tenant's pixel.
    pub(super) const fn new(tenant_id: Uuid, pixel_id: Uuid, delivery: Delivery) -> Self {
        Self { tenant_id, pixel_id, delivery }
    }
}

/// What became of one pixel. A visit counts in the last state that is known of it; one that the browser left without a
/// word counts in `expected` alone.
#[Object]
impl PixelDelivery {
    /// The pixel; null when it was deleted.
    #[graphql(complexity = "1 + child_complexity")]
    async fn pixel(&self, ctx: &Context<'_>) -> Result<Option<Pixel>> {
        Ok(loaders::pixel(ctx, self.tenant_id, self.pixel_id).await?.map(Pixel::from))
    }

    /// The pixel's id, also when it was deleted.
    async fn pixel_id(&self) -> ID {
        id::encode(Kind::Pixel, self.pixel_id)
    }

    /// Visits whose page was to fire it.
    async fn expected(&self) -> u64 {
        self.delivery.expected
    }

    /// Visits on which it was handed to the browser, which delivers it; whether it arrived was not watched.
    async fn sent(&self) -> u64 {
        self.delivery.count(PixelState::Sent)
    }

    /// Visits on which it is known to have fired.
    async fn fired(&self) -> u64 {
        self.delivery.count(PixelState::Fired)
    }

    /// Visits on which the browser refused it at once, as content blockers do.
    async fn blocked(&self) -> u64 {
        self.delivery.count(PixelState::Blocked)
    }

    /// Visits on which its request failed.
    async fn failed(&self) -> u64 {
        self.delivery.count(PixelState::Failed)
    }

    /// Visits on which nothing was seen of it in time.
    async fn timed_out(&self) -> u64 {
        self.delivery.count(PixelState::TimedOut)
    }

    /// Visits on which it was not to fire, by the visitor's signal or the tenant's policy.
    async fn refused(&self) -> u64 {
        self.delivery.count(PixelState::Refused)
    }

    /// Share of the visits that waited for the pixel on which it fired, 0 to 1; null when none waited. Pages wait for every
    /// script, and for images on the share of visits that the tenant's policy names.
    async fn confirmed_rate(&self) -> Option<f64> {
        self.delivery.confirmed_rate()
    }

    /// Half of the visits on which it fired took at most about this long, from the start of the page, in milliseconds,
    /// within 6 %; null when it never fired.
    async fn median_ms(&self) -> Option<u32> {
        self.delivery.median_ms()
    }
}
