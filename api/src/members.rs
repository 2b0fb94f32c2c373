//! The members of a tenant: who they are, what each may do, and how they come and go. Whoever changes them takes their turn
//! ([`TenantScope::hold`]), so that two owners who leave at once do not leave a tenant to nobody.

pub mod invitations;
pub mod join;
mod owner;

pub use owner::transfer;

use crate::{
    app::App,
    audit::{self, Deed},
    auth::api_key,
    error::{Code, Error},
    page::{Key, Page, Sort, Window},
    scope::{Permission, TenantScope, count_owned, hold_user},
    tenants::MAX_OWNED,
};
use entities::{TenantOwned, membership, membership::Role, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect, Select, prelude::Uuid, sea_query::Expr,
};
use serde_json::json;
use std::collections::HashMap;

/// A member, as others of the tenant see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user_id: Uuid,
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: i64,
}

/// A page of the members, in the order they joined.
///
/// # Errors
/// As [`TenantScope::demand`]; for a cursor of another list; of the database.
pub async fn list(app: &App, scope: TenantScope, page: &Page) -> Result<Window<Member>, Error> {
    scope.demand(Permission::ReadMembers)?;
    let sort = Sort {
        name: "members",
        by: Some((
            Expr::col((membership::Entity, membership::Column::CreatedAt)),
            (|row: &membership::Model| Key::Number(row.created_at)) as fn(&membership::Model) -> Key,
        )),
        id: Expr::col((membership::Entity, membership::Column::UserId)),
        id_of: |row: &membership::Model| row.user_id,
        descending: false,
    };
    let window = page.fetch(app.db.read(), membership::Entity::of(scope.tenant_id()), &sort).await?;
    let ids = window.rows.iter().map(|(_, row)| row.user_id);
    let users = user::Entity::find().filter(user::Column::Id.is_in(ids));
    let users = users.select_only().columns([user::Column::Id, user::Column::Email]);
    let emails: Vec<(Uuid, String)> = users.into_tuple().all(app.db.read()).await?;
    let mut emails: HashMap<Uuid, String> = emails.into_iter().collect();
    Ok(window.map(|row| {
        let email = emails.remove(&row.user_id).unwrap_or_default();
        Member { user_id: row.user_id, email, role: row.role, joined_at: row.created_at }
    }))
}

/// How many members there are.
///
/// # Errors
/// Of the database.
pub async fn count(app: &App, scope: TenantScope) -> Result<u64, Error> {
    Ok(membership::Entity::of(scope.tenant_id()).count(app.db.read()).await?)
}

/// Changes what a member may do.
///
/// # Errors
/// `NOT_FOUND` in `userId`; `INVALID` in `role` for the last owner, `LIMIT_REACHED` for who owns too many tenants;
/// [`Error::Forbidden`] for who is no owner and changes one; as [`TenantScope::demand_to_give`] for the role; as
/// [`TenantScope::demand`]; of the database.
pub async fn change_role(app: &App, scope: TenantScope, user_id: Uuid, role: Role) -> Result<Member, Error> {
    let tx = app.db.begin().await?;
    let scope = scope.hold(&tx, Permission::WriteMembers, "tenantId").await?;
    let mut member = find(&tx, scope.tenant_id(), user_id).await?.ok_or_else(|| Error::not_found("userId"))?;
    let before = member.role;
    if before == Role::Owner {
        scope.demand_owner()?;
    }
    scope.demand_to_give(role)?;
    if before == role {
        return Ok(member);
    }
    if before == Role::Owner {
        demand_another_owner(&tx, scope.tenant_id(), "role").await?;
    }
    if role == Role::Owner {
        hold_user(&tx, user_id).await?;
        demand_room(app, user_id, "role").await?;
    }
    set_role(&tx, scope.tenant_id(), user_id, role).await?;
    member.role = role;
    let deed = Deed::new("changeMemberRole", "User", Some(user_id)).before(&told(&member.email, before))?;
    audit::record(&tx, &app.clock, scope, deed.after(&told(&member.email, role))?).await?;
    tx.commit().await?;
    Ok(member)
}

