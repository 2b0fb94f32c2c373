//! Puts API and redirector together in one process. The middle is left out, not imitated: changes are announced over a
//! channel, clicks go from the local log to the ingest over another.

use api::{
    app::App, clicks::ingest::Ingest, db::Db, domains::Rechecks, invalidation::Publisher, invalidation::relay::Relay,
    webhooks::work::Work, worker::Worker,
};
use contract::{clock::Clock, document::Announcement, settings::Settings};
use redirector::{LocalSide, Redirector, recorder::LocalFrame};
use std::{
    fs,
    future::Future,
    io::{ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use tokio::{
    net::TcpListener,
    sync::{broadcast, mpsc, watch},
    task::JoinSet,
};

/// Announcements that a slow listener may fall behind.
const ANNOUNCEMENTS: usize = 1_024;
/// Frames of clicks on their way to the ingest.
const FRAMES: usize = 4;

/// The running parts, before they serve.
pub(crate) struct Embedded {
    /// The API's parts, for the demo.
    pub(crate) app: App,
    /// Where the API listens.
    pub(crate) api: SocketAddr,
    data_dir: PathBuf,
    config: api::config::Config,
    listener: TcpListener,
    redirector: Redirector,
    frames: mpsc::Receiver<LocalFrame>,
}

impl Embedded {
    /// Reads the settings, migrates, opens and binds everything.
    ///
    /// # Errors
    /// A text for the person who started it.
    pub(crate) async fn start(variables: Vec<(String, String)>) -> Result<Self, String> {
        let mut settings = Settings::new(variables);
        let data_dir = PathBuf::from(settings.text("DATA_DIR").unwrap_or("stopover-data"));
        // it holds hashes and keys: for its owner only
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&data_dir);
        made.map_err(|error| format!("cannot make {}: {error}", data_dir.display()))?;
        refuse_one_box(&mut settings);
        settings.set_default("DATABASE_URL", format!("sqlite://{}?mode=rwc", data_dir.join("stopover.db").display()));
        settings.set_default("JWT_SECRET", kept_secret(&data_dir.join("jwt-secret"))?);
        let config = api::config::Config::from_settings(&mut settings, true);
        let redirecting = redirector::config::Config::from_settings(&mut settings, true);
        settings.finish().map_err(|bad| bad.to_string())?;
        api::telemetry::start(&config.log);

        let fault = |error: &dyn std::fmt::Display| format!("cannot open the database: {error}");
        let db = Db::connect(&config.database_url, config.database_connections).await.map_err(|e| fault(&e))?;
        migration::up(db.pool()).await.map_err(|error| fault(&error))?;
        let (announce, announcements) = broadcast::channel::<Announcement>(ANNOUNCEMENTS);
        let app = App::new(&config, db, Clock::system(), Publisher::Local(announce));
        api::domains::ensure_default(&app).await.map_err(|error| error.to_string())?;

        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
        let api = listener.local_addr().map_err(|error| error.to_string())?;
        let (sender, frames) = mpsc::channel(FRAMES);
        let local = LocalSide { frames: sender, announcements };
        let started = redirector::start(redirecting, Clock::system(), Some(local)).await;
        let redirector = started.map_err(|error| error.to_string())?;
        Ok(Self { app, api, data_dir, config, listener, redirector, frames })
    }

    /// What a newcomer reads first.
    pub(crate) fn greeting(&self) -> String {
        let (api, links, data) = (self.api, self.redirector.address(), self.data_dir.display());
        format!(
            "Stopover is running.

  GraphQL API   http://{api}/graphql   (open it in a browser for the IDE)
  short links   http://{domain}/       (listening on {links})
  data folder   {data}

Make the first account:

  curl -s http://{api}/graphql -H 'content-type: application/json' -d '{{\"query\":\"mutation {{ signUp(input: {{email: \\\"me@example.com\\\", \
             password: \\\"a long password\\\", tenantName: \\\"My company\\\"}}) {{ session {{ accessToken }} tenant {{ id }} userErrors {{ field message }} }} }}\"}}'

Ctrl+C stops it; every click that was answered is kept.",
            domain = self.config.default_domain,
        )
    }

    /// Serves until `stop`. The redirector ends first and hands its last clicks over; then the ingest and the API end.
    ///
    /// # Errors
    /// A text that names the part that ended on its own.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) -> Result<(), String> {
        let (stopping, stopped) = watch::channel(false);
        let signal = |mut stopped: watch::Receiver<bool>| async move {
            drop(stopped.wait_for(|stopped| *stopped).await);
        };
        let (app, config) = (self.app, self.config);
        let ingest = Ingest::new(app.db.clone(), app.clock.clone()).announcing(app.feed.clone());
        let ingest = tokio::spawn(store(ingest, self.frames));
        let relay = Relay::new(app.db.clone(), app.clock.clone(), app.publisher.clone());
        let worker = Worker {
            relay,
            rechecks: Rechecks::new(app.clone()),
            mails: api::mails::Sender::new(app.clone()),
            webhooks: Work::new(app.clone()),
            ingest: None,
            courier: None,
        };
        let mut parts = JoinSet::new();
        parts.spawn(worker.run(signal(stopped.clone())));
        let api = api::http::serve(app, config.introspection, self.listener, signal(stopped.clone()));
        parts.spawn(async move { api.await.map_err(|error| format!("the API ended: {error}")) });
        let redirector = self.redirector.run(signal(stopped));
        parts.spawn(async move { redirector.await.map_err(|error| format!("the redirector ended: {error}")) });
        tokio::select! {
            () = stop => {}
            ended = parts.join_next() => return Err(ended_early(ended)),
        }
        stopping.send_replace(true);
        while let Some(part) = parts.join_next().await {
            part.map_err(|error| error.to_string())??;
        }
        // the redirector is gone and with it the sender: the ingest has stored what it was handed
        ingest.await.map_err(|error| error.to_string())
    }
}

