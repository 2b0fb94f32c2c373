//! What the answer to an authenticated request says of its rate limit: the bucket that has the least left. The names of the
//! header fields are those of draft-ietf-httpapi-ratelimit-headers-07.

use crate::rate_limits::Standing;
use poem::http::{HeaderMap, HeaderValue};

/// Header fields that pages of other origins may read.
pub(super) const EXPOSED: &str = "x-request-id, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after";

/// Says how a bucket stands; nothing where there is no limit.
pub(super) fn tell(headers: &mut HeaderMap, standing: Option<Standing>) {
    let Some(standing) = standing else { return };
    headers.insert("ratelimit-limit", HeaderValue::from(standing.limit));
    headers.insert("ratelimit-remaining", HeaderValue::from(standing.remaining));
    headers.insert("ratelimit-reset", HeaderValue::from(standing.reset));
}
