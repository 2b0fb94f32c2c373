//! Inputs of the mutations that make and change links, and what operations take for them. An id of another kind, or one
//! that was never given out, goes on as the nil key, which no row has: the operation answers it like any other.

use super::parts::{Card, LinkValue, QueryForwarding, Utm};
use crate::{
    graphql::{
        id::{self, Kind},
        scalars::DateTime,
    },
    links::{IfThere, LinkChange},
};
use async_graphql::{ID, InputObject, MaybeUndefined};
use uuid::Uuid;

/// All that is decided about a new link. What is left out comes from the tenant's `linkDefaults`, if it has one for that,
/// and is as said below if not; null and `[]` mean none, whatever the defaults are.
#[derive(InputObject)]
pub struct LinkInput {
    /// Where it leads: an http or https address of a public host, at most 2,048 bytes. Merge fields in path, query and
    /// fragment are filled in for each visit: `{click_id}`, `{link_id}`, `{slug}`, `{country}`, `{device}`,
    /// `{param.NAME}` and the names of `values`.
    destination: String,
    /// The path on the domain: 1 to 64 letters and digits of ASCII, `-` and `_`, case-sensitive, starting with a letter
    /// or digit. Random when it is left out.
    slug: Option<String>,
    /// What another system calls it, such as a post's id: 1 to 255 characters of one line, white space around them cut,
    /// case-sensitive; unique in the tenant, else `TAKEN`, or a change with `upsert`.
    external_id: MaybeUndefined<String>,
    /// Everything that many links can have in common.
    #[graphql(flatten)]
    rest: LinkFields,
}

/// What is decided about a link besides what is its own alone. What is left out comes from the tenant's `linkDefaults`, if
/// it has one for that, and is as said below if not; null and `[]` mean none, whatever the defaults are.
#[derive(Default, InputObject)]
#[graphql(name = "TrackedLinkInput")]
pub struct LinkFields {
    /// The domain, verified if it is the tenant's own; when it is left out, that of `linkDefaults` while it takes links,
    /// else the tenant's default domain while that is verified, else the shared one.
    domain_id: MaybeUndefined<ID>,
    /// What it is called, at most 200 characters.
    title: MaybeUndefined<String>,
    /// At most 20 tags of 1 to 50 characters; two that differ by case alone are one.
    tags: MaybeUndefined<Vec<String>>,
    /// At most 20 pixels of the tenant; its default pixels fire besides.
    pixel_ids: MaybeUndefined<Vec<ID>>,
    /// Whether no pixel fires, not even a default one; false when it is left out.
    without_pixels: Option<bool>,
    /// Visits before this instant are refused.
    starts_at: MaybeUndefined<DateTime>,
    /// Visits from this instant on are refused; in the future, and after `startsAt`.
    expires_at: MaybeUndefined<DateTime>,
    /// Where a refused visit goes, an address like `destination` without merge fields; a page says why when it is left
    /// out.
    fallback: MaybeUndefined<String>,
    /// Which query parameters of a visit go on to the destination; all when it is left out, or null.
    query_forwarding: MaybeUndefined<QueryForwarding>,
    /// UTM fields that are added to the destination. All five are taken from here, or all from `linkDefaults`.
    utm: MaybeUndefined<Utm>,
    /// At most 20 values for merge fields.
    values: MaybeUndefined<Vec<LinkValue>>,
    /// What previews in social networks and messengers show; the destination's own when it is left out.
    card: MaybeUndefined<Card>,
}

impl From<LinkInput> for LinkChange {
    fn from(input: LinkInput) -> Self {
        Self {
            destination: Some(input.destination),
            slug: input.slug,
            external_id: change(input.external_id),
            ..input.rest.into()
        }
    }
}

impl From<LinkFields> for LinkChange {
    fn from(input: LinkFields) -> Self {
        Self {
            domain_id: change(input.domain_id).map(|id| id.map(|id| key(Kind::Domain, &id))),
            title: change(input.title),
            tags: change(input.tags).map(Option::unwrap_or_default),
            pixel_ids: change(input.pixel_ids).map(|ids| keys(&ids.unwrap_or_default())),
            without_pixels: input.without_pixels,
            starts_at: change(input.starts_at).map(|at| at.map(|at| at.0)),
            expires_at: change(input.expires_at).map(|at| at.map(|at| at.0)),
            fallback: change(input.fallback),
            forwarding: change(input.query_forwarding).map(|given| given.map(Into::into).unwrap_or_default()),
            utm: change(input.utm).map(|utm| utm.unwrap_or_default().into()),
            values: change(input.values).map(|values| values.into_iter().flatten().map(LinkValue::pair).collect()),
            card: change(input.card).map(|card| card.map(Into::into)),
            ..Self::default()
        }
    }
}

/// What becomes of a link whose external id is taken.
pub(super) const fn if_there(upsert: bool) -> IfThere {
    if upsert { IfThere::Change } else { IfThere::Refuse }
}

/// Input of `createLink`.
#[derive(InputObject)]
pub struct CreateLinkInput {
    /// The tenant.
    pub(super) tenant_id: ID,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, and with another input it is `INVALID`. 1 to 255 characters, unique in the tenant.
    pub(super) idempotency_key: Option<String>,
    /// Whether a link of the tenant that has the same `externalId` is changed, instead of `TAKEN`. Then only the fields that
    /// are given change, and null clears as in `updateLink`: what is left out stays as it is, and `linkDefaults` fill
    /// nothing in. It keeps its id, its clicks and, without a `slug` or `domainId`, its address; one that is archived stays
    /// so. A link without an `externalId`, or whose own nobody has yet, is made as ever.
    #[graphql(default = false)]
    pub(super) upsert: bool,
    /// The link.
    #[graphql(flatten)]
    pub(super) link: LinkInput,
}

/// Input of `createLinks`.
#[derive(InputObject)]
pub struct CreateLinksInput {
    /// The tenant.
    pub(super) tenant_id: ID,
    /// The links, at most 1,000. One `externalId` stands here once: of two the second is `TAKEN`.
    pub(super) links: Vec<LinkInput>,
    /// Whether a link of the tenant that has the same `externalId` is changed, instead of `TAKEN`. Then only the fields that
    /// are given change, and null clears as in `updateLink`: what is left out stays as it is, and `linkDefaults` fill
    /// nothing in. It keeps its id, its clicks and, without a `slug` or `domainId`, its address; one that is archived stays
    /// so. A link without an `externalId`, or whose own nobody has yet, is made as ever.
    #[graphql(default = false)]
    pub(super) upsert: bool,
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
    /// What another system calls it; as in `createLink`.
    external_id: MaybeUndefined<String>,
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
            domain_id: input.domain_id.as_ref().map(|id| Some(key(Kind::Domain, id))),
            slug: input.slug,
            external_id: change(input.external_id),
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
