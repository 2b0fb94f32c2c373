//! Mistakes in what webhooks are to be, who may touch them, and the audit log's rows.

use super::{Receiver, SOON, of, webhook};
use crate::world::{
    World,
    client::{mutation, text, with},
    in_both,
    stand_in::Behaviour,
    wait,
};
use serde_json::{Value, json};

in_both!(crate::webhooks::QUICK => mistakes_come_back_together, webhooks_belong_to_their_tenant, a_key_is_told_only_what_it_may_read, every_mutation_leaves_a_row);

fn pair(field: &str, code: &str) -> (String, String) {
    (field.to_owned(), code.to_owned())
}

async fn mistakes_come_back_together(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let create = |url: &str, events: Value| of(&account, json!({ "url": url, "events": events }));
    let both = [pair("url", "INVALID"), pair("events", "INVALID")];
    assert_eq!(client.mistakes("createWebhook", create("ftp://a.example/", json!([]))).await, both);
    let many = create("https://hooks.example.com/", json!(vec!["LINK_CREATED"; 7]));
    assert_eq!(client.mistakes("createWebhook", many).await, [pair("events", "LIMIT_REACHED")]);
    let long = format!("https://a.example.com/{}", "a".repeat(2_048));
    let test = json!(["LINK_CREATED", "TEST"]);
    assert_eq!(
        client.mistakes("createWebhook", create(&long, test)).await,
        [pair("url", "TOO_LONG"), pair("events", "INVALID")]
    );
    let mut ids = Vec::new();
    for number in 0..10 {
        let url = format!("https://hooks.example.com/{number}");
        let made = client.done("createWebhook", create(&url, json!(["LINK_CREATED"])), "webhook { id }").await;
        ids.push(text(&made["webhook"]["id"]).to_owned());
    }
    let eleventh = create("https://hooks.example.com/", json!([]));
    let expected = [pair("tenantId", "LIMIT_REACHED"), pair("events", "INVALID")];
    assert_eq!(client.mistakes("createWebhook", eleventh).await, expected);
    let wrong = json!({ "id": ids[0], "url": "nonsense", "events": [] });
    assert_eq!(client.mistakes("updateWebhook", wrong).await, both);
    assert_eq!(webhook(&account, &ids[0], "url events").await["events"], json!(["LINK_CREATED"]));
    let listed = "query($id: ID!, $after: String) { tenant(id: $id) { webhooks(first: 4, after: $after) { totalCount nodes { id } pageInfo { endCursor } } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    for _ in 0..3 {
        let data = client.query(listed, json!({ "id": account.tenant, "after": after })).await;
        let page = &data["tenant"]["webhooks"];
        assert_eq!(page["totalCount"], 10);
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| text(&node["id"]).to_owned()));
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, ids);

    client.done("deleteWebhook", json!({ "id": ids[9] }), "deletedWebhookId").await;
    let once = json!({ "url": "https://hooks.example.com/once", "events": ["CLICK_RECORDED"], "idempotencyKey": "w" });
    let first = client.done("createWebhook", of(&account, once.clone()), "webhook { id } secret").await;
    let again = client.done("createWebhook", of(&account, once.clone()), "webhook { id } secret").await;
    assert_eq!((&again["webhook"], &again["secret"]), (&first["webhook"], &Value::Null), "a secret is told once");
    assert!(text(&first["secret"]).starts_with("whsec_"));
    client.done("deleteWebhook", json!({ "id": first["webhook"]["id"] }), "deletedWebhookId").await;
    assert_eq!(
        client.mistakes("createWebhook", of(&account, once.clone())).await,
        [pair("idempotencyKey", "NOT_FOUND")]
    );
    let other = with(once.clone(), json!({ "url": "https://hooks.example.com/other" }));
    assert_eq!(client.mistakes("createWebhook", of(&account, other)).await, [pair("idempotencyKey", "INVALID")]);
    let empty = with(once, json!({ "idempotencyKey": " " }));
    assert_eq!(client.mistakes("createWebhook", of(&account, empty)).await, [pair("idempotencyKey", "INVALID")]);
}

