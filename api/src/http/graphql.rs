//! `/graphql`: takes one document as JSON, runs it for whoever the access token names, and answers with the media type and
//! status that the GraphQL-over-HTTP specification (draft of August 2026) asks for. No GET, no batches, no uploads, no cookies.
//! A subscription is answered with [`events`], or over a [`socket`].

mod events;
pub(super) mod places;
mod socket;

use self::places::Streams;
use super::{
    body::{self, BodyError},
    client, gzip, limits,
    media::{self, Form},
    reply::{bad_request, error, internal, rate_limited, unauthenticated},
    scan,
};
use crate::{
    app::App,
    auth,
    error::Error,
    graphql::{
        self, Answer, Asking, Engine, Fault,
        context::RequestId,
        error::code,
        limits::{ANSWER, BODY, CONTENT_BODY, SECONDS, grouped},
    },
    rate_limits::Meter,
    scope::Caller,
};
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use std::{io, sync::Arc};

/// Asks for the cost of a document.
const COST: &str = "x-graphql-cost";
/// Most bytes of what is said of a body that cannot be read: it repeats what it was sent.
const MESSAGE: usize = 200;

/// Runs documents.
pub(super) struct Documents {
    engine: Engine,
    app: App,
    introspection: bool,
    streams: Arc<Streams>,
}

impl Documents {
    pub(super) fn new(app: App, introspection: bool, streams: Arc<Streams>) -> Arc<Self> {
        Arc::new(Self { engine: Engine::new(app.clone(), introspection), app, introspection, streams })
    }

    /// Answers whatever comes to `/graphql`, for pages of any origin: what opens the door is a token and never a cookie.
    pub(super) async fn answer(self: &Arc<Self>, request: Request) -> Response {
        if socket::is_asked_for(&request) {
            return socket::open(self, request).await;
        }
        let mut response = match *request.method() {
            Method::POST => self.post(request).await,
            Method::OPTIONS => preflight(),
            _ => {
                let mut response = bad_request(StatusCode::METHOD_NOT_ALLOWED, "documents are sent with POST");
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
                response
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(limits::EXPOSED));
        response
    }

    async fn post(&self, request: Request) -> Response {
        let streamed = media::wants_events(request.headers()).then_some(Form::GraphQl);
        let Some(form) = media::choose(request.headers()).or(streamed) else {
            let rule = "the answer is application/graphql-response+json or application/json";
            return bad_request(StatusCode::NOT_ACCEPTABLE, rule);
        };
        let mut response = self.run(request, form).await.unwrap_or_else(|refusal| refusal);
        let headers = response.headers_mut();
        if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != media::EVENTS) {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
        }
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
        response
    }

