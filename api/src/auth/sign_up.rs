//! Sign-up: a user, a first tenant and a session, in one transaction. The tenant is a new one that the user owns, or the one
//! that an invitation leads into.

use super::{
    client::Client,
    password, session,
    session::Session,
    signing_key,
    throttle::{self, Limit},
};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error, Mistakes},
    invalidation::Changes,
    members::join,
    scope::TenantScope,
    tenants::{self, is_like_an_address},
};
use email_address::{EmailAddress, Options};
use entities::{invitation, tenant, user};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QuerySelect, SqlErr, prelude::Uuid,
};
use serde_json::json;

/// Longest e-mail address, in characters (RFC 5321 section 4.5.3.1.3).
pub const MAX_EMAIL: usize = 254;

/// What a newcomer gives.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// In any case; kept in lower case.
    pub email: String,
    /// 8 to 200 characters.
    pub password: String,
    /// Name of the first tenant, 1 to 100 characters; not looked at beside an invitation, and needed without one.
    pub tenant_name: Option<String>,
    /// The token of an invitation for this address.
    pub invitation: Option<String>,
}

/// A sign-up that succeeded.
#[derive(Debug, Clone)]
pub struct SignedUp {
    /// The first session.
    pub session: Session,
    /// The account.
    pub user: user::Model,
    /// The first tenant.
    pub tenant: tenant::Model,
    /// The newcomer's right in it.
    pub scope: TenantScope,
}

/// Makes an account with a first tenant, or in the tenant of an invitation.
///
/// # Errors
/// Every mistake of the input at once, also those of [`join::accept`] in `invitationToken`, and `INVALID` in it where only
/// the invited may sign up and there is none. Where there is no other mistake, [`Error::RateLimited`] after too many from one
/// client, and then `TAKEN` in `email` when it has an account: nobody finds out in bulk who has one.
pub async fn sign_up(request: &App, input: SignUp, client: &Client) -> Result<SignedUp, Error> {
    // who signs up is nobody yet, and what they join or make is not theirs
    let app = &request.everywhere();
    let mut mistakes = Mistakes::default();
    let email = check_email(&input.email, &mut mistakes);
    // it stands in the mails that invite others
    if let Some((local, _)) = email.as_deref().and_then(|email| email.rsplit_once('@'))
        && is_like_an_address(local)
    {
        mistakes.add("email", Code::Invalid, "must not hold a web address");
    }
    password::check("password", &input.password, &mut mistakes);
    let first = check_first(app, &input, email.as_deref(), &mut mistakes).await?;
    mistakes.check()?;
    Limit::SignUpsFrom.attempt(app, client.origin().as_bytes()).await?;
    let email = email.unwrap_or_default();
    if user::Entity::find().filter(user::Column::Email.eq(&email)).count(app.db.read()).await? > 0 {
        return Err(Error::mistake("email", Code::Taken, IN_USE));
    }
    let password_hash = app.auth.passwords.hash_for_newcomer(input.password).await?;
    let key = signing_key(app).await?;

    let now = app.clock.now();
    let user = user::Model { id: Uuid::now_v7(), email, password_hash, created_at: now };
    let tx = app.db.begin().await?;
    if matches!(first, First::New(_)) && !app.rules.open_sign_up {
        demand_nobody(&tx).await?;
    }
    let inserted = user::Entity::insert(user::ActiveModel::from(user.clone())).exec_without_returning(&tx).await;
    inserted.map_err(taken_or_fault)?;
    let mut changes = Changes::default();
    let (session, session_id) = session::start(app, &tx, user.id, client, &key).await?;
    let caller = client.caller(user.id, session_id);
    let trust = throttle::trust(app, &tx, (&user.email, client), now);
    let tenant_id = match first {
        First::New(name) => {
            trust.await?;
            tenants::insert(app, &tx, &mut changes, (caller, name), "signUp").await?.id
        }
        First::Invited(offered) => {
            let joined = join::join(app, &tx, (&offered, INVITATION), &user).await?;
            // tenants before counters, as who gives one away holds them
            trust.await?;
            let deed = Deed::new("signUp", "User", Some(user.id)).after(&join::told(&joined))?;
            audit::record(&tx, &app.clock, Author::new(joined.tenant_id, caller), deed).await?;
            joined.tenant_id
        }
    };
    let deed = Deed::new("signUp", "User", Some(user.id)).after(&json!({ "email": user.email }))?;
    audit::record(&tx, &app.clock, Author::of_account(caller), deed).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;

    request.db.act_for(caller);
    let (scope, tenant) = join::entered(request, caller, tenant_id).await?;
    Ok(SignedUp { session, user, tenant, scope })
}

