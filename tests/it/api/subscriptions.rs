//! Subscriptions: clicks as they come, over a WebSocket and as an event stream, for those who may read them.

mod bounds;
mod processes;
mod protocol;

use super::tenants::never_given_out;
use crate::world::{
    World,
    client::{Account, Link, text},
    in_both,
    stream::{CLICKS, Heard, Socket, Stream},
    wait,
};
use serde_json::{Value, json};
use std::time::Duration;

in_both!(
    a_click_comes_over_both_and_is_the_one_that_is_stored,
    only_a_links_clicks_come_where_a_link_is_named,
    who_may_not_hears_nothing_and_learns_nothing,
);

/// A link that is served already, with the visits until it was.
async fn served(world: &World, account: &Account, slug: &str) -> Link {
    let link = account.create_link("https://shop.example.com/", json!({ "slug": slug })).await;
    wait::until("the link is served", wait::PATIENCE, async || {
        (world.visit(&format!("{slug}?utm_campaign=begin")).send().await.unwrap().status() == 302).then_some(())
    })
    .await;
    link
}

/// A visit that says which it is.
async fn click(world: &World, link: &Link, campaign: &str) {
    let answer = world.visit(&format!("{}?utm_campaign={campaign}", link.slug)).send().await.unwrap();
    assert_eq!(answer.status(), 302);
}

/// Variables of [`CLICKS`].
fn of(account: &Account, link: Option<&Link>) -> Value {
    json!({ "tenant": account.tenant, "link": link.map(|link| link.id.clone()) })
}

fn campaign(value: &Value) -> &str {
    value["data"]["clickRecorded"]["utm"]["campaign"].as_str().unwrap_or_default()
}

/// Clicks until a WebSocket hears of one: it is not told when its subscription has begun.
async fn begun(world: &World, link: &Link, socket: &mut Socket) {
    wait::until("a click is heard of", wait::PATIENCE, async || {
        click(world, link, "begin").await;
        let heard = socket.hear_within(Duration::from_secs(1)).await?;
        assert_eq!((heard.kind(), campaign(heard.payload())), ("next", "begin"), "{heard:?}");
        Some(())
    })
    .await;
}

/// The next click of an event stream that did not serve to begin.
async fn told(stream: &mut Stream) -> Value {
    loop {
        let event = stream.next().await;
        if campaign(&event) != "begin" {
            return event;
        }
    }
}

/// The next thing over a WebSocket that is no click which served to begin.
async fn next(socket: &mut Socket) -> Heard {
    loop {
        let heard = socket.hear().await;
        if heard.kind() != "next" || campaign(heard.payload()) != "begin" {
            return heard;
        }
    }
}

async fn a_click_comes_over_both_and_is_the_one_that_is_stored(world: &mut World) {
    let account = world.sign_up().await;
    let link = served(world, &account, "live").await;
    let whole = "id clickId linkId at excluded country device browser os language referrer uid utm { campaign source } \
                 parameters { name value } consent pixels { pixelId }";
    let document = format!("subscription($tenant: ID!) {{ clickRecorded(tenantId: $tenant) {{ {whole} }} }}");
    let variables = json!({ "tenant": account.tenant });
    let mut socket = Socket::greeted(&account.client).await;
    socket.subscribe("1", &document, variables.clone()).await;
    begun(world, &link, &mut socket).await;
    let mut stream = Stream::open(&account.client, &document, variables).await.ok().unwrap();
    for campaign in ["one", "two", "three"] {
        click(world, &link, campaign).await;
    }
    let mut clicks = Vec::new();
    for expected in ["one", "two", "three"] {
        let over_socket = next(&mut socket).await;
        let over_stream = told(&mut stream).await;
        assert_eq!(*over_socket.payload(), over_stream, "both hear the same");
        assert_eq!((campaign(&over_stream), &over_stream["errors"]), (expected, &Value::Null));
        clicks.push(over_stream["data"]["clickRecorded"].clone());
    }
    assert_eq!(text(&clicks[0]["linkId"]), link.id);
    // it was stored before it was told of
    let query = format!("query($id: ID!) {{ link(id: $id) {{ clicks(first: 3) {{ nodes {{ {whole} }} }} }} }}");
    let mut stored = account.client.query(&query, json!({ "id": link.id })).await;
    let mut nodes: Vec<Value> = serde_json::from_value(stored["link"]["clicks"]["nodes"].take()).unwrap();
    nodes.reverse();
    assert_eq!(nodes, clicks);
    socket.say(json!({ "id": "1", "type": "complete" })).await;
    drop(stream);
    click(world, &link, "four").await;
    // what is heard after the end came before it
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(next(&mut socket).await.kind(), "pong");
}

