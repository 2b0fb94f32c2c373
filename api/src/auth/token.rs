//! Tokens. An access token is a JWT (RFC 9068's type, HS256 and nothing else) that anyone with our key can verify; a
//! refresh token is 32 random bytes of which we keep only the SHA-256.

use crate::{error::Error, scope::Caller};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use contract::clock::{MINUTE, SECOND};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Life of an access token, in milliseconds.
pub const ACCESS_LIFE: i64 = 15 * MINUTE;
/// What the clocks of two machines may differ by, in milliseconds.
const LEEWAY: i64 = 5 * SECOND;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 2_048;
const ISSUER: &str = "stopover";
const AUDIENCE: &str = "stopover-api";
/// RFC 9068 section 2.1.
const TYPE: &str = "at+jwt";
/// What a refresh token starts with, so that scanners of leaked secrets know it.
const REFRESH_PREFIX: &str = "sor_";

/// What an access token says (RFC 7519; instants in seconds since the Unix epoch).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// Signs access tokens and verifies them.
pub struct AccessTokens {
    sign: EncodingKey,
    verify: DecodingKey,
    rules: Validation,
}

impl AccessTokens {
    pub(super) fn new(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // by our own clock, below
        rules.validate_exp = false;
        Self { sign: EncodingKey::from_secret(secret), verify: DecodingKey::from_secret(secret), rules }
    }

    /// An access token for a caller, good from `now` until `until`.
    ///
    /// # Errors
    /// [`Error::Fault`] when it cannot be signed.
    pub fn issue(&self, user_id: Uuid, session_id: Uuid, now: i64, until: i64) -> Result<String, Error> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            sid: session_id,
            iat: now.div_euclid(SECOND),
            exp: until.div_euclid(SECOND),
            jti: Uuid::now_v7(),
        };
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.sign)
            .map_err(|error| Error::Fault(format!("access token: {error}")))
    }

    /// Whom a token was issued to; `None` for anything but a token of ours that is still good.
    #[must_use]
    pub fn verify(&self, token: &str, now: i64) -> Option<Caller> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let token = jsonwebtoken::decode::<Claims>(token, &self.verify, &self.rules).ok()?;
        let good = token.claims.exp.saturating_mul(SECOND).saturating_add(LEEWAY) > now;
        let ours = token.header.typ.as_deref() == Some(TYPE) && token.header.crit.is_none();
        (good && ours).then_some(Caller::of_session(token.claims.sub, token.claims.sid))
    }
}

/// A new refresh token.
#[must_use]
pub fn new_refresh() -> String {
    let bytes: [u8; 32] = rand::random();
    format!("{REFRESH_PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The hash by which a refresh token is kept; `None` for what never was one.
#[must_use]
pub fn refresh_hash(token: &str) -> Option<Vec<u8>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.strip_prefix(REFRESH_PREFIX)?).ok()?;
    (bytes.len() == 32).then(|| Sha256::digest(&bytes).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;
    const USER: Uuid = Uuid::from_u128(1);
    const SESSION: Uuid = Uuid::from_u128(2);

    fn tokens(secret: &str) -> AccessTokens {
        AccessTokens::new(&SecretString::from(secret.to_owned()))
    }

    fn claims() -> Claims {
        let (iss, aud) = (ISSUER.to_owned(), AUDIENCE.to_owned());
        let (sub, sid, jti) = (USER, SESSION, Uuid::nil());
        Claims { iss, aud, sub, sid, iat: NOW / SECOND, exp: NOW / SECOND + 900, jti }
    }

    fn signed(tokens: &AccessTokens, header: &Header, claims: &Claims) -> String {
        jsonwebtoken::encode(header, claims, &tokens.sign).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_life_and_five_seconds() {
        let ours = tokens("0123456789abcdef0123456789abcdef");
        let token = ours.issue(USER, SESSION, NOW, NOW + ACCESS_LIFE).unwrap();
        for (at, good) in [(0, true), (ACCESS_LIFE, true), (ACCESS_LIFE + 4_999, true), (ACCESS_LIFE + 5_000, false)] {
            assert_eq!(ours.verify(&token, NOW + at).is_some(), good, "{at}");
        }
        assert_eq!(ours.verify(&token, NOW), Some(Caller::of_session(USER, SESSION)));
        assert_eq!(tokens("another secret of thirty-two byte").verify(&token, NOW), None);
    }

    #[test]
    fn every_claim_and_the_header_must_be_ours() {
        let ours = tokens("0123456789abcdef0123456789abcdef");
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        assert!(ours.verify(&signed(&ours, &header, &claims()), NOW).is_some());
        let bad_claims = [Claims { iss: "x".to_owned(), ..claims() }, Claims { aud: "x".to_owned(), ..claims() }];
        for claims in &bad_claims {
            assert_eq!(ours.verify(&signed(&ours, &header, claims), NOW), None);
        }
        let types = [Some("JWT".to_owned()), None].map(|typ| Header { typ, ..header.clone() });
        let others = [Header { alg: Algorithm::HS384, ..header.clone() }, Header { crit: Some(vec![]), ..header }];
        for header in types.iter().chain(&others) {
            assert_eq!(ours.verify(&signed(&ours, header, &claims()), NOW), None, "{header:?}");
        }
    }

    #[test]
    fn a_forged_token_is_nothing() {
        let ours = tokens("0123456789abcdef0123456789abcdef");
        let good = ours.issue(USER, SESSION, NOW, NOW + ACCESS_LIFE).unwrap();
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let body = good.split('.').nth(1).unwrap();
        let none = part(r#"{"alg":"none","typ":"at+jwt"}"#);
        let changed = part(&serde_json::to_string(&Claims { sub: Uuid::from_u128(9), ..claims() }).unwrap());
        let mut parts: Vec<&str> = good.split('.').collect();
        parts[1] = &changed;
        let long = format!("{good}{}", "A".repeat(MAX_TOKEN));
        let bad =
            [format!("{none}.{body}."), format!("{none}.{body}"), parts.join("."), String::new(), ".".into(), long];
        for token in bad {
            assert_eq!(ours.verify(&token, NOW), None, "{token}");
        }
    }

    #[test]
    fn a_refresh_token_is_known_by_its_hash() {
        let token = new_refresh();
        assert_eq!(refresh_hash(&token).map(|hash| hash.len()), Some(32));
        assert_ne!(refresh_hash(&token), refresh_hash(&new_refresh()));
        for bad in ["", "sor_", "sor_AAAA", &token[4..], &format!("{token}A"), &format!("{token}=")] {
            assert_eq!(refresh_hash(bad), None, "{bad}");
        }
    }
}
