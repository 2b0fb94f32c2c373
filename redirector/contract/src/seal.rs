//! Seals: texts that a visitor carries and cannot make up. A payload is signed for a purpose with the secret of a day, so
//! that what was sealed for one purpose opens for no other, and a day or two later for none. It is not hidden.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret of a day.
pub type Key = [u8; 32];

/// Bytes of a signature: an HMAC-SHA-256, cut.
pub const SIGNATURE: usize = 16;

/// Seals a payload: letters, digits, `-` and `_`.
#[must_use]
pub fn seal(purpose: &[u8], mut payload: Vec<u8>, key: &Key) -> String {
    if let Some(signature) = sign(purpose, &payload, key) {
        payload.extend_from_slice(&signature);
    }
    BASE64_URL_SAFE_NO_PAD.encode(payload)
}

/// Gives the payload of what was sealed for this purpose under one of the keys.
pub fn open<'a>(purpose: &[u8], sealed: &str, keys: impl IntoIterator<Item = &'a Key>) -> Option<Vec<u8>> {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let signature = bytes.split_off(bytes.len().checked_sub(SIGNATURE)?);
    let signs = |key| mac(purpose, &bytes, key).is_some_and(|mac| mac.verify_truncated_left(&signature).is_ok());
    keys.into_iter().any(signs).then_some(bytes)
}

/// Signs a payload that the verifier knows already.
#[must_use]
pub fn sign(purpose: &[u8], payload: &[u8], key: &Key) -> Option<[u8; SIGNATURE]> {
    mac(purpose, payload, key)?.finalize().into_bytes().first_chunk().copied()
}

/// The length of the purpose goes first: none runs into what follows it.
fn mac(purpose: &[u8], payload: &[u8], key: &Key) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(&(purpose.len() as u64).to_be_bytes());
    mac.update(purpose);
    mac.update(payload);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [Key; 2] = [[1; 32], [7; 32]];

    #[test]
    fn only_what_was_sealed_opens() {
        for payload in [&b"a payload"[..], b""] {
            let sealed = seal(b"purpose", payload.to_vec(), &KEYS[1]);
            assert!(
                sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'),
                "{sealed}"
            );
            assert_eq!(open(b"purpose", &sealed, &KEYS).as_deref(), Some(payload));
            assert_eq!(open(b"purpose", &sealed, &KEYS[..1]), None);
            assert_eq!(open(b"purpose", &sealed, []), None);
            for other in [&b""[..], b"purposea", b"purpos", b"Purpose"] {
                assert_eq!(open(other, &sealed, &KEYS), None, "{other:?}");
            }
            for at in 0..sealed.len() {
                let mut forged = sealed.clone().into_bytes();
                forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
                assert_eq!(open(b"purpose", &String::from_utf8(forged).unwrap(), &KEYS), None, "{at}");
            }
        }
        for bad in ["", "AAAA", "====", "\u{e4}"] {
            assert_eq!(open(b"purpose", bad, &KEYS), None, "{bad}");
        }
    }

    #[test]
    fn no_purpose_runs_into_its_payload() {
        let sealed = seal(b"ab", b"c".to_vec(), &KEYS[0]);
        let moved = BASE64_URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        let moved = BASE64_URL_SAFE_NO_PAD.encode([b"b", &moved[..]].concat());
        assert_eq!(open(b"a", &moved, &KEYS), None);
        assert_ne!(sign(b"ab", b"c", &KEYS[0]), sign(b"a", b"bc", &KEYS[0]));
    }
}
