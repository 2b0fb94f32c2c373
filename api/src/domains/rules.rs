//! What a domain of a tenant's own may be called and where its unknown slugs may go. Pure; each check notes what is wrong
//! and goes on.

use crate::{
    app::Rules,
    error::{Code, Mistake},
    links::{check::plain_address, text::mistake},
};
use contract::{
    address::{AddressError, Host},
    destination::{Destination, Reach, is_local},
};
use url::Url;

/// Most domains of a tenant, verified or not.
pub const MAX_DOMAINS: usize = 50;
/// What stands before a host in the name of the record that proves it.
const RECORD: &str = "_stopover.";
/// What stands before the token in that record.
const VALUE: &str = "stopover-verification=";
/// Longest name in the DNS, in characters; RFC 1035 section 3.1.
const MAX_NAME: usize = 253;

/// The name of the record that proves a host.
#[must_use]
pub fn record_name(host: &Host) -> String {
    format!("{RECORD}{}", host.name())
}

/// What that record must hold.
#[must_use]
pub fn record_value(token: &str) -> String {
    format!("{VALUE}{token}")
}

/// Checks a host that a tenant wants to have.
pub(super) fn host(text: &str, rules: &Rules, mistakes: &mut Vec<Mistake>) -> Option<Host> {
    let host = match Host::parse(text) {
        Ok(host) => host,
        Err(error) => {
            let code = if error == AddressError::TooLong { Code::TooLong } else { Code::Invalid };
            mistakes.push(mistake(["host"], code, error.to_string()));
            return None;
        }
    };
    let problem = problem(&host, rules);
    if let Some((code, rule)) = problem {
        mistakes.push(mistake(["host"], code, rule));
    }
    problem.is_none().then_some(host)
}

fn problem(host: &Host, rules: &Rules) -> Option<(Code, &'static str)> {
    let name = host.name();
    let url = Url::parse(&format!("http://{host}/")).ok();
    if !matches!(url.as_ref().and_then(Url::host), Some(url::Host::Domain(_))) || !name.split('.').all(is_label) {
        return Some((Code::Invalid, "must be a host name, such as go.example.com, and not an IP address"));
    }
    if name.len() + RECORD.len() > MAX_NAME {
        return Some((Code::TooLong, "is too long to have a DNS record below it"));
    }
    if rules.reach == Reach::Public && host.as_str() != name {
        return Some((Code::Invalid, "must not have a port"));
    }
    if rules.reach == Reach::Public && url.is_none_or(|url| is_local(&url)) {
        return Some((Code::Invalid, "must be a name on the public internet, not a local one"));
    }
    let default = rules.default_domain.name();
    if name == default || name.strip_suffix(default).is_some_and(|above| above.ends_with('.')) {
        return Some((Code::Invalid, "belongs to the operator of this server"));
    }
    None
}

/// Letters, digits and hyphens: RFC 1123 section 2.1.
fn is_label(label: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(good)
}

/// Checks where unknown slugs go; an empty text means nowhere.
pub(super) fn fallback(text: &str, reach: Reach, mistakes: &mut Vec<Mistake>) -> Option<Destination> {
    if text.trim().is_empty() { None } else { plain_address(&["fallback"], text, reach, mistakes) }
}

/// The mistake of a fallback that leads to where links live.
pub(super) fn in_circles() -> Mistake {
    let rule = "must not lead to a domain that serves links: a visit could go in circles";
    mistake(["fallback"], Code::Invalid, rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, reach: Reach) -> Result<String, Code> {
        let default_domain = Host::parse("go.example.com").unwrap();
        let (redirector, trusted_proxies) = (String::new(), contract::proxies::TrustedProxies::default());
        let allowed_origins = crate::origins::Origins::default();
        let rules = Rules {
            default_domain,
            https: true,
            reach,
            redirector,
            trusted_proxies,
            allowed_origins,
            open_sign_up: true,
            public_url: None,
        };
        let mut mistakes = Vec::new();
        let host = host(text, &rules, &mut mistakes);
        assert!(mistakes.iter().all(|mistake| mistake.field == ["host"]));
        host.map(String::from).ok_or_else(|| mistakes[0].code)
    }

    #[test]
    fn a_host_is_a_name_on_the_internet_that_is_not_ours() {
        for (given, kept) in [
            (" Links.Acme.Example. ", "links.acme.example"),
            ("links.acme.example:443", "links.acme.example"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("example.com", "example.com"),
            ("ago.example.com", "ago.example.com"),
        ] {
            assert_eq!(checked(given, Reach::Public).as_deref(), Ok(kept), "{given}");
        }
        for bad in [
            "",
            "a b",
            "http://a.example/",
            "a.example/x",
            "127.0.0.1",
            "2130706433",
            "[::1]",
            "localhost",
            "router",
            "db.internal",
            "a.example:8080",
            "go.example.com",
            "x.go.example.com",
            "*.acme.example",
            "a_b.acme.example",
            "-a.acme.example",
            "a..example",
        ] {
            assert_eq!(checked(bad, Reach::Public), Err(Code::Invalid), "{bad}");
        }
        // 243 characters, and 253 with what stands before them in the DNS
        let long =
            format!("aaa.{}.example", ["a".repeat(57), "b".repeat(57), "c".repeat(57), "d".repeat(57)].join("."));
        assert_eq!(checked(&long, Reach::Public), Ok(long.clone()));
        assert_eq!(checked(&format!("a{long}"), Reach::Public), Err(Code::TooLong));
    }

    #[test]
    fn a_closed_network_may_have_local_names_and_ports_but_no_addresses() {
        assert_eq!(checked("links.lan:8081", Reach::Local).as_deref(), Ok("links.lan:8081"));
        assert_eq!(checked("127.0.0.1:8081", Reach::Local), Err(Code::Invalid));
        let host = Host::parse("links.lan:8081").unwrap();
        assert_eq!(record_name(&host), "_stopover.links.lan");
        assert_eq!(record_value("abc"), "stopover-verification=abc");
    }

    #[test]
    fn a_fallback_is_an_address_without_merge_fields_or_nothing() {
        let mut mistakes = Vec::new();
        assert_eq!(fallback("  ", Reach::Public, &mut mistakes), None);
        let kept = fallback("https://Acme.example/lost", Reach::Public, &mut mistakes);
        assert_eq!(kept.map(|address| address.as_str().to_owned()).as_deref(), Some("https://acme.example/lost"));
        assert_eq!(mistakes, []);
        for bad in ["nonsense", "https://acme.example/{slug}", "javascript:alert(1)", "http://127.0.0.1/"] {
            assert_eq!(fallback(bad, Reach::Public, &mut mistakes), None, "{bad}");
        }
        assert_eq!(mistakes.len(), 4);
    }
}
