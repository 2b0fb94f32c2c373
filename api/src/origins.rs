//! Origins of web pages (RFC 6454): which of them may open a WebSocket here. A browser says where a page comes from, and a
//! WebSocket is not held to the rules of CORS, so that the server has to look. No cookie opens the API: this is a second
//! lock, besides the token that such a page would need.

use std::str::FromStr;
use url::{Origin, Url};

/// Origins that an operator allows, besides the API's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<Origin>);

/// The text is no list of origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of origins")]
pub struct BadOrigins;

impl FromStr for Origins {
    type Err = BadOrigins;

    fn from_str(text: &str) -> Result<Self, BadOrigins> {
        let named = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        named.map(|origin| parse(origin.trim_end_matches('/')).ok_or(BadOrigins)).collect::<Result<_, _>>().map(Self)
    }
}

impl Origins {
    /// Whether a page of this origin may, when the request names `host` as the one it is for (with its port, where that is not
    /// the usual one).
    #[must_use]
    pub fn allow(&self, origin: &str, host: &str) -> bool {
        let Some(parsed) = parse(origin) else { return false };
        let own = origin.split_once("://").is_some_and(|(_, of_page)| of_page.eq_ignore_ascii_case(host));
        own || self.0.contains(&parsed)
    }
}

/// An origin as a browser writes it: scheme, host and perhaps a port.
fn parse(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let origin = url.origin();
    let bare = url.path() == "/" && !text.ends_with('/') && url.query().is_none() && url.fragment().is_none();
    (bare && url.username().is_empty() && url.password().is_none()).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_host_and_those_that_are_named_may() {
        let origins: Origins = "https://app.example.com, http://localhost:3000/".parse().unwrap();
        for good in ["https://app.example.com", "https://app.example.com:443", "http://localhost:3000"] {
            assert!(origins.allow(good, "api.example.com"), "{good}");
        }
        assert!(origins.allow("https://api.example.com", "API.example.com"));
        assert!(origins.allow("http://127.0.0.1:8080", "127.0.0.1:8080"));
        for bad in [
            "null",
            "",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "https://evil.example/https://app.example.com",
            "file://api.example.com",
            "https://user@api.example.com",
            "http://localhost:3001",
        ] {
            assert!(!origins.allow(bad, "api.example.com"), "{bad}");
        }
        assert_eq!("".parse::<Origins>().unwrap(), Origins::default());
        for bad in ["app.example.com", "*", "https://a.example.com/path", "ftp://a.example.com"] {
            assert_eq!(bad.parse::<Origins>(), Err(BadOrigins), "{bad}");
        }
    }
}
