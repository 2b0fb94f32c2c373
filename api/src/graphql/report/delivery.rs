//! What became of pixels, as it is given out: by pixel, network, browser, country or day.

use crate::{
    clicks::report::{
        Line,
        delivery::{By, Row},
    },
    graphql::{
        id::{self, Kind},
        loaders,
        network::NetworkKey,
        pixel::Pixel,
        report::BreakdownLine,
    },
};
use async_graphql::{Context, Enum, ID, Object, Result};
use contract::{click::PixelState, network::catalogue};
use uuid::Uuid;

/// What the rows of a delivery are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By")]
pub enum DeliveryDimension {
    /// A pixel each, in the order they were made: the last 400, and OTHER for those before.
    Pixel,
    /// A network each, those with the most visits first; UNKNOWN are the visits of pixels that were deleted.
    Network,
    /// A family of browsers each, those with the most visits first.
    Browser,
    /// A country each, those with the most visits first: ISO 3166-1 alpha-2, such as `FR`.
    Country,
    /// A day of UTC each, the earliest first: ISO 8601, such as `2026-11-23`; days without visits are left out.
    Day,
}

/// What became of one pixel, or of several.
#[derive(Debug, Clone)]
pub struct PixelDelivery {
    tenant_id: Uuid,
    by: DeliveryDimension,
    row: Row,
}

impl PixelDelivery {
    /// A row of a tenant's delivery.
    pub(super) const fn new(tenant_id: Uuid, by: DeliveryDimension, row: Row) -> Self {
        Self { tenant_id, by, row }
    }
}

/// What became of one pixel, or of several. A visit counts in the last state that is known of it; one that the browser left
/// without a word counts in `expected` alone. Visits of several pixels count once for each.
#[Object]
impl PixelDelivery {
    /// What the row is about.
    async fn line(&self) -> BreakdownLine {
        match self.row.line {
            Line::Value(_) => BreakdownLine::Value,
            Line::Unknown => BreakdownLine::Unknown,
            Line::Other => BreakdownLine::Other,
        }
    }

    /// The value: the pixel's id, the key of the network such as `META`, the family of the browser, the country or the
    /// date. Null unless `line` is VALUE.
    async fn value(&self) -> Option<String> {
        match (&self.row.line, self.by) {
            (Line::Value(_), DeliveryDimension::Pixel) => self.row.pixel_id.map(|key| id::encode(Kind::Pixel, key).0),
            (Line::Value(value), DeliveryDimension::Network) => Some(value.to_uppercase()),
            (Line::Value(value), _) => Some(value.clone()),
            _ => None,
        }
    }

    /// The pixel that the row is about: by PIXEL, and where `pixelId` asks for one. Null elsewhere, and when it was deleted.
    async fn pixel(&self, ctx: &Context<'_>) -> Result<Option<Pixel>> {
        let Some(pixel_id) = self.row.pixel_id else { return Ok(None) };
        Ok(loaders::pixel(ctx, self.tenant_id, pixel_id).await?.map(Pixel::from))
    }

    /// The id of that pixel, also when it was deleted; null where the row is not about one pixel.
    async fn pixel_id(&self) -> Option<ID> {
        self.row.pixel_id.map(|key| id::encode(Kind::Pixel, key))
    }

    /// The network that the row is about: by NETWORK, and where it is about one pixel. Null elsewhere, and when the pixel
    /// was deleted.
    async fn network(&self, ctx: &Context<'_>) -> Result<Option<NetworkKey>> {
        if let (Line::Value(key), DeliveryDimension::Network) = (&self.row.line, self.by) {
            return Ok(catalogue().get(key).map(NetworkKey));
        }
        let Some(pixel_id) = self.row.pixel_id else { return Ok(None) };
        Ok(loaders::pixel(ctx, self.tenant_id, pixel_id).await?.map(|pixel| NetworkKey(pixel.network)))
    }

    /// Visits whose page was to fire it.
    async fn expected(&self) -> u64 {
        self.row.outcomes.expected
    }

    /// Visits on which it was handed to the browser, which delivers it; whether it arrived was not watched.
    async fn sent(&self) -> u64 {
        self.row.outcomes.count(PixelState::Sent)
    }

    /// Visits on which it is known to have fired.
    async fn fired(&self) -> u64 {
        self.row.outcomes.count(PixelState::Fired)
    }

    /// Visits on which the browser refused it at once, as content blockers do.
    async fn blocked(&self) -> u64 {
        self.row.outcomes.count(PixelState::Blocked)
    }

    /// Visits on which its request failed.
    async fn failed(&self) -> u64 {
        self.row.outcomes.count(PixelState::Failed)
    }

    /// Visits on which nothing was seen of it in time.
    async fn timed_out(&self) -> u64 {
        self.row.outcomes.count(PixelState::TimedOut)
    }

    /// Visits on which it was not to fire, by the visitor's signal or the tenant's policy.
    async fn refused(&self) -> u64 {
        self.row.outcomes.count(PixelState::Refused)
    }

    /// Share of the visits that waited for the pixel on which it fired, 0 to 1; null when none waited. Pages wait for every
    /// script, and for images on the share of visits that the tenant's policy names.
    async fn confirmed_rate(&self) -> Option<f64> {
        self.row.outcomes.confirmed_rate()
    }

    /// Half of the visits on which it fired took at most about this long, from the start of the page, in milliseconds,
    /// within 6 %; null when it never fired.
    async fn median_ms(&self) -> Option<u32> {
        self.row.outcomes.median_ms()
    }
}
