//! The second factor: an authenticator app, and ten recovery codes for the day it is lost. The secret that the app shares is
//! derived from the user, a salt and the one secret of this installation, so that nothing at rest tells it and there is
//! nothing to decrypt; recovery codes are kept as hashes and outlive a change of that secret. Each code works once. What
//! guesses them is counted with the log-ins.

use super::{
    client::Client,
    secrets::Purpose,
    session,
    throttle::Attempt,
    totp::{Secret, new_recovery_code, recovery_hash},
};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error},
    scope::Caller,
};
use entities::{recovery_code, second_factor, second_factor::Model};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    prelude::Uuid,
    sea_query::{ExprTrait, OnConflict},
};

/// How many recovery codes a user gets.
pub const RECOVERY_CODES: usize = 10;
/// What is said of a code that is not right, and of one that was.
const WRONG: &str = "is wrong, or was used before";

/// A second factor that is being set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// For typing into an app: Base32.
    pub secret: String,
    /// For a QR code.
    pub otpauth_url: String,
}

/// What a user shows beside the password.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// A code of the app.
    pub totp_code: Option<String>,
    /// One of the recovery codes; not looked at beside a code of the app.
    pub recovery_code: Option<String>,
}

/// Begins to set up a second factor; it is not asked for before [`confirm`]. Beginning again makes another secret.
///
/// # Errors
/// `TAKEN` when there is one already.
pub async fn start(app: &App, caller: Caller) -> Result<Started, Error> {
    caller.session_id()?;
    let user = session::user(app, caller).await?;
    let row = Model {
        user_id: user.id,
        salt: rand::random::<[u8; 32]>().to_vec(),
        created_at: app.clock.now(),
        confirmed_at: None,
        last_step: 0,
    };
    let secret = secret_of(app, &row)?;
    let tx = app.db.begin().await?;
    let again = OnConflict::column(second_factor::Column::UserId)
        .update_columns([second_factor::Column::Salt, second_factor::Column::CreatedAt])
        .action_and_where(
            sea_orm::sea_query::Expr::col((second_factor::Entity, second_factor::Column::ConfirmedAt)).is_null(),
        )
        .to_owned();
    let insert = second_factor::Entity::insert(second_factor::ActiveModel::from(row)).on_conflict(again);
    if insert.exec_without_returning(&tx).await? == 0 {
        return Err(already());
    }
    audit::record(&tx, &app.clock, Author::of_account(caller), deed("startTotp", user.id)).await?;
    tx.commit().await?;
    Ok(Started { secret: secret.reveal(), otpauth_url: secret.url(&user.email) })
}

/// What is done to a second factor: neither its secret nor a code is told.
const fn deed(action: &'static str, user_id: Uuid) -> Deed {
    Deed::new(action, "User", Some(user_id))
}

fn already() -> Error {
    Error::Mistakes(vec![crate::error::Mistake {
        field: Vec::new(),
        code: Code::Taken,
        message: "a second factor is on already: turn it off first".to_owned(),
    }])
}

