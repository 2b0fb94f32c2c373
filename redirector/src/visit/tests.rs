//! Each row of the order, and that the earlier one wins.

use super::*;
use crate::{
    page::Pages,
    visitor::{Agents, Geo, Registers, TrustedProxies},
};
use contract::{
    address::{Host, LinkAddress, Slug},
    destination::Reach,
    document::{Card, DomainDocument, PixelDocument, PixelMode, Policy, QueryForwarding, Utm},
};
use poem::http::{HeaderMap, HeaderName, HeaderValue};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

const NOW: i64 = 1_700_000_000_000;
const PERSON: (&str, &str) = (
    "user-agent",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
);
const GPC: (&str, &str) = ("sec-gpc", "1");
const PREFETCH: (&str, &str) = ("sec-purpose", "prefetch");
const PREVIEW: (&str, &str) = ("user-agent", "Twitterbot/1.0");
const BOT: (&str, &str) = ("user-agent", "curl/8.5.0");

fn found(change: impl FnOnce(&mut LinkDocument, &mut TenantDocument)) -> Found {
    let mut link = LinkDocument {
        link_id: Uuid::from_u128(0x11),
        tenant_id: Uuid::from_u128(0x22),
        state: LinkState::Active,
        destination: "https://a.example/".to_owned(),
        title: None,
        starts_at: None,
        expires_at: None,
        fallback: None,
        forwarding: QueryForwarding::All,
        utm: Utm::default(),
        values: BTreeMap::new(),
        pixel_ids: Vec::new(),
        without_pixels: false,
        card: None,
    };
    let mut tenant = TenantDocument {
        tenant_id: link.tenant_id,
        name: "Ann".to_owned(),
        active: true,
        policy: Policy::default(),
        pixels: vec![PixelDocument {
            pixel_id: Uuid::from_u128(0x33),
            network: "meta".to_owned(),
            ids: BTreeMap::from([("pixel_id".to_owned(), "246813579024680".to_owned())]),
            mode: PixelMode::Auto,
            default: true,
        }],
    };
    change(&mut link, &mut tenant);
    let domain = DomainDocument { domain_id: Uuid::nil(), tenant_id: None, fallback: None, serving: true };
    let address = LinkAddress { host: Host::parse("go.example.com").unwrap(), slug: Slug::parse("s").unwrap() };
    let pages = Pages::new().unwrap();
    let route = Route::compile(domain.into(), link.into(), tenant.into(), &address, Reach::Public, &pages);
    Found::Link(Arc::new(route))
}

/// The decision in short: its case and what tells it from its like.
fn decided(found: &Found, headers: &[(&'static str, &'static str)]) -> String {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    let (agents, geo, trusted_proxies) = (Agents::new(), Geo::none(), TrustedProxies::default());
    let registers = Registers { agents: &agents, geo: &geo, trusted_proxies: &trusted_proxies };
    match decide(found, &Visitor::read(&headers, None, None, registers), NOW) {
        Decision::Unknown { fallback } => format!("unknown {}", fallback.unwrap_or("page")),
        Decision::Refuse { reason, .. } => format!("refuse {}", reason.name()),
        Decision::AskAgain => "ask again".to_owned(),
        Decision::Card { .. } => "card".to_owned(),
        Decision::Redirect { exclusion, pixels_refused, .. } => {
            format!("redirect {} {pixels_refused}", exclusion.map_or("person", Exclusion::name))
        }
        Decision::Fire { route, .. } => format!("fire {}", route.pixels.len()),
    }
}

#[test]
fn row_1_unknown() {
    assert_eq!(decided(&Found::UnknownHost, &[PERSON]), "unknown page");
    let mut domain = DomainDocument { domain_id: Uuid::nil(), tenant_id: None, fallback: None, serving: true };
    assert_eq!(decided(&Found::UnknownSlug(domain.clone().into()), &[PREFETCH]), "unknown page");
    domain.fallback = Some("https://home.example/".to_owned());
    assert_eq!(decided(&Found::UnknownSlug(domain.into()), &[PERSON]), "unknown https://home.example/");
    let local = found(|link, _| link.destination = "http://localhost/".to_owned());
    assert_eq!(decided(&local, &[PERSON]), "unknown page");
}

#[test]
fn row_2_refused() {
    let refused = |change: fn(&mut LinkDocument, &mut TenantDocument)| decided(&found(change), &[PREFETCH, BOT]);
    assert_eq!(refused(|link, _| link.state = LinkState::Archived), "refuse archived");
    assert_eq!(refused(|link, _| link.state = LinkState::Disabled), "refuse disabled");
    assert_eq!(refused(|_, tenant| tenant.active = false), "refuse disabled");
    assert_eq!(refused(|link, _| link.expires_at = Some(NOW)), "refuse expired");
    assert_eq!(refused(|link, _| link.starts_at = Some(NOW + 1)), "refuse not_started");
    let open = found(|link, _| (link.starts_at, link.expires_at) = (Some(NOW), Some(NOW + 1)));
    assert_eq!(decided(&open, &[PERSON]), "fire 1");
}

#[test]
fn rows_3_to_5_machines() {
    let plain = found(|_, _| {});
    assert_eq!(decided(&plain, &[PREFETCH, PREVIEW]), "ask again");
    assert_eq!(decided(&plain, &[PREVIEW]), "redirect preview_crawler false");
    assert_eq!(decided(&plain, &[BOT, GPC]), "redirect bot false");
    assert_eq!(decided(&plain, &[]), "redirect no_user_agent false");
    let card = Card { title: "T".to_owned(), description: None, image: None };
    let with_card = found(|link, _| link.card = Some(card));
    assert_eq!(decided(&with_card, &[PREVIEW]), "card");
    assert_eq!(decided(&with_card, &[BOT]), "redirect bot false");
    assert_eq!(decided(&with_card, &[PERSON]), "fire 1");
}

#[test]
fn rows_6_and_8_persons() {
    assert_eq!(decided(&found(|link, _| link.without_pixels = true), &[PERSON, GPC]), "redirect person false");
    let firing = found(|_, _| {});
    assert_eq!(decided(&firing, &[PERSON]), "fire 1");
    assert_eq!(decided(&firing, &[PERSON, GPC]), "redirect person true");
    assert_eq!(decided(&found(|_, tenant| tenant.policy.honour_gpc = false), &[PERSON, GPC]), "fire 1");
}
