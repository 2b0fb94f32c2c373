//! Where a link leads: an http(s) address with merge fields. Checked once, when the link is saved, by the same code that
//! the redirector fills it in with. A field may stand in path, query and fragment only: no value that a visitor brings
//! can choose another host.

use crate::address::Host;
use std::collections::BTreeMap;
use url::Url;

/// Longest destination, in bytes.
pub const MAX_DESTINATION: usize = 2_048;

/// Query parameters by which ad networks recognise their own click; they go on to every destination.
pub const CLICK_IDS: [&str; 27] = [
    "gclid",
    "gbraid",
    "wbraid",
    "gad_source",
    "dclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "epik",
    "ScCid",
    "rdt_cid",
    "qclid",
    "ndclid",
    "tblci",
    "dicbo",
    "ob_click_id",
    "OutbrainClickId",
    "srsltid",
    "vmcid",
    "adct",
    "yclid",
    "ymclid",
    "rb_clickid",
    "sapid",
    "aref",
];

/// Hosts that destinations may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Public names only.
    #[default]
    Public,
    /// IP literals and local names as well: for demonstrations and closed networks.
    Local,
}

/// What is wrong with a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Nothing was given.
    #[error("must not be empty")]
    Empty,
    /// Longer than [`MAX_DESTINATION`].
    #[error("must be at most {MAX_DESTINATION} bytes long")]
    TooLong,
    /// A control character or white space inside.
    #[error("must not contain white space or control characters")]
    Characters,
    /// Not an absolute address.
    #[error("must be an absolute address, such as https://example.com/page")]
    NotAnAddress,
    /// Another scheme.
    #[error("must start with http:// or https://")]
    Scheme,
    /// `user:password@`
    #[error("must not carry a user name or password")]
    UserInfo,
    /// An IP address or a local name.
    #[error("must name a public host, not an IP address or a local name")]
    LocalHost,
    /// A field in scheme or host.
    #[error("may have merge fields in path, query and fragment only")]
    FieldInHost,
    /// A brace without its partner.
    #[error("has a brace without its partner; write %7B and %7D for literal braces")]
    Brace,
    /// A field that nobody fills in.
    #[error(
        "has an unknown merge field {{{0}}}; known are click_id, link_id, slug, country, device, param.NAME and the \
         values stored with the link"
    )]
    UnknownField(String),
}

/// A hole in a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The click's id.
    ClickId,
    /// The link's id.
    LinkId,
    /// The link's slug.
    Slug,
    /// The visitor's country, two letters, empty when unknown.
    Country,
    /// The visitor's kind of device.
    Device,
    /// A query parameter of the visit, empty when absent.
    Parameter(String),
}

/// A stretch of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// To be filled in, percent-encoded.
    Field(Field),
}

/// A checked destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    text: String,
    host: Host,
    parts: Vec<Part>,
}

/// Bytes that a merged value may hold as they are: RFC 3986's unreserved ones.
const VALUE: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a merged value.
#[must_use]
pub fn encode_value(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, VALUE).to_string()
}

enum Raw {
    Text(String),
    Field(String),
}

impl Destination {
    /// Checks a destination; `values` are the names and values stored with the link, filled in here and now.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn parse(text: &str, values: &BTreeMap<String, String>, reach: Reach) -> Result<Self, DestinationError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(DestinationError::Empty);
        }
        if text.len() > MAX_DESTINATION {
            return Err(DestinationError::TooLong);
        }
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(DestinationError::Characters);
        }
        let raw = split(text)?;
        // fields go through the address parser as words that nothing else in the text contains
        let marker = (0_u32..).map(|n| format!("f{n}x")).find(|marker| !text.contains(marker.as_str()));
        let marker = marker.unwrap_or_default();
        let mut names = Vec::new();
        let mut marked = String::new();
        for piece in raw {
            match piece {
                Raw::Text(text) => marked.push_str(&text),
                Raw::Field(name) => {
                    marked.push_str(&format!("{marker}{}e", names.len()));
                    names.push(name);
                }
            }
        }
        let url = Url::parse(&marked).map_err(|_| DestinationError::NotAnAddress)?;
        let host = check(&url, &marker, !names.is_empty(), reach)?;
        if url.as_str().len() > 2 * MAX_DESTINATION {
            return Err(DestinationError::TooLong);
        }
        let fields = names.iter().map(|name| field(name, values)).collect::<Result<Vec<_>, _>>()?;
        Ok(assemble(url.as_str(), &marker, &names, fields, host))
    }

    /// The destination as it is stored: normalised, merge fields in braces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host it leads to, with its port where that is not the usual one.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The stretches to join.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

fn split(text: &str) -> Result<Vec<Raw>, DestinationError> {
    let mut raw = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        if rest.as_bytes()[open] == b'}' {
            return Err(DestinationError::Brace);
        }
        let close = open + rest[open..].find('}').ok_or(DestinationError::Brace)?;
        let name = &rest[open + 1..close];
        if name.contains('{') {
            return Err(DestinationError::Brace);
        }
        raw.push(Raw::Text(rest[..open].to_owned()));
        raw.push(Raw::Field(name.to_owned()));
        rest = &rest[close + 1..];
    }
    raw.push(Raw::Text(rest.to_owned()));
    Ok(raw)
}

