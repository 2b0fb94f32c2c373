//! Previews: what a visitor would get of a link, and why each pixel fires or does not.

use super::{
    context,
    error::{top_level, value},
    link, loaders,
    pixel::Pixel,
    scalars::DateTime,
};
use crate::{
    previews,
    scope::{Permission, TenantScope},
};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use contract::preview::{self, PixelVerdict, Pretended};
use uuid::Uuid;

/// Who is pretended to come; what is left out is taken from the API's own request: no known country, no person's browser.
#[derive(Default, InputObject)]
pub struct PreviewVisitor {
    /// ISO 3166-1 alpha-2, in capital letters, such as `DE`.
    country: Option<String>,
    /// The part of ISO 3166-2 after the dash, such as `CA`.
    region: Option<String>,
    /// City, in English; at most 500 bytes.
    city: Option<String>,
    /// `User-Agent`; a usual desktop browser when left out. At most 500 bytes.
    user_agent: Option<String>,
    /// `Accept-Language`, such as `de-CH,de;q=0.9`; at most 500 bytes.
    language: Option<String>,
    /// Whether a Global Privacy Control signal comes along.
    #[graphql(default)]
    gpc: bool,
    /// What the visitor chose before, where consent is asked for; null for who has not been asked.
    consent: Option<bool>,
    /// The query of the visit, percent-encoded, without its question mark; at most 2,000 bytes.
    #[graphql(default)]
    query: String,
}

/// What a visit gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "preview::Decision")]
pub enum PreviewDecision {
    /// There is no such link (any more, or yet): a page that says so, or the domain's fallback address.
    Unknown,
    /// The link leads nowhere now: a page that says why, or the link's fallback address.
    Refused,
    /// A browser only looks ahead: it is to ask again.
    AskAgain,
    /// The link's own preview card.
    Card,
    /// On to the destination, without a page.
    Redirect,
    /// The page that asks for consent.
    AskConsent,
    /// The page that fires pixels and goes on.
    Fire,
}

/// Why a pixel fires on a visit, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "preview::PixelReason")]
pub enum PreviewPixelReason {
    /// It fires.
    Fires,
    /// The link has switched all pixels off.
    WithoutPixels,
    /// It is neither a default pixel nor one of the link's.
    NotAttached,
    /// It runs code of others, and the link's domain does not belong to the tenant alone.
    SharedDomain,
    /// Its network or its ids leave no way to fire it.
    CannotFire,
    /// The visitor's signal, choice or region refuses it.
    Refused,
    /// The visitor has not been asked yet.
    Unasked,
    /// The visit gets no page: no person comes, or the link leads nowhere.
    NoPage,
}

/// A header field.
#[derive(Debug, Clone, SimpleObject)]
pub struct PreviewHeader {
    /// Its name, in lower case.
    name: String,
    /// Its value.
    value: String,
}

/// Whether a pixel fires on the visit.
#[derive(Debug, Clone, Copy)]
pub struct PreviewPixel {
    tenant_id: Uuid,
    verdict: PixelVerdict,
}

/// Whether a pixel fires on the visit.
#[Object]
impl PreviewPixel {
    /// The pixel; null when it was deleted meanwhile.
    async fn pixel(&self, ctx: &Context<'_>) -> Result<Option<Pixel>> {
        Ok(loaders::pixel(ctx, self.tenant_id, self.verdict.pixel_id).await?.map(Pixel::from))
    }

    /// Whether it fires.
    async fn fires(&self) -> bool {
        self.verdict.reason == preview::PixelReason::Fires
    }

    /// Why it fires, or does not.
    async fn reason(&self) -> PreviewPixelReason {
        self.verdict.reason.into()
    }
}

/// What a visitor would get of a link. Nothing of it was recorded.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct InterstitialPreview {
    /// What was decided.
    decision: PreviewDecision,
    /// Status of the answer.
    status: i32,
    /// Header fields of the answer.
    headers: Vec<PreviewHeader>,
    /// Body of the answer.
    page: String,
    #[graphql(skip)]
    scope: TenantScope,
    #[graphql(skip)]
    verdicts: Vec<PixelVerdict>,
    /// Address that shows the same in a browser, unrecorded and with an overlay of what fires. Its pixels really fire.
    url: String,
    /// From when on that address is one like any other.
    expires_at: DateTime,
}

#[ComplexObject]
impl InterstitialPreview {
    /// Every pixel of the tenant, in the order they were made, at most 50. An API key needs `pixels:read` for them; the page
    /// names those that fire, to it as to any visitor.
    async fn pixels(&self, ctx: &Context<'_>) -> Result<Vec<PreviewPixel>> {
        context::demand(ctx, &self.scope, Permission::ReadPixels)?;
        let tenant_id = self.scope.tenant_id();
        Ok(self.verdicts.iter().map(|verdict| PreviewPixel { tenant_id, verdict: *verdict }).collect())
    }
}

/// Queries of previews.
#[derive(Default)]
pub struct PreviewQuery;

#[Object]
impl PreviewQuery {
    /// What a given visitor would get of a link; null for a link that is not there for the caller.
    async fn preview_interstitial(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's id.")] link_id: ID,
        #[graphql(desc = "Who comes; a usual desktop browser from nowhere in particular when left out.")]
        visitor: Option<PreviewVisitor>,
    ) -> Result<Option<InterstitialPreview>> {
        let Some((scope, key)) = value(link::scope_of_link(ctx, &link_id, Permission::ReadLinks).await?)? else {
            return Ok(None);
        };
        let visitor = visitor.unwrap_or_default();
        let pretended = Pretended {
            country: visitor.country,
            region: visitor.region,
            city: visitor.city,
            user_agent: Some(visitor.user_agent.unwrap_or_else(|| USUAL.to_owned())),
            language: visitor.language,
            gpc: visitor.gpc,
            consent: visitor.consent,
        };
        let visitor = previews::Visitor { pretended, query: visitor.query };
        let made = previews::preview(context::app(ctx)?, scope, key, visitor).await.map_err(top_level)?;
        let header = |(name, value)| PreviewHeader { name, value };
        Ok(Some(InterstitialPreview {
            decision: made.explanation.decision.into(),
            status: i32::from(made.explanation.status),
            headers: made.explanation.headers.into_iter().map(header).collect(),
            page: made.explanation.body,
            scope,
            verdicts: made.explanation.pixels,
            url: made.url,
            expires_at: DateTime(made.expires_at),
        }))
    }
}

/// The user agent of a person at a desk.
const USUAL: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
