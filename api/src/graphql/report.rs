//! Reports over a tenant's or a link's clicks. A [`Report`] reads what a query asks of it and nothing else, each part at
//! most once; what it answers is made by [`crate::clicks::report`].

pub mod delivery;
pub mod parts;

#[cfg(test)]
mod tests;

pub use delivery::{DeliveryDimension, PixelDelivery};
pub use parts::{BreakdownLine, Dimension, ExclusionReason, Interval, ReportTotals};

use self::parts::{BreakdownRow, Excluded, SeriesPoint};
use super::{
    context,
    error::top_level,
    id::{self, Kind},
    link::Group,
    scalars::DateTime,
};
use crate::{
    clicks::report::{self, Filter, Question, reading::Scope},
    scope::TenantScope,
};
use async_graphql::{Context, ID, InputObject, Object, Result};
use std::sync::Arc;
use uuid::Uuid;

/// Which clicks a report is about.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReportFilter {
    /// The first instant; 30 days before `to` when left out. At most 400 days before `to`; cut down to the quarter of an
    /// hour.
    from: Option<DateTime>,
    /// The first instant after, made up to the quarter of an hour; the end of this hour when left out.
    to: Option<DateTime>,
    /// The time zone of series, by its name in the IANA database, such as `Europe/Paris`; UTC when left out.
    time_zone: Option<String>,
    /// Whether machines' clicks count among `clicks`.
    #[graphql(default = false)]
    include_bots: bool,
}

/// A report over the clicks of a tenant or a link.
pub struct Report {
    scope: TenantScope,
    /// Whose report it is, where it is one link's.
    link: Option<(Uuid, Arc<Group>)>,
    report: report::Report,
}

/// The report of a tenant.
///
/// # Errors
/// `BAD_USER_INPUT` for a filter that breaks a rule.
pub fn of_tenant(ctx: &Context<'_>, scope: &TenantScope, filter: Option<ReportFilter>) -> Result<Report> {
    report_on(ctx, scope, None, filter)
}

/// The report of a tenant's link.
///
/// # Errors
/// `BAD_USER_INPUT` for a filter that breaks a rule.
pub(super) fn of_link(
    ctx: &Context<'_>,
    scope: &TenantScope,
    link: (Uuid, Arc<Group>),
    filter: Option<ReportFilter>,
) -> Result<Report> {
    report_on(ctx, scope, Some(link), filter)
}

fn report_on(
    ctx: &Context<'_>,
    scope: &TenantScope,
    link: Option<(Uuid, Arc<Group>)>,
    filter: Option<ReportFilter>,
) -> Result<Report> {
    let app = context::app(ctx)?;
    let filter = filter.unwrap_or_default();
    let question = Question {
        from: filter.from.map(|at| at.0),
        to: filter.to.map(|at| at.0),
        time_zone: filter.time_zone,
        include_bots: filter.include_bots,
    };
    let filter = Filter::new(&question, app.clock.now()).map_err(top_level)?;
    let of_link = |(link_id, _): &(Uuid, _)| Scope::Link { tenant: *scope, link_id: *link_id };
    let on = link.as_ref().map_or(Scope::Tenant(*scope), of_link);
    Ok(Report { scope: *scope, link, report: report::Report::new(app.db.clone(), on, filter) })
}

/// A report over the clicks of a tenant or a link. A click is in it within seconds. Totals of clicks, series and exclusions
/// are about quarters of an hour; breakdowns, deliveries and totals of pixels about whole hours of UTC, so that where the
/// range begins or ends within one, as days do in a time zone that is half an hour off, they count all of that hour.
/// Unique visitors are counted by day (UTC): a person who comes on three days counts three times. They are exact up to 48
/// and estimated above, within 2 % for totals and series and 4 % for breakdowns, two times out of three.
#[Object]
impl Report {
    /// The first instant that the report is about.
    async fn from(&self) -> DateTime {
        DateTime(self.report.range().0)
    }

