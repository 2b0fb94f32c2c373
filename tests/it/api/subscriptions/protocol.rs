//! `graphql-transport-ws` by its rules: every code that closes a connection, who is let in, and what is no subscription.

use super::{begun, next, of, served};
use crate::world::{
    World, in_both,
    stream::{CLICKS, Heard, Socket, Stream},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

in_both!(what_breaks_a_rule_closes_the_connection, what_is_no_subscription_is_an_error_and_the_rest_goes_on,);
in_both!(&[("ALLOWED_ORIGINS", "https://app.example.com")] => pages_of_other_origins_and_other_protocols_stay_out);

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");

fn init(token: &str) -> Value {
    json!({ "type": "connection_init", "payload": { "authorization": token } })
}

async fn what_breaks_a_rule_closes_the_connection(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let late = Socket::silent(client).await;
    for (message, code) in [
        (Message::text("hello"), 4400),
        (Message::binary(vec![1]), 4400),
        (Message::text("x".repeat(70_000)), 4400),
        (Message::text("x".repeat(200_000)), 4400),
        (Message::text(json!({ "id": "1", "type": "subscribe", "payload": { "query": "{ a }" } }).to_string()), 4401),
        (Message::text(json!({ "type": "connection_init" }).to_string()), 4403),
        (Message::text(init("Bearer nonsense").to_string()), 4403),
    ] {
        let mut socket = Socket::silent(client).await;
        let what = message.to_string();
        socket.send(message).await;
        assert_eq!(socket.hear().await, Heard::Closed(code), "{what:.60}");
    }
    let mut socket = Socket::greeted(client).await;
    socket.say(init("Bearer x")).await;
    assert_eq!(socket.hear().await, Heard::Closed(4429));
    let mut socket = Socket::greeted(client).await;
    for _ in 0..2 {
        socket.subscribe("same", CLICKS, of(&account, None)).await;
    }
    assert_eq!(socket.hear().await, Heard::Closed(4409));
    let mut socket = Socket::greeted(client).await;
    socket.say(json!({ "type": "connection_ack" })).await;
    assert_eq!(socket.hear().await, Heard::Closed(4400));
    // whoever only opens connections is stopped, and those who greet make room
    let mut silent = Vec::new();
    let refused = loop {
        match Socket::open(client, &[PROTOCOL]).await {
            Ok(socket) => silent.push(socket),
            Err(status) => break status,
        }
        assert!(silent.len() <= 50);
    };
    assert_eq!(refused, 429);
    drop(silent);
    let mut late = late;
    assert_eq!(late.hear().await, Heard::Closed(4408));
}

async fn what_is_no_subscription_is_an_error_and_the_rest_goes_on(world: &mut World) {
    let account = world.sign_up().await;
    let link = served(world, &account, "rest").await;
    let mut socket = Socket::greeted(&account.client).await;
    socket.subscribe("good", CLICKS, of(&account, None)).await;
    let aliases: String = (0..31).map(|at| format!("a{at}: id ")).collect();
    let field = format!("clickRecorded(tenantId: \"{}\")", account.tenant);
    for (document, code) in [
        ("{ viewer { user { id } } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (
            "mutation { logOut(input: { refreshToken: \"x\" }) { userErrors { code } } }".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription { nothing { id } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (
            format!("subscription {{ ...f }} fragment f on Subscription {{ {field} {{ id }} }}"),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("subscription($t: ID) { clickRecorded(tenantId: $t) { id } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($t: ID!) { clickRecorded(tenantId: $t) { id } }".to_owned(), "BAD_USER_INPUT"),
        (format!("subscription {{ {field} {{ id }} b: {field} {{ id }} }}"), "QUERY_TOO_COMPLEX"),
        (format!("subscription {{ {field} {{ {aliases} }} }}"), "QUERY_TOO_COMPLEX"),
    ] {
        socket.subscribe("bad", &document, json!({})).await;
        let heard = next(&mut socket).await;
        assert_eq!((heard.kind(), heard.code()), ("error", code), "{document}: {heard:?}");
        let reply = Stream::open(&account.client, &document, json!({})).await.err().unwrap();
        if document.starts_with("subscription") {
            assert_eq!(reply.code(), code, "{document}");
            assert!([400, 422].contains(&reply.status.as_u16()), "{document}: {}", reply.status);
        }
    }
    // and a subscription whose client reads no stream is not run
    let reply = account.client.reply(CLICKS, of(&account, None)).await;
    assert_eq!((reply.code(), &reply.body["data"]), ("GRAPHQL_VALIDATION_FAILED", &Value::Null));
    socket.say(json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(next(&mut socket).await, Heard::Message(json!({ "type": "pong" })));
    begun(world, &link, &mut socket).await;
}

async fn pages_of_other_origins_and_other_protocols_stay_out(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let own = format!("http://{}", client.address());
    for (origin, expected) in
        [(own.as_str(), 101), ("https://app.example.com", 101), ("https://evil.example.com", 403), ("null", 403)]
    {
        let opened = Socket::open(client, &[PROTOCOL, ("origin", origin)]).await;
        assert_eq!(opened.map_or_else(|status| status, |_| 101), expected, "{origin}");
    }
    for headers in [&[][..], &[("sec-websocket-protocol", "graphql-ws")]] {
        assert_eq!(Socket::open(client, headers).await.err(), Some(400), "{headers:?}");
    }
    // a token in the header, alone or with the same in the greeting
    let token = format!("Bearer {}", client.token().unwrap());
    let opened = Socket::open(client, &[PROTOCOL, ("authorization", "Bearer nonsense")]).await;
    assert_eq!(opened.err(), Some(401));
    for greeting in [json!({ "type": "connection_init" }), init(&token)] {
        let mut socket = Socket::open(client, &[PROTOCOL, ("authorization", &token)]).await.ok().unwrap();
        socket.say(greeting).await;
        assert_eq!(socket.hear().await.kind(), "connection_ack");
    }
    let mut socket = Socket::open(client, &[PROTOCOL, ("authorization", &token)]).await.ok().unwrap();
    socket.say(init("Bearer another")).await;
    assert_eq!(socket.hear().await, Heard::Closed(4403));
}