/// The field of an invitation's token.
const INVITATION: &str = "invitationToken";
const CLOSED: &str = "is needed: only who is invited signs up on this server";

/// Whether there is no account yet. Of those who come at once the others wait, and find the first.
async fn demand_nobody(tx: &DatabaseTransaction) -> Result<(), Error> {
    if tx.get_database_backend() == DatabaseBackend::Postgres {
        tx.execute_unprepared("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    if user::Entity::find().limit(1).count(tx).await? > 0 {
        return Err(Error::mistake(INVITATION, Code::Invalid, CLOSED));
    }
    Ok(())
}

/// Where a newcomer starts.
enum First {
    /// In a new tenant of this name.
    New(String),
    /// Where this invitation leads.
    Invited(Box<invitation::Model>),
}

async fn check_first(app: &App, input: &SignUp, email: Option<&str>, mistakes: &mut Mistakes) -> Result<First, Error> {
    let Some(token) = &input.invitation else {
        if !app.rules.open_sign_up && user::Entity::find().limit(1).count(app.db.read()).await? > 0 {
            mistakes.add(INVITATION, Code::Invalid, CLOSED);
            return Ok(First::New(String::new()));
        }
        let Some(name) = &input.tenant_name else {
            mistakes.add("tenantName", Code::Invalid, "is needed where there is no invitation");
            return Ok(First::New(String::new()));
        };
        return Ok(First::New(tenants::check_name("tenantName", name, mistakes)));
    };
    let offered = async {
        let offered = join::offered(app, app.db.read(), token, INVITATION).await?;
        email.map_or(Ok(()), |email| join::check_address(&offered, email, INVITATION))?;
        Ok(offered)
    };
    match offered.await {
        Ok(offered) => Ok(First::Invited(Box::new(offered))),
        Err(Error::Mistakes(found)) => {
            found.into_iter().for_each(|mistake| mistakes.push(mistake));
            Ok(First::New(String::new()))
        }
        Err(other) => Err(other),
    }
}

const IN_USE: &str = "has an account already";

/// Two sign-ups with one address at once: the second one finds out here.
fn taken_or_fault(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::mistake("email", Code::Taken, IN_USE),
        _ => error.into(),
    }
}

/// Notes what is wrong with an e-mail address that stands in the field `email`, and gives it as it is kept.
pub(crate) fn check_email(email: &str, mistakes: &mut Mistakes) -> Option<String> {
    let email = email.trim().to_lowercase();
    if email.chars().count() > MAX_EMAIL {
        mistakes.add("email", Code::TooLong, format!("must have at most {MAX_EMAIL} characters"));
        return None;
    }
    let plain = Options::default().without_display_text().without_domain_literal();
    if email.contains(char::is_control) || EmailAddress::parse_with_options(&email, plain).is_err() {
        mistakes.add("email", Code::Invalid, "must be an e-mail address, such as name@example.com");
        return None;
    }
    Some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(email: &str) -> Option<String> {
        check_email(email, &mut Mistakes::default())
    }

    #[test]
    fn an_address_is_kept_in_lower_case() {
        assert_eq!(checked(" Ann.B+c@Example.COM ").as_deref(), Some("ann.b+c@example.com"));
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in
            ["", "ann", "@example.com", "ann@", "Ann <ann@example.com>", "ann@[127.0.0.1]", "a b@example.com", &long]
        {
            assert_eq!(checked(bad), None, "{bad}");
        }
    }
}
