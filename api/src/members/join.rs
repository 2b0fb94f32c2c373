//! The way into a tenant by the token in an invitation's link: the token names the tenant, and the address of who shows it
//! must be the one that was invited.

use super::{demand_room, find, invitations};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    auth::{self, LinkToken},
    error::{Code, Error},
    scope::{Caller, Permission, TenantScope, hold_members, hold_user},
    tenants::{self, MAX_MEMBERSHIPS},
};
use entities::{TenantOwned, invitation, invitation::Model, membership, membership::Role, tenant, user};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, prelude::Uuid,
};
use serde_json::json;

/// Takes an invitation: the caller joins its tenant.
///
/// # Errors
/// `INVALID` in `token` for one that is unknown, used, taken back or over, and for an address that was not invited; `TAKEN`
/// in it for a member; `LIMIT_REACHED` in it for who owns, or is in, too many tenants; [`Error::KeyForbidden`] for an API key; of the
/// database.
pub async fn accept(app: &App, caller: Caller, token: &str) -> Result<(TenantScope, tenant::Model), Error> {
    caller.session_id()?;
    // who is invited is no member yet
    let app = &app.everywhere();
    let user = auth::user(app, caller).await?;
    let offered = offered(app, app.db.read(), token, "token").await?;
    let tx = app.db.begin().await?;
    let joined = join(app, &tx, (&offered, "token"), &user).await?;
    let deed = Deed::new("acceptInvitation", "User", Some(user.id)).after(&told(&joined))?;
    audit::record(&tx, &app.clock, Author::new(joined.tenant_id, caller), deed).await?;
    tx.commit().await?;
    entered(app, caller, joined.tenant_id).await
}

/// The pending invitation of a token that stands in `field`.
pub(crate) async fn offered(app: &App, db: &impl ConnectionTrait, token: &str, field: &str) -> Result<Model, Error> {
    let rule = "is unknown, used, taken back or over: ask for another invitation";
    let refused = || Error::mistake(field, Code::Invalid, rule);
    let token = LinkToken::parse(token).ok_or_else(refused)?;
    by_token(app, db, &token).await?.ok_or_else(refused)
}

async fn by_token(app: &App, db: &impl ConnectionTrait, token: &LinkToken) -> Result<Option<Model>, Error> {
    let row = invitation::Entity::find().filter(invitation::Column::TokenHash.eq(token.hash())).one(db).await?;
    Ok(row.filter(|row| row.expires_at > app.clock.now()))
}

/// Makes a user a member by an invitation, which is used up. Of two that come at once the second finds it gone.
pub(crate) async fn join(
    app: &App,
    tx: &DatabaseTransaction,
    (offered, field): (&Model, &str),
    user: &user::Model,
) -> Result<Model, Error> {
    let refused = |code, rule: &str| Error::mistake(field, code, rule);
    hold_members(tx, offered.tenant_id).await?;
    let same = invitation::Column::TokenHash.eq(offered.token_hash.clone());
    let row = invitation::Entity::of(offered.tenant_id).filter(same).one(tx).await?;
    let row = row.filter(|row| row.expires_at > app.clock.now());
    let row = row.ok_or_else(|| refused(Code::Invalid, "was used or taken back a moment ago"))?;
    check_address(&row, &user.email, field)?;
    if find(tx, row.tenant_id, user.id).await?.is_some() {
        return Err(refused(Code::Taken, "leads where you are a member already"));
    }
    hold_user(tx, user.id).await?;
    let all = membership::Entity::find().filter(membership::Column::UserId.eq(user.id));
    if all.count(tx).await? >= MAX_MEMBERSHIPS as u64 {
        let rule = format!("a user is a member of at most {MAX_MEMBERSHIPS} tenants");
        return Err(refused(Code::LimitReached, &rule));
    }
    if row.role == Role::Owner {
        demand_room(app, user.id, field).await?;
    }
    let now = app.clock.now();
    let member = membership::Model { tenant_id: row.tenant_id, user_id: user.id, role: row.role, created_at: now };
    membership::Entity::insert(membership::ActiveModel::from(member)).exec_without_returning(tx).await?;
    invitations::remove(tx, &row).await?;
    Ok(row)
}

/// Whether an invitation is for this address.
pub(crate) fn check_address(row: &Model, email: &str, field: &str) -> Result<(), Error> {
    if row.email == email {
        return Ok(());
    }
    Err(Error::mistake(field, Code::Invalid, "is for another e-mail address"))
}

/// Who joined by an invitation, as the audit log tells of them.
pub(crate) fn told(row: &Model) -> serde_json::Value {
    let role = invitations::role_name(row.role);
    json!({ "email": row.email, "role": role, "invitationId": row.id, "invitedBy": row.invited_by })
}

/// What the mail of an invitation tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// The tenant's name.
    pub(crate) tenant: String,
    /// Who invites.
    pub(crate) inviter: String,
    /// What the invited will be.
    pub(crate) role: String,
    /// Until when.
    pub(crate) expires_at: i64,
}

/// What to tell of the invitation of a token; `None` when it works no more.
pub(crate) async fn mail_of(app: &App, token: &LinkToken) -> Result<Option<Told>, Error> {
    let db = app.db.read();
    let Some(row) = by_token(app, db, token).await? else { return Ok(None) };
    let tenant = tenant::Entity::find_by_id(row.tenant_id).one(db).await?;
    let inviter = user::Entity::find_by_id(row.invited_by).one(db).await?;
    let role = invitations::role_name(row.role);
    Ok(tenant.zip(inviter).map(|(tenant, inviter): (tenant::Model, user::Model)| Told {
        tenant: tenant.name,
        inviter: inviter.email,
        role,
        expires_at: row.expires_at,
    }))
}

/// The scope of a member who joined a moment ago, and the tenant.
pub(crate) async fn entered(app: &App, caller: Caller, tenant_id: Uuid) -> Result<(TenantScope, tenant::Model), Error> {
    let scope = TenantScope::of(&app.db, caller, tenant_id, Permission::ReadTenant, "tenantId").await?;
    Ok((scope, tenants::find(app, &scope).await?))
}
