//! Receivers that fail, stall, redirect or are gone, a worker that dies, and a secret that changes.

use super::{Receiver, SOON, verified, webhook};
use crate::world::{World, client::text, in_both, stand_in::Behaviour, wait};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

in_both!(crate::webhooks::QUICK =>
    what_fails_is_tried_again_given_up_and_replayed,
    redirects_and_stalls_are_failures,
    a_receiver_that_is_gone_switches_its_webhook_off,
    a_webhook_that_fails_for_days_is_switched_off,
    both_secrets_sign_after_a_rotation,
    a_worker_that_dies_loses_nothing,
);

async fn what_fails_is_tried_again_given_up_and_replayed(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "failing.receiver.example", json!(["LINK_CREATED"])).await;
    let other = Receiver::new(world, &account, "working.receiver.example", json!(["LINK_CREATED"])).await;
    world.stand_in().behave(&receiver.host, Behaviour::Fails);
    account.create_link("https://shop.example.com/", json!({})).await;
    other.message("link.created").await;
    let failed = receiver.latest(&account, "FAILED", Duration::from_secs(30)).await;
    assert_eq!(
        (&failed["attempts"], &failed["responseStatus"], &failed["nextAttemptAt"]),
        (&json!(4), &json!(500), &Value::Null)
    );
    assert!(text(&failed["error"]).contains("500"), "{failed}");
    let hits = receiver.hits();
    let ids: BTreeSet<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    assert_eq!((hits.len(), ids.len(), other.hits().len()), (4, 1, 1));
    assert!(webhook(&account, &receiver.id, "failingSince").await["failingSince"].is_string());

    world.stand_in().behave(&receiver.host, Behaviour::Answers);
    let replayed =
        account.client.done("replayWebhookDelivery", json!({ "id": failed["id"] }), "delivery { id attempts }").await;
    assert_eq!(replayed["delivery"]["attempts"], 0);
    let delivered = receiver.latest(&account, "DELIVERED", SOON).await;
    assert_eq!((&delivered["id"], &delivered["messageId"]), (&replayed["delivery"]["id"], &failed["messageId"]));
    let again = receiver.hits().pop().unwrap();
    assert_eq!((again.header("webhook-id"), again.body.as_str()), (text(&failed["messageId"]), hits[0].body.as_str()));
    assert_eq!(webhook(&account, &receiver.id, "failingSince").await["failingSince"], Value::Null);
    assert_eq!(receiver.log(&account).await.len(), 2, "the log keeps what failed");
    let dead = "deliveries(state: FAILED) { totalCount nodes { id } }";
    let dead = webhook(&account, &receiver.id, dead).await["deliveries"].clone();
    assert_eq!(dead, json!({ "totalCount": 1, "nodes": [{ "id": failed["id"] }] }));
}

async fn redirects_and_stalls_are_failures(world: &mut World) {
    let account = world.sign_up().await;
    let redirecting = Receiver::new(world, &account, "redirecting.receiver.example", json!(["LINK_CREATED"])).await;
    let slow = Receiver::new(world, &account, "slow.receiver.example", json!(["LINK_CREATED"])).await;
    let closed = Receiver::new(world, &account, "closed.receiver.example", json!(["LINK_CREATED"])).await;
    world.dns().set_addresses("elsewhere.receiver.example", &["127.0.0.1"]);
    let elsewhere = format!("http://elsewhere.receiver.example:{}/", world.stand_in().port());
    world.stand_in().behave(&redirecting.host, Behaviour::Redirects(elsewhere));
    world.stand_in().behave(&slow.host, Behaviour::Slow(Duration::from_secs(12)));
    world.stand_in().behave(&closed.host, Behaviour::Refuses);
    account.create_link("https://shop.example.com/", json!({})).await;
    let failed = redirecting.latest(&account, "FAILED", Duration::from_secs(30)).await;
    assert_eq!((&failed["responseStatus"], &failed["attempts"]), (&json!(302), &json!(4)));
    assert!(text(&failed["error"]).contains("redirects are not followed"));
    assert_eq!(world.stand_in().hits("elsewhere.receiver.example").len(), 0);
    let failed = closed.latest(&account, "FAILED", Duration::from_secs(30)).await;
    assert_eq!((&failed["responseStatus"], failed["error"].is_string()), (&Value::Null, true));
    let stalled = wait::until("the first attempt is given up", Duration::from_secs(30), async || {
        slow.log(&account).await.first().filter(|delivery| delivery["error"].is_string()).cloned()
    })
    .await;
    assert!(text(&stalled["error"]).contains("within 10 s"), "{stalled}");
    assert!(stalled["durationMs"].as_i64().unwrap() >= 9_900 && stalled["responseStatus"].is_null(), "{stalled}");
}

