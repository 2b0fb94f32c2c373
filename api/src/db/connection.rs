//! A connection that knows for whom it acts. It says so to PostgreSQL whenever the pool hands one out, together with the role
//! that it acts in, which happens in the task that asked for it. On SQLite, which keeps nobody out, it
//! tells the log what is asked in a caller's name.

use crate::scope::{Caller, Credential};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, QueryResult,
    Statement, TransactionOptions, TransactionTrait,
    sqlx::{self, Executor, postgres::PgConnection},
};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

/// What connections of the server's own loops begin with: they see every tenant.
const SERVER: &str = "SET stopover.everywhere = 'yes'";
/// What a connection of callers says at each use: whatever was said on it before counts no more.
const ACTING_AS: &str = "SELECT set_config('role', stopover_role(), false), \
    set_config('stopover.everywhere', '', false), set_config('stopover.caller', $1, false)";

type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>>;

tokio::task_local! {
    /// For whom the statement at hand is run: a user, `user/key`, or empty for nobody.
    static ACTING: Arc<str>;
}

/// Brings a new connection of the server's own loops into use.
pub(super) fn open(connection: &mut PgConnection) -> Asked<'_, ()> {
    Box::pin(async move { connection.execute(SERVER).await.map(drop) })
}

/// Lets a connection of callers act for who asks now, new or used before; whoever does not say for whom acts for nobody.
pub(super) fn act(connection: &mut PgConnection) -> Asked<'_, ()> {
    let acting = ACTING.try_with(Arc::clone).unwrap_or_default();
    Box::pin(async move { sqlx::query(ACTING_AS).bind(&*acting).execute(connection).await.map(drop) })
}

/// For whom a request acts: who asks, or who has proved to be somebody in it.
#[derive(Debug, Default)]
pub(super) struct Acting(Mutex<Arc<str>>);

impl Acting {
    pub(super) fn become_caller(&self, caller: Caller) {
        let told = match caller.credential {
            Credential::Session(_) => caller.user_id.to_string(),
            Credential::Key { id, .. } => format!("{}/{id}", caller.user_id),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = told.into();
    }

    fn told(&self) -> Arc<str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A pool, and for whom what is asked of it is; for nobody but the server where that is `None`.
#[derive(Debug, Clone)]
pub struct Connection {
    pool: DatabaseConnection,
    caller: Option<Arc<Acting>>,
}

impl Connection {
    pub(super) const fn new(pool: DatabaseConnection, caller: Option<Arc<Acting>>) -> Self {
        Self { pool, caller }
    }

    pub(super) fn act_for(&self, caller: Caller) {
        if let Some(acting) = &self.caller {
            acting.become_caller(caller);
        }
    }

    async fn acting<T>(&self, asked: impl Future<Output = T>) -> T {
        match &self.caller {
            Some(caller) => ACTING.scope(caller.told(), asked).await,
            None => asked.await,
        }
    }

    /// Begins in a task of its own, which comes to its end also where nobody waits for it any more: a beginning that is
    /// left half way is undone by nobody, and the connection's next user would find themselves in the transaction.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let own = self.clone();
        let begun = tokio::spawn(async move { own.acting(own.pool.begin_with_options(options)).await });
        begun.await.map_err(|error| DbErr::Custom(format!("a transaction was not begun: {error}")))?
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// Of the database.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.acting(self.pool.ping()).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connection {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.acting(self.pool.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.acting(self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.acting(self.pool.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.acting(self.pool.query_all_raw(statement)).await
    }
}
