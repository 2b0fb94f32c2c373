//! What webhooks are told of: each event once, nothing of other tenants, nothing that was not asked for.

use super::{Receiver, SOON, of};
use crate::{
    visits::receipts::token_of,
    world::{Setting, World, client::text, in_both, wait},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

in_both!(crate::webhooks::QUICK =>
    what_happens_to_a_link_is_told_once_and_signed,
    each_of_many_links_is_told_exactly_once,
    clicks_are_told_together_and_each_once,
    a_pixel_that_begins_to_fail_is_told_once,
);

/// How often each type came.
fn counts(messages: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for message in messages {
        *counts.entry(text(&message["type"]).to_owned()).or_default() += 1;
    }
    counts
}

async fn what_happens_to_a_link_is_told_once_and_signed(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let all = json!(["LINK_CREATED", "LINK_UPDATED", "LINK_DELETED", "LINK_EXPIRED"]);
    let receiver = Receiver::new(world, &account, "all.receiver.example", all).await;
    let deletions = Receiver::new(world, &account, "some.receiver.example", json!(["LINK_DELETED"])).await;
    let client = &account.client;
    other.create_link("https://shop.example.com/", json!({})).await;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let end = (jiff::Timestamp::now() + Duration::from_secs(3)).to_string();
    let extra = json!({ "tags": ["b", "a"], "pixelIds": [pixel], "expiresAt": end, "title": "T" });
    let link = account.create_link("https://shop.example.com/?c={click_id}", extra).await;
    let made = receiver.message("link.created").await;
    let told = &made["data"]["link"];
    assert_eq!(
        (&told["id"], &told["shortUrl"], &told["title"]),
        (&json!(link.id), &json!(link.short_url), &json!("T"))
    );
    assert_eq!((&told["tags"], &told["pixelIds"]), (&json!(["a", "b"]), &json!([pixel])));
    assert_eq!(
        (text(&told["destination"]), &told["tenantId"]),
        ("https://shop.example.com/?c={click_id}", &json!(account.tenant))
    );
    let at: jiff::Timestamp = text(&made["timestamp"]).parse().unwrap();
    assert!((jiff::Timestamp::now() - at).as_secs() < 60);

    let ended = receiver.message("link.expired").await;
    assert_eq!(ended["data"]["link"]["id"], json!(link.id));
    client.done("updateLink", json!({ "id": link.id, "title": "U" }), "link { id }").await;
    client.done("archiveLink", json!({ "id": link.id }), "link { id }").await;
    client.done("archiveLink", json!({ "id": link.id }), "link { id }").await;
    client.done("restoreLink", json!({ "id": link.id }), "link { id }").await;
    // what is refused is not told
    assert_eq!(client.mistakes("updateLink", json!({ "id": link.id, "slug": "a b" })).await.len(), 1);
    // another end is another event
    client.done("updateLink", json!({ "id": link.id, "expiresAt": "2040-01-01T00:00:00Z" }), "link { id }").await;
    let soon = (jiff::Timestamp::now() - Duration::from_secs(1)).to_string();
    client.done("updateLink", json!({ "id": link.id, "expiresAt": soon }), "link { id }").await;
    wait::until("two ends", SOON, async || {
        (counts(&receiver.messages()).get("link.expired") == Some(&2)).then_some(())
    })
    .await;
    client.done("deleteLink", json!({ "id": link.id }), "deletedLinkId").await;
    assert_eq!(deletions.message("link.deleted").await["data"]["link"]["title"], "U");
    receiver.message("link.deleted").await;
    let expected = [("link.created", 1), ("link.deleted", 1), ("link.expired", 2), ("link.updated", 5)];
    let expected: BTreeMap<String, usize> = expected.map(|(kind, count)| (kind.to_owned(), count)).into();
    wait::until_equal("all events", SOON, &expected, async || counts(&receiver.messages())).await;
    let log = receiver.log(&account).await;
    assert_eq!(log.len(), 9);
    let hits = receiver.hits();
    for delivery in &log {
        let hit = hits.iter().find(|hit| hit.header("webhook-id") == text(&delivery["messageId"])).unwrap();
        assert_eq!(text(&delivery["payload"]), hit.body);
        assert_eq!((&delivery["state"], &delivery["responseStatus"]), (&json!("DELIVERED"), &json!(204)));
        assert_eq!((&delivery["attempts"], &delivery["error"]), (&json!(1), &Value::Null));
        assert!(delivery["durationMs"].is_number() && delivery["nextAttemptAt"].is_null());
    }
    assert_eq!(counts(&deletions.messages()).len(), 1);
    // under one id wherever it goes
    assert!(hits.iter().any(|hit| hit.header("webhook-id") == deletions.hits()[0].header("webhook-id")));
}

async fn each_of_many_links_is_told_exactly_once(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "many.receiver.example", json!(["LINK_CREATED"])).await;
    // a second process takes part where there can be one
    let mut worker = (world.setting == Setting::OneBox).then(|| world.worker());
    if let Some(worker) = &mut worker {
        worker.launch();
    }
    let link = |number: usize| json!({ "destination": format!("https://shop.example.com/{number}") });
    let links: Vec<Value> = (0..250).map(link).collect();
    let input = of(&account, json!({ "links": links, "idempotencyKey": "once" }));
    let made = account.client.done("createLinks", input.clone(), "results { link { id } }").await;
    account.client.done("createLinks", input, "results { link { id } }").await;
    let expected: BTreeSet<&str> = made["results"].as_array().unwrap().iter().map(|r| text(&r["link"]["id"])).collect();
    assert_eq!(expected.len(), 250);
    wait::until("250 messages", Duration::from_secs(60), async || {
        (receiver.stand_in.hits(&receiver.host).len() >= 250).then_some(())
    })
    .await;
    let delivered = async || {
        let log = receiver.log(&account).await;
        log.iter().all(|delivery| delivery["state"] == "DELIVERED").then_some(())
    };
    wait::until("all are delivered", SOON, delivered).await;
    let messages = receiver.messages();
    let told: BTreeSet<&str> = messages.iter().map(|message| text(&message["data"]["link"]["id"])).collect();
    assert_eq!((messages.len(), told), (250, expected));
    let counted = super::webhook(&account, &receiver.id, "deliveries { totalCount }").await;
    assert_eq!(counted["deliveries"]["totalCount"], 250);
    if let Some(worker) = &mut worker {
        worker.stop().await;
    }
}

