//! What people do, from signing up to the report, in both settings: a click through the stopover in a real browser, edits
//! that show at once, and the ways of leaving and coming back.

mod apps;
mod back;
mod networks;

use crate::world::{
    World,
    client::{Account, Link, text},
    in_both,
    stand_in::{Behaviour, Hit},
    wait,
};
use networks::{Pixels, delivery, every_network_is_hit, row};
use serde_json::json;
use std::time::{Duration, Instant};

/// How soon a click is in the report.
const REPORTED: Duration = Duration::from_secs(2);
/// How soon a change is served.
const SERVED: Duration = Duration::from_secs(1);

in_both!(
    a_click_reaches_every_network_and_the_report,
    answers_of_networks_are_told_where_the_page_waits,
    scripts_of_networks_are_proved_to_fire,
    networks_that_fail_never_hold_a_visitor,
    a_change_is_served_at_once,
    without_scripts_a_visitor_arrives_all_the_same,
);

/// Waits until the report has as many clicks of people as this, within the time that was promised.
async fn reported(account: &Account, link: &Link, clicks: u64) {
    wait::until_equal("clicks in the report", REPORTED, &(clicks, 0), async || account.clicks(link).await).await;
}

async fn a_click_reaches_every_network_and_the_report(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 0.0 })).await;
    let pixels = Pixels::create(&account, "AUTO").await;
    let utm = json!({ "utm": { "source": "newsletter", "medium": "email" }, "slug": "Spring-1", "title": "The offer" });
    let link = account.create_link("https://shop.example.com/offer?ref=ours&k={click_id}#part", utm).await;
    assert_eq!(link.short_url, format!("http://{}/Spring-1", world.domain()));

    let browser = world.browser().await;
    // the visitor is known to one of the networks already
    browser.visit("https://www.facebook.com/_cookie").await;
    browser.arrives_at("www.facebook.com").await;
    browser.visit(&format!("{}?utm_campaign=x%20y&gclid=G1&ref=theirs&uid=ann&color=red", link.short_url)).await;
    let arrived = browser.arrives_at("shop.example.com").await;
    reported(&account, &link, 1).await;

    let hits = every_network_is_hit(world).await;
    let query: Vec<(String, String)> = arrived.query_pairs().into_owned().collect();
    let get =
        |name: &str| query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>();
    let click_id = get("k").join("");
    assert!(uuid::Uuid::parse_str(&click_id).is_ok(), "{arrived}");
    for (name, value) in [
        ("ref", "ours"),
        ("utm_source", "newsletter"),
        ("utm_medium", "email"),
        ("utm_campaign", "x y"),
        ("gclid", "G1"),
        ("uid", "ann"),
        ("color", "red"),
    ] {
        assert_eq!(get(name), [value], "{name} in {arrived}");
    }
    assert_eq!(arrived.fragment(), Some("part"));
    assert_eq!(hits[4].parameter("k"), Some(click_id.clone()), "the click's id in the image");
    assert_eq!(hits[0].parameter("eid"), Some(click_id), "the click's id as the event's");
    assert_eq!(hits[0].header("cookie"), "known=visitor");

    let delivery = delivery(&account, &link, 1).await;
    assert_eq!(delivery.len(), 5);
    for pixel in pixels.all() {
        let row = row(&delivery, pixel);
        let (sent, fired) = (row["sent"].as_u64().unwrap(), row["fired"].as_u64().unwrap());
        assert_eq!(sent + fired, 1, "{row}");
    }
    assert_eq!(row(&delivery, &pixels.tiktok)["fired"], 1, "{delivery:#?}");
    the_report_tells_of_one_click(&account, &link).await;
    the_click_is_listed(&account, &link, &get("k").join("")).await;
    browser.close().await;
}

async fn the_click_is_listed(account: &Account, link: &Link, click_id: &str) {
    let selection = "clickId excluded browser os device utm { source medium campaign } uid parameters { name value }
        pixels { pixel { network } state }";
    let document = format!("query($id: ID!) {{ link(id: $id) {{ clicks {{ totalCount nodes {{ {selection} }} }} }} }}");
    let data = account.client.query(&document, json!({ "id": link.id })).await;
    let clicks = &data["link"]["clicks"];
    assert_eq!(clicks["totalCount"], 1);
    let mut click = clicks["nodes"][0].clone();
    let pixels = click["pixels"].take();
    let expected = json!({
        "clickId": click_id, "excluded": null, "browser": "Chrome", "os": "Linux", "device": "DESKTOP",
        "utm": { "source": "newsletter", "medium": "email", "campaign": "x y" }, "uid": "ann", "pixels": null,
        "parameters": [{ "name": "ref", "value": "theirs" }, { "name": "color", "value": "red" }],
    });
    assert_eq!(click, expected, "the click id of ad networks is not kept");
    let networks: Vec<&str> = pixels.as_array().unwrap().iter().map(|pixel| text(&pixel["pixel"]["network"])).collect();
    assert_eq!(networks, ["META", "GOOGLE_ADS", "LINKEDIN", "TIKTOK", "CUSTOM_IMAGE"]);
    assert!(
        pixels.as_array().unwrap().iter().all(|pixel| matches!(text(&pixel["state"]), "SENT" | "FIRED")),
        "{pixels}"
    );
}

