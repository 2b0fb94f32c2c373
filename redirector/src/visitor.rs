//! Who comes: from a request's head and the peer's address to what may be known and kept of a visitor. The HTTP handler
//! calls it once a visit. Headers are a stranger's: whatever they hold, the result is bounded, and nothing here fails.
//! The full address is used for the country alone; only the cut one leaves this room.

pub mod agent;
pub mod geo;
pub mod language;
pub mod query;
pub mod signals;

pub use agent::{Agent, Agents};
pub use contract::proxies::TrustedProxies;
pub use geo::{Geo, GeoError, Place};
pub use query::Query;
pub use signals::Signals;

use contract::{
    address::Host,
    click::Exclusion,
    proxies::{FORWARDED_FOR, cut},
};
use poem::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::{net::IpAddr, sync::Arc};

/// Longest host of a referrer that is kept, in bytes.
const MAX_REFERRER: usize = 100;
/// Longest language that is kept, in bytes.
const MAX_LANGUAGE: usize = 8;

const SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");
/// What a browser wants the answer for, and whether somebody's hand asked for it
/// (<https://www.w3.org/TR/fetch-metadata/>).
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_USER: HeaderName = HeaderName::from_static("sec-fetch-user");
/// Where browsers say that nobody has asked for the page yet: `Sec-Purpose` (Chromium, Firefox), the others before it.
pub(crate) const PURPOSES: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-moz"),
    HeaderName::from_static("x-purpose"),
];

/// What visitors are looked up in.
#[derive(Clone, Copy)]
pub struct Registers<'a> {
    /// User agents met so far.
    pub agents: &'a Agents,
    /// Where addresses are.
    pub geo: &'a Geo,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: &'a TrustedProxies,
}

/// A visitor, as far as one may be known.
#[derive(Debug, Clone)]
pub struct Visitor<'a> {
    /// The user agent, reduced to families.
    pub agent: Arc<Agent>,
    /// The user agent as it came, for the visitor's key of the day only.
    pub user_agent: &'a [u8],
    /// The address, cut to /24 or /48; `None` where the peer has none.
    pub address: Option<IpAddr>,
    /// Where the full address is.
    pub place: Place,
    /// Why it is no person's visit; `None` for a person's. What a page loads by itself, as a picture, a fetch or a frame,
    /// nobody has clicked.
    pub exclusion: Option<Exclusion>,
    /// Whether the answer is shown as a page of its own: not in a frame, where a browser shows none of ours.
    pub shows_pages: bool,
    /// Host of the referrer.
    pub referrer: Option<String>,
    /// First language, without region.
    pub language: Option<String>,
    /// Whether a browser only looks ahead: prefetch or prerender.
    pub looks_ahead: bool,
    /// Whether a Global Privacy Control signal came along.
    pub refuses: bool,
    /// The query of the visit.
    pub query: Query<'a>,
}

