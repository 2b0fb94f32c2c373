//! What a resolver reaches from its context: the parts of the API, which stand in the schema, and who asks, which stands
//! in each request.

use super::error;
use crate::{app::App, auth::Client, error::Error, scope::Caller};
use async_graphql::Context;

/// The id of a request: in the answer's header, in its faults and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// The parts of the API.
///
/// # Errors
/// None of a schema that [`super::build`] made.
pub fn app<'ctx>(ctx: &Context<'ctx>) -> async_graphql::Result<&'ctx App> {
    ctx.data_opt::<App>().ok_or_else(|| error::top_level(Error::Fault("the schema holds no App".to_owned())))
}

/// Who asks.
///
/// # Errors
/// `UNAUTHENTICATED` when the request carried no token.
pub fn caller(ctx: &Context<'_>) -> async_graphql::Result<Caller> {
    ctx.data_opt::<Caller>().copied().ok_or_else(|| error::top_level(Error::Unauthenticated))
}

/// Who is at the other end; nobody that is known outside of a request.
#[must_use]
pub fn client(ctx: &Context<'_>) -> Client {
    ctx.data_opt::<Client>().cloned().unwrap_or_default()
}

/// The id of this request; empty outside of one.
#[must_use]
pub fn request_id<'ctx>(ctx: &Context<'ctx>) -> &'ctx str {
    ctx.data_opt::<RequestId>().map_or("", |id| id.0.as_str())
}