fn check(url: &Url, marker: &str, marked: bool, reach: Reach) -> Result<Host, DestinationError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(DestinationError::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(DestinationError::UserInfo);
    }
    let host = url.host_str().ok_or(DestinationError::NotAnAddress)?;
    if marked && host.contains(marker) {
        return Err(DestinationError::FieldInHost);
    }
    if reach == Reach::Public && is_local(url) {
        return Err(DestinationError::LocalHost);
    }
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Host::parse(&host).map_err(|_| DestinationError::NotAnAddress)
}

/// Whether an address names this machine, a closed network or a bare IP address. Names: RFC 6761, 6762, 8375 and those
/// without a dot.
#[must_use]
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let last = name.rsplit('.').next().unwrap_or(name);
            !name.contains('.')
                || matches!(last, "localhost" | "local" | "internal" | "lan" | "home" | "corp" | "intranet" | "test")
                || name.ends_with(".home.arpa")
        }
        _ => true,
    }
}

/// Either a field to be filled in per visit, or the value that is known already.
enum Filled {
    Later(Field),
    Now(String),
}

fn field(name: &str, values: &BTreeMap<String, String>) -> Result<Filled, DestinationError> {
    let field = match name {
        "click_id" => Field::ClickId,
        "link_id" => Field::LinkId,
        "slug" => Field::Slug,
        "country" => Field::Country,
        "device" => Field::Device,
        _ => match (name.strip_prefix("param."), values.get(name)) {
            (Some(parameter), _) if !parameter.is_empty() => Field::Parameter(parameter.to_owned()),
            (_, Some(value)) => return Ok(Filled::Now(encode_value(value))),
            _ => return Err(DestinationError::UnknownField(name.to_owned())),
        },
    };
    Ok(Filled::Later(field))
}

fn assemble(address: &str, marker: &str, names: &[String], fields: Vec<Filled>, host: Host) -> Destination {
    let mut text = String::new();
    let mut parts = Vec::new();
    let mut open = String::new();
    let mut rest = address;
    for (number, (name, filled)) in names.iter().zip(fields).enumerate() {
        let word = format!("{marker}{number}e");
        let Some((before, after)) = rest.split_once(&word) else { continue };
        text.push_str(before);
        text.push_str(&format!("{{{name}}}"));
        open.push_str(before);
        match filled {
            Filled::Now(value) => open.push_str(&value),
            Filled::Later(field) => {
                parts.push(Part::Text(std::mem::take(&mut open)));
                parts.push(Part::Field(field));
            }
        }
        rest = after;
    }
    text.push_str(rest);
    open.push_str(rest);
    parts.push(Part::Text(open));
    Destination { text, host, parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Destination, DestinationError> {
        let values = BTreeMap::from([("offer".to_owned(), "a b&c".to_owned())]);
        Destination::parse(text, &values, Reach::Public)
    }

    #[test]
    fn fields_are_filled_where_they_stand_and_nowhere_near_the_host() {
        let destination = parse("https://Shop.Example.com/{slug}/?c={click_id}&o={offer}#{param.x}").unwrap();
        assert_eq!(destination.as_str(), "https://shop.example.com/{slug}/?c={click_id}&o={offer}#{param.x}");
        assert_eq!(destination.host().as_str(), "shop.example.com");
        assert_eq!(
            destination.parts(),
            [
                Part::Text("https://shop.example.com/".to_owned()),
                Part::Field(Field::Slug),
                Part::Text("/?c=".to_owned()),
                Part::Field(Field::ClickId),
                Part::Text("&o=a%20b%26c#".to_owned()),
                Part::Field(Field::Parameter("x".to_owned())),
                Part::Text(String::new()),
            ]
        );
        assert_eq!(parse("https://{param.x}.example.com/"), Err(DestinationError::FieldInHost));
        assert_eq!(parse("https://example.com{param.x}/"), Err(DestinationError::FieldInHost));
        assert!(parse("https://example.com:{param.x}/").is_err());
        assert!(parse("{param.x}://example.com/").is_err());
        assert_eq!(parse("https://a.example/{nothing}"), Err(DestinationError::UnknownField("nothing".to_owned())));
        for bad in ["https://a.example/{", "https://a.example/}", "https://a.example/{a{b}"] {
            assert_eq!(parse(bad), Err(DestinationError::Brace), "{bad}");
        }
    }

    #[test]
    fn only_public_http_addresses_pass() {
        use DestinationError::{Characters, Empty, LocalHost, NotAnAddress, Scheme, TooLong, UserInfo};
        for (text, error) in [
            (" ", Empty),
            ("https://a.example/a b", Characters),
            ("https://a.example/\u{7f}", Characters),
            ("nonsense", NotAnAddress),
            ("javascript:alert(1)", Scheme),
            ("ftp://a.example/", Scheme),
            ("https://me:secret@a.example/", UserInfo),
            ("https://me@a.example/", UserInfo),
            ("http://127.0.0.1/", LocalHost),
            ("http://2130706433/", LocalHost),
            ("http://[::1]/", LocalHost),
            ("http://localhost/", LocalHost),
            ("http://router/", LocalHost),
            ("http://db.internal/", LocalHost),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(parse(&format!("https://a.example/{}", "a".repeat(2_048))), Err(TooLong));
        assert_eq!(parse("https://bücher.example/ä").unwrap().as_str(), "https://xn--bcher-kva.example/%C3%A4");
        assert!(Destination::parse("http://127.0.0.1:9000/x", &BTreeMap::new(), Reach::Local).is_ok());
    }
}