impl<'a> Visitor<'a> {
    /// Reads a visitor from the head of the request and the address it came from.
    #[must_use]
    pub fn read(
        headers: &'a HeaderMap,
        query: Option<&'a str>,
        peer: Option<IpAddr>,
        registers: Registers<'_>,
    ) -> Self {
        let user_agent = headers.get(header::USER_AGENT).map_or(&b""[..], HeaderValue::as_bytes);
        let lines = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("?"));
        let address = peer.map(|peer| registers.trusted_proxies.client(peer, lines));
        let agent = registers.agents.classify(user_agent);
        let shows_pages = headers.get(&SEC_FETCH_DEST).is_none_or(|wanted| wanted.as_bytes() == b"document");
        let is_by_hand = headers.get(&SEC_FETCH_USER).is_some_and(|value| value.as_bytes() == b"?1");
        Self {
            exclusion: agent.exclusion.or((!shows_pages && !is_by_hand).then_some(Exclusion::Bot)),
            shows_pages,
            agent,
            user_agent,
            address: address.map(cut),
            place: address.map_or_else(Place::default, |address| registers.geo.place(address)),
            referrer: text(headers, &header::REFERER).and_then(referrer_host),
            language: text(headers, &header::ACCEPT_LANGUAGE).and_then(first_language),
            looks_ahead: PURPOSES.iter().any(|name| headers.get(name).is_some_and(looks_ahead)),
            // https://www.w3.org/TR/gpc/: the value is exactly "1"
            refuses: headers.get(&SEC_GPC).is_some_and(|value| value.as_bytes() == b"1"),
            query: Query::new(query.unwrap_or_default()),
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn looks_ahead(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    contains(value, b"prefetch") || contains(value, b"prerender") || value.eq_ignore_ascii_case(b"preview")
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

fn referrer_host(referrer: &str) -> Option<String> {
    let (_, rest) = referrer.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = Host::parse(host).ok()?;
    (host.name().len() <= MAX_REFERRER).then(|| host.name().to_owned())
}

fn first_language(languages: &str) -> Option<String> {
    let first = languages.split([',', ';', '-', '_']).next()?.trim();
    let sound = (2..=MAX_LANGUAGE).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    sound.then(|| first.to_ascii_lowercase())
}

/// Cuts a text to at most `limit` bytes, between characters.
#[must_use]
pub fn capped(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &HeaderMap) -> Visitor<'_> {
        let (agents, geo, trusted_proxies) = (Agents::new(), Geo::none(), TrustedProxies::default());
        let registers = Registers { agents: &agents, geo: &geo, trusted_proxies: &trusted_proxies };
        Visitor::read(headers, Some("a=1"), "203.0.113.77".parse().ok(), registers)
    }

    #[test]
    fn a_head_becomes_a_visitor() {
        let mut headers = HeaderMap::new();
        headers.insert(header::REFERER, HeaderValue::from_static("https://me@News.Example.com:444/x?y@z"));
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("de-CH,de;q=0.9"));
        headers.insert("sec-gpc", HeaderValue::from_static("1"));
        headers.insert("sec-purpose", HeaderValue::from_static("Prefetch;prerender"));
        let visitor = read(&headers);
        assert_eq!(visitor.referrer.as_deref(), Some("news.example.com"));
        assert_eq!(visitor.language.as_deref(), Some("de"));
        assert_eq!(visitor.address, "203.0.113.0".parse().ok());
        assert!(visitor.refuses && visitor.looks_ahead);
    }

    #[test]
    fn what_a_page_loads_by_itself_is_no_persons_visit() {
        let read = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers
                .insert(header::USER_AGENT, HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64) Firefox/126.0"));
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            let visitor = read(&headers);
            (visitor.exclusion, visitor.shows_pages)
        };
        assert_eq!(read(&[]), (None, true));
        assert_eq!(read(&[("sec-fetch-dest", "document")]), (None, true));
        for wanted in ["image", "empty", "script", "iframe", "embed", "something new"] {
            assert_eq!(read(&[("sec-fetch-dest", wanted)]), (Some(Exclusion::Bot), false), "{wanted}");
        }
        let clicked_in_a_frame = [("sec-fetch-dest", "iframe"), ("sec-fetch-user", "?1")];
        assert_eq!(read(&clicked_in_a_frame), (None, false));
        let crawler = [("user-agent", "Twitterbot/1.0"), ("sec-fetch-dest", "image")];
        assert_eq!(read(&crawler).0, Some(Exclusion::PreviewCrawler));
    }

    #[test]
    fn hostile_headers_become_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_bytes(&[b'\xff'; 9_000]).unwrap());
        headers.insert(header::REFERER, HeaderValue::from_bytes(b"https://\xff\xfe/").unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("*"));
        headers.insert("sec-gpc", HeaderValue::from_static("1, 1"));
        let visitor = read(&headers);
        assert_eq!((visitor.referrer, visitor.language), (None, None));
        assert!(!visitor.refuses && !visitor.looks_ahead);
        for bad in ["", "https://", "nonsense", "https://a b/", "://", "about:blank"] {
            assert_eq!(referrer_host(bad), None, "{bad}");
        }
        assert_eq!(referrer_host(&format!("https://{}.example/", "a".repeat(200))), None);
        assert_eq!(referrer_host("android-app://com.slack/").as_deref(), Some("com.slack"));
        for bad in ["", "x", "1234", "toolongatag", "d\u{e9}"] {
            assert_eq!(first_language(bad), None, "{bad}");
        }
    }
}
