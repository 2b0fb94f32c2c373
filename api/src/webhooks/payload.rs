//! Bodies of messages: `{"type", "timestamp", "data"}`, as Standard Webhooks has them, in the contract's own words: ids are
//! the global ones, instants are RFC 3339, and names of kinds are those of the schema. Pure.

use super::event::Event;
use crate::links::Link;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use contract::{
    click::Click,
    document::{QueryForwarding, Utm},
};
use sea_orm::{
    ActiveEnum,
    prelude::{Json, Uuid},
};
use serde_json::{Value, json};

/// The body of a message about something that happened at `at`.
pub(super) fn body(event: Event, at: i64, data: &Json) -> String {
    json!({ "type": event.name(), "timestamp": instant(at), "data": data }).to_string()
}

/// A link, with its tags and pixels in the orders of the schema; `host` is where it lives.
pub(super) fn link(link: &Link, mut tags: Vec<String>, mut pixel_ids: Vec<Uuid>, host: &str, https: bool) -> Json {
    let scheme = if https { "https" } else { "http" };
    tags.sort_unstable();
    pixel_ids.sort_unstable();
    pixel_ids.dedup();
    let values = link.values.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({
        "id": global("Link", link.id),
        "tenantId": global("Tenant", link.tenant_id),
        "domainId": global("Domain", link.domain_id),
        "shortUrl": format!("{scheme}://{host}/{}", link.slug),
        "slug": link.slug,
        "externalId": link.external_id,
        "destination": link.destination,
        "title": link.title,
        "storedState": link.stored_state.to_value(),
        "startsAt": link.starts_at.map(instant),
        "expiresAt": link.expires_at.map(instant),
        "fallback": link.fallback,
        "queryForwarding": forwarding(&link.forwarding),
        "utm": utm(&link.utm),
        "values": values.collect::<Vec<_>>(),
        "card": link.card,
        "tags": tags,
        "pixelIds": pixel_ids.iter().map(|id| global("Pixel", *id)).collect::<Vec<_>>(),
        "withoutPixels": link.without_pixels,
        "createdAt": instant(link.created_at),
        "updatedAt": instant(link.updated_at),
    })
}

/// A click, machines' and excluded ones as well: `excluded` says why.
pub(super) fn click(click: &Click) -> Json {
    let pixels = |ids: &[Uuid]| ids.iter().map(|id| global("Pixel", *id)).collect::<Vec<_>>();
    let parameters = click.parameters.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({
        "id": global("Click", click.id),
        "clickId": click.id,
        "linkId": global("Link", click.link_id),
        "at": instant(click.at),
        "excluded": click.exclusion.map(|exclusion| exclusion.name().to_ascii_uppercase()),
        "country": click.country,
        "region": click.region,
        "city": click.city,
        "referrer": click.referrer,
        "device": click.device.name().to_ascii_uppercase(),
        "browser": click.browser,
        "os": click.os,
        "language": click.language,
        "utm": utm(&click.utm),
        "uid": click.uid,
        "parameters": parameters.collect::<Vec<_>>(),
        "pixelIds": pixels(&click.pixels),
        "refusedPixelIds": pixels(&click.refused),
    })
}

fn forwarding(forwarding: &QueryForwarding) -> Value {
    match forwarding {
        QueryForwarding::All => json!({ "mode": "ALL", "names": [] }),
        QueryForwarding::Off => json!({ "mode": "OFF", "names": [] }),
        QueryForwarding::Only(names) => json!({ "mode": "ONLY", "names": names }),
    }
}

fn utm(utm: &Utm) -> Value {
    json!({
        "source": utm.source, "medium": utm.medium, "campaign": utm.campaign, "term": utm.term, "content": utm.content,
    })
}

/// An instant as the scalar `DateTime` writes it.
pub(super) fn instant(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// The id that the contract has for a row.
pub(super) fn global(kind: &str, key: Uuid) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{}", key.as_simple()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clicks::batch::tests::click as made,
        graphql::{
            id::{Kind, encode},
            scalars::DateTime,
        },
    };

    #[test]
    fn ids_and_instants_are_those_of_the_schema() {
        let key = Uuid::from_u128(0x0190_aaaa_bbbb);
        for (name, kind) in
            [("Link", Kind::Link), ("Tenant", Kind::Tenant), ("Pixel", Kind::Pixel), ("Click", Kind::Click)]
        {
            assert_eq!(global(name, key), encode(kind, key).as_str());
        }
        assert_eq!(instant(1_700_000_000_120), DateTime(1_700_000_000_120).to_string());
    }

    #[test]
    fn a_body_has_type_time_and_data() {
        let data = json!({ "clicks": [click(&made(1_700_000_000_000, 1, 2, 3))] });
        let body: Value = serde_json::from_str(&body(Event::ClickRecorded, 5, &data)).unwrap();
        assert_eq!((&body["type"], &body["timestamp"]), (&json!("click.recorded"), &json!("1970-01-01T00:00:00.005Z")));
        let click = &body["data"]["clicks"][0];
        assert_eq!((&click["at"], &click["excluded"]), (&json!("2023-11-14T22:13:20.000Z"), &Value::Null));
        assert_eq!(click["linkId"], global("Link", Uuid::from_u128(2)));
    }
}
