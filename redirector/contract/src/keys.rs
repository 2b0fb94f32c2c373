//! Every name that we use in Redis. A document and its lease share a hash tag (the braces), so that a script may touch
//! both on Redis Cluster, and so does a stream with what belongs to it.

use crate::document::DocumentKey;
use uuid::Uuid;

/// Consumer group of the ingest.
pub const INGEST_GROUP: &str = "ingest";
/// Field of a stream entry: the boot id, 16 bytes.
pub const FIELD_BOOT: &str = "b";
/// Field of a stream entry: records, as [`crate::frame`] has them.
pub const FIELD_RECORDS: &str = "r";
/// How many streams clicks are spread over; a boot always ships to the same one.
pub const SHARDS: u32 = 4;

/// Builds names under one prefix, so that several installations, and tests, can share a Redis.
#[derive(Debug, Clone)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// Names under `prefix`.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into() }
    }

    /// HASH {v: version, d: document}; d is empty for a negative document.
    #[must_use]
    pub fn document(&self, key: &DocumentKey) -> String {
        format!("{}:{{{key}}}", self.prefix)
    }

    /// STRING: the token of the one caller that may fill the document.
    #[must_use]
    pub fn lease(&self, key: &DocumentKey) -> String {
        format!("{}:{{{key}}}:lease", self.prefix)
    }

    /// Pub/sub channel of announcements.
    #[must_use]
    pub fn changes(&self) -> String {
        format!("{}:changes", self.prefix)
    }

    /// STRING with a 3 s life: the relay is up to date.
    #[must_use]
    pub fn watermark(&self) -> String {
        format!("{}:watermark", self.prefix)
    }

    /// STREAM of click frames.
    #[must_use]
    pub fn stream(&self, shard: u32) -> String {
        format!("{}:{{clicks:{shard}}}", self.prefix)
    }

    /// The shard of a boot.
    #[must_use]
    pub fn shard_of(boot_id: Uuid) -> u32 {
        u32::from(boot_id.as_bytes()[0]) % SHARDS
    }

    /// STREAM of records that could not be stored.
    #[must_use]
    pub fn dead_letters(&self) -> String {
        format!("{}:dead", self.prefix)
    }

    /// Pub/sub channel of a tenant's clicks, once they are stored.
    #[must_use]
    pub fn feed(&self, tenant_id: Uuid) -> String {
        format!("{}:feed:{}", self.prefix, tenant_id.as_simple())
    }

    /// STRING: the highest sequence number of a boot below which everything is in SQL.
    #[must_use]
    pub fn progress(&self, boot_id: Uuid) -> String {
        format!("{}:progress:{}", self.prefix, boot_id.as_simple())
    }
}
