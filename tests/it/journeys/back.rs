//! Going back from the destination: past the stopover where it left by itself, and on to the destination once more where
//! it is in the history because its visitor pressed the visible link.

use super::reported;
use crate::world::{
    World,
    browser::Browser,
    client::{Link, text},
    in_both,
    stand_in::Behaviour,
    wait,
};
use serde_json::json;
use std::time::Duration;

in_both!(the_back_button_skips_the_stopover, a_stopover_out_of_the_back_forward_cache_goes_on,);

/// Follows a link on a page of news, whose address is plain: from a secure one to this plain stopover a browser tells
/// nothing.
async fn follow(browser: &Browser, link: &Link) {
    browser.visit("http://news.example.com/").await;
    browser.arrives_at("news.example.com").await;
    browser.run(&format!("location.href = {}", json!(link.short_url))).await;
}

async fn the_back_button_skips_the_stopover(world: &mut World) {
    let account = world.sign_up().await;
    account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let browser = world.browser().await;
    follow(&browser, &link).await;
    browser.arrives_at("shop.example.com").await;
    browser.back().await;
    browser.arrives_at("news.example.com").await;
    reported(&account, &link, 1).await;
    let referrers = account.report(&link, "breakdown(by: REFERRER, first: 3) { value clicks }").await;
    assert_eq!(text(&referrers["breakdown"][0]["value"]), "news.example.com");
    browser.close().await;
}

async fn a_stopover_out_of_the_back_forward_cache_goes_on(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 0.0, "budgetMs": 5_000 })).await;
    account.create_pixel("TIKTOK", &[("pixel_code", "C97F14JC77U63IDI7U40")], json!({ "isDefault": true })).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    // it waits for long enough that its visitor presses the link
    world.stand_in().behave("analytics.tiktok.com", Behaviour::Slow(Duration::from_secs(20)));
    let browser = world.browser().await;
    follow(&browser, &link).await;
    browser.arrives_at("localhost").await;
    browser.run("addEventListener('pageshow', function (e) { sessionStorage.entered = e.persisted; });").await;
    browser.press("main a").await;
    browser.arrives_at("shop.example.com").await;
    browser.back().await;
    let arrivals = async || world.stand_in().hits("shop.example.com").iter().filter(|hit| hit.is_navigation()).count();
    wait::until_equal("arrivals at the shop", Duration::from_secs(15), &2, arrivals).await;
    browser.arrives_at("shop.example.com").await;
    browser.back().await;
    browser.arrives_at("news.example.com").await;
    browser.visit(&format!("http://{}/robots.txt", world.domain())).await;
    browser.arrives_at("localhost").await;
    assert_eq!(browser.run("return sessionStorage.entered").await, "true", "it was shown, and not loaded anew");
    reported(&account, &link, 1).await;
    browser.close().await;
}
