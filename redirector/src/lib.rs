//! The redirector: a visit in, a page out, a click recorded. A library, so that the embedded default can run it beside
//! the API in one process; there it is handed the API's announcements and an ingest instead of Redis.
//! This file is the shell: [`start`] opens everything, [`Redirector::run`] serves until it is stopped, and drains.

pub mod cache;
pub mod config;
pub mod daily_keys;
pub mod health;
pub mod http;
pub mod listener;
pub mod lookup;
pub mod memory;
pub mod page;
pub mod recorder;
pub mod runtime;
pub mod source;
pub mod telemetry;
pub mod visit;
pub mod visitor;

use cache::Cache;
use config::Config;
use contract::{clock::Clock, document::Announcement, keys::Keys};
use daily_keys::DailyKeys;
use health::Counters;
use listener::Listener;
use lookup::Lookup;
use page::Pages;
use poem::Server;
use recorder::{Destination, LocalFrame, LogSettings, Recorder, Recording};
use secrecy::ExposeSecret;
use source::Source;
use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use visitor::Geo;

/// Longest wait for requests in progress when the redirector stops.
const DRAIN: Duration = Duration::from_secs(4);
/// Longest wait for clicks to be shipped when the redirector stops.
const SHIP: Duration = Duration::from_secs(2);
/// Longest wait for today's key at the start.
const FIRST_KEY: Duration = Duration::from_millis(2_500);
/// Longest wait for background tasks to end.
const END: Duration = Duration::from_secs(1);

/// What stands in for Redis in the embedded default.
pub struct LocalSide {
    /// Takes the clicks.
    pub frames: mpsc::Sender<LocalFrame>,
    /// Tells of changes, after their commit.
    pub announcements: broadcast::Receiver<Announcement>,
}

