//! The door: a request in, one answer out. Dispatches by method and path, looks the link up, has the visit decided,
//! waits until the click is in the local log, and answers. What a visit costs is paid here, so nothing is rendered,
//! parsed twice or logged per visit, no layer stands in front (each would move the request once more), and what is rare
//! keeps its state apart; whatever comes in, nothing here fails, and nothing personal is told to anyone.

pub mod receipt;

mod answer;
mod token;

use crate::{
    daily_keys::DailyKeys,
    health::{self, Counters},
    lookup::Lookup,
    page::{Interstitial, Pages, Route, Unavailable, Values},
    recorder::Recorder,
    visit::{
        self, Decision,
        click::{self, Outcome},
        target::{Filling, Target},
    },
    visitor::{Agents, Geo, Registers, Signals, TrustedProxies, Visitor},
};
use contract::{
    address::{Host, Slug},
    click::{Click, Event, Exclusion},
    clock::{Clock, day_of},
    destination::Reach,
};
use futures_util::FutureExt;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
};
use std::{panic::AssertUnwindSafe, sync::Arc};
use uuid::Uuid;

/// What answers visits.
pub struct Server {
    /// Finds what a visit asks for.
    pub lookup: Arc<Lookup>,
    /// Takes clicks and receipts.
    pub recorder: Recorder,
    /// Secrets of the days.
    pub keys: Arc<DailyKeys>,
    /// The time.
    pub clock: Clock,
    /// Where an address is.
    pub geo: Geo,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// Which hosts destinations may name.
    pub reach: Reach,
    /// Pages, compiled once at start.
    pub pages: Arc<Pages>,
    /// User agents met so far.
    pub agents: Agents,
    /// Receipts taken so far.
    pub spent: receipt::Spent,
    /// What the redirector counts about itself.
    pub counters: Arc<Counters>,
}

/// Answers `GET|HEAD /{slug}`, `POST /_receipt`, `/_health`, `/robots.txt` and `/favicon.ico`; everything else is an
/// unknown link. A mistake of ours that panics costs its own visit only: it is answered 500.
#[must_use]
pub fn endpoint(server: Arc<Server>) -> impl Endpoint<Output = Response> {
    Door(server)
}

struct Door(Arc<Server>);

impl Endpoint for Door {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let is_head = *request.method() == Method::HEAD;
        let answer = AssertUnwindSafe(self.0.answer(request)).catch_unwind().await;
        let response = answer.unwrap_or_else(|_| answer::empty(StatusCode::INTERNAL_SERVER_ERROR));
        Ok(if is_head { answer::without_body(response) } else { response })
    }
}

impl Server {
    async fn answer(&self, request: Request) -> Response {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            receipt::PATH if *request.method() == Method::POST => Box::pin(self.receipt(request)).await,
            receipt::PATH => answer::not_allowed("POST"),
            _ if !is_read => answer::not_allowed("GET, HEAD"),
            health::PATH => health::answer(&self.counters),
            "/robots.txt" => answer::robots(),
            "/favicon.ico" => answer::no_icon(),
            _ => self.visit(&request).await,
        }
    }

    async fn visit(&self, request: &Request) -> Response {
        let Some(host) = host(request.uri(), request.headers()) else {
            return self.unavailable(Unavailable::BadRequest);
        };
        let slug = slug(request.uri().path());
        let Ok(found) = self.lookup.find(&host, slug.as_ref()).await else {
            return self.unavailable(Unavailable::Busy);
        };
        let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
        let registers = Registers { agents: &self.agents, geo: &self.geo, trusted_proxies: &self.trusted_proxies };
        let visitor = Visitor::read(request.headers(), request.uri().query(), peer, registers);
        let at = self.clock.now();
        let visit = Visit { server: self, visitor: &visitor, id: click::draw_id(at), at };
        let counts = *request.method() == Method::GET;
        match visit::decide(&found, &visitor, at) {
            Decision::Unknown { fallback } => {
                let location = fallback.and_then(|fallback| Target::of_domain(fallback, self.reach));
                self.redirect_or(location, Unavailable::Unknown)
            }
            Decision::Refuse { route, reason } => {
                visit.record(counts, route, Outcome { exclusion: Some(reason), ..Outcome::default() }).await;
                let page = if reason == Exclusion::NotStarted { Unavailable::NotStarted } else { Unavailable::Gone };
                // what the operator switched off leads nowhere at all
                let fallback = route.fallback.as_ref().filter(|_| reason != Exclusion::Disabled);
                self.redirect_or(fallback.map(|target| target.fill(visit.filling())), page)
            }
            Decision::AskAgain => answer::ask_again(),
            Decision::Card { route, card } => {
                let exclusion = visitor.agent.exclusion;
                visit.record(counts, route, Outcome { exclusion, ..Outcome::default() }).await;
                answer::still(StatusCode::OK, card)
            }
            Decision::Redirect { route, target, exclusion, pixels_refused } => {
                let refused = if pixels_refused { route.pixels.as_slice() } else { &[] };
                visit.record(counts, route, Outcome { exclusion, refused, pixels: &[] }).await;
                match &route.location {
                    Some(location) if visitor.query.is_empty() => answer::redirect(location.clone()),
                    _ => self.redirect_or(Some(target.fill(visit.filling())), Unavailable::Unknown),
                }
            }
            Decision::Fire { route, target, page } => visit.fire(counts, route, target, page).await,
        }
    }

    async fn receipt(&self, request: Request) -> Response {
        let now = self.clock.now();
        let today = day_of(now);
        // made today or, just before midnight, yesterday; or while the day's secret was not there yet
        let keys = [self.keys.of(today), self.keys.of(today - 1), Some(self.keys.current())];
        match receipt::read(request, keys.iter().flatten().map(AsRef::as_ref), now, &self.spent).await {
            Ok(receipt) => {
                self.recorder.record(Event::Receipt(Box::new(receipt))).await;
                answer::empty(StatusCode::NO_CONTENT)
            }
            Err(receipt::Refused::Malformed) => answer::empty(StatusCode::BAD_REQUEST),
            Err(receipt::Refused::Forbidden) => answer::empty(StatusCode::FORBIDDEN),
        }
    }

    fn redirect_or(&self, location: Option<String>, page: Unavailable) -> Response {
        match location.and_then(|location| HeaderValue::try_from(location).ok()) {
            Some(location) => answer::redirect(location),
            None => self.unavailable(page),
        }
    }

    fn unavailable(&self, reason: Unavailable) -> Response {
        answer::unavailable(&self.pages, reason)
    }
}

