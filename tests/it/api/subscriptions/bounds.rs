//! What bounds a stream: how many there may be, how much waits for a reader who is slow, how long a right lasts, and the end of
//! the process.

use super::super::team::{join, user_id};
use super::{begun, campaign, click, next, of, served, told};
use crate::world::{
    World,
    client::{Account, Client, text},
    in_both,
    stream::{CLICKS, Heard, Socket, Stream},
    wait,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

in_both!(
    there_are_so_many_streams_and_no_more,
    a_slow_reader_is_told_what_it_missed_and_holds_up_nobody,
    a_right_that_ends_ends_the_stream,
    a_server_that_stops_says_so,
);
in_both!(&[("RATE_LIMIT_KEY", "20"), ("RATE_LIMIT_TENANT", "30")] => each_subscription_costs_what_a_request_does);

async fn there_are_so_many_streams_and_no_more(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let clicks = of(&account, None);
    // so many of a caller
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::greeted(client).await);
    }
    let mut over = Socket::silent(client).await;
    let token = format!("Bearer {}", client.token().unwrap());
    over.say(json!({ "type": "connection_init", "payload": { "authorization": token } })).await;
    assert_eq!(over.hear().await, Heard::Closed(4429));
    let refused = Stream::open(client, CLICKS, clicks.clone()).await.err().unwrap();
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "TOO_MANY_STREAMS"));

    // so many on a connection
    for socket in &mut sockets[..5] {
        for id in 0..20 {
            socket.subscribe(&id.to_string(), CLICKS, clicks.clone()).await;
        }
    }
    sockets[0].subscribe("over", CLICKS, clicks.clone()).await;
    let heard = sockets[0].hear().await;
    assert_eq!((heard.kind(), heard.code()), ("error", "TOO_MANY_STREAMS"), "{heard:?}");

    // and so many of a tenant, which another caller has a share in
    sockets.truncate(5);
    let input = json!({ "name": "k", "scopes": ["REPORTS_READ"], "tenantIds": [account.tenant] });
    let made = client.done("createApiKey", input, "secret").await;
    let key = client.with_token(text(&made["secret"]));
    let refused = wait::until("the tenant is full", wait::PATIENCE, async || {
        Stream::open(&key, CLICKS, clicks.clone()).await.err()
    })
    .await;
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "TOO_MANY_STREAMS"));
    drop(sockets);
    wait::until("there is room again", wait::PATIENCE, async || {
        Stream::open(client, CLICKS, clicks.clone()).await.ok()
    })
    .await;
}

async fn a_slow_reader_is_told_what_it_missed_and_holds_up_nobody(world: &mut World) {
    const MADE: usize = 1_500;
    let account = world.sign_up().await;
    let link = served(world, &account, "flood").await;
    let fields: String = (0..29).map(|at| format!("p{at}: parameters {{ name value }} ")).collect();
    let document =
        format!("subscription($tenant: ID!) {{ clickRecorded(tenantId: $tenant) {{ utm {{ campaign }} {fields} }} }}");
    let mut slow = Socket::greeted(&account.client).await;
    slow.subscribe("1", &document, json!({ "tenant": account.tenant })).await;
    begun(world, &link, &mut slow).await;
    let mut quick = Stream::open(&account.client, CLICKS, of(&account, None)).await.ok().unwrap();
    let (before, _) = account.clicks(&link).await;
    // each event is large, so that what the kernel holds for the slow one is soon full
    let parameters: String = (0..16).map(|at| format!("&p{at}={}", "x".repeat(100))).collect();
    let click = async |number: usize| click(world, &link, &format!("{number}{parameters}")).await;
    let made = stream::iter(0..MADE).map(click).buffer_unordered(8).collect::<Vec<()>>();
    let heard = async {
        let mut heard = Vec::new();
        while heard.len() < MADE {
            let event = told(&mut quick).await;
            assert_eq!(event["extensions"], Value::Null, "the quick one misses nothing");
            heard.push(campaign(&event).to_owned());
        }
        heard
    };
    let (_, heard) = tokio::join!(made, heard);
    assert_eq!(heard.iter().collect::<BTreeSet<_>>().len(), MADE, "each once");

    let (mut at, mut missed) = (0, 0);
    while at < MADE {
        let event = next(&mut slow).await;
        let left_out = event.payload()["extensions"]["missed"].as_u64().unwrap_or(0);
        (at, missed) = (at + usize::try_from(left_out).unwrap(), missed + left_out);
        assert_eq!(campaign(event.payload()), heard[at], "what is left out is counted where it was");
        at += 1;
    }
    assert!(missed > 0, "it was not slow enough");
    let (after, _) = account.clicks(&link).await;
    assert!(after >= before + MADE as u64, "all are stored: {before} {after}");
}

