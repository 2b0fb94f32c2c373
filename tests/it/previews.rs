//! Previews: what a given visitor would get, why each pixel fires or does not, and a look at it in a browser; none of it
//! is recorded.

use crate::world::{
    World,
    client::{Account, Link, text},
    in_both, wait,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

in_both!(a_preview_tells_what_a_visitor_would_get, a_preview_in_a_browser_shows_what_fired);

const BOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const DOCUMENT: &str =
    "query($id: ID!, $visitor: PreviewVisitor) { previewInterstitial(linkId: $id, visitor: $visitor) {
    decision status headers { name value } page url pixels { pixel { network } fires reason } } }";

async fn preview(account: &Account, link: &Link, visitor: Value) -> Value {
    let variables = json!({ "id": link.id, "visitor": visitor });
    account.client.query(DOCUMENT, variables).await["previewInterstitial"].take()
}

/// The reasons of a preview, by network.
fn reasons(preview: &Value) -> BTreeMap<&str, &str> {
    let pixels = preview["pixels"].as_array().unwrap().iter();
    pixels.map(|pixel| (text(&pixel["pixel"]["network"]), text(&pixel["reason"]))).collect()
}

async fn furnished(world: &World) -> (Account, Link) {
    let account = world.sign_up().await;
    let default = json!({ "isDefault": true });
    account.create_pixel("META", &[("pixel_id", "246813579024680")], default.clone()).await;
    account.create_pixel("TIKTOK", &[("pixel_code", "C97F14JC77U63IDI7U40")], json!({})).await;
    account.create_pixel("CUSTOM_JS", &[("code", "go()")], default).await;
    let link = account.create_link("https://shop.example.com/{country}", json!({})).await;
    (account, link)
}

