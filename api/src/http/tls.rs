//! `GET /tls/ask?domain=go.example.com`: 200 for a host that serves links, 404 for any other. What ends TLS in front of
//! the redirector asks it before it gets a certificate for a host that it was called by (Caddy's `on_demand_tls`). The
//! answers have no body.

use crate::{app::App, domains};
use contract::address::Host;
use poem::{Request, Response, http::StatusCode};
use url::form_urlencoded;

/// Says whether the host in the query serves links.
pub(super) async fn answer(app: &App, request: &Request) -> Response {
    let Some(host) = host_of(request.uri().query().unwrap_or_default()) else { return bare(StatusCode::BAD_REQUEST) };
    match domains::serves(app, &host).await {
        Ok(true) => bare(StatusCode::OK),
        Ok(false) => bare(StatusCode::NOT_FOUND),
        Err(error) => {
            tracing::error!(%error, "whether a host serves cannot be told");
            bare(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn bare(status: StatusCode) -> Response {
    Response::builder().status(status).finish()
}

/// The one host that is asked about.
fn host_of(query: &str) -> Option<Host> {
    let mut asked = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "domain");
    let host = Host::parse(&asked.next()?.1).ok()?;
    asked.next().is_none().then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_asked_about() {
        let host = |query: &str| host_of(query).map(String::from);
        assert_eq!(host("domain=Go.Example.com").as_deref(), Some("go.example.com"));
        assert_eq!(host("x=1&domain=go.example.com.&y").as_deref(), Some("go.example.com"));
        for bad in ["", "domain", "domain=", "domain=a%20b", "domain=a.example&domain=b.example", "DOMAIN=a.example"] {
            assert_eq!(host(bad), None, "{bad}");
        }
    }
}
