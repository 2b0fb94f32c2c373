//! Limits: requests a minute, told in the header of every answer, and links in all and in a month.

use super::count;
use crate::world::{
    World,
    client::{Client, Reply, text},
    in_both, wait,
};
use serde_json::{Value, json};
use std::time::Duration;

in_both!(&[("RATE_LIMIT_KEY", "20"), ("RATE_LIMIT_TENANT", "30")] => requests_a_minute_are_limited);
in_both!(&[("QUOTA_LINKS", "5"), ("QUOTA_LINKS_PER_MONTH", "7")] => links_are_limited);
in_both!(usage_without_limits_is_told);

const VIEWER: &str = "{ viewer { memberships { role } } }";

fn header(reply: &Reply, name: &str) -> Option<u64> {
    reply.headers.get(name).map(|value| value.to_str().unwrap().parse().unwrap())
}

/// Sends a document until it is refused; gives how often it was not.
async fn until_refused(client: &Client, document: &str, variables: &Value) -> (usize, Reply) {
    for sent in 0..100 {
        let reply = client.reply(document, variables.clone()).await;
        if reply.code() == "RATE_LIMITED" {
            return (sent, reply);
        }
        assert_eq!(reply.code(), "", "{}", reply.body);
    }
    panic!("nothing was refused");
}

async fn requests_a_minute_are_limited(world: &mut World) {
    let account = world.sign_up().await;
    let stranger = world.client().reply("{ networks { key } }", json!({})).await;
    assert_eq!((stranger.code(), header(&stranger, "ratelimit-limit")), ("", None), "only who is known is counted");
    let first = account.client.reply(VIEWER, json!({})).await;
    assert_eq!((header(&first, "ratelimit-limit"), header(&first, "ratelimit-remaining")), (Some(20), Some(19)));
    assert!(header(&first, "ratelimit-reset").unwrap() >= 1);
    let exposed = first.headers.get("access-control-expose-headers").unwrap().to_str().unwrap();
    assert!(exposed.contains("ratelimit-remaining") && exposed.contains("retry-after"), "{exposed}");

    let (_, refused) = until_refused(&account.client, VIEWER, &json!({})).await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    let wait_for = header(&refused, "retry-after").unwrap();
    assert!((1..=60).contains(&wait_for));
    assert_eq!(refused.body["errors"][0]["extensions"]["retryAfter"], wait_for);
    assert_eq!(header(&refused, "ratelimit-remaining"), Some(0));
    // another credential has its own
    let other = world.sign_up().await;
    let input = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [other.tenant] });
    let made = other.client.done("createApiKey", input, "secret").await;
    let key = other.client.with_token(text(&made["secret"]));
    let hook = json!({ "tenantId": other.tenant, "url": "https://hooks.example.com/", "events": ["LINK_CREATED"] });
    let hook = other.client.done("createWebhook", hook, "webhook { id }").await["webhook"].take();
    assert_eq!(header(&key.reply(VIEWER, json!({})).await, "ratelimit-remaining"), Some(19));
    // what is refused costs nothing: it goes on when it was said to
    wait::until("the next request", Duration::from_secs(60), async || {
        (account.client.reply(VIEWER, json!({})).await.code() != "RATE_LIMITED").then_some(())
    })
    .await;

    // a document that costs more than there is left is not run
    let links = "totalCount nodes { pixels { id } tags values { name } }";
    let large = format!(
        "query($id: ID!) {{ tenant(id: $id) {{ a: links(first: 100) {{ {links} }} b: links(first: 100) {{ {links} }} }} }}"
    );
    let tenant = json!({ "id": other.tenant });
    let reply = key.reply(&large, tenant.clone()).await;
    assert_eq!(reply.code(), "");
    assert!(header(&reply, "ratelimit-remaining").unwrap() < 18, "its complexity counts: {:?}", reply.headers);
    let (_, refused) = until_refused(&key, &large, &tenant).await;
    assert_eq!((refused.status.as_u16(), &refused.body["data"]), (429, &Value::Null));
    // the tenant's own limit holds whoever asks
    let tenant_read = "query($id: ID!) { tenant(id: $id) { name } }";
    let (_, refused) = until_refused(&other.client, tenant_read, &tenant).await;
    assert_eq!((refused.status.as_u16(), header(&refused, "ratelimit-remaining")), (200, Some(0)), "{}", refused.body);
    assert_eq!(header(&refused, "ratelimit-limit"), Some(30));
    // also where it is asked for twice, and reached by another way
    let twice = "query($id: ID!) { a: tenant(id: $id) { name } b: tenant(id: $id) { name } }";
    let reply = other.client.reply(twice, tenant.clone()).await;
    assert_eq!(reply.body["data"]["a"], reply.body["data"]["b"], "{}", reply.body);
    let around = "{ viewer { memberships { tenant { links(first: 1) { nodes { id } } } } } }";
    let (_, refused) = until_refused(&other.client, around, &json!({})).await;
    assert_eq!(header(&refused, "ratelimit-limit"), Some(30), "{}", refused.body);
    let (_, refused) = until_refused(&other.client, "query($id: ID!) { node(id: $id) { id } }", &hook).await;
    assert_eq!(header(&refused, "ratelimit-limit"), Some(30), "{}", refused.body);
}

