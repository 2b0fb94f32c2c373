//! The API: a GraphQL contract over operations, and the loops that bring changes out and clicks in. A library, so that
//! the embedded default can run it beside the redirector in one process.

pub mod app;
pub mod audit;
pub mod auth;
pub mod clicks;
pub mod config;
pub mod content;
pub mod db;
pub mod domains;
pub mod error;
pub mod graphql;
pub mod http;
pub mod invalidation;
pub mod links;
pub mod mails;
pub mod members;
pub mod once;
pub mod origins;
pub mod page;
pub mod pixels;
pub mod previews;
pub mod rate_limits;
pub mod run;
pub mod scope;
pub mod telemetry;
pub mod tenants;
pub mod usage;
pub mod webhooks;
pub mod worker;
