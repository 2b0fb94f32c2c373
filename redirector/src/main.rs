//! The program `redirector`: configuration, start, run, drain. It serves visits until SIGINT or SIGTERM, and ends with a
//! failure when its settings cannot be used, when it cannot start, or when a part of it dies.

use contract::clock::Clock;
use redirector::config::{self, Config};
use std::{error::Error, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let config = match Config::read(config::environment()) {
        Ok(config) => config,
        Err(bad) => {
            redirector::telemetry::start("info");
            tracing::error!("{bad}");
            return ExitCode::from(2);
        }
    };
    redirector::telemetry::start(&config.log);
    match redirector::runtime::run(run(config)).unwrap_or_else(|error| Err(error.into())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the redirector has failed");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let redirector = redirector::start(config, Clock::system(), None).await?;
    tracing::info!(address = %redirector.address(), "the redirector answers visits");
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    redirector.run(stop).await?;
    tracing::info!("the redirector has stopped");
    Ok(())
}
