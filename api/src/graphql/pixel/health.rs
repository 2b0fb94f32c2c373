//! How pixels do, as it is given out.

use super::Pixel;
use crate::{
    graphql::{context, error::top_level, scalars::DateTime},
    pixels::health::{self, Health, Reason, State},
    scope::TenantScope,
};
use async_graphql::{Context, Enum, Result, SimpleObject};

/// Whether a pixel fires as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum PixelHealthState {
    /// It fired on at least as large a share of the visits that waited for it as the tenant's policy asks for.
    Healthy,
    /// It fired on fewer.
    Unhealthy,
    /// Fewer than 20 visits waited to see it fire.
    Unknown,
}

/// The likely reason why a pixel does not fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Reason")]
pub enum PixelHealthReason {
    /// An id does not have the shape that its network gives out.
    WrongIdShape,
    /// Browsers refused it, as content blockers do, on most of the visits that waited in vain: at once, or, for a network
    /// that is `oftenBlocked` and was reached on other visits, by a request that failed later.
    BlockedByBrowsers,
    /// The request failed or was not answered in time, on most of the visits that waited in vain.
    HostUnreachable,
    /// It was kept from firing, by the visitor's choice or signal or the tenant's policy, on more visits than not.
    ConsentRefused,
    /// Visits were to fire it, and none of their pages has reported what became of it.
    NoReceipts,
}

/// How a pixel does: by its visits of the last 24 hours, or of the last 7 days where fewer than 20 of them waited to see it
/// fire.
#[derive(Debug, Clone, SimpleObject)]
pub struct PixelHealth {
    /// The pixel.
    pixel: Pixel,
    /// Whether it fires as it should.
    state: PixelHealthState,
    /// Visits whose page was to fire it.
    expected: u64,
    /// Visits that waited to see it fire, or be refused.
    watched: u64,
    /// Share of the visits that waited on which it fired, 0 to 1; null when none waited.
    confirmed_rate: Option<f64>,
    /// The same in the window before, which is as long; null when none waited.
    previous_rate: Option<f64>,
    /// The share below which it is unhealthy, 0 to 1: the policy's `healthThreshold`.
    threshold: f64,
    /// The likely reason why it does not fire; null when it is healthy, and when none stands out.
    reason: Option<PixelHealthReason>,
    /// One sentence for people that says what to check.
    message: &'static str,
    /// The first instant of the window that this is about, a whole hour; it ends now.
    since: DateTime,
}

impl PixelHealth {
    fn new(health: Health, threshold: f64) -> Self {
        let Health { pixel, outcomes, previous_rate, since, verdict } = health;
        Self {
            pixel: Pixel::from(pixel),
            state: verdict.state.into(),
            expected: outcomes.expected,
            watched: outcomes.watched.sum(),
            confirmed_rate: outcomes.confirmed_rate(),
            previous_rate,
            threshold,
            reason: verdict.reason.map(Into::into),
            message: verdict.message(),
            since: DateTime(since),
        }
    }
}

/// How each of a tenant's pixels does.
///
/// # Errors
/// A top-level error for a fault.
pub async fn of_tenant(ctx: &Context<'_>, scope: &TenantScope, threshold: f64) -> Result<Vec<PixelHealth>> {
    let pixels = health::of_tenant(context::app(ctx)?, *scope, threshold).await.map_err(top_level)?;
    Ok(pixels.into_iter().map(|health| PixelHealth::new(health, threshold)).collect())
}