async fn webhooks_belong_to_their_tenant(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let receiver = Receiver::new(world, &account, "own.receiver.example", json!(["LINK_CREATED"])).await;
    let delivery = receiver.test(&account).await;
    receiver.latest(&account, "DELIVERED", SOON).await;
    let of_webhook = ["updateWebhook", "deleteWebhook", "rotateWebhookSecret", "sendTestWebhook"];
    let calls = of_webhook.map(|name| (name, json!(receiver.id))).into_iter();
    let calls: Vec<_> = calls.chain([("replayWebhookDelivery", delivery.clone())]).collect();
    let viewer = json!({ "name": "k", "scopes": ["LINKS_WRITE"], "tenantIds": [account.tenant] });
    let key = account.client.done("createApiKey", viewer, "secret").await;
    let program = account.client.with_token(text(&key["secret"]));
    for (name, id) in &calls {
        assert_eq!(other.client.mistakes(name, json!({ "id": id })).await, [pair("id", "NOT_FOUND")], "{name}");
        assert_eq!(account.client.mistakes(name, json!({ "id": account.tenant })).await, [pair("id", "NOT_FOUND")]);
        let refused = program.reply(&mutation(name, ""), json!({ "input": { "id": id } })).await;
        assert_eq!(
            (refused.code(), &refused.body["errors"][0]["extensions"]["scope"]),
            ("FORBIDDEN", &json!("tenant:admin"))
        );
    }
    let input = json!({ "tenantId": account.tenant, "url": "https://hooks.example.com/", "events": ["LINK_CREATED"] });
    assert_eq!(other.client.mistakes("createWebhook", input.clone()).await, [pair("tenantId", "NOT_FOUND")]);
    assert_eq!(program.reply(&mutation("createWebhook", ""), json!({ "input": input })).await.code(), "FORBIDDEN");
    let listed = "query($id: ID!) { tenant(id: $id) { webhooks { totalCount } } }";
    assert_eq!(program.reply(listed, json!({ "id": account.tenant })).await.code(), "FORBIDDEN");
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(program.reply(node, json!({ "id": receiver.id })).await.code(), "FORBIDDEN");
    assert_eq!(other.client.query(node, json!({ "id": receiver.id })).await["node"], Value::Null);
    assert_eq!(receiver.log(&account).await.len(), 1);
}

async fn a_key_is_told_only_what_it_may_read(world: &mut World) {
    let account = world.sign_up().await;
    let receiver = Receiver::new(world, &account, "told.receiver.example", json!(["LINK_CREATED"])).await;
    let input = of(&account, json!({ "destination": "https://shop.example.com/" }));
    account.client.done("createLink", input, "link { id }").await;
    receiver.message("link.created").await;
    let key = async |scopes: Value| {
        let input = json!({ "name": "k", "scopes": scopes, "tenantIds": [account.tenant] });
        let made = account.client.done("createApiKey", input, "secret").await;
        account.client.with_token(text(&made["secret"]))
    };
    let (admin, reader) = (key(json!(["TENANT_ADMIN"])).await, key(json!(["TENANT_ADMIN", "LINKS_READ"])).await);
    let new = |event: &str| of(&account, json!({ "url": "https://hooks.example.com/", "events": [event] }));
    let change = |extra: Value| with(json!({ "id": receiver.id }), extra);
    let url = json!({ "url": "https://hooks.example.com/" });
    for (client, name, input, scope) in [
        (&admin, "createWebhook", new("LINK_CREATED"), "links:read"),
        (&admin, "createWebhook", new("LINK_EXPIRED"), "links:read"),
        (&reader, "createWebhook", new("CLICK_RECORDED"), "reports:read"),
        (&reader, "createWebhook", new("PIXEL_UNHEALTHY"), "pixels:read"),
        (&admin, "updateWebhook", change(url), "links:read"),
        (&admin, "updateWebhook", change(json!({ "enabled": true })), "links:read"),
        (&reader, "updateWebhook", change(json!({ "events": ["LINK_CREATED", "CLICK_RECORDED"] })), "reports:read"),
    ] {
        let reply = client.reply(&mutation(name, ""), json!({ "input": input })).await;
        let scopes = &reply.body["errors"][0]["extensions"]["scope"];
        assert_eq!((reply.code(), scopes), ("FORBIDDEN", &json!(scope)), "{name} {input}");
    }
    let now = webhook(&account, &receiver.id, "url events enabled").await;
    assert!(text(&now["url"]).contains("told.receiver.example") && now["events"] == json!(["LINK_CREATED"]), "{now}");
    let node = "query($id: ID!) { node(id: $id) { ... on Webhook { deliveries { nodes { event payload } } } } }";
    let hidden = admin.reply(node, json!({ "id": receiver.id })).await;
    assert_eq!(hidden.code(), "FORBIDDEN");
    let shown = reader.query(node, json!({ "id": receiver.id })).await;
    let nodes = |data: &Value| data["node"]["deliveries"]["nodes"][0].clone();
    assert_eq!(nodes(&hidden.body["data"]), json!({ "event": "LINK_CREATED", "payload": null }));
    assert!(text(&nodes(&shown)["payload"]).contains("shop.example.com"), "{shown}");
    reader.done("createWebhook", new("LINK_CREATED"), "webhook { id }").await;
    // what is switched off tells nobody anything
    let off = admin.done("updateWebhook", change(json!({ "enabled": false })), "webhook { enabled }").await;
    assert_eq!(off["webhook"]["enabled"], false);
}