    async fn run(&self, request: Request, form: Form) -> Result<Response, Response> {
        if media::is_ambiguous(request.headers()) {
            return Err(bad_request(StatusCode::BAD_REQUEST, "send one Content-Type"));
        }
        if !media::is_json(request.headers()) {
            let rule = "the body must be JSON: send Content-Type: application/json";
            return Err(bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, rule));
        }
        if !media::is_plain(request.headers()) {
            let mut response = bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must not be compressed");
            // says that it is the coding; RFC 9110 section 15.5.16
            response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            return Err(response);
        }
        let caller = self.authenticate(request.headers()).await?;
        let meter = caller.map(|caller| limits::meter(&self.app, caller));
        let answered = self.weighed(request, form, caller, meter.clone()).await;
        let mut response = answered.unwrap_or_else(|refusal| refusal);
        limits::tell(response.headers_mut(), meter.as_deref().and_then(Meter::tightest));
        Ok(response)
    }

    /// Takes what every request costs before anything of its body is read, and what its document costs before it runs.
    async fn weighed(
        &self,
        mut request: Request,
        form: Form,
        caller: Option<Caller>,
        meter: Option<Arc<Meter>>,
    ) -> Result<Response, Response> {
        if let Some(Err(Error::RateLimited { retry_after })) = meter.as_deref().map(Meter::begin) {
            return Err(rate_limited(retry_after));
        }
        let id = request.data::<RequestId>().cloned().unwrap_or_else(|| RequestId(String::new()));
        let client = client::of(&request, &self.app.rules.trusted_proxies);
        let limit = if caller.is_some() { CONTENT_BODY.most } else { BODY.most };
        let bytes = body::read(request.take_body(), limit).await.map_err(|error| no_body(error, limit))?;
        let document = parse(&bytes).map_err(|(status, rule)| bad_request(status, &rule))?;
        let wants_cost = request.headers().get(COST).is_some_and(|value| value == "1");
        let may_introspect = self.introspection || caller.is_some_and(|caller| caller.may_introspect());
        let asking = Asking { caller, meter, client, id, may_introspect, wants_cost, body: bytes.len() };
        drop(bytes);
        let (document, asking) = if media::wants_events(request.headers()) {
            match events::open(self, document, asking, request.headers(), form).await {
                Ok(streamed) => return Ok(streamed),
                Err(other) => other,
            }
        } else {
            (document, asking)
        };
        let answer = graphql::execute(&self.engine, document, asking).await.map_err(|graphql::TimedOut| {
            tracing::warn!("a document ran for more than {} s", SECONDS.most);
            let message = format!("the document ran for more than {} s: ask for less", SECONDS.most);
            error(StatusCode::SERVICE_UNAVAILABLE, code::TIMED_OUT, &message)
        })?;
        Ok(written(&answer, form, request.headers()))
    }

    /// Who asks: nobody without the header, and no one at all with a token that is not good.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Caller>, Response> {
        let mut shown = headers.get_all(header::AUTHORIZATION).iter();
        let Some(header) = shown.next() else { return Ok(None) };
        if shown.next().is_some() {
            // which of the two somebody in front has looked at, nobody knows
            return Err(unauthenticated());
        }
        let token = header.to_str().ok().and_then(bearer).ok_or_else(unauthenticated)?;
        self.known(token).await.map(Some)
    }

    /// Who shows this token.
    async fn known(&self, token: &str) -> Result<Caller, Response> {
        match auth::authenticate(&self.app, token).await {
            Ok(caller) => Ok(caller),
            Err(Error::Fault(cause)) => {
                tracing::error!(%cause, "a token cannot be verified");
                Err(internal())
            }
            Err(_) => Err(unauthenticated()),
        }
    }
}

/// The token of `Bearer <token>`; RFC 6750 section 2.1.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The token that a request shows.
fn shown(headers: &HeaderMap) -> Option<SecretString> {
    Some(bearer(headers.get(header::AUTHORIZATION)?.to_str().ok()?)?.to_owned().into())
}

/// One document; else the rule that the body breaks: 400 for what is no JSON, 422 for JSON that is no request.
fn parse(bytes: &[u8]) -> Result<async_graphql::Request, (StatusCode, String)> {
    let malformed = |rule: String| (StatusCode::UNPROCESSABLE_ENTITY, rule);
    scan::check(bytes).map_err(|rule| (StatusCode::BAD_REQUEST, rule))?;
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(malformed("send one document at a time: batches are not taken".to_owned()));
    }
    let request: async_graphql::Request = serde_json::from_slice(bytes).map_err(|error| {
        let mut rule = format!("the body is no GraphQL request: {error}");
        rule.truncate(rule.floor_char_boundary(MESSAGE));
        (if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST }, rule)
    })?;
    if request.query.trim().is_empty() && !request.extensions.contains_key("persistedQuery") {
        return Err(malformed("the body has no query".to_owned()));
    }
    Ok(request)
}

