//! Answers to the question for consent: the token of a question, the form that comes back, and the cookie that remembers
//! the answer. Everything is signed with the secret of its day, so a question's answer comes from a page of ours, and a
//! cookie tells nothing of anybody: all who answered alike hold the same. It is of one tenant on one domain, and after
//! a day it counts no more.

use crate::page::Route;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use contract::{
    address::Host,
    clock::{HOUR, SECOND},
    seal::{Key, SIGNATURE, open, seal, sign},
};
use poem::{
    Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use std::time::Duration;
use uuid::Uuid;

/// The cookie's name.
const COOKIE: &str = "stopover_consent";
/// Most answers in it.
const MAX_ANSWERS: usize = 20;
/// Characters of one answer: the choice, and a signature in base64.
const ANSWER: usize = 1 + (SIGNATURE * 8).div_ceil(6);
/// Most bytes of a form.
const MAX_FORM: usize = 1024;
/// How long a form may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
/// How old a question may be.
const MAX_AGE: i64 = HOUR;
/// How far ahead the clock of the redirector that asked may be.
const MAX_AHEAD: i64 = 5 * SECOND;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the body is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
}

/// A form, as it came.
pub(super) struct Form {
    choice: bool,
    token: String,
}

impl Form {
    /// Reads one; `None` for anything else.
    pub(super) async fn read(body: Body) -> Option<Self> {
        let body = tokio::time::timeout(PATIENCE, body.into_bytes_limit(MAX_FORM)).await.ok()?.ok()?;
        Self::parse(&body)
    }

    /// What was chosen, whoever sent it.
    pub(super) const fn choice(&self) -> bool {
        self.choice
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let (mut choice, mut token) = (None, None);
        for (name, value) in url::form_urlencoded::parse(body) {
            match (&*name, &*value) {
                ("choice", "1") => choice = Some(true),
                ("choice", "0") => choice = Some(false),
                ("token", value) => token = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(Self { choice: choice?, token: token? })
    }
}

/// An answer to a question of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whether the visitor agreed.
    pub(super) granted: bool,
    /// The question, which is answered once.
    pub(super) question: Uuid,
    /// Host of the page that the visitor came to the question from.
    pub(super) referrer: Option<String>,
}

/// Makes the token of a question: letters, digits, `-` and `_`. `id` is a UUID of version 7 and holds the time.
pub(super) fn question(id: Uuid, link_id: Uuid, referrer: Option<&str>, key: &Key) -> String {
    let mut bytes = id.into_bytes().to_vec();
    bytes.extend_from_slice(referrer.unwrap_or_default().as_bytes());
    seal(&about(link_id), bytes, key)
}

/// Reads the answer to a question about this link: `None` when it is not ours, too old, or sent by another site's page.
pub(super) fn answer<'a>(
    form: &Form,
    link_id: Uuid,
    headers: &HeaderMap,
    host: &Host,
    keys: impl Iterator<Item = &'a Key>,
    now: i64,
) -> Option<Answer> {
    if !is_of_our_page(headers, host) {
        return None;
    }
    let payload = open(&about(link_id), &form.token, keys)?;
    let (id, referrer) = payload.split_at_checked(16)?;
    let question = Uuid::from_slice(id).ok()?;
    let asked = i64::try_from(question.as_u128() >> 80).ok()?;
    if !(asked - MAX_AHEAD..=asked + MAX_AGE).contains(&now) {
        return None;
    }
    let referrer = std::str::from_utf8(referrer).ok().filter(|referrer| !referrer.is_empty()).map(str::to_owned);
    Some(Answer { granted: form.choice, question, referrer })
}

/// What a question's token is sealed for: the question about this link.
fn about(link_id: Uuid) -> Vec<u8> {
    [b"question", &link_id.as_bytes()[..]].concat()
}

/// Whether a browser says that one of our pages sent the form, or is too old to say anything.
fn is_of_our_page(headers: &HeaderMap, host: &Host) -> bool {
    if let Some(site) = headers.get(&SEC_FETCH_SITE) {
        return site.as_bytes() == b"same-origin";
    }
    headers.get(header::ORIGIN).is_none_or(|origin| {
        let text = origin.to_str().unwrap_or_default();
        let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        authority.and_then(|authority| Host::parse(authority).ok()).is_some_and(|from| from == *host)
    })
}