async fn every_mutation_leaves_a_row(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let receiver = Receiver::new(world, &account, "audit.receiver.example", json!(["LINK_CREATED"])).await;
    world.stand_in().behave(&receiver.host, Behaviour::Slow(std::time::Duration::from_millis(800)));
    let delivery = receiver.test(&account).await;
    let early = client.mistakes("replayWebhookDelivery", json!({ "id": delivery })).await;
    assert_eq!(early, [pair("id", "INVALID")], "it is still tried");
    receiver.latest(&account, "DELIVERED", SOON).await;
    let replayed = client.done("replayWebhookDelivery", json!({ "id": delivery }), "delivery { id }").await;
    wait::until("the replay", SOON, async || (receiver.hits().len() == 2).then_some(())).await;
    let change = json!({ "id": receiver.id, "events": ["LINK_DELETED", "LINK_EXPIRED"], "enabled": false });
    let off = client.done("updateWebhook", change, "webhook { events enabled disabledBy url }").await;
    assert_eq!(off["webhook"]["events"], json!(["LINK_DELETED", "LINK_EXPIRED"]));
    assert_eq!((&off["webhook"]["enabled"], &off["webhook"]["disabledBy"]), (&json!(false), &json!("MEMBER")));
    client.done("rotateWebhookSecret", json!({ "id": receiver.id }), "secret").await;
    let gone = client.done("deleteWebhook", json!({ "id": receiver.id }), "deletedWebhookId").await;
    assert_eq!(gone["deletedWebhookId"], json!(receiver.id));

    let document = "query($id: ID!) { tenant(id: $id) { auditLog(last: 100) { nodes { action targetKind targetId before after } } } }";
    let data = client.query(document, json!({ "id": account.tenant })).await;
    let rows: Vec<&Value> = data["tenant"]["auditLog"]["nodes"].as_array().unwrap().iter().rev().collect();
    let told: Vec<(&str, &str, &Value)> =
        rows.iter().map(|row| (text(&row["action"]), text(&row["targetKind"]), &row["targetId"])).skip(1).collect();
    let (webhook, again) = (json!(receiver.id), &replayed["delivery"]["id"]);
    let expected = [
        ("createWebhook", "Webhook", &webhook),
        ("sendTestWebhook", "WebhookDelivery", &delivery),
        ("replayWebhookDelivery", "WebhookDelivery", again),
        ("updateWebhook", "Webhook", &webhook),
        ("rotateWebhookSecret", "Webhook", &webhook),
        ("deleteWebhook", "Webhook", &webhook),
    ];
    assert_eq!(told, expected);
    assert!(text(&rows[4]["before"]).contains("link.created") && text(&rows[4]["after"]).contains("\"enabled\":false"));
    assert!(!data.to_string().contains("whsec_"), "a secret is never written down");
}
