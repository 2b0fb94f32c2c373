//! Visits from the browsers inside apps, as far as their user agents make a difference: pixels fire, receipts arrive, and
//! a click tells the app.

use super::networks::{delivery, row};
use crate::world::{World, client::text, in_both, stand_in::Hit, wait};
use serde_json::{Value, json};
use std::time::Duration;

in_both!(browsers_inside_apps_fire_pixels_and_are_told_by_the_app);

/// User agents by the name that clicks tell, with the system.
const APPS: [(&str, &str, &str); 4] = [
    (
        "Instagram",
        "iOS",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 \
         Instagram 320.0.0.32.100 (iPhone14,5; iOS 17_4; en_US; en; scale=3.00; 1170x2532; 572168098)",
    ),
    (
        "Facebook",
        "Android",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A.240205.004; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
         Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/467.0.0.42.68;]",
    ),
    (
        "TikTok",
        "iOS",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 \
         musical_ly_34.1.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/en Region/US isDarkMode/0 WKWebView/1 \
         RevealType/Dialog BytedanceWebview/d8a21c6",
    ),
    (
        "LinkedIn",
        "iOS",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 \
         [LinkedInApp]/9.29.9013",
    ),
];

async fn browsers_inside_apps_fire_pixels_and_are_told_by_the_app(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 1.0, "budgetMs": 5_000 })).await;
    let default = json!({ "isDefault": true });
    let meta = account.create_pixel("META", &[("pixel_id", "246813579024680")], default.clone()).await;
    let tiktok = account.create_pixel("TIKTOK", &[("pixel_code", "C97F14JC77U63IDI7U40")], default).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let browser = world.browser().await;
    let internet = world.stand_in();
    for (visits, (app, os, user_agent)) in (1..).zip(APPS) {
        browser.call_itself(user_agent).await;
        browser.visit("https://feed.example.com/").await;
        browser.arrives_at("feed.example.com").await;
        browser.visit(&link.short_url).await;
        browser.arrives_at("shop.example.com").await;
        let theirs = |hit: &Hit| hit.header("user-agent") == user_agent;
        internet.hit("www.facebook.com", |hit| hit.path() == "/tr" && theirs(hit)).await;
        internet.hit("analytics.tiktok.com", |hit| hit.path() == "/api/v2/pixel" && theirs(hit)).await;
        internet.hit("shop.example.com", theirs).await;
        let delivery = delivery(&account, &link, visits).await;
        for pixel in [&meta, &tiktok] {
            assert_eq!(row(&delivery, pixel)["fired"], visits, "{app}: {delivery:#?}");
        }
        let document = "query($id: ID!) { link(id: $id) { clicks(first: 1) { totalCount nodes { browser os device
            excluded pixels { state } } } } }";
        let look = async || {
            let mut clicks = account.client.query(document, json!({ "id": link.id })).await["link"]["clicks"].take();
            (clicks["totalCount"] == visits).then(|| clicks["nodes"][0].take())
        };
        let click = wait::until("the click", Duration::from_secs(5), look).await;
        let fired = json!({ "state": "FIRED" });
        let expected =
            json!({ "browser": app, "os": os, "device": "PHONE", "excluded": null, "pixels": [fired, fired] });
        assert_eq!(click, expected, "{app}");
    }
    let report = account.report(&link, "breakdown(by: BROWSER, first: 9) { value clicks }").await;
    let mut apps: Vec<_> = report["breakdown"].as_array().unwrap().iter().map(|row| text(&row["value"])).collect();
    apps.sort_unstable();
    assert_eq!(apps, ["Facebook", "Instagram", "LinkedIn", "TikTok"]);
    assert!(report["breakdown"].as_array().unwrap().iter().all(|row: &Value| row["clicks"] == 1), "{report}");
    browser.close().await;
}
