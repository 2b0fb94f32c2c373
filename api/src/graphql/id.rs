//! Global ids: opaque to clients, the kind and the key of a row to us. An id of another kind, or one that was never given
//! out, decodes to nothing, and callers answer it like a row that does not exist.

use async_graphql::ID;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use uuid::Uuid;

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A tenant.
    Tenant,
    /// A user.
    User,
    /// A link.
    Link,
    /// A pixel.
    Pixel,
    /// A domain.
    Domain,
    /// A click.
    Click,
    /// An API key.
    ApiKey,
    /// A row of an audit log.
    AuditEvent,
    /// A session.
    Session,
    /// An invitation.
    Invitation,
    /// A webhook.
    Webhook,
    /// A delivery to a webhook.
    WebhookDelivery,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Tenant,
        Self::User,
        Self::Link,
        Self::Pixel,
        Self::Domain,
        Self::Click,
        Self::ApiKey,
        Self::AuditEvent,
        Self::Session,
        Self::Invitation,
        Self::Webhook,
        Self::WebhookDelivery,
    ];

    /// The kind of a type's name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "Tenant",
            Self::User => "User",
            Self::Link => "Link",
            Self::Pixel => "Pixel",
            Self::Domain => "Domain",
            Self::Click => "Click",
            Self::ApiKey => "ApiKey",
            Self::AuditEvent => "AuditEvent",
            Self::Session => "Session",
            Self::Invitation => "Invitation",
            Self::Webhook => "Webhook",
            Self::WebhookDelivery => "WebhookDelivery",
        }
    }
}

/// The global id of a row.
#[must_use]
pub fn encode(kind: Kind, key: Uuid) -> ID {
    ID(BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{}", kind.name(), key.as_simple())))
}

/// The key of a row of this kind.
#[must_use]
pub fn decode(kind: Kind, id: &ID) -> Option<Uuid> {
    decode_any(id).filter(|(found, _)| *found == kind).map(|(_, key)| key)
}

/// The kind and the key of a row.
#[must_use]
pub fn decode_any(id: &ID) -> Option<(Kind, Uuid)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id.as_bytes()).ok()?;
    let (name, key) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    let kind = Kind::of_name(name)?;
    // one row has one id: another spelling of the key is none
    let parsed = Uuid::try_parse(key).ok()?;
    (parsed.as_simple().to_string() == key).then_some((kind, parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_its_own_kind_only() {
        let key = Uuid::from_u128(0x0190_aaaa_bbbb);
        for kind in Kind::ALL {
            let id = encode(kind, key);
            assert_eq!(decode_any(&id), Some((kind, key)));
            assert!(Kind::ALL.into_iter().all(|other| decode(other, &id).is_some() == (other == kind)));
        }
    }

    #[test]
    fn what_was_never_given_out_is_nothing() {
        let hyphened = BASE64_URL_SAFE_NO_PAD.encode("Link:00000000-0000-0000-0000-000000000001");
        let padded = format!("{}=", encode(Kind::Link, Uuid::nil()).as_str());
        let unknown = BASE64_URL_SAFE_NO_PAD.encode(format!("Other:{}", Uuid::nil().as_simple()));
        for id in ["", "1", "TGluazo", "🦀", "00000000000000000000000000000001", &hyphened, &padded, &unknown] {
            assert_eq!(decode_any(&ID(id.to_owned())), None, "{id}");
        }
    }
}