async fn a_receiver_that_is_gone_switches_its_webhook_off(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "gone.receiver.example", json!(["LINK_CREATED"])).await;
    world.stand_in().behave(&receiver.host, Behaviour::Gone);
    account.create_link("https://shop.example.com/", json!({})).await;
    let failed = receiver.latest(&account, "FAILED", SOON).await;
    assert_eq!((&failed["responseStatus"], &failed["attempts"]), (&json!(410), &json!(1)));
    let off = webhook(&account, &receiver.id, "enabled disabledBy disabledAt").await;
    assert_eq!(
        (&off["enabled"], &off["disabledBy"], off["disabledAt"].is_string()),
        (&json!(false), &json!("GONE"), true)
    );
    let document = "query($id: ID!) { tenant(id: $id) { auditLog(filter: { action: \"disableWebhook\" }) { nodes { userId targetId } } } }";
    let log = account.client.query(document, json!({ "id": account.tenant })).await;
    assert_eq!(log["tenant"]["auditLog"]["nodes"], json!([{ "userId": null, "targetId": receiver.id }]));
    // nothing is kept for it, and nothing can be sent to it
    account.create_link("https://shop.example.com/", json!({})).await;
    let refused = [("id".to_owned(), "INVALID".to_owned())];
    assert_eq!(account.client.mistakes("sendTestWebhook", json!({ "id": receiver.id })).await, refused);
    assert_eq!(account.client.mistakes("replayWebhookDelivery", json!({ "id": failed["id"] })).await, refused);
    world.stand_in().behave(&receiver.host, Behaviour::Answers);
    let on = json!({ "id": receiver.id, "enabled": true });
    let on = account.client.done("updateWebhook", on, "webhook { enabled disabledBy failingSince }").await;
    assert_eq!(on["webhook"], json!({ "enabled": true, "disabledBy": null, "failingSince": null }));
    receiver.test(&account).await;
    receiver.message("webhook.test").await;
    assert_eq!(receiver.log(&account).await.len(), 2);
}

async fn a_webhook_that_fails_for_days_is_switched_off(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "days.receiver.example", json!(["LINK_CREATED"])).await;
    world.stand_in().behave(&receiver.host, Behaviour::Fails);
    receiver.test(&account).await;
    receiver.latest(&account, "FAILED", Duration::from_secs(30)).await;
    assert_eq!(webhook(&account, &receiver.id, "enabled").await["enabled"], true);
    let later = "UPDATE webhooks SET failing_since = failing_since - 432000000 WHERE failing_since IS NOT NULL";
    assert_eq!(world.database().await.execute_unprepared(later).await.unwrap().rows_affected(), 1);
    receiver.test(&account).await;
    let off = wait::until("it is off", SOON, async || {
        let webhook = webhook(&account, &receiver.id, "enabled disabledBy").await;
        (webhook["enabled"] == false).then_some(webhook)
    })
    .await;
    assert_eq!(off["disabledBy"], "FAILING");
    let given_up = receiver.latest(&account, "FAILED", SOON).await;
    assert_eq!(given_up["error"], "the webhook was switched off");
}

async fn both_secrets_sign_after_a_rotation(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "rotating.receiver.example", json!(["LINK_CREATED"])).await;
    let rotate = async || {
        let made = account.client.done(
            "rotateWebhookSecret",
            json!({ "id": receiver.id }),
            "secret webhook { previousSecretUntil }",
        );
        let made = made.await;
        let until: jiff::Timestamp = text(&made["webhook"]["previousSecretUntil"]).parse().unwrap();
        let hours = (until - jiff::Timestamp::now()).as_secs() / 3_600;
        assert!((23..=24).contains(&hours), "{made}");
        text(&made["secret"]).to_owned()
    };
    let second = rotate().await;
    receiver.test(&account).await;
    let hit = world.stand_in().hit(&receiver.host, |_| true).await;
    assert!(verified(&receiver.secret, &hit) && verified(&second, &hit) && second != receiver.secret);
    assert_eq!(hit.header("webhook-signature").split(' ').count(), 2);
    // the first is out after another
    let third = rotate().await;
    world.stand_in().forget();
    receiver.test(&account).await;
    let hit = world.stand_in().hit(&receiver.host, |_| true).await;
    assert!(!verified(&receiver.secret, &hit) && verified(&second, &hit) && verified(&third, &hit));
    // and the second a day later
    let later = "UPDATE webhooks SET previous_until = previous_until - 86400000";
    assert_eq!(world.database().await.execute_unprepared(later).await.unwrap().rows_affected(), 1);
    world.stand_in().forget();
    receiver.test(&account).await;
    let hit = world.stand_in().hit(&receiver.host, |_| true).await;
    assert!(!verified(&second, &hit) && verified(&third, &hit));
}

async fn a_worker_that_dies_loses_nothing(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "dying.receiver.example", json!(["LINK_CREATED"])).await;
    world.stand_in().behave(&receiver.host, Behaviour::Slow(Duration::from_secs(8)));
    account.create_link("https://shop.example.com/", json!({})).await;
    let first = world.stand_in().hit(&receiver.host, |_| true).await;
    world.api().kill().await;
    world.stand_in().behave(&receiver.host, Behaviour::Answers);
    world.api().start().await;
    // the claim of the dead one holds for a minute
    let now = jiff::Timestamp::now().as_millisecond();
    let later = format!("UPDATE webhook_deliveries SET next_attempt_at = {now} WHERE state = 'PENDING'");
    assert_eq!(world.database().await.execute_unprepared(&later).await.unwrap().rows_affected(), 1);
    let delivered = receiver.latest(&account, "DELIVERED", SOON).await;
    assert_eq!(delivered["attempts"], 2);
    let hits = receiver.hits();
    assert_eq!(hits.len(), 2);
    assert!(hits.iter().all(|hit| (hit.header("webhook-id"), &hit.body) == (first.header("webhook-id"), &first.body)));
}
