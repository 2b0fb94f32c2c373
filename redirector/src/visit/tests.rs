//! Each row of the order, and that the earlier one wins.

use super::*;
use crate::{
    page::Pages,
    visitor::{Agents, Geo, Registers, TrustedProxies},
};
use contract::{
    address::{Host, LinkAddress, Slug},
    branding::Branding,
    consent::ConsentMode,
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
        branding: Branding::default(),
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
    decided_after(found, headers, None)
}

/// The same for a visitor who answered the tenant's question before.
fn decided_after(found: &Found, headers: &[(&'static str, &'static str)], answer: Option<bool>) -> String {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    let (agents, geo, trusted_proxies) = (Agents::new(), Geo::none(), TrustedProxies::default());
    let registers = Registers { agents: &agents, geo: &geo, trusted_proxies: &trusted_proxies };
    match decide(found, &Visitor::read(&headers, None, None, registers), NOW, |_| answer) {
        Decision::Unknown { fallback } => format!("unknown {}", fallback.unwrap_or("page")),
        Decision::Refuse { reason, .. } => format!("refuse {}", reason.name()),
        Decision::AskAgain => "ask again".to_owned(),
        Decision::Card { .. } => "card".to_owned(),
        Decision::Redirect { exclusion, pixels_refused, consent, .. } => {
            let consent = consent.name().map_or(String::new(), |name| format!(" {name}"));
            format!("redirect {} {pixels_refused}{consent}", exclusion.map_or("person", Exclusion::name))
        }
        Decision::Ask { .. } => "ask".to_owned(),
        Decision::Fire { route, consent, .. } => {
            let consent = consent.name().map_or(String::new(), |name| format!(" {name}"));
            format!("fire {}{consent}", route.pixels.len())
        }
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
fn in_a_frame_nobody_is_held_by_a_page_that_is_not_shown() {
    let asking = |_: &mut LinkDocument, tenant: &mut TenantDocument| {
        tenant.policy.consent.default = ConsentMode::OptInAsk;
    };
    for found in [found(|_, _| {}), found(asking)] {
        let frame = ("sec-fetch-dest", "iframe");
        assert_eq!(decided(&found, &[PERSON, frame, ("sec-fetch-user", "?1")]), "redirect person false");
        assert_eq!(decided(&found, &[PERSON, frame]), "redirect bot false");
        assert_eq!(decided(&found, &[PERSON, ("sec-fetch-dest", "image")]), "redirect bot false");
        assert_eq!(decided(&found, &[PERSON, ("sec-fetch-dest", "image"), PREFETCH]), "ask again");
    }
}

#[test]
fn rows_6_and_8_persons() {
    assert_eq!(decided(&found(|link, _| link.without_pixels = true), &[PERSON, GPC]), "redirect person false");
    let firing = found(|_, _| {});
    assert_eq!(decided(&firing, &[PERSON]), "fire 1");
    assert_eq!(decided(&firing, &[PERSON, GPC]), "redirect person true gpc");
    assert_eq!(decided(&found(|_, tenant| tenant.policy.honour_gpc = false), &[PERSON, GPC]), "fire 1 limited");
    assert_eq!(decided_after(&firing, &[PERSON], Some(false)), "redirect person true refused");
    assert_eq!(decided_after(&firing, &[PERSON, GPC], Some(true)), "fire 1 granted");
}

#[test]
fn row_7_consent() {
    let asking = |link: &mut LinkDocument, tenant: &mut TenantDocument| {
        link.starts_at = Some(NOW);
        tenant.policy.consent.default = ConsentMode::OptInAsk;
    };
    let asking = found(asking);
    assert_eq!(decided(&asking, &[PERSON]), "ask");
    assert_eq!(decided_after(&asking, &[PERSON], Some(true)), "fire 1 granted");
    assert_eq!(decided_after(&asking, &[PERSON], Some(false)), "redirect person true refused");
    assert_eq!(decided(&asking, &[PERSON, GPC]), "redirect person true gpc");
    // machines and those who look ahead are asked nothing, and nothing is answered for anybody
    assert_eq!(decided(&asking, &[PERSON, PREFETCH]), "ask again");
    assert_eq!(decided_after(&asking, &[PERSON, PREFETCH], Some(true)), "ask again");
    assert_eq!(decided(&asking, &[BOT]), "redirect bot false");
    assert_eq!(decided(&asking, &[PREVIEW]), "redirect preview_crawler false");
    let without = found(|link, tenant| {
        link.without_pixels = true;
        tenant.policy.consent.default = ConsentMode::OptInAsk;
    });
    assert_eq!(decided(&without, &[PERSON]), "redirect person false");
    let passing = found(|_, tenant| tenant.policy.consent.default = ConsentMode::OptInPass);
    assert_eq!(decided(&passing, &[PERSON]), "redirect person true missing");
    assert_eq!(decided_after(&passing, &[PERSON], Some(true)), "fire 1 granted");
    let never = found(|_, tenant| tenant.policy.consent.default = ConsentMode::None);
    assert_eq!(decided(&never, &[PERSON, GPC]), "fire 1 limited");
}
