//! Automatic persisted queries, as Apollo's clients have them: a client sends the hash of a document alone, and the document
//! along with it once it hears that nobody knows it here. What is kept has run, is bounded in bytes, and is kept by its own hash:
//! nobody can put another document in its place.

use super::{
    error::code,
    guard::{Fault, Refusal},
    limits::DOCUMENT,
};
use async_graphql::{Extensions, Value};
use quick_cache::{Weighter, sync::Cache};
use sha2::{Digest, Sha256};

/// Bytes of all documents together.
const CAPACITY: u64 = 8 * 1024 * 1024;
/// How many documents are expected.
const EXPECTED: usize = 4_096;
/// What a document costs besides its own bytes.
const ENTRY: u64 = 128;

/// SHA-256 of a document.
type Hash = [u8; 32];

#[derive(Clone)]
struct Bytes;

impl Weighter<Hash, Box<str>> for Bytes {
    fn weight(&self, _: &Hash, text: &Box<str>) -> u64 {
        text.len() as u64 + ENTRY
    }
}

/// Documents by their hashes.
pub(super) struct Persisted(Cache<Hash, Box<str>, Bytes>);

impl Default for Persisted {
    fn default() -> Self {
        Self(Cache::with_weighter(EXPECTED, CAPACITY, Bytes))
    }
}

impl Persisted {
    /// Puts the document of its hash into a request that has none. Gives what [`keep`](Self::keep) takes once it has run, if it
    /// is to be kept.
    ///
    /// # Errors
    /// A hash that is not the document's, or that nobody knows.
    pub(super) fn complete(&self, query: &mut String, extensions: &Extensions) -> Result<Option<Hash>, Refusal> {
        let Some(hash) = named(extensions)? else { return Ok(None) };
        if query.is_empty() {
            let found = self.0.get(&hash).ok_or_else(|| Refusal {
                fault: Fault::Unreadable,
                code: code::PERSISTED_QUERY_NOT_FOUND,
                message: "PersistedQueryNotFound".to_owned(),
                at: None,
            })?;
            *query = found.into_string();
            return Ok(None);
        }
        // hashed only when it could be run: the length is bounded
        if query.len() as u64 <= DOCUMENT.most && Hash::from(Sha256::digest(query.as_bytes())) != hash {
            return Err(bad("extensions.persistedQuery.sha256Hash is not the hash of the query"));
        }
        Ok(Some(hash))
    }

    /// Keeps a document that has run.
    pub(super) fn keep(&self, hash: Hash, query: String) {
        self.0.insert(hash, query.into_boxed_str());
    }
}

/// The hash that a request names.
fn named(extensions: &Extensions) -> Result<Option<Hash>, Refusal> {
    let fields = match extensions.get("persistedQuery") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(bad("extensions.persistedQuery must be {version, sha256Hash}")),
    };
    if fields.get("version") != Some(&Value::from(1)) {
        return Err(bad("extensions.persistedQuery.version must be 1"));
    }
    match fields.get("sha256Hash") {
        Some(Value::String(text)) => decode(text).map(Some),
        _ => None,
    }
    .ok_or_else(|| bad("extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits"))
}

fn decode(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(hash)
}

fn bad(message: &str) -> Refusal {
    Refusal { fault: Fault::Request, code: code::BAD_REQUEST, message: message.to_owned(), at: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::value;

    fn naming(version: i32, hash: impl Into<Value>) -> Extensions {
        let hash = hash.into();
        let named = value!({ "version": version, "sha256Hash": hash });
        Extensions(std::iter::once(("persistedQuery".to_owned(), named)).collect())
    }

    fn hash_of(text: &str) -> String {
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_document_is_found_by_its_own_hash_alone() {
        let persisted = Persisted::default();
        let text = "{ __typename }".to_owned();
        let extensions = naming(1, hash_of(&text));
        let mut query = String::new();
        let refusal = persisted.complete(&mut query, &extensions).unwrap_err();
        assert_eq!((refusal.fault, refusal.code), (Fault::Unreadable, "PERSISTED_QUERY_NOT_FOUND"));
        let hash = persisted.complete(&mut text.clone(), &extensions).unwrap().unwrap();
        assert!(persisted.complete(&mut query, &extensions).is_err(), "it has not run yet");
        persisted.keep(hash, text.clone());
        assert_eq!((persisted.complete(&mut query, &extensions), query), (Ok(None), text));
        assert_eq!(persisted.complete(&mut "{ a }".to_owned(), &Extensions::default()), Ok(None));
        for (extensions, what) in [
            (extensions, "is not the hash"),
            (naming(2, ""), "version must be 1"),
            (naming(1, "x"), "64 hexadecimal digits"),
            (naming(1, "é".repeat(32)), "64 hexadecimal digits"),
            (naming(1, "+1".repeat(32)), "is not the hash"),
            (naming(1, 7), "64 hexadecimal digits"),
        ] {
            let refusal = persisted.complete(&mut "{ other }".to_owned(), &extensions).unwrap_err();
            assert!(refusal.fault == Fault::Request && refusal.message.contains(what), "{refusal:?}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let persisted = Persisted::default();
        for at in 0..400_u16 {
            let mut hash = Hash::default();
            hash[..2].copy_from_slice(&at.to_be_bytes());
            persisted.keep(hash, "x".repeat(60_000));
        }
        assert!(persisted.0.weight() <= CAPACITY && !persisted.0.is_empty());
    }
}