const USAGE: &str = "query($id: ID!) { tenant(id: $id) { usage { links linksThisMonth clicksThisMonth limits { links linksPerMonth } } } }";

async fn links_are_limited(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let usage = async || client.query(USAGE, json!({ "id": account.tenant })).await["tenant"]["usage"].take();
    let many = |count: usize| {
        let links: Vec<Value> =
            (0..count).map(|at| json!({ "destination": format!("https://shop.example.com/{at}") })).collect();
        json!({ "tenantId": account.tenant, "links": links })
    };
    let codes = |made: &Value| -> Vec<String> {
        let results = made["results"].as_array().unwrap().iter();
        results.map(|result| result["userErrors"][0]["code"].as_str().unwrap_or("made").to_owned()).collect()
    };
    let made = client.done("createLinks", many(6), "results { link { id } userErrors { code field message } }").await;
    assert_eq!(codes(&made), ["made", "made", "made", "made", "made", "LIMIT_REACHED"]);
    assert_eq!(made["results"][5]["userErrors"][0]["field"], json!(["links", "5"]));
    let one = json!({ "tenantId": account.tenant, "destination": "https://shop.example.com/" });
    assert_eq!(client.mistakes("createLink", one.clone()).await, [(String::new(), "LIMIT_REACHED".to_owned())]);
    let content = json!({ "tenantId": account.tenant, "format": "TEXT", "content": "https://a.example.com" });
    assert_eq!(client.mistakes("trackContent", content).await, [(String::new(), "LIMIT_REACHED".to_owned())]);
    let expected =
        json!({ "links": 5, "linksThisMonth": 5, "clicksThisMonth": 0, "limits": { "links": 5, "linksPerMonth": 7 } });
    assert_eq!(usage().await, expected);
    // a deleted one makes room, but not in the month; many at once do not pass the limit
    for at in 0..4 {
        client.done("deleteLink", json!({ "id": made["results"][at]["link"]["id"] }), "deletedLinkId").await;
    }
    let call = || client.mutate("createLink", one.clone(), "link { id }");
    let (a, b, c, d) = tokio::join!(call(), call(), call(), call());
    assert_eq!([&a, &b, &c, &d].iter().filter(|made| made["link"].is_object()).count(), 2, "{a} {b} {c} {d}");
    assert_eq!(count(&account).await, 3);
    assert_eq!(usage().await["linksThisMonth"], 7);
    // a change is no new link
    let upsert = json!({ "id": made["results"][4]["link"]["id"], "externalId": "x" });
    client.done("updateLink", upsert, "link { id }").await;
    let changed = crate::world::client::with(one, json!({ "externalId": "x", "upsert": true, "title": "T" }));
    client.done("createLink", changed, "link { id }").await;
}

async fn usage_without_limits_is_told(world: &mut World) {
    let account = world.sign_up().await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    world.visit(&link.slug).send().await.unwrap();
    wait::until("the click", Duration::from_secs(20), async || {
        let usage = account.client.query(USAGE, json!({ "id": account.tenant })).await["tenant"]["usage"].take();
        let limits = json!({ "links": null, "linksPerMonth": null });
        let expected = json!({ "links": 1, "linksThisMonth": 1, "clicksThisMonth": 1, "limits": limits });
        (usage == expected).then_some(())
    })
    .await;
}
