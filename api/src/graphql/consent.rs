//! When pixels need a visitor's consent, and what a visitor agreed to.

use async_graphql::{Enum, InputObject, SimpleObject};
use contract::{click, consent};

/// When pixels fire on visits from a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "consent::ConsentMode")]
pub enum ConsentMode {
    /// They fire, also where a Global Privacy Control signal comes along; then in the limited form that networks offer.
    None,
    /// They fire unless the visitor has declined, or a Global Privacy Control signal comes along and `honourGpc` is on;
    /// where it is off they fire in the limited form that networks offer.
    OptOut,
    /// The visitor is asked first, on a page of its own, and the answer is remembered for a day in that browser, for this
    /// tenant and domain. The click is recorded when the answer comes: who leaves the question unanswered leaves none. A
    /// Global Privacy Control signal is taken for an answer.
    OptInAsk,
    /// Nobody is asked: the visitor goes on without pixels, unless an agreement is remembered.
    OptInPass,
}

/// A rule for some places.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct ConsentRegion {
    /// Countries (ISO 3166-1 alpha-2: `DE`), regions (ISO 3166-2: `US-CA`), `EEA` for the European Economic Area, or `UK`
    /// for `GB`.
    countries: Vec<String>,
    /// What holds there.
    mode: ConsentMode,
}

/// Where pixels need the visitor's consent. Out of the box: `OPT_IN_PASS` in the EEA, the United Kingdom and Switzerland,
/// `OPT_OUT` elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct ConsentPolicy {
    /// Rules for places; the first that names the visitor's place holds. At most 20.
    regions: Vec<ConsentRegion>,
    /// What holds everywhere else, and where the visitor's country is not known: without a database of places that is
    /// everywhere.
    default: ConsentMode,
}

impl From<consent::ConsentPolicy> for ConsentPolicy {
    fn from(policy: consent::ConsentPolicy) -> Self {
        let region = |rule: consent::ConsentRegion| ConsentRegion { countries: rule.countries, mode: rule.mode.into() };
        Self { regions: policy.regions.into_iter().map(region).collect(), default: policy.default.into() }
    }
}

/// A rule for some places.
#[derive(InputObject)]
pub struct ConsentRegionInput {
    /// 1 to 60 codes: countries (ISO 3166-1 alpha-2: `DE`), regions (ISO 3166-2: `US-CA`), `EEA` for the European Economic
    /// Area, or `UK` for `GB`.
    countries: Vec<String>,
    /// What holds there.
    mode: ConsentMode,
}

/// Where pixels need the visitor's consent; replaces the rules that were there.
#[derive(InputObject)]
pub struct ConsentPolicyInput {
    /// Rules for places; the first that names the visitor's place holds. At most 20.
    regions: Vec<ConsentRegionInput>,
    /// What holds everywhere else, and where the visitor's country is not known.
    default: ConsentMode,
}

impl From<ConsentPolicyInput> for consent::ConsentPolicy {
    fn from(input: ConsentPolicyInput) -> Self {
        let region =
            |rule: ConsentRegionInput| consent::ConsentRegion { countries: rule.countries, mode: rule.mode.into() };
        Self { regions: input.regions.into_iter().map(region).collect(), default: input.default.into() }
    }
}

/// What the visitor of a click agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ClickConsent {
    /// The visitor agreed, now or within the last day.
    Granted,
    /// The visitor declined, now or within the last day: the pixels were refused.
    Refused,
    /// Consent was needed and nobody asked for it: the pixels were refused.
    Missing,
    /// The visitor's Global Privacy Control signal refused the pixels.
    Gpc,
    /// A Global Privacy Control signal came along, and the tenant's policy let the pixels fire in their limited form.
    Limited,
}

/// What there is to tell of a click's consent.
pub(super) const fn of_click(consent: click::Consent) -> Option<ClickConsent> {
    match consent {
        click::Consent::Unasked => None,
        click::Consent::Granted => Some(ClickConsent::Granted),
        click::Consent::Refused => Some(ClickConsent::Refused),
        click::Consent::Missing => Some(ClickConsent::Missing),
        click::Consent::Gpc => Some(ClickConsent::Gpc),
        click::Consent::Limited => Some(ClickConsent::Limited),
    }
}
