//! Accounts: who may ask. A password, or a refresh token, is exchanged for an access token that lives for 15 minutes and
//! for the next refresh token; a request shows the access token. Log-out, and a refresh token that is used twice, end a
//! session at once, since every request looks its session up.

pub mod api_key;
pub mod password;
pub mod session;
pub mod sign_up;
pub mod token;

pub use session::{Credentials, LoggedIn, Session, log_in, log_out, refresh, user};
pub use sign_up::{SignUp, SignedUp, sign_up};

use self::{password::Passwords, token::AccessTokens};
use crate::{app::App, error::Error, scope::Caller};
use secrecy::SecretString;

/// Passwords and tokens.
pub struct Auth {
    /// Hashes passwords and verifies them.
    pub(crate) passwords: Passwords,
    /// Signs access tokens and verifies them.
    pub(crate) access: AccessTokens,
}

impl Auth {
    /// Prepares both; `secret` signs access tokens.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        Self { passwords: Passwords::new(), access: AccessTokens::new(secret) }
    }
}

/// Who shows this token: the access token of a log-in, or an API key.
///
/// # Errors
/// [`Error::Unauthenticated`] for one that is not ours, ended or over; of the database.
pub async fn authenticate(app: &App, token: &str) -> Result<Caller, Error> {
    if api_key::is_api_key(token) {
        api_key::authenticate(app, token).await
    } else {
        session::authenticate(app, token).await
    }
}
