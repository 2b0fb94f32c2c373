//! One secret, many keys: what is signed, counted and derived in this room has a key of its own, made from
//! `STOPOVER_JWT_SECRET` by HKDF (RFC 5869). So no use of one key tells anything about another, and rows that hold salts
//! only are worth nothing to who reads the database.

use crate::error::Error;
use hkdf::Hkdf;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What a derived value is for. The words are part of the derivation: another word is another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Signs access tokens; of a key's id and salt.
    AccessToken,
    /// The refresh token that follows another; of that one and a salt.
    RefreshToken,
    /// The name of a counter of log-in attempts; of what it counts.
    Throttle,
    /// The shared secret of a second factor; of the user and a salt.
    SecondFactor,
    /// The token in the link of a mail; of a salt.
    LinkToken,
    /// What a webhook's messages are signed with; of the webhook and a salt.
    Webhook,
}

impl Purpose {
    const fn words(self) -> &'static str {
        match self {
            Self::AccessToken => "stopover access token",
            Self::RefreshToken => "stopover refresh token",
            Self::Throttle => "stopover throttle",
            Self::SecondFactor => "stopover second factor",
            Self::LinkToken => "stopover link token",
            Self::Webhook => "stopover webhook",
        }
    }
}

/// Derives keys from the one secret.
pub(super) struct Secrets(Hkdf<Sha256>);

impl Secrets {
    pub(super) fn new(secret: &SecretString) -> Self {
        Self(Hkdf::new(None, secret.expose_secret().as_bytes()))
    }

    /// 32 bytes for one purpose, out of `parts`, each of which counts with its length: `["a", "bc"]` and `["ab", "c"]` are
    /// two.
    ///
    /// # Errors
    /// None for 32 bytes; HKDF itself has a limit far above.
    pub(super) fn derive(&self, purpose: Purpose, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
        let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
        let mut info: Vec<&[u8]> = vec![purpose.words().as_bytes(), &[0]];
        for (length, part) in lengths.iter().zip(parts) {
            info.extend([&length[..], part]);
        }
        let mut derived = [0; 32];
        let expanded = self.0.expand_multi_info(&info, &mut derived);
        expanded.map_err(|error| Error::Fault(format!("deriving a key: {error}")))?;
        Ok(derived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_derivation_counts() {
        let secrets = |secret: &str| Secrets::new(&SecretString::from(secret.to_owned()));
        let ours = secrets("0123456789abcdef0123456789abcdef");
        let derive = |purpose, parts: &[&str]| {
            let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            ours.derive(purpose, &parts).unwrap()
        };
        let first = derive(Purpose::Throttle, &["a", "bc"]);
        assert_eq!(first, derive(Purpose::Throttle, &["a", "bc"]));
        for other in [
            derive(Purpose::Throttle, &["ab", "c"]),
            derive(Purpose::Throttle, &["abc"]),
            derive(Purpose::Throttle, &["a", "bc", ""]),
            derive(Purpose::AccessToken, &["a", "bc"]),
            secrets("0123456789abcdef0123456789abcdeF").derive(Purpose::Throttle, &[b"a", b"bc"]).unwrap(),
        ] {
            assert_ne!(first, other);
        }
    }
}
