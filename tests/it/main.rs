//! The integration tests: the real programs, real PostgreSQL, real Redis and a real Chromium, through public doors only.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod apart;
mod api;
mod consent;
mod delivery;
mod domains;
mod faults;
mod journeys;
mod networks;
mod previews;
mod programs;
mod schema;
mod smoke;
mod tidy;
mod visits;
mod webhooks;
mod world;
