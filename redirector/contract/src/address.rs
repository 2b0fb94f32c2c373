//! Where a link lives: a host and a slug. The one parser for both sides: what a tenant chooses when a link is made and
//! what a visitor's browser asks for are compared only after they went through here.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest slug, in characters.
pub const MAX_SLUG: usize = 64;
/// Longest host, in bytes, port included.
pub const MAX_HOST: usize = 259;

/// What is wrong with a host or a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was given.
    #[error("must not be empty")]
    Empty,
    /// Longer than [`MAX_SLUG`] or [`MAX_HOST`].
    #[error("is too long: at most 64 characters for a slug, 253 for a host name")]
    TooLong,
    /// A character outside the slug's alphabet.
    #[error("may hold letters and digits of ASCII, '-' and '_' only, and starts with a letter or digit")]
    Characters,
    /// Not a host name with an optional port.
    #[error("is not a host name, such as go.example.com")]
    Host,
}

/// A host as a visitor's browser sends it: lower case, ASCII (international names in Punycode), no trailing dot, the
/// port only where it is not 80 or 443. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(String);

impl Host {
    /// Reads a host with an optional port.
    ///
    /// # Errors
    /// [`AddressError::Host`] for anything that is not a host name, an IPv4 address or a bracketed IPv6 address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > 4 * MAX_HOST {
            return Err(AddressError::TooLong);
        }
        let (name, port) = split_port(text)?;
        let name = name.strip_suffix('.').unwrap_or(name);
        let ascii = match url::Host::parse(name).map_err(|_| AddressError::Host)? {
            url::Host::Domain(domain) => domain,
            url::Host::Ipv4(address) => address.to_string(),
            url::Host::Ipv6(address) => format!("[{address}]"),
        };
        if ascii.is_empty() || ascii.len() > 253 {
            return Err(AddressError::TooLong);
        }
        Ok(Self(match port {
            None | Some(80 | 443) => ascii,
            Some(port) => format!("{ascii}:{port}"),
        }))
    }

    /// The host as text, with its port where there is one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port.
    #[must_use]
    pub fn name(&self) -> &str {
        match split_port(&self.0) {
            Ok((name, _)) => name,
            Err(_) => &self.0,
        }
    }
}

/// Splits `name[:port]`; the brackets of an IPv6 address stay with the name.
fn split_port(text: &str) -> Result<(&str, Option<u16>), AddressError> {
    let end_of_name = text.rfind(']').map_or(0, |at| at + 1);
    match text[end_of_name..].rfind(':') {
        None => Ok((text, None)),
        Some(at) => {
            let (name, port) = text.split_at(end_of_name + at);
            let port = &port[1..];
            if !port.bytes().all(|byte| byte.is_ascii_digit()) || name.contains(':') && end_of_name == 0 {
                return Err(AddressError::Host);
            }
            if port.is_empty() {
                return Ok((name, None));
            }
            port.parse().map(|port| (name, Some(port))).map_err(|_| AddressError::Host)
        }
    }
}

impl Default for Host {
    /// The host that a newcomer starts with.
    fn default() -> Self {
        Self("localhost:8081".to_owned())
    }
}

impl std::str::FromStr for Host {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Host {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of a link on its host: 1 to 64 letters and digits of ASCII, `-` and `_`, case-sensitive, starting with a
/// letter or digit (paths that start with `_` are the redirector's own).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// Reads a slug.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let Some(first) = text.bytes().next() else {
            return Err(AddressError::Empty);
        };
        if text.len() > MAX_SLUG {
            return Err(AddressError::TooLong);
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !first.is_ascii_alphanumeric() || !text.bytes().all(good) {
            return Err(AddressError::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A link's address: the slot that a visit resolves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LinkAddress {
    /// The host of the domain.
    pub host: Host,
    /// The path on it.
    pub slug: Slug,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for (given, kept) in [
            ("Go.Example.COM", "go.example.com"),
            ("go.example.com.", "go.example.com"),
            ("go.example.com:443", "go.example.com"),
            ("localhost:8081", "localhost:8081"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("[::1]:8081", "[::1]:8081"),
        ] {
            assert_eq!(Host::parse(given).map(String::from).as_deref(), Ok(kept), "{given}");
        }
        for bad in ["", "a b", "a:b", "a/b", "a:1:2", "::1", "host:99999", "exa<mple"] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Host::parse("localhost:8081").map(|host| host.name().to_owned()).as_deref(), Ok("localhost"));
    }

    #[test]
    fn a_slug_is_plain_ascii_and_never_one_of_our_own_paths() {
        assert!(Slug::parse("Spring-Sale_26").is_ok());
        assert_eq!(Slug::parse(""), Err(AddressError::Empty));
        assert_eq!(Slug::parse(&"a".repeat(65)), Err(AddressError::TooLong));
        for bad in ["_receipt", "-a", "a/b", "a.b", "ä", "a b", "a%20"] {
            assert_eq!(Slug::parse(bad), Err(AddressError::Characters), "{bad}");
        }
    }
}
