//! Rules by the visitor's place, with a database of places and a proxy that names the visitor's address; and what clicks
//! and reports tell of the place.

use super::{LIMIT, SHOP, header, token_in};
use crate::world::{
    World,
    client::{Account, Link},
    in_both,
    places::address_in,
    wait,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

in_both!(&[("TRUSTED_PROXIES", "127.0.0.1, ::1")] =>
    out_of_the_box_nothing_fires_where_law_asks_for_consent,
    the_first_rule_that_names_a_place_holds,
);

async fn visit(world: &World, link: &Link, place: &str, signals: bool) -> Response {
    let mut request = world.visit(&link.slug).header("x-forwarded-for", address_in(place));
    if signals {
        request = request.header("sec-gpc", "1");
    }
    request.send().await.unwrap()
}

/// What a visit gets: `fires`, `asks`, or where it is sent without more ado.
async fn outcome(world: &World, link: &Link, place: &str, signals: bool) -> String {
    let answer = visit(world, link, place, signals).await;
    let location = header(answer.headers(), "location");
    let page = answer.text().await.unwrap();
    match (token_in(&page), page.contains("facebook.com/tr")) {
        (Some(_), false) => "asks".to_owned(),
        (None, true) => "fires".to_owned(),
        _ => location,
    }
}

async fn with_pixel(world: &World, policy: Value, destination: &str) -> (Account, Link) {
    let account = world.sign_up().await;
    account.set_policy(policy).await;
    account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    let link = account.create_link(destination, json!({})).await;
    (account, link)
}

/// Compares country, region and consent of the clicks, in any order: visits of one millisecond have none.
async fn clicks_are(account: &Account, link: &Link, expected: &[Value]) {
    let document = "query($id: ID!) { link(id: $id) { clicks { nodes { country region consent } } } }";
    let clicks = wait::until("the clicks", LIMIT, async || {
        let data = account.client.query(document, json!({ "id": link.id })).await;
        let clicks = data["link"]["clicks"]["nodes"].as_array().unwrap().clone();
        (clicks.len() == expected.len()).then_some(clicks)
    })
    .await;
    let parts = |click: &Value| json!([click["country"], click["region"], click["consent"]]).to_string();
    let (mut seen, mut expected): (Vec<_>, Vec<_>) =
        (clicks.iter().map(parts).collect(), expected.iter().map(Value::to_string).collect());
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

async fn out_of_the_box_nothing_fires_where_law_asks_for_consent(world: &mut World) {
    let (account, link) = with_pixel(world, json!({}), "https://shop.example.com/{country}").await;
    for (place, signals, expected) in [
        ("US", false, "fires"),
        ("DE", false, "https://shop.example.com/DE"),
        ("DE", true, "https://shop.example.com/DE"),
        ("US", true, "https://shop.example.com/US"),
        ("US-CA", false, "fires"),
        ("JP", false, "fires"),
        ("nowhere", false, "fires"),
        ("nowhere", true, "https://shop.example.com/"),
    ] {
        assert_eq!(outcome(world, &link, place, signals).await, expected, "{place} {signals}");
    }
    let expected = [
        json!(["US", null, null]),
        json!(["DE", null, "MISSING"]),
        json!(["DE", null, "GPC"]),
        json!(["US", null, "GPC"]),
        json!(["US", "CA", null]),
        json!(["JP", null, null]),
        json!([null, null, null]),
        json!([null, null, "GPC"]),
    ];
    clicks_are(&account, &link, &expected).await;
    let report = account
        .report(
            &link,
            "country: breakdown(by: COUNTRY, first: 9) { value clicks }
             region: breakdown(by: REGION, first: 9) { value clicks }
             delivery(by: COUNTRY) { value expected refused }",
        )
        .await;
    let count = |list: &str, value: &str, name: &str| {
        let row = report[list].as_array().unwrap().iter().find(|row| row["value"] == value);
        row.unwrap_or_else(|| panic!("{value} is missing in {report}"))[name].as_u64().unwrap()
    };
    for (country, clicks, refused) in [("US", 3, 1), ("DE", 2, 2), ("JP", 1, 0)] {
        assert_eq!(count("country", country, "clicks"), clicks, "{report}");
        assert_eq!(count("delivery", country, "refused"), refused, "{report}");
    }
    assert_eq!(count("region", "US-CA", "clicks"), 1, "{report}");
}

async fn the_first_rule_that_names_a_place_holds(world: &mut World) {
    let regions = json!([
        { "countries": ["US-CA"], "mode": "OPT_IN_ASK" },
        { "countries": ["JP", "US"], "mode": "NONE" },
    ]);
    let consent = json!({ "regions": regions, "default": "OPT_IN_PASS" });
    let (account, link) = with_pixel(world, json!({ "consent": consent }), SHOP).await;
    let asks = async || outcome(world, &link, "US-CA", false).await;
    wait::until_equal("the question in California", LIMIT, &"asks".to_owned(), asks).await;
    for (place, signals, expected) in [
        ("US-CA", true, SHOP),
        ("US", true, "fires"),
        ("JP", true, "fires"),
        ("DE", false, SHOP),
        ("nowhere", false, SHOP),
    ] {
        assert_eq!(outcome(world, &link, place, signals).await, expected, "{place} {signals}");
    }
    // the answer is given where the question was asked
    let question = visit(world, &link, "US-CA", false).await.text().await.unwrap();
    let accepted = world
        .request(Method::POST, &link.slug)
        .header("origin", format!("http://{}", world.domain()))
        .header("x-forwarded-for", address_in("US-CA"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={}&choice=1", token_in(&question).unwrap()));
    assert!(accepted.send().await.unwrap().text().await.unwrap().contains("facebook.com/tr"));
    let expected = [
        json!(["US", "CA", "GPC"]),
        json!(["US", null, "LIMITED"]),
        json!(["JP", null, "LIMITED"]),
        json!(["DE", null, "MISSING"]),
        json!([null, null, "MISSING"]),
        json!(["US", "CA", "GRANTED"]),
    ];
    // who was asked left no click before the answer
    clicks_are(&account, &link, &expected).await;
}
