//! Passwords: the rules, and Argon2id at one of OWASP's least costs, which are all as strong: 12 MiB and 3 passes, so that
//! a log-in takes little of the memory. It takes tens of milliseconds: on a thread that may block, and at most two at a
//! time, so that log-ins cannot take the machine from everything else; of newcomers one at a time, so that sign-ups cannot
//! take their turns from log-ins.

use crate::error::{Code, Error, Mistakes};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const MIN: usize = 8;
/// Most characters of a password.
pub const MAX: usize = 200;

/// Memory of one hash, in KiB.
const MEMORY: u32 = 12_288;
/// Passes over it.
const PASSES: u32 = 3;
/// Hashes at a time.
const AT_A_TIME: usize = 2;
/// The hash of a password that nobody has: it is verified where there is no user, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=12288,t=3,p=1$c3RvcG92ZXItbm9ib2R5LQ$SPtVOHPorXQiVImXKDBOBA2WlJ8aKkYO++ZZOy8Jq98";

/// Hashes passwords and verifies them.
pub struct Passwords {
    turns: Arc<Semaphore>,
    newcomers: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_A_TIME)), newcomers: Arc::new(Semaphore::new(1)) }
    }

    /// Hashes a password, in PHC form.
    ///
    /// # Errors
    /// [`Error::Fault`] when the machine cannot.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        let hash = move || hashed(&password);
        self.take_turn(hash).await
    }

    /// Hashes the password of somebody who has no account yet, after all newcomers who came before.
    ///
    /// # Errors
    /// As [`Passwords::hash`].
    pub async fn hash_for_newcomer(&self, password: String) -> Result<String, Error> {
        let newcomer = self.newcomers.clone().acquire_owned().await.map_err(|error| fault(&error))?;
        let hash = move || {
            // held until the work is done, even when nobody waits for it any more
            let _newcomer = newcomer;
            hashed(&password)
        };
        self.take_turn(hash).await
    }

    /// Whether this is the password; `None`, for a user who does not exist, takes as long and is never right.
    ///
    /// One that is longer than any is wrong at once, whoever is asked for.
    ///
    /// # Errors
    /// [`Error::Fault`] when the machine cannot or the stored hash cannot be read.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        if is_too_long(&password) {
            return Ok(false);
        }
        let verify = move || {
            let parsed = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY))?;
            match hasher()?.verify_password(password.as_bytes(), &parsed) {
                Ok(()) => Ok(hash.is_some()),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.take_turn(verify).await
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> password_hash::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| fault(&error))?;
        let work = move || {
            // held until the work is done, even when nobody waits for it any more
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| fault(&error))?.map_err(|error| fault(&error))
    }
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::Fault(format!("passwords: {error}"))
}

fn hasher() -> password_hash::Result<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, 1, None).map_err(|_| password_hash::Error::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hashed(password: &str) -> password_hash::Result<String> {
    Ok(hasher()?.hash_password(password.as_bytes())?.to_string())
}

fn is_too_long(password: &str) -> bool {
    password.chars().nth(MAX).is_some()
}

/// Notes what is wrong with a new password that stands in `field`.
pub(super) fn check(field: &str, password: &str, mistakes: &mut Mistakes) {
    if password.chars().count() < MIN {
        mistakes.add(field, Code::Invalid, format!("must have at least {MIN} characters"));
    } else if is_too_long(password) {
        mistakes.add(field, Code::TooLong, format!("must have at most {MAX} characters"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_a_hash_of_the_same_cost() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        let params = Params::try_from(&hash).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY, PASSES, 1));
        assert_eq!((hash.algorithm.as_str(), hash.version), ("argon2id", Some(0x13)));
        assert!(hash.hash.is_some());
    }

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_only() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=12288,t=3,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horsf".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".to_owned(), None).await.unwrap());
        assert!(passwords.verify("x".to_owned(), Some("plain".to_owned())).await.is_err());
        // one that was made at another cost is verified at that cost
        let costlier = Params::new(19_456, 2, 1, None).unwrap();
        let costlier =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, costlier).hash_password(b"correct horse").unwrap();
        assert!(passwords.verify("correct horse".to_owned(), Some(costlier.to_string())).await.unwrap());
        assert!(!passwords.verify("correct horsf".to_owned(), Some(costlier.to_string())).await.unwrap());
        // nothing is hashed for what nobody can have chosen: not even the stored hash is read
        let (long, longest) = ("é".repeat(MAX + 1), "x".repeat(60_000));
        for long in [long, longest] {
            assert!(!passwords.verify(long.clone(), Some("plain".to_owned())).await.unwrap());
            assert!(!passwords.verify(long, None).await.unwrap());
        }
        assert!(passwords.verify("é".repeat(MAX), Some("plain".to_owned())).await.is_err());
    }

    #[tokio::test]
    async fn newcomers_leave_a_turn_to_log_ins() {
        let passwords = Passwords::new();
        let newcomers = || passwords.hash_for_newcomer("correct horse".to_owned());
        let free = async {
            // whoever is hashed for, one turn is never theirs
            while passwords.newcomers.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            passwords.turns.available_permits()
        };
        let (one, two, three, free) = tokio::join!(newcomers(), newcomers(), newcomers(), free);
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
        assert_eq!(free, AT_A_TIME - 1);
        assert_eq!((passwords.newcomers.available_permits(), passwords.turns.available_permits()), (1, AT_A_TIME));
    }

    #[test]
    fn a_password_has_8_to_200_characters() {
        let codes = |password: &str| {
            let mut mistakes = Mistakes::default();
            check("password", password, &mut mistakes);
            mistakes.check().is_ok()
        };
        assert!(codes("12345678") && codes(&"é".repeat(200)));
        assert!(!codes("1234567") && !codes(&"x".repeat(201)) && !codes(""));
    }
}