async fn only_a_links_clicks_come_where_a_link_is_named(world: &mut World) {
    let account = world.sign_up().await;
    let (mine, other) = (served(world, &account, "mine").await, served(world, &account, "other").await);
    let mut stream = Stream::open(&account.client, CLICKS, of(&account, Some(&mine))).await.ok().unwrap();
    let mut whole = Stream::open(&account.client, CLICKS, of(&account, None)).await.ok().unwrap();
    for (link, campaign) in [(&other, "a"), (&mine, "b"), (&other, "c"), (&mine, "d")] {
        click(world, link, campaign).await;
    }
    let heard = [told(&mut stream).await, told(&mut stream).await];
    assert_eq!(heard.each_ref().map(campaign), ["b", "d"]);
    for expected in ["a", "b", "c", "d"] {
        assert_eq!(campaign(&told(&mut whole).await), expected);
    }
}

async fn who_may_not_hears_nothing_and_learns_nothing(world: &mut World) {
    let (owner, caller) = (world.sign_up().await, world.sign_up().await);
    let theirs = owner.create_link("https://shop.example.com/", json!({})).await;
    let key = async |scope: &str| {
        let input = json!({ "name": "k", "scopes": [scope], "tenantIds": [caller.tenant] });
        let made = caller.client.done("createApiKey", input, "secret").await;
        caller.client.with_token(text(&made["secret"]))
    };
    let without = key("LINKS_READ").await;
    let with = key("REPORTS_READ").await;
    let mut socket = Socket::greeted(&caller.client).await;
    for (id, tenant, link) in [
        ("tenant", &owner.tenant, Value::Null),
        ("link", &caller.tenant, json!(theirs.id)),
        ("both", &owner.tenant, json!(theirs.id)),
    ] {
        let nobodys = |id: &Value| id.as_str().map(never_given_out);
        let foreign = json!({ "tenant": tenant, "link": link });
        let tenant = if tenant == &owner.tenant { never_given_out(tenant) } else { tenant.clone() };
        let random = json!({ "tenant": tenant, "link": nobodys(&link) });
        let mut told = Vec::new();
        for variables in [foreign, random] {
            socket.subscribe(id, CLICKS, variables.clone()).await;
            let heard = socket.hear().await;
            assert_eq!((heard.kind(), heard.code()), ("error", "NOT_FOUND"), "{id}");
            let reply = Stream::open(&caller.client, CLICKS, variables).await.err().unwrap();
            assert_eq!((reply.status.as_u16(), reply.code()), (422, "NOT_FOUND"), "{id}");
            assert!(reply.body["data"].is_null());
            told.push((heard, reply.body.to_string()));
        }
        assert_eq!(told[0], told[1], "{id}");
    }
    // nobody, and a key without the scope
    let variables = of(&caller, None);
    let reply = Stream::open(&world.client(), CLICKS, variables.clone()).await.err().unwrap();
    assert_eq!((reply.status.as_u16(), reply.code()), (401, "UNAUTHENTICATED"));
    let reply = Stream::open(&without, CLICKS, variables.clone()).await.err().unwrap();
    assert_eq!((reply.code(), &reply.body["errors"][0]["extensions"]["scope"]), ("FORBIDDEN", &json!("reports:read")));
    let mut narrow = Socket::greeted(&without).await;
    narrow.subscribe("1", CLICKS, variables.clone()).await;
    assert_eq!(narrow.hear().await.code(), "FORBIDDEN");
    assert!(Stream::open(&with, CLICKS, variables).await.is_ok());
}
