//! A link as the audit log tells of it: what its owner decided, in the contract's words.

use super::Link;
use sea_orm::{
    ActiveEnum,
    prelude::{Json, Uuid},
};
use serde_json::json;

/// What there is to tell; ids are the rows' own.
pub(super) fn told(link: &Link, tags: &[String], pixel_ids: &[Uuid]) -> Json {
    json!({
        "id": link.id,
        "domainId": link.domain_id,
        "slug": link.slug,
        "externalId": link.external_id,
        "destination": link.destination,
        "title": link.title,
        "state": link.stored_state.to_value(),
        "startsAt": link.starts_at,
        "expiresAt": link.expires_at,
        "fallback": link.fallback,
        "queryForwarding": link.forwarding,
        "utm": link.utm,
        "values": link.values,
        "withoutPixels": link.without_pixels,
        "card": link.card,
        "tags": tags,
        "pixelIds": pixel_ids,
    })
}
