//! Looks for secrets where none may be: in any column of any table, and in what the programs say.

use super::dump::Dump;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use std::collections::{BTreeMap, BTreeSet};

/// Every column of bytes, and what it is: none can be turned back into a secret by who has the database alone.
pub(super) const BYTES: [(&str, &str); 19] = [
    ("api_keys.hash", "SHA-256 of a key of 256 random bits"),
    ("audit_events.hash", "of the chain"),
    ("audit_events.previous_hash", "of the chain"),
    ("audit_heads.hash", "of the chain"),
    ("dead_letters.payload", "a click that could not be stored"),
    ("idempotency_keys.input_hash", "SHA-256 of an input"),
    ("invitations.token_hash", "SHA-256 of a token of 256 random bits"),
    ("mails.salt", "derives the token of a link with the secret of the installation, which is not in the database"),
    ("password_resets.token_hash", "SHA-256 of a token of 256 random bits"),
    ("recovery_codes.code_hash", "of a code, with its user"),
    ("refresh_tokens.successor_salt", "derives a token from the one before and the secret of the installation"),
    ("refresh_tokens.token_hash", "SHA-256 of a token of 256 random bits"),
    ("rollups.packed", "counts, and sketches of them"),
    ("second_factors.salt", "derives what an app shares with the secret of the installation"),
    ("signing_keys.salt", "derives a key of access tokens with the secret of the installation"),
    ("throttles.name", "of who tries what, with the secret of the installation"),
    ("visitor_keys.key", "of a day: hashes visitors, and nobody logs in with it"),
    ("webhooks.previous_salt", "the same, of the secret before"),
    ("webhooks.salt", "derives what a receiver verifies with, with the secret of the installation"),
];

/// Secrets by their name, in every form in which they could stand somewhere.
pub(super) struct Secrets(BTreeMap<String, BTreeSet<String>>);

impl Secrets {
    /// Of the names of the table, those that are secret.
    pub(super) fn of(names: &BTreeMap<String, String>) -> Self {
        let secret = names.iter().filter(|(name, _)| name.starts_with("$$"));
        Self(secret.map(|(name, text)| (name.clone(), forms(text))).collect())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The secrets that stand in a text.
    pub(super) fn within(&self, text: &str) -> BTreeSet<&str> {
        let stands = |forms: &BTreeSet<String>| forms.iter().any(|form| text.contains(form.as_str()));
        self.0.iter().filter(|(_, forms)| stands(forms)).map(|(name, _)| name.as_str()).collect()
    }

    /// Where secrets stand in a database: `table.column`, and which.
    pub(super) fn stored(&self, dump: &Dump) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (table, rows) in dump {
            for (column, value) in rows.iter().flatten() {
                found.extend(self.within(value).into_iter().map(|name| format!("{table}.{column} {name}")));
            }
        }
        found
    }
}

/// A secret as it is told, without hyphens and in the other case, encoded, and the bytes that it stands for.
fn forms(secret: &str) -> BTreeSet<String> {
    let bare = secret.replace('-', "");
    let mut forms: BTreeSet<String> = [secret.to_owned(), secret.to_uppercase(), bare.to_uppercase(), bare].into();
    forms.extend([
        HEXLOWER.encode(secret.as_bytes()),
        BASE64_STANDARD.encode(secret),
        BASE64_URL_SAFE_NO_PAD.encode(secret),
    ]);
    let body = secret.rsplit_once('_').map_or(secret, |(_, body)| body);
    for body in [body, secret.split_once('_').map_or(secret, |(_, body)| body)] {
        let decoded = [
            BASE64_URL_SAFE_NO_PAD.decode(body).ok(),
            BASE64_STANDARD.decode(body).ok(),
            BASE32_NOPAD.decode(body.as_bytes()).ok(),
        ];
        let long = decoded.into_iter().flatten().filter(|bytes| bytes.len() >= 16);
        forms.extend(long.map(|bytes| HEXLOWER.encode(&bytes)));
    }
    forms
}
