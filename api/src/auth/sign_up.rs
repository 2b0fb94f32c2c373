//! Sign-up: a user, a first tenant that it owns and a session, in one transaction.

use super::{client::Client, password, session, session::Session, signing_key};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error, Mistakes},
    invalidation::Changes,
    scope::{Permission, TenantScope},
    tenants,
};
use email_address::{EmailAddress, Options};
use entities::{tenant, user};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, SqlErr, prelude::Uuid};
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
    /// Name of the first tenant, 1 to 100 characters.
    pub tenant_name: String,
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

/// Makes an account with a first tenant.
///
/// # Errors
/// Every mistake of the input at once; `TAKEN` in `email` when it has an account.
pub async fn sign_up(app: &App, input: SignUp, client: &Client) -> Result<SignedUp, Error> {
    let mut mistakes = Mistakes::default();
    let email = check_email(&input.email, &mut mistakes);
    password::check("password", &input.password, &mut mistakes);
    let name = tenants::check_name("tenantName", &input.tenant_name, &mut mistakes);
    if let Some(email) = &email
        && user::Entity::find().filter(user::Column::Email.eq(email)).count(app.db.read()).await? > 0
    {
        mistakes.add("email", Code::Taken, IN_USE);
    }
    mistakes.check()?;
    let password_hash = app.auth.passwords.hash(input.password).await?;
    let key = signing_key(app).await?;

    let now = app.clock.now();
    let user = user::Model { id: Uuid::now_v7(), email: email.unwrap_or_default(), password_hash, created_at: now };
    let tx = app.db.begin().await?;
    let inserted = user::Entity::insert(user::ActiveModel::from(user.clone())).exec_without_returning(&tx).await;
    inserted.map_err(taken_or_fault)?;
    let mut changes = Changes::default();
    let (session, session_id) = session::start(app, &tx, user.id, client, &key).await?;
    let caller = client.caller(user.id, session_id);
    let tenant = tenants::insert(app, &tx, &mut changes, (caller, name), "signUp").await?;
    let deed = Deed::new("signUp", "User", Some(user.id)).after(&json!({ "email": user.email }))?;
    audit::record(&tx, &app.clock, Author::of_account(caller), deed).await?;
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;

    let scope = TenantScope::of(&app.db, caller, tenant.id, Permission::ReadTenant, "tenantId").await?;
    Ok(SignedUp { session, user, tenant, scope })
}

const IN_USE: &str = "has an account already";

/// Two sign-ups with one address at once: the second one finds out here.
fn taken_or_fault(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::mistake("email", Code::Taken, IN_USE),
        _ => error.into(),
    }
}

fn check_email(email: &str, mistakes: &mut Mistakes) -> Option<String> {
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
