//! From a draft to what may be stored. [`shape`] is pure and sees what the draft says alone; [`place`] adds what only
//! rows know: domains, pixels and hosts that must not be led to. Both note mistakes and go on, so that all the mistakes
//! of a link come back at once.

mod fields;

pub(crate) use fields::plain_address;

use super::{
    draft::Draft,
    known::Known,
    text::{line, mistake, required},
};
use crate::{
    app::Rules,
    domains::Choice,
    error::{Code, Mistake},
};
use contract::{
    address::{AddressError, Slug},
    document::{self, Card, LinkDocument, LinkState, QueryForwarding, Utm},
    network::catalogue,
};
use sea_orm::prelude::Uuid;
use std::collections::BTreeMap;

/// Longest external id, in characters.
pub const MAX_EXTERNAL_ID: usize = 255;
/// Longest title of a link or of its card, in characters.
pub const MAX_TITLE: usize = 200;
/// Most tags of a link.
pub const MAX_TAGS: usize = 20;
/// Longest tag, in characters.
pub const MAX_TAG: usize = 50;
/// Most pixels of a link, besides the default ones.
pub const MAX_LINK_PIXELS: usize = 20;
/// Most names of forwarded query parameters.
pub const MAX_NAMES: usize = 20;
/// Longest name of a forwarded query parameter, in characters.
pub const MAX_QUERY_NAME: usize = 100;
/// Longest UTM field, in characters.
pub const MAX_UTM: usize = 200;
/// Most values of a link.
pub const MAX_VALUES: usize = 20;
/// Longest name of a value, in characters.
pub const MAX_VALUE_NAME: usize = 40;
/// Longest value, in characters.
pub const MAX_VALUE: usize = 500;
/// Longest description of a card, in characters.
pub const MAX_DESCRIPTION: usize = 500;

/// What a draft says, in the form in which it is stored. Means something only when no mistake was noted with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Checked {
    pub(super) domain_id: Option<Uuid>,
    pub(super) slug: Option<Slug>,
    pub(super) external_id: Option<String>,
    pub(super) destination: String,
    pub(super) title: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) pixel_ids: Vec<Uuid>,
    pub(super) without_pixels: bool,
    pub(super) starts_at: Option<i64>,
    pub(super) expires_at: Option<i64>,
    pub(super) fallback: Option<String>,
    pub(super) forwarding: QueryForwarding,
    pub(super) utm: Utm,
    pub(super) values: BTreeMap<String, String>,
    pub(super) card: Option<Card>,
    /// Host names (without ports) that visits are led to, by the field that names them.
    pub(super) leads_to: Vec<(&'static str, String)>,
}

/// Checks what a draft says alone. `now` is there for a new link, which cannot have ended already.
pub(super) fn shape(draft: Draft, rules: &Rules, now: Option<i64>, mistakes: &mut Vec<Mistake>) -> Checked {
    let mut checked = Checked {
        domain_id: draft.domain_id,
        slug: draft.slug.as_deref().and_then(|text| slug(text, mistakes)),
        external_id: draft.external_id.as_deref().map(|id| required(["externalId"], id, MAX_EXTERNAL_ID, mistakes)),
        title: draft.title.as_deref().and_then(|text| line(["title"], text, MAX_TITLE, mistakes)),
        tags: fields::tags(&draft.tags, mistakes),
        without_pixels: draft.without_pixels,
        starts_at: draft.starts_at,
        expires_at: draft.expires_at,
        forwarding: fields::forwarding(&draft.forwarding, mistakes),
        utm: fields::utm(&draft.utm, mistakes),
        values: fields::values(draft.values, mistakes),
        card: draft.card.map(|card| fields::card(card, rules.reach, mistakes)),
        ..Checked::default()
    };
    if let Some(destination) = fields::destination(&draft.destination, &checked.values, rules.reach, mistakes) {
        checked.leads_to.push(("destination", destination.host().name().to_owned()));
        destination.as_str().clone_into(&mut checked.destination);
    }
    let fallback = draft.fallback.as_deref().filter(|text| !text.trim().is_empty());
    let fallback = fallback.and_then(|text| fields::plain_address(&["fallback"], text, rules.reach, mistakes));
    if let Some(fallback) = fallback {
        checked.leads_to.push(("fallback", fallback.host().name().to_owned()));
        checked.fallback = Some(fallback.as_str().to_owned());
    }
    times(&checked, now, mistakes);
    if draft.pixel_ids.len() > MAX_LINK_PIXELS {
        mistakes.push(mistake(["pixelIds"], Code::LimitReached, format!("must be at most {MAX_LINK_PIXELS}")));
    } else {
        checked.pixel_ids = draft.pixel_ids;
    }
    if mistakes.is_empty() {
        size(&checked, mistakes);
    }
    checked
}

