//! Random slugs: 8 characters out of 58, so that a table of a billion links meets a collision once in 128,000 links,
//! and none of the letters and digits that people mix up.

use contract::address::Slug;

/// Characters of a random slug.
const LENGTH: usize = 8;
/// Base58: letters and digits without 0, O, I and l.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Draws a slug; it may be taken.
pub(super) fn random() -> String {
    (0..LENGTH).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}

/// Whether a slug could be one of ours: what [`random`] gives always is a slug.
pub(super) fn parse(text: &str) -> Result<Slug, crate::error::Error> {
    Slug::parse(text).map_err(|error| crate::error::Error::Fault(format!("links.slug: {text} {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn slugs_are_eight_plain_characters_and_differ() {
        let slugs: HashSet<String> = (0..1_000).map(|_| random()).collect();
        assert_eq!(slugs.len(), 1_000);
        for slug in slugs {
            assert!(slug.len() == LENGTH && !slug.contains(['0', 'O', 'I', 'l']) && parse(&slug).is_ok(), "{slug}");
        }
    }
}
