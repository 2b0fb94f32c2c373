//! What the redirector answers to each kind of visitor, and what it counts: persons, machines, previews, those who look
//! ahead or refuse, and those who forge.

mod health;
pub(crate) mod receipts;
mod sizes;

use crate::{
    journeys::{outcome, served},
    world::{
        Setting, World,
        client::{Account, Link, with},
        in_both, run, wait,
    },
};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

in_both!(
    what_is_not_there_is_told_apart,
    a_link_has_a_start_and_an_end,
    machines_are_answered_and_kept_apart,
    who_looks_ahead_or_refuses_fires_nothing,
    the_page_protects_itself,
    nobody_chooses_another_destination,
    what_is_passed_along_is_as_the_link_says,
    who_asks_through_a_stranger_is_the_stranger,
);

/// Where proxies are trusted, the visitor is whom they name.
#[test]
fn who_asks_through_a_trusted_proxy_is_whom_it_names() {
    run(Setting::Embedded, &[("TRUSTED_PROXIES", "127.0.0.1, ::1")], async |world| forwarded(world, 2).await);
}

async fn who_asks_through_a_stranger_is_the_stranger(world: &mut World) {
    forwarded(world, 1).await;
}

/// Two visits for two addresses, which are this many visitors.
async fn forwarded(world: &mut World, visitors: u64) {
    let account = world.sign_up().await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    served(world, &link.slug, 302, "https://shop.example.com/").await;
    let before = account.clicks(&link).await.0;
    for address in ["203.0.113.7", "198.51.100.7", "evil, 203.0.113.99"] {
        let answer = world.visit(&link.slug).header("x-forwarded-for", address).send().await.unwrap();
        assert_eq!(answer.status(), 302);
    }
    counted_at_least(&account, &link, before + 3).await;
    let report = account.report(&link, "totals { uniqueVisitors }").await;
    // the first visit came without a proxy, from this machine
    let expected = if visitors == 1 { 1 } else { 1 + visitors };
    assert_eq!(report["totals"]["uniqueVisitors"], expected);
}

async fn counted_at_least(account: &Account, link: &Link, people: u64) {
    let look = async || (account.clicks(link).await.0 >= people).then_some(());
    wait::until("clicks of people", Duration::from_secs(5), look).await;
}

const META: (&str, [(&str, &str); 1]) = ("META", [("pixel_id", "246813579024680")]);

async fn account_with_pixel(world: &World) -> Account {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 0.0 })).await;
    account.create_pixel(META.0, &META.1, json!({ "isDefault": true })).await;
    account
}

async fn counted(account: &Account, link: &Link, expected: (u64, u64)) {
    let look = async || account.clicks(link).await;
    wait::until_equal("clicks of people and machines", Duration::from_secs(5), &expected, look).await;
}

async fn excluded(account: &Account, link: &Link) -> Vec<(String, u64)> {
    let report = account.report(link, "excluded { reason clicks }").await;
    let rows = report["excluded"].as_array().unwrap().iter();
    let mut rows: Vec<_> = rows
        .map(|row| (row["reason"].as_str().unwrap().to_lowercase(), row["clicks"].as_u64().unwrap()))
        .filter(|(_, clicks)| *clicks > 0)
        .collect();
    rows.sort();
    rows
}

async fn what_is_not_there_is_told_apart(world: &mut World) {
    let account = world.sign_up().await;
    for path in ["nothing", "", "_health/x", "a/b", "%00", "-x", "nothing?x=1", "%2e%2e%2fetc"] {
        let answer = world.visit(path).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert!(answer.text().await.unwrap().contains("<h1>"), "a page for people");
    }
    let elsewhere = world.visit("nothing").header("host", "other.example").send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
    for method in [Method::PUT, Method::DELETE, Method::POST, Method::PATCH] {
        let answer = world.request(method, "nothing").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD"));
    }
    for (path, status) in [("robots.txt", 200), ("favicon.ico", 204), ("_health", 200)] {
        assert_eq!(world.visit(path).send().await.unwrap().status(), status, "{path}");
    }
    // slugs are case-sensitive, and a link on one host is none on another
    account.create_link("https://shop.example.com/", json!({ "slug": "Case" })).await;
    served(world, "Case", 302, "https://shop.example.com/").await;
    assert_eq!(outcome(world, "case").await.0, 404);
    assert_eq!(world.visit("Case").header("host", "other.example").send().await.unwrap().status(), 404);
}

/// An instant from now, as GraphQL has it.
fn in_seconds(seconds: i64) -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    format!("{at:.3}")
}

