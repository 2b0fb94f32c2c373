//! The parts of a link, as they are given out and as they are taken.

use crate::links::{self, Forwarding, ForwardingMode};
use async_graphql::{Enum, InputObject, SimpleObject};
use contract::document;

/// What a visit of a link meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "links::State")]
pub enum LinkState {
    /// The destination.
    Active,
    /// 410, or the fallback: its owner put the link away.
    Archived,
    /// 410, or the fallback: the operator of this server switched the link off.
    Disabled,
    /// 410, or the fallback: its `expiresAt` has come.
    Expired,
    /// 404, or the fallback: its `startsAt` has not come.
    Scheduled,
}

/// Which query parameters of a visit go on to the destination. Click ids of ad networks, such as `gclid`, always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "ForwardingMode")]
pub enum QueryForwardingMode {
    /// All of them; the destination's own win.
    All,
    /// None.
    Off,
    /// Those that are named.
    Only,
}

/// Which query parameters of a visit go on to the destination.
#[derive(Debug, Clone, SimpleObject, InputObject)]
#[graphql(input_name = "QueryForwardingInput")]
pub struct QueryForwarding {
    /// Which.
    mode: QueryForwardingMode,
    /// The names for the mode ONLY, 1 to 20 of at most 100 characters; empty in the other modes.
    #[graphql(default)]
    names: Vec<String>,
}

impl From<document::QueryForwarding> for QueryForwarding {
    fn from(forwarding: document::QueryForwarding) -> Self {
        match forwarding {
            document::QueryForwarding::All => Self { mode: QueryForwardingMode::All, names: Vec::new() },
            document::QueryForwarding::Off => Self { mode: QueryForwardingMode::Off, names: Vec::new() },
            document::QueryForwarding::Only(names) => Self { mode: QueryForwardingMode::Only, names },
        }
    }
}

impl From<QueryForwarding> for Forwarding {
    fn from(forwarding: QueryForwarding) -> Self {
        Self { mode: forwarding.mode.into(), names: forwarding.names }
    }
}

/// UTM fields, at most 200 characters each; null for one that is not added.
#[derive(Debug, Clone, Default, SimpleObject, InputObject)]
#[graphql(input_name = "UtmInput")]
pub struct Utm {
    /// `utm_source`: where the visits come from, such as newsletter.
    source: Option<String>,
    /// `utm_medium`: the kind of medium, such as email.
    medium: Option<String>,
    /// `utm_campaign`: the campaign.
    campaign: Option<String>,
    /// `utm_term`: the search term that was paid for.
    term: Option<String>,
    /// `utm_content`: which of several versions.
    content: Option<String>,
}

impl From<document::Utm> for Utm {
    fn from(utm: document::Utm) -> Self {
        let document::Utm { source, medium, campaign, term, content } = utm;
        Self { source, medium, campaign, term, content }
    }
}

impl From<Utm> for document::Utm {
    fn from(utm: Utm) -> Self {
        let Utm { source, medium, campaign, term, content } = utm;
        Self { source, medium, campaign, term, content }
    }
}

/// A value that is stored with a link: `{name}` in its destination is replaced by it, percent-encoded.
#[derive(Debug, Clone, SimpleObject, InputObject)]
#[graphql(input_name = "LinkValueInput")]
pub struct LinkValue {
    /// 1 to 40 lower-case letters and digits of ASCII and `_`; not `click_id`, `link_id`, `slug`, `country`, `device`.
    name: String,
    /// At most 500 characters.
    value: String,
}

impl LinkValue {
    /// One of the values of a link.
    pub(super) fn of((name, value): (&String, &String)) -> Self {
        Self { name: name.clone(), value: value.clone() }
    }

    /// Name and value.
    pub(super) fn pair(self) -> (String, String) {
        (self.name, self.value)
    }
}

/// What previews in social networks and messengers show of a link.
#[derive(Debug, Clone, SimpleObject, InputObject)]
#[graphql(input_name = "CardInput")]
pub struct Card {
    /// 1 to 200 characters.
    title: String,
    /// At most 500 characters; null for none.
    description: Option<String>,
    /// Absolute address of an image; null for none.
    image: Option<String>,
}

impl From<document::Card> for Card {
    fn from(card: document::Card) -> Self {
        let document::Card { title, description, image } = card;
        Self { title, description, image }
    }
}

impl From<Card> for document::Card {
    fn from(card: Card) -> Self {
        let Card { title, description, image } = card;
        Self { title, description, image }
    }
}
