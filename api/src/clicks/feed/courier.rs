//! Brings clicks from the process that stored them to all that have subscribers, over Redis' pub/sub: a channel for each
//! tenant, which a process listens to only while somebody there watches, and which is written to only while a process
//! listens. Redis keeps nothing, and whoever is not connected at that moment misses the click.

use super::{Feed, Hub};
use crate::clicks::batch::Batch;
use contract::{
    click::{Click, Event, encode},
    frame,
    keys::Keys,
};
use futures_util::StreamExt;
use redis::{
    Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, PubSubSink},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{interval, sleep, timeout},
};
use uuid::Uuid;

/// Announcements that may wait for Redis; each holds what one transaction stored.
const OUTGOING: usize = 4;
/// Most clicks in one message.
const TOGETHER: usize = 256;
/// How long Redis may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);
/// Pause after an error.
const PAUSE: Duration = Duration::from_millis(500);
/// Time between two looks whether the connection still lives.
const PING: Duration = Duration::from_secs(5);

/// Why clicks do not come for a moment.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    #[error("Redis does not answer")]
    Silence(#[from] tokio::time::error::Elapsed),
    #[error("the connection ended")]
    Ended,
}

/// Carries clicks between processes.
pub struct Courier {
    client: Client,
    connection: ConnectionManager,
    keys: Arc<Keys>,
    hub: Arc<Hub>,
    outgoing: mpsc::Receiver<Vec<Click>>,
}

/// A feed between processes, and what carries it; connections are made when they are needed and again when they are lost.
///
/// # Errors
/// Of an address that Redis' client does not understand.
pub fn connect(url: &str, keys: Keys) -> Result<(Feed, Courier), String> {
    let client = Client::open(url).map_err(|error| error.to_string())?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_number_of_retries(1);
    let connection =
        ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(|error| error.to_string())?;
    let (sender, outgoing) = mpsc::channel(OUTGOING);
    let feed = Feed { outgoing: Some(sender), ..Feed::default() };
    let hub = Arc::clone(feed.hub());
    hub.reach(BTreeSet::new());
    Ok((feed, Courier { client, connection, keys: Arc::new(keys), hub, outgoing }))
}

impl Courier {
    /// Carries until `stop`.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { client, mut connection, keys, hub, mut outgoing } = self;
        let sending = async {
            while let Some(clicks) = outgoing.recv().await {
                if let Err(error) = send(&mut connection, &keys, clicks).await {
                    tracing::debug!(%error, "clicks are stored, and no subscriber hears of them");
                }
            }
            // the feed is held by whoever holds this process' parts
            std::future::pending::<()>().await;
        };
        let listening = async {
            loop {
                if let Err(error) = listen(&client, &keys, &hub).await {
                    hub.reach(BTreeSet::new());
                    tracing::warn!(%error, "clicks do not come to subscribers; they are stored");
                    sleep(PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = stop => {}
            () = sending => {}
            () = listening => {}
        }
    }
}

/// Publishes clicks of tenants that are watched in some process.
async fn send(connection: &mut ConnectionManager, keys: &Keys, clicks: Vec<Click>) -> Result<(), RedisError> {
    let mut tenants: BTreeMap<Uuid, Vec<Click>> = BTreeMap::new();
    for click in clicks {
        tenants.entry(click.tenant_id).or_default().push(click);
    }
    let channels: Vec<_> = tenants.into_iter().map(|(tenant_id, clicks)| (keys.feed(tenant_id), clicks)).collect();
    let mut count = redis::cmd("PUBSUB");
    count.arg("NUMSUB");
    for (channel, _) in &channels {
        count.arg(channel);
    }
    let listening: HashMap<String, u64> = count.query_async(connection).await?;
    let mut publish = redis::pipe();
    for (channel, clicks) in channels {
        if listening.get(&channel).is_none_or(|count| *count == 0) {
            continue;
        }
        for message in messages(clicks) {
            publish.cmd("PUBLISH").arg(&channel).arg(message).ignore();
        }
    }
    if publish.is_empty() { Ok(()) } else { publish.query_async(connection).await }
}

/// Clicks as they travel: the records of a click log, numbered anew.
fn messages(clicks: Vec<Click>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for (at, click) in clicks.into_iter().enumerate() {
        if at % TOGETHER == 0 {
            messages.push(Vec::new());
        }
        let (message, bytes) = (messages.last_mut(), encode(&Event::Click(Box::new(click)), Vec::new()));
        if !message.zip(bytes.ok()).is_some_and(|(message, bytes)| frame::append(message, at as u64 + 1, &bytes)) {
            tracing::warn!("a click does not fit a message");
        }
    }
    messages
}

/// Listens to the channels of watched tenants until nobody watches any.
async fn listen(client: &Client, keys: &Keys, hub: &Hub) -> Result<(), Fault> {
    let mut watched = hub.watched();
    // the hub holds the sender
    drop(watched.wait_for(|tenants| !tenants.is_empty()).await);
    let (mut sink, mut stream) = timeout(PATIENCE * 4, client.get_async_pubsub()).await??.split();
    let mut heard = BTreeSet::new();
    let mut ping = interval(PING);
    loop {
        let wanted = watched.borrow_and_update().clone();
        follow(&mut sink, keys, &heard, &wanted).await?;
        heard.clone_from(&wanted);
        hub.reach(wanted);
        if heard.is_empty() {
            return Ok(());
        }
        loop {
            tokio::select! {
                changed = watched.changed() => {
                    if changed.is_ok() {
                        break;
                    }
                }
                message = stream.next() => {
                    let message = message.ok_or(Fault::Ended)?;
                    let clicks = Batch::read(&[message.get_payload_bytes()]).clicks;
                    hub.publish(clicks.into_iter().map(|(_, click)| click).collect());
                }
                _ = ping.tick() => timeout(PATIENCE, sink.ping::<redis::Value>()).await?.map(drop)?,
            }
        }
    }
}

/// Turns from the channels of some tenants to those of others.
async fn follow(
    sink: &mut PubSubSink,
    keys: &Keys,
    heard: &BTreeSet<Uuid>,
    wanted: &BTreeSet<Uuid>,
) -> Result<(), Fault> {
    let channels = |tenants: Vec<&Uuid>| tenants.into_iter().map(|tenant| keys.feed(*tenant)).collect::<Vec<_>>();
    let (new, old) = (channels(wanted.difference(heard).collect()), channels(heard.difference(wanted).collect()));
    if !new.is_empty() {
        timeout(PATIENCE, sink.subscribe(new)).await??;
    }
    if !old.is_empty() {
        timeout(PATIENCE, sink.unsubscribe(old)).await??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::batch::tests::click;

    #[test]
    fn clicks_travel_whole_and_in_order() {
        let at = 1_700_000_000_000;
        let clicks: Vec<Click> = (0..600).map(|number| click(at + number, 1, 2, 3)).collect();
        let messages = messages(clicks.clone());
        let read: Vec<Click> =
            messages.iter().flat_map(|message| Batch::read(&[message]).clicks).map(|(_, click)| click).collect();
        assert_eq!((messages.len(), read == clicks), (3, true));
    }
}