/// Ends a membership: the caller's own, or another's. The keys of who goes act in the tenant no more, and invitations that
/// they made are over.
///
/// # Errors
/// `NOT_FOUND` in `userId`; `INVALID` in it for the last owner; [`Error::Forbidden`] for who is no owner and removes one; as
/// [`TenantScope::demand`]; of the database.
pub async fn remove(app: &App, scope: TenantScope, user_id: Uuid) -> Result<(), Error> {
    // who leaves reaches the tenant no more while the rest is written down
    let app = &app.everywhere();
    let own = scope.caller().user_id == user_id;
    let needs = if own { Permission::ReadMembers } else { Permission::WriteMembers };
    let tx = app.db.begin().await?;
    let scope = scope.hold(&tx, needs, "tenantId").await?;
    let member = find(&tx, scope.tenant_id(), user_id).await?.ok_or_else(|| Error::not_found("userId"))?;
    if member.role == Role::Owner {
        scope.demand_owner()?;
        demand_another_owner(&tx, scope.tenant_id(), "userId").await?;
    }
    let theirs = membership::Entity::delete_of(scope.tenant_id()).filter(membership::Column::UserId.eq(user_id));
    theirs.exec(&tx).await?;
    invitations::end_of(&tx, scope.tenant_id(), user_id, None).await?;
    let keys = api_key::leave(&tx, scope.tenant_id(), user_id, app.clock.now()).await?;
    let mut gone = told(&member.email, member.role);
    if !keys.is_empty() {
        gone["apiKeys"] = keys.into();
    }
    let deed = Deed::new("removeMember", "User", Some(user_id)).before(&gone)?;
    audit::record(&tx, &app.clock, scope, deed).await?;
    Ok(tx.commit().await?)
}

/// Writes a role down, and ends the invitations of the member that go beyond it.
async fn set_role(tx: &DatabaseTransaction, tenant_id: Uuid, user_id: Uuid, role: Role) -> Result<(), Error> {
    let new = membership::ActiveModel { role: Set(role), ..Default::default() };
    let theirs = membership::Entity::update_of(tenant_id).set(new).filter(membership::Column::UserId.eq(user_id));
    theirs.exec(tx).await?;
    invitations::end_of(tx, tenant_id, user_id, Some(role)).await
}

/// A member of a tenant; the address is looked up with it.
async fn find(db: &impl ConnectionTrait, tenant_id: Uuid, user_id: Uuid) -> Result<Option<Member>, Error> {
    let row = membership::Entity::of(tenant_id).filter(membership::Column::UserId.eq(user_id)).one(db).await?;
    let Some(row) = row else { return Ok(None) };
    let email = user::Entity::find_by_id(user_id).select_only().column(user::Column::Email);
    let email = email.into_tuple::<String>().one(db).await?.unwrap_or_default();
    Ok(Some(Member { user_id, email, role: row.role, joined_at: row.created_at }))
}

fn owners(tenant_id: Uuid) -> Select<membership::Entity> {
    membership::Entity::of(tenant_id).filter(membership::Column::Role.eq(Role::Owner))
}

async fn demand_another_owner(tx: &DatabaseTransaction, tenant_id: Uuid, field: &str) -> Result<(), Error> {
    if owners(tenant_id).count(tx).await? > 1 {
        return Ok(());
    }
    let rule = "is the last owner: make another one first, or transfer the ownership";
    Err(Error::mistake(field, Code::Invalid, rule))
}

/// Whether a user may own one tenant more, of all that there are. It may be asked in a transaction that [`hold_user`]
/// lets go on alone: what others did is committed then.
async fn demand_room(app: &App, user_id: Uuid, field: &str) -> Result<(), Error> {
    if count_owned(app.db.everywhere().read(), user_id).await? < MAX_OWNED as u64 {
        return Ok(());
    }
    Err(Error::mistake(field, Code::LimitReached, format!("a user owns at most {MAX_OWNED} tenants")))
}

/// A member, as the audit log tells of them.
fn told(email: &str, role: Role) -> serde_json::Value {
    json!({ "email": email, "role": invitations::role_name(role) })
}
