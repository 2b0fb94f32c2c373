//! What became of pixels by browser, country, day and network, and which of them do not fire: out of receipts with chosen
//! states.

use super::receipts::token_of;
use crate::world::{
    World,
    browser::USER_AGENT,
    client::{Account, Link, text},
    in_both, wait,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

in_both!(a_pixel_that_browsers_block_is_unhealthy_and_shows_where);

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const COUNTS: &str = "expected sent fired blocked failed timedOut refused";

/// A visit by this browser, and the receipt of its page: the state of each pixel, in the order they were made.
async fn visit(world: &World, link: &Link, agent: &str, states: [&str; 2]) {
    let page = world.visit_as(&link.slug, agent).send().await.unwrap().text().await.unwrap();
    let results = states.map(|state| json!([state, 40]));
    let body = json!({ "t": token_of(&page), "p": results }).to_string();
    let answer = world.request(Method::POST, "_receipt").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}

/// The rows of a delivery.
async fn rows(account: &Account, link: &Link, arguments: &str) -> Vec<Value> {
    let selection = format!(
        "delivery({arguments}) {{ line value network pixelId pixel {{ id }} {COUNTS} confirmedRate medianMs }}"
    );
    account.report(link, &selection).await["delivery"].as_array().unwrap().clone()
}

/// The counts of rows together, in the order of [`COUNTS`].
fn sums(rows: &[Value]) -> Vec<u64> {
    COUNTS.split(' ').map(|name| rows.iter().map(|row| row[name].as_u64().unwrap()).sum()).collect()
}

fn row<'a>(rows: &'a [Value], value: &str) -> &'a Value {
    rows.iter().find(|row| row["value"] == value).unwrap_or_else(|| panic!("no {value} in {rows:?}"))
}

async fn health(account: &Account) -> Vec<Value> {
    let document = "query($id: ID!) { tenant(id: $id) { policy { healthThreshold } pixelHealth { pixel { id } state \
                    expected watched confirmedRate previousRate threshold reason message since } } }";
    let data = account.client.query(document, json!({ "id": account.tenant })).await;
    let health = data["tenant"]["pixelHealth"].as_array().unwrap().clone();
    assert!(health.iter().all(|pixel| pixel["threshold"] == data["tenant"]["policy"]["healthThreshold"]));
    health
}

fn judged(health: &Value) -> (&str, &str, Option<&str>) {
    (text(&health["pixel"]["id"]), text(&health["state"]), health["reason"].as_str())
}

async fn a_pixel_that_browsers_block_is_unhealthy_and_shows_where(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 1.0 })).await;
    let meta = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    let linkedin = account.create_pixel("LINKEDIN", &[("partner_id", "2503796")], json!({ "isDefault": true })).await;
    let idle = account.create_pixel("META", &[("pixel_id", "246813579024681")], json!({})).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    wait::until("a page with both pixels", Duration::from_secs(2), async || {
        let page = world.visit(&link.slug).send().await.unwrap().text().await.unwrap();
        (page.contains("facebook.com/tr") && page.contains("px.ads.linkedin.com")).then_some(())
    })
    .await;
    for _ in 0..18 {
        visit(world, &link, FIREFOX, ["blocked", "fired"]).await;
    }
    for _ in 0..6 {
        visit(world, &link, USER_AGENT, ["fired", "timed_out"]).await;
    }
    assert_eq!(world.visit(&link.slug).header("sec-gpc", "1").send().await.unwrap().status(), 302);
    let by_pixel = wait::until("all receipts", Duration::from_secs(5), async || {
        let rows = rows(&account, &link, "by: PIXEL").await;
        let known: u64 = sums(&rows)[1..].iter().sum();
        (known == 2 * 25).then_some(rows)
    })
    .await;
    assert_eq!(account.report(&link, "delivery { pixel { id } blocked }").await["delivery"][0]["blocked"], 18);
    adds_up(&account, &link, &by_pixel, [&meta, &linkedin]).await;

    let found = health(&account).await;
    let expected = [
        (meta.as_str(), "UNHEALTHY", Some("BLOCKED_BY_BROWSERS")),
        (&linkedin, "HEALTHY", None),
        (&idle, "UNKNOWN", None),
    ];
    assert_eq!(found.iter().map(judged).collect::<Vec<_>>(), expected);
    assert_eq!((&found[0]["watched"], &found[0]["confirmedRate"]), (&json!(24), &json!(0.25)));
    assert_eq!((&found[0]["previousRate"], &found[0]["threshold"]), (&Value::Null, &json!(0.5)));
    assert!(text(&found[0]["message"]).contains("content blockers"));
    assert!(found[0]["since"].as_str() > found[2]["since"].as_str(), "who has few visits is looked at for longer");

    account.set_policy(json!({ "healthThreshold": 0.25 })).await;
    assert_eq!(judged(&health(&account).await[0]), (meta.as_str(), "HEALTHY", None));
    let wrong = json!({ "id": account.tenant, "policy": { "healthThreshold": 1.5 } });
    let mistake = ("policy.healthThreshold".to_owned(), "INVALID".to_owned());
    assert_eq!(account.client.mistakes("updateTenant", wrong).await, [mistake]);
}

