//! The embedded default: API, redirector and ingest in one process, on SQLite and without Redis. `stopover` starts them;
//! `stopover demo` does so in a folder of its own, with a tenant, a stand-in ad network and a month of clicks.

mod demo;
mod embedded;

use embedded::Embedded;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "stopover         starts API, redirector and ingest in one process
stopover demo    the same in a folder of its own, with something to look at
stopover help    this text

Settings are environment variables; .env.example lists them all.";

fn main() -> ExitCode {
    let mode = std::env::args().nth(1);
    let start = |demo| redirector::runtime::run(run(demo)).unwrap_or_else(|error| Err(error.to_string()));
    let result = match mode.as_deref() {
        None => start(false),
        Some("demo") => start(true),
        Some("help" | "--help" | "-h") => {
            embedded::say(HELP);
            Ok(())
        }
        Some(other) => Err(format!("there is no command {other:?}\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            embedded::complain(&message);
            ExitCode::from(2)
        }
    }
}

async fn run(demo: bool) -> Result<(), String> {
    let variables = api::config::Config::environment().collect::<Vec<_>>();
    let (variables, network) = if demo { demo::prepare(variables).await? } else { (variables, None) };
    let embedded = Embedded::start(variables).await?;
    embedded::say(&embedded.greeting());
    if let Some(network) = network {
        demo::furnish(&embedded, &network).await?;
    }
    embedded.run(stop_signal()).await
}

/// Resolves on SIGINT or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
