//! Connections to SQL. Reads and writes have a pool each: SQLite has one writer at a time, and a pool of one makes the
//! others wait in order instead of failing; on PostgreSQL both are the same pool. What a caller asks for runs in pools
//! of its own there, under a role that owns nothing, and tells with each use for whom it acts: row level security shows
//! it no other tenants' rows, whatever a statement forgets to say.

mod connection;

use connection::Acting;
pub use connection::Connection;

use crate::scope::Caller;
use connection::{act, open};
use futures_util::TryFutureExt;
use sea_orm::{
    ConnectOptions, Database, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions,
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
/// Most connections that read a SQLite file: each has a thread and a cache of its own, and the cores are shared by all.
const READERS: u32 = 8;
/// Where the log has what is run in a caller's name.
const CALLERS_STATEMENTS: &str = "statements";
/// How long SQLite waits for another process's lock.
const BUSY: Duration = Duration::from_secs(4);

/// The database, as the server's own loops see it or as one caller does.
#[derive(Debug, Clone)]
pub struct Db {
    read: Connection,
    write: Connection,
    pools: Arc<Pools>,
}

/// Pools, of the server and of callers.
#[derive(Debug)]
struct Pools {
    server: Pair,
    callers: Pair,
    statements: Arc<AtomicU64>,
}

/// A pool to read from and one to write to.
#[derive(Debug, Clone)]
struct Pair {
    read: DatabaseConnection,
    write: DatabaseConnection,
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
            let read = Database::connect(sqlite(url, connections.min(READERS))).await?;
            let pair = Pair { read, write };
            return Ok(Self::counting(pair.clone(), pair));
        }
        let mut server = postgres(url, connections);
        server.map_sqlx_postgres_pool_opts(|pool| pool.after_connect(|connection, _| open(connection)));
        let server = Database::connect(server).await?;
        let mut callers = postgres(url, connections);
        callers
            // the role may not be there before the first migration
            .connect_lazy(true)
            // to act finds a dead connection as well as a ping does
            .test_before_acquire(false)
            .map_sqlx_postgres_pool_opts(|pool| pool.after_connect(|connection, _| act(connection)))
            .map_sqlx_postgres_before_acquire(|connection, _| Box::pin(act(connection).map_ok(|()| true)));
        let callers = Database::connect(callers).await?;
        let pair = |pool: DatabaseConnection| Pair { read: pool.clone(), write: pool };
        Ok(Self::counting(pair(server), pair(callers)))
    }

    fn counting(mut server: Pair, mut callers: Pair) -> Self {
        let statements = Arc::new(AtomicU64::new(0));
        for connection in [&mut server.read, &mut server.write] {
            let statements = statements.clone();
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
            });
        }
        for connection in [&mut callers.read, &mut callers.write] {
            let statements = statements.clone();
            connection.set_metric_callback(move |run| {
                statements.fetch_add(1, Ordering::Relaxed);
                // without its values
                tracing::trace!(target: CALLERS_STATEMENTS, "{}", run.statement.sql);
            });
        }
        Self::over(Arc::new(Pools { server, callers, statements }), None)
    }

    fn over(pools: Arc<Pools>, caller: Option<&Arc<Acting>>) -> Self {
        let Pair { read, write } = if caller.is_some() { &pools.callers } else { &pools.server };
        let connection = |pool: &DatabaseConnection| Connection::new(pool.clone(), caller.cloned());
        Self { read: connection(read), write: connection(write), pools }
    }

    /// The same database for what a caller asks for; nobody sees no tenant at all.
    #[must_use]
    pub fn acting_for(&self, caller: Option<Caller>) -> Self {
        let acting = Acting::default();
        if let Some(caller) = caller {
            acting.become_caller(caller);
        }
        Self::over(self.pools.clone(), Some(&Arc::new(acting)))
    }

    /// Acts for who has just proved who they are, from now on and in all that was handed out; nothing where this is the
    /// server's own.
    pub fn act_for(&self, caller: Caller) {
        self.read.act_for(caller);
    }

    /// The same database as the server's own loops see it, for what has to look beyond the caller's tenants.
    #[must_use]
    pub fn everywhere(&self) -> Self {
        Self::over(self.pools.clone(), None)
    }

    /// Statements that were run so far, the beginnings and ends of transactions apart, and on PostgreSQL the word on who
    /// acts, which takes the place of the pool's ping.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.pools.statements.load(Ordering::Relaxed)
    }

    /// For reading outside a transaction.
    #[must_use]
    pub const fn read(&self) -> &Connection {
        &self.read
    }

    /// For single writing statements; several that belong together go into [`Db::begin`].
    #[must_use]
    pub const fn write(&self) -> &Connection {
        &self.write
    }

    /// The server's pool, for changes of the schema.
    #[must_use]
    pub fn pool(&self) -> &DatabaseConnection {
        &self.pools.server.write
    }

    /// Begins a transaction that writes. On SQLite it takes the write lock at once, so that it cannot fail half way.
    ///
    /// # Errors
    /// Of the database.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let mode = self.is_sqlite().then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
        self.write.begin(options).await
    }

    /// Whether this is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.pool().get_database_backend() == DatabaseBackend::Sqlite
    }
}

fn postgres(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(ACQUIRE).sqlx_logging(false);
    options
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
