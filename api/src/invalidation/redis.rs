//! Publishes one document: reads it as it is committed now, and hands it to the script that kills leases, replaces what
//! is older and announces the change.

use crate::db::Db;
use ::redis::{Client, Script, aio::ConnectionManager, aio::ConnectionManagerConfig};
use contract::{
    document::{self, Announcement, Bounded, DocumentKey, Versioned},
    keys::Keys,
    protocol::{DOCUMENT_MS, NEGATIVE_MS, PUBLISH, WATERMARK_MS},
};
use entities::documents;
use sea_orm::DbErr;
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// How long Redis may take to answer.
const RESPONSE: Duration = Duration::from_millis(500);

/// Publishes to Redis.
#[derive(Clone)]
pub struct RedisPublisher {
    connection: ConnectionManager,
    keys: Arc<Keys>,
    script: Arc<Script>,
}

impl RedisPublisher {
    /// Prepares a connection that is made when it is first needed and again when it is lost: an API starts, and saves
    /// changes, without Redis.
    ///
    /// # Errors
    /// Of an address that Redis' client does not understand.
    pub fn new(url: &str, keys: Keys) -> Result<Self, String> {
        let client = Client::open(url).map_err(|error| error.to_string())?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(RESPONSE))
            .set_response_timeout(Some(RESPONSE))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(client, config).map_err(|error| error.to_string())?;
        Ok(Self { connection, keys: Arc::new(keys), script: Arc::new(Script::new(PUBLISH)) })
    }

    /// Publishes a document as SQL has it now, which is at least as new as the change that asks for it.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn publish(&self, db: &Db, key: &DocumentKey) -> Result<(), String> {
        let (version, text) = read(db, key).await.map_err(|error| error.to_string())?;
        let life = if text.is_empty() { NEGATIVE_MS } else { DOCUMENT_MS };
        let announcement = Announcement { key: key.clone(), version };
        self.script
            .key(self.keys.document(key))
            .key(self.keys.lease(key))
            .arg(version)
            .arg(text)
            .arg(life)
            .arg(self.keys.changes())
            .arg(announcement.to_string())
            .invoke_async::<()>(&mut self.connection.clone())
            .await
            .map_err(|error| error.to_string())
    }

    /// Says that everything committed so far has been published; holds for 3 s.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn set_watermark(&self) -> Result<(), String> {
        ::redis::cmd("SET")
            .arg(self.keys.watermark())
            .arg(1)
            .arg("PX")
            .arg(WATERMARK_MS)
            .query_async::<()>(&mut self.connection.clone())
            .await
            .map_err(|error| error.to_string())
    }

    /// The identity of the server that answers: another one may have lost what the last one knew.
    ///
    /// # Errors
    /// What went wrong, for the log.
    pub async fn run_id(&self) -> Result<String, String> {
        let info: String = ::redis::cmd("INFO")
            .arg("server")
            .query_async(&mut self.connection.clone())
            .await
            .map_err(|error| error.to_string())?;
        let line = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        line.map(|id| id.trim().to_owned()).ok_or_else(|| "INFO server has no run_id".to_owned())
    }
}

/// A document and its version, as text; empty where nothing is there.
async fn read(db: &Db, key: &DocumentKey) -> Result<(u64, String), DbErr> {
    match key {
        DocumentKey::Domain(host) => documents::domain(db.write(), host).await.map(|found| text(&found)),
        DocumentKey::Link(slot) => documents::link(db.write(), slot).await.map(|found| text(&found)),
        DocumentKey::Tenant(id) => documents::tenant(db.write(), *id).await.map(|found| text(&found)),
    }
}

/// A document that is too large for the cache is published as absent: the redirector then reads it from SQL.
fn text<T: Serialize + Bounded>(found: &Versioned<T>) -> (u64, String) {
    let text = found.value.as_ref().map(document::encode).transpose();
    (found.version, text.ok().flatten().unwrap_or_default())
}
