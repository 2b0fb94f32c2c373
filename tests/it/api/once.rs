//! Idempotency keys: a call that is sent again makes nothing new, however close the two are.

use crate::world::{
    World,
    client::{Account, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    a_call_with_a_key_has_its_effect_once,
    calls_at_the_same_time_make_one_thing,
    parts_of_a_long_call_are_known_too
);

fn link(account: &Account, key: &str, title: &str) -> Value {
    json!({ "tenantId": account.tenant, "destination": "https://shop.example.com/", "title": title, "idempotencyKey": key })
}

async fn count(account: &Account) -> Value {
    let document =
        "query($id: ID!) { tenant(id: $id) { links { totalCount } pixels { totalCount } domains { totalCount } } }";
    account.client.query(document, json!({ "id": account.tenant })).await["tenant"].take()
}

async fn a_call_with_a_key_has_its_effect_once(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let pixel = json!({ "tenantId": account.tenant, "network": "META", "name": "Meta",
        "ids": [{ "key": "pixel_id", "value": "246813579024680" }], "idempotencyKey": "p" });
    let domain = json!({ "tenantId": account.tenant, "host": "go.once.example.com", "idempotencyKey": "d" });
    let api_key =
        json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [account.tenant], "idempotencyKey": "k" });
    let tenant = json!({ "name": "Second", "idempotencyKey": "t" });
    for (name, input, selection) in [
        ("createLink", link(&account, "l", "one"), "link { id slug title }"),
        ("createPixel", pixel, "pixel { id name }"),
        ("createDomain", domain, "domain { id host }"),
        ("createApiKey", api_key, "apiKey { id name }"),
        ("createTenant", tenant, "tenant { id name }"),
    ] {
        let first = client.done(name, input.clone(), selection).await;
        assert_eq!(client.done(name, input, selection).await, first, "{name}");
    }
    let counted =
        json!({ "links": { "totalCount": 1 }, "pixels": { "totalCount": 1 }, "domains": { "totalCount": 2 } });
    assert_eq!(count(&account).await, counted);
    let all = client.query("{ viewer { memberships { tenant { id } } apiKeys { totalCount } } }", json!({})).await;
    assert_eq!(all["viewer"]["memberships"].as_array().unwrap().len(), 2);
    assert_eq!(all["viewer"]["apiKeys"]["totalCount"], 1);

    // the key belongs to its input, in whatever order, and to its mutation
    let refused = [("idempotencyKey".to_owned(), "INVALID".to_owned())];
    assert_eq!(client.mistakes("createLink", link(&account, "l", "another")).await, refused);
    let many = json!({ "tenantId": account.tenant, "idempotencyKey": "l", "links": [{ "destination": "https://a.example.com/" }] });
    assert_eq!(client.mistakes("createLinks", many).await, refused);
    assert_eq!(client.mistakes("createLink", link(&account, "\u{7}", "x")).await, refused);
    let other = world.sign_up().await;
    other.client.done("createLink", link(&other, "l", "one"), "link { id }").await;

    // a call that made nothing leaves its key free
    let wrong = json!({ "tenantId": account.tenant, "destination": "nonsense", "idempotencyKey": "w" });
    assert_eq!(client.mistakes("createLink", wrong).await.len(), 1);
    let made = client.done("createLink", link(&account, "w", "right"), "link { id }").await;
    client.done("deleteLink", json!({ "id": made["link"]["id"] }), "deletedLinkId").await;
    let gone = [("idempotencyKey".to_owned(), "NOT_FOUND".to_owned())];
    assert_eq!(client.mistakes("createLink", link(&account, "w", "right")).await, gone, "it is not made a second time");
}

async fn calls_at_the_same_time_make_one_thing(world: &mut World) {
    let account = world.sign_up().await;
    let call = || account.client.done("createLink", link(&account, "race", "one"), "link { id }");
    let (a, b, c, d) = tokio::join!(call(), call(), call(), call());
    assert!(a == b && b == c && c == d, "{a} {b} {c} {d}");
    assert_eq!(count(&account).await["links"]["totalCount"], 1);
}

async fn parts_of_a_long_call_are_known_too(world: &mut World) {
    let account = world.sign_up().await;
    let link = |number: usize| {
        let slug = if number % 50 == 7 { "a slug with spaces".to_owned() } else { format!("l{number}") };
        json!({ "destination": format!("https://shop.example.com/{number}"), "slug": slug })
    };
    let links: Vec<Value> = (0..250).map(link).collect();
    let input = json!({ "tenantId": account.tenant, "links": links, "idempotencyKey": "week 48" });
    let selection = "results { index link { id slug } userErrors { code field } }";
    let first = account.client.done("createLinks", input.clone(), selection).await;
    assert_eq!(account.client.done("createLinks", input, selection).await, first);
    assert_eq!(first["results"][57]["userErrors"][0]["field"], json!(["links", "57", "slug"]));
    assert_eq!(text(&first["results"][249]["link"]["slug"]), "l249");
    assert_eq!(count(&account).await["links"]["totalCount"], 245);
}
