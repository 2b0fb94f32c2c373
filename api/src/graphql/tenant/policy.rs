//! What a tenant decided for its visits, and what it may change of that.

use crate::{
    graphql::consent::{ConsentPolicy, ConsentPolicyInput},
    tenants,
};
use async_graphql::{Enum, InputObject, SimpleObject};

/// What the pages of a tenant tell destinations and networks of where a visitor came from: the values of
/// `Referrer-Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ReferrerPolicy {
    /// Nothing.
    NoReferrer,
    /// The address, except from https to http.
    NoReferrerWhenDowngrade,
    /// The origin.
    Origin,
    /// The address within one origin, the origin elsewhere.
    OriginWhenCrossOrigin,
    /// The address within one origin, nothing elsewhere.
    SameOrigin,
    /// The origin, except from https to http.
    StrictOrigin,
    /// The address within one origin, the origin elsewhere, nothing from https to http.
    StrictOriginWhenCrossOrigin,
    /// The address, always.
    UnsafeUrl,
}

impl ReferrerPolicy {
    /// In the order of [`tenants::REFERRER_POLICIES`].
    const ALL: [Self; 8] = [
        Self::NoReferrer,
        Self::NoReferrerWhenDowngrade,
        Self::Origin,
        Self::OriginWhenCrossOrigin,
        Self::SameOrigin,
        Self::StrictOrigin,
        Self::StrictOriginWhenCrossOrigin,
        Self::UnsafeUrl,
    ];

    pub(super) const fn header(self) -> &'static str {
        tenants::REFERRER_POLICIES[self as usize]
    }

    pub(super) fn of_header(header: &str) -> Self {
        let found = Self::ALL.into_iter().find(|policy| policy.header() == header);
        found.unwrap_or(Self::StrictOriginWhenCrossOrigin)
    }
}

/// What a tenant decided for its visits.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
pub struct Policy {
    /// The longest a page waits for the networks before the visitor goes on, in milliseconds.
    pub(super) budget_ms: i32,
    /// Share of visits that wait for the networks' answers, from 0 to 1; on the others the hits are sent and the visitor
    /// goes on at once.
    pub(super) confirm_share: f64,
    /// Whether a visitor's Global Privacy Control signal keeps pixels from firing.
    pub(super) honour_gpc: bool,
    /// What destinations and networks are told of where a visitor came from.
    pub(super) referrer_policy: ReferrerPolicy,
    /// Share of the visits that waited for a pixel, from 0 to 1: where it fired on fewer, `pixelHealth` calls it unhealthy.
    pub(super) health_threshold: f64,
    /// Where pixels need the visitor's consent.
    pub(super) consent: ConsentPolicy,
}

/// What to change in a tenant's policy; what is left out, or null, stays as it is.
#[derive(Default, InputObject)]
pub struct PolicyInput {
    /// From 300 to 5,000 milliseconds.
    pub(super) budget_ms: Option<i32>,
    /// From 0 to 1; kept to four decimals.
    pub(super) confirm_share: Option<f64>,
    /// Whether a visitor's Global Privacy Control signal keeps pixels from firing.
    pub(super) honour_gpc: Option<bool>,
    /// What destinations and networks are told of where a visitor came from.
    pub(super) referrer_policy: Option<ReferrerPolicy>,
    /// Share of the visits that waited for a pixel below which it is unhealthy: from 0, which no pixel is below, to 1; kept
    /// to four decimals.
    pub(super) health_threshold: Option<f64>,
    /// Where pixels need the visitor's consent; replaces the rules that were there.
    pub(super) consent: Option<ConsentPolicyInput>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_referrer_policy_has_its_header() {
        for policy in ReferrerPolicy::ALL {
            assert_eq!(ReferrerPolicy::of_header(policy.header()), policy);
        }
        assert_eq!(ReferrerPolicy::NoReferrerWhenDowngrade.header(), "no-referrer-when-downgrade");
        assert_eq!(ReferrerPolicy::UnsafeUrl.header(), "unsafe-url");
    }
}
