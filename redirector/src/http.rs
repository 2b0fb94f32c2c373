//! The door: a request in, one answer out. Dispatches by method and path, looks the link up, has the visit decided,
//! waits until the click is in the local log, and answers. What a visit costs is paid here, so nothing is rendered,
//! parsed twice or logged per visit, no layer stands in front (each would move the request once more), and what is rare
//! keeps its state apart; whatever comes in, nothing here fails, and nothing personal is told to anyone.

pub mod receipt;

mod answer;
mod consent;
mod preview;
mod token;

use crate::{
    daily_keys::DailyKeys,
    health::{self, Counters},
    lookup::{Found, Lookup},
    page::{Interstitial, Pages, Question, Route, Unavailable, Values, Voice, is_local_host},
    recorder::Recorder,
    visit::{
        self, Decision,
        click::{self, Outcome},
        target::{Filling, Target},
    },
    visitor::{Agents, Geo, Registers, Signals, TrustedProxies, Visitor, language::preferred},
};
use contract::{
    address::{Host, Slug},
    click::{Click, Consent, Event, Exclusion},
    clock::{Clock, day_of},
    destination::Reach,
    preview::EXPLAIN,
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
    /// Draws the ids of clicks.
    pub ids: click::Ids,
    /// What the redirector counts about itself.
    pub counters: Arc<Counters>,
}

