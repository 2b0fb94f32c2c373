//! Consent and what visitors read: who is asked, how an answer is given and remembered, what a click tells of it, and in
//! which language and colours pages come. Most visits come from this machine, of which no database of places knows: the rule
//! for everywhere stands in for regions.

mod places;

use crate::{
    journeys::{outcome, served},
    world::{
        World,
        client::{Account, Link, text},
        in_both, wait,
    },
};
use reqwest::{Method, Response, header::HeaderMap};
use serde_json::{Value, json};
use std::time::Duration;

in_both!(
    who_is_asked_answers_once_a_day_for_each_tenant,
    an_answer_is_taken_from_our_own_page_alone,
    where_nobody_asks_the_signal_and_the_policy_decide,
    rules_and_branding_are_checked_and_shown,
    pages_speak_the_visitors_language,
    a_button_is_pressed_in_a_browser,
    a_question_fits_the_narrowest_screens,
);

const SHOP: &str = "https://shop.example.com/";
const LIMIT: Duration = Duration::from_secs(5);

/// A tenant with a pixel, for whose visitors this holds everywhere.
async fn account(world: &World, mode: &str) -> Account {
    let account = world.sign_up().await;
    let consent = json!({ "regions": [], "default": mode });
    account.set_policy(json!({ "confirmShare": 0.0, "consent": consent })).await;
    account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    account
}

