//! Invitations into a tenant: made, listed and taken back. There is one for an address in a tenant; inviting again makes it
//! anew, and the link so far works no more.

use super::find;
use crate::{
    app::App,
    audit::{self, Deed},
    auth::{LinkToken, link_token::Place, sign_up::check_email, throttle::Limit},
    error::{Code, Error, Mistakes},
    mails::{self, Kind},
    once::{Call, Once},
    page::{Page, Sort, Window},
    scope::{Permission, TenantScope},
};
use contract::clock::DAY;
use entities::{TenantOwned, invitation, invitation::Model, membership::Role, user};
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect, Select, prelude::Uuid, sea_query::Expr,
};
use serde_json::json;

/// How long an invitation works, in milliseconds.
pub const LIFE: i64 = 7 * DAY;
/// Most invitations of a tenant that are pending.
pub const MAX_PENDING: u64 = 100;

/// An invitation that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The invitation.
    pub invitation: Model,
    /// Its link, for the inviter to pass on; `None` when a mail carries it, and for a call that is repeated.
    pub link: Option<String>,
}

/// Invites somebody by their address, known here or not.
///
/// # Errors
/// Every mistake at once: `INVALID` or `TOO_LONG` in `email`, `TAKEN` for a member, `LIMIT_REACHED` beyond [`MAX_PENDING`];
/// As [`TenantScope::demand_to_give`] for the role; [`Error::RateLimited`] for too many mails; as [`TenantScope::demand`]; of
/// the database.
pub async fn invite(
    app: &App,
    scope: TenantScope,
    (email, role): (&str, Role),
    once: Option<Once>,
) -> Result<Made, Error> {
    let mut mistakes = Mistakes::default();
    let email = check_email(email, &mut mistakes).unwrap_or_default();
    let (now, tenant_id) = (app.clock.now(), scope.tenant_id());
    let call = Call { owner_id: tenant_id, action: "inviteMember", part: 0, once: once.as_ref(), now };
    let tx = app.db.begin().await?;
    let scope = scope.hold(&tx, Permission::WriteMembers, "tenantId").await?;
    if let Some(Some(id)) = mistakes.gather(call.begin::<Uuid>(&tx).await)? {
        let known = invitation::Entity::of(tenant_id).filter(invitation::Column::Id.eq(id)).one(&tx).await?;
        let rule = "belongs to a call whose invitation was taken, taken back or over since";
        let invitation = known.ok_or_else(|| Error::mistake("idempotencyKey", Code::NotFound, rule))?;
        return Ok(Made { invitation, link: None });
    }
    scope.demand_to_give(role)?;
    let before = check_place(&tx, scope, &email, now, &mut mistakes).await?;
    mistakes.check()?;
    let salt: [u8; 32] = rand::random();
    let token = LinkToken::of_salt(app, &salt)?;
    let row = Model {
        id: before.as_ref().map_or_else(Uuid::now_v7, |row| row.id),
        tenant_id,
        email,
        role,
        token_hash: token.hash(),
        invited_by: scope.caller().user_id,
        created_at: now,
        expires_at: now.saturating_add(LIFE),
    };
    if before.is_some() {
        let same = row.clone().into_active_model().reset_all();
        let same = invitation::Entity::update(same).validate()?;
        same.filter(invitation::Column::TenantId.eq(tenant_id)).exec(&tx).await?;
    } else {
        invitation::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await?;
    }
    let link = if app.post.is_some() {
        Limit::InvitationsTo.count(app, &tx, row.email.as_bytes()).await?;
        Limit::InvitationsOf.count(app, &tx, tenant_id.as_bytes()).await?;
        Limit::InvitationsBy.count(app, &tx, scope.caller().user_id.as_bytes()).await?;
        mails::enqueue_salted(app, &tx, (Kind::Invitation, row.email.clone()), salt).await?;
        None
    } else {
        Some(token.link(&app.rules, Place::Invitations))
    };
    call.keep(&tx, &row.id).await?;
    let mut deed = deed(call.action, row.id).after(&told(&row))?;
    if let Some(before) = &before {
        deed = deed.before(&told(before))?;
    }
    audit::record(&tx, &app.clock, scope, deed).await?;
    tx.commit().await?;
    Ok(Made { invitation: row, link })
}

