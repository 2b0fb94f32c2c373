//! Access tokens: JWTs of RFC 9068's type, judged by RFC 8725. There is one algorithm, and the header may say that, the
//! type and the key, and nothing else: what would have us fetch a key, skip a check or understand an extension (`jku`,
//! `jwk`, `x5u`, `crit`, `zip`, ...) is no token of ours. So are claims that we do not write, or written twice.

use super::keys::Key;
use crate::{error::Error, scope::Caller};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use contract::clock::{MINUTE, SECOND};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use uuid::Uuid;

/// Life of an access token, in milliseconds.
pub const ACCESS_LIFE: i64 = 15 * MINUTE;
/// What the clocks of two machines may differ by, in milliseconds.
pub(super) const LEEWAY: i64 = 5 * SECOND;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 2_048;
const ISSUER: &str = "stopover";
const AUDIENCE: &str = "stopover-api";
/// RFC 9068 section 2.1.
const TYPE: &str = "at+jwt";
/// RFC 7518 section 3.2.
const ALGORITHM: &str = "HS256";

/// All that a header may say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    alg: String,
    typ: String,
    kid: String,
}

/// What an access token says (RFC 7519; instants in whole seconds since the Unix epoch).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    jti: Uuid,
}

impl Claims {
    /// Whether the token counts at `now`: begun, not over, and of a life that we give.
    const fn count(&self, now: i64) -> bool {
        let begun = self.iat.saturating_mul(SECOND).saturating_sub(LEEWAY) <= now;
        let allowed = match self.nbf {
            Some(nbf) => nbf.saturating_mul(SECOND).saturating_sub(LEEWAY) <= now,
            None => true,
        };
        let over = self.exp.saturating_mul(SECOND).saturating_add(LEEWAY) <= now;
        let life = self.exp.saturating_sub(self.iat);
        begun && allowed && !over && life > 0 && life.saturating_mul(SECOND) <= ACCESS_LIFE
    }
}

/// An access token for a user's session, good from `now` until `until`.
///
/// # Errors
/// [`Error::Fault`] when it cannot be signed.
pub(super) fn issue(key: &Key, (user_id, session_id): (Uuid, Uuid), now: i64, until: i64) -> Result<String, Error> {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user_id,
        sid: session_id,
        iat: now.div_euclid(SECOND),
        nbf: None,
        exp: until.div_euclid(SECOND),
        jti: Uuid::now_v7(),
    };
    let kid = Some(key.kid.as_simple().to_string());
    let header = Header { typ: Some(TYPE.to_owned()), kid, ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, &claims, &key.sign).map_err(|error| Error::Fault(format!("access token: {error}")))
}

/// The id of the key that a token says it was signed by; `None` for what cannot be a token of ours, so that no key is
/// looked for.
pub(super) fn kid(token: &str) -> Option<Uuid> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let mut parts = token.split('.');
    let (head, body, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || body.is_empty() || signature.is_empty() {
        return None;
    }
    let head: Head = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    if head.alg != ALGORITHM || head.typ != TYPE {
        return None;
    }
    // one key has one id: another spelling of it is none
    let kid = Uuid::try_parse(&head.kid).ok()?;
    (kid.as_simple().to_string() == head.kid).then_some(kid)
}

/// Whom a token was issued to; `None` for anything but a token that this key signed and that counts at `now`. The caller
/// has found the key by [`kid`], which has judged the header.
pub(super) fn verify(key: &Key, token: &str, now: i64) -> Option<Caller> {
    static RULES: LazyLock<Validation> = LazyLock::new(|| {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // by our own clock, below
        rules.validate_exp = false;
        rules.validate_nbf = false;
        rules
    });
    let claims = jsonwebtoken::decode::<Claims>(token, &key.verify, &RULES).ok()?.claims;
    claims.count(now).then(|| Caller::of_session(claims.sub, claims.sid))
}

#[cfg(test)]
mod tests;
