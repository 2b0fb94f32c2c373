//! A new password: the old one is asked for, although there is an access token, since a token may be stolen; guesses are
//! counted with the log-ins. Whoever else was logged in is out; API keys go on unless their owner wants them to end.

use super::{api_key, client::Client, open_sessions, password, reset, session, throttle::Attempt};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error, Mistakes},
    scope::Caller,
};
use entities::user;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, sea_query::ExprTrait};

/// What a user chooses.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// 8 to 200 characters.
    pub password: String,
    /// Whether the user's API keys end with the old one.
    pub revoke_api_keys: bool,
}

/// What ended with the old password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub sessions: u64,
    /// API keys.
    pub api_keys: u64,
}

/// Changes the caller's password and ends the caller's other sessions, and with `revoke_api_keys` all of their API keys.
///
/// # Errors
/// Every mistake at once; [`Error::RateLimited`] after too many wrong passwords.
pub async fn change(
    app: &App,
    caller: Caller,
    client: &Client,
    current: String,
    new: NewPassword,
) -> Result<Ended, Error> {
    caller.session_id()?;
    // no caller's connection reads or writes passwords
    let app = &app.everywhere();
    let user = session::user(app, caller).await?;
    let attempt = Attempt::begin(app, &user.email, client).await?;
    let mut mistakes = Mistakes::default();
    let right = app.auth.passwords.verify(current, Some(user.password_hash.clone())).await?;
    if !right {
        mistakes.add("currentPassword", Code::Invalid, "is wrong");
    }
    password::check("newPassword", &new.password, &mut mistakes);
    if let Err(mistakes) = mistakes.check() {
        if right {
            attempt.forgive(app).await?;
        }
        return Err(mistakes);
    }
    let hash = app.auth.passwords.hash(new.password).await?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let unchanged = user::Column::Id.eq(user.id).and(user::Column::PasswordHash.eq(user.password_hash));
    let with_new = user::ActiveModel { password_hash: Set(hash), ..Default::default() };
    let changed = user::Entity::update_many().set(with_new).filter(unchanged).exec(&tx).await?;
    if changed.rows_affected == 0 {
        return Err(Error::mistake("currentPassword", Code::Invalid, "was changed a moment ago"));
    }
    reset::forget_links(&tx, user.id).await?;
    let sessions = open_sessions::end_others(&tx, caller, now).await?;
    attempt.succeed(&tx, now).await?;
    let (api_keys, deeds) = end_keys(&tx, caller, "changePassword", new.revoke_api_keys, now).await?;
    audit::record_all(&tx, &app.clock, deeds).await?;
    tx.commit().await?;
    Ok(Ended { sessions, api_keys })
}

/// Ends the keys of a user who wants that; gives how many there were, and what is to be written down of the new password.
pub(super) async fn end_keys(
    tx: &DatabaseTransaction,
    caller: Caller,
    action: &'static str,
    wanted: bool,
    now: i64,
) -> Result<(u64, Vec<(Author, Deed)>), Error> {
    if wanted {
        return api_key::revoke_all(tx, caller, action, now).await;
    }
    Ok((0, vec![(Author::of_account(caller), Deed::new(action, "User", Some(caller.user_id)))]))
}