async fn a_preview_tells_what_a_visitor_would_get(world: &mut World) {
    let (account, link) = furnished(world).await;
    let seen = preview(&account, &link, json!({ "country": "US", "query": "utm_source=mail" })).await;
    assert_eq!((&seen["decision"], &seen["status"]), (&json!("FIRE"), &json!(200)));
    assert!(text(&seen["page"]).contains("https://shop.example.com/US?utm_source=mail"), "{seen:#}");
    let policy = seen["headers"].as_array().unwrap().iter().find(|field| field["name"] == "content-security-policy");
    assert!(text(&policy.unwrap()["value"]).contains("https://www.facebook.com"));
    let expected = [("CUSTOM_JS", "SHARED_DOMAIN"), ("META", "FIRES"), ("TIKTOK", "NOT_ATTACHED")];
    assert_eq!(reasons(&seen), BTreeMap::from(expected));
    // whatever stands in the query, it is a preview still
    let crowded = json!({ "country": "US", "query": format!("__preview=x&{}", "a&".repeat(300)) });
    assert_eq!(preview(&account, &link, crowded).await["decision"], "FIRE");
    for (visitor, decision, status, reason) in [
        (json!({ "userAgent": BOT }), "REDIRECT", 302, "NO_PAGE"),
        (json!({ "country": "US", "gpc": true }), "REDIRECT", 302, "REFUSED"),
        (json!({ "country": "DE" }), "REDIRECT", 302, "REFUSED"),
        (json!({ "country": "DE", "consent": true }), "FIRE", 200, "FIRES"),
        (json!({ "country": "US", "consent": false }), "REDIRECT", 302, "REFUSED"),
    ] {
        let seen = preview(&account, &link, visitor.clone()).await;
        assert_eq!((&seen["decision"], &seen["status"]), (&json!(decision), &json!(status)), "{visitor}");
        assert_eq!(reasons(&seen)["META"], reason, "{visitor}");
    }
    // what the API alone asks for is no visit when its seal is not good
    let path = format!("{}?__preview=nonsense", link.slug);
    let unsealed = world.visit(&path).header("x-stopover-explain", "1").send().await.unwrap();
    assert_eq!((unsealed.status().as_u16(), unsealed.text().await.unwrap().as_str()), (503, ""));
    account.client.done("archiveLink", json!({ "id": link.id }), "link { id }").await;
    let gone = async || preview(&account, &link, json!({})).await["decision"].clone();
    wait::until_equal("the archived link's preview", Duration::from_secs(2), &json!("REFUSED"), gone).await;
    account.client.done("restoreLink", json!({ "id": link.id }), "link { id }").await;

    // the question can be looked at, and its buttons work
    account.set_policy(json!({ "consent": { "default": "OPT_IN_ASK", "regions": [] } })).await;
    let url = wait::until("a preview of the question", Duration::from_secs(2), async || {
        let seen = preview(&account, &link, json!({})).await;
        (seen["decision"] == "ASK_CONSENT").then(|| text(&seen["url"]).to_owned())
    });
    let url = url.await;
    let path = format!("{}?{}", link.slug, url.split('?').nth(1).unwrap());
    for (choice, status) in [("1", 200), ("0", 302)] {
        let form = world.request(Method::POST, &path).header("content-type", "application/x-www-form-urlencoded");
        let answer = form.body(format!("token=any&choice={choice}")).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers().contains_key("set-cookie")),
            (status, false),
            "{choice}"
        );
        let page = answer.text().await.unwrap();
        assert_eq!(page.contains("Preview: this visit is not recorded"), choice == "1", "{page}");
    }
    account.set_policy(json!({ "consent": { "default": "OPT_OUT", "regions": [] } })).await;

    let stranger = world.sign_up().await;
    assert_eq!(preview(&stranger, &link, json!({})).await, Value::Null);
    let bad = json!({ "id": link.id, "visitor": { "country": "de", "query": "a b" } });
    assert!(account.client.reply(DOCUMENT, bad).await.body["errors"].is_array());
    // a click of somebody real is the only one
    crate::journeys::served(world, &link.slug, 200, "").await;
    let look = async || account.clicks(&link).await.0;
    let first =
        wait::until("the click", Duration::from_secs(5), async || Some(look().await).filter(|clicks| *clicks > 0));
    first.await;
    let totals = account.report(&link, "totals { clicks } excluded { reason clicks }").await;
    let excluded: u64 = totals["excluded"].as_array().unwrap().iter().map(|row| row["clicks"].as_u64().unwrap()).sum();
    assert_eq!(excluded, 0, "the previewed bot is counted nowhere: {totals}");
}

async fn a_preview_in_a_browser_shows_what_fired(world: &mut World) {
    let (account, link) = furnished(world).await;
    let seen = preview(&account, &link, json!({ "country": "US" })).await;
    let browser = world.browser().await;
    browser.visit(text(&seen["url"])).await;
    let shown = async || {
        let text = browser.run("return document.body ? document.body.innerText : ''").await;
        text.as_str().filter(|text| text.contains("Preview: this visit is not recorded")).map(str::to_owned)
    };
    let shown = wait::until("the overlay", Duration::from_secs(15), shown).await;
    assert!(shown.contains("Meta Pixel: fired"), "{shown}");
    world.stand_in().hit("www.facebook.com", |hit| hit.path() == "/tr").await;
    assert!(world.stand_in().hits("shop.example.com").is_empty(), "it stays");
    // what was sealed for one link opens no other, and a forged seal is an unknown parameter
    let other = account.create_link("https://other.example.com/", json!({ "withoutPixels": true })).await;
    let seal = text(&seen["url"]).split("__preview=").nth(1).unwrap();
    for seal in [seal.to_owned(), seal.replace(&seal[8..9], if &seal[8..9] == "A" { "B" } else { "A" })] {
        let answer = world.visit(&format!("{}?__preview={seal}&a=1", other.slug)).send().await.unwrap();
        assert_eq!(answer.headers()["location"], "https://other.example.com/?a=1");
    }
    let clicks = async || account.clicks(&other).await;
    wait::until_equal("clicks of the other link", Duration::from_secs(5), &(2, 0), clicks).await;
    assert_eq!(account.clicks(&link).await, (0, 0));
    browser.close().await;
}
