//! Documents in Redis, by the protocol of [`contract::protocol`]: get takes a lease on a miss, fill needs it. Called
//! for what memory does not hold. A Redis that does not answer is left alone until the watch over the watermark reaches
//! it again, so that an outage costs a visit nothing; errors are counted and mean "ask SQL".

mod subscription;
mod watermark;

use crate::health::Counters;
use contract::{
    document::DocumentKey,
    keys::Keys,
    protocol::{self, DOCUMENT_MS, LEASE_MS, NEGATIVE_MS},
};
use redis::{
    Client, FromRedisValue, RedisError, Script, Value,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
pub use subscription::Heard;
use watermark::Watermark;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_millis(500);
/// Longest wait for an answer: a visitor is waiting too.
const ANSWER: Duration = Duration::from_millis(250);

/// What Redis says about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is there.
    Hit {
        /// Its version.
        version: u64,
        /// Its encoding; empty for a negative document.
        text: String,
    },
    /// It is not there, and the caller alone may fill it, with this token.
    Lease(String),
    /// It is not there, and somebody else is about to fill it.
    Wait,
}

/// Redis gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// An error, a time-out, or an answer that is not of the protocol.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// It did not answer a moment ago and is not asked now.
    #[error("Redis is away")]
    Away,
}

/// The documents in Redis.
pub struct Cache {
    client: Client,
    keys: Keys,
    connection: ConnectionManager,
    get: Script,
    fill: Script,
    watermark: Watermark,
    /// The last request failed for want of a connection or an answer.
    away: AtomicBool,
    counters: Arc<Counters>,
}

impl Cache {
    /// Prepares the connection, which is made by the first request. Must be called in a runtime.
    ///
    /// # Errors
    /// The client's settings contradict each other.
    pub fn new(client: Client, keys: Keys, counters: Arc<Counters>) -> Result<Self, RedisError> {
        // no retries of its own: every request of the time would wait for all of them
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_number_of_retries(0)
            .set_pipeline_buffer_size(1_024);
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client.clone(), config)?,
            client,
            keys,
            get: Script::new(protocol::GET),
            fill: Script::new(protocol::FILL),
            watermark: Watermark::new(),
            away: AtomicBool::new(false),
            counters,
        })
    }

    /// Asks for a document.
    ///
    /// # Errors
    /// [`CacheError`]: ask SQL, and do not fill.
    pub async fn get(&self, key: &DocumentKey) -> Result<Reply, CacheError> {
        if self.away.load(Relaxed) {
            return Err(CacheError::Away);
        }
        let token = format!("{:032x}", rand::random::<u128>());
        let mut get = self.get.prepare_invoke();
        get.key(self.keys.document(key)).key(self.keys.lease(key)).arg(&token).arg(LEASE_MS);
        let value = get.invoke_async(&mut self.connection.clone()).await;
        Ok(read_reply(self.heed(value)?, token)?)
    }

    /// Fills a document that SQL gave under the lease `token`; `text` is `None` for a negative one. Nothing depends on
    /// its success: the lease runs out by itself.
    pub async fn fill(&self, key: &DocumentKey, token: &str, version: u64, text: Option<&str>) {
        let life = text.map_or(NEGATIVE_MS, |_| document_life());
        let mut fill = self.fill.prepare_invoke();
        fill.key(self.keys.document(key)).key(self.keys.lease(key));
        fill.arg(token).arg(version).arg(text.unwrap_or_default()).arg(life);
        let filled: Result<Value, RedisError> = fill.invoke_async(&mut self.connection.clone()).await;
        drop(self.heed(filled));
    }

    /// Whether what Redis holds is known to be up to date: the relay said so less than three seconds ago.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.watermark.is_standing()
    }

    /// Keeps asking for the watermark; also the probe that finds a Redis that was away. Never ends.
    pub async fn watch_watermark(&self) {
        loop {
            match self.watermark.ask(&self.keys, &mut self.connection.clone()).await {
                Ok(()) => {
                    if self.away.swap(false, Relaxed) {
                        tracing::info!("Redis answers again");
                    }
                }
                Err(error) => self.note(&error),
            }
            tokio::time::sleep(watermark::ASK_EVERY).await;
        }
    }

    /// Listens for announcements and tells `hear` of them, and of when it can and cannot hear. Never ends.
    pub async fn listen(&self, hear: impl Fn(Heard)) {
        subscription::listen(&self.client, &self.keys, hear).await;
    }

    /// Counts an error, and notes when Redis is away.
    fn heed<T>(&self, result: Result<T, RedisError>) -> Result<T, RedisError> {
        result.inspect_err(|error| self.note(error))
    }

    fn note(&self, error: &RedisError) {
        self.counters.cache_errors.fetch_add(1, Relaxed);
        let unreachable = error.is_io_error() || error.is_timeout() || error.is_connection_dropped();
        if unreachable && !self.away.swap(true, Relaxed) {
            tracing::warn!(%error, "Redis is away; documents come from SQL");
        }
    }
}

/// A document's life with jitter, so that what was filled together does not run out together: never above
/// [`DOCUMENT_MS`], the most that may be served stale.
fn document_life() -> u64 {
    DOCUMENT_MS - rand::random_range(0..=DOCUMENT_MS / 5)
}

/// Reads the answer of the script [`protocol::GET`].
fn read_reply(value: Value, token: String) -> Result<Reply, RedisError> {
    let mut parts = Vec::<Value>::from_redis_value(value)?.into_iter();
    let kind = parts.next().map(u8::from_redis_value).transpose()?;
    match (kind, parts.next(), parts.next()) {
        (Some(1), Some(version), Some(text)) => {
            Ok(Reply::Hit { version: u64::from_redis_value(version)?, text: String::from_redis_value(text)? })
        }
        (Some(2), None, None) => Ok(Reply::Lease(token)),
        (Some(3), None, None) => Ok(Reply::Wait),
        _ => Err((redis::ErrorKind::UnexpectedReturnType, "not an answer of the protocol").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_the_script_is_read_and_no_other() {
        let read = |parts: Vec<Value>| read_reply(Value::Array(parts), "token".to_owned()).ok();
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let hit = Reply::Hit { version: 7, text: "{}".to_owned() };
        assert_eq!(read(vec![Value::Int(1), text("7"), text("{}")]), Some(hit));
        assert_eq!(read(vec![Value::Int(2)]), Some(Reply::Lease("token".to_owned())));
        assert_eq!(read(vec![Value::Int(3)]), Some(Reply::Wait));
        for bad in [vec![], vec![Value::Int(1)], vec![Value::Int(4)], vec![Value::Int(1), text("x"), text("")]] {
            assert_eq!(read(bad), None);
        }
    }

    #[test]
    fn a_document_never_lives_longer_than_it_may_be_stale() {
        for _ in 0..1_000 {
            let life = document_life();
            assert!((DOCUMENT_MS * 4 / 5..=DOCUMENT_MS).contains(&life));
        }
    }
}
