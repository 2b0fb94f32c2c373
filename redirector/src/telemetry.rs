//! Events to standard error, filtered by the setting `STOPOVER_LOG`. Called once, by a program's `main`; the library
//! only emits. No event carries an address, a user agent or a query of a visitor.

use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// Starts writing events that pass `filter`; a second call changes nothing. A filter that cannot be read (the
/// configuration refuses it) counts as `info`.
pub fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(stderr().is_terminal());
    drop(events.with_writer(stderr).try_init());
}
