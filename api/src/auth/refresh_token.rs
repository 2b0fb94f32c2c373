//! Refresh tokens: 32 bytes that work once, of which we keep the SHA-256. The successor of a token is derived from the
//! token itself, a salt in its row and a key that no row holds: two tabs that present one token get one successor, although
//! nothing is kept that could be handed out again. Without the token, neither database nor key tells its successor.

use super::secrets::{Purpose, Secrets};
use crate::error::Error;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a refresh token starts with, so that scanners of leaked secrets know it.
const PREFIX: &str = "sor_";

/// A refresh token, as its holder has it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken([u8; 32]);

impl RefreshToken {
    /// A new one that nobody can guess.
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
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

    /// The one that comes after it, for this salt always the same.
    ///
    /// # Errors
    /// As [`Secrets::derive`].
    pub(super) fn successor(&self, secrets: &Secrets, salt: &[u8]) -> Result<Self, Error> {
        secrets.derive(Purpose::RefreshToken, &[&self.0, salt]).map(Self)
    }

    /// The text that its holder gets.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Never prints what it holds.
impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;

    #[test]
    fn a_refresh_token_is_known_by_its_hash() {
        let token = RefreshToken::random();
        let text = token.reveal();
        assert_eq!(RefreshToken::parse(&text), Some(token.clone()));
        assert_eq!(token.hash().len(), 32);
        assert_ne!(token.hash(), RefreshToken::random().hash());
        for bad in ["", "sor_", "sor_AAAA", &text[4..], &format!("{text}A"), &format!("{text}="), &format!(" {text}")] {
            assert_eq!(RefreshToken::parse(bad), None, "{bad}");
        }
        assert!(!format!("{token:?}").contains(&text[4..12]));
    }

    #[test]
    fn a_successor_takes_the_token_the_salt_and_the_key() {
        let secrets = |secret: &str| Secrets::new(&SecretString::from(secret.to_owned()));
        let ours = secrets("0123456789abcdef0123456789abcdef");
        let token = RefreshToken::random();
        let next = token.successor(&ours, b"salt").unwrap();
        assert_eq!(next, token.successor(&ours, b"salt").unwrap());
        assert_ne!(next, token);
        assert_ne!(next, token.successor(&ours, b"sald").unwrap());
        assert_ne!(next, RefreshToken::random().successor(&ours, b"salt").unwrap());
        assert_ne!(next, token.successor(&secrets("another secret of thirty-two byte"), b"salt").unwrap());
    }
}
