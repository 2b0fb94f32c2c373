//! What an operation can answer besides its result: the caller's mistakes, a door that stays closed, or a fault of ours.
//! The three never mix: mistakes become `userErrors`, denials and faults become top-level errors, and the cause of a
//! fault goes to the log alone.

use crate::scope::KeyScope;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

/// What kind of mistake an input holds; the contract's `UserErrorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// It breaks a rule.
    Invalid,
    /// It is in use already.
    Taken,
    /// It does not exist, or not for this caller.
    NotFound,
    /// It is too long.
    TooLong,
    /// A limit is reached.
    LimitReached,
    /// The password is right, and a second factor is needed.
    SecondFactorRequired,
}

/// One mistake in an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// Path to the field, in the contract's own words: `["links", "3", "destination"]`.
    pub field: Vec<String>,
    /// What kind.
    pub code: Code,
    /// The rule, as a sentence for people.
    pub message: String,
}

impl Mistake {
    /// A mistake in one field.
    pub fn new(field: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        Self { field: vec![field.into()], code, message: message.into() }
    }
}

/// Why an operation did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's mistakes, all of them; nothing was changed.
    #[error("the input has mistakes")]
    Mistakes(Vec<Mistake>),
    /// The caller is not known.
    #[error("log in first")]
    Unauthenticated,
    /// The caller is known and may not do this.
    #[error("the role does not allow it")]
    Forbidden,
    /// The caller's API key lacks this scope.
    #[error("the API key lacks the scope {0}")]
    MissingScope(KeyScope),
    /// No API key may do this: it changes the account of its owner.
    #[error("an API key may not do this")]
    KeyForbidden,
    /// The caller tried too often.
    #[error("too many attempts: try again in {retry_after} s")]
    RateLimited {
        /// Seconds after which the next attempt is taken.
        retry_after: u64,
    },
    /// As many watch this tenant as may.
    #[error("too many streams")]
    TooManyStreams,
    /// Ours.
    #[error("{0}")]
    Fault(String),
}

impl Error {
    /// One mistake in one field.
    pub fn mistake(field: impl Into<String>, code: Code, message: impl Into<String>) -> Self {
        Self::Mistakes(vec![Mistake::new(field, code, message)])
    }

    /// What was asked for does not exist, or not for this caller: the answers are the same.
    pub fn not_found(field: impl Into<String>) -> Self {
        Self::mistake(field, Code::NotFound, "does not exist")
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Fault(error.to_string())
    }
}

/// Collects the mistakes of one input, so that they come back all at once.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Notes a mistake.
    pub fn add(&mut self, field: impl Into<String>, code: Code, message: impl Into<String>) {
        self.0.push(Mistake::new(field, code, message));
    }

    /// Notes a mistake whose field is a path.
    pub fn push(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    /// As [`gather`].
    ///
    /// # Errors
    /// As [`gather`].
    pub fn gather<T>(&mut self, checked: Result<T, Error>) -> Result<Option<T>, Error> {
        gather(&mut self.0, checked)
    }

    /// Ends the checking.
    ///
    /// # Errors
    /// [`Error::Mistakes`] when there were any.
    pub fn check(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Mistakes(self.0)) }
    }
}

/// Takes in the mistakes of one check among several, so that the others are told with them; gives what it came to where
/// it had none.
///
/// # Errors
/// What the check answered, where that is something else than mistakes.
pub fn gather<T>(mistakes: &mut Vec<Mistake>, checked: Result<T, Error>) -> Result<Option<T>, Error> {
    match checked {
        Ok(value) => Ok(Some(value)),
        Err(Error::Mistakes(found)) => {
            mistakes.extend(found);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
