//! The token that stands in a link: whoever holds it takes an invitation or sets a new password. 32 bytes, of which we keep
//! the SHA-256. One that a mail will carry is derived from the salt in the mail's row and a key that no row holds, so that
//! nothing at rest tells it while the mail waits.

use super::secrets::Purpose;
use crate::{
    app::{App, Rules},
    error::Error,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a token starts with, so that scanners of leaked secrets know it.
const PREFIX: &str = "sol_";

/// Where a link leads to at the front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `/invitations/<token>`
    Invitations,
    /// `/reset-password/<token>`
    ResetPassword,
}

impl Place {
    const fn path(self) -> &'static str {
        match self {
            Self::Invitations => "invitations",
            Self::ResetPassword => "reset-password",
        }
    }
}

/// A token, as its holder has it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken([u8; 32]);

impl LinkToken {
    /// A new one that nobody can guess.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The one of a salt, always the same; of a random salt, nobody can guess it.
    ///
    /// # Errors
    /// None for 32 bytes.
    pub fn of_salt(app: &App, salt: &[u8]) -> Result<Self, Error> {
        app.auth.secrets.derive(Purpose::LinkToken, &[salt]).map(Self)
    }

    /// Reads what a client presents; `None` for what never was one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The hash by which it is kept.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }

    /// The text that its holder gets.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }

    /// The link that it stands in, or the token alone where the operator did not say where the front end is.
    #[must_use]
    pub fn link(&self, rules: &Rules, place: Place) -> String {
        let token = self.reveal();
        rules.public_url.as_ref().map_or_else(|| token.clone(), |base| format!("{base}/{}/{token}", place.path()))
    }
}

/// Never prints what it holds.
impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_token_is_known_by_its_hash() {
        let token = LinkToken::random();
        let text = token.reveal();
        assert_eq!(LinkToken::parse(&text), Some(token.clone()));
        assert_eq!((text.len(), token.hash().len()), (47, 32));
        for bad in ["", "sol_", "sol_AAAA", &text[4..], &format!("{text}A"), &format!("sor_{}", &text[4..])] {
            assert_eq!(LinkToken::parse(bad), None, "{bad}");
        }
        assert!(!format!("{token:?}").contains(&text[4..12]));
    }
}