fn no_body(error: BodyError, limit: u64) -> Response {
    match error {
        BodyError::TooLarge => {
            let message = format!("the body has more than {} bytes", grouped(limit));
            super::reply::error(StatusCode::PAYLOAD_TOO_LARGE, code::BODY_TOO_LARGE, &message)
        }
        BodyError::TooSlow => bad_request(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
        BodyError::Broken => bad_request(StatusCode::BAD_REQUEST, "the body did not come whole"),
    }
}

/// The status of an answer. With `application/json` a well-formed request is answered 200, as in all drafts until 2026: such
/// clients read nothing else as an answer.
const fn status(fault: Option<Fault>, form: Form) -> StatusCode {
    match (fault, form) {
        (Some(Fault::Body), _) => StatusCode::PAYLOAD_TOO_LARGE,
        (Some(Fault::Rate), _) => StatusCode::TOO_MANY_REQUESTS,
        (Some(Fault::Request), _) | (Some(Fault::Unreadable), Form::GraphQl) => StatusCode::BAD_REQUEST,
        (Some(Fault::Document), Form::GraphQl) => StatusCode::UNPROCESSABLE_ENTITY,
        // 294 for a result with errors, which the draft proposes, is registered nowhere
        (None, _) | (_, Form::Json) => StatusCode::OK,
    }
}

/// The text of an answer, or of the error that it is too long.
fn text_of(answer: &impl Serialize) -> String {
    let mut capped = Capped(Vec::new());
    let written = serde_json::to_writer(&mut capped, answer);
    written.ok().and_then(|()| String::from_utf8(capped.0).ok()).unwrap_or_else(|| {
        let message = format!("the answer has more than {} bytes: ask for less", grouped(ANSWER.most));
        json!({ "errors": [{ "message": message, "extensions": { "code": code::ANSWER_TOO_LARGE } }] }).to_string()
    })
}

fn written(answer: &Answer, form: Form, client: &HeaderMap) -> Response {
    let mut capped = Capped(Vec::new());
    if let Err(error) = serde_json::to_writer(&mut capped, answer) {
        tracing::warn!(%error, "an answer cannot be written");
        let message = format!("the answer has more than {} bytes: ask for less", grouped(ANSWER.most));
        return super::reply::error(status(Some(Fault::Document), form), code::ANSWER_TOO_LARGE, &message);
    }
    let (body, compressed) = gzip::compress(capped.0, client);
    let response = Response::builder().status(status(answer.fault(), form));
    let mut response =
        if compressed { response.header(header::CONTENT_ENCODING, "gzip").body(body) } else { response.body(body) };
    if let Some(seconds) = answer.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Takes no more bytes than an answer may have.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() as u64 + bytes.len() as u64 > ANSWER.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a browser asks before a page of another origin may send a document.
fn preflight() -> Response {
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, "POST")
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-graphql-cost")
        .header(header::ACCESS_CONTROL_MAX_AGE, "86400")
        .body(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_is_one() {
        assert_eq!(bearer("Bearer a.b.c"), Some("a.b.c"));
        assert_eq!(bearer("bearer  x"), Some("x"));
        for bad in ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c"] {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }

    #[test]
    fn one_document_is_read_and_nothing_else() {
        assert!(parse(br#" {"query": "{ a }", "variables": null, "operationName": null, "more": 1}"#).is_ok());
        assert!(parse(br#"{"extensions": {"persistedQuery": {}}}"#).is_ok());
        let deep = format!("{{\"query\": \"{{ a }}\", \"variables\": {{\"a\": {}", "[".repeat(100_000));
        let status = |bad: &str| parse(bad.as_bytes()).map(drop).unwrap_err().0.as_u16();
        for bad in ["", "{\"query\": \"{ a }\"", &deep, "nonsense", "{\"query\": \"\0\"}"] {
            assert_eq!(status(bad), 400, "{bad:.40}");
        }
        for bad in [
            "[]",
            r#"[{"query": "{ a }"}]"#,
            "{}",
            "1",
            "null",
            r#"{"query": 1}"#,
            r#"{"query": "{ a }", "variables": [7]}"#,
        ] {
            assert_eq!(status(bad), 422, "{bad:.40}");
        }
        let long = format!(r#"{{"query": "{{ a }}", "variables": "{}"}}"#, "é".repeat(9_000));
        assert!(parse(long.as_bytes()).map(drop).unwrap_err().1.len() <= MESSAGE);
    }

    #[test]
    fn an_answer_is_capped() {
        let mut capped = Capped(vec![0; usize::try_from(ANSWER.most).unwrap() - 1]);
        assert!(io::Write::write_all(&mut capped, b"1").is_ok() && io::Write::write_all(&mut capped, b"2").is_err());
    }
}