fn slug(text: &str, mistakes: &mut Vec<Mistake>) -> Option<Slug> {
    let parsed = Slug::parse(text.trim());
    if let Err(error) = &parsed {
        let code = if *error == AddressError::TooLong { Code::TooLong } else { Code::Invalid };
        mistakes.push(mistake(["slug"], code, error.to_string()));
    }
    parsed.ok()
}

fn times(checked: &Checked, now: Option<i64>, mistakes: &mut Vec<Mistake>) {
    let Some(expires_at) = checked.expires_at else { return };
    if checked.starts_at.is_some_and(|starts_at| starts_at >= expires_at) {
        mistakes.push(mistake(["expiresAt"], Code::Invalid, "must be after startsAt"));
    } else if now.is_some_and(|now| expires_at <= now) {
        mistakes.push(mistake(["expiresAt"], Code::Invalid, "must be in the future"));
    }
}

/// Refuses what would not fit into the document that redirectors cache.
fn size(checked: &Checked, mistakes: &mut Vec<Mistake>) {
    let document = LinkDocument {
        link_id: Uuid::nil(),
        tenant_id: Uuid::nil(),
        state: LinkState::Archived,
        destination: checked.destination.clone(),
        title: checked.title.clone(),
        starts_at: checked.starts_at,
        expires_at: checked.expires_at,
        fallback: checked.fallback.clone(),
        forwarding: checked.forwarding.clone(),
        utm: checked.utm.clone(),
        values: checked.values.clone(),
        pixel_ids: checked.pixel_ids.clone(),
        without_pixels: checked.without_pixels,
        card: checked.card.clone(),
    };
    if document::encode(&document).is_err() {
        let rule = format!("the link is larger than {} bytes in all: shorten its texts", document::MAX_DOCUMENT);
        mistakes.push(mistake([], Code::TooLong, rule));
    }
}

/// Checks what only rows know, and gives the domain that the link lives on.
pub(super) fn place(checked: &Checked, known: &Known, mistakes: &mut Vec<Mistake>) -> Option<Uuid> {
    for (field, name) in &checked.leads_to {
        if known.serving.contains(name) {
            let rule = "must not lead to a domain that serves links: a visit could go in circles";
            mistakes.push(mistake([field], Code::Invalid, rule));
        }
    }
    for (index, _) in checked.pixel_ids.iter().enumerate().filter(|(_, pixel)| !known.pixels.contains_key(pixel)) {
        mistakes.push(mistake(["pixelIds", &index.to_string()], Code::NotFound, "does not exist"));
    }
    match known.usable.choose(checked.domain_id) {
        Choice::Domain(id) => {
            if !known.usable.is_own(id) {
                refuse_code_of_others(checked, known, id, mistakes);
            }
            return Some(id);
        }
        Choice::Unproved => {
            let rule = "is not verified: no link can be put on it before its DNS record was seen";
            mistakes.push(mistake(["domainId"], Code::Invalid, rule));
        }
        Choice::Nothing => mistakes.push(mistake(["domainId"], Code::NotFound, "does not exist")),
    }
    None
}

/// A script of one tenant must not reach the pages of another. On a domain of the tenant's own that is not verified any
/// more a link keeps the scripts that it has: nothing is served there.
fn refuse_code_of_others(checked: &Checked, known: &Known, domain: Uuid, mistakes: &mut Vec<Mistake>) {
    let lost = known.usable.is_unproved(domain);
    for (index, pixel) in checked.pixel_ids.iter().enumerate() {
        let network = known.pixels.get(pixel).and_then(|key| catalogue().get(key));
        let Some(network) = network.filter(|network| network.custom_domain_only) else { continue };
        let rule = if !lost {
            "only on a domain that belongs to the tenant alone"
        } else if known.attached.contains(pixel) {
            continue;
        } else {
            "it can be attached once the link's domain is verified again"
        };
        let rule = format!("{} runs code of others: {rule}", network.name);
        mistakes.push(mistake(["pixelIds", &index.to_string()], Code::Invalid, rule));
    }
}

#[cfg(test)]
mod tests;