/// Visits with a cookie and more headers.
async fn visit(world: &World, path: &str, cookie: &str, headers: &[(&'static str, &'static str)]) -> Response {
    let mut request = world.visit(path);
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// Waits until a visit gets the question, and gives its token.
async fn question(world: &World, path: &str, cookie: &str) -> String {
    wait::until("the question", LIMIT, async || {
        let answer = visit(world, path, cookie, &[("referer", "https://news.example.com/story")]).await;
        token_in(&answer.text().await.unwrap())
    })
    .await
}

fn token_in(page: &str) -> Option<String> {
    let (_, rest) = page.split_once(r#"name="token" value=""#)?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Presses a button of the question.
async fn choose(world: &World, path: &str, token: &str, choice: &str, cookie: &str) -> Response {
    form(world, path, token, choice, &[("origin", format!("http://{}", world.domain())), ("cookie", cookie.to_owned())])
        .await
}

async fn form(world: &World, path: &str, token: &str, choice: &str, headers: &[(&'static str, String)]) -> Response {
    let mut request = world.request(Method::POST, path);
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, value);
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(format!("token={token}&choice={choice}")).send().await.unwrap()
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

/// The cookie that was set, as a browser sends it back.
fn cookie(answer: &Response) -> String {
    let set = header(answer.headers(), "set-cookie");
    assert!(set.starts_with("stopover_consent=") && set.contains("; Max-Age=86400;"), "{set}");
    assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Lax") && set.contains("; Path=/"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

/// What the clicks of a link say of consent, the latest first, once there are this many.
async fn consents(account: &Account, link: &Link, count: usize) -> Vec<Value> {
    let document = "query($id: ID!) { link(id: $id) { clicks { nodes { consent referrer parameters { value } } } } }";
    wait::until("the clicks", LIMIT, async || {
        let data = account.client.query(document, json!({ "id": link.id })).await;
        let clicks = data["link"]["clicks"]["nodes"].as_array().unwrap().clone();
        (clicks.len() >= count).then_some(clicks)
    })
    .await
}

async fn who_is_asked_answers_once_a_day_for_each_tenant(world: &mut World) {
    let account = account(world, "OPT_IN_ASK").await;
    let link = account.create_link(SHOP, json!({})).await;
    let path = format!("{}?k=v", link.slug);
    let token = question(world, &path, "").await;
    let page = visit(world, &path, "", &[]).await;
    assert_eq!((page.status().as_u16(), header(page.headers(), "cache-control").as_str()), (200, "no-store"));
    assert!(header(page.headers(), "set-cookie").is_empty());
    let policy = header(page.headers(), "content-security-policy");
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(html.contains("Meta") && html.contains("Acme") && html.contains("shop.example.com"), "{html}");
    assert!(!html.contains("<script") && !html.contains("facebook.com/tr"), "nothing fires before the answer: {html}");
    // who looks ahead is answered for by nobody
    assert_eq!(visit(world, &path, "", &[("sec-purpose", "prefetch")]).await.status(), 503);

    let accepted = choose(world, &path, &token, "1", "").await;
    assert_eq!(accepted.status(), 200);
    let cookie_of_first = cookie(&accepted);
    let html = accepted.text().await.unwrap();
    assert!(html.contains("facebook.com/tr") && html.contains("https://shop.example.com/?k=v"), "{html}");
    let again = visit(world, &path, &cookie_of_first, &[("sec-gpc", "1")]).await.text().await.unwrap();
    assert!(again.contains("facebook.com/tr"), "it is remembered: {again}");
    let clicks = consents(&account, &link, 2).await;
    assert_eq!(
        clicks[1],
        json!({ "consent": "GRANTED", "referrer": "news.example.com", "parameters": [{ "value": "v" }] })
    );
    assert_eq!((clicks.len(), &clicks[0]["consent"]), (2, &json!("GRANTED")), "what was not answered left no click");

    let other = self::account(world, "OPT_IN_ASK").await;
    let theirs = other.create_link(SHOP, json!({})).await;
    let token = question(world, &theirs.slug, &cookie_of_first).await;
    let declined = choose(world, &theirs.slug, &token, "0", &cookie_of_first).await;
    let cookie_of_both = cookie(&declined);
    assert_eq!((declined.status().as_u16(), header(declined.headers(), "location").as_str()), (302, SHOP));
    let again = visit(world, &theirs.slug, &cookie_of_both, &[]).await;
    assert_eq!((again.status().as_u16(), header(again.headers(), "location").as_str()), (302, SHOP));
    let first = visit(world, &link.slug, &cookie_of_both, &[]).await.text().await.unwrap();
    assert!(first.contains("facebook.com/tr"), "the other tenant's answer stands beside it: {first}");
    let clicks = consents(&other, &theirs, 2).await;
    assert!(clicks.iter().all(|click| click["consent"] == "REFUSED"), "{clicks:?}");
    let look = async || other.report(&theirs, "totals { humanClicks pixelsRefused }").await;
    let refused = json!({ "totals": { "humanClicks": 2, "pixelsRefused": 2 } });
    wait::until_equal("the refusals", LIMIT, &refused, look).await;
}

async fn an_answer_is_taken_from_our_own_page_alone(world: &mut World) {
    let account = account(world, "OPT_IN_ASK").await;
    let link = account.create_link(SHOP, json!({})).await;
    let other = account.create_link("https://other.example.com/", json!({})).await;
    let token = question(world, &link.slug, "").await;
    question(world, &other.slug, "").await;
    let ours = || ("origin", format!("http://{}", world.domain()));
    let slug = format!("{}?a=b&url=//evil.example", link.slug);
    for (path, token, headers) in [
        (&slug, token.as_str(), vec![("origin", "https://evil.example".to_owned())]),
        (&slug, token.as_str(), vec![ours(), ("sec-fetch-site", "cross-site".to_owned())]),
        (&slug, "forged", vec![ours()]),
        (&slug, "", vec![]),
        (&other.slug, token.as_str(), vec![ours()]),
    ] {
        let answer = form(world, path, token, "1", &headers).await;
        let location = header(answer.headers(), "location");
        assert_eq!((answer.status().as_u16(), location), (303, format!("/{path}")), "{headers:?}");
        assert!(header(answer.headers(), "set-cookie").is_empty());
    }
    for path in ["//evil.example", "/a/b", ""] {
        let answer = form(world, path, &token, "1", &[ours()]).await;
        assert_eq!((answer.status().as_u16(), header(answer.headers(), "location")), (405, String::new()), "{path}");
    }
    // the same answer twice goes on twice, and counts once
    for _ in 0..2 {
        assert_eq!(choose(world, &link.slug, &token, "0", "").await.status(), 302);
    }
    let second = question(world, &link.slug, "").await;
    assert_eq!(choose(world, &link.slug, &second, "1", "").await.status(), 200);
    let clicks = consents(&account, &link, 2).await;
    assert_eq!(clicks.iter().map(|click| text(&click["consent"])).collect::<Vec<_>>(), ["GRANTED", "REFUSED"]);
}

async fn where_nobody_asks_the_signal_and_the_policy_decide(world: &mut World) {
    let account = account(world, "OPT_IN_PASS").await;
    let link = account.create_link(SHOP, json!({})).await;
    let set = async |default: &str, honour_gpc: bool| {
        let consent = json!({ "regions": [{ "countries": ["EEA"], "mode": "NONE" }], "default": default });
        account.set_policy(json!({ "honourGpc": honour_gpc, "consent": consent })).await;
    };
    let gpc = async || visit(world, &link.slug, "", &[("sec-gpc", "1")]).await.status().as_u16();
    served(world, &link.slug, 302, SHOP).await;
    assert_eq!(gpc().await, 302);
    set("OPT_IN_ASK", true).await;
    served(world, &link.slug, 200, "").await;
    assert_eq!(gpc().await, 302, "the signal is taken for an answer");
    set("OPT_OUT", true).await;
    let fires = async || visit(world, &link.slug, "", &[]).await.text().await.unwrap().contains("facebook.com/tr");
    wait::until_equal("a visit without the signal fires", LIMIT, &true, fires).await;
    assert_eq!(gpc().await, 302);
    set("NONE", true).await;
    wait::until_equal("a visit fires, whatever the signal", LIMIT, &200, gpc).await;
    let told = wait::until("the last click", LIMIT, async || {
        let clicks = consents(&account, &link, 5).await;
        let told: Vec<_> = clicks.iter().map(|click| click["consent"].as_str().unwrap_or("-").to_owned()).collect();
        (told[0] == "LIMITED").then_some(told)
    })
    .await;
    for expected in ["LIMITED", "GPC", "-", "MISSING"] {
        assert!(told.iter().any(|told| told == expected), "{expected} in {told:?}");
    }
}

async fn rules_and_branding_are_checked_and_shown(world: &mut World) {
    let account = world.sign_up().await;
    let selection = "policy { consent { regions { countries mode } default } } branding { name logo colour texts { language key text } }";
    let document = format!("query($id: ID!) {{ tenant(id: $id) {{ {selection} }} }}");
    let before = account.client.query(&document, json!({ "id": account.tenant })).await;
    let regions = json!([{ "countries": ["EEA", "GB", "CH"], "mode": "OPT_IN_PASS" }]);
    assert_eq!(before["tenant"]["policy"]["consent"], json!({ "regions": regions, "default": "OPT_OUT" }));
    assert_eq!(before["tenant"]["branding"], json!({ "name": null, "logo": null, "colour": null, "texts": [] }));
    let wrong = json!({
        "id": account.tenant,
        "policy": { "consent": { "regions": [{ "countries": ["XX"], "mode": "NONE" }], "default": "NONE" } },
        "branding": { "name": "x".repeat(61), "colour": "red", "logo": "data:image/svg+xml;base64,PHN2Zy8+" },
    });
    let fields: Vec<_> =
        account.client.mistakes("updateTenant", wrong).await.into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["policy.consent.regions.0.countries", "branding.name", "branding.logo", "branding.colour"]);
    let logo = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let texts = json!([{ "language": "FR", "key": "SHARED_BY", "text": "Offert par {tenant}" }]);
    let branding = json!({ "name": "Acme & Sons", "logo": logo, "colour": "#FFEE00", "texts": texts });
    let input = json!({ "id": account.tenant, "branding": branding });
    let changed = account.client.done("updateTenant", input, &format!("tenant {{ {selection} }}")).await;
    assert_eq!(changed["tenant"]["branding"]["colour"], "#ffee00");
    assert_eq!(changed["tenant"]["branding"]["texts"], texts);
    account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    let link = account.create_link(SHOP, json!({})).await;
    served(world, &link.slug, 200, "").await;
    let page = visit(world, &link.slug, "", &[("accept-language", "fr")]).await;
    assert!(header(page.headers(), "content-security-policy").contains("img-src data: "));
    let html = page.text().await.unwrap();
    assert!(html.contains("Offert par Acme &amp; Sons") && html.contains(logo) && html.contains("#ffee00"), "{html}");
    account.client.done("archiveLink", json!({ "id": link.id }), "link { state }").await;
    served(world, &link.slug, 410, "").await;
    let gone = visit(world, &link.slug, "", &[]).await.text().await.unwrap();
    assert!(gone.contains("Shared by Acme &amp; Sons") && gone.contains(logo), "{gone}");
}

async fn pages_speak_the_visitors_language(world: &mut World) {
    let account = account(world, "OPT_IN_ASK").await;
    let link = account.create_link(SHOP, json!({})).await;
    question(world, &link.slug, "").await;
    let read = async |path: &str, languages: &'static str| {
        visit(world, path, "", &[("accept-language", languages)]).await.text().await.unwrap()
    };
    let page = read(&link.slug, "sv;q=1, de-CH;q=0.9, en;q=0.5").await;
    assert!(page.contains(r#"<html lang="de" dir="ltr">"#) && page.contains(">Zustimmen</button>"), "{page}");
    let page = read("nothing-here", "ja").await;
    assert!(page.contains(r#"<html lang="ja""#) && page.contains("このリンクは存在しません"), "{page}");
    let page = read(&link.slug, "ar-EG").await;
    assert!(page.contains(r#"<html lang="ar" dir="rtl">"#) && page.contains(">أوافق</button>"), "{page}");
    assert!(page.contains(r#"<li dir="auto">Meta"#), "{page}");
    let page = read(&link.slug, "sv").await;
    assert!(page.contains(r#"<html lang="en""#) && page.contains(">Accept</button>"), "{page}");
}

async fn a_button_is_pressed_in_a_browser(world: &mut World) {
    let account = account(world, "OPT_IN_ASK").await;
    let link = account.create_link("https://shop.example.com/offer", json!({})).await;
    question(world, &link.slug, "").await;
    let path = format!("{}?utm_source=mail", link.short_url);
    let browser = world.browser().await;
    for (button, arrivals) in [("1", 1), ("0", 2)] {
        browser.visit("https://news.example.com/").await;
        browser.arrives_at("news.example.com").await;
        if button == "0" {
            // the day is over
            browser.forget_cookies(&link.short_url).await;
        }
        browser.visit(&path).await;
        browser.press(&format!("button[name=choice][value='{button}']")).await;
        let arrived = browser.arrives_at("shop.example.com").await;
        assert_eq!(arrived.as_str(), "https://shop.example.com/offer?utm_source=mail");
        let clicks = consents(&account, &link, arrivals).await;
        assert_eq!(clicks.len(), arrivals);
        assert_eq!(clicks[0]["consent"], if button == "1" { "GRANTED" } else { "REFUSED" });
        world.stand_in().hit("www.facebook.com", |hit| hit.path().starts_with("/tr")).await;
    }
    assert_eq!(world.stand_in().hits("www.facebook.com").len(), 1, "who declined fired nothing");
    assert_eq!(outcome(world, &link.slug).await.0, 200, "another browser is asked");
    browser.close().await;
}

async fn a_question_fits_the_narrowest_screens(world: &mut World) {
    let account = account(world, "OPT_IN_ASK").await;
    let link = account.create_link(SHOP, json!({})).await;
    question(world, &link.slug, "").await;
    let browser = world.browser().await;
    let screen = json!({ "width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": true });
    browser.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    for language in ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "ar"] {
        let agent = json!({ "userAgent": crate::world::browser::USER_AGENT, "acceptLanguage": language });
        browser.devtools("Network.setUserAgentOverride", agent).await;
        browser.visit(&link.short_url).await;
        // words of each button that stand on more than one line
        let broken = "var range = document.createRange();
            return [document.documentElement.lang, document.documentElement.scrollWidth].concat(
              [...document.querySelectorAll('button')].filter(function (button) {
                var text = button.firstChild, from = 0;
                return text.data.split(' ').some(function (word) {
                  range.setStart(text, from);
                  range.setEnd(text, from += word.length);
                  from++;
                  return range.getClientRects().length > 1;
                });
              }).map(function (button) { return button.textContent; }));";
        let seen = wait::until("the question", LIMIT, async || {
            let seen = browser.run(broken).await;
            (seen[0] == language).then_some(seen)
        })
        .await;
        assert_eq!(seen, json!([language, 320]));
    }
    browser.close().await;
}
