//! What a resolver reaches from its context: the parts of the API, which stand in the schema, and who asks, which stands
//! in each request.

use super::error;
use crate::{
    app::App,
    auth::Client,
    error::Error,
    once::Once,
    rate_limits::Meter,
    scope::{Caller, Permission, TenantScope},
};
use async_graphql::{Context, Value};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

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
    let caller = ctx.data_opt::<Caller>().ok_or_else(|| error::top_level(Error::Unauthenticated))?;
    Ok(Caller { request_id: request_id(ctx), ..*caller })
}

/// Who is at the other end; nobody that is known outside of a request.
#[must_use]
pub fn client(ctx: &Context<'_>) -> Client {
    let mut client = ctx.data_opt::<Client>().cloned().unwrap_or_default();
    client.request_id = request_id(ctx);
    client
}

/// Whether a scope allows this. The request is charged to its tenant, which may be reached from a list of many.
///
/// # Errors
/// `FORBIDDEN` for a lower role, and for an API key without the scope; as [`admit`].
pub fn demand(ctx: &Context<'_>, scope: &TenantScope, needs: Permission) -> async_graphql::Result<()> {
    scope.demand(needs).map_err(error::top_level)?;
    admit(ctx, scope)
}

/// Charges this request to a tenant that it reaches; once, however often it does.
///
/// # Errors
/// `RATE_LIMITED` when the tenant has had too many.
fn admit(ctx: &Context<'_>, scope: &TenantScope) -> async_graphql::Result<()> {
    ctx.data_opt::<Arc<Meter>>().map_or(Ok(()), |meter| meter.reach(scope.tenant_id())).map_err(error::top_level)
}

/// What a finder of scopes answers, charged to the tenant that it found.
///
/// # Errors
/// As [`admit`].
pub fn admitted<T>(
    ctx: &Context<'_>,
    found: Result<T, Error>,
    scope: impl Fn(&T) -> &TenantScope,
) -> async_graphql::Result<Result<T, Error>> {
    if let Ok(found) = &found {
        admit(ctx, scope(found))?;
    }
    Ok(found)
}

/// The id of this request; nil outside of one.
#[must_use]
pub fn request_id(ctx: &Context<'_>) -> Uuid {
    ctx.data_opt::<RequestId>().and_then(|id| Uuid::try_parse(&id.0).ok()).unwrap_or_default()
}

/// The wish that the mutation of this context has its effect once: the key, and a hash over all of its input.
///
/// # Errors
/// For arguments that cannot be read, which a resolver never sees.
pub fn once(ctx: &Context<'_>, key: Option<String>) -> async_graphql::Result<Option<Once>> {
    let Some(key) = key else { return Ok(None) };
    let arguments = ctx.field().arguments()?;
    let sorted: BTreeMap<&str, _> = arguments.iter().map(|(name, value)| (name.as_str(), sorted(value))).collect();
    let text = serde_json::to_vec(&sorted)?;
    Ok(Some(Once { key, input_hash: Sha256::digest(text).to_vec() }))
}

/// A value with the fields of its objects in order: the same input in another order is the same.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::List(items) => Value::List(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
