//! A look at what a visitor would get, without being one. The API signs who is pretended to come; the redirector answers
//! as it would that visitor, records nothing, and on request explains itself. Signed with the secret of a day, which
//! both know through SQL, so that a link's owner alone can ask.

use crate::seal::{self, Key};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Query parameter of a visit that carries a sealed [`Preview`]; it never goes on to the destination.
pub const PARAMETER: &str = "__preview";
/// Request header that asks for an [`Explanation`] in place of the page.
pub const EXPLAIN: &str = "x-stopover-explain";
/// What it is sealed for.
const PURPOSE: &[u8] = b"preview";

/// A preview of one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The link.
    pub link_id: Uuid,
    /// From this instant on it is worth nothing.
    pub expires_at: i64,
    /// Who is pretended to come.
    pub visitor: Pretended,
}

/// Who is pretended to come; what is `None` is taken from the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pretended {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: Option<String>,
    /// ISO 3166-2 part after the dash.
    pub region: Option<String>,
    /// City, in English.
    pub city: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `Accept-Language`.
    pub language: Option<String>,
    /// Whether a Global Privacy Control signal comes along.
    pub gpc: bool,
    /// What the visitor chose before, where consent is asked for.
    pub consent: Option<bool>,
}

impl Preview {
    /// Seals it: letters, digits, `-` and `_`.
    #[must_use]
    pub fn seal(&self, key: &Key) -> String {
        seal::seal(PURPOSE, postcard::to_allocvec(self).unwrap_or_default(), key)
    }

    /// Opens what was sealed under one of the keys and has not expired at `now`.
    pub fn open<'a>(text: &str, keys: impl Iterator<Item = &'a Key>, now: i64) -> Option<Self> {
        let preview: Self = postcard::from_bytes(&seal::open(PURPOSE, text, keys)?).ok()?;
        (now < preview.expires_at).then_some(preview)
    }
}

/// What a visitor would get, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What was decided.
    pub decision: Decision,
    /// Status of the answer.
    pub status: u16,
    /// Header fields of the answer, in its order.
    pub headers: Vec<(String, String)>,
    /// Body of the answer.
    pub body: String,
    /// Every pixel of the tenant, in the tenant's order.
    pub pixels: Vec<PixelVerdict>,
}

/// What a visit gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// There is no such link: a page that says so, or the domain's fallback address.
    Unknown,
    /// The link leads nowhere now: a page that says why, or the link's fallback address.
    Refused,
    /// A browser only looks ahead: it is to ask again.
    AskAgain,
    /// The link's own preview card.
    Card,
    /// On to the destination, without a page.
    Redirect,
    /// The page that asks for consent.
    AskConsent,
    /// The page that fires pixels and goes on.
    Fire,
}

/// Whether a pixel fires on a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelVerdict {
    /// The pixel.
    pub pixel_id: Uuid,
    /// Why it fires, or does not.
    pub reason: PixelReason,
}

/// Why a pixel fires on a visit, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PixelReason {
    /// It fires.
    Fires,
    /// The link has switched all pixels off.
    WithoutPixels,
    /// It is neither a default pixel nor one of the link's.
    NotAttached,
    /// It runs code of others, and the domain does not belong to the tenant alone.
    SharedDomain,
    /// Its network or its ids leave no way to fire it.
    CannotFire,
    /// The visitor's signal, choice or region refuses it.
    Refused,
    /// The visitor has not been asked yet.
    Unasked,
    /// The visit gets no page: no person, no link, or nowhere to go.
    NoPage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_sealed_opens_and_only_for_a_while() {
        let preview = Preview {
            link_id: Uuid::from_u128(7),
            expires_at: 100,
            visitor: Pretended { country: Some("DE".to_owned()), gpc: true, ..Pretended::default() },
        };
        let sealed = preview.seal(&[7; 32]);
        let open = |text: &str, now| Preview::open(text, [&[1; 32], &[7; 32]].into_iter(), now);
        assert_eq!(open(&sealed, 99), Some(preview));
        assert_eq!(open(&sealed, 100), None);
        assert_eq!(Preview::open(&sealed, [&[1; 32]].into_iter(), 99), None);
        for bad in ["", "AAAA", "====", "\u{e4}"] {
            assert_eq!(open(bad, 0), None, "{bad}");
        }
    }
}
