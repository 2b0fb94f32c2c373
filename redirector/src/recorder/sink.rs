//! Where frames go: a stream in Redis, or the ingest in the same process. Both take the bytes as they lie in the log. A
//! frame may arrive twice, after a lost answer or a second shipment: its records are identified by boot and number.

use super::{Destination, reader::Frame};
use contract::keys::{FIELD_BOOT, FIELD_RECORDS, Keys};
use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_millis(500);
/// Longest wait for an answer: a pipeline may carry a megabyte.
const ANSWER: Duration = Duration::from_secs(5);
/// Most frames of one pipeline.
const PIPELINED: usize = 4;

/// A frame for the ingest of the same process.
#[derive(Debug)]
pub struct LocalFrame {
    /// The log it comes from.
    pub boot_id: Uuid,
    /// Its records, as [`contract::frame`] has them.
    pub records: Vec<u8>,
    /// To be answered after the commit: the number up to which everything of that boot is stored.
    pub stored: oneshot::Sender<u64>,
}

/// Why a frame did not arrive, or may not have.
#[derive(Debug, thiserror::Error)]
pub(super) enum SinkError {
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("the ingest has ended")]
    Ended,
    #[error("the ingest could not store a frame")]
    NotStored,
}

/// What is known of a frame that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Landing {
    /// It lies in the stream under this id until it is stored.
    Entry(String),
    /// It was stored; everything of its boot up to this number is.
    Stored(u64),
}

/// A destination in use.
pub(super) enum Sink {
    Redis(Box<Stream>),
    Local(mpsc::Sender<LocalFrame>),
}

impl Sink {
    pub(super) fn new(destination: Destination) -> Self {
        match destination {
            Destination::Redis { client, keys } => Self::Redis(Box::new(Stream { client, keys, connection: None })),
            Destination::Local(frames) => Self::Local(frames),
        }
    }

    /// How many frames it takes at once.
    pub(super) const fn frames_at_once(&self) -> usize {
        match self {
            Self::Redis(_) => PIPELINED,
            Self::Local(_) => 1,
        }
    }

    /// Ships consecutive frames of a boot; one landing for each.
    pub(super) async fn ship(&mut self, boot_id: Uuid, frames: &[Frame]) -> Result<Vec<Landing>, SinkError> {
        match self {
            Self::Redis(stream) => stream.add(boot_id, frames).await,
            Self::Local(ingest) => {
                let mut landings = Vec::with_capacity(frames.len());
                for frame in frames {
                    let (stored, answer) = oneshot::channel();
                    let records = frame.records.clone();
                    ingest.send(LocalFrame { boot_id, records, stored }).await.map_err(|_| SinkError::Ended)?;
                    landings.push(Landing::Stored(answer.await.map_err(|_| SinkError::NotStored)?));
                }
                Ok(landings)
            }
        }
    }

    /// Up to which number everything of a boot is stored; `None` where that is not known.
    pub(super) async fn progress(&mut self, boot_id: Uuid) -> Result<Option<u64>, SinkError> {
        match self {
            Self::Redis(stream) => stream.progress(boot_id).await,
            Self::Local(_) => Ok(None),
        }
    }

    /// Whether a frame still lies in its stream, neither stored nor lost.
    pub(super) async fn holds(&mut self, boot_id: Uuid, entry: &str) -> Result<bool, SinkError> {
        match self {
            Self::Redis(stream) => stream.holds(boot_id, entry).await,
            Self::Local(_) => Ok(false),
        }
    }
}

/// The streams in Redis, on a connection of their own. An error drops the connection.
pub(super) struct Stream {
    client: Client,
    keys: Keys,
    connection: Option<MultiplexedConnection>,
}

impl Stream {
    async fn add(&mut self, boot_id: Uuid, frames: &[Frame]) -> Result<Vec<Landing>, SinkError> {
        let stream = self.keys.stream(Keys::shard_of(boot_id));
        let mut pipeline = redis::pipe();
        for frame in frames {
            // no MAXLEN: trimming entries that nobody has read loses them
            pipeline.cmd("XADD").arg(&stream).arg("*");
            pipeline.arg(FIELD_BOOT).arg(boot_id.as_bytes()).arg(FIELD_RECORDS).arg(&frame.records);
        }
        let mut connection = self.take_connection().await?;
        let entries: Vec<String> = pipeline.query_async(&mut connection).await?;
        self.connection = Some(connection);
        Ok(entries.into_iter().map(Landing::Entry).collect())
    }

    async fn progress(&mut self, boot_id: Uuid) -> Result<Option<u64>, SinkError> {
        let mut connection = self.take_connection().await?;
        let progress = redis::cmd("GET").arg(self.keys.progress(boot_id)).query_async(&mut connection).await?;
        self.connection = Some(connection);
        Ok(progress)
    }

    async fn holds(&mut self, boot_id: Uuid, entry: &str) -> Result<bool, SinkError> {
        let stream = self.keys.stream(Keys::shard_of(boot_id));
        let mut range = redis::cmd("XRANGE");
        range.arg(stream).arg(entry).arg(entry);
        let mut connection = self.take_connection().await?;
        let found: Vec<redis::Value> = range.query_async(&mut connection).await?;
        self.connection = Some(connection);
        Ok(!found.is_empty())
    }

    /// Takes the open connection, or opens one. It is put back only after a success.
    async fn take_connection(&mut self) -> Result<MultiplexedConnection, SinkError> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(ANSWER));
        Ok(self.client.get_multiplexed_async_connection_with_config(&config).await?)
    }
}