fn ended_early(ended: Option<Result<Result<(), String>, tokio::task::JoinError>>) -> String {
    match ended {
        Some(Ok(Err(message))) => message,
        other => format!("a part ended on its own: {other:?}"),
    }
}

/// Stores the frames of the click log as they come. A frame that SQL refuses is dropped here: the log still holds it and
/// ships it again.
async fn store(ingest: Ingest, mut frames: mpsc::Receiver<LocalFrame>) {
    while let Some(frame) = frames.recv().await {
        match ingest.store(frame.boot_id, &frame.records).await {
            // a shipper that no longer waits reads its progress again
            Ok(progress) => drop(frame.stored.send(progress)),
            Err(error) => tracing::warn!(%error, "clicks wait in the local log: SQL did not take them"),
        }
    }
}

/// Reads the secret that a first start left in the data folder, or makes it, readable by its owner only.
fn kept_secret(path: &Path) -> Result<String, String> {
    let fault = |error: std::io::Error| format!("cannot keep a secret in {}: {error}", path.display());
    match fs::read_to_string(path) {
        Ok(secret) if secret.trim().len() >= api::config::MIN_SECRET => return Ok(secret.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault(error)),
        _ => {}
    }
    let secret = api::auth::RefreshToken::random().reveal();
    let unfinished = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished).map_err(fault)?;
    file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    fs::rename(&unfinished, path).map_err(fault)?;
    Ok(secret)
}

/// PostgreSQL and Redis belong to the two programs of one box: beside them, this process would mark changes as published
/// that no redirector elsewhere has heard of.
fn refuse_one_box(settings: &mut Settings) {
    if settings.text("DATABASE_URL").is_some_and(|url| !url.starts_with("sqlite:")) {
        settings.reject("DATABASE_URL", "must start with sqlite: here; for PostgreSQL start `api` and `redirector`");
    }
    if settings.text("REDIS_URL").is_some() {
        settings.reject("REDIS_URL", "has no use here; for Redis start `api` and `redirector`");
    }
}

/// Prints a text for the person at the terminal.
pub(crate) fn say(text: &str) {
    // a closed terminal is no reason to stop
    drop(writeln!(std::io::stdout(), "{text}\n"));
}

/// Prints why nothing started.
pub(crate) fn complain(text: &str) {
    drop(writeln!(std::io::stderr(), "stopover: {text}"));
}
