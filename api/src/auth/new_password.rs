//! A new password: the old one is asked for, although there is an access token, since a token may be stolen; guesses are
//! counted with the log-ins. Whoever else was logged in is out.

use super::{client::Client, open_sessions, password, reset, session, throttle::Attempt};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error, Mistakes},
    scope::Caller,
};
use entities::user;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::ExprTrait};

/// Changes the caller's password and ends the caller's other sessions. Gives how many were open.
///
/// # Errors
/// Every mistake at once; [`Error::RateLimited`] after too many wrong passwords.
pub async fn change(app: &App, caller: Caller, client: &Client, current: String, new: String) -> Result<u64, Error> {
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
    password::check("newPassword", &new, &mut mistakes);
    if let Err(mistakes) = mistakes.check() {
        if right {
            attempt.forgive(app).await?;
        }
        return Err(mistakes);
    }
    let hash = app.auth.passwords.hash(new).await?;
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let unchanged = user::Column::Id.eq(user.id).and(user::Column::PasswordHash.eq(user.password_hash));
    let with_new = user::ActiveModel { password_hash: Set(hash), ..Default::default() };
    let changed = user::Entity::update_many().set(with_new).filter(unchanged).exec(&tx).await?;
    if changed.rows_affected == 0 {
        return Err(Error::mistake("currentPassword", Code::Invalid, "was changed a moment ago"));
    }
    reset::forget_links(&tx, user.id).await?;
    let ended = open_sessions::end_others(&tx, caller, now).await?;
    attempt.succeed(&tx, now).await?;
    let deed = Deed::new("changePassword", "User", Some(user.id));
    audit::record(&tx, &app.clock, Author::of_account(caller), deed).await?;
    tx.commit().await?;
    Ok(ended)
}
