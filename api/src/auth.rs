//! Accounts: who may ask. A password, with a code where the user wants one, or a refresh token, is exchanged for an access
//! token that lives for 15 minutes and for the next refresh token; a request shows the access token. Log-out, a refresh
//! token that is used twice and a new password end sessions at once, since every request looks its session up.

pub mod api_key;
pub mod client;
pub mod keys;
pub mod link_token;
pub mod log_in;
pub mod new_password;
pub mod open_sessions;
pub mod password;
pub mod refresh_token;
pub mod reset;
pub mod second_factor;
mod secrets;
pub mod session;
pub mod sign_up;
pub(crate) mod throttle;
pub mod token;
mod totp;

pub use client::Client;
pub use keys::rotate;
pub use link_token::LinkToken;
pub use log_in::{Credentials, LoggedIn, log_in};
pub use refresh_token::RefreshToken;
pub use session::{Session, log_out, refresh, user};
pub use sign_up::{SignUp, SignedUp, sign_up};

use self::{
    keys::{Key, Keys},
    password::Passwords,
    secrets::{Purpose, Secrets},
};
use crate::{app::App, error::Error, scope::Caller};
use secrecy::SecretString;
use std::sync::Arc;
use uuid::Uuid;

/// Passwords, keys and tokens.
pub struct Auth {
    /// Hashes passwords and verifies them.
    pub(crate) passwords: Passwords,
    secrets: Secrets,
    keys: Keys,
}

impl Auth {
    /// Prepares them; keys are derived from `secret`, and each signs for `key_rotation` milliseconds.
    #[must_use]
    pub fn new(secret: &SecretString, key_rotation: i64) -> Self {
        Self { passwords: Passwords::new(), secrets: Secrets::new(secret), keys: Keys::new(key_rotation) }
    }

    /// What a webhook's messages are signed with.
    ///
    /// # Errors
    /// None for 32 bytes.
    pub(crate) fn webhook_secret(&self, id: Uuid, salt: &[u8]) -> Result<[u8; 32], Error> {
        self.secrets.derive(Purpose::Webhook, &[id.as_bytes(), salt])
    }
}

/// Who shows this token: the access token of a log-in, or an API key.
///
/// # Errors
/// [`Error::Unauthenticated`] for one that is not ours, ended or over; of the database.
pub async fn authenticate(app: &App, token: &str) -> Result<Caller, Error> {
    // the token alone says who asks; a stream looks again, in the name of who asked then
    let app = &app.everywhere();
    if api_key::is_api_key(token) {
        api_key::authenticate(app, token).await
    } else {
        session::authenticate(app, token).await
    }
}

/// The key that signs access tokens now. Whoever begins or refreshes a session asks before the transaction.
async fn signing_key(app: &App) -> Result<Arc<Key>, Error> {
    app.auth.keys.signing(&app.db, &app.auth.secrets, app.clock.now()).await
}

#[cfg(test)]
pub(crate) mod tests;
