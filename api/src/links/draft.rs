//! What a caller wants a link to be, before anything was checked: whole for a new link, and for an existing one what it
//! is with the changes laid over it, so that both go through the same check.

use super::Link;
use contract::document::{Card, QueryForwarding, Utm};
use sea_orm::prelude::Uuid;

/// Which query parameters of a visit go on to the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardingMode {
    /// All of them.
    #[default]
    All,
    /// None, but for ad networks' click ids.
    Off,
    /// Those with the given names, and ad networks' click ids.
    Only,
}

/// A choice of query parameters, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forwarding {
    /// Which.
    pub mode: ForwardingMode,
    /// For [`ForwardingMode::Only`].
    pub names: Vec<String>,
}

impl From<QueryForwarding> for Forwarding {
    fn from(forwarding: QueryForwarding) -> Self {
        match forwarding {
            QueryForwarding::All => Self::default(),
            QueryForwarding::Off => Self { mode: ForwardingMode::Off, names: Vec::new() },
            QueryForwarding::Only(names) => Self { mode: ForwardingMode::Only, names },
        }
    }
}

/// All that a caller decides about a link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Draft {
    /// Where it leads, with merge fields.
    pub(super) destination: String,
    /// The domain; `None` for the default one.
    pub(super) domain_id: Option<Uuid>,
    /// The path; `None` for a random one.
    pub(super) slug: Option<String>,
    /// What another system calls it.
    pub(super) external_id: Option<String>,
    /// What it is called.
    pub(super) title: Option<String>,
    /// Its tags.
    pub(super) tags: Vec<String>,
    /// Its pixels, besides the tenant's default ones.
    pub(super) pixel_ids: Vec<Uuid>,
    /// Whether no pixel fires, not even a default one.
    pub(super) without_pixels: bool,
    /// Its start.
    pub(super) starts_at: Option<i64>,
    /// Its end.
    pub(super) expires_at: Option<i64>,
    /// Where a refused visit goes.
    pub(super) fallback: Option<String>,
    /// Which query parameters go on.
    pub(super) forwarding: Forwarding,
    /// Added to the destination.
    pub(super) utm: Utm,
    /// Values for merge fields, as pairs of name and value.
    pub(super) values: Vec<(String, String)>,
    /// Its preview card.
    pub(super) card: Option<Card>,
}

/// What is to change about a link: `None` leaves a field as it is, `Some(None)` clears it. Of a new link, what is given:
/// `None` leaves a field to the tenant's defaults for links, `Some(None)` leaves it empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkChange {
    /// Where it leads.
    pub destination: Option<String>,
    /// Moves it to another domain. `Some(None)`: a new link goes to the domain that it would go to without the tenant's
    /// defaults for links, and one that is there stays.
    pub domain_id: Option<Option<Uuid>>,
    /// Moves it to another path.
    pub slug: Option<String>,
    /// What another system calls it.
    pub external_id: Option<Option<String>>,
    /// What it is called.
    pub title: Option<Option<String>>,
    /// All its tags.
    pub tags: Option<Vec<String>>,
    /// All its pixels.
    pub pixel_ids: Option<Vec<Uuid>>,
    /// Whether no pixel fires.
    pub without_pixels: Option<bool>,
    /// Its start.
    pub starts_at: Option<Option<i64>>,
    /// Its end.
    pub expires_at: Option<Option<i64>>,
    /// Where a refused visit goes.
    pub fallback: Option<Option<String>>,
    /// Which query parameters go on.
    pub forwarding: Option<Forwarding>,
    /// All five UTM fields.
    pub utm: Option<Utm>,
    /// All its values.
    pub values: Option<Vec<(String, String)>>,
    /// Its preview card.
    pub card: Option<Option<Card>>,
}

impl Draft {
    /// What a stored link is.
    pub(super) fn of(link: Link, tags: Vec<String>, pixel_ids: Vec<Uuid>) -> Self {
        Self {
            destination: link.destination,
            domain_id: Some(link.domain_id),
            slug: Some(link.slug),
            external_id: link.external_id,
            title: link.title,
            tags,
            pixel_ids,
            without_pixels: link.without_pixels,
            starts_at: link.starts_at,
            expires_at: link.expires_at,
            fallback: link.fallback,
            forwarding: link.forwarding.into(),
            utm: link.utm,
            values: link.values.into_iter().collect(),
            card: link.card,
        }
    }

    /// The same with the changes laid over it.
    pub(super) fn with(self, change: LinkChange) -> Self {
        Self {
            destination: change.destination.unwrap_or(self.destination),
            domain_id: change.domain_id.flatten().or(self.domain_id),
            slug: change.slug.or(self.slug),
            external_id: change.external_id.unwrap_or(self.external_id),
            title: change.title.unwrap_or(self.title),
            tags: change.tags.unwrap_or(self.tags),
            pixel_ids: change.pixel_ids.unwrap_or(self.pixel_ids),
            without_pixels: change.without_pixels.unwrap_or(self.without_pixels),
            starts_at: change.starts_at.unwrap_or(self.starts_at),
            expires_at: change.expires_at.unwrap_or(self.expires_at),
            fallback: change.fallback.unwrap_or(self.fallback),
            forwarding: change.forwarding.unwrap_or(self.forwarding),
            utm: change.utm.unwrap_or(self.utm),
            values: change.values.unwrap_or(self.values),
            card: change.card.unwrap_or(self.card),
        }
    }
}