async fn a_link_has_a_start_and_an_end(world: &mut World) {
    let account = world.sign_up().await;
    let (shop, over) = ("https://shop.example.com/", "https://over.example.com/");
    let soon = in_seconds(2);
    let ends = account.create_link(shop, json!({ "slug": "ends", "expiresAt": soon })).await;
    account.create_link(shop, json!({ "slug": "ends-elsewhere", "expiresAt": soon, "fallback": over })).await;
    let starts = account.create_link(shop, json!({ "slug": "starts", "startsAt": soon })).await;
    account.create_link(shop, json!({ "slug": "far", "startsAt": in_seconds(3_600) })).await;
    served(world, "far", 404, "").await;
    assert_eq!(outcome(world, "starts").await.0, 404);
    assert_eq!(outcome(world, "ends").await, (302, shop.to_owned()));
    let limit = Duration::from_secs(5);
    let visit = async |slug| outcome(world, slug).await;
    wait::until_equal("the end", limit, &(410, String::new()), async || visit("ends").await).await;
    wait::until_equal("the other end", limit, &(302, over.to_owned()), async || visit("ends-elsewhere").await).await;
    wait::until_equal("the start", limit, &(302, shop.to_owned()), async || visit("starts").await).await;
    let state = async |link: &Link| {
        let data = account.client.query("query($id: ID!) { link(id: $id) { state } }", json!({ "id": link.id })).await;
        data["link"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!((state(&ends).await, state(&starts).await), ("EXPIRED".to_owned(), "ACTIVE".to_owned()));
    wait::until("the refused visits in the report", limit, async || {
        excluded(&account, &ends).await.iter().any(|(reason, _)| reason == "expired").then_some(())
    })
    .await;
}

async fn machines_are_answered_and_kept_apart(world: &mut World) {
    let account = account_with_pixel(world).await;
    let shop = "https://shop.example.com/";
    let plain = account.create_link(shop, json!({})).await;
    let title = "A <card> & \"more\" </title><script>alert(1)</script>";
    let card =
        json!({ "card": { "title": title, "description": "of mine", "image": "https://img.example.com/a.png" } });
    let carded = account.create_link(shop, card).await;
    let crawler = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)";
    let bot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    let visit = async |link: &Link, agent: &str| world.visit_as(&link.slug, agent).send().await.unwrap();
    served(world, &plain.slug, 200, "").await;
    for agent in [crawler, bot, "curl/8.5.0", ""] {
        let answer = visit(&plain, agent).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (302, shop), "{agent}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    let card = visit(&carded, crawler).await;
    assert_eq!(card.status(), 200);
    let html = card.text().await.unwrap();
    assert!(html.contains("og:title") && html.contains("of mine") && html.contains("img.example.com/a.png"), "{html}");
    assert!(!html.contains("<script") && !html.contains("http-equiv") && !html.contains("facebook.com/tr"), "{html}");
    assert_eq!(visit(&carded, bot).await.status(), 302);
    // a page that loads the link by itself is no person, and a frame is not held by a page that browsers do not show in it
    for wanted in ["image", "empty", "iframe"] {
        let answer = world.visit(&plain.slug).header("sec-fetch-dest", wanted).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (302, shop), "{wanted}");
    }
    for _ in 0..3 {
        let head = world.request(Method::HEAD, &plain.slug).send().await.unwrap();
        assert_eq!(head.status(), 200);
        assert!(head.headers().contains_key("content-security-policy"));
        assert!(head.text().await.unwrap().is_empty());
    }
    wait::until("machines in the report", Duration::from_secs(5), async || {
        let bots = account.clicks(&plain).await.1 + account.clicks(&carded).await.1;
        (bots == 9).then_some(())
    })
    .await;
    let (people, _) = account.clicks(&plain).await;
    let reasons =
        [("bot", 5), ("no_user_agent", 1), ("preview_crawler", 1)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(excluded(&account, &plain).await, reasons);
    // one more person, so that the HEADs would show by now
    assert_eq!(world.visit(&plain.slug).send().await.unwrap().status(), 200);
    counted(&account, &plain, (people + 1, 7)).await;
}

async fn who_looks_ahead_or_refuses_fires_nothing(world: &mut World) {
    let account = account_with_pixel(world).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let first = world.visit(&link.slug).send().await.unwrap();
    assert_eq!(first.status(), 200, "a person gets the stopover");
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
    ] {
        let answer = world.visit(&link.slug).header(name, value).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()), (503, "no-store"));
    }
    let refusing = world.visit(&link.slug).header("sec-gpc", "1").send().await.unwrap();
    assert_eq!(refusing.status(), 302);
    counted(&account, &link, (2, 0)).await;
    let look = async || account.report(&link, "totals { pixelsRefused } delivery { refused }").await;
    let refused = json!({ "totals": { "pixelsRefused": 1 }, "delivery": [{ "refused": 1 }] });
    wait::until_equal("the refusal", Duration::from_secs(5), &refused, look).await;
    account.set_policy(json!({ "honourGpc": false })).await;
    let look = async || world.visit(&link.slug).header("sec-gpc", "1").send().await.unwrap().status().as_u16();
    wait::until_equal("the tenant's other choice", Duration::from_secs(1), &200, look).await;
}

