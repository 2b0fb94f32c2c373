//! `/graphql`: takes one document as JSON, runs it for whoever the access token names, and answers with the media type and
//! status that the GraphQL-over-HTTP specification asks for. No GET, no batches, no uploads, no cookies.

use super::{
    body::{self, BodyError},
    client, limits,
    media::{self, Form},
    reply::{bad_request, error, internal, rate_limited, unauthenticated},
};
use crate::{
    app::App,
    auth,
    error::Error,
    graphql::{self, Schema, context::RequestId, error::code},
    rate_limits::Meter,
    scope::{Caller, Credential},
};
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use std::{sync::Arc, time::Duration};

/// Largest body of a request without a token.
const STRANGERS_LIMIT: usize = 64 * 1024;
/// Largest body of a request with a good token: `createLinks` takes 1,000 links, and `trackContent` 512 KiB, each byte of
/// which may be two in JSON.
const MEMBERS_LIMIT: usize = 2 * 1024 * 1024;
/// How long a document may run.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs documents.
pub(super) struct Documents {
    schema: Schema,
    app: App,
}

impl Documents {
    pub(super) const fn new(schema: Schema, app: App) -> Self {
        Self { schema, app }
    }

    /// Answers whatever comes to `/graphql`, for pages of any origin: what opens the door is a token and never a cookie.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let mut response = match *request.method() {
            Method::POST => self.run(request).await.unwrap_or_else(|refusal| refusal),
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

    async fn run(&self, request: Request) -> Result<Response, Response> {
        if !media::is_json(request.headers()) {
            let rule = "the body must be JSON: send Content-Type: application/json";
            return Err(bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, rule));
        }
        let rule = "the answer is application/graphql-response+json or application/json";
        let form = media::choose(request.headers()).ok_or_else(|| bad_request(StatusCode::NOT_ACCEPTABLE, rule))?;
        let id = request.data::<RequestId>().cloned().unwrap_or_else(|| RequestId(String::new()));
        let caller = self.authenticate(request.headers()).await?;
        let meter = caller.map(|caller| Arc::new(self.meter(caller)));
        let reply = self.weighed(request, form, id, caller, meter.clone()).await;
        let told = |mut response: Response| {
            limits::tell(response.headers_mut(), meter.as_deref().and_then(Meter::tightest));
            response
        };
        reply.map(told).map_err(told)
    }

    /// Weighs the requests of a log-in together, and those of an API key.
    fn meter(&self, caller: Caller) -> Meter {
        let credential = match caller.credential {
            Credential::Session(id) | Credential::Key { id, .. } => id,
        };
        Meter::new(self.app.rate_limits.clone(), self.app.clock.clone(), credential)
    }

    async fn weighed(
        &self,
        mut request: Request,
        form: Form,
        id: RequestId,
        caller: Option<Caller>,
        meter: Option<Arc<Meter>>,
    ) -> Result<Response, Response> {
        if let Some(Err(Error::RateLimited { retry_after })) = meter.as_deref().map(Meter::begin) {
            return Err(rate_limited(retry_after));
        }
        let client = client::of(&request, &self.app.rules.trusted_proxies);
        let limit = if caller.is_some() { MEMBERS_LIMIT } else { STRANGERS_LIMIT };
        let bytes = body::read(request.take_body(), limit).await.map_err(|error| no_body(error, limit))?;
        let mut document = parse(&bytes).map_err(|rule| bad_request(StatusCode::BAD_REQUEST, &rule))?;
        if let Some(meter) = meter {
            document = document.data(meter);
        }
        let answer = graphql::execute(&self.schema, document.data(client), caller, id);
        let answer = tokio::time::timeout(PATIENCE, answer).await.map_err(|_| {
            tracing::error!("a document ran for more than {} s", PATIENCE.as_secs());
            internal()
        })?;
        Ok(written(&answer, form))
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
        match auth::authenticate(&self.app, token).await {
            Ok(caller) => Ok(Some(caller)),
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

/// One document; else the rule that the body breaks.
fn parse(bytes: &[u8]) -> Result<async_graphql::Request, String> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(b'[') => return Err("send one document at a time: batches are not taken".to_owned()),
        _ => return Err("the body must be a JSON object with a query".to_owned()),
    }
    let request: async_graphql::Request =
        serde_json::from_slice(bytes).map_err(|error| format!("the body is no GraphQL request: {error}"))?;
    if request.query.trim().is_empty() { Err("the body has no query".to_owned()) } else { Ok(request) }
}

fn no_body(error: BodyError, limit: usize) -> Response {
    match error {
        BodyError::TooLarge => {
            let rule = format!("the body has more than {limit} bytes");
            bad_request(StatusCode::PAYLOAD_TOO_LARGE, &rule)
        }
        BodyError::TooSlow => bad_request(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
        BodyError::Broken => bad_request(StatusCode::BAD_REQUEST, "the body did not come whole"),
    }
}

fn written(answer: &graphql::Answer, form: Form) -> Response {
    let Ok(body) = serde_json::to_vec(answer) else {
        return error(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, "the answer cannot be written");
    };
    let refused = answer.is_refused() && form == Form::GraphQl;
    let status = match (answer.is_refused(), answer.retry_after()) {
        (true, Some(_)) => StatusCode::TOO_MANY_REQUESTS,
        _ if refused => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let mut response = Response::builder().status(status).header(header::CONTENT_TYPE, form.content_type()).body(body);
    if let Some(seconds) = answer.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What a browser asks before a page of another origin may send a document.
fn preflight() -> Response {
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, "POST")
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type")
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
        let deep = format!("{{\"query\": \"{{ a }}\", \"variables\": {{\"a\": {}", "[".repeat(100_000));
        for bad in ["", "[]", r#"[{"query": "{ a }"}]"#, "{}", "1", r#"{"query": 1}"#, "{\"query\": \"{ a }\"", &deep] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:.40}");
        }
    }
}
