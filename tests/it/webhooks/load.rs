//! Many receivers and much to tell: those that stall hold up nobody, what is old is cleared away, and with a tenant goes all
//! that was its.

use super::{Receiver, SOON};
use crate::world::{World, in_both, stand_in::Behaviour, wait};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};
use std::time::Duration;

in_both!(crate::webhooks::QUICK =>
    receivers_that_stall_hold_up_nobody,
    what_is_old_is_cleared_away,
    with_a_tenant_goes_what_was_its,
);

/// The number that a statement gives.
async fn count(db: &DatabaseConnection, what: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), format!("SELECT count(*) AS number FROM {what}"));
    db.query_one_raw(statement).await.unwrap().unwrap().try_get("", "number").unwrap()
}

async fn receivers_that_stall_hold_up_nobody(world: &mut World) {
    let db = world.database().await;
    // more attempts than one process makes at once, each as long as an attempt can be
    for tenant in 0..4 {
        let account = world.sign_up().await;
        for number in 0..10 {
            let host = format!("stalling{tenant}-{number}.receiver.example");
            world.stand_in().behave(&host, Behaviour::Slow(Duration::from_secs(60)));
            Receiver::new(world, &account, &host, json!(["LINK_CREATED"])).await;
        }
        let link = json!({ "destination": "https://shop.example.com/" });
        let links: Vec<Value> = vec![link; 12];
        let input = json!({ "tenantId": account.tenant, "links": links });
        account.client.done("createLinks", input, "results { index }").await;
    }
    // so long ago that no attempt is left from before
    wait::until("all have failed for a while", Duration::from_secs(90), async || {
        let before = jiff::Timestamp::now().as_millisecond() - 12_000;
        (count(&db, &format!("webhooks WHERE failing_since < {before}")).await == 40).then_some(())
    })
    .await;
    let working = world.sign_up().await;
    let receiver = Receiver::new(world, &working, "quick.receiver.example", json!(["LINK_CREATED"])).await;
    working.create_link("https://shop.example.com/", json!({})).await;
    receiver.message("link.created").await;
    for _ in 0..10 {
        // what was brought to the quick one may not be noted yet
        let failing = "webhook_id IN (SELECT id FROM webhooks WHERE failing_since IS NOT NULL)";
        let under_way = count(&db, &format!("webhook_deliveries WHERE claim IS NOT NULL AND {failing}")).await;
        assert!(under_way <= 32, "{under_way} attempts under way to those that fail");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(count(&db, "webhook_deliveries WHERE state = 'PENDING' AND attempts < 2").await > 100, "the others wait");
}

async fn what_is_old_is_cleared_away(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "old.receiver.example", json!(["LINK_CREATED"])).await;
    receiver.test(&account).await;
    receiver.latest(&account, "DELIVERED", SOON).await;
    world.stand_in().behave(&receiver.host, Behaviour::Slow(Duration::from_secs(60)));
    let pending = receiver.test(&account).await;
    let db = world.database().await;
    let week = "UPDATE webhook_messages SET created_at = created_at - 604800001";
    assert_eq!(db.execute_unprepared(week).await.unwrap().rows_affected(), 2);
    // it is cleared away every ten minutes, and at the start
    world.api().stop().await;
    world.api().start().await;
    wait::until("what is over goes", SOON, async || (receiver.log(&account).await.len() == 1).then_some(())).await;
    assert_eq!(receiver.log(&account).await[0]["id"], pending, "what is still tried stays");
}

async fn with_a_tenant_goes_what_was_its(world: &mut World) {
    let account = world.sign_up().await;
    let all = json!(["LINK_CREATED", "LINK_EXPIRED", "CLICK_RECORDED", "PIXEL_UNHEALTHY"]);
    let receiver = Receiver::new(world, &account, "leaving.receiver.example", all).await;
    let end = (jiff::Timestamp::now() + Duration::from_secs(3)).to_string();
    let link = account.create_link("https://shop.example.com/", json!({ "expiresAt": end })).await;
    wait::until("the link", SOON, async || {
        (world.visit(&link.slug).send().await.unwrap().status() != 404).then_some(())
    })
    .await;
    receiver.message("link.expired").await;
    receiver.message("click.recorded").await;
    let db = world.database().await;
    assert_eq!(count(&db, "webhook_expiries").await, 1);
    db.execute_unprepared("DELETE FROM tenants").await.unwrap();
    for table in ["webhooks", "webhook_messages", "webhook_deliveries", "webhook_expiries", "webhook_clicks"] {
        assert_eq!(count(&db, table).await, 0, "{table}");
    }
}
