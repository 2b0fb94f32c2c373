//! Clicks are stored exactly once and changes come through, whatever process or service dies in between. Every test
//! counts the answers that visitors got, and the report must come to the same number.

use crate::{
    journeys::{outcome, served},
    world::{
        Own, Setting, World,
        client::{Account, Link},
        in_both,
        postgres::Postgres,
        process::Signal,
        redis::Redis,
        wait,
    },
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::{future::Future, time::Duration};

/// How long it may take until everything is counted after a fault: what was shipped into a void is shipped again after
/// 30 seconds.
const RECOVERED: Duration = Duration::from_secs(60);

in_both!(
    stopping_and_starting_loses_nothing,
    killing_the_redirector_right_after_an_answer_loses_nothing,
    killing_the_api_loses_nothing,
);

/// An account, its link, and how many visits were answered until it was served.
async fn account_and_link(world: &World) -> (Account, Link, u64) {
    let account = world.sign_up().await;
    let link = account.create_link("https://shop.example.com/", json!({ "slug": "counted" })).await;
    let visits = visits_until(world, "https://shop.example.com/").await;
    (account, link, visits)
}

/// Visits until one is led to this address, and gives how many were led anywhere.
async fn visits_until(world: &World, location: &str) -> u64 {
    let mut led = 0;
    wait::until(&format!("a visit is led to {location}"), Duration::from_secs(5), async || {
        let (status, found) = outcome(world, "counted").await;
        led += u64::from(status == 302);
        (found == location).then_some(())
    })
    .await;
    led
}

/// Visits one after the other; every visitor must be answered.
async fn visits(world: &World, count: u64) -> u64 {
    for _ in 0..count {
        assert_eq!(outcome(world, "counted").await, (302, "https://shop.example.com/".to_owned()));
    }
    count
}

/// Waits until exactly this many clicks are counted, and makes sure that it stays at that.
async fn counted(account: &Account, link: &Link, expected: u64) {
    wait::until_equal("counted clicks", RECOVERED, &(expected, 0), async || account.clicks(link).await).await;
    // what would be counted twice comes with the next batch
    let longer = wait::within(Duration::from_millis(700), async || {
        let clicks = account.clicks(link).await;
        (clicks != (expected, 0)).then_some(clicks)
    });
    assert_eq!(longer.await, None, "counted more than once");
}

async fn stopping_and_starting_loses_nothing(world: &mut World) {
    let (account, link, mut expected) = account_and_link(world).await;
    expected += visits(world, 20).await;
    world.redirector().stop().await;
    world.redirector().start().await;
    expected += visits(world, 20).await;
    world.api().stop().await;
    if world.setting == Setting::OneBox {
        expected += visits(world, 20).await;
    }
    world.api().start().await;
    expected += visits(world, 20).await;
    counted(&account, &link, expected).await;
}

async fn killing_the_redirector_right_after_an_answer_loses_nothing(world: &mut World) {
    let (account, link, mut expected) = account_and_link(world).await;
    for round in 1..=4 {
        expected += visits(world, round * 5).await;
        world.redirector().kill().await;
        world.redirector().start().await;
    }
    counted(&account, &link, expected).await;
}

async fn killing_the_api_loses_nothing(world: &mut World) {
    let (account, link, mut expected) = account_and_link(world).await;
    for _ in 0..3 {
        expected += visits(world, 40).await;
        world.api().kill().await;
        if world.setting == Setting::OneBox {
            expected += visits(world, 40).await;
        }
        world.api().start().await;
    }
    // a change that was committed is served, whenever its API dies
    let change = json!({ "id": link.id, "destination": "https://new.example.com/" });
    account.client.done("updateLink", change, "link { id }").await;
    world.api().kill().await;
    world.api().start().await;
    expected += visits_until(world, "https://new.example.com/").await;
    counted(&account, &link, expected).await;
}

/// Runs a scenario on services of its own.
fn with_own(own: impl Future<Output = Own>, scenario: impl AsyncFnOnce(&mut World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = World::start(Setting::OneBox, own.await, &[]).await;
        scenario(&mut world).await;
    });
}

#[test]
fn redis_is_killed_and_comes_back_empty() {
    let own = async { Own { redis: Some(Redis::own().await), postgres: None } };
    with_own(own, async |world| {
        let (account, link, mut expected) = account_and_link(world).await;
        expected += visits(world, 30).await;
        world.own.redis.as_mut().unwrap().kill().await;
        expected += visits(world, 30).await;
        // without Redis a change still commits, and visits see it
        let change = json!({ "id": link.id, "title": "changed meanwhile" });
        account.client.done("updateLink", change, "link { id }").await;
        world.own.redis.as_mut().unwrap().forget();
        world.own.redis.as_mut().unwrap().start().await;
        expected += visits(world, 30).await;
        counted(&account, &link, expected).await;
        account.client.done("archiveLink", json!({ "id": link.id }), "link { id }").await;
        served(world, "counted", 410, "").await;
    });
}

#[test]
fn postgresql_stops_while_visits_go_on() {
    let own = async { Own { postgres: Some(Postgres::own().await), redis: None } };
    with_own(own, async |world| {
        let (account, link, mut expected) = account_and_link(world).await;
        expected += visits(world, 30).await;
        world.own.postgres.as_mut().unwrap().stop().await;
        // longer than memory (1 s) and the watermark (3 s) live: what is served then is stale, and served all the same
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            expected += visits(world, 5).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.own.postgres.as_mut().unwrap().start().await;
        expected += visits(world, 30).await;
        counted(&account, &link, expected).await;
    });
}

#[test]
fn a_change_of_a_frozen_api_is_never_undone() {
    let own = async { Own { redis: Some(Redis::own().await), postgres: None } };
    with_own(own, async |world| {
        let (account, link, _) = account_and_link(world).await;
        for round in 0..3 {
            let destination = format!("https://round{round}.example.com/");
            let change = json!({ "id": link.id, "destination": destination });
            account.client.done("updateLink", change, "link { id }").await;
            served(world, "counted", 302, &destination).await;
            // the redirector stands still while the API goes on, and may hold an answer from before
            world.redirector().signal(Signal::Freeze);
            let newest = format!("https://newest{round}.example.com/");
            let change = json!({ "id": link.id, "destination": newest });
            account.client.done("updateLink", change, "link { id }").await;
            world.redirector().signal(Signal::Thaw);
            served(world, "counted", 302, &newest).await;
            // and it stays so for longer than memory lives
            let undone = wait::within(Duration::from_millis(1_500), async || {
                let (_, location) = outcome(world, "counted").await;
                (location != newest).then_some(location)
            });
            assert_eq!(undone.await, None);
        }
    });
}

#[test]
fn rollups_that_are_gone_are_made_anew_from_the_clicks() {
    with_own(async { Own::default() }, async |world| {
        let (account, link, mut expected) = account_and_link(world).await;
        expected += visits(world, 20).await;
        counted(&account, &link, expected).await;
        let db = world.database().await;
        db.execute_unprepared("DELETE FROM rollups").await.unwrap();
        counted(&account, &link, 0).await;
        world.api().once("rebuild");
        counted(&account, &link, expected).await;
        expected += visits(world, 5).await;
        counted(&account, &link, expected).await;
    });
}
