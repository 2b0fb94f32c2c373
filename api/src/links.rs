//! Links: each write is one transaction that holds the rows, the new version of the address and the note to the
//! redirectors. A [`Draft`] says what a link is to be; [`check`] turns it into what may be stored, or into all of its
//! mistakes at once; [`create`], [`update`] and the others store it.

mod attached;
pub mod check;
mod chunk;
mod create;
pub mod defaults;
mod draft;
mod find;
mod insert;
mod known;
mod row;
mod slug;
pub(crate) mod text;
mod told;
mod update;
mod upsert;
mod written;

pub use attached::tags_of;
pub use create::{IfThere, MAX_AT_ONCE, Results, create, create_many};
pub(crate) use create::{create_all, mistakes_of_all};
pub use draft::{Forwarding, ForwardingMode, LinkChange};
pub use find::{Filter, MAX_TEXT, Order, OrderBy, count, find, find_by_address, find_by_external_id, list};
pub use update::{archive, delete, restore, update};

use crate::error::Error;
use contract::document::{Card, QueryForwarding, Utm};
use entities::link;
use sea_orm::prelude::{Json, Uuid};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// A link of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its key.
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// The domain it lives on.
    pub domain_id: Uuid,
    /// The path on it.
    pub slug: String,
    /// What another system calls it; unique within the tenant.
    pub external_id: Option<String>,
    /// Where it leads, with merge fields.
    pub destination: String,
    /// What it is called.
    pub title: Option<String>,
    /// What was decided about it; see [`Link::state_at`].
    pub stored_state: link::State,
    /// 404 before.
    pub starts_at: Option<i64>,
    /// 410, or the fallback, from then on.
    pub expires_at: Option<i64>,
    /// Where a refused visit goes.
    pub fallback: Option<String>,
    /// Which query parameters of a visit go on.
    pub forwarding: QueryForwarding,
    /// Added to the destination.
    pub utm: Utm,
    /// Values for merge fields of their name.
    pub values: BTreeMap<String, String>,
    /// No pixel fires, not even a default one.
    pub without_pixels: bool,
    /// Its preview card.
    pub card: Option<Card>,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// What a visit meets at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It leads to its destination.
    Active,
    /// Its owner put it away.
    Archived,
    /// The operator of the server switched it off.
    Disabled,
    /// Its end has come.
    Expired,
    /// Its start has not come.
    Scheduled,
}

impl Link {
    /// What a visit at `now` meets, in the order in which the redirector decides.
    #[must_use]
    pub fn state_at(&self, now: i64) -> State {
        match self.stored_state {
            link::State::Archived => State::Archived,
            link::State::Disabled => State::Disabled,
            link::State::Active if self.expires_at.is_some_and(|at| at <= now) => State::Expired,
            link::State::Active if self.starts_at.is_some_and(|at| at > now) => State::Scheduled,
            link::State::Active => State::Active,
        }
    }
}

impl TryFrom<link::Model> for Link {
    type Error = Error;

    fn try_from(row: link::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            tenant_id: row.tenant_id,
            domain_id: row.domain_id,
            slug: row.slug,
            external_id: row.external_id,
            destination: row.destination,
            title: row.title,
            stored_state: row.state,
            starts_at: row.starts_at,
            expires_at: row.expires_at,
            fallback: row.fallback,
            forwarding: read("links.forwarding", row.forwarding)?,
            utm: Utm {
                source: row.utm_source,
                medium: row.utm_medium,
                campaign: row.utm_campaign,
                term: row.utm_term,
                content: row.utm_content,
            },
            values: read("links.merge_values", row.merge_values)?,
            without_pixels: row.without_pixels,
            card: row.card.map(|card| read("links.card", card)).transpose()?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn read<T: DeserializeOwned>(column: &str, value: Json) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::Fault(format!("{column}: {error}")))
}

fn json<T: Serialize>(column: &str, value: &T) -> Result<Json, Error> {
    serde_json::to_value(value).map_err(|error| Error::Fault(format!("{column}: {error}")))
}
