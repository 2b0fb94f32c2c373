//! The commands `serve` and `work`, and `rotate-keys`: puts the parts together out of the settings, runs them until the process is told to
//! stop, and lets them finish. A part that ends on its own ends the process, so that somebody notices.

use crate::{
    app::App,
    auth,
    clicks::{ingest::Ingest, stream::StreamIngest},
    config::Config,
    db::Db,
    domains::{self, Rechecks},
    http,
    invalidation::{Publisher, redis::RedisPublisher, relay::Relay},
    worker::Worker,
};
use contract::{clock::Clock, keys::Keys};
use secrecy::ExposeSecret;
use std::io;
use tokio::{net::TcpListener, signal::unix, sync::watch};

/// Answers requests and runs the background loops.
///
/// # Errors
/// What cannot be opened, or which part ended on its own.
pub async fn serve(config: &Config, db: Db) -> Result<(), String> {
    let (app, loops) = parts(config, db)?;
    let stop = signals().map_err(|error| format!("cannot listen for signals: {error}"))?;
    domains::ensure_default(&app).await.map_err(|error| error.to_string())?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let door = http::serve(app, config.introspection, listener, stopped(stop.clone()));
    let door = async { door.await.map_err(|error| format!("the listener failed: {error}")) };
    tokio::try_join!(door, loops.run(stopped(stop))).map(drop)
}

/// Runs the background loops only.
///
/// # Errors
/// As [`serve`].
pub async fn work(config: &Config, db: Db) -> Result<(), String> {
    let (_, loops) = parts(config, db)?;
    let stop = signals().map_err(|error| format!("cannot listen for signals: {error}"))?;
    loops.run(stopped(stop)).await
}

/// Makes a new key for access tokens and gives its id.
///
/// # Errors
/// Of the database.
pub async fn rotate_keys(config: &Config, db: &Db) -> Result<String, String> {
    let made = auth::rotate(db, Clock::system().now(), config.key_rotation).await;
    made.map(|kid| kid.as_simple().to_string()).map_err(|error| error.to_string())
}

fn parts(config: &Config, db: Db) -> Result<(App, Worker), String> {
    let redis = config.redis_url.as_ref().map_or("", |url| url.expose_secret());
    let keys = Keys::new(config.redis_prefix.clone());
    let publisher = Publisher::Redis(RedisPublisher::new(redis, keys.clone())?);
    let app = App::new(config, db, Clock::system(), publisher);
    let relay = Relay::new(app.db.clone(), app.clock.clone(), app.publisher.clone());
    let ingest = StreamIngest::new(Ingest::new(app.db.clone(), app.clock.clone()), redis, keys)?;
    let rechecks = Rechecks::new(app.clone());
    Ok((app, Worker { relay, rechecks, ingest: Some(ingest) }))
}

/// Turns true when the process is told to stop.
fn signals() -> io::Result<watch::Receiver<bool>> {
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        sender.send_replace(true);
    });
    Ok(receiver)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // a sender that is gone means the same
    drop(stop.wait_for(|stopped| *stopped).await);
}