async fn the_report_tells_of_one_click(account: &Account, link: &Link) {
    let selection =
        "totals { clicks humanClicks botClicks uniqueVisitors } series(interval: DAY) { at clicks uniqueVisitors }
        browser: breakdown(by: BROWSER, first: 5) { value clicks uniqueVisitors share }
        source: breakdown(by: UTM_SOURCE, first: 5) { value clicks }
        campaign: breakdown(by: UTM_CAMPAIGN, first: 5) { value clicks }
        device: breakdown(by: DEVICE, first: 5) { value clicks } excluded { reason clicks }";
    for report in [account.report(link, selection).await, account.tenant_report(selection).await] {
        let totals = json!({ "clicks": 1, "humanClicks": 1, "botClicks": 0, "uniqueVisitors": 1 });
        assert_eq!(report["totals"], totals);
        let series = report["series"].as_array().unwrap();
        assert_eq!(series.iter().map(|point| point["clicks"].as_u64().unwrap()).sum::<u64>(), 1);
        assert_eq!(report["browser"][0], json!({ "value": "Chrome", "clicks": 1, "uniqueVisitors": 1, "share": 1.0 }));
        assert_eq!(report["source"][0], json!({ "value": "newsletter", "clicks": 1 }));
        assert_eq!(report["campaign"][0], json!({ "value": "x y", "clicks": 1 }));
        assert_eq!(report["device"][0], json!({ "value": "desktop", "clicks": 1 }));
        assert!(report["excluded"].as_array().unwrap().iter().all(|row| row["clicks"] == 0), "{}", report["excluded"]);
    }
    let by_link = account.tenant_report("breakdown(by: LINK, first: 5) { value clicks }").await;
    assert_eq!(by_link["breakdown"][0]["clicks"], 1);
}

async fn answers_of_networks_are_told_where_the_page_waits(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 1.0, "budgetMs": 5_000 })).await;
    let pixels = Pixels::create(&account, "AUTO").await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    world.stand_in().behave("www.facebook.com", Behaviour::Slow(Duration::from_millis(400)));
    world.stand_in().behave("px.ads.linkedin.com", Behaviour::Refuses);
    world
        .stand_in()
        .behave("googleads.g.doubleclick.net", Behaviour::Redirects("https://www.google.com/next".to_owned()));
    let browser = world.browser().await;
    browser.visit(&link.short_url).await;
    browser.arrives_at("shop.example.com").await;
    let delivery = delivery(&account, &link, 1).await;
    for fired in [&pixels.meta, &pixels.google_ads, &pixels.tiktok, &pixels.custom_image] {
        assert_eq!(row(&delivery, fired)["fired"], 1, "{delivery:#?}");
        assert_eq!(row(&delivery, fired)["confirmedRate"], 1.0);
    }
    let refused = row(&delivery, &pixels.linkedin);
    assert_eq!(refused["blocked"].as_u64().unwrap() + refused["failed"].as_u64().unwrap(), 1, "{refused}");
    assert_eq!(refused["confirmedRate"], 0.0);
    world.stand_in().hit("www.google.com", |hit| hit.path() == "/next").await;
    browser.close().await;
}

async fn scripts_of_networks_are_proved_to_fire(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 0.0, "budgetMs": 5_000 })).await;
    let pixels = Pixels::create(&account, "SCRIPT").await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let browser = world.browser().await;
    browser.visit(&link.short_url).await;
    browser.arrives_at("shop.example.com").await;
    every_network_is_hit(world).await;
    for script in ["connect.facebook.net", "www.googletagmanager.com", "snap.licdn.com"] {
        assert!(!world.stand_in().hits(script).is_empty(), "{script} gave its script");
    }
    let delivery = delivery(&account, &link, 1).await;
    for fired in [&pixels.meta, &pixels.google_ads, &pixels.linkedin, &pixels.tiktok] {
        assert_eq!(row(&delivery, fired)["fired"], 1, "{delivery:#?}");
    }
    browser.close().await;
}

