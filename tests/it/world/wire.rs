//! A wire to a database that a test can hold: what is asked goes through, and the answers stay out until they are let go.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// A wire to a server, for as many connections as come.
pub(crate) struct Wire {
    url: String,
    hold: Arc<Hold>,
}

/// What is to be held.
struct Hold {
    /// What a connection has said before, and what it says when it is held.
    when: Mutex<Option<(&'static str, &'static str)>>,
    /// Whether one is held.
    held: watch::Sender<bool>,
}

impl Wire {
    /// Begins in front of the server of a database's address.
    pub(crate) async fn start(database_url: &str) -> Self {
        let mut url = url::Url::parse(database_url).unwrap();
        let server = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, super::process::free_port())).await.unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let hold = Arc::new(Hold { when: Mutex::new(None), held: watch::channel(false).0 });
        let holding = hold.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (asks, hears) = client.into_split();
                let (answers, told) = TcpStream::connect(server.clone()).await.unwrap().into_split();
                let (holds, held) = watch::channel(false);
                tokio::spawn(ask(asks, told, holding.clone(), holds));
                tokio::spawn(answer(answers, hears, holding.clone(), held));
            }
        });
        Self { url: url.into(), hold }
    }

    /// The address of the database by this wire.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Holds the answers of the next connection that says `at`, of those that have said `before`.
    pub(crate) fn hold(&self, before: &'static str, at: &'static str) {
        *self.hold.when.lock().unwrap() = Some((before, at));
    }

    /// Whether a connection is held.
    pub(crate) fn holds(&self) -> bool {
        *self.hold.held.borrow()
    }

    /// Lets the answers go.
    pub(crate) fn release(&self) {
        self.hold.held.send_replace(false);
    }
}

fn says(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, hold: Arc<Hold>, holds: watch::Sender<bool>) {
    let (mut bytes, mut said) = (vec![0; 65_536], Vec::new());
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        said.extend_from_slice(&bytes[..length]);
        {
            let mut when = hold.when.lock().unwrap();
            if when.is_some_and(|(before, at)| says(&said, before) && says(&bytes[..length], at)) {
                *when = None;
                hold.held.send_replace(true);
                holds.send_replace(true);
            }
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, hold: Arc<Hold>, held: watch::Receiver<bool>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if *held.borrow() {
            drop(hold.held.subscribe().wait_for(|held| !held).await);
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
