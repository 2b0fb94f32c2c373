//! What the integration tests share with the programs of this package.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod hostile;
pub mod running;
