//! Clicks between processes, over Redis: whichever of them stores a click, and whichever is listened to.

use super::{begun, campaign, click, of, served, told};
use crate::world::{
    Own, Setting, World,
    redis::Redis,
    stream::{CLICKS, Socket, Stream},
    wait,
};
use std::{collections::BTreeSet, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clicks_come_to_every_process_that_is_listened_to_and_to_no_other() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let (mut program, door) = world.another_api().await;
    let account = world.sign_up().await;
    let link = served(&world, &account, "many").await;
    let channels = async || {
        let mut redis = Redis::shared().await.connection().await;
        let pattern = format!("{}:feed:*", world.redis_prefix());
        redis::cmd("PUBSUB").arg("CHANNELS").arg(pattern).query_async::<Vec<String>>(&mut redis).await.unwrap().len()
    };
    assert_eq!(channels().await, 0, "nobody listens, and nothing is published");
    let there = door.with_token(account.client.token().unwrap());
    let mut streams = Vec::new();
    for client in [&account.client, &there] {
        streams.push(Stream::open(client, CLICKS, of(&account, None)).await.ok().unwrap());
    }
    assert_eq!(channels().await, 1, "one tenant is watched, in two processes");
    for number in 0..20 {
        click(&world, &link, &number.to_string()).await;
    }
    for stream in &mut streams {
        let mut heard = BTreeSet::new();
        for _ in 0..20 {
            // two processes store them, each what it reads, so that their order is not certain
            heard.insert(campaign(&told(stream).await).to_owned());
        }
        assert_eq!(heard, (0..20).map(|number| number.to_string()).collect());
    }
    drop(streams);
    wait::until_equal("channels that are listened to", wait::PATIENCE, &0, channels).await;
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_dies_costs_what_it_missed_and_nothing_more() {
    let own = Own { redis: Some(Redis::own().await), ..Own::default() };
    let mut world = World::start(Setting::OneBox, own, &[]).await;
    let account = world.sign_up().await;
    let link = served(&world, &account, "outage").await;
    let mut socket = Socket::greeted(&account.client).await;
    socket.subscribe("1", CLICKS, of(&account, None)).await;
    begun(&world, &link, &mut socket).await;
    let redis = world.own.redis.as_mut().unwrap();
    redis.kill().await;
    redis.start().await;
    // the same subscription goes on
    wait::until("a click is heard of", wait::PATIENCE, async || {
        click(&world, &link, "again").await;
        let heard = socket.hear_within(Duration::from_secs(1)).await?;
        assert_eq!(heard.kind(), "next", "{heard:?}");
        (campaign(heard.payload()) == "again").then_some(())
    })
    .await;
}
