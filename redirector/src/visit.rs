//! What a visit gets, decided without doing anything: from what was found under the address, who asks, and the time, to
//! one decision. The HTTP handler calls it once a visit and carries the decision out. The cases stand in the order in
//! which they are decided; the first that applies wins.

pub mod click;
pub mod consent;
pub mod target;

use crate::{
    lookup::Found,
    page::{Card, Interstitial, Question, Route},
    visitor::Visitor,
};
use consent::{Verdict, verdict};
use contract::{
    click::{Consent, Exclusion},
    document::{LinkDocument, LinkState, TenantDocument},
};
use target::Target;

/// What a visit gets.
#[derive(Debug, Clone, Copy)]
pub enum Decision<'a> {
    /// 1: there is no such host or link. The 404 page, or the domain's fallback address; not recorded.
    Unknown {
        /// The domain's fallback address, not checked yet.
        fallback: Option<&'a str>,
    },
    /// 2: the link is there, but leads nowhere now. A page that says so, or the link's fallback address; recorded.
    Refuse {
        /// The link.
        route: &'a Route,
        /// Why.
        reason: Exclusion,
    },
    /// 3: a browser only looks ahead. An answer that it does not use, so that it asks again on a real click; not
    /// recorded.
    AskAgain,
    /// 4: a preview crawler, and the link has a card of its own. The card, without pixels; recorded as a bot.
    Card {
        /// The link.
        route: &'a Route,
        /// Its card.
        card: &'a Card,
    },
    /// 4 to 6: a crawler of any kind, or a person for whom no pixel fires. On to the destination; recorded.
    Redirect {
        /// The link.
        route: &'a Route,
        /// Where it leads.
        target: &'a Target,
        /// Why it is not a person's click.
        exclusion: Option<Exclusion>,
        /// Whether pixels would have fired, but may not.
        pixels_refused: bool,
        /// What the visitor agreed to.
        consent: Consent,
    },
    /// 7: a person, pixels apply, and consent is needed and not yet given. The page that asks for it; recorded when the
    /// answer comes, so that the answer is stored with the click.
    Ask {
        /// The link.
        route: &'a Route,
        /// The page.
        question: &'a Question,
    },
    /// 8: a person, and pixels apply. The page that fires them and goes on; recorded.
    Fire {
        /// The link.
        route: &'a Route,
        /// Where it leads.
        target: &'a Target,
        /// The page.
        page: &'a Interstitial,
        /// What the visitor agreed to.
        consent: Consent,
    },
}

/// Decides a visit at the instant `now`; `answered` tells what the visitor answered the tenant of a link when asked for
/// consent, and is called only where it matters.
#[must_use]
pub fn decide<'a>(
    found: &'a Found,
    visitor: &Visitor<'_>,
    now: i64,
    answered: impl FnOnce(&Route) -> Option<bool>,
) -> Decision<'a> {
    let route = match found {
        Found::UnknownHost => return Decision::Unknown { fallback: None },
        Found::UnknownSlug(domain) => return Decision::Unknown { fallback: domain.fallback.as_deref() },
        Found::Link(route) => route.as_ref(),
    };
    if let Some(reason) = refusal(&route.link, &route.tenant, now) {
        return Decision::Refuse { route, reason };
    }
    // what may not be named any more leads nowhere; it was logged when the route was made
    let Some(target) = &route.target else { return Decision::Unknown { fallback: None } };
    if visitor.looks_ahead {
        return Decision::AskAgain;
    }
    let exclusion = visitor.exclusion;
    let pass = |pixels_refused, consent| Decision::Redirect { route, target, exclusion, pixels_refused, consent };
    match (exclusion, &route.card, &route.page) {
        (Some(Exclusion::PreviewCrawler), Some(card), _) => Decision::Card { route, card },
        // in a frame a browser would show nothing in place of the page
        (None, _, Some(page)) if visitor.shows_pages => {
            let (policy, place) = (&route.tenant.policy, &visitor.place);
            let mode = policy.consent.mode(place.country.as_deref(), place.region.as_deref());
            match (verdict(mode, visitor.refuses, policy.honour_gpc, || answered(route)), &route.question) {
                (Verdict::Fire(consent), _) => Decision::Fire { route, target, page, consent },
                (Verdict::Refuse(consent), _) => pass(true, consent),
                (Verdict::Ask, Some(question)) => Decision::Ask { route, question },
                // it could not be rendered, which was logged
                (Verdict::Ask, None) => pass(true, Consent::Missing),
            }
        }
        _ => pass(false, Consent::Unasked),
    }
}

/// Why a link leads nowhere at the instant `now`.
fn refusal(link: &LinkDocument, tenant: &TenantDocument, now: i64) -> Option<Exclusion> {
    match link.state {
        LinkState::Disabled => Some(Exclusion::Disabled),
        _ if !tenant.active => Some(Exclusion::Disabled),
        LinkState::Archived => Some(Exclusion::Archived),
        LinkState::Active if link.expires_at.is_some_and(|end| end <= now) => Some(Exclusion::Expired),
        LinkState::Active if link.starts_at.is_some_and(|start| now < start) => Some(Exclusion::NotStarted),
        LinkState::Active => None,
    }
}

#[cfg(test)]
mod tests;