async fn the_page_protects_itself(world: &mut World) {
    let account = account_with_pixel(world).await;
    account.set_policy(json!({ "referrerPolicy": "NO_REFERRER" })).await;
    let title = "</title><script>alert(1)</script>";
    let link = account.create_link("https://shop.example.com/", json!({ "title": title })).await;
    served(world, &link.slug, 200, "").await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let answer = world.visit(&format!("{}?x=</script><script>alert(2)</script>", link.slug)).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert!(header("x-robots-tag").contains("noindex"));
        assert!(header("set-cookie").is_empty());
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        let directive =
            |name: &str| policy.split("; ").find(|part| part.starts_with(name)).unwrap_or_default().to_owned();
        assert!(directive("connect-src").contains("https://www.facebook.com"), "{policy}");
        assert!(!policy.contains("tiktok") && !policy.contains("unsafe-inline") && !policy.contains('*'), "{policy}");
        nonces.push(directive("script-src").split('\'').nth(1).unwrap().to_owned());
        let html = answer.text().await.unwrap();
        assert!(!html.contains("alert(1)</script>") && !html.contains("alert(2)</script>"), "{html}");
        assert!(html.contains(&format!("nonce=\"{}\"", nonces.last().unwrap().trim_start_matches("nonce-"))));
    }
    assert_ne!(nonces[0], nonces[1]);
}

async fn nobody_chooses_another_destination(world: &mut World) {
    let account = world.sign_up().await;
    let link = account.create_link("https://shop.example.com/go/{param.p}?q={param.q}", json!({})).await;
    served(world, &link.slug, 302, "https://shop.example.com/go/?q=").await;
    for nasty in [
        "//evil.example",
        "@evil.example",
        "%0d%0aLocation:%20https://evil.example",
        "%5c%5cevil.example",
        "..%2f..%2f%2fevil.example",
        "%00",
        "%ff%fe",
        "javascript:alert(1)",
        "%23@evil.example",
        "%F0%9F%A6%80",
    ] {
        for query in [format!("p={nasty}"), format!("q={nasty}"), format!("{nasty}={nasty}"), nasty.to_owned()] {
            let (status, location) = outcome(world, &format!("{}?{query}", link.slug)).await;
            assert_eq!(status, 302, "{query}");
            let url = url::Url::parse(&location).unwrap();
            assert_eq!(
                (url.scheme(), url.host_str(), url.port(), url.username()),
                ("https", Some("shop.example.com"), None, "")
            );
            assert!(url.path().starts_with("/go/"), "{query} became {location}");
        }
    }
}

async fn what_is_passed_along_is_as_the_link_says(world: &mut World) {
    let account = world.sign_up().await;
    let base = "https://shop.example.com/?own=1";
    let utm = json!({ "utm": { "source": "s" } });
    for (slug, extra, expected) in [
        ("all", json!({}), "own=1&utm_source=s&a=1&b=2&gclid=G"),
        ("off", json!({ "queryForwarding": { "mode": "OFF" } }), "own=1&utm_source=s&gclid=G"),
        ("only", json!({ "queryForwarding": { "mode": "ONLY", "names": ["b"] } }), "own=1&utm_source=s&b=2&gclid=G"),
    ] {
        account.create_link(base, with(with(json!({ "slug": slug }), utm.clone()), extra)).await;
        let expected = format!("https://shop.example.com/?{expected}");
        served(world, &format!("{slug}?a=1&own=2&b=2&utm_source=theirs&gclid=G"), 302, &expected).await;
    }
    let values = json!({ "slug": "merged", "values": [{ "name": "offer", "value": "a b&c" }] });
    account.create_link("https://shop.example.com/{slug}/{device}?o={offer}#{param.x}", values).await;
    served(world, "merged?x=%26y", 302, "https://shop.example.com/merged/desktop?o=a%20b%26c&x=%26y#%26y").await;
}