async fn networks_that_fail_never_hold_a_visitor(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 0.0, "budgetMs": 600 })).await;
    let pixels = Pixels::create(&account, "SCRIPT").await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let internet = world.stand_in();
    internet.behave("analytics.tiktok.com", Behaviour::Slow(Duration::from_secs(20)));
    internet.behave("connect.facebook.net", Behaviour::Refuses);
    internet.behave("www.googletagmanager.com", Behaviour::Fails);
    let browser = world.browser().await;
    // a first page, so that starting the browser is not measured
    browser.visit("https://warm.example.com/").await;
    browser.arrives_at("warm.example.com").await;
    let start = Instant::now();
    browser.visit(&link.short_url).await;
    let arrived = internet.hit("shop.example.com", Hit::is_navigation).await.at.duration_since(start);
    assert!(arrived < Duration::from_millis(600 + 1_500), "held for {arrived:?}");
    let delivery = delivery(&account, &link, 1).await;
    assert_eq!(row(&delivery, &pixels.tiktok)["timedOut"], 1, "{delivery:#?}");
    for lost in [&pixels.meta, &pixels.google_ads] {
        let row = row(&delivery, lost);
        assert_eq!(row["blocked"].as_u64().unwrap() + row["failed"].as_u64().unwrap(), 1, "{row}");
    }
    assert_eq!(row(&delivery, &pixels.linkedin)["fired"], 1, "{delivery:#?}");
    browser.close().await;
}

/// What a visit gets: its status, and where it is sent.
pub(crate) async fn outcome(world: &World, slug: &str) -> (u16, String) {
    let answer = world.visit(slug).send().await.unwrap();
    let location = answer.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
    (answer.status().as_u16(), location.unwrap_or_default())
}

/// Waits until a visit gets this, for as long as a change may take to be served.
pub(crate) async fn served(world: &World, slug: &str, status: u16, location: &str) {
    let expected = (status, location.to_owned());
    wait::until_equal("what a visit gets", SERVED, &expected, async || outcome(world, slug).await).await;
}

async fn a_change_is_served_at_once(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let link = account.create_link("https://one.example.com/", json!({ "slug": "changes" })).await;
    served(world, "changes", 302, "https://one.example.com/").await;
    for number in 0..5 {
        let destination = format!("https://two.example.com/{number}");
        let change = json!({ "id": link.id, "destination": destination });
        let changed = client.done("updateLink", change, "link { destination }").await;
        assert_eq!(changed["link"]["destination"], destination);
        served(world, "changes", 302, &destination).await;
    }
    let id = json!({ "id": link.id });
    client.done("archiveLink", id.clone(), "link { state }").await;
    served(world, "changes", 410, "").await;
    let back = client.done("restoreLink", id.clone(), "link { state }").await;
    assert_eq!(back["link"]["state"], "ACTIVE");
    served(world, "changes", 302, "https://two.example.com/4").await;

    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    served(world, "changes", 200, "").await;
    let change = json!({ "id": pixel, "ids": [{ "key": "pixel_id", "value": "111111111111111" }] });
    client.done("updatePixel", change, "pixel { id }").await;
    let page = async || world.visit("changes").send().await.unwrap().text().await.unwrap().contains("111111111111111");
    wait::until_equal("the pixel's new id on the page", SERVED, &true, page).await;
    client.done("updateLink", json!({ "id": link.id, "withoutPixels": true }), "link { id }").await;
    served(world, "changes", 302, "https://two.example.com/4").await;
    client.done("updateLink", json!({ "id": link.id, "withoutPixels": false }), "link { id }").await;
    served(world, "changes", 200, "").await;
    client.done("deletePixel", json!({ "id": pixel }), "deletedPixelId").await;
    served(world, "changes", 302, "https://two.example.com/4").await;

    client.done("updateLink", json!({ "id": link.id, "slug": "moved" }), "link { shortUrl }").await;
    served(world, "changes", 404, "").await;
    served(world, "moved", 302, "https://two.example.com/4").await;
    client.done("deleteLink", id, "deletedLinkId").await;
    served(world, "moved", 404, "").await;
    account.create_link("https://three.example.com/", json!({ "slug": "moved" })).await;
    served(world, "moved", 302, "https://three.example.com/").await;
}

async fn without_scripts_a_visitor_arrives_all_the_same(world: &mut World) {
    let account = world.sign_up().await;
    Pixels::create(&account, "AUTO").await;
    let link = account.create_link("https://shop.example.com/offer?a=1&b=2", json!({})).await;
    let page = world.visit(&link.slug).send().await.unwrap().text().await.unwrap();
    let outside = page.split("<script").next().unwrap();
    assert!(outside.contains(r#"<noscript><meta http-equiv="refresh""#), "{outside}");
    assert!(
        outside.contains(r#"href="https://shop.example.com/offer?a&#61;1&amp;b&#61;2""#)
            || outside.contains(r#"href="https://shop.example.com/offer?a=1&amp;b=2""#),
        "a visible link: {outside}"
    );
    let browser = world.browser_without_scripts().await;
    browser.visit(&link.short_url).await;
    assert_eq!(browser.arrives_at("shop.example.com").await.as_str(), "https://shop.example.com/offer?a=1&b=2");
    for image in ["www.facebook.com", "googleads.g.doubleclick.net", "px.ads.linkedin.com", "t.example.com"] {
        world.stand_in().hit(image, |hit| hit.method == "GET").await;
    }
    reported(&account, &link, 2).await;
    browser.close().await;
}