/// Who asked, and where: an answer is to one tenant on one domain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    domain_id: Uuid,
    tenant_id: Uuid,
}

impl From<&Route> for Asker {
    fn from(route: &Route) -> Self {
        Self { domain_id: route.domain.domain_id, tenant_id: route.tenant.tenant_id }
    }
}

/// What the visitor answered this tenant on this domain before.
pub(super) fn remembered<'a>(headers: &HeaderMap, asker: Asker, keys: impl Iterator<Item = &'a Key>) -> Option<bool> {
    let answers = cookie(headers)?;
    let known: Vec<[Option<String>; 2]> =
        keys.map(|key| [signed(key, asker, true), signed(key, asker, false)]).collect();
    listed(answers).find_map(|answer| {
        let is = |granted: usize| known.iter().any(|of_key| of_key[granted].as_deref() == Some(answer));
        if is(0) { Some(true) } else { is(1).then_some(false) }
    })
}

/// The cookie with this answer in front of those to other tenants. It is kept by the browser for a day and shown to no
/// script; over plain http, which only a local host is reached by, it cannot be marked as secure.
pub(super) fn remember<'a>(
    headers: &HeaderMap,
    asker: Asker,
    granted: bool,
    key: &Key,
    keys: impl Iterator<Item = &'a Key>,
    is_local: bool,
) -> Option<HeaderValue> {
    let own: Vec<String> =
        keys.flat_map(|key| [true, false].map(|granted| signed(key, asker, granted))).flatten().collect();
    let mut value = signed(key, asker, granted)?;
    let others = cookie(headers).into_iter().flat_map(listed).filter(|answer| !own.iter().any(|own| own == answer));
    for other in others.take(MAX_ANSWERS - 1) {
        value.push('.');
        value.push_str(other);
    }
    let secure = if is_local { "" } else { "; Secure" };
    HeaderValue::try_from(format!("{COOKIE}={value}; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax{secure}")).ok()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|cookies| cookies.split(';')).find_map(|cookie| {
        let (name, value) = cookie.split_once('=')?;
        (name.trim() == COOKIE).then(|| value.trim())
    })
}

