//! The database, as far as visits need it: documents and their versions when no cache can tell, and the daily keys. The
//! only file that knows SQL; reads go to the primary. Every question has a time-out, so that a database that hangs is a
//! database that is away.

use contract::{
    address::Host,
    document::{DocumentKey, DomainDocument, LinkDocument, SlotKey, TenantDocument, Versioned},
};
use entities::{documents, visitor_key};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, sqlx::Executor};
use secrecy::{ExposeSecret, SecretString};
use std::{future::Future, time::Duration};
use tokio::time::timeout;
use uuid::Uuid;

/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Longest wait for SQLite's lock.
const BUSY: Duration = Duration::from_secs(5);
/// Connections to SQLite, and to PostgreSQL.
const CONNECTIONS: (u32, u32) = (4, 10);

/// The database gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It did not answer in time.
    #[error("the database did not answer in {} s", ANSWER.as_secs())]
    Late,
    /// It answered with an error, or holds what cannot be read.
    #[error("the database: {0}")]
    Database(#[from] DbErr),
}

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    db: DatabaseConnection,
}

impl Source {
    /// Prepares the pool. A PostgreSQL that is away is no error: it is tried again with every question.
    ///
    /// # Errors
    /// The address cannot be used, or the SQLite file cannot be opened.
    pub async fn open(url: &SecretString) -> Result<Self, SourceError> {
        let url = url.expose_secret();
        let is_sqlite = url.starts_with("sqlite:");
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(if is_sqlite { CONNECTIONS.0 } else { CONNECTIONS.1 })
            .acquire_timeout(ANSWER)
            .connect_lazy(true)
            .sqlx_logging(false);
        if is_sqlite {
            // a reader never waits for the ingest: the file is in write-ahead mode
            options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(BUSY));
        } else {
            options.test_before_acquire_if_idle_for(Duration::from_secs(10)).statement_timeout(ANSWER);
            // visits are of every tenant: row level security shows their rows to who says so
            options.map_sqlx_postgres_pool_opts(|pool| {
                pool.after_connect(|connection, _| {
                    Box::pin(async move { connection.execute("SET stopover.everywhere = 'yes'").await.map(drop) })
                })
            });
        }
        Ok(Self { db: Database::connect(options).await? })
    }

    async fn ask<T>(&self, question: impl Future<Output = Result<T, DbErr>>) -> Result<T, SourceError> {
        match timeout(ANSWER, question).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(SourceError::Late),
        }
    }

    /// Reads a domain.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn domain(&self, host: &Host) -> Result<Versioned<DomainDocument>, SourceError> {
        self.ask(documents::domain(&self.db, host)).await
    }

    /// Reads a link.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn link(&self, slot: &SlotKey) -> Result<Versioned<LinkDocument>, SourceError> {
        self.ask(documents::link(&self.db, slot)).await
    }

    /// Reads a tenant.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn tenant(&self, tenant_id: Uuid) -> Result<Versioned<TenantDocument>, SourceError> {
        self.ask(documents::tenant(&self.db, tenant_id)).await
    }

    /// Reads the version of a document.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn version(&self, key: &DocumentKey) -> Result<u64, SourceError> {
        self.ask(documents::version(&self.db, key)).await
    }

    /// Reads the key of a day, where there is one.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn daily_key(&self, day: i32) -> Result<Option<[u8; 32]>, SourceError> {
        self.ask(visitor_key::load(&self.db, day)).await
    }

    /// Offers a key for a day and gives the one that counts: the first that anybody offered.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn offer_daily_key(&self, day: i32, key: [u8; 32]) -> Result<[u8; 32], SourceError> {
        self.ask(visitor_key::insert_if_absent(&self.db, day, key)).await
    }

    /// Forgets the keys of earlier days.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn forget_daily_keys_before(&self, day: i32) -> Result<(), SourceError> {
        self.ask(visitor_key::delete_before(&self.db, day)).await
    }
}