async fn a_right_that_ends_ends_the_stream(world: &mut World) {
    let account = world.sign_up().await;
    let clicks = of(&account, None);
    let input = json!({ "name": "k", "scopes": ["REPORTS_READ"], "tenantIds": [account.tenant] });
    let made = account.client.done("createApiKey", input, "apiKey { id } secret").await;
    let key = account.client.with_token(text(&made["secret"]));
    let input = json!({ "email": account.email, "password": crate::world::client::PASSWORD });
    let other = account.client.done("logIn", input, "session { accessToken refreshToken }").await["session"].clone();
    let session = account.client.with_token(text(&other["accessToken"]));
    let mut ended = Vec::new();
    for client in [&key, &session] {
        let mut socket = Socket::greeted(client).await;
        socket.subscribe("1", CLICKS, clicks.clone()).await;
        // one that hears of nothing and has nobody to ask for it
        let idle = Socket::greeted(client).await;
        ended.push((socket, idle, Stream::open(client, CLICKS, clicks.clone()).await.ok().unwrap()));
    }
    let viewer = join(world, &account, "VIEWER").await;
    let user = user_id(&viewer).await;
    let mut member = Stream::open(&viewer.client, CLICKS, clicks.clone()).await.ok().unwrap();
    account.client.done("revokeApiKey", json!({ "id": made["apiKey"]["id"] }), "apiKey { id }").await;
    account.client.done("logOut", json!({ "refreshToken": other["refreshToken"] }), "").await;
    for (mut socket, mut idle, mut stream) in ended {
        let heard = socket.hear().await;
        assert_eq!((heard.kind(), heard.code()), ("error", "UNAUTHENTICATED"), "{heard:?}");
        assert_eq!((socket.hear().await, idle.hear().await), (Heard::Closed(4403), Heard::Closed(4403)));
        let last = stream.next().await;
        assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
        assert_eq!(stream.hear().await.unwrap().0, "complete");
        assert_eq!(stream.hear().await, None);
    }
    // and a member who is one no longer
    account.client.done("removeMember", json!({ "tenantId": account.tenant, "userId": user }), "removedUserId").await;
    let last = member.next().await;
    assert_eq!(last["errors"][0]["extensions"]["code"], "NOT_FOUND", "{last}");
    assert_eq!(member.hear().await.unwrap().0, "complete");
}

async fn a_server_that_stops_says_so(world: &mut World) {
    let account = world.sign_up().await;
    let mut waiting = Socket::silent(&account.client).await;
    let mut socket = Socket::greeted(&account.client).await;
    socket.subscribe("1", CLICKS, of(&account, None)).await;
    let mut stream = Stream::open(&account.client, CLICKS, of(&account, None)).await.ok().unwrap();
    let heard = async { (socket.hear().await, waiting.hear().await, stream.hear().await, stream.hear().await) };
    let (heard, ()) = tokio::join!(heard, world.api().stop());
    let complete = Some(("complete".to_owned(), Value::Null));
    assert_eq!(heard, (Heard::Closed(1001), Heard::Closed(1001), complete, None));
}

async fn each_subscription_costs_what_a_request_does(world: &mut World) {
    let account = world.sign_up().await;
    let link = served(world, &account, "costs").await;
    let key = async |name: &str| {
        let input = json!({ "name": name, "scopes": ["REPORTS_READ"], "tenantIds": [account.tenant] });
        let made = account.client.done("createApiKey", input, "secret").await;
        account.client.with_token(text(&made["secret"]))
    };
    let (first, second) = (key("first").await, key("second").await);
    let mut kept = Socket::greeted(&first).await;
    kept.subscribe("kept", CLICKS, of(&account, None)).await;
    begun(world, &link, &mut kept).await;
    // one ends where the next begins, so that nothing but their number is too much
    let mut socket = Socket::greeted(&first).await;
    let refused = |heard: &Heard| {
        assert_eq!((heard.kind(), heard.code()), ("error", "RATE_LIMITED"), "{heard:?}");
        let retry_after = heard.payload()[0]["extensions"]["retryAfter"].as_u64();
        assert!(retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)), "{heard:?}");
    };
    let all = spent(&mut socket, &account).await;
    refused(&all.1);
    // time fills the bucket a little
    assert!((19..60).contains(&all.0), "{}", all.0);
    over_events_as_well(&first, &account).await;
    // another key has its own, and the tenant's is for both
    let mut socket = Socket::greeted(&second).await;
    let rest = spent(&mut socket, &account).await;
    refused(&rest.1);
    assert!(rest.0 < all.0, "{} {}", rest.0, all.0);
    over_events_as_well(&second, &account).await;
    // what runs goes on
    begun(world, &link, &mut kept).await;
}

async fn over_events_as_well(client: &Client, account: &Account) {
    let refused = wait::until("an event stream is refused", wait::PATIENCE, async || {
        Stream::open(client, CLICKS, of(account, None)).await.err()
    });
    let reply = refused.await;
    assert_eq!((reply.status.as_u16(), reply.code()), (429, "RATE_LIMITED"));
    assert!(reply.headers.contains_key("retry-after"), "{:?}", reply.headers);
}

/// Subscribes until that is refused; gives how often it was not, and what the refusal was.
async fn spent(socket: &mut Socket, account: &Account) -> (usize, Heard) {
    for number in 0..100 {
        let id = number.to_string();
        socket.subscribe(&id, CLICKS, of(account, None)).await;
        // it is refused before this is answered, or it runs
        let heard = socket.hear_within(Duration::from_millis(300)).await;
        if let Some(heard) = heard.filter(|heard| heard.kind() == "error") {
            return (number, heard);
        }
        socket.say(json!({ "id": id, "type": "complete" })).await;
    }
    panic!("nothing was refused");
}
