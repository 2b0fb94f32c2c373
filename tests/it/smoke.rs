//! The world itself: what the other tests rest on works.

use crate::world::{
    browser::{Browser, Scripts},
    postgres::Postgres,
    redis::Redis,
    stand_in::{Hit, StandIn},
};
use sea_orm::{ConnectionTrait, Database};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_and_redis_answer() {
    let url = Postgres::shared().await.database().await;
    let db = Database::connect(&url).await.unwrap();
    db.execute_unprepared("SELECT count(*) FROM links").await.unwrap();
    db.close().await.unwrap();
    let mut redis = Redis::shared().await.connection().await;
    redis::cmd("PING").query_async::<String>(&mut redis).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_meets_the_stand_in_on_every_host() {
    let stand_in = StandIn::start().await;
    let browser = Browser::start(&stand_in, Scripts::Run).await;
    for address in ["https://shop.example.com/a?b=c", "http://plain.example.org/"] {
        browser.visit(address).await;
        assert_eq!(browser.arrives("the page", |url| url.as_str() == address).await.as_str(), address);
    }
    let hit = stand_in.hit("shop.example.com", Hit::is_navigation).await;
    assert_eq!((hit.path(), hit.parameter("b").as_deref(), hit.tls), ("/a", Some("c"), true));
    assert!(!stand_in.hit("plain.example.org", Hit::is_navigation).await.tls);
    assert!(!hit.header("user-agent").contains("Headless"));
    browser.close().await;
}
