//! A connection that knows for whom it acts. It says so to PostgreSQL whenever the pool hands one out, which happens in
//! the task that asked for it. On SQLite, which keeps nobody out, it tells the log what is asked in a caller's name.

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
pub(super) const SERVER: &str = "SET stopover.everywhere = 'yes'";
/// What connections of callers begin with. The role itself sees no more by it; the function that looks up memberships,
/// which runs as the owner, does.
pub(super) const CALLERS: &str = "SET stopover.everywhere = 'yes'; SET ROLE stopover_tenant";

type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'a>>;

tokio::task_local! {
    /// For whom the statement at hand is run: a user, `user/key`, or empty for nobody.
    static ACTING: Arc<str>;
}

/// Brings a new connection into use.
pub(super) fn settle<'a>(connection: &'a mut PgConnection, settings: &'static str) -> Asked<'a, ()> {
    let acting = acting();
    Box::pin(async move {
        connection.execute(settings).await?;
        tell(connection, &acting).await
    })
}

/// Tells a connection that was used before for whom it acts now.
pub(super) fn announce(connection: &mut PgConnection) -> Asked<'_, bool> {
    let acting = acting();
    Box::pin(async move { tell(connection, &acting).await.map(|()| true) })
}

/// Whoever does not say for whom acts for nobody.
fn acting() -> Arc<str> {
    ACTING.try_with(Arc::clone).unwrap_or_default()
}

async fn tell(connection: &mut PgConnection, acting: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('stopover.caller', $1, false)").bind(acting).execute(connection).await.map(drop)
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

    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        self.acting(self.pool.begin_with_options(options)).await
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
