//! Log-in: an e-mail address, a password and, where the user wants one, a code. An unknown address and a wrong password get
//! one answer after the same work: the same counters, one look-up by address and one hash of the same cost. That a code is
//! needed is told only to who has the password.

use super::{
    client::Client,
    open_sessions,
    second_factor::{self, Shown, Verdict},
    session::{self, Session},
    sign_up::MAX_EMAIL,
    signing_key,
    throttle::Attempt,
};
use crate::{
    app::App,
    audit::{self, Author},
    error::{Code, Error},
};
use entities::user;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType};
use serde_json::json;

/// What a user logs in with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// In any case.
    pub email: String,
    /// As it was chosen.
    pub password: String,
    /// The second factor; not looked at where the user has none.
    pub shown: Shown,
}

/// A log-in that succeeded.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The new session.
    pub session: Session,
    /// Whose it is.
    pub user: user::Model,
}

/// Logs a user in.
///
/// # Errors
/// The same mistake, after the same work, for an unknown user and for a wrong password; `SECOND_FACTOR_REQUIRED` or a
/// mistake in the code only after the right one; [`Error::RateLimited`] after too many.
pub async fn log_in(request: &App, credentials: Credentials, client: &Client) -> Result<LoggedIn, Error> {
    // nobody is the owner of any account yet
    let app = &request.everywhere();
    let Credentials { email, password, shown } = credentials;
    let email = email.trim().to_lowercase();
    let attempt = Attempt::begin(app, &email, client).await?;
    // what cannot be an address has no account, and not every database takes it
    let plausible = email.len() <= MAX_EMAIL && !email.chars().any(char::is_control);
    let found = if plausible {
        user::Entity::find().filter(user::Column::Email.eq(email)).one(app.db.read()).await?
    } else {
        None
    };
    let hash = found.as_ref().map(|user| user.password_hash.clone());
    let right = app.auth.passwords.verify(password, hash).await?;
    let wrong = || Error::mistake("password", Code::Invalid, "the e-mail address or the password is wrong");
    let user = found.filter(|_| right).ok_or_else(wrong)?;

    let key = signing_key(app).await?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    // whoever changes the password waits for this session and then ends it, or it was changed before and is wrong now
    let same = user::Entity::find_by_id(user.id).filter(user::Column::PasswordHash.eq(user.password_hash));
    let user = same.lock(LockType::NoKeyUpdate).one(&tx).await?.ok_or_else(wrong)?;
    match second_factor::judge(app, &tx, user.id, &shown, now).await? {
        Verdict::Pass => {}
        Verdict::Wrong(field) => return Err(Error::mistake(field, Code::Invalid, "is wrong, or was used before")),
        Verdict::Needed => {
            drop(tx);
            attempt.forgive(app).await?;
            let rule = "is needed: a code of your authenticator app, or a recovery code";
            return Err(Error::mistake("totpCode", Code::SecondFactorRequired, rule));
        }
    }
    attempt.succeed(&tx, now).await?;
    open_sessions::make_room(&tx, user.id, now).await?;
    let (session, id) = session::start(app, &tx, user.id, client, &key).await?;
    let deed =
        session::deed("logIn", id).after(&json!({ "network": client.network(), "userAgent": client.user_agent() }))?;
    audit::record(&tx, &app.clock, Author::of_account(client.caller(user.id, id)), deed).await?;
    tx.commit().await?;
    request.db.act_for(client.caller(user.id, id));
    Ok(LoggedIn { session, user })
}