/// Notes why there is no place for an invitation to this address, which is empty where it is no good; gives the invitation
/// that it takes the place of.
async fn check_place(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    email: &str,
    now: i64,
    mistakes: &mut Mistakes,
) -> Result<Option<Model>, Error> {
    let tenant_id = scope.tenant_id();
    // who is in no tenant of the caller's is not seen, and is no member of this one
    let user = user::Entity::find().filter(user::Column::Email.eq(email)).select_only().column(user::Column::Id);
    if let Some(user_id) = user.into_tuple::<Uuid>().one(tx).await?
        && find(tx, tenant_id, user_id).await?.is_some()
    {
        mistakes.add("email", Code::Taken, "belongs to a member already");
        return Ok(None);
    }
    let over = invitation::Column::ExpiresAt.lte(now);
    invitation::Entity::delete_of(tenant_id).filter(over).exec(tx).await?;
    let before = invitation::Entity::of(tenant_id).filter(invitation::Column::Email.eq(email)).one(tx).await?;
    if before.as_ref().is_some_and(|row| row.role == Role::Owner) {
        scope.demand_owner()?;
    }
    if before.is_none() && invitation::Entity::of(tenant_id).count(tx).await? >= MAX_PENDING {
        let rule = format!("{MAX_PENDING} invitations are pending: take one back first");
        mistakes.add("email", Code::LimitReached, rule);
    }
    Ok(before)
}

/// Takes an invitation back: its link works no more.
///
/// # Errors
/// `NOT_FOUND` in `id`; [`Error::Forbidden`] for who is no owner and takes back what makes one; as [`TenantScope::demand`];
/// of the database.
pub async fn revoke(app: &App, scope: TenantScope, id: Uuid) -> Result<(), Error> {
    let tx = app.db.begin().await?;
    let scope = scope.hold(&tx, Permission::WriteMembers, "id").await?;
    let row = pending(scope.tenant_id(), app.clock.now()).filter(invitation::Column::Id.eq(id)).one(&tx).await?;
    let row = row.ok_or_else(|| Error::not_found("id"))?;
    if row.role == Role::Owner {
        scope.demand_owner()?;
    }
    remove(&tx, &row).await?;
    audit::record(&tx, &app.clock, scope, deed("revokeInvitation", id).before(&told(&row))?).await?;
    Ok(tx.commit().await?)
}

/// A page of the invitations that are pending, the newest first.
///
/// # Errors
/// As [`TenantScope::demand`]; for a cursor of another list; of the database.
pub async fn list(app: &App, scope: TenantScope, page: &Page) -> Result<Window<Model>, Error> {
    scope.demand(Permission::WriteMembers)?;
    let id = Expr::col((invitation::Entity, invitation::Column::Id));
    let sort = Sort { name: "invitations", by: None, id, id_of: |row: &Model| row.id, descending: true };
    page.fetch(app.db.read(), pending(scope.tenant_id(), app.clock.now()), &sort).await
}

/// How many invitations are pending.
///
/// # Errors
/// Of the database.
pub async fn count(app: &App, scope: TenantScope) -> Result<u64, Error> {
    Ok(pending(scope.tenant_id(), app.clock.now()).count(app.db.read()).await?)
}

/// Takes a row away.
pub(super) async fn remove(tx: &DatabaseTransaction, row: &Model) -> Result<(), Error> {
    let ours = invitation::Entity::delete_of(row.tenant_id).filter(invitation::Column::Id.eq(row.id));
    ours.exec(tx).await?;
    Ok(())
}

/// Ends what a member may no longer have offered, now that their role is this one, or none.
pub(super) async fn end_of(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    user_id: Uuid,
    role: Option<Role>,
) -> Result<(), Error> {
    let theirs = invitation::Entity::delete_of(tenant_id).filter(invitation::Column::InvitedBy.eq(user_id));
    let beyond = match role {
        Some(Role::Owner) => return Ok(()),
        Some(Role::Admin) => theirs.filter(invitation::Column::Role.eq(Role::Owner)),
        Some(Role::Editor | Role::Viewer) | None => theirs,
    };
    beyond.exec(tx).await?;
    Ok(())
}

fn pending(tenant_id: Uuid, now: i64) -> Select<invitation::Entity> {
    invitation::Entity::of(tenant_id).filter(invitation::Column::ExpiresAt.gt(now))
}

/// A role, as it is told.
pub(super) fn role_name(role: Role) -> String {
    role.to_value()
}

pub(super) fn deed(action: &'static str, id: Uuid) -> Deed {
    Deed::new(action, "Invitation", Some(id))
}

/// An invitation, as the audit log tells of it.
pub(super) fn told(row: &Model) -> serde_json::Value {
    json!({ "email": row.email, "role": role_name(row.role), "expiresAt": row.expires_at })
}
