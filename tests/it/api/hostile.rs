//! Documents and bodies that are made to do harm: each is refused at once, memory stays where it was, and others are served
//! meanwhile. How long the slowest took is printed; `make hostile` measures the programs as they are released.

use crate::world::{World, client::Client, client::read, in_both, wait};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tests::hostile::{
    ACCEPT, Harm, Refused,
    documents::{bodies, raw},
    stock, stocked,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

in_both!(&[("INTROSPECTION", "true")] =>
    harm_is_refused_at_once,
    whoever_has_data_does_no_harm_either,
    a_slow_request_holds_up_nobody,
);

/// How often everything is sent.
const ROUNDS: usize = 5;
/// Nothing takes so long, on whatever machine.
const LONG: Duration = Duration::from_secs(1);
/// By how much memory may grow.
const GROWTH: u64 = 20 * 1024 * 1024;
/// A program that is built for tests takes many times as long, beside other tests.
const DEBUG_LONG: Duration = Duration::from_secs(5);
/// And more memory.
const DEBUG_GROWTH: u64 = 64 * 1024 * 1024;

async fn harm_is_refused_at_once(world: &mut World) {
    let account = world.sign_up().await;
    let (stranger, member) = (world.client(), account.client);
    let (all, streams) = (bodies(), raw());
    for _ in 0..50 {
        assert_eq!(member.reply("{ viewer { user { id } } }", Value::Null).await.status, 200);
    }
    let before = world.api().memory();
    let (stop, served) = (AtomicBool::new(false), AtomicU32::new(0));
    let program = world.api();
    let attack = async {
        let (mut slowest, mut wrong, mut memory) = ((Duration::ZERO, ""), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            for Harm { name, body, expected } in &all {
                for client in [&stranger, &member] {
                    let start = Instant::now();
                    let refused = send(client, body.clone()).await;
                    slowest = slowest.max((start.elapsed(), name));
                    let large = matches!(expected, Refused::ForSize) || (client.is_nobody() && body.len() > 65_536);
                    if !(if large { refused.0 == 413 } else { expected.is(refused.0, &refused.1) }) {
                        wrong.push(format!("{name}: {refused:?}"));
                    }
                }
            }
            for (name, bytes, expected) in &streams {
                let start = Instant::now();
                let status = send_raw(stranger.address(), bytes).await;
                slowest = slowest.max((start.elapsed(), name));
                if !expected.contains(&status) {
                    wrong.push(format!("{name}: {status}"));
                }
            }
            memory.push(program.memory().saturating_sub(before));
        }
        stop.store(true, Ordering::Relaxed);
        (slowest, wrong, memory)
    };
    let others = async {
        while !stop.load(Ordering::Relaxed) {
            assert_eq!(member.reply("{ viewer { user { id } } }", Value::Null).await.status, 200);
            served.fetch_add(1, Ordering::Relaxed);
        }
    };
    let ((slowest, wrong, memory), ()) = tokio::join!(attack, others);
    let served = served.into_inner();
    eprintln!("slowest: {} in {:?}; memory grew by {memory:?} bytes; {served} others served", slowest.1, slowest.0);
    assert!(wrong.is_empty(), "refused otherwise than expected:\n{}", wrong.join("\n"));
    assert!(slowest.0 < LONG, "{} took {:?}", slowest.1, slowest.0);
    // an allocator gives back what is free a little later, and while it is asked for more
    wait::until("memory is what it was", wait::PATIENCE, async || {
        assert_eq!(member.reply("{ __typename }", Value::Null).await.status, 200);
        (world.api().memory() <= before + GROWTH).then_some(())
    })
    .await;
    assert!(served > 0, "nobody else was served");
}

/// The most memory that a body takes while it is answered, and how long that takes, of programs that are built for tests.
async fn whoever_has_data_does_no_harm_either(world: &mut World) {
    let visits = format!("http://{}", world.domain());
    let stock = stock::make(world.endpoint(), &visits).await;
    let member = world.client().with_token(&stock.token);
    let all = stocked::bodies(&stock);
    let names: BTreeSet<_> = all.iter().map(|harm| harm.name).collect();
    assert!(all.len() > 100 && names.len() == all.len(), "{} of {}", names.len(), all.len());
    let (mut wrong, mut slowest, mut largest) = (Vec::new(), (Duration::ZERO, ""), (0, ""));
    for harm in &all {
        let before = world.api().peak_memory().forget();
        let start = Instant::now();
        let (status, code) = send(&member, harm.body.clone()).await;
        let (took, grown) = (start.elapsed(), world.api().peak_memory().peak().saturating_sub(before));
        if !harm.expected.is(status, &code) {
            wrong.push(format!("{}: {status} {code}", harm.name));
        }
        if took > DEBUG_LONG {
            wrong.push(format!("{} took {took:?}", harm.name));
        }
        if grown > DEBUG_GROWTH {
            wrong.push(format!("{} took {grown} bytes", harm.name));
        }
        slowest = slowest.max((took, harm.name));
        largest = largest.max((grown, harm.name));
    }
    eprintln!("slowest: {} in {:?}; largest: {} with {} bytes", slowest.1, slowest.0, largest.1, largest.0);
    assert!(wrong.is_empty(), "otherwise than expected:\n{}", wrong.join("\n"));
    assert_eq!(member.reply("{ viewer { user { id } } }", Value::Null).await.status, 200);
}

async fn a_slow_request_holds_up_nobody(world: &mut World) {
    let client = world.client();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    // heads and bodies that come in crumbs, and bodies of which nothing more comes
    let slow = (0..20).map(|_| crumbs(&client, "POST /graphql HTTP/1.1\r\nx: ", Some("y")));
    let heads = futures_util::future::join_all(slow);
    let bodies = futures_util::future::join_all((0..20).map(|_| crumbs(&client, head, Some(" "))));
    let silent = futures_util::future::join_all((0..20).map(|_| crumbs(&client, head, None)));
    let others = async {
        for _ in 0..20 {
            assert_eq!(client.reply("{ __typename }", Value::Null).await.status, 200);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (heads, bodies, silent, ()) = tokio::join!(heads, bodies, silent, others);
    for (took, answer) in bodies.iter().chain(&silent) {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!((14..25).contains(&took.as_secs()), "{took:?}");
    }
    for (took, answer) in heads {
        assert_eq!(answer, "", "a head that is not whole has no answer");
        assert!((29..40).contains(&took.as_secs()), "{took:?}");
    }
}

/// Begins a request and goes on with a crumb now and then; gives how long the connection lasted, and what came back.
async fn crumbs(client: &Client, begin: &str, crumb: Option<&str>) -> (Duration, String) {
    let start = Instant::now();
    let mut stream = TcpStream::connect(client.address()).await.unwrap();
    stream.write_all(begin.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    let send = async {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            if let Some(crumb) = crumb {
                // a connection that has ended takes nothing more
                drop(writing.write_all(crumb.as_bytes()).await);
            }
        }
    };
    let read = async {
        let whole = async { while reading.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {} };
        tokio::time::timeout(Duration::from_secs(60), whole).await.expect("a slow request is given up");
    };
    tokio::select! {
        () = read => {}
        () = send => {}
    }
    (start.elapsed(), String::from_utf8_lossy(&answer).into_owned())
}

/// The status and the first code of what comes back.
async fn send(client: &Client, body: Vec<u8>) -> (u16, String) {
    let request = client.post().header("content-type", "application/json").header("accept", ACCEPT);
    let reply = read(request.body(body)).await;
    (reply.status.as_u16(), reply.code().to_owned())
}

/// The status of what comes back to bytes on a connection of their own; 0 when it is closed.
async fn send_raw(address: &str, bytes: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // a server that has answered may close before it has read everything
    drop(stream.write_all(bytes).await);
    drop(stream.shutdown().await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}