/// One visit that was decided.
struct Visit<'a> {
    server: &'a Server,
    visitor: &'a Visitor<'a>,
    id: Uuid,
    at: i64,
}

impl Visit<'_> {
    fn filling(&self) -> Filling<'_> {
        Filling {
            click_id: self.id,
            country: self.visitor.place.country.as_deref(),
            device: self.visitor.agent.device.name(),
            query: self.visitor.query,
        }
    }

    /// Waits until the click is in the local log; a visit that does not count leaves none.
    async fn record(&self, counts: bool, route: &Route, outcome: Outcome<'_>) {
        if counts {
            let click = self.click(route, outcome);
            self.server.recorder.record(Event::Click(Box::new(click))).await;
        }
    }

    fn click(&self, route: &Route, outcome: Outcome<'_>) -> Click {
        click::make(self.id, self.at, route, self.visitor, self.key().as_ref(), outcome)
    }

    fn key(&self) -> Arc<[u8; 32]> {
        self.server.keys.of(day_of(self.at)).unwrap_or_else(|| self.server.keys.current())
    }

    async fn fire(&self, counts: bool, route: &Route, target: &Target, page: &Interstitial) -> Response {
        let click = self.click(route, Outcome { pixels: &route.pixels, ..Outcome::default() });
        let destination = target.fill(self.filling());
        let waits = rand::random_range(0..10_000) < route.tenant.policy.confirm_share;
        let values = Values {
            nonce: &format!("{:032x}", rand::random::<u128>()),
            click_id: self.id,
            token: &token::make(&click, &self.key(), |place| waits || page.watches(place)),
            waits,
            at: self.at,
            destination: &destination,
            granted: false,
            // a signal that the policy honours gets no page
            limited: self.visitor.refuses,
            signals: &Signals::read(self.visitor.query),
        };
        let response = answer::interstitial(page, &values);
        if counts {
            self.server.recorder.record(Event::Click(Box::new(click))).await;
        }
        response
    }
}

/// The host that was asked: of the address where it has one (HTTP/2, proxies), else of the `Host` header.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let text = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    Host::parse(text).ok()
}

/// The slug that was asked for; `None` for a path that no link can have.
fn slug(path: &str) -> Option<Slug> {
    let path = path.strip_prefix('/')?;
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    Slug::parse(&decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_slugs_are_read_from_whatever_comes() {
        let mut headers = HeaderMap::new();
        assert_eq!(host(&Uri::from_static("/x"), &headers), None);
        headers.insert(header::HOST, HeaderValue::from_static("Go.Example.com:8081"));
        assert_eq!(host(&Uri::from_static("/x"), &headers).map(String::from).as_deref(), Some("go.example.com:8081"));
        let absolute = Uri::from_static("http://other.example/x");
        assert_eq!(host(&absolute, &headers).map(String::from).as_deref(), Some("other.example"));
        for bad in ["a b", "<x>", "", "a:b:c"] {
            headers.insert(header::HOST, HeaderValue::from_static(bad));
            assert_eq!(host(&Uri::from_static("/x"), &headers), None, "{bad}");
        }
        assert_eq!(slug("/Spring%2D1").map(String::from).as_deref(), Some("Spring-1"));
        for bad in ["/", "", "//evil.example", "/a/b", "/a/", "/%ff", "/%2f", "/_health", "/a%00", "/.env"] {
            assert_eq!(slug(bad), None, "{bad}");
        }
    }
}