/// The sound answers of a cookie.
fn listed(answers: &str) -> impl Iterator<Item = &str> {
    let sound = |answer: &&str| {
        answer.len() == ANSWER && answer.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    answers.split('.').take(MAX_ANSWERS).filter(sound)
}

/// An answer to one asker, as the cookie holds it.
fn signed(key: &Key, asker: Asker, granted: bool) -> Option<String> {
    let choice = if granted { "1" } else { "0" };
    let parts = [choice.as_bytes(), asker.domain_id.as_bytes(), asker.tenant_id.as_bytes()].concat();
    Some(format!("{choice}{}", BASE64_URL_SAFE_NO_PAD.encode(sign(b"consent", &parts, key)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::clock::MINUTE;

    const AT: i64 = 1_700_000_000_000;
    const KEYS: [[u8; 32]; 2] = [[7; 32], [8; 32]];
    const LINK: Uuid = Uuid::from_u128(3);

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn asked() -> Uuid {
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(AT).unwrap(), &[5; 10]).into_uuid()
    }

    fn read(token: &str, link: Uuid, pairs: &[(&'static str, &str)], now: i64) -> Option<Answer> {
        let form = Form::parse(format!("token={token}&choice=1").as_bytes()).unwrap();
        answer(&form, link, &headers(pairs), &Host::parse("go.example.com").unwrap(), KEYS.iter(), now)
    }

    #[test]
    fn an_answer_is_read_from_a_form_of_ours_alone() {
        let token = question(asked(), LINK, Some("news.example.com"), &KEYS[1]);
        let expected = Answer { granted: true, question: asked(), referrer: Some("news.example.com".to_owned()) };
        let ours: [&[_]; 4] = [
            &[],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("origin", "https://go.example.com")],
            &[("origin", "http://Go.Example.com")],
        ];
        for pairs in ours {
            assert_eq!(read(&token, LINK, pairs, AT + MINUTE), Some(expected.clone()), "{pairs:?}");
        }
        for pair in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "null"),
            ("origin", "https://evil.example"),
            ("origin", "https://go.example.com.evil.example"),
        ] {
            assert_eq!(read(&token, LINK, &[pair], AT + MINUTE), None, "{pair:?}");
        }
        assert_eq!(read(&token, Uuid::from_u128(4), &[], AT), None);
        assert_eq!(read(&token, LINK, &[], AT + MAX_AGE + 1), None);
        assert_eq!(read(&token, LINK, &[], AT - MAX_AHEAD - 1), None);
        assert_eq!(read(&question(asked(), LINK, None, &[9; 32]), LINK, &[], AT), None);
        assert_eq!(read(&question(asked(), LINK, None, &KEYS[0]), LINK, &[], AT).unwrap().referrer, None);
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(std::str::from_utf8(&forged).unwrap(), LINK, &[], AT), None, "{at}");
        }
        for short in ["", "AAAA", "%00"] {
            assert_eq!(read(short, LINK, &[], AT), None);
        }
    }

    #[test]
    fn a_form_without_a_choice_is_none() {
        for bad in ["", "choice=1", "token=x", "choice=2&token=x", "choice=&token=x", "\u{0}"] {
            assert!(Form::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(!Form::parse(b"token=x&choice=0&other").unwrap().choice);
        assert!(is_form(&headers(&[("content-type", "Application/x-www-form-urlencoded; charset=utf-8")])));
        assert!(!is_form(&headers(&[("content-type", "multipart/form-data")])) && !is_form(&HeaderMap::new()));
    }

    #[test]
    fn an_answer_is_remembered_for_one_tenant_on_one_domain() {
        let asker = |domain: u128, tenant: u128| Asker {
            domain_id: Uuid::from_u128(domain),
            tenant_id: Uuid::from_u128(tenant),
        };
        let set = |held: &HeaderMap, asker, granted, is_local| {
            let cookie = remember(held, asker, granted, &KEYS[0], KEYS.iter(), is_local).unwrap();
            cookie.to_str().unwrap().to_owned()
        };
        let hold = |cookie: &str| headers(&[("cookie", &format!("a=b; {}; c=d", cookie.split(';').next().unwrap()))]);
        let known = |held: &HeaderMap, asker| remembered(held, asker, KEYS.iter());

        let first = set(&HeaderMap::new(), asker(1, 1), true, false);
        assert!(first.ends_with("; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax; Secure"), "{first}");
        assert!(set(&HeaderMap::new(), asker(1, 1), true, true).ends_with("; SameSite=Lax"));
        let held = hold(&first);
        assert_eq!(known(&held, asker(1, 1)), Some(true));
        assert_eq!((known(&held, asker(1, 2)), known(&held, asker(2, 1))), (None, None));
        assert_eq!(remembered(&held, asker(1, 1), [[9; 32]].iter()), None, "not after its day");

        let both = set(&held, asker(1, 2), false, false);
        assert_eq!((known(&hold(&both), asker(1, 1)), known(&hold(&both), asker(1, 2))), (Some(true), Some(false)));
        let changed = set(&hold(&both), asker(1, 1), false, false);
        assert_eq!(known(&hold(&changed), asker(1, 1)), Some(false));
        assert_eq!(changed.len(), both.len(), "the older answer to the same is gone");

        let mut held = HeaderMap::new();
        for tenant in 0..50 {
            held = hold(&set(&held, asker(1, tenant), true, false));
        }
        assert_eq!(known(&held, asker(1, 49)), Some(true));
        assert_eq!(known(&held, asker(1, 29)), None, "the oldest go first");
        for forged in ["1AAAAAAAAAAAAAAAAAAAAAA", "1", "", "....", &"1".repeat(9_000)] {
            assert_eq!(known(&headers(&[("cookie", &format!("{COOKIE}={forged}"))]), asker(1, 1)), None);
        }
        // a refusal does not turn into an agreement
        let turned = changed.replacen("=0", "=1", 1);
        assert_eq!(known(&hold(&turned), asker(1, 1)), None);
    }
}