/// Turns the second factor on with a first code of the app, and with the password: a stolen access token must not be enough
/// to lock the owner out. Gives the recovery codes, which are shown this once.
///
/// # Errors
/// A mistake in `password`, or one in `code` for a wrong one and where nothing was begun, `TAKEN` when it is on already.
pub async fn confirm(
    app: &App,
    caller: Caller,
    client: &Client,
    password: String,
    code: &str,
) -> Result<Vec<String>, Error> {
    caller.session_id()?;
    let user = session::user(app, caller).await?;
    let attempt = Attempt::begin(app, &user.email, client).await?;
    if !app.auth.passwords.verify(password, Some(user.password_hash)).await? {
        return Err(Error::mistake("password", Code::Invalid, "is wrong"));
    }
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let Some(row) = second_factor::Entity::find_by_id(user.id).one(&tx).await? else {
        return Err(Error::mistake("code", Code::NotFound, "belongs to no second factor: start one first"));
    };
    if row.confirmed_at.is_some() {
        return Err(already());
    }
    let step = secret_of(app, &row)?.step_of(code, row.last_step, now);
    let step = step.ok_or_else(|| Error::mistake("code", Code::Invalid, WRONG))?;
    let confirmed =
        second_factor::ActiveModel { confirmed_at: Set(Some(now)), last_step: Set(step), ..Default::default() };
    // not one that was begun again or confirmed meanwhile
    let begun = second_factor::Column::UserId.eq(user.id).and(second_factor::Column::Salt.eq(row.salt));
    let begun = begun.and(second_factor::Column::ConfirmedAt.is_null());
    let changed = second_factor::Entity::update_many().set(confirmed).filter(begun).exec(&tx).await?;
    if changed.rows_affected == 0 {
        return Err(Error::mistake("code", Code::Invalid, WRONG));
    }
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| new_recovery_code()).collect();
    forget_codes(&tx, user.id).await?;
    let rows = codes.iter().map(|code| recovery_code::ActiveModel {
        code_hash: Set(recovery_hash(user.id, code)),
        user_id: Set(user.id),
        used_at: NotSet,
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    attempt.succeed(&tx, now).await?;
    audit::record(&tx, &app.clock, Author::of_account(caller), deed("confirmTotp", user.id)).await?;
    tx.commit().await?;
    Ok(codes)
}

/// Turns the second factor off, with the password and a code of the app or a recovery code. A code is judged only beside
/// the right password.
///
/// # Errors
/// A mistake in `password`, or one in `code`, also where there is no second factor.
pub async fn disable(app: &App, caller: Caller, client: &Client, password: String, code: &str) -> Result<(), Error> {
    caller.session_id()?;
    let user = session::user(app, caller).await?;
    let attempt = Attempt::begin(app, &user.email, client).await?;
    if !app.auth.passwords.verify(password, Some(user.password_hash)).await? {
        return Err(Error::mistake("password", Code::Invalid, "is wrong"));
    }
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    let Some(row) = confirmed(&tx, user.id).await? else {
        drop(tx);
        attempt.forgive(app).await?;
        return Err(Error::mistake("code", Code::NotFound, "belongs to no second factor: none is on"));
    };
    let right = use_totp(app, &tx, &row, code, now).await? || use_recovery(&tx, user.id, code, now).await?;
    if !right {
        return Err(Error::mistake("code", Code::Invalid, WRONG));
    }
    second_factor::Entity::delete_by_id(user.id).exec(&tx).await?;
    forget_codes(&tx, user.id).await?;
    attempt.succeed(&tx, now).await?;
    audit::record(&tx, &app.clock, Author::of_account(caller), deed("disableTotp", user.id)).await?;
    Ok(tx.commit().await?)
}

/// Whether a user is asked for a second factor.
///
/// # Errors
/// Of the database.
pub async fn is_on(app: &App, user_id: Uuid) -> Result<bool, Error> {
    Ok(confirmed(app.db.read(), user_id).await?.is_some())
}

/// What the second factor says to a log-in whose password is right.
pub(super) enum Verdict {
    /// Go on: there is none, or the code was right and is used now.
    Pass,
    /// A code is needed.
    Needed,
    /// The code in this field is wrong.
    Wrong(&'static str),
}

/// Judges what was shown; a code that is right is used up in this transaction.
pub(super) async fn judge(
    app: &App,
    tx: &DatabaseTransaction,
    user_id: Uuid,
    shown: &Shown,
    now: i64,
) -> Result<Verdict, Error> {
    let Some(row) = confirmed(tx, user_id).await? else { return Ok(Verdict::Pass) };
    let (right, field) = match (&shown.totp_code, &shown.recovery_code) {
        (Some(code), _) => (use_totp(app, tx, &row, code, now).await?, "totpCode"),
        (None, Some(code)) => (use_recovery(tx, user_id, code, now).await?, "recoveryCode"),
        (None, None) => return Ok(Verdict::Needed),
    };
    Ok(if right { Verdict::Pass } else { Verdict::Wrong(field) })
}

async fn confirmed(db: &impl ConnectionTrait, user_id: Uuid) -> Result<Option<Model>, Error> {
    let row = second_factor::Entity::find_by_id(user_id).one(db).await?;
    Ok(row.filter(|row| row.confirmed_at.is_some()))
}

fn secret_of(app: &App, row: &Model) -> Result<Secret, Error> {
    let key = app.auth.secrets.derive(Purpose::SecondFactor, &[row.user_id.as_bytes(), &row.salt])?;
    Ok(Secret::new(&key))
}

/// Uses a code of the app. Of two that come at once with one code only one finds it unused.
async fn use_totp(app: &App, tx: &DatabaseTransaction, row: &Model, code: &str, now: i64) -> Result<bool, Error> {
    let Some(step) = secret_of(app, row)?.step_of(code, row.last_step, now) else { return Ok(false) };
    let unused = second_factor::Column::UserId.eq(row.user_id).and(second_factor::Column::LastStep.lt(step));
    let use_now = second_factor::ActiveModel { last_step: Set(step), ..Default::default() };
    let used = second_factor::Entity::update_many().set(use_now).filter(unused).exec(tx).await?;
    Ok(used.rows_affected == 1)
}

async fn use_recovery(tx: &DatabaseTransaction, user_id: Uuid, code: &str, now: i64) -> Result<bool, Error> {
    let unused = recovery_code::Column::CodeHash.eq(recovery_hash(user_id, code));
    let unused = unused.and(recovery_code::Column::UserId.eq(user_id)).and(recovery_code::Column::UsedAt.is_null());
    let use_now = recovery_code::ActiveModel { used_at: Set(Some(now)), ..Default::default() };
    let used = recovery_code::Entity::update_many().set(use_now).filter(unused).exec(tx).await?;
    Ok(used.rows_affected == 1)
}

async fn forget_codes(tx: &DatabaseTransaction, user_id: Uuid) -> Result<(), Error> {
    recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user_id)).exec(tx).await?;
    Ok(())
}
