//! What the redirector must know of a domain, a link and a tenant, each a small document with a version of its own. The
//! API publishes them, the redirector composes a visit from them; an edit of a pixel touches one tenant's document and
//! not a million links. Every `*_at` is in milliseconds since the Unix epoch.

use crate::{
    address::{Host, Slug},
    branding::Branding,
    consent::ConsentPolicy,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fmt, str::FromStr};
use uuid::Uuid;

/// Largest encoded document of a domain or a link, in bytes.
pub const MAX_DOCUMENT: usize = 16 * 1024;
/// Largest encoded document of a tenant, in bytes: there are few of them, and they hold a logo.
pub const MAX_TENANT: usize = 64 * 1024;
/// Most pixels of a tenant: with [`MAX_TENANT`] it bounds what a tenant's document can hold.
pub const MAX_PIXELS: usize = 50;

/// What a link's document is found by: the domain's id and not its host, since a host may pass from one domain to
/// another, and what was remembered of the one must never answer for the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotKey {
    /// The domain.
    pub domain_id: Uuid,
    /// The path on it.
    pub slug: Slug,
}

/// Names a document: in the outbox, in announcements and in Redis keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKey {
    /// A domain, by its host.
    Domain(Host),
    /// A link, by its slot.
    Link(SlotKey),
    /// A tenant with its policy and pixels.
    Tenant(Uuid),
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(host) => write!(f, "domain:{host}"),
            Self::Link(slot) => write!(f, "link:{}/{}", slot.domain_id.as_simple(), slot.slug),
            Self::Tenant(id) => write!(f, "tenant:{}", id.as_simple()),
        }
    }
}

/// The text is no document key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a document key")]
pub struct NotAKey;

impl FromStr for DocumentKey {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (kind, rest) = text.split_once(':').ok_or(NotAKey)?;
        match kind {
            "domain" => Host::parse(rest).map(Self::Domain).map_err(|_| NotAKey),
            "link" => {
                let (domain_id, slug) = rest.split_once('/').ok_or(NotAKey)?;
                let domain_id = Uuid::parse_str(domain_id).map_err(|_| NotAKey)?;
                let slug = Slug::parse(slug).map_err(|_| NotAKey)?;
                Ok(Self::Link(SlotKey { domain_id, slug }))
            }
            "tenant" => Uuid::parse_str(rest).map(Self::Tenant).map_err(|_| NotAKey),
            _ => Err(NotAKey),
        }
    }
}

/// A document as it stood at a version. `value` is `None` where nothing is there: a tombstone (the version says of what)
/// or, with version 0, something that never was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// Counts up by one with every change; exact to 2^53, since Redis scripts compare it as a double.
    pub version: u64,
    /// What is there.
    pub value: Option<T>,
}

impl<T> Versioned<T> {
    /// Nothing was ever there.
    #[must_use]
    pub const fn never() -> Self {
        Self { version: 0, value: None }
    }
}

/// A change that was made: the hint that makes a redirector drop what it remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The document that changed.
    pub key: DocumentKey,
    /// The version it changed to.
    pub version: u64,
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.version, self.key)
    }
}

impl FromStr for Announcement {
    type Err = NotAKey;
    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let (version, key) = text.split_once(' ').ok_or(NotAKey)?;
        Ok(Self { key: key.parse()?, version: version.parse().map_err(|_| NotAKey)? })
    }
}

/// A domain that serves links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainDocument {
    /// The domain's id.
    pub domain_id: Uuid,
    /// The one tenant it belongs to; `None` for a domain that all tenants share.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    /// Where an unknown slug goes; `None` for the 404 page.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Whether it serves at all (verified, not disabled).
    pub serving: bool,
}

/// Whether a link leads anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It leads to its destination.
    Active,
    /// Its owner put it away; it can come back.
    Archived,
    /// The operator of this server switched it off.
    Disabled,
}

/// Which query parameters of a visit go on to the destination. Click ids of ad networks always do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryForwarding {
    /// All of them.
    #[default]
    All,
    /// None.
    Off,
    /// Those with these names.
    Only(Vec<String>),
}

/// The five UTM fields, in the order of [`UTM_NAMES`]. None is ever skipped in writing: clicks are packed without names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Utm {
    /// `utm_source`
    pub source: Option<String>,
    /// `utm_medium`
    pub medium: Option<String>,
    /// `utm_campaign`
    pub campaign: Option<String>,
    /// `utm_term`
    pub term: Option<String>,
    /// `utm_content`
    pub content: Option<String>,
}

/// The query parameters that carry [`Utm`].
pub const UTM_NAMES: [&str; 5] = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];

impl Utm {
    /// The fields in the order of [`UTM_NAMES`].
    #[must_use]
    pub fn fields(&self) -> [&Option<String>; 5] {
        [&self.source, &self.medium, &self.campaign, &self.term, &self.content]
    }

    /// The same, to be filled in.
    pub fn fields_mut(&mut self) -> [&mut Option<String>; 5] {
        [&mut self.source, &mut self.medium, &mut self.campaign, &mut self.term, &mut self.content]
    }
}

