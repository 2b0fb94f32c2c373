//! Documents and bodies that are made to do harm: each is refused at once, memory stays where it was, and others are served
//! meanwhile. How long the slowest took is printed.

mod corpus;

use self::corpus::{Refused, bodies, raw};
use crate::world::{World, client::Client, client::read, in_both, wait};
use serde_json::Value;
use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

in_both!(&[("INTROSPECTION", "true")] => harm_is_refused_at_once, a_slow_body_holds_up_nobody);

/// How often everything is sent.
const ROUNDS: usize = 5;
/// Nothing takes so long, on whatever machine.
const LONG: Duration = Duration::from_secs(1);
/// By how much memory may grow.
const GROWTH: u64 = 20 * 1024 * 1024;

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
            for (name, body, expected) in &all {
                for client in [&stranger, &member] {
                    let start = Instant::now();
                    let refused = send(client, body.clone()).await;
                    slowest = slowest.max((start.elapsed(), name));
                    let large = matches!(expected, Refused::ForSize) || (client.is_nobody() && body.len() > 65_536);
                    if !(if large { refused.0 == 413 } else { expected.is(&refused) }) {
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

async fn a_slow_body_holds_up_nobody(world: &mut World) {
    let client = world.client();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n{";
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(client.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(client.reply("{ __typename }", Value::Null).await.status, 200);
    // they are answered, and then their connections end
    for mut stream in slow {
        let mut answer = Vec::new();
        wait::until("a slow body is given up", wait::PATIENCE, async || {
            stream.read_buf(&mut answer).await.ok().filter(|read| *read == 0 || answer.len() > 12)
        })
        .await;
        assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
    }
}

/// The status and the first code of what comes back.
async fn send(client: &Client, body: Vec<u8>) -> (u16, String) {
    let request = client.post().header("content-type", "application/json").header("accept", corpus::ACCEPT);
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
