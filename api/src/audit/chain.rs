//! How the rows of the audit log hang together. The hash of a row is SHA-256 over the hash of the row before and then its
//! values in order, each with its length before it, so that no two rows have the same bytes. Pure; anybody who has the
//! rows can do it again.

use entities::audit_event::Model;
use sha2::{Digest, Sha256};

/// What the first row of a chain has for the hash of the one before.
pub const START: [u8; 32] = [0; 32];

/// The hash of a row: `chain_id seq id at user_id api_key_id request_id action target_kind target_id before after`, after
/// `previous_hash`. A length is 8 bytes, big-endian; a value that is missing has the length 2^64 - 1. Ids are their 16
/// bytes, numbers 8 bytes big-endian, texts UTF-8.
#[must_use]
pub fn hash(row: &Model) -> Vec<u8> {
    let mut sum = Sha256::new();
    sum.update(&row.previous_hash);
    let mut add = |value: Option<&[u8]>| {
        let length = value.map_or(u64::MAX, |value| value.len() as u64);
        sum.update(length.to_be_bytes());
        sum.update(value.unwrap_or_default());
    };
    add(Some(row.chain_id.as_bytes()));
    add(Some(&row.seq.to_be_bytes()));
    add(Some(row.id.as_bytes()));
    add(Some(&row.at.to_be_bytes()));
    for id in [&row.user_id, &row.api_key_id, &row.request_id] {
        add(id.as_ref().map(|id| id.as_bytes().as_slice()));
    }
    add(Some(row.action.as_bytes()));
    add(Some(row.target_kind.as_bytes()));
    add(row.target_id.as_ref().map(|id| id.as_bytes().as_slice()));
    add(row.before.as_deref().map(str::as_bytes));
    add(row.after.as_deref().map(str::as_bytes));
    sum.finalize().to_vec()
}

/// Follows a chain from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    seq: i64,
    hash: Vec<u8>,
}

impl Default for Follower {
    fn default() -> Self {
        Self { seq: 0, hash: START.to_vec() }
    }
}

impl Follower {
    /// Takes the next row.
    ///
    /// # Errors
    /// The number of the row that should have come and is missing or changed.
    pub fn follow(&mut self, row: &Model) -> Result<(), i64> {
        let next = self.seq + 1;
        if row.seq != next || row.previous_hash != self.hash || row.hash != hash(row) {
            return Err(next);
        }
        self.seq = next;
        self.hash.clone_from(&row.hash);
        Ok(())
    }

    /// Whether the chain ends here.
    ///
    /// # Errors
    /// The number of the first row that is missing, or of the last one when it is another.
    pub fn end(&self, seq: i64, hash: &[u8]) -> Result<(), i64> {
        if self.seq < seq {
            return Err(self.seq + 1);
        }
        if self.seq == seq && self.hash == hash { Ok(()) } else { Err(self.seq) }
    }

    /// Rows that were followed.
    #[must_use]
    pub const fn seq(&self) -> i64 {
        self.seq
    }

    /// Hash of the last row.
    #[must_use]
    pub fn hash(&self) -> &[u8] {
        &self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn chain(length: i64) -> Vec<Model> {
        let mut previous = START.to_vec();
        let row = |seq| {
            let mut row = Model {
                chain_id: Uuid::from_u128(1),
                seq,
                id: Uuid::from_u128(seq.unsigned_abs().into()),
                at: 1_700_000_000_000 + seq,
                user_id: Some(Uuid::from_u128(2)),
                api_key_id: None,
                request_id: None,
                action: "updateLink".to_owned(),
                target_kind: "Link".to_owned(),
                target_id: Some(Uuid::from_u128(3)),
                before: None,
                after: Some("{}".to_owned()),
                previous_hash: previous.clone(),
                hash: Vec::new(),
            };
            row.hash = hash(&row);
            previous.clone_from(&row.hash);
            row
        };
        (1..=length).map(row).collect()
    }

    fn broken_at(rows: &[Model], end: &Model) -> Option<i64> {
        let mut follower = Follower::default();
        let followed = rows.iter().try_for_each(|row| follower.follow(row));
        followed.and_then(|()| follower.end(end.seq, &end.hash)).err()
    }

    #[test]
    fn a_chain_is_followed_to_its_end() {
        let rows = chain(3);
        assert_eq!(broken_at(&rows, &rows[2]), None);
        assert_eq!(Follower::default().end(0, &START), Ok(()));
    }

    #[test]
    fn what_is_changed_or_gone_is_found_where_it_was() {
        let rows = chain(4);
        let end = &rows[3];
        let with = |at: usize, change: fn(&mut Model)| {
            let mut rows = rows.clone();
            change(&mut rows[at]);
            broken_at(&rows, end)
        };
        assert_eq!(with(1, |row| row.user_id = None), Some(2));
        assert_eq!(with(1, |row| row.api_key_id = row.user_id.take()), Some(2));
        assert_eq!(with(1, |row| row.after = row.before.take()), Some(2));
        assert_eq!(with(1, |row| row.at += 1), Some(2));
        // with its hash made again it is the next one that no longer fits
        let again = |row: &mut Model| {
            row.action = "deleteLink".to_owned();
            row.hash = hash(row);
        };
        assert_eq!(with(1, again), Some(3));
        assert_eq!(with(3, again), Some(4));
        assert_eq!(broken_at(&rows[..2], end), Some(3));
        assert_eq!(broken_at(&[&rows[..1], &rows[2..]].concat(), end), Some(2));
        assert_eq!(broken_at(&rows[1..], end), Some(1));
    }
}
