//! The answers, with their headers. None may be stored, but the icon that is not there, and none may be indexed.

use crate::page::{Card, Interstitial, Pages, Question, Still, Unavailable, Values, Voice};
use poem::{
    Body, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_INDEX: HeaderValue = HeaderValue::from_static("noindex, nofollow");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    response.set_status(status);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// 303: the same address is to be asked for again.
pub(super) fn see_other(location: HeaderValue) -> Response {
    let mut response = empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// 302: never a permanent one, which would hide clicks and edits.
pub(super) fn redirect(location: HeaderValue) -> Response {
    let mut response = empty(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// 503: what a browser got by looking ahead it drops, and asks again on a real click.
pub(super) fn ask_again() -> Response {
    empty(StatusCode::SERVICE_UNAVAILABLE)
}

/// 405.
pub(super) fn not_allowed(allowed: &'static str) -> Response {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Crawlers may look at links: those who preview them must.
pub(super) fn robots() -> Response {
    let mut response = Response::default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    with_body(response, b"User-agent: *\nAllow: /\n".to_vec())
}

/// There is no icon, and a browser need not ask again for a day.
pub(super) fn no_icon() -> Response {
    let mut response = empty(StatusCode::NO_CONTENT);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}

/// A page that is filled in already.
fn still(status: StatusCode, page: Still) -> Response {
    let mut response = html(status);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, page.policy);
    with_body(response, page.body.into_vec())
}

/// The card of a link.
pub(super) fn card(page: &Card, values: &Values<'_>) -> Response {
    let mut response = html(StatusCode::OK);
    // a nonce: it is always a header
    if let Ok(policy) = HeaderValue::try_from(page.policy(values)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    with_body(response, page.body(values))
}

/// The page that fires pixels.
pub(super) fn interstitial(page: &Interstitial, values: &Values<'_>) -> Response {
    let mut response = html(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, page.referrer_policy().clone());
    // hosts and a nonce: it is always a header
    if let Ok(policy) = HeaderValue::try_from(page.policy(values)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    with_body(response, page.body(values))
}

/// The page that asks for consent. Its own address is told to itself alone: a browser then says where a form came from.
pub(super) fn question(page: &Question, values: &Values<'_>) -> Response {
    let mut response = html(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // schemes and a nonce: it is always a header
    if let Ok(policy) = HeaderValue::try_from(page.policy(values)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    with_body(response, page.body(values))
}

/// The page that says why there is nothing to see.
pub(super) fn unavailable(pages: &Pages, reason: Unavailable, voice: Voice<'_>) -> Response {
    let page = pages.unavailable(reason, voice);
    let mut response = page.map_or_else(|| empty(reason.status()), |page| still(reason.status(), page));
    if reason == Unavailable::Busy {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The same headers without the body: for HEAD.
pub(super) fn without_body(mut response: Response) -> Response {
    response.set_body(());
    response
}

fn html(status: StatusCode) -> Response {
    let mut response = empty(status);
    let headers = response.headers_mut();
    headers.reserve(8);
    headers.insert(header::CONTENT_TYPE, HTML);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(ROBOTS_TAG, NO_INDEX);
    response
}

fn with_body(mut response: Response, body: Vec<u8>) -> Response {
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    response.set_body(Body::from_vec(body));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_carry_their_headers_and_head_the_same_ones() {
        let pages = Pages::new().unwrap();
        for (reason, status) in [
            (Unavailable::BadRequest, 400),
            (Unavailable::Unknown, 404),
            (Unavailable::NotStarted, 404),
            (Unavailable::Gone, 410),
            (Unavailable::Busy, 503),
        ] {
            let response = unavailable(&pages, reason, Voice::default());
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(response.header("cache-control"), Some("no-store"));
            assert_eq!(response.header("retry-after").is_some(), reason == Unavailable::Busy);
            let headers = response.headers().clone();
            let head = without_body(response);
            assert_eq!(*head.headers(), headers);
            assert!(head.header("content-length").is_some_and(|length| length != "0"));
        }
        let redirect = redirect(HeaderValue::from_static("https://a.example/"));
        assert_eq!(
            (redirect.status().as_u16(), redirect.header("location"), redirect.header("cache-control")),
            (302, Some("https://a.example/"), Some("no-store"))
        );
    }
}
