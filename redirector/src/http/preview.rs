//! Previews: a visit whose visitor is pretended. It is decided and answered as the real one would be, leaves no click and
//! no receipt, and stays on the page that fires pixels, with an overlay of what became of them. Asked by the API, it
//! explains itself instead, and without a good seal it gets no answer at all: it is never taken for a visitor. Whoever else
//! comes without one is a visitor like any other.

use super::{Server, Visit};
use crate::{
    lookup::Found,
    visit::{self, Decision},
    visitor::{Place, Query, Registers, Visitor},
};
use contract::{
    click::Exclusion,
    document::PixelDocument,
    network::catalogue,
    preview::{self, EXPLAIN, Explanation, PARAMETER, PixelReason, PixelVerdict, Pretended, Preview},
};
use poem::{
    Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};

/// Most bytes of a page that are explained.
const MAX_PAGE: usize = 512 * 1024;

/// The preview of this link that a visit asks for, if its seal is good.
pub(super) fn asked(server: &Server, query: Option<&str>, found: &Found, at: i64) -> Option<Preview> {
    let query = query.filter(|query| query.contains(PARAMETER))?;
    let Found::Link(route) = found else { return None };
    let sealed = Query::new(query).raw_value(PARAMETER)?;
    let keys = server.keys_at(at);
    let preview = Preview::open(sealed, keys.iter().map(AsRef::as_ref), at)?;
    (preview.link_id == route.link.link_id).then_some(preview)
}

/// Answers a preview.
pub(super) async fn answer(server: &Server, request: &Request, found: &Found, preview: Preview, at: i64) -> Response {
    let headers = pretend(request.headers(), &preview.visitor);
    let pairs = Query::new(request.uri().query().unwrap_or_default());
    let query = pairs.pairs().filter(|pair| pair.name != PARAMETER).map(|pair| pair.raw);
    let query = query.collect::<Vec<_>>().join("&");
    let peer = request.remote_addr().as_socket_addr().map(std::net::SocketAddr::ip);
    let registers = Registers { agents: &server.agents, geo: &server.geo, trusted_proxies: &server.trusted_proxies };
    let mut visitor = Visitor::read(&headers, Some(&query), peer, registers);
    let Pretended { country, region, city, consent, .. } = preview.visitor;
    if country.is_some() {
        visitor.place = Place { country, region, city };
    }
    let decision = visit::decide(found, &visitor, at, |_| consent);
    let verdicts = verdicts(found, &decision);
    let decided = named(&decision);
    let names = names(found);
    let visit = Visit {
        server,
        visitor: &visitor,
        headers: &headers,
        id: server.ids.draw(at),
        at,
        counts: false,
        overlay: Some(&names),
    };
    let response = visit.carry_out(decision).await;
    if request.headers().contains_key(EXPLAIN) { explain(response, decided, verdicts).await } else { response }
}

/// The head of the request as the pretended visitor would send it.
fn pretend(headers: &HeaderMap, visitor: &Pretended) -> HeaderMap {
    let mut headers = headers.clone();
    let gpc = HeaderName::from_static("sec-gpc");
    for name in [&gpc, &header::COOKIE] {
        headers.remove(name);
    }
    for name in crate::visitor::PURPOSES {
        headers.remove(name);
    }
    if visitor.gpc {
        headers.insert(gpc, HeaderValue::from_static("1"));
    }
    for (name, value) in [(header::USER_AGENT, &visitor.user_agent), (header::ACCEPT_LANGUAGE, &visitor.language)] {
        let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) else { continue };
        headers.insert(name, value);
    }
    headers
}

/// The networks of the link's page, as the overlay's script lists them.
fn names(found: &Found) -> String {
    let Found::Link(route) = found else { return "[]".to_owned() };
    let name = |id: &uuid::Uuid| {
        let pixel = route.tenant.pixels.iter().find(|pixel| pixel.pixel_id == *id)?;
        Some(catalogue().get(&pixel.network)?.name.as_str())
    };
    let names: Vec<&str> = route.pixels.iter().map(|id| name(id).unwrap_or_default()).collect();
    // names of the catalogue: nothing in them ends a script
    serde_json::to_string(&names).unwrap_or_default()
}

fn named(decision: &Decision<'_>) -> preview::Decision {
    match decision {
        Decision::Unknown { .. } => preview::Decision::Unknown,
        Decision::Refuse { reason: Exclusion::NotStarted, .. } => preview::Decision::Unknown,
        Decision::Refuse { .. } => preview::Decision::Refused,
        Decision::AskAgain => preview::Decision::AskAgain,
        Decision::Card { .. } => preview::Decision::Card,
        Decision::Redirect { .. } => preview::Decision::Redirect,
        Decision::Ask { .. } => preview::Decision::AskConsent,
        Decision::Fire { .. } => preview::Decision::Fire,
    }
}

/// Why each pixel of the tenant fires on this visit, or does not.
fn verdicts(found: &Found, decision: &Decision<'_>) -> Vec<PixelVerdict> {
    let Found::Link(route) = found else { return Vec::new() };
    let on_visit = match decision {
        Decision::Fire { .. } => PixelReason::Fires,
        Decision::Ask { .. } => PixelReason::Unasked,
        Decision::Redirect { pixels_refused: true, .. } => PixelReason::Refused,
        _ => PixelReason::NoPage,
    };
    let verdict = |pixel: &PixelDocument| PixelVerdict {
        pixel_id: pixel.pixel_id,
        reason: route.idle(pixel).unwrap_or(on_visit),
    };
    route.tenant.pixels.iter().map(verdict).collect()
}

async fn explain(mut response: Response, decision: preview::Decision, pixels: Vec<PixelVerdict>) -> Response {
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = response.headers().iter().map(header).collect();
    let body = response.take_body().into_bytes_limit(MAX_PAGE).await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let explanation = Explanation { decision, status: response.status().as_u16(), headers, body, pixels };
    let text = serde_json::to_string(&explanation).unwrap_or_default();
    let mut response = super::answer::empty(StatusCode::OK);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.set_body(text);
    response
}
