//! Connections to SQL. Reads and writes have a pool each: SQLite has one writer at a time, and a pool of one makes the
//! others wait in order instead of failing; on PostgreSQL both are the same pool.

use sea_orm::{
    ConnectOptions, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long an operation waits for a connection: less than a document may run, so that the log has the cause.
const ACQUIRE: Duration = Duration::from_secs(4);
/// How long SQLite waits for another process's lock.
const BUSY: Duration = Duration::from_secs(4);

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    statements: Arc<AtomicU64>,
}

impl Db {
    /// Connects to `postgres://…` or `sqlite://file`; a SQLite file is made when it is missing.
    ///
    /// # Errors
    /// Of the database.
    pub async fn connect(url: &SecretString, connections: u32) -> Result<Self, DbErr> {
        let url = url.expose_secret();
        if url.starts_with("sqlite:") {
            let write = Database::connect(sqlite(url, 1)).await?;
            let read = Database::connect(sqlite(url, connections)).await?;
            return Ok(Self::counting(read, write));
        }
        let mut options = ConnectOptions::new(url);
        options.max_connections(connections).acquire_timeout(ACQUIRE).sqlx_logging(false);
        let pool = Database::connect(options).await?;
        Ok(Self::counting(pool.clone(), pool))
    }

    fn counting(mut read: DatabaseConnection, mut write: DatabaseConnection) -> Self {
        let statements = Arc::new(AtomicU64::new(0));
        for connection in [&mut read, &mut write] {
            let statements = statements.clone();
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
            });
        }
        Self { read, write, statements }
    }

    /// Statements that were run so far, the beginnings and ends of transactions apart.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// For reading outside a transaction.
    #[must_use]
    pub const fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For single writing statements; several that belong together go into [`Db::begin`].
    #[must_use]
    pub const fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once, so that it cannot fail half way.
    ///
    /// # Errors
    /// Of the database.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let mode = self.is_sqlite().then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        self.write.begin_with_options(options).await
    }

    /// Whether this is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.write.get_database_backend() == DatabaseBackend::Sqlite
    }
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|options| {
            options
                .create_if_missing(true)
                .busy_timeout(BUSY)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("foreign_keys", "ON")
        });
    options
}
