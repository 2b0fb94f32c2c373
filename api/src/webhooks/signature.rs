//! Signs messages as Standard Webhooks 1.0 says (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, under a secret
//! that receivers know as `whsec_` and Base64. Written here: the specification's own crate signs with one secret only, and
//! brings a second HMAC and a second Base64 for these few lines. Pure.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a secret; the specification asks for 24 to 64.
pub(super) type Secret = [u8; 32];

/// A secret as its receiver is told it.
pub(super) fn shown(secret: &Secret) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(secret))
}

/// The header `webhook-signature`: a signature for each secret, with a space between. `at` is in seconds.
pub(super) fn header(secrets: &[Secret], id: &str, at: i64, body: &str) -> String {
    let one = |secret: &Secret| {
        // HMAC takes a key of any length
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        Some(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
    };
    secrets.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's own libraries, whose secret has 24 bytes.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
        mac.update(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
        let expected = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(BASE64_STANDARD.encode(mac.finalize().into_bytes()), expected);
    }

    #[test]
    fn every_secret_signs() {
        let both = header(&[[1; 32], [2; 32]], "msg", 5, "{}");
        let parts: Vec<&str> = both.split(' ').collect();
        assert_eq!(parts, [header(&[[1; 32]], "msg", 5, "{}"), header(&[[2; 32]], "msg", 5, "{}")]);
        assert!(parts.iter().all(|part| part.starts_with("v1,")) && parts[0] != parts[1]);
        assert_ne!(header(&[[1; 32]], "msg", 5, "{}"), header(&[[1; 32]], "msg", 6, "{}"));
        assert_eq!(shown(&[0; 32]), format!("whsec_{}=", "A".repeat(43)));
    }
}