/// Answers `GET|HEAD /{slug}`, `POST /{slug}` with an answer for consent, `POST /_receipt`, `/_health`, `/robots.txt` and `/favicon.ico`; everything else is an
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
    async fn answer(&self, mut request: Request) -> Response {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            receipt::PATH if *request.method() == Method::POST => Box::pin(self.receipt(request)).await,
            receipt::PATH => answer::not_allowed("POST"),
            _ if *request.method() == Method::POST && consent::is_form(request.headers()) => {
                let form = consent::Form::read(request.take_body()).await;
                Box::pin(self.visit(&request, form)).await
            }
            _ if !is_read => answer::not_allowed("GET, HEAD"),
            health::PATH => health::answer(&self.counters),
            "/robots.txt" => answer::robots(),
            "/favicon.ico" => answer::no_icon(),
            _ => self.visit(&request, None).await,
        }
    }

    async fn visit(&self, request: &Request, form: Option<consent::Form>) -> Response {
        let (uri, headers) = (request.uri(), request.headers());
        let Some(host) = host(uri, headers) else {
            return self
                .unavailable(Unavailable::BadRequest, Voice { language: preferred(headers), ..Voice::default() });
        };
        let slug = slug(uri.path());
        let Ok(found) = self.lookup.find(&host, slug.as_ref()).await else {
            return self.unavailable(Unavailable::Busy, Voice { language: preferred(headers), ..Voice::default() });
        };
        let at = self.clock.now();
        if let Some(mut preview) = preview::asked(self, uri.query(), &found, at) {
            // who looks at the question may answer it: nothing comes of it but the next page
            preview.visitor.consent = form.as_ref().map(consent::Form::choice).or(preview.visitor.consent);
            return Box::pin(preview::answer(self, request, &found, preview, at)).await;
        }
        if headers.contains_key(EXPLAIN) {
            return answer::empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        let answer = form.and_then(|form| self.answered(&form, &found, headers, &host, at));
        // a form that answers no question of ours: the visit begins anew
        if answer.is_none() && *request.method() == Method::POST {
            return again(slug.as_ref(), uri.query());
        }
        let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
        let registers = Registers { agents: &self.agents, geo: &self.geo, trusted_proxies: &self.trusted_proxies };
        let mut visitor = Visitor::read(headers, uri.query(), peer, registers);
        // nothing is answered for a visitor by a browser that looks ahead
        let answer = answer.filter(|_| !visitor.looks_ahead);
        let counts = match &answer {
            Some(answer) => {
                visitor.referrer.clone_from(&answer.referrer);
                self.spent.spend(answer.question)
            }
            None => *request.method() == Method::GET,
        };
        let id = self.ids.draw(at);
        let visit = Visit { server: self, visitor: &visitor, headers, id, at, counts, overlay: None };
        let remembered =
            |route: &Route| consent::remembered(headers, route.into(), self.keys_at(at).iter().map(AsRef::as_ref));
        let decision = visit::decide(&found, &visitor, at, |route| match &answer {
            Some(answer) => Some(answer.granted),
            None => remembered(route),
        });
        let mut response = visit.carry_out(decision).await;
        if let (Some(answer), Found::Link(route)) = (&answer, &found) {
            let (key, keys) = (visit.key(), self.keys_at(at));
            let keys = keys.iter().map(AsRef::as_ref);
            let cookie =
                consent::remember(headers, route.as_ref().into(), answer.granted, &key, keys, is_local_host(&host));
            response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        }
        response
    }

    /// The answer in a form, where it is one to a question about this link.
    fn answered(
        &self,
        form: &consent::Form,
        found: &Found,
        headers: &HeaderMap,
        host: &Host,
        at: i64,
    ) -> Option<consent::Answer> {
        let Found::Link(route) = found else { return None };
        let keys = self.keys_at(at);
        consent::answer(form, route.link.link_id, headers, host, keys.iter().map(AsRef::as_ref), at)
    }

    /// The secrets that something signed lately may bear: today's or, just before midnight, yesterday's; or this process's
    /// own, while the day's was not there yet.
    fn keys_at(&self, at: i64) -> Vec<Arc<[u8; 32]>> {
        let today = day_of(at);
        [self.keys.of(today), self.keys.of(today - 1), Some(self.keys.current())].into_iter().flatten().collect()
    }

    async fn receipt(&self, request: Request) -> Response {
        let now = self.clock.now();
        let keys = self.keys_at(now);
        match receipt::read(request, keys.iter().map(AsRef::as_ref), now, &self.spent).await {
            Ok(receipt) => {
                self.recorder.record(Event::Receipt(Box::new(receipt))).await;
                answer::empty(StatusCode::NO_CONTENT)
            }
            Err(receipt::Refused::Malformed) => answer::empty(StatusCode::BAD_REQUEST),
            Err(receipt::Refused::Forbidden) => answer::empty(StatusCode::FORBIDDEN),
        }
    }

    fn redirect_or<'a>(
        &self,
        location: Option<String>,
        page: Unavailable,
        voice: impl FnOnce() -> Voice<'a>,
    ) -> Response {
        match location.and_then(|location| HeaderValue::try_from(location).ok()) {
            Some(location) => answer::redirect(location),
            None => self.unavailable(page, voice()),
        }
    }

    fn unavailable(&self, reason: Unavailable, voice: Voice<'_>) -> Response {
        answer::unavailable(&self.pages, reason, voice)
    }
}

/// One visit that was decided.
struct Visit<'a> {
    server: &'a Server,
    visitor: &'a Visitor<'a>,
    headers: &'a HeaderMap,
    id: Uuid,
    at: i64,
    /// Whether it leaves a click.
    counts: bool,
    /// The networks of the page, for a preview: it stays and shows what became of them.
    overlay: Option<&'a str>,
}

