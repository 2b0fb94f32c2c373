//! What a visitor would get of a link, asked of a redirector: it alone decides visits and renders pages. The question is
//! sealed with the secret of the day, so that only who may read a link can ask; nothing of it is recorded.

use crate::{
    app::App,
    domains,
    error::{Code, Error, Mistakes},
    links,
    scope::TenantScope,
};
use contract::{
    address::Host,
    clock::{MINUTE, day_of},
    preview::{self, Explanation, Pretended, Preview},
};
use entities::visitor_key;
use reqwest::redirect::Policy;
use std::time::Duration;
use uuid::Uuid;

/// How long a preview's address works.
const LIFE: i64 = 15 * MINUTE;
/// How long the redirector may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest text about a visitor, in bytes.
pub const MAX_TEXT: usize = 500;
/// Longest query, in bytes.
pub const MAX_QUERY: usize = 2_000;

/// Who is pretended to come.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// What the redirector is told in a seal.
    pub pretended: Pretended,
    /// The query of the visit, without its question mark.
    pub query: String,
}

/// What a visitor would get.
#[derive(Debug, Clone)]
pub struct Previewed {
    /// It.
    pub explanation: Explanation,
    /// Address that shows the same in a browser, with an overlay of what fires.
    pub url: String,
    /// From when on that address is one like any other.
    pub expires_at: i64,
}

/// Asks redirectors; one for all previews, so that connections are kept.
#[derive(Debug, Clone)]
pub struct Redirectors {
    http: Option<reqwest::Client>,
}

impl Redirectors {
    /// Has asked none yet. Whatever a redirector answers, nobody is followed to where a tenant's link leads.
    #[must_use]
    pub fn new() -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).timeout(PATIENCE).build();
        let http =
            http.inspect_err(|error| tracing::warn!(%error, "no redirector can be asked: there are no previews"));
        Self { http: http.ok() }
    }
}

impl Default for Redirectors {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks what a visitor would get of a link.
///
/// # Errors
/// `NOT_FOUND` in `linkId`, `INVALID` in it for one on a domain that serves nothing; mistakes in `visitor`; a fault where no redirector answers.
pub async fn preview(app: &App, scope: TenantScope, link_id: Uuid, visitor: Visitor) -> Result<Previewed, Error> {
    check(&visitor)?;
    let link = links::find(&app.db, scope, link_id).await?;
    let host = domains::serving_host(app.db.read(), link.domain_id).await?;
    let idle = || Error::mistake("linkId", Code::Invalid, "lives on a domain that is not verified: it serves nothing");
    let host = host.ok_or_else(idle)?;
    let now = app.clock.now();
    let preview = Preview { link_id: link.id, expires_at: now + LIFE, visitor: visitor.pretended };
    // the keys that visitors are hashed under are no caller's to read
    let key = visitor_key::insert_if_absent(app.db.everywhere().write(), day_of(now), rand::random()).await?;
    let sealed = preview.seal(&key);
    let separator = if visitor.query.is_empty() { "" } else { "&" };
    // in front: the redirector takes the first of that name, and looks at so many parameters only
    let path = format!("/{}?{}={sealed}{separator}{}", link.slug, preview::PARAMETER, visitor.query);
    let scheme = if app.rules.https { "https" } else { "http" };
    Ok(Previewed {
        explanation: ask(app, &host, &path).await?,
        url: format!("{scheme}://{host}{path}"),
        expires_at: preview.expires_at,
    })
}

fn check(visitor: &Visitor) -> Result<(), Error> {
    let mut mistakes = Mistakes::default();
    let Pretended { country, region, city, user_agent, language, .. } = &visitor.pretended;
    let letters = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    if country.as_deref().is_some_and(|country| !letters(country, 2..=2)) {
        mistakes.add("visitor.country", Code::Invalid, "must be two capital letters, such as DE");
    }
    if region.as_deref().is_some_and(|region| !letters(region, 1..=3)) {
        mistakes.add("visitor.region", Code::Invalid, "must be the part of ISO 3166-2 after the dash, such as CA");
    }
    for (field, text) in [("city", city), ("userAgent", user_agent), ("language", language)] {
        let Some(text) = text else { continue };
        let field = format!("visitor.{field}");
        if text.len() > MAX_TEXT {
            mistakes.add(&field, Code::TooLong, format!("must have at most {MAX_TEXT} bytes"));
        } else if text.contains(char::is_control) {
            mistakes.add(&field, Code::Invalid, "must not hold control characters");
        }
    }
    let query = &visitor.query;
    if query.len() > MAX_QUERY {
        mistakes.add("visitor.query", Code::TooLong, format!("must have at most {MAX_QUERY} bytes"));
    } else if !query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        mistakes.add("visitor.query", Code::Invalid, "must be percent-encoded, as it stands in an address");
    }
    mistakes.check()
}

/// The redirector's own explanation of a visit.
async fn ask(app: &App, host: &Host, path: &str) -> Result<Explanation, Error> {
    let fault = |error: reqwest::Error| Error::Fault(format!("the redirector explains no visit: {error}"));
    let http = app.redirectors.http.as_ref().ok_or_else(|| Error::Fault("no redirector can be asked".to_owned()))?;
    let request =
        http.get(format!("{}{path}", app.rules.redirector)).header("host", host.as_str()).header(preview::EXPLAIN, "1");
    let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(fault)?;
    answer.json().await.map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_visitor_is_told_whole() {
        let text = |text: &str| Some(text.to_owned());
        let pretended = Pretended {
            country: text("de"),
            region: text("California"),
            city: text("a\nb"),
            user_agent: text(&"x".repeat(MAX_TEXT + 1)),
            language: text("de"),
            gpc: false,
            consent: None,
        };
        let Err(Error::Mistakes(mistakes)) = check(&Visitor { pretended, query: "a=ä".to_owned() }) else { panic!() };
        let fields: Vec<_> = mistakes.iter().map(|mistake| mistake.field.join(".")).collect();
        let expected = ["country", "region", "city", "userAgent", "query"].map(|field| format!("visitor.{field}"));
        assert_eq!(fields, expected);
        assert!(check(&Visitor { query: "utm_source=a%20b&x".to_owned(), ..Visitor::default() }).is_ok());
    }
}
