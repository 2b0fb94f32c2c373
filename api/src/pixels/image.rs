//! The address of a tenant's own image pixel: a full address with macros that the redirector fills in for each visit.
//! It may stand in a page of ours, so it is held to more than a destination: no way to write markup, no macro in the
//! host.

use crate::error::Code;
use contract::{
    address::Host,
    destination::{Reach, is_local},
};
use url::Url;

/// Longest address, in bytes.
const MAX_IMAGE: usize = 2_000;
/// What the redirector fills in.
const MACROS: [&str; 7] = ["cachebuster", "timestamp", "click_id", "link_id", "short_url", "destination", CONSENT];
/// The one that becomes further parameters, each with its `&`.
const CONSENT: &str = "consent";

/// Checks an address and gives the host it names.
///
/// # Errors
/// The first rule it breaks.
pub(super) fn check(text: &str, reach: Reach) -> Result<Host, (Code, String)> {
    let invalid = |rule: &str| (Code::Invalid, rule.to_owned());
    if text.len() > MAX_IMAGE {
        return Err((Code::TooLong, format!("must be at most {MAX_IMAGE} characters long")));
    }
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\".contains(&byte);
    if !text.bytes().all(plain) {
        return Err(invalid(
            "must be written in printable ASCII without quotes, backslashes, < and >; percent-encode others",
        ));
    }
    let schemes =
        if reach == Reach::Local { "must start with https:// or http://" } else { "must start with https://" };
    let (scheme, rest) = text.split_once("://").ok_or_else(|| invalid(schemes))?;
    if scheme != "https" && !(reach == Reach::Local && scheme == "http") {
        return Err(invalid(schemes));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(invalid("must be an absolute address, such as https://t.example.com/p.gif"));
    }
    if authority.contains(['{', '}']) {
        return Err(invalid("must not have macros in its host"));
    }
    let filled = fill(text)?;
    let url =
        Url::parse(&filled).map_err(|_| invalid("must be an absolute address, such as https://t.example.com/p.gif"))?;
    if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("must not carry a user name or password"));
    }
    if reach == Reach::Public && is_local(&url) {
        return Err(invalid("must name a public host, not an IP address or a local name"));
    }
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Host::parse(&host).map_err(|_| invalid("must name a host"))
}

/// Replaces every macro by a digit, to see what is left.
fn fill(text: &str) -> Result<String, (Code, String)> {
    let wrong = |rule: String| (Code::Invalid, rule);
    let mut filled = String::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(open);
        let close = from.find('}').filter(|close| *close > 0);
        let close = close.ok_or_else(|| wrong("has a brace without its partner".to_owned()))?;
        let name = &from[1..close];
        if !MACROS.contains(&name) {
            return Err(wrong(format!("has an unknown macro {{{name}}}; known are {}", MACROS.join(", "))));
        }
        filled.push_str(before);
        if name == CONSENT && (!filled.contains('?') || filled.contains('#')) {
            return Err(wrong(format!("must have {{{CONSENT}}} in its query, after another parameter")));
        }
        filled.push('0');
        rest = &from[close + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_known_macros_passes() {
        let host = check("https://T.example.com:8443/p.gif?c={click_id}&cb={cachebuster}#x", Reach::Public);
        assert_eq!(host.map(String::from), Ok("t.example.com:8443".to_owned()));
        let host = check("http://127.0.0.1:9000/p.gif?u={short_url}", Reach::Local);
        assert_eq!(host.map(String::from), Ok("127.0.0.1:9000".to_owned()));
        assert!(check("https://t.example.com", Reach::Public).is_ok());
        assert!(check("https://t.example.com/p.gif?c={click_id}{consent}&x#{short_url}", Reach::Public).is_ok());
    }

    #[test]
    fn what_could_reach_elsewhere_or_break_out_is_refused() {
        for (text, part) in [
            ("", "https://"),
            ("//t.example.com/p.gif", "https://"),
            ("http://t.example.com/p.gif", "https://"),
            ("javascript://t.example.com/%0aalert(1)", "https://"),
            ("https://t.example.com/p.gif?\"onload=alert(1)", "printable"),
            ("https://t.example.com/ä", "printable"),
            ("https://t.example.com/a b", "printable"),
            ("https://t.example.com\\@evil.example/", "printable"),
            ("https://{click_id}.example.com/p.gif", "macros in its host"),
            ("https://t.example.com{click_id}/p.gif", "macros in its host"),
            ("https://me:secret@t.example.com/p.gif", "user name"),
            ("https://@t.example.com/p.gif", "user name"),
            ("https://10.0.0.1/p.gif", "public host"),
            ("https://2130706433/p.gif", "public host"),
            ("https://[::1]/p.gif", "public host"),
            ("https://localhost/p.gif", "public host"),
            ("https://t.example.com/{nothing}", "unknown macro"),
            ("https://t.example.com/{consent}?a", "in its query"),
            ("https://t.example.com/?a#{consent}", "in its query"),
            ("https://t.example.com/{", "brace"),
            ("https://t.example.com/}", "brace"),
            ("https://", "absolute"),
            ("https:///{click_id}.example.com/", "absolute"),
        ] {
            let error = check(text, Reach::Public).unwrap_err();
            assert!(error.1.contains(part), "{text}: {}", error.1);
        }
        let long = format!("https://t.example.com/{}", "a".repeat(MAX_IMAGE));
        assert_eq!(check(&long, Reach::Public).unwrap_err().0, Code::TooLong);
    }
}
