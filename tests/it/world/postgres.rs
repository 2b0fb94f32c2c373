//! PostgreSQL: one server for the whole test binary, and one of its own for a test that stops it. Every test has a
//! database of its own, copied from one that was migrated once. The product logs in as the databases' owner, who is no
//! superuser, so that row level security holds for all that it does; tests look at the rows as the superuser.

use super::{
    process::{self, Process, Signal},
    wait,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// What every database is copied from.
const TEMPLATE: &str = "migrated";
/// Who may look at everything.
pub(crate) const SUPERUSER: &str = "postgres";
/// Who owns the databases.
const OWNER: &str = "stopover";
const PACKAGE: &str = "postgresql";

/// A server.
pub(crate) struct Postgres {
    port: u16,
    databases: AtomicU32,
    folder: PathBuf,
    own: Option<(TempDir, Option<Process>)>,
}

impl Postgres {
    /// The server that all tests share.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED
            .get_or_init(async || {
                let folder = new_folder().keep();
                let server = Self { port: process::free_port(), databases: AtomicU32::new(0), folder, own: None };
                initialise(&server.folder);
                process::share(&server.command(), &server.folder, &server.folder.join("log"));
                server.prepare().await;
                server
            })
            .await
    }

    /// A server that a test may stop.
    pub(crate) async fn own() -> Self {
        let folder = new_folder();
        initialise(folder.path());
        let mut server = Self {
            port: process::free_port(),
            databases: AtomicU32::new(0),
            folder: folder.path().to_owned(),
            own: Some((folder, None)),
        };
        server.start().await;
        server.prepare().await;
        server
    }

    /// Makes a database with our schema, and gives its address.
    pub(crate) async fn database(&self) -> String {
        self.make(&format!(" TEMPLATE {TEMPLATE}")).await
    }

    /// Makes a database with nothing in it.
    pub(crate) async fn empty_database(&self) -> String {
        self.make("").await
    }

    /// The address of the first database that was made.
    pub(crate) fn first_database(&self) -> String {
        self.url(OWNER, "test_0")
    }

    async fn make(&self, template: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let admin = Database::connect(self.url(SUPERUSER, "postgres")).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name} OWNER {OWNER}{template}")).await.unwrap();
        admin.close().await.unwrap();
        self.url(OWNER, &name)
    }

    /// Starts an own server.
    pub(crate) async fn start(&mut self) {
        let command = self.command();
        let log = self.folder.join("log");
        let (_, running) = self.own.as_mut().expect("a shared server is never started again");
        *running = Some(Process::start(&command, &log));
        self.answers().await;
    }

    /// Stops an own server at once, as an outage does: connections break, nothing is written any more.
    pub(crate) async fn stop(&mut self) {
        let (_, running) = self.own.as_mut().expect("a shared server is never stopped");
        if let Some(mut running) = running.take() {
            running.signal(Signal::Interrupt);
            running.end(wait::PATIENCE).await;
        }
    }

    fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    fn command(&self) -> Command {
        let mut command = as_postgres(&program("postgres"));
        command.arg("-D").arg(self.folder.join("data")).args(["-p", &self.port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=400",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "shared_buffers=64MB",
            "max_wal_size=256MB",
        ] {
            command.args(["-c", setting]);
        }
        command
    }

    async fn answers(&self) -> DatabaseConnection {
        let url = self.url(SUPERUSER, "postgres");
        wait::until("PostgreSQL answers", wait::PATIENCE, async || Database::connect(&url).await.ok()).await
    }

    async fn prepare(&self) {
        let admin = self.answers().await;
        admin.execute_unprepared(&format!("CREATE ROLE {OWNER} LOGIN CREATEROLE")).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {TEMPLATE} OWNER {OWNER}")).await.unwrap();
        admin.close().await.unwrap();
        let template = Database::connect(self.url(OWNER, TEMPLATE)).await.unwrap();
        migration::up(&template).await.unwrap();
        template.close().await.unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // killed, it would leave its children behind
        if let Some((_, Some(running))) = &mut self.own {
            running.signal(Signal::Interrupt);
            running.end_now(std::time::Duration::from_secs(5));
        }
    }
}

/// The address of a database of ours for who may look at everything.
pub(crate) fn as_superuser(url: &str) -> String {
    url.replacen(&format!("//{OWNER}@"), &format!("//{SUPERUSER}@"), 1)
}

fn new_folder() -> TempDir {
    tempfile::Builder::new().prefix("stopover-postgres-").tempdir().unwrap()
}

/// One of PostgreSQL's programs.
pub(crate) fn program(name: &str) -> PathBuf {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|folders| folders.flatten().map(|folder| folder.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    versions.reverse();
    process::find(name, &versions, PACKAGE)
}

/// PostgreSQL refuses to run as root: there it runs as the user that its Debian package makes.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig", "KILL"]).arg(program);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn initialise(folder: &Path) {
    if is_root() {
        let owned = Command::new("chown").arg("postgres:postgres").arg(folder).status().unwrap();
        assert!(owned.success(), "the user postgres is missing: install the Debian package {PACKAGE}");
    }
    let mut command = as_postgres(&program("initdb"));
    command.arg("-D").arg(folder.join("data"));
    command.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
    let output = command.current_dir(folder).output().unwrap();
    assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
}
