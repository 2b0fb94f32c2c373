//! Answers that are no result of a document: plain sentences, and errors in the shape that GraphQL clients read.

use crate::graphql::error::code;
use poem::{
    Response,
    http::{StatusCode, header},
};

/// A sentence.
pub(super) fn plain(status: StatusCode, sentence: &str) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(format!("{sentence}\n"))
}

/// An error before any document was run, as `{"errors": [...]}`.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    Response::builder().status(status).header(header::CONTENT_TYPE, super::media::JSON).body(body.to_string())
}

/// A request that is not well formed.
pub(super) fn bad_request(status: StatusCode, message: &str) -> Response {
    error(status, code::BAD_REQUEST, message)
}

/// A fault of ours; its cause is in the log, under the id that the answer carries.
pub(super) fn internal() -> Response {
    let message = "this server failed to answer; its log has the cause under the request's id";
    error(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, message)
}

/// A request too many; RFC 6585 section 4.
pub(super) fn rate_limited(retry_after: u64) -> Response {
    let message = format!("too many requests: try again in {retry_after} s");
    let extensions = serde_json::json!({ "code": code::RATE_LIMITED, "retryAfter": retry_after });
    let body = serde_json::json!({ "errors": [{ "message": message, "extensions": extensions }] });
    Response::builder()
        .status(StatusCode::TOO_MANY_REQUESTS)
        .header(header::CONTENT_TYPE, super::media::JSON)
        .header(header::RETRY_AFTER, retry_after)
        .body(body.to_string())
}

/// A token that does not open the door; RFC 6750 section 3.
pub(super) fn unauthenticated() -> Response {
    let message = "the access token is not valid: refresh the session or log in again";
    let mut response = error(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    let challenge = r#"Bearer realm="stopover", error="invalid_token""#;
    response.headers_mut().insert(header::WWW_AUTHENTICATE, poem::http::HeaderValue::from_static(challenge));
    response
}
