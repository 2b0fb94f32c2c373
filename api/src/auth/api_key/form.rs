//! What an API key looks like: `sok_`, 30 random letters and digits, and 6 that are a checksum of these, so that a scanner
//! of leaked secrets knows one, and a key that was cut or mistyped costs no look into the database. Pure.

use rand::{RngExt, distr::Alphanumeric};
use sha2::{Digest, Sha256};

/// What every key starts with.
pub(super) const PREFIX: &str = "sok_";
/// Random characters: 62^30 is more than 178 bits.
const RANDOM: usize = 30;
/// Characters of the checksum.
const CHECKSUM: usize = 6;
/// Characters by which people tell keys apart: the prefix and 8 more. What is left has 130 bits.
const SHOWN: usize = 12;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Draws a key.
pub(super) fn draw() -> String {
    let random: String = rand::rng().sample_iter(Alphanumeric).take(RANDOM).map(char::from).collect();
    let checksum = checksum(&random);
    format!("{PREFIX}{random}{checksum}")
}

/// The first characters of a key.
pub(super) fn shown(key: &str) -> &str {
    key.get(..SHOWN).unwrap_or_default()
}

/// The hash by which a key is kept; `None` for what never was one.
pub(super) fn hash(key: &str) -> Option<Vec<u8>> {
    let body = key.strip_prefix(PREFIX)?;
    let shaped = body.len() == RANDOM + CHECKSUM && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (random, sum) = shaped.then(|| body.split_at(RANDOM))?;
    (checksum(random) == sum).then(|| Sha256::digest(key).to_vec())
}

/// The first 4 bytes of the SHA-256, in base 62.
fn checksum(random: &str) -> String {
    let digest = Sha256::digest(random);
    let mut rest = digest.iter().take(4).fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % DIGITS.len()];
        rest /= DIGITS.len();
    }
    digits.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_looks_alone() {
        let key = draw();
        assert_eq!((key.len(), shown(&key)), (40, &key[..12]));
        assert!(hash(&key).is_some_and(|hash| hash == Sha256::digest(&key).to_vec()));
        assert_ne!(key, draw());
        let swapped: String = key.chars().map(|letter| if letter == 'a' { 'b' } else { letter }).collect();
        let cut = &key[..39];
        let long = format!("{key}a");
        let umlaut = format!("sok_{}é{}", &key[4..10], &key[12..]);
        for bad in ["", "sok_", cut, &long, &umlaut, &key[4..], &key.replace("sok_", "sor_")] {
            assert_eq!(hash(bad), None, "{bad}");
        }
        assert!(swapped == key || hash(&swapped).is_none());
    }

    #[test]
    fn the_checksum_is_what_it_always_was() {
        let random = "0123456789ABCDEFGHIJKLMNOPQRST";
        assert_eq!(checksum(random).len(), CHECKSUM);
        assert!(hash(&format!("sok_{random}{}", checksum(random))).is_some());
        assert!(hash(&format!("sok_{random}000000")).is_none());
    }
}
