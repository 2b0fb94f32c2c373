//! A tenant goes to another member, and its owner stays as an administrator. The password is asked for, since an access
//! token may be stolen; guesses are counted with the log-ins.

use super::{Member, demand_room, find, set_role, told};
use crate::{
    app::App,
    audit::{self, Deed},
    auth::{self, Client, throttle::Attempt},
    error::{Code, Error, Mistakes},
    scope::{Permission, TenantScope, hold_user},
};
use entities::membership::Role;
use sea_orm::prelude::Uuid;
use serde_json::json;

/// Makes another member an owner, and the caller an administrator. Gives the new owner.
///
/// # Errors
/// Every mistake at once: `NOT_FOUND` in `userId`, `INVALID` in it for who is an owner already, `LIMIT_REACHED` for who owns
/// too many; `INVALID` in `password`; [`Error::KeyForbidden`] for an API key; [`Error::RateLimited`] after too many wrong
/// passwords; as [`TenantScope::demand`] for [`Permission::Own`].
pub async fn transfer(
    app: &App,
    scope: TenantScope,
    client: &Client,
    user_id: Uuid,
    password: String,
) -> Result<Member, Error> {
    let caller = scope.caller();
    scope.demand(Permission::Own)?;
    scope.demand_owner()?;
    let user = auth::user(app, caller).await?;
    let attempt = Attempt::begin(app, &user.email, client).await?;
    let mut mistakes = Mistakes::default();
    match find(app.db.read(), scope.tenant_id(), user_id).await? {
        None => mistakes.add("userId", Code::NotFound, "does not exist"),
        Some(member) if member.role == Role::Owner => mistakes.add("userId", Code::Invalid, OWNER),
        Some(_) => match demand_room(app, user_id, "userId").await {
            Err(Error::Mistakes(found)) => found.into_iter().for_each(|mistake| mistakes.push(mistake)),
            other => other?,
        },
    }
    let right = app.auth.passwords.verify(password, Some(user.password_hash)).await?;
    if !right {
        mistakes.add("password", Code::Invalid, "is wrong");
    }
    if let Err(mistakes) = mistakes.check() {
        if right {
            attempt.forgive(app).await?;
        }
        return Err(mistakes);
    }
    let tx = app.db.begin().await?;
    let scope = scope.hold(&tx, Permission::Own, "tenantId").await?;
    let mut member = find(&tx, scope.tenant_id(), user_id).await?.ok_or_else(|| Error::not_found("userId"))?;
    if member.role == Role::Owner {
        return Err(Error::mistake("userId", Code::Invalid, OWNER));
    }
    // users before counters, as log-ins hold them
    hold_user(&tx, user_id).await?;
    demand_room(app, user_id, "userId").await?;
    attempt.succeed(&tx, app.clock.now()).await?;
    set_role(&tx, scope.tenant_id(), user_id, Role::Owner).await?;
    set_role(&tx, scope.tenant_id(), caller.user_id, Role::Admin).await?;
    let deed = Deed::new("transferOwnership", "User", Some(user_id));
    let deed = deed.before(&told(&member.email, member.role))?;
    member.role = Role::Owner;
    let after = json!({ "email": member.email, "role": "OWNER", "formerOwner": user.email });
    audit::record(&tx, &app.clock, scope, deed.after(&after)?).await?;
    tx.commit().await?;
    Ok(member)
}

const OWNER: &str = "is an owner already: change your own role, or leave";