impl Visit<'_> {
    async fn carry_out(&self, decision: Decision<'_>) -> Response {
        match decision {
            Decision::Unknown { fallback } => {
                let location = fallback.and_then(|fallback| Target::of_domain(fallback, self.server.reach));
                self.server.redirect_or(location, Unavailable::Unknown, || self.voice(None))
            }
            Decision::Refuse { route, reason } => {
                self.record(route, Outcome { exclusion: Some(reason), ..Outcome::default() }).await;
                let page = if reason == Exclusion::NotStarted { Unavailable::NotStarted } else { Unavailable::Gone };
                // what the operator switched off leads nowhere at all
                let fallback = route.fallback.as_ref().filter(|_| reason != Exclusion::Disabled);
                let location = fallback.map(|target| target.fill(self.filling()));
                self.server.redirect_or(location, page, || self.voice(Some(route)))
            }
            Decision::AskAgain => answer::ask_again(),
            Decision::Card { route, card } => {
                let exclusion = self.visitor.exclusion;
                self.record(route, Outcome { exclusion, ..Outcome::default() }).await;
                let voice = self.voice(Some(route));
                answer::card(card, &Values { nonce: &nonce(), voice, ..Values::default() })
            }
            Decision::Redirect { route, target, exclusion, pixels_refused, consent } => {
                let refused = if pixels_refused { route.pixels.as_slice() } else { &[] };
                self.record(route, Outcome { exclusion, refused, pixels: &[], consent }).await;
                match &route.location {
                    Some(location) if self.visitor.query.is_empty() => answer::redirect(location.clone()),
                    _ => {
                        let location = Some(target.fill(self.filling()));
                        self.server.redirect_or(location, Unavailable::Unknown, || self.voice(None))
                    }
                }
            }
            Decision::Ask { route, question } => self.ask(route, question),
            Decision::Fire { route, target, page, consent } => self.fire(route, target, page, consent).await,
        }
    }

    /// What a page says in its own words; made only where there is a page.
    fn voice<'a>(&self, route: Option<&'a Route>) -> Voice<'a> {
        let language = preferred(self.headers);
        route.map_or(Voice { language, ..Voice::default() }, |route| route.voice(language))
    }

    fn filling(&self) -> Filling<'_> {
        Filling {
            click_id: self.id,
            country: self.visitor.place.country.as_deref(),
            device: self.visitor.agent.device.name(),
            query: self.visitor.query,
        }
    }

    /// Waits until the click is in the local log; a visit that does not count leaves none.
    async fn record(&self, route: &Route, outcome: Outcome<'_>) {
        if self.counts {
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

    fn ask(&self, route: &Route, question: &Question) -> Response {
        let referrer = self.visitor.referrer.as_deref();
        let values = Values {
            nonce: &nonce(),
            token: &consent::question(self.id, route.link.link_id, referrer, &self.key()),
            voice: self.voice(Some(route)),
            ..Values::default()
        };
        answer::question(question, &values)
    }

    async fn fire(&self, route: &Route, target: &Target, page: &Interstitial, consent: Consent) -> Response {
        let click = self.click(route, Outcome { pixels: &route.pixels, consent, ..Outcome::default() });
        let destination = target.fill(self.filling());
        let waits = self.overlay.is_some() || rand::random_range(0..10_000) < route.tenant.policy.confirm_share;
        let values = Values {
            nonce: &nonce(),
            click_id: self.id,
            token: &token::make(&click, &self.key(), self.counts, |place| waits || page.watches(place)),
            waits,
            at: self.at,
            destination: &destination,
            granted: consent == Consent::Granted,
            limited: consent == Consent::Limited,
            voice: self.voice(Some(route)),
            signals: Some(&Signals::read(self.visitor.query)),
            overlay: self.overlay,
        };
        let response = answer::interstitial(page, &values);
        if self.counts {
            self.server.recorder.record(Event::Click(Box::new(click))).await;
        }
        response
    }
}

/// What lets the styles and scripts of one answer in.
fn nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The host that was asked: of the address where it has one (HTTP/2, proxies), else of the `Host` header.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<Host> {
    let text = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => headers.get(header::HOST)?.to_str().ok()?,
    };
    Host::parse(text).ok()
}

/// Sends a browser to the address that it asked for, with what it brought.
fn again(slug: Option<&Slug>, query: Option<&str>) -> Response {
    let Some(slug) = slug else { return answer::not_allowed("GET, HEAD") };
    let location = query.map_or_else(|| format!("/{slug}"), |query| format!("/{slug}?{query}"));
    HeaderValue::try_from(location).map_or_else(|_| answer::empty(StatusCode::BAD_REQUEST), answer::see_other)
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
