//! Clicks one by one: who came, as far as that may be known, and what became of the pixels.

pub mod live;

use super::{
    consent::{self, ClickConsent},
    context,
    error::top_level,
    id::{self, Kind},
    link::Utm,
    loaders,
    page::{Connection, PageArgs, TotalCount, connect},
    pixel::Pixel,
    report::ExclusionReason,
    scalars::DateTime,
};
use crate::{
    clicks::recent::{self, Recorded},
    scope::TenantScope,
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use contract::click::{self, PixelResult};
use uuid::Uuid;

/// A page of clicks.
pub type ClickConnection = Connection<Click>;

/// A kind of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "click::Device")]
pub enum Device {
    /// A phone.
    Phone,
    /// A tablet.
    Tablet,
    /// A desktop or laptop computer.
    Desktop,
    /// Something else, or not known.
    Other,
}

/// What is known of a pixel on one visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "click::PixelState")]
pub enum PixelState {
    /// It was handed to the browser, which delivers it; whether it arrived was not watched.
    Sent,
    /// It is known to have fired.
    Fired,
    /// The browser refused it at once, as content blockers do.
    Blocked,
    /// Its request failed.
    Failed,
    /// Nothing was seen of it in time.
    TimedOut,
    /// It was not to fire, by the visitor's signal or the tenant's policy.
    Refused,
}

/// A named parameter of a visit.
#[derive(Debug, Clone, SimpleObject)]
pub struct ClickParameter {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

/// A pixel on one visit.
#[derive(Debug, Clone)]
pub struct ClickPixel {
    tenant_id: Uuid,
    pixel_id: Uuid,
    result: Option<PixelResult>,
}

/// A pixel on one visit.
#[Object]
impl ClickPixel {
    /// The pixel; null when it was deleted.
    async fn pixel(&self, ctx: &Context<'_>) -> Result<Option<Pixel>> {
        Ok(loaders::pixel(ctx, self.tenant_id, self.pixel_id).await?.map(Pixel::from))
    }

    /// The pixel's id, also when it was deleted.
    async fn pixel_id(&self) -> ID {
        id::encode(Kind::Pixel, self.pixel_id)
    }

    /// What became of it; null while, or when, the page has sent no receipt.
    async fn state(&self) -> Option<PixelState> {
        self.result.as_ref().map(|result| result.state.into())
    }

    /// Milliseconds from the start of the page to this state; null when it was never tried or nothing is known.
    async fn milliseconds(&self) -> Option<u32> {
        let tried = self.result.as_ref().filter(|result| result.state != click::PixelState::Refused);
        tried.map(|result| result.milliseconds)
    }
}

/// A visit of a link.
#[derive(Debug, Clone)]
pub struct Click(Recorded);

/// A visit of a link, after everything personal was reduced: neither address nor user agent is kept.
#[Object]
impl Click {
    /// Opaque and stable.
    async fn id(&self) -> ID {
        id::encode(Kind::Click, self.0.click.id)
    }

    /// The id that the merge field `{click_id}` and pixels carry.
    async fn click_id(&self) -> String {
        self.0.click.id.to_string()
    }

    /// The link that was visited, also when it was deleted.
    async fn link_id(&self) -> ID {
        id::encode(Kind::Link, self.0.click.link_id)
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.0.click.at)
    }

    /// Why it is not a person's click; null for a person's.
    async fn excluded(&self) -> Option<ExclusionReason> {
        self.0.click.exclusion.map(Into::into)
    }

    /// ISO 3166-1 alpha-2; null when it is not known.
    async fn country(&self) -> Option<&str> {
        self.0.click.country.as_deref()
    }

    /// The region within the country; null when it is not known.
    async fn region(&self) -> Option<&str> {
        self.0.click.region.as_deref()
    }

    /// The city, in English; null when it is not known.
    async fn city(&self) -> Option<&str> {
        self.0.click.city.as_deref()
    }

    /// Host of the page that the visitor came from; null when the browser did not tell.
    async fn referrer(&self) -> Option<&str> {
        self.0.click.referrer.as_deref()
    }

    /// Kind of device.
    async fn device(&self) -> Device {
        self.0.click.device.into()
    }

    /// Family of the browser; null when it is not known.
    async fn browser(&self) -> Option<&str> {
        self.0.click.browser.as_deref()
    }

    /// Family of the operating system; null when it is not known.
    async fn os(&self) -> Option<&str> {
        self.0.click.os.as_deref()
    }

    /// The first language that the browser asks for; null when it does not say.
    async fn language(&self) -> Option<&str> {
        self.0.click.language.as_deref()
    }

    /// The visit's own UTM fields, else the link's.
    async fn utm(&self) -> Utm {
        self.0.click.utm.clone().into()
    }

    /// Who was sent this link, by the sender's own name for them; null when the address did not say.
    async fn uid(&self) -> Option<&str> {
        self.0.click.uid.as_deref()
    }

    /// Other named parameters of the visit, at most 16.
    async fn parameters(&self) -> Vec<ClickParameter> {
        let parameter = |(name, value): &(String, String)| ClickParameter { name: name.clone(), value: value.clone() };
        self.0.click.parameters.iter().map(parameter).collect()
    }

    /// What the visitor agreed to; null when no pixel depended on it.
    async fn consent(&self) -> Option<ClickConsent> {
        consent::of_click(self.0.click.consent)
    }

    /// The pixels that this visit was to fire or refused to.
    async fn pixels(&self) -> Vec<ClickPixel> {
        let Recorded { click, results } = &self.0;
        let refused = click.refused.iter().map(|pixel_id| PixelResult {
            pixel_id: *pixel_id,
            state: click::PixelState::Refused,
            milliseconds: 0,
            watched: false,
        });
        let known: Vec<PixelResult> = results.iter().flatten().cloned().chain(refused).collect();
        let pixel = |pixel_id: &Uuid| ClickPixel {
            tenant_id: click.tenant_id,
            pixel_id: *pixel_id,
            result: known.iter().find(|result| result.pixel_id == *pixel_id).cloned(),
        };
        click.pixels.iter().chain(&click.refused).map(pixel).collect()
    }
}

/// A link's clicks, the latest first.
///
/// # Errors
/// For arguments that break a rule; a top-level error for a fault.
pub async fn clicks_of(
    ctx: &Context<'_>,
    scope: &TenantScope,
    link_id: Uuid,
    page: PageArgs,
) -> Result<ClickConnection> {
    let (scope, db) = (*scope, &context::app(ctx)?.db);
    let window = recent::page(db, &scope, link_id, &page.page()?).await.map_err(top_level)?;
    let counted = db.clone();
    let total = TotalCount::new(move || {
        let db = counted.clone();
        async move { recent::count(&db, &scope, link_id).await }
    });
    Ok(connect(window, total, Click))
}
