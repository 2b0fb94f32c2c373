//! Redis: one server for the whole test binary, where each test has a prefix of its own, and one of its own for a test
//! that stops or flushes it.

use super::{
    process::{self, Process, Signal},
    wait,
};
use redis::AsyncCommands;
use std::{path::PathBuf, process::Command};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// A server.
pub(crate) struct Redis {
    port: u16,
    folder: PathBuf,
    own: Option<(TempDir, Option<Process>)>,
}

impl Redis {
    /// The server that all tests share.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Redis> = OnceCell::const_new();
        SHARED
            .get_or_init(async || {
                let folder = new_folder().keep();
                let server = Self { port: process::free_port(), folder, own: None };
                process::share(&server.command(), &server.folder, &server.folder.join("log"));
                server.answers().await;
                server
            })
            .await
    }

    /// A server that a test may stop.
    pub(crate) async fn own() -> Self {
        let folder = new_folder();
        let path = folder.path().to_owned();
        let mut server = Self { port: process::free_port(), folder: path, own: Some((folder, None)) };
        server.start().await;
        server
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts an own server on what it had written.
    pub(crate) async fn start(&mut self) {
        let (command, log) = (self.command(), self.folder.join("log"));
        let (_, running) = self.own.as_mut().expect("a shared server is never started again");
        *running = Some(Process::start(&command, &log));
        self.answers().await;
    }

    /// Kills an own server: what it had not written yet is lost.
    pub(crate) async fn kill(&mut self) {
        let (_, running) = self.own.as_mut().expect("a shared server is never killed");
        if let Some(mut running) = running.take() {
            running.signal(Signal::Kill);
            running.end(wait::PATIENCE).await;
        }
    }

    /// Forgets everything, on disk as well.
    pub(crate) fn forget(&self) {
        assert!(self.own.as_ref().is_some_and(|(_, running)| running.is_none()), "kill it first");
        drop(std::fs::remove_dir_all(self.folder.join("appendonlydir")));
    }

    /// A connection, for looking at what is there.
    pub(crate) async fn connection(&self) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(process::find("redis-server", &[], "redis-server"));
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--dir"]).arg(&self.folder);
        command.args(["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no"]);
        command
    }

    async fn answers(&self) {
        let client = redis::Client::open(self.url()).unwrap();
        wait::until("Redis answers", wait::PATIENCE, async || {
            let mut connection = client.get_multiplexed_async_connection().await.ok()?;
            connection.ping::<String>().await.ok()
        })
        .await;
    }
}

fn new_folder() -> TempDir {
    tempfile::Builder::new().prefix("stopover-redis-").tempdir().unwrap()
}
