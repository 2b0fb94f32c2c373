//! The consumer of one stream, on a connection of its own: a blocking read stands in the way of everything behind it, and
//! must not be cut short by a response time-out. Any error ends the session; the next one begins with what was read and
//! not acknowledged.

use crate::clicks::ingest::{Ingest, IngestError};
use contract::keys::{FIELD_BOOT, FIELD_RECORDS, INGEST_GROUP, Keys};
use redis::{
    AsyncCommands, AsyncConnectionConfig, Client, RedisError, Script,
    aio::MultiplexedConnection,
    streams::{
        StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamInfoConsumersReply, StreamPendingCountReply,
        StreamReadOptions, StreamReadReply,
    },
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use uuid::Uuid;

/// Entries read at once; each holds up to 512 events.
const ENTRIES: usize = 8;
/// How long a read waits for an entry, in milliseconds: also how long a stop takes.
const BLOCK_MS: usize = 500;
/// How long Redis may take for anything.
const PATIENCE: Duration = Duration::from_secs(10);
/// First and longest pause after an error.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Time between two looks for entries that a dead consumer left.
const CLAIM_EVERY: Duration = Duration::from_secs(10);
/// How long an entry is pending before another consumer takes it, in milliseconds.
const ABANDONED_MS: usize = 30_000;
/// How long a consumer that holds nothing is kept, in milliseconds.
const FORGOTTEN_MS: usize = 3_600_000;
/// Deliveries after which an entry that cannot be stored on its own is put away.
const MOST_DELIVERIES: usize = 5;
/// How long the progress of a log stands in Redis, in milliseconds.
const PROGRESS_MS: u64 = 7 * 24 * 3_600 * 1_000;

/// KEYS progress; ARGV number, life in ms. The number only grows, whoever writes it last.
const MIRROR: &str = r"
local present = tonumber(redis.call('GET', KEYS[1]) or '-1')
if present < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
";

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    #[error("Redis does not answer")]
    Silence(#[from] tokio::time::error::Elapsed),
    #[error(transparent)]
    Ingest(#[from] IngestError),
}

/// The consumer of one stream.
pub(super) struct Shard {
    ingest: Ingest,
    client: Client,
    keys: Arc<Keys>,
    stream: String,
    consumer: String,
    mirror: Script,
}

impl Shard {
    pub(super) fn new(ingest: &Ingest, client: &Client, keys: &Arc<Keys>, number: u32, consumer: &str) -> Self {
        Self {
            ingest: ingest.clone(),
            client: client.clone(),
            keys: Arc::clone(keys),
            stream: keys.stream(number),
            consumer: consumer.to_owned(),
            mirror: Script::new(MIRROR),
        }
    }

    /// Consumes until told to stop.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut pause = PAUSES.0;
        loop {
            let began = Instant::now();
            let Err(error) = self.session(&stopped).await else { return };
            if began.elapsed() > PAUSES.1 {
                pause = PAUSES.0;
            }
            tracing::warn!(stream = self.stream, %error, ?pause, "clicks are not taken in; they wait in their logs");
            if tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped)).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn session(&self, stopped: &watch::Receiver<bool>) -> Result<(), Fault> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(None);
        let mut redis = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        self.make_group(&mut redis).await?;
        // what an earlier session read: one by one, so that none takes the others down
        while !*stopped.borrow() {
            let left = self.read(&mut redis, "0").await?;
            if left.is_empty() {
                break;
            }
            self.take_each(&mut redis, left).await?;
        }
        let mut claimed = None;
        while !*stopped.borrow() {
            if claimed.is_none_or(|at: Instant| at.elapsed() > CLAIM_EVERY) {
                claimed = Some(Instant::now());
                self.claim(&mut redis).await?;
            }
            let new = self.read(&mut redis, ">").await?;
            self.take(&mut redis, new).await?;
        }
        Ok(())
    }

    async fn make_group(&self, redis: &mut MultiplexedConnection) -> Result<(), Fault> {
        let made = redis.xgroup_create_mkstream::<_, _, _, ()>(&self.stream, INGEST_GROUP, "0");
        match tokio::time::timeout(PATIENCE, made).await? {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Reads new entries (`>`), or those that are pending under our name (`0`).
    async fn read(&self, redis: &mut MultiplexedConnection, from: &str) -> Result<Vec<StreamId>, Fault> {
        let options = StreamReadOptions::default().group(INGEST_GROUP, &self.consumer).count(ENTRIES).block(BLOCK_MS);
        let (streams, from) = ([&self.stream], [from]);
        let read = redis.xread_options::<_, _, Option<StreamReadReply>>(&streams, &from, &options);
        let reply = tokio::time::timeout(PATIENCE, read).await??.unwrap_or_default();
        Ok(reply.keys.into_iter().flat_map(|stream| stream.ids).collect())
    }

    /// Takes over what dead consumers left, and forgets them.
    async fn claim(&self, redis: &mut MultiplexedConnection) -> Result<(), Fault> {
        let mut from = "0-0".to_owned();
        loop {
            let options = StreamAutoClaimOptions::default().count(ENTRIES);
            let claim = redis.xautoclaim_options::<_, _, _, _, _, StreamAutoClaimReply>(
                &self.stream,
                INGEST_GROUP,
                &self.consumer,
                ABANDONED_MS,
                &from,
                options,
            );
            let reply = tokio::time::timeout(PATIENCE, claim).await??;
            if !reply.deleted_ids.is_empty() {
                let count = reply.deleted_ids.len();
                tracing::error!(
                    stream = self.stream,
                    count,
                    "entries vanished before they were stored; logs send them again"
                );
            }
            self.take_each(redis, reply.claimed).await?;
            if reply.next_stream_id == "0-0" {
                break;
            }
            from = reply.next_stream_id;
        }
        let consumers = redis.xinfo_consumers::<_, _, StreamInfoConsumersReply>(&self.stream, INGEST_GROUP);
        for other in tokio::time::timeout(PATIENCE, consumers).await??.consumers {
            if other.pending == 0 && other.idle > FORGOTTEN_MS && other.name != self.consumer {
                let forget = redis.xgroup_delconsumer::<_, _, _, ()>(&self.stream, INGEST_GROUP, other.name);
                tokio::time::timeout(PATIENCE, forget).await??;
            }
        }
        Ok(())
    }

    /// Stores entries, those of one log together, and acknowledges them.
    async fn take(&self, redis: &mut MultiplexedConnection, entries: Vec<StreamId>) -> Result<(), Fault> {
        let mut logs: BTreeMap<Uuid, (Vec<String>, Vec<Vec<u8>>)> = BTreeMap::new();
        for entry in entries {
            let Some((boot_id, records)) = content(&entry) else {
                self.put_away(redis, &entry, "no entry of a click log").await?;
                continue;
            };
            let (ids, frames) = logs.entry(boot_id).or_default();
            ids.push(entry.id);
            frames.push(records);
        }
        for (boot_id, (ids, frames)) in logs {
            let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            let progress = self.ingest.store_frames(boot_id, &frames).await?;
            let key = self.keys.progress(boot_id);
            let mut mirror = self.mirror.key(key);
            let mirror = mirror.arg(progress).arg(PROGRESS_MS);
            tokio::time::timeout(PATIENCE, mirror.invoke_async::<()>(redis)).await??;
            self.acknowledge(redis, &ids).await?;
        }
        Ok(())
    }

    /// Stores entries one by one; an entry that was delivered often and still fails for another reason than an outage is
    /// put away.
    async fn take_each(&self, redis: &mut MultiplexedConnection, entries: Vec<StreamId>) -> Result<(), Fault> {
        for entry in entries {
            match self.take(redis, vec![entry.clone()]).await {
                Err(Fault::Ingest(error)) if !matches!(error, IngestError::Outage(_)) => {
                    if self.deliveries(redis, &entry.id).await? < MOST_DELIVERIES {
                        return Err(error.into());
                    }
                    self.put_away(redis, &entry, &error.to_string()).await?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    async fn deliveries(&self, redis: &mut MultiplexedConnection, id: &str) -> Result<usize, Fault> {
        let pending =
            redis.xpending_count::<_, _, _, _, _, StreamPendingCountReply>(&self.stream, INGEST_GROUP, id, id, 1);
        let reply = tokio::time::timeout(PATIENCE, pending).await??;
        Ok(reply.ids.first().map_or(0, |entry| entry.times_delivered))
    }

    /// Moves an entry to the stream of those that could not be stored.
    async fn put_away(&self, redis: &mut MultiplexedConnection, entry: &StreamId, reason: &str) -> Result<(), Fault> {
        tracing::error!(stream = self.stream, id = entry.id, reason, "an entry is put away");
        let mut fields = vec![("id", entry.id.clone().into_bytes()), ("reason", reason.as_bytes().to_vec())];
        for field in [FIELD_BOOT, FIELD_RECORDS] {
            fields.extend(entry.get::<Vec<u8>>(field).map(|bytes| (field, bytes)));
        }
        let add = redis.xadd::<_, _, _, _, ()>(self.keys.dead_letters(), "*", &fields);
        tokio::time::timeout(PATIENCE, add).await??;
        self.acknowledge(redis, std::slice::from_ref(&entry.id)).await
    }

    /// Says that entries are dealt with: the stream holds only what is not.
    async fn acknowledge(&self, redis: &mut MultiplexedConnection, ids: &[String]) -> Result<(), Fault> {
        let mut both = redis::pipe();
        both.atomic().xack(&self.stream, INGEST_GROUP, ids).ignore().xdel(&self.stream, ids).ignore();
        Ok(tokio::time::timeout(PATIENCE, both.query_async::<()>(redis)).await??)
    }
}

/// The log and the records of an entry.
fn content(entry: &StreamId) -> Option<(Uuid, Vec<u8>)> {
    let boot_id = Uuid::from_slice(&entry.get::<Vec<u8>>(FIELD_BOOT)?).ok()?;
    entry.get::<Vec<u8>>(FIELD_RECORDS).map(|records| (boot_id, records))
}
