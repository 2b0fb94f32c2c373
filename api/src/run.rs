//! The commands of the program `api`. `serve` and `work` put the parts together out of the settings, run them until the
//! process is told to stop, and let them finish; a part that ends on its own ends the process, so that somebody notices.
//! The others do one thing and end.

use crate::{
    app::App,
    audit::{Report, verify_all},
    auth,
    clicks::{feed, ingest::Ingest, rebuild, stream::StreamIngest},
    config::Config,
    db::Db,
    domains::{self, Rechecks},
    error::Error,
    http,
    invalidation::{Publisher, redis::RedisPublisher, relay::Relay},
    mails,
    webhooks::work::Work,
    worker::Worker,
};
use contract::{clock::Clock, keys::Keys};
use secrecy::ExposeSecret;
use std::{io, process::ExitCode};
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

/// Follows every audit log, and prints a line for each: whose it is, how many rows it has, and the hash of its end or what
/// is wrong with it. `before` is the file of an earlier report, which every log must go on from.
///
/// # Errors
/// How many are broken; a file that cannot be read or is no report; of the database.
pub async fn audit(db: &Db, before: Option<&str>) -> Result<(), String> {
    let before = match before {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
            Report::parse(&text).map_err(|error| format!("{file}: {error}"))?
        }
        None => Report::default(),
    };
    let findings = verify_all(db, &before).await.map_err(|error| error.to_string())?;
    for finding in &findings {
        print(&finding.to_string());
    }
    match findings.iter().filter(|finding| finding.fault.is_some()).count() {
        0 => Ok(()),
        broken => Err(format!("{broken} of {} audit logs are broken", findings.len())),
    }
}

/// Makes the rollups of every day anew from its clicks.
///
/// # Errors
/// Of the database.
pub async fn rebuild(db: &Db) -> Result<(), String> {
    let days = rebuild::all(db).await.map_err(|error| error.to_string())?;
    tracing::info!(days, "the rollups were made anew");
    Ok(())
}

/// Prints what a command is for.
#[expect(clippy::print_stdout, reason = "this is what the command is for")]
pub fn print(text: &str) -> ExitCode {
    println!("{}", text.trim_end());
    ExitCode::SUCCESS
}

/// Makes a new key for access tokens and prints its id.
///
/// # Errors
/// Of the database.
pub async fn rotate_keys(config: &Config, db: &Db) -> Result<(), String> {
    let made = auth::rotate(db, Clock::system().now(), config.key_rotation).await;
    let kid = made.map_err(|error| error.to_string())?;
    print(&kid.as_simple().to_string());
    Ok(())
}

/// Makes a link with which a user sets a new password, and prints it: for who runs this server, where it sends no mail.
///
/// # Errors
/// For an address without an account; of the database.
pub async fn reset_link(config: &Config, db: Db, email: &str) -> Result<(), String> {
    // nothing is announced: no redirector hears of passwords
    let (announce, _) = tokio::sync::broadcast::channel(1);
    let app = App::new(config, db, Clock::system(), Publisher::Local(announce));
    let link = auth::reset::make_link(&app, email).await.map_err(|error| match error {
        Error::Mistakes(_) => format!("nobody has an account with the address {email:?}"),
        other => other.to_string(),
    })?;
    print(&link);
    Ok(())
}

fn parts(config: &Config, db: Db) -> Result<(App, Worker), String> {
    let redis = config.redis_url.as_ref().map_or("", |url| url.expose_secret());
    let keys = Keys::new(config.redis_prefix.clone());
    let publisher = Publisher::Redis(RedisPublisher::new(redis, keys.clone())?);
    let (feed, courier) = feed::courier::connect(redis, keys.clone())?;
    let app = App { feed: feed.clone(), ..App::new(config, db, Clock::system(), publisher) };
    let relay = Relay::new(app.db.clone(), app.clock.clone(), app.publisher.clone());
    let ingest = StreamIngest::new(Ingest::new(app.db.clone(), app.clock.clone()).announcing(feed), redis, keys)?;
    let rechecks = Rechecks::new(app.clone());
    let mails = mails::Sender::new(app.clone());
    let webhooks = Work::new(app.clone());
    let worker = Worker { relay, rechecks, mails, webhooks, ingest: Some(ingest), courier: Some(courier) };
    Ok((app, worker))
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
