//! What a webhook may be: an address on the public internet, over https, and at least one event. Pure.

use super::event::Event;
use crate::error::{Code, Mistakes};
use contract::destination::{Reach, is_local};
use url::Url;

/// Longest address, in bytes.
pub(super) const MAX_URL: usize = 2_048;

/// Checks an address, and gives it as it is stored. Where it leads is checked again before each connection, by the
/// addresses that its host has then.
pub(super) fn url(text: &str, reach: Reach, mistakes: &mut Mistakes) -> String {
    let text = text.trim();
    if text.len() > MAX_URL {
        mistakes.add("url", Code::TooLong, format!("must be at most {MAX_URL} bytes long"));
        return String::new();
    }
    let Some(mut url) = Url::parse(text).ok().filter(Url::has_host) else {
        let rule = "must be an absolute address, such as https://example.com/stopover";
        mistakes.add("url", Code::Invalid, rule);
        return String::new();
    };
    if let Some(rule) = broken_by(&url, reach) {
        mistakes.add("url", Code::Invalid, rule);
    }
    url.set_fragment(None);
    url.into()
}

/// The rule that an address breaks: of schemes, credentials, hosts and ports. Asked again before each attempt, since the
/// operator may have changed what is allowed.
pub(super) fn broken_by(url: &Url, reach: Reach) -> Option<&'static str> {
    let is_plain = url.scheme() == "http" && reach == Reach::Local;
    // what listens below 1024 speaks something else, and need not be spoken to
    let is_usual = url.port().is_none_or(|port| port == 443 || port >= 1_024);
    if url.scheme() != "https" && !is_plain {
        Some("must start with https://")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("must not carry a user name or password: verify the signature instead")
    } else if reach == Reach::Public && is_local(url) {
        Some("must name a public host, not an IP address or a local name")
    } else if reach == Reach::Public && !is_usual {
        Some("must name port 443, or one from 1024 on")
    } else {
        None
    }
}

/// Checks a set of events, and gives it as it is stored.
pub(super) fn events(events: &[Event], mistakes: &mut Mistakes) -> String {
    let most = Event::ALL.len();
    if events.is_empty() {
        mistakes.add("events", Code::Invalid, "must name at least one event");
    } else if events.len() > most {
        mistakes.add("events", Code::LimitReached, format!("must be at most {most}"));
    } else if events.contains(&Event::Test) {
        mistakes.add("events", Code::Invalid, "must not name TEST, which every webhook gets when it is asked for");
    }
    Event::stored(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn checked(text: &str, reach: Reach) -> Result<String, Code> {
        let mut mistakes = Mistakes::default();
        let url = url(text, reach, &mut mistakes);
        match mistakes.check() {
            Ok(()) => Ok(url),
            Err(Error::Mistakes(found)) => Err(found[0].code),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn an_address_is_https_on_the_public_internet() {
        let kept = checked(" https://Hooks.example.com:8443/a?b=c#d ", Reach::Public);
        assert_eq!(kept.as_deref(), Ok("https://hooks.example.com:8443/a?b=c"));
        for bad in [
            "",
            "hooks.example.com",
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "https://me:secret@hooks.example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://localhost/",
            "https://metadata.google.internal/",
            "https://hooks.example.com:22/",
            "https://hooks.example.com:0/",
            "https://hooks.example.com:1023/",
        ] {
            assert_eq!(checked(bad, Reach::Public), Err(Code::Invalid), "{bad}");
        }
        assert_eq!(checked(&format!("https://a.example/{}", "a".repeat(2_048)), Reach::Public), Err(Code::TooLong));
        assert_eq!(checked("http://127.0.0.1:9000/", Reach::Local).as_deref(), Ok("http://127.0.0.1:9000/"));
        assert_eq!(
            checked("https://hooks.example.com:443/", Reach::Public).as_deref(),
            Ok("https://hooks.example.com/")
        );
        assert_eq!(
            checked("https://hooks.example.com:1024/", Reach::Public).as_deref(),
            Ok("https://hooks.example.com:1024/")
        );
        assert_eq!(checked("ftp://127.0.0.1/", Reach::Local), Err(Code::Invalid));
    }
}