    /// The first instant after what the report is about.
    async fn to(&self) -> DateTime {
        DateTime(self.report.range().1)
    }

    /// Everything together.
    async fn totals(&self, ctx: &Context<'_>) -> Result<ReportTotals> {
        if let Some((link_id, group)) = &self.link {
            // a list of links reads those of all of them at once
            let totals =
                group.totals(&context::app(ctx)?.db, *link_id, self.report.range()).await.map_err(top_level)?;
            let clicks = self.report.counted(totals.clicks.human, totals.clicks.bot());
            return Ok(ReportTotals::of(&totals.clicks, |state| totals.pixels[state as usize], clicks));
        }
        let totals = self.report.totals().await.map_err(top_level)?;
        let sum = self.report.sum().await.map_err(top_level)?;
        let clicks = self.report.counted(totals.human, totals.bot());
        Ok(ReportTotals::of(&totals, |state| sum.pixels(state), clicks))
    }

    /// The clicks over time: a point for every bucket of the range, without gaps, the earliest first.
    async fn series(
        &self,
        #[graphql(desc = "Length of a bucket; HOUR takes a range of at most 62 days.")] interval: Interval,
        #[graphql(desc = "Name in the IANA database, such as `Europe/Paris`; the filter's when left out.")]
        time_zone: Option<String>,
    ) -> Result<Vec<SeriesPoint>> {
        let points = self.report.series(interval.into(), time_zone.as_deref()).await.map_err(top_level)?;
        Ok(points.into_iter().map(SeriesPoint::from).collect())
    }

    /// The most frequent values of a dimension in the whole hours of UTC that the range touches, then, where there are
    /// more, one row for all others together: the shares come to 1. Exact while a dimension has at most 1,000 values an
    /// hour and a day; beyond that the clicks of a rare value may be among the others.
    async fn breakdown(
        &self,
        #[graphql(desc = "By what.")] by: Dimension,
        #[graphql(desc = "At most this many values, 1 to 1,000.", default = 10)] first: i32,
    ) -> Result<Vec<BreakdownRow>> {
        // what is no number of rows is refused as too few
        let first = usize::try_from(first).unwrap_or(0);
        let parts = self.report.breakdown(by.into(), first).await.map_err(top_level)?;
        Ok(parts.into_iter().map(|part| BreakdownRow::of(by, part)).collect())
    }

    /// What became of the pixels that were to fire in the whole hours of UTC that the range touches: a row for each pixel,
    /// in the order the pixels were made, or for each value of another dimension. The rows of each dimension come to the
    /// same. Exact while a pixel has at most 50 browsers and 250 countries an hour and a day; beyond that the visits of a
    /// rare one may be among the others.
    async fn delivery(
        &self,
        #[graphql(desc = "By what.", default_with = "DeliveryDimension::Pixel")] by: DeliveryDimension,
        #[graphql(desc = "Only this pixel; all when left out. A pixel that is not known here has no rows.")]
        pixel_id: Option<ID>,
    ) -> Result<Vec<PixelDelivery>> {
        // an id that was never given out finds nothing, like another tenant's
        let only = pixel_id.map(|id| id::decode(Kind::Pixel, &id).unwrap_or(Uuid::nil()));
        let rows = self.report.delivery(by.into(), only).await.map_err(top_level)?;
        let tenant_id = self.scope.tenant_id();
        Ok(rows.into_iter().map(|row| PixelDelivery::new(tenant_id, by, row)).collect())
    }

    /// Why visits were not counted as people's clicks; reasons that did not occur are left out.
    async fn excluded(&self) -> Result<Vec<Excluded>> {
        let excluded = self.report.excluded().await.map_err(top_level)?;
        Ok(excluded.into_iter().map(|(reason, clicks)| Excluded { reason: reason.into(), clicks }).collect())
    }
}
