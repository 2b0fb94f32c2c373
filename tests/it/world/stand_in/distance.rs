//! A proxy that is far away: every byte arrives late, and a connection is there only after a round trip, as over a long
//! wire. Order is kept, and nothing is limited but the time.

use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

/// Listens on a port of its own for what is to go to `port`, `one_way` later.
pub(super) async fn proxy(port: u16, one_way: Duration) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(async move {
                // the handshake of TCP, which a machine with itself has at once
                sleep(2 * one_way).await;
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                drop((near.set_nodelay(true), far.set_nodelay(true)));
                let (near, far) = (near.into_split(), far.into_split());
                tokio::join!(carry(near.0, far.1, one_way), carry(far.0, near.1, one_way));
            });
        }
    });
    own
}

/// Carries bytes one way. Who hangs up is heard of late as well, and what was sent before still arrives.
async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, one_way: Duration) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(1_024);
    let read = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if sender.send((Instant::now() + one_way, buffer[..length].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        drop(to.shutdown().await);
    };
    tokio::join!(read, write);
}