async fn clicks_are_told_together_and_each_once(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "clicks.receiver.example", json!(["CLICK_RECORDED"])).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let slug = format!("{}?uid=jo&utm_source=mail", link.slug);
    wait::until("the link", SOON, async || (world.visit(&slug).send().await.unwrap().status() != 404).then_some(()))
        .await;
    let seen = async || {
        let messages = receiver.messages();
        let lists = messages.iter().map(|message| message["data"]["clicks"].as_array().unwrap().clone());
        lists.collect::<Vec<_>>()
    };
    for _ in 0..130 {
        assert!(world.visit(&slug).send().await.unwrap().status().as_u16() < 400);
    }
    wait::until("131 clicks", Duration::from_secs(30), async || {
        (seen().await.iter().map(Vec::len).sum::<usize>() >= 131).then_some(())
    })
    .await;
    let lists = seen().await;
    let ids: BTreeSet<&str> = lists.iter().flatten().map(|click| text(&click["id"])).collect();
    assert_eq!((ids.len(), lists.iter().map(Vec::len).sum::<usize>()), (131, 131));
    assert!(lists.iter().all(|list| list.len() <= 100) && lists.len() < 40, "{} messages", lists.len());
    let click = &lists[0][0];
    assert_eq!(
        (&click["linkId"], &click["uid"], &click["utm"]["source"]),
        (&json!(link.id), &json!("jo"), &json!("mail"))
    );
    assert_eq!((&click["device"], &click["excluded"]), (&json!("DESKTOP"), &Value::Null));
    assert_eq!(receiver.messages()[0]["type"], "click.recorded");
}

async fn a_pixel_that_begins_to_fail_is_told_once(world: &mut World) {
    let account = world.sign_up().await;
    account.set_policy(json!({ "confirmShare": 1.0 })).await;
    let receiver = Receiver::new(world, &account, "health.receiver.example", json!(["PIXEL_UNHEALTHY"])).await;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({ "isDefault": true })).await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    wait::until("a page with the pixel", SOON, async || {
        let page = world.visit(&link.slug).send().await.unwrap().text().await.unwrap();
        page.contains("facebook.com/tr").then_some(())
    })
    .await;
    let visit = async |state: &str| {
        let page = world.visit(&link.slug).send().await.unwrap().text().await.unwrap();
        let body = json!({ "t": token_of(&page), "p": [[state, 40]] }).to_string();
        assert_eq!(world.request(Method::POST, "_receipt").body(body).send().await.unwrap().status(), 204);
    };
    let health = "query($id: ID!) { tenant(id: $id) { pixelHealth { state watched } } }";
    let becomes = async |state: &str, watched: u64| {
        wait::until(state, SOON, async || {
            let data = account.client.query(health, json!({ "id": account.tenant })).await;
            (data["tenant"]["pixelHealth"][0] == json!({ "state": state, "watched": watched })).then_some(())
        })
        .await;
    };
    for _ in 0..20 {
        visit("blocked").await;
    }
    becomes("UNHEALTHY", 20).await;
    let told = receiver.message("pixel.unhealthy").await;
    assert_eq!((&told["data"]["pixel"]["id"], &told["data"]["reason"]), (&json!(pixel), &json!("BLOCKED_BY_BROWSERS")));
    assert_eq!((&told["data"]["confirmedRate"], &told["data"]["watched"]), (&json!(0.0), &json!(20)));
    for _ in 0..60 {
        visit("fired").await;
    }
    becomes("HEALTHY", 80).await;
    // it is looked at every second: one message more comes only when it fails anew
    let db = world.database().await;
    wait::until("the recovery", SOON, async || {
        use sea_orm::{ConnectionTrait, Statement};
        let sql = "SELECT 1 FROM webhook_pixels WHERE NOT unhealthy";
        db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().map(drop)
    })
    .await;
    assert_eq!(receiver.messages().len(), 1);
    for _ in 0..120 {
        visit("blocked").await;
    }
    becomes("UNHEALTHY", 200).await;
    wait::until("the second failure", SOON, async || (receiver.messages().len() == 2).then_some(())).await;
}
