//! Streams whose clients are silent, read nothing, or say too much at once. Their limits are seconds, so that one test waits for
//! all of them together.

use crate::world::{
    Setting, World,
    client::{Account, text},
    in_both, run,
    stream::{CLICKS, Heard, Socket},
    wait,
};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

in_both!(a_message_is_as_long_as_it_may_be);

async fn a_message_is_as_long_as_it_may_be(world: &mut World) {
    let account = world.sign_up().await;
    let empty = json!({ "type": "ping", "payload": { "a": "" } }).to_string().len();
    for (bytes, heard) in [(65_536, Heard::Message(json!({ "type": "pong" }))), (65_537, Heard::Closed(4400))] {
        let mut socket = Socket::greeted(&account.client).await;
        socket.say(json!({ "type": "ping", "payload": { "a": "x".repeat(bytes - empty) } })).await;
        assert_eq!(socket.hear().await, heard, "{bytes} bytes");
    }
}

#[test]
fn silence_has_its_limits() {
    run(Setting::OneBox, &[], async |world: &mut World| {
        let world = &*world;
        let account = world.sign_up().await;
        let signs = streams_give_signs_of_life_and_wait_for_them(&account);
        tokio::join!(signs, who_reads_nothing_is_cut_off(world), an_event_stream_is_never_silent(&account));
    });
}

/// A WebSocket over which nothing is said hears a ping every ten seconds, and ends when none was answered for 45.
async fn streams_give_signs_of_life_and_wait_for_them(account: &Account) {
    let mut stream = TcpStream::connect(account.client.address()).await.unwrap();
    let head = "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let token = format!("Bearer {}", account.client.token().unwrap());
    let greeting = json!({ "type": "connection_init", "payload": { "authorization": token } }).to_string();
    // a text of more than 125 bytes, under a mask of zeros
    let length = u16::try_from(greeting.len()).unwrap().to_be_bytes();
    let frame = [&[0x81, 0x80 | 126][..], &length, &[0; 4], greeting.as_bytes()].concat();
    stream.write_all(&frame).await.unwrap();
    let (start, mut pings, mut heard) = (Instant::now(), Vec::new(), Vec::new());
    while stream.read_buf(&mut heard).await.is_ok_and(|read| read > 0) {
        // what a server says has no mask
        if heard.ends_with(&[0x89, 0]) {
            pings.push(start.elapsed().as_secs());
        }
    }
    assert!(String::from_utf8_lossy(&heard).contains("connection_ack"));
    assert!(pings.len() >= 4 && pings.windows(2).all(|two| (9..=12).contains(&(two[1] - two[0]))), "{pings:?}");
    assert!((45..=60).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

/// An event stream has a comment every ten seconds.
async fn an_event_stream_is_never_silent(account: &Account) {
    let request = account.client.post().header("accept", "text/event-stream");
    let variables = json!({ "tenant": account.tenant, "link": null });
    let mut response = request.json(&json!({ "query": CLICKS, "variables": variables })).send().await.unwrap();
    let mut comments = 0;
    let listening = async {
        while let Some(chunk) = response.chunk().await.unwrap() {
            comments += usize::from(&chunk[..] == b":\n\n");
        }
    };
    drop(tokio::time::timeout(Duration::from_secs(34), listening).await);
    // the first one says that it has begun; clicks of another link may come between
    assert!((2..=4).contains(&comments), "{comments}");
}

/// A WebSocket that reads nothing is cut off half a minute after no more can be written to it.
async fn who_reads_nothing_is_cut_off(world: &World) {
    let other = world.client().sign_up("Flooded").await;
    let link = other.create_link("https://shop.example.com/", json!({})).await;
    let fields: String = (0..29).map(|at| format!("p{at}: parameters {{ name value }} ")).collect();
    let document = format!("subscription($tenant: ID!) {{ clickRecorded(tenantId: $tenant) {{ id {fields} }} }}");
    let mut socket = Socket::greeted(&other.client).await;
    socket.subscribe("1", &document, json!({ "tenant": other.tenant })).await;
    let parameters: String = (0..16).map(|at| format!("&p{at}={}", "x".repeat(100))).collect();
    let click = async || {
        wait::until("a visit is answered", wait::PATIENCE, async || {
            let answer = world.visit(&format!("{}?a=1{parameters}", link.slug)).send().await.unwrap();
            (answer.status() == 302).then_some(())
        })
        .await;
    };
    wait::until("a click is heard of", wait::PATIENCE, async || {
        click().await;
        socket.hear_within(Duration::from_secs(1)).await
    })
    .await;
    for _ in 0..300 {
        click().await;
    }
    // more than 10 MiB wait, of which the kernel takes a part
    let flooded = Instant::now();
    tokio::time::sleep(Duration::from_secs(38)).await;
    let mut events = 0;
    let end = loop {
        match socket.hear().await {
            Heard::Message(message) => {
                assert_eq!(text(&message["type"]), "next");
                events += 1;
            }
            Heard::Closed(code) => break code,
        }
    };
    assert!(end == 1006 && events < 300, "{end} after {events} events");
    assert!(flooded.elapsed() < Duration::from_secs(45), "{:?}", flooded.elapsed());
}
