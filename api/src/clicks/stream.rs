//! Brings clicks in from Redis: a consumer of the sharded streams to which redirectors ship their click logs. Entries are
//! acknowledged and deleted only once they are committed; what this process holds when it dies, another one claims. Redis
//! may lose everything at any time: the logs send again what the progress does not cover.

mod shard;

use self::shard::Shard;
use super::ingest::Ingest;
use contract::keys::{Keys, SHARDS};
use redis::Client;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

/// Time between two looks for events that are missing.
const GAPS_EVERY: Duration = Duration::from_secs(60);
/// How long an event may be on its way before it counts as missing, in milliseconds.
const ON_ITS_WAY: i64 = 60_000;

/// Why the consumer ended before it was told to.
#[derive(Debug, thiserror::Error)]
#[error("the ingest of a stream ended on its own: {0}")]
pub struct StreamError(String);

/// Consumes all streams.
pub struct StreamIngest {
    ingest: Ingest,
    client: Client,
    keys: Arc<Keys>,
}

impl StreamIngest {
    /// Prepares the consumer; connections are made when it runs, and again when they are lost.
    ///
    /// # Errors
    /// Of an address that Redis' client does not understand.
    pub fn new(ingest: Ingest, url: &str, keys: Keys) -> Result<Self, String> {
        let client = Client::open(url).map_err(|error| error.to_string())?;
        Ok(Self { ingest, client, keys: Arc::new(keys) })
    }

    /// Consumes until `stop`, then commits what is in hand.
    ///
    /// # Errors
    /// When a stream's consumer died.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), StreamError> {
        let (stopping, stopped) = watch::channel(false);
        // a name of its own for each process: what is pending under it was read by this one
        let consumer = Uuid::new_v4().as_simple().to_string();
        let mut consumers = JoinSet::new();
        for number in 0..SHARDS {
            let shard = Shard::new(&self.ingest, &self.client, &self.keys, number, &consumer);
            consumers.spawn(shard.run(stopped.clone()));
        }
        consumers.spawn(watch_gaps(self.ingest, stopped));
        tokio::select! {
            () = stop => {}
            Some(ended) = consumers.join_next() => return Err(StreamError(format!("{ended:?}"))),
        }
        stopping.send_replace(true);
        while consumers.join_next().await.is_some() {}
        Ok(())
    }
}

/// Says now and then which logs have given out events that did not arrive.
async fn watch_gaps(ingest: Ingest, mut stopped: watch::Receiver<bool>) {
    while tokio::time::timeout(GAPS_EVERY, stopped.wait_for(|stopped| *stopped)).await.is_err() {
        match ingest.gaps().await {
            Ok(gaps) => {
                let lost = gaps.iter().filter(|gap| ingest.clock().now() - gap.since > ON_ITS_WAY);
                for gap in lost {
                    tracing::error!(boot_id = %gap.boot_id, clicks_lost = gap.missing, "events of a click log are missing");
                }
            }
            Err(error) => tracing::warn!(%error, "missing events cannot be counted"),
        }
    }
}
