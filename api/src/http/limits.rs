//! What the answer to an authenticated request says of its rate limit: the bucket that has the least left. The names of the
//! header fields are those of draft-ietf-httpapi-ratelimit-headers-07.

use crate::{
    app::App,
    rate_limits::{Meter, Standing},
    scope::{Caller, Credential},
};
use poem::http::{HeaderMap, HeaderValue};
use std::sync::Arc;

/// Header fields that pages of other origins may read.
pub(super) const EXPOSED: &str = "x-request-id, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after";

/// Weighs the requests of a log-in together, and those of an API key.
pub(super) fn meter(app: &App, caller: Caller) -> Arc<Meter> {
    let (Credential::Session(id) | Credential::Key { id, .. }) = caller.credential;
    Arc::new(Meter::new(app.rate_limits.clone(), app.clock.clone(), id))
}

/// Says how a bucket stands; nothing where there is no limit.
pub(super) fn tell(headers: &mut HeaderMap, standing: Option<Standing>) {
    let Some(standing) = standing else { return };
    headers.insert("ratelimit-limit", HeaderValue::from(standing.limit));
    headers.insert("ratelimit-remaining", HeaderValue::from(standing.remaining));
    headers.insert("ratelimit-reset", HeaderValue::from(standing.reset));
}
