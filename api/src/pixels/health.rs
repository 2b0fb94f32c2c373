//! Whether pixels fire as they should, by what their visits came to lately. In go a tenant's pixels and rollups; out comes,
//! for each pixel, a verdict with its likely reason. Nothing is stored: the verdict is made when somebody asks.

mod verdict;

pub use verdict::{ENOUGH, Known, Reason, State, Verdict};

use super::{Pixel, check, list};
use crate::{
    app::App,
    clicks::{
        report::reading::{self, Scope},
        rollup::outcomes::Outcomes,
    },
    error::Error,
    page::Page,
    scope::TenantScope,
};
use contract::{
    clock::{DAY, HOUR},
    document::MAX_PIXELS,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How far back one looks, and how far where that has too few visits.
const WINDOWS: [i64; 2] = [DAY, 7 * DAY];

/// How a pixel does.
#[derive(Debug, Clone)]
pub struct Health {
    /// The pixel.
    pub pixel: Pixel,
    /// What its visits came to in the window.
    pub outcomes: Outcomes,
    /// Share of confirmed visits in the window before; `None` when none waited.
    pub previous_rate: Option<f64>,
    /// First instant of the window, which ends now.
    pub since: i64,
    /// What is made of it.
    pub verdict: Verdict,
}

/// A window up to now, and what visits came to in it and in the one before, which is as long.
struct Window {
    since: i64,
    now: BTreeMap<Uuid, Outcomes>,
    before: BTreeMap<Uuid, Outcomes>,
}

impl Window {
    async fn read(app: &App, scope: Scope, length: i64) -> Result<Self, Error> {
        let now = app.clock.now();
        let this_hour = now - now.rem_euclid(HOUR);
        let since = this_hour - length;
        let read = async |from, to| reading::outcomes(&app.db, scope, from, to).await;
        Ok(Self { since, now: read(since, this_hour + HOUR).await?, before: read(since - length, since).await? })
    }

    fn has_enough(&self, pixel: Uuid) -> bool {
        self.now.get(&pixel).is_some_and(|outcomes| outcomes.watched.sum() >= ENOUGH)
    }

    fn judge(&self, app: &App, pixel: Pixel, threshold: f64) -> Health {
        let outcomes = self.now.get(&pixel.id).cloned().unwrap_or_default();
        let known = Known {
            is_in_shape: check::is_in_shape(pixel.network, &pixel.ids, app.rules.reach),
            often_blocked: pixel.network.often_blocked,
        };
        Health {
            previous_rate: self.before.get(&pixel.id).and_then(Outcomes::confirmed_rate),
            since: self.since,
            verdict: Verdict::on(&outcomes, threshold, known),
            outcomes,
            pixel,
        }
    }
}

/// How each of a tenant's pixels does, in the order they were made; `threshold` is the share of confirmed visits, 0 to 1,
/// below which one is unhealthy.
///
/// # Errors
/// Of the database.
pub async fn of_tenant(app: &App, scope: TenantScope, threshold: f64) -> Result<Vec<Health>, Error> {
    let most = u32::try_from(MAX_PIXELS).unwrap_or(crate::page::MAX);
    let rows = list(&app.db, scope, &Page::first(most)).await?.rows;
    let pixels: Vec<Pixel> = rows.into_iter().map(|(_, pixel)| pixel).collect();
    judge_all(app, Scope::Tenant(scope), pixels, threshold).await
}

/// The same for this server itself, which looks without being asked.
///
/// # Errors
/// Of the database.
pub async fn for_server(app: &App, tenant_id: Uuid, threshold: f64) -> Result<Vec<Health>, Error> {
    let pixels = super::read::all(&app.db, tenant_id).await?;
    judge_all(app, Scope::Server(tenant_id), pixels, threshold).await
}

async fn judge_all(app: &App, scope: Scope, pixels: Vec<Pixel>, threshold: f64) -> Result<Vec<Health>, Error> {
    if pixels.is_empty() {
        return Ok(Vec::new());
    }
    let [day, week] = WINDOWS;
    let day = Window::read(app, scope, day).await?;
    let all_have_enough = pixels.iter().all(|pixel| day.has_enough(pixel.id));
    let week = if all_have_enough { None } else { Some(Window::read(app, scope, week).await?) };
    let judge = |pixel: Pixel| {
        let window = week.as_ref().filter(|_| !day.has_enough(pixel.id)).unwrap_or(&day);
        window.judge(app, pixel, threshold)
    };
    Ok(pixels.into_iter().map(judge).collect())
}
