//! What a visit gets, decided without doing anything: from what was found under the address, who asks, and the time, to
//! one decision. The HTTP handler calls it once a visit and carries the decision out. The cases stand in the order in
//! which they are decided; the first that applies wins.

pub mod click;
pub mod target;

use crate::{
    lookup::Found,
    page::{Interstitial, Route, Still},
    visitor::Visitor,
};
use contract::{
    click::Exclusion,
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
        card: &'a Still,
    },
    /// 4 to 6: a crawler of any kind, or a person for whom no pixel fires. On to the destination; recorded.
    Redirect {
        /// The link.
        route: &'a Route,
        /// Where it leads.
        target: &'a Target,
        /// Why it is not a person's click.
        exclusion: Option<Exclusion>,
        /// Whether pixels would have fired, but the visitor's signal refuses them.
        pixels_refused: bool,
    },
    // 7, a person whose consent is to be asked for, stands here in the order
    /// 8: a person, and pixels apply. The page that fires them and goes on; recorded.
    Fire {
        /// The link.
        route: &'a Route,
        /// Where it leads.
        target: &'a Target,
        /// The page.
        page: &'a Interstitial,
    },
}

/// Decides a visit at the instant `now`.
#[must_use]
pub fn decide<'a>(found: &'a Found, visitor: &Visitor<'_>, now: i64) -> Decision<'a> {
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
    let exclusion = visitor.agent.exclusion;
    match (exclusion, &route.card, &route.page) {
        (Some(Exclusion::PreviewCrawler), Some(card), _) => Decision::Card { route, card },
        (None, _, Some(page)) => {
            if visitor.refuses && route.tenant.policy.honour_gpc {
                return Decision::Redirect { route, target, exclusion, pixels_refused: true };
            }
            Decision::Fire { route, target, page }
        }
        _ => Decision::Redirect { route, target, exclusion, pixels_refused: false },
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
