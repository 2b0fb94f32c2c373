//! Codes that change every 30 seconds (TOTP, RFC 6238, as authenticator apps compute it: SHA-1, 6 digits), and recovery
//! codes that stand in for them. Pure: the time is handed in.

use contract::clock::SECOND;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// How long a code is shown, in milliseconds.
const STEP: i64 = 30 * SECOND;
/// How many steps early or late a code may come (RFC 6238 section 5.2).
const DRIFT: i64 = 1;
/// Bytes of a shared secret (RFC 4226 section 4).
const SECRET: usize = 20;
/// Digits of a code.
const DIGITS: usize = 6;
/// Random bytes of a recovery code: 80 bits, too many to guess from a hash.
const RECOVERY: usize = 10;
/// Who the code is for, as apps show it.
const ISSUER: &str = "Stopover";

/// The secret that an app shares with us.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret([u8; SECRET]);

impl Secret {
    /// Takes the first bytes of a derived key.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let mut secret = [0; SECRET];
        secret.copy_from_slice(&key[..SECRET]);
        Self(secret)
    }

    /// As people type it into an app: Base32, 32 characters.
    pub(super) fn reveal(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// As apps read it from a QR code; `account` is the e-mail address.
    pub(super) fn url(&self, account: &str) -> String {
        let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
        let secret = self.reveal();
        format!("otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30")
    }

    /// The step whose code this is, at `now`; `None` for a wrong code, and for one of a step that is not later than
    /// `used`. All steps are looked at, however early one fits.
    pub(super) fn step_of(&self, code: &str, used: i64, now: i64) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let current = now.div_euclid(STEP);
        let steps = (current - DRIFT)..=(current + DRIFT);
        let fits = |step: &i64| *step > used && self.code(*step).is_some_and(|right| same(&right, &code));
        steps.filter(fits).max()
    }

    /// The code of a step (RFC 4226 section 5.3).
    pub(super) fn code(&self, step: i64) -> Option<String> {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).ok()?;
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest.last()? & 0x0f);
        let word: [u8; 4] = digest.get(at..at + 4)?.try_into().ok()?;
        let number = (u32::from_be_bytes(word) & 0x7fff_ffff) % 10_u32.pow(6);
        Some(format!("{number:0DIGITS$}"))
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |differing, (one, other)| differing | (one ^ other));
    one.len() == other.len() && differing == 0
}

/// A new recovery code, such as `abcd-efgh-ijkl-mnop`.
pub(super) fn new_recovery_code() -> String {
    let code = BASE32_NOPAD.encode(&rand::random::<[u8; RECOVERY]>()).to_ascii_lowercase();
    let parts: Vec<&str> = (0..code.len()).step_by(4).filter_map(|at| code.get(at..at + 4)).collect();
    parts.join("-")
}

/// The hash by which a user's recovery code is kept, however it was typed. The code is random enough for a plain hash.
pub(super) fn recovery_hash(user_id: uuid::Uuid, code: &str) -> Vec<u8> {
    let plain = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    Sha256::new().chain_update(user_id).chain_update(plain).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    /// RFC 6238 appendix B, the last 6 of its 8 digits; its secret for SHA-1 is this text.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Secret(*b"12345678901234567890");
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(second / 30).as_deref(), Some(code), "{second}");
            assert_eq!(secret.step_of(code, 0, second * SECOND), Some(second / 30));
        }
        assert_eq!(secret.reveal(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_works_a_step_early_or_late_and_never_after_a_later_one() {
        let secret = Secret(*b"12345678901234567890");
        let (step, code) = (59 / 30, "287082");
        for (at, good) in [(-1, false), (0, true), (29, true), (30, true), (89, true), (90, false)] {
            assert_eq!(secret.step_of(code, 0, at * SECOND).is_some(), good, "{at}");
        }
        assert_eq!(secret.step_of(code, step, 59 * SECOND), None, "used before");
        assert_eq!(secret.step_of(code, step - 1, 59 * SECOND), Some(step));
        assert_eq!(secret.step_of(" 287 082 ", 0, 59 * SECOND), Some(step));
        for bad in ["", "287081", "28708", "2870820", "abcdef", "٢٨٧٠٨٢"] {
            assert_eq!(secret.step_of(bad, 0, 59 * SECOND), None, "{bad}");
        }
    }

    #[test]
    fn an_app_reads_the_url() {
        let url = Secret(*b"12345678901234567890").url("ann+b@example.com");
        let expected = "otpauth://totp/Stopover:ann%2Bb%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&\
                        issuer=Stopover&algorithm=SHA1&digits=6&period=30";
        assert_eq!(url, expected);
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let code = new_recovery_code();
        assert_eq!(code.len(), 19, "{code}");
        assert_ne!(code, new_recovery_code());
        let user = Uuid::from_u128(1);
        let hash = recovery_hash(user, &code);
        assert_eq!(hash, recovery_hash(user, &code.to_uppercase().replace('-', " ")));
        assert_ne!(hash, recovery_hash(Uuid::from_u128(2), &code));
        assert_ne!(hash, recovery_hash(user, &new_recovery_code()));
    }
}
