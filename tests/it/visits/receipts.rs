//! Receipts: taken once, from the page that was given their token, and from nobody else.

use super::{account_with_pixel, counted};
use crate::world::{World, in_both, wait};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

in_both!(a_receipt_counts_once);

/// The token of a page's receipt.
pub(crate) fn token_of(page: &str) -> String {
    let start = page.split(",t:\"").nth(1).unwrap_or_else(|| panic!("no token in {page}"));
    start.split('"').next().unwrap().to_owned()
}

async fn a_receipt_counts_once(world: &mut World) {
    let account = account_with_pixel(world).await;
    // every page waits for its pixels: a rate is of such visits
    account.set_policy(json!({ "confirmShare": 1.0 })).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let send = async |body: String| {
        let answer = world.request(Method::POST, "_receipt").body(body).send().await.unwrap();
        assert!(answer.headers().get("access-control-allow-origin").is_none());
        assert!(answer.headers().get("set-cookie").is_none());
        answer.status().as_u16()
    };
    let page = wait::until("a page", Duration::from_secs(2), async || {
        let answer = world.visit(&link.slug).send().await.unwrap();
        if answer.status() == 200 { answer.text().await.ok() } else { None }
    })
    .await;
    let token = token_of(&page);
    let receipt = |token: &str, results: Value| json!({ "t": token, "p": results }).to_string();
    let good = json!([["fired", 42]]);
    let mut forged = token.clone();
    forged.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
    for (body, status) in [
        (receipt(&forged, good.clone()), 403),
        (receipt("", good.clone()), 403),
        (receipt(&token, json!([])), 400),
        (receipt(&token, json!([["fired", 1], ["fired", 1]])), 400),
        (receipt(&token, json!([["won", 1]])), 400),
        ("nonsense".to_owned(), 400),
        (String::new(), 400),
        (format!("{}{}", receipt(&token, good.clone()), " ".repeat(8_000)), 400),
        (receipt(&token, good.clone()), 204),
        (receipt(&token, json!([["blocked", 1]])), 403),
    ] {
        assert_eq!(send(body.clone()).await, status, "{body:.80}");
    }
    let look = async || {
        account.report(&link, "delivery { fired blocked confirmedRate medianMs }").await["delivery"][0].clone()
    };
    let row =
        wait::until("the receipt", Duration::from_secs(5), async || Some(look().await).filter(|row| row["fired"] == 1))
            .await;
    assert_eq!((&row["blocked"], &row["confirmedRate"]), (&json!(0), &json!(1.0)));
    let median = row["medianMs"].as_f64().unwrap();
    assert!((35.0..=50.0).contains(&median), "{row}");
    // a redirector that was started anew has forgotten whom it heard, and storage has not
    world.redirector().stop().await;
    world.redirector().start().await;
    let again =
        world.request(Method::POST, "_receipt").body(receipt(&token, json!([["failed", 1]]))).send().await.unwrap();
    assert!([204, 403].contains(&again.status().as_u16()));
    let before = account.clicks(&link).await;
    world.visit(&link.slug).send().await.unwrap();
    counted(&account, &link, (before.0 + 1, 0)).await;
    let look = async || account.report(&link, "delivery { fired failed }").await["delivery"][0].clone();
    assert_eq!(look().await, json!({ "fired": 1, "failed": 0 }));
}
