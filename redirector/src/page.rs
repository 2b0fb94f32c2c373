//! Pages, prepared: a link's documents become a `Route` when they change, and a visit only copies and fills in.
//! Look-ups compile routes and visits read them. Templates are compiled once at start, and no value reaches one but
//! through the escaper of its place.

mod brand;
mod card;
mod consent;
mod escape;
mod interstitial;
mod pieces;
mod pixels;
mod policy;
mod templates;
mod voice;

pub use card::Card;
pub use consent::Question;
pub use interstitial::Interstitial;
pub use pieces::Values;
pub use templates::{Pages, Still, TemplateError, Unavailable};
pub use voice::Voice;

use crate::visit::target::Target;
use contract::{
    address::{Host, LinkAddress},
    branding::Language,
    destination::{Reach, is_local},
    document::{DomainDocument, LinkDocument, PixelDocument, TenantDocument},
    preview::PixelReason,
};
use pixels::Filler;
use poem::http::HeaderValue;
use std::{fmt, sync::Arc};
use url::Url;
use uuid::Uuid;

/// Everything that visits of one link need, made ahead of them.
pub struct Route {
    /// The domain it lives on.
    pub domain: Arc<DomainDocument>,
    /// The link.
    pub link: Arc<LinkDocument>,
    /// Whose it is.
    pub tenant: Arc<TenantDocument>,
    /// Where it leads; `None` where the stored destination may not be named any more.
    pub target: Option<Target>,
    /// The address of `target`, where it is the same for every visit that brings no query.
    pub location: Option<HeaderValue>,
    /// Where a refused visit goes, where the link says so.
    pub fallback: Option<Target>,
    /// The pixels that can fire here, in the order of the page's receipt.
    pub pixels: Vec<Uuid>,
    /// The page that fires them; `None` where there are none.
    pub page: Option<Interstitial>,
    /// The page that asks for consent; `None` where nobody is asked.
    pub question: Option<Question>,
    /// The link's own card for previews.
    pub card: Option<Card>,
}

impl Route {
    /// Prepares a link. Costs a rendering: to be called when one of the documents changed, never per visit.
    #[must_use]
    pub fn compile(
        domain: Arc<DomainDocument>,
        link: Arc<LinkDocument>,
        tenant: Arc<TenantDocument>,
        address: &LinkAddress,
        reach: Reach,
        pages: &Pages,
    ) -> Self {
        let short_url = short_url(address);
        let slug = address.slug.as_str();
        // what led elsewhere once may lead back here since its host was proved for links: in circles, for ever
        let leads_on = |target: &Target| target.host() != &address.host;
        let target = Target::of_link(&link, slug, reach)
            .inspect_err(|error| tracing::warn!(link_id = %link.link_id, %error, "a link's destination cannot be used"))
            .ok()
            .filter(leads_on);
        let fallback =
            link.fallback.as_ref().and_then(|fallback| Target::of_fallback(fallback, &link, slug, reach).ok());
        let fallback = fallback.filter(leads_on);
        let filler = Filler { marks: pages.marks(), link_id: link.link_id, short_url: &short_url, reach };
        let applying = pixels::applying(&link, &tenant, is_own(&domain, &tenant));
        let prepared: Vec<_> =
            applying.iter().filter_map(|pixel| filler.prepare(pixel, |key| pages.has_script(key))).collect();
        let page = target.as_ref().filter(|_| !prepared.is_empty()).and_then(|_| {
            interstitial::compile(&prepared, &link, &tenant, pages)
                .inspect_err(|error| tracing::error!(link_id = %link.link_id, %error, "a page cannot be rendered"))
                .ok()
        });
        let question = page.as_ref().filter(|_| tenant.policy.consent.asks()).and_then(|_| {
            consent::compile(&prepared, pages)
                .inspect_err(|error| tracing::error!(link_id = %link.link_id, %error, "a question cannot be rendered"))
                .ok()
        });
        let card = link.card.as_ref().and_then(|card| {
            card::compile(card, &short_url, address.host.name(), pages)
                .inspect_err(|error| tracing::error!(link_id = %link.link_id, %error, "a card cannot be rendered"))
                .ok()
        });
        Self {
            domain,
            location: target.as_ref().and_then(|target| HeaderValue::from_str(target.plain()?).ok()),
            target,
            fallback,
            pixels: page.iter().flat_map(|_| prepared.iter().map(|pixel| pixel.id)).collect(),
            page,
            question,
            card,
            link,
            tenant,
        }
    }
}

impl Route {
    /// What its pages say in their own words.
    #[must_use]
    pub fn voice(&self, language: Language) -> Voice<'_> {
        let host = self.target.as_ref().map_or("", |target| target.host().as_str());
        Voice { language, tenant: Some(&self.tenant), host }
    }

    /// Why a pixel of the tenant fires on no visit of this link; `None` for one that the visit decides on.
    #[must_use]
    pub fn idle(&self, pixel: &PixelDocument) -> Option<PixelReason> {
        match pixels::applies(pixel, &self.link, is_own(&self.domain, &self.tenant)) {
            Err(reason) => Some(reason),
            Ok(()) if self.pixels.contains(&pixel.pixel_id) || self.target.is_none() => None,
            // it was not to be prepared
            Ok(()) => Some(PixelReason::CannotFire),
        }
    }
}

/// Whether a domain belongs to the tenant alone.
fn is_own(domain: &DomainDocument, tenant: &TenantDocument) -> bool {
    domain.tenant_id == Some(tenant.tenant_id)
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({})", self.link.link_id.as_simple())
    }
}

/// The address that a link is shared by: https, but on a local host, where nobody has a certificate.
fn short_url(address: &LinkAddress) -> String {
    let scheme = if is_local_host(&address.host) { "http" } else { "https" };
    format!("{scheme}://{}/{}", address.host, address.slug)
}

/// Whether the host is of this machine or its network.
pub(crate) fn is_local_host(host: &Host) -> bool {
    Url::parse(&format!("https://{host}/")).is_ok_and(|url| is_local(&url))
}

#[cfg(test)]
mod tests;