/// Why a redirector did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port cannot be bound.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// As it was set.
        address: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The database's address cannot be used.
    #[error(transparent)]
    Source(#[from] source::SourceError),
    /// Redis' address cannot be used.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// Neither Redis nor something in its place was given.
    #[error("there is neither Redis nor an ingest in this process")]
    NowhereToShip,
    /// The click log cannot be opened.
    #[error("the click log cannot be opened: {0}")]
    Log(#[source] io::Error),
    /// The file of countries and cities cannot be read.
    #[error("the GeoIP database cannot be read: {0}")]
    Geo(#[from] visitor::GeoError),
    /// A template of a page is broken.
    #[error(transparent)]
    Pages(#[from] page::TemplateError),
}

/// Why a redirector stopped without being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server ended.
    #[error("the server ended: {0}")]
    Server(#[from] io::Error),
    /// A background task ended.
    #[error("a background task ended: {0}")]
    Task(String),
}

/// A redirector that listens, but does not answer yet.
pub struct Redirector {
    listener: Listener,
    server: Arc<http::Server>,
    counters: Arc<Counters>,
    recording: Recording,
    tasks: JoinSet<&'static str>,
}

/// Opens everything and binds the port. `local` stands in for Redis.
///
/// # Errors
/// [`StartError`]. A database or Redis that is away is none: what is cached is served, and clicks are kept.
pub async fn start(config: Config, clock: Clock, local: Option<LocalSide>) -> Result<Redirector, StartError> {
    let listener = Listener::bind(&config.listen)
        .await
        .map_err(|cause| StartError::Listen { address: config.listen.clone(), cause })?;
    let counters = Arc::new(Counters::default());
    let pages = Arc::new(Pages::new()?);
    let geo = config.geoip_database.as_deref().map_or_else(|| Ok(Geo::none()), Geo::open)?;
    let source = Source::open(&config.database_url).await?;
    let keys = Keys::new(config.redis_prefix.clone());

    let (cache, destination, announcements) = match local {
        Some(local) => (None, Destination::Local(local.frames), Some(local.announcements)),
        None => {
            let url = config.redis_url.as_ref().ok_or(StartError::NowhereToShip)?;
            let client = redis::Client::open(url.expose_secret())?;
            let cache = Cache::new(client.clone(), keys.clone(), counters.clone())?;
            (Some(Arc::new(cache)), Destination::Redis { client, keys }, None)
        }
    };
    let lookup = Lookup::new(source.clone(), cache.clone(), pages.clone(), config.reach, counters.clone());
    let lookup = Arc::new(lookup);

    let daily_keys = Arc::new(DailyKeys::new(clock.clone()));
    // a moment's patience: otherwise the first visitors are hashed under a key of this process alone
    drop(timeout(FIRST_KEY, daily_keys.load(&source)).await);

    let log = LogSettings { data_dir: config.data_dir, cap: config.click_log_cap };
    let (recorder, recording) = Recorder::open(&log, destination, counters.clone()).map_err(StartError::Log)?;
    let tasks = spawn_tasks(&lookup, cache, announcements, daily_keys.clone(), source, recorder.clone());
    let server = Arc::new(http::Server {
        lookup,
        recorder,
        keys: daily_keys,
        clock,
        geo,
        trusted_proxies: config.trusted_proxies,
        reach: config.reach,
        pages,
        agents: visitor::Agents::new(),
        spent: http::receipt::Spent::new(),
        ids: visit::click::Ids::default(),
        counters: counters.clone(),
    });
    Ok(Redirector { listener, server, counters, recording, tasks })
}

/// The background loops; each gives its name when it ends, which none should.
fn spawn_tasks(
    lookup: &Arc<Lookup>,
    cache: Option<Arc<Cache>>,
    announcements: Option<broadcast::Receiver<Announcement>>,
    daily_keys: Arc<DailyKeys>,
    source: Source,
    recorder: Recorder,
) -> JoinSet<&'static str> {
    let mut tasks = JoinSet::new();
    if let Some(cache) = cache {
        let (listening, lookup) = (cache.clone(), lookup.clone());
        tasks.spawn(async move {
            listening.listen(|heard| lookup.hear(heard)).await;
            "subscription"
        });
        tasks.spawn(async move {
            cache.watch_watermark().await;
            "watermark"
        });
    }
    if let Some(announcements) = announcements {
        let lookup = lookup.clone();
        tasks.spawn(async move {
            lookup.hear_local(announcements).await;
            "announcements of this process"
        });
    }
    tasks.spawn(async move {
        daily_keys.keep_loaded(&source).await;
        "daily keys"
    });
    let conducted = recorder.clone();
    tasks.spawn(async move {
        conducted.conduct().await;
        "recorder"
    });
    tasks.spawn(async move {
        recorder.look_after_visits().await;
        "those who look after visits"
    });
    tasks
}

/// Ends the background loops. One that is stuck in a write, on a disk that has stalled, is left behind.
async fn end(mut tasks: JoinSet<&'static str>) {
    tasks.abort_all();
    let ended = async { while tasks.join_next().await.is_some() {} };
    if timeout(END, ended).await.is_err() {
        tracing::warn!("a background task does not end");
    }
}

impl Redirector {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// What it counts about itself.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Answers visits until `stop` resolves; then finishes the requests in progress and brings the clicks to safety.
    ///
    /// # Errors
    /// [`RunError`] when a part of it ended by itself; the rest was drained all the same.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let endpoint = http::endpoint(self.server);
        let (drain, draining) = oneshot::channel::<()>();
        let serve = Server::new_with_acceptor(self.listener).run_with_graceful_shutdown(
            endpoint,
            async move { drop(draining.await) },
            Some(DRAIN),
        );
        tokio::pin!(serve);
        let mut serving = true;
        let outcome = tokio::select! {
            () = stop => Ok(()),
            served = &mut serve => {
                serving = false;
                Err(served.map_or_else(RunError::Server, |()| RunError::Task("server".to_owned())))
            }
            Some(task) = self.tasks.join_next() => {
                Err(RunError::Task(task.map_or_else(|error| error.to_string(), str::to_owned)))
            }
            thread = self.recording.ended() => Err(RunError::Task(thread.to_owned())),
        };
        drop(drain);
        let drained = if serving { serve.await } else { Ok(()) };
        self.recording.close(SHIP).await;
        end(self.tasks).await;
        outcome.and(drained.map_err(RunError::Server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_is_stuck_does_not_keep_the_rest_from_ending() {
        let (stuck, freed) = std::sync::mpsc::channel::<()>();
        let mut tasks = JoinSet::new();
        tasks.spawn(async {
            std::future::pending::<()>().await;
            "waits"
        });
        tasks.spawn(async move {
            let _ = freed.recv();
            "stuck"
        });
        timeout(5 * END, end(tasks)).await.unwrap();
        drop(stuck);
    }
}
