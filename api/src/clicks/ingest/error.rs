//! Why records could not be stored: what passes and what does not. The difference decides whether they are tried again
//! or put away, so whatever is not known for certain to lie in the records counts as an outage.

use crate::clicks::deltas::SaveError;
use sea_orm::{DbErr, RuntimeErr, SqlxError, prelude::Uuid};

/// Why records could not be stored. None of them is: the log sends them again.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The database is away, full, or otherwise refuses for now.
    #[error("the database does not take the records now: {0}")]
    Outage(DbErr),
    /// The database refuses these records for what they hold.
    #[error("the database refuses the records: {0}")]
    Refused(DbErr),
    /// A rollup of this tenant and day cannot be read.
    #[error("a rollup of the tenant {tenant_id} on day {day} cannot be read")]
    Damaged {
        /// The tenant.
        tenant_id: Uuid,
        /// The day, in UTC.
        day: i32,
    },
}

impl From<DbErr> for IngestError {
    fn from(error: DbErr) -> Self {
        let code = match &error {
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => match &**cause {
                SqlxError::Database(cause) => cause.code().map(std::borrow::Cow::into_owned),
                _ => None,
            },
            _ => None,
        };
        if code.is_some_and(|code| is_about_content(&code)) { Self::Refused(error) } else { Self::Outage(error) }
    }
}

impl From<SaveError> for IngestError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Db(error) => error.into(),
            SaveError::Damaged { tenant_id, day } => Self::Damaged { tenant_id, day },
        }
    }
}

/// Whether an error's code says that a value cannot be stored. On PostgreSQL: SQLSTATE classes 22 (data) and 23
/// (integrity), but for 23514, which says that a partition is missing. On SQLite, whose extended codes have the primary
/// one in their low byte: 18 (too big), 19 (constraint), 20 (mismatch).
fn is_about_content(code: &str) -> bool {
    if code.len() == 5 {
        return (code.starts_with("22") || code.starts_with("23")) && code != "23514";
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18..=20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_lie_in_the_records_refuses_them() {
        for code in ["22021", "22P05", "23502", "18", "1299", "20"] {
            assert!(is_about_content(code), "{code}");
        }
        // partition missing, deadlock, disk full, shutting down; busy, I/O error, full
        for code in ["23514", "40P01", "53100", "57P01", "5", "778", "13", "x", ""] {
            assert!(!is_about_content(code), "{code}");
        }
    }
}