/// Whatever the rows are about, they come to the same, of all pixels and of each.
async fn adds_up(account: &Account, link: &Link, by_pixel: &[Value], [meta, linkedin]: [&str; 2]) {
    assert_eq!(by_pixel.len(), 2);
    assert_eq!((&by_pixel[0]["pixelId"], &by_pixel[0]["network"]), (&json!(meta), &json!("META")));
    for by in ["NETWORK", "BROWSER", "COUNTRY", "DAY"] {
        assert_eq!(sums(&rows(account, link, &format!("by: {by}")).await), sums(by_pixel), "{by}");
        for pixel in [meta, linkedin] {
            let own = rows(account, link, &format!("by: {by}, pixelId: \"{pixel}\"")).await;
            assert_eq!(sums(&own), sums(&[row(by_pixel, pixel).clone()]), "{by} {pixel}");
            assert!(own.iter().all(|row| row["pixel"]["id"] == pixel && row["pixelId"] == pixel), "{own:?}");
        }
    }
    let networks = rows(account, link, "by: NETWORK").await;
    assert_eq!(networks.len(), 2);
    for (network, pixel) in [("META", meta), ("LINKEDIN", linkedin)] {
        let of_network = row(&networks, network);
        assert_eq!((&of_network["network"], &of_network["pixel"]), (&json!(network), &Value::Null));
        assert_eq!(of_network["confirmedRate"], row(by_pixel, pixel)["confirmedRate"]);
    }
    let browsers = rows(account, link, &format!("by: BROWSER, pixelId: \"{meta}\"")).await;
    let (firefox, chrome) = (row(&browsers, "Firefox"), row(&browsers, "Chrome"));
    assert_eq!((&firefox["blocked"], &firefox["confirmedRate"]), (&json!(18), &json!(0.0)));
    assert_eq!((&chrome["fired"], &chrome["confirmedRate"], &chrome["refused"]), (&json!(6), &json!(1.0), &json!(1)));
    assert_eq!((firefox["medianMs"].as_u64(), chrome["medianMs"].is_u64()), (None, true));
    // nobody here knows countries
    let countries = rows(account, link, "by: COUNTRY").await;
    assert_eq!((countries.len(), &countries[0]["line"]), (1, &json!("UNKNOWN")));
    let days = rows(account, link, "by: DAY").await;
    let today = jiff::Timestamp::now().to_string()[..10].to_owned();
    assert!(days.iter().any(|day| day["value"] == today.as_str()), "{days:?}");
    for nobodys in ["nonsense", link.id.as_str()] {
        assert_eq!(rows(account, link, &format!("pixelId: \"{nobodys}\"")).await, [Value::Null; 0]);
    }
}
