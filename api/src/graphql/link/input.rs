//! Inputs of the mutations that make and change links, and what operations take for them. An id of another kind, or one
//! that was never given out, goes on as the nil key, which no row has: the operation answers it like any other.

use super::parts::{Card, LinkValue, QueryForwarding, Utm};
use crate::{
    graphql::{
        id::{self, Kind},
        scalars::DateTime,
    },
    links::{Draft, LinkChange},
};
use async_graphql::{ID, InputObject, MaybeUndefined};
use uuid::Uuid;

/// All that is decided about a new link.
#[derive(InputObject)]
pub struct LinkInput {
    /// Where it leads: an http or https address of a public host, at most 2,048 bytes. Merge fields in path, query and
    /// fragment are filled in for each visit: `{click_id}`, `{link_id}`, `{slug}`, `{country}`, `{device}`,
    /// `{param.NAME}` and the names of `values`.
    destination: String,
    /// The domain, verified if it is the tenant's own; when it is left out, the tenant's default domain while that is
    /// verified, else the shared one.
    domain_id: Option<ID>,
    /// The path on the domain: 1 to 64 letters and digits of ASCII, `-` and `_`, case-sensitive, starting with a letter
    /// or digit. Random when it is left out.
    slug: Option<String>,
    /// What it is called, at most 200 characters.
    title: Option<String>,
    /// At most 20 tags of 1 to 50 characters; two that differ by case alone are one.
    #[graphql(default)]
    tags: Vec<String>,
    /// At most 20 pixels of the tenant; its default pixels fire besides.
    #[graphql(default)]
    pixel_ids: Vec<ID>,
    /// Whether no pixel fires, not even a default one.
    #[graphql(default = false)]
    without_pixels: bool,
    /// Visits before this instant are refused.
    starts_at: Option<DateTime>,
    /// Visits from this instant on are refused; in the future, and after `startsAt`.
    expires_at: Option<DateTime>,
    /// Where a refused visit goes, an address like `destination` without merge fields; a page says why when it is left
    /// out.
    fallback: Option<String>,
    /// Which query parameters of a visit go on to the destination; all when it is left out.
    query_forwarding: Option<QueryForwarding>,
    /// UTM fields that are added to the destination.
    utm: Option<Utm>,
    /// At most 20 values for merge fields.
    #[graphql(default)]
    values: Vec<LinkValue>,
    /// What previews in social networks and messengers show; the destination's own when it is left out.
    card: Option<Card>,
}

impl From<LinkInput> for Draft {
    fn from(input: LinkInput) -> Self {
        Self {
            destination: input.destination,
            domain_id: input.domain_id.as_ref().map(|id| key(Kind::Domain, id)),
            slug: input.slug,
            title: input.title,
            tags: input.tags,
            pixel_ids: keys(&input.pixel_ids),
            without_pixels: input.without_pixels,
            starts_at: input.starts_at.map(|at| at.0),
            expires_at: input.expires_at.map(|at| at.0),
            fallback: input.fallback,
            forwarding: input.query_forwarding.map(Into::into).unwrap_or_default(),
            utm: input.utm.unwrap_or_default().into(),
            values: input.values.into_iter().map(LinkValue::pair).collect(),
            card: input.card.map(Into::into),
        }
    }
}

/// Input of `createLink`.
#[derive(InputObject)]
pub struct CreateLinkInput {
    /// The tenant.
    pub(super) tenant_id: ID,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, and with another input it is `INVALID`. 1 to 255 characters, unique in the tenant.
    pub(super) idempotency_key: Option<String>,
    /// The link.
    #[graphql(flatten)]
    pub(super) link: LinkInput,
}

/// Input of `createLinks`.
#[derive(InputObject)]
pub struct CreateLinksInput {
    /// The tenant.
    pub(super) tenant_id: ID,
    /// The links, at most 1,000.
    pub(super) links: Vec<LinkInput>,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, and with another input it is `INVALID`. 1 to 255 characters, unique in the tenant.
    pub(super) idempotency_key: Option<String>,
}

/// Input of `updateLink`. What is left out stays as it is; null clears a field that can be empty, and leaves any other
/// as it is.
#[derive(InputObject)]
pub struct UpdateLinkInput {
    /// The link.
    pub(super) id: ID,
    /// Where it leads; as in `createLink`.
    destination: Option<String>,
    /// Moves the link to another domain; its old address is free then.
    domain_id: Option<ID>,
    /// Moves the link to another path; its old address is free then.
    slug: Option<String>,
    /// What it is called, at most 200 characters.
    title: MaybeUndefined<String>,
    /// All its tags, as in `createLink`; `[]` takes them off.
    tags: Option<Vec<String>>,
    /// All its own pixels, at most 20; `[]` takes them off.
    pixel_ids: Option<Vec<ID>>,
    /// Whether no pixel fires, not even a default one.
    without_pixels: Option<bool>,
    /// Visits before this instant are refused.
    starts_at: MaybeUndefined<DateTime>,
    /// Visits from this instant on are refused; after `startsAt`. An instant in the past ends the link now.
    expires_at: MaybeUndefined<DateTime>,
    /// Where a refused visit goes; as in `createLink`.
    fallback: MaybeUndefined<String>,
    /// Which query parameters of a visit go on to the destination.
    query_forwarding: Option<QueryForwarding>,
    /// All five UTM fields.
    utm: MaybeUndefined<Utm>,
    /// All its values for merge fields, at most 20; `[]` takes them off.
    values: Option<Vec<LinkValue>>,
    /// What previews in social networks and messengers show.
    card: MaybeUndefined<Card>,
}

impl From<UpdateLinkInput> for LinkChange {
    fn from(input: UpdateLinkInput) -> Self {
        Self {
            destination: input.destination,
            domain_id: input.domain_id.as_ref().map(|id| key(Kind::Domain, id)),
            slug: input.slug,
            title: change(input.title),
            tags: input.tags,
            pixel_ids: input.pixel_ids.as_deref().map(keys),
            without_pixels: input.without_pixels,
            starts_at: change(input.starts_at).map(|at| at.map(|at| at.0)),
            expires_at: change(input.expires_at).map(|at| at.map(|at| at.0)),
            fallback: change(input.fallback),
            forwarding: input.query_forwarding.map(Into::into),
            utm: change(input.utm).map(|utm| utm.unwrap_or_default().into()),
            values: input.values.map(|values| values.into_iter().map(LinkValue::pair).collect()),
            card: change(input.card).map(|card| card.map(Into::into)),
        }
    }
}

/// Left out: `None`; null: `Some(None)`.
fn change<T>(given: MaybeUndefined<T>) -> Option<Option<T>> {
    match given {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

fn key(kind: Kind, id: &ID) -> Uuid {
    id::decode(kind, id).unwrap_or(Uuid::nil())
}

fn keys(ids: &[ID]) -> Vec<Uuid> {
    ids.iter().map(|id| key(Kind::Pixel, id)).collect()
}