/// The card that a link shows in the previews of social networks and messengers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// `og:title`
    pub title: String,
    /// `og:description`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `og:image`, an absolute address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkDocument {
    /// The link's id.
    pub link_id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Whether it leads anywhere.
    pub state: LinkState,
    /// Where it leads, with merge fields; see [`crate::destination`].
    pub destination: String,
    /// What the link is called, for the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Before this instant it answers 404.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<i64>,
    /// From this instant on it answers 410 or goes to its fallback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Where a refused visit goes; `None` for the page that says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Which query parameters go on.
    #[serde(default)]
    pub forwarding: QueryForwarding,
    /// Added to the destination.
    #[serde(default)]
    pub utm: Utm,
    /// Values stored with the link, for merge fields of their name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Pixels of this link, besides the tenant's default ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pixel_ids: Vec<Uuid>,
    /// No pixel fires on this link, not even a default one.
    #[serde(default)]
    pub without_pixels: bool,
    /// The link's own preview card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
}

/// How a pixel fires where its network offers a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelMode {
    /// As an image where the network has that form, else by its script.
    #[default]
    Auto,
    /// By the network's script.
    Script,
}

/// A pixel of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelDocument {
    /// The pixel's id.
    pub pixel_id: Uuid,
    /// The network's key in the catalogue.
    pub network: String,
    /// Its ids in the network, validated by the catalogue.
    pub ids: BTreeMap<String, String>,
    /// How it fires.
    #[serde(default)]
    pub mode: PixelMode,
    /// Whether it fires on every link of the tenant.
    #[serde(default)]
    pub default: bool,
}

/// What a tenant decided for its visits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Longest wait of a page for script networks and confirmed visits, 300 to 5,000 ms.
    pub budget_ms: u32,
    /// Share of visits that wait for the networks' answers, in hundredths of a percent (200 is 2 %).
    pub confirm_share: u32,
    /// Whether a Global Privacy Control signal refuses pixels.
    pub honour_gpc: bool,
    /// `Referrer-Policy` of the page.
    pub referrer_policy: String,
    /// Where pixels need the visitor's consent.
    pub consent: ConsentPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            budget_ms: 1_000,
            confirm_share: 200,
            honour_gpc: true,
            referrer_policy: "strict-origin-when-cross-origin".to_owned(),
            consent: ConsentPolicy::default(),
        }
    }
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantDocument {
    /// The tenant's id.
    pub tenant_id: Uuid,
    /// Its name, shown on its pages.
    pub name: String,
    /// Whether its links are served at all.
    pub active: bool,
    /// Its policy.
    #[serde(default)]
    pub policy: Policy,
    /// Its pixels, at most [`MAX_PIXELS`].
    #[serde(default)]
    pub pixels: Vec<PixelDocument>,
    /// How its pages look and speak.
    #[serde(default)]
    pub branding: Branding,
}

/// A document whose encoding has a bound.
pub trait Bounded {
    /// Largest encoding, in bytes.
    const MAX: usize = MAX_DOCUMENT;
}

impl Bounded for DomainDocument {}

impl Bounded for LinkDocument {}

impl Bounded for TenantDocument {
    const MAX: usize = MAX_TENANT;
}

/// A document that cannot be read or is too large to be cached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not what we wrote.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
    /// Larger than its kind may be.
    #[error("the document has {0} bytes, more than its kind may have")]
    TooLarge(usize),
}

/// Encodes a document as JSON, so that a person can read what Redis holds; fields that a reader does not know are
/// passed over, and fields that a writer did not know have defaults: both sides may be of neighbouring versions.
///
/// # Errors
/// [`DocumentError::TooLarge`].
pub fn encode<T: Serialize + Bounded>(document: &T) -> Result<String, DocumentError> {
    let text = serde_json::to_string(document).map_err(|error| DocumentError::Unreadable(error.to_string()))?;
    if text.len() > T::MAX { Err(DocumentError::TooLarge(text.len())) } else { Ok(text) }
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`DocumentError::Unreadable`].
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, DocumentError> {
    serde_json::from_str(text).map_err(|error| DocumentError::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        let slot = format!("link:{}/Abc-1", Uuid::from_u128(7).as_simple());
        for text in ["domain:go.example.com", "domain:localhost:8081", &slot] {
            assert_eq!(text.parse::<DocumentKey>().map(|key| key.to_string()).as_deref(), Ok(text));
        }
        let tenant = DocumentKey::Tenant(Uuid::from_u128(7));
        assert_eq!(tenant.to_string().parse(), Ok(tenant.clone()));
        let announcement = Announcement { key: tenant, version: 9 };
        assert_eq!(announcement.to_string().parse(), Ok(announcement));
        for bad in ["", "link:nohost", "link:localhost/abc", "tenant:1", "other:x"] {
            assert_eq!(bad.parse::<DocumentKey>(), Err(NotAKey), "{bad}");
        }
    }

    #[test]
    fn a_document_with_only_the_old_fields_is_read() {
        let id = Uuid::from_u128(1);
        let text = format!(
            r#"{{"link_id":"{id}","tenant_id":"{id}","state":"active","destination":"https://a.example/","later":1}}"#
        );
        let link: LinkDocument = decode(&text).unwrap();
        assert_eq!(link.forwarding, QueryForwarding::All);
        assert_eq!(decode::<LinkDocument>(&encode(&link).unwrap()), Ok(link));
        let text = format!(r#"{{"tenant_id":"{id}","name":"Ann","active":true,"policy":{{"honour_gpc":false}}}}"#);
        let mut tenant: TenantDocument = decode(&text).unwrap();
        assert_eq!(tenant.policy, Policy { honour_gpc: false, ..Policy::default() });
        assert_eq!(tenant.branding, Branding::default());
        tenant.name = "x".repeat(MAX_DOCUMENT);
        assert!(encode(&tenant).is_ok());
        tenant.name = "x".repeat(MAX_TENANT);
        assert!(encode(&tenant).is_err());
    }
}
