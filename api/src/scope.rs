//! The right to act in a tenant. A [`TenantScope`] is the proof that the caller's membership was looked up, and of an API
//! key that it may act there: operations on a tenant's rows demand one, and it can be made only here.

mod permission;

pub use permission::{KeyScope, KeyScopes, Permission};

use crate::{db::Db, error::Error};
use entities::{
    api_key_tenant, domain, invitation, link, membership, membership::Role, pixel, tenant, user, webhook,
    webhook_delivery,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    prelude::Uuid,
    sea_query::{ExprTrait, LockType, SimpleExpr},
};

/// How a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// With the access token of this log-in.
    Session(Uuid),
    /// With an API key, which may do part of what its owner may.
    Key {
        /// The key.
        id: Uuid,
        /// What its owner lets it do.
        scopes: KeyScopes,
    },
}

/// A user who proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The user, or the owner of the API key.
    pub user_id: Uuid,
    /// By what.
    pub credential: Credential,
    /// The request that they make; nil outside of one.
    pub request_id: Uuid,
}

impl Caller {
    /// Who shows the access token of a log-in.
    #[must_use]
    pub const fn of_session(user_id: Uuid, session_id: Uuid) -> Self {
        Self { user_id, credential: Credential::Session(session_id), request_id: Uuid::nil() }
    }

    /// The log-in that the caller's access token came from.
    ///
    /// # Errors
    /// [`Error::KeyForbidden`] for an API key: no key may do what changes its owner's account.
    pub const fn session_id(&self) -> Result<Uuid, Error> {
        match self.credential {
            Credential::Session(id) => Ok(id),
            Credential::Key { .. } => Err(Error::KeyForbidden),
        }
    }

    /// The caller's API key.
    #[must_use]
    pub const fn key_id(&self) -> Option<Uuid> {
        match self.credential {
            Credential::Session(_) => None,
            Credential::Key { id, .. } => Some(id),
        }
    }

    /// Whether the caller may ask for the schema where others may not.
    #[must_use]
    pub fn may_introspect(&self) -> bool {
        matches!(self.credential, Credential::Key { scopes, .. } if scopes.allow(KeyScope::SchemaRead))
    }

    /// Memberships in tenants where the caller may act.
    fn memberships(&self) -> Select<membership::Entity> {
        let own = membership::Entity::find().filter(membership::Column::UserId.eq(self.user_id));
        let Some(key) = self.key_id() else { return own };
        let allowed = api_key_tenant::Entity::find()
            .filter(api_key_tenant::Column::ApiKeyId.eq(key))
            .select_only()
            .column(api_key_tenant::Column::TenantId);
        own.filter(membership::Column::TenantId.in_subquery(allowed.into_query()))
    }
}

/// One tenant, and a caller's right to act in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantScope {
    tenant_id: Uuid,
    caller: Caller,
    role: Role,
}

impl TenantScope {
    /// Looks up the caller's membership; `needs` is what the caller must be allowed.
    ///
    /// # Errors
    /// `NOT_FOUND` in `field` for a tenant that does not exist, that the caller is no member of, or where the caller's
    /// key may not act (the answers are the same); as [`TenantScope::demand`] for a member.
    pub async fn of(db: &Db, caller: Caller, tenant_id: Uuid, needs: Permission, field: &str) -> Result<Self, Error> {
        let rows = caller.memberships().filter(membership::Column::TenantId.eq(tenant_id));
        Self::found(db, caller, rows, needs, field).await
    }

    /// The scope of the tenant of the row where `owner` says whose it is and `which` which one.
    async fn of_row<E: EntityTrait>(
        db: &Db,
        caller: Caller,
        (owner, which): (E::Column, SimpleExpr),
        needs: Permission,
        field: &str,
    ) -> Result<Self, Error> {
        let owned = membership::Entity::belongs_to(E::default()).from(membership::Column::TenantId).to(owner).into();
        let rows = caller.memberships().join(JoinType::InnerJoin, owned).filter(which);
        Self::found(db, caller, rows, needs, field).await
    }

    async fn found(
        db: &Db,
        caller: Caller,
        rows: Select<membership::Entity>,
        needs: Permission,
        field: &str,
    ) -> Result<Self, Error> {
        let row = rows.one(db.read()).await?.ok_or_else(|| Error::not_found(field))?;
        let scope = Self { tenant_id: row.tenant_id, caller, role: row.role };
        scope.demand(needs)?;
        Ok(scope)
    }

    /// Whether the caller may do this in the tenant.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a lower role, [`Error::MissingScope`] for an API key without the scope.
    pub fn demand(&self, needs: Permission) -> Result<(), Error> {
        let (role, scope) = needs.needs();
        // the order of the roles is their order of declaration: the mightiest first
        if self.role > role {
            return Err(Error::Forbidden);
        }
        match (self.caller.credential, scope) {
            (Credential::Key { scopes, .. }, Some(scope)) if !scopes.allow(scope) => Err(Error::MissingScope(scope)),
            _ => Ok(()),
        }
    }

    /// The scope of the tenant that a link belongs to.
    ///
    /// # Errors
    /// As [`TenantScope::of`]; a link that does not exist answers like another tenant's.
    pub async fn of_link(
        db: &Db,
        caller: Caller,
        link_id: Uuid,
        needs: Permission,
        field: &str,
    ) -> Result<Self, Error> {
        let row = (link::Column::TenantId, link::Column::Id.eq(link_id));
        Self::of_row::<link::Entity>(db, caller, row, needs, field).await
    }

    /// The scope of the tenant that a pixel belongs to.
    ///
    /// # Errors
    /// As [`TenantScope::of_link`].
    pub async fn of_pixel(
        db: &Db,
        caller: Caller,
        pixel_id: Uuid,
        needs: Permission,
        field: &str,
    ) -> Result<Self, Error> {
        let row = (pixel::Column::TenantId, pixel::Column::Id.eq(pixel_id));
        Self::of_row::<pixel::Entity>(db, caller, row, needs, field).await
    }

    /// The scope of the tenant that a domain belongs to. A shared domain belongs to nobody.
    ///
    /// # Errors
    /// As [`TenantScope::of_link`].
    pub async fn of_domain(
        db: &Db,
        caller: Caller,
        domain_id: Uuid,
        needs: Permission,
        field: &str,
    ) -> Result<Self, Error> {
        let kept = domain::Column::Id.eq(domain_id).and(domain::Column::DeletedAt.is_null());
        Self::of_row::<domain::Entity>(db, caller, (domain::Column::TenantId, kept), needs, field).await
    }

    /// The scope of the tenant that an invitation leads into.
    ///
    /// # Errors
    /// As [`TenantScope::of_link`].
    pub async fn of_invitation(
        db: &Db,
        caller: Caller,
        invitation_id: Uuid,
        needs: Permission,
        field: &str,
    ) -> Result<Self, Error> {
        let row = (invitation::Column::TenantId, invitation::Column::Id.eq(invitation_id));
        Self::of_row::<invitation::Entity>(db, caller, row, needs, field).await
    }

    /// The scope of the tenant that a webhook belongs to.
    ///
    /// # Errors
    /// As [`TenantScope::of_link`].
    pub async fn of_webhook(db: &Db, caller: Caller, webhook_id: Uuid, needs: Permission) -> Result<Self, Error> {
        let row = (webhook::Column::TenantId, webhook::Column::Id.eq(webhook_id));
        Self::of_row::<webhook::Entity>(db, caller, row, needs, "id").await
    }

    /// The scope of the tenant that a delivery of a webhook belongs to.
    ///
    /// # Errors
    /// As [`TenantScope::of_link`].
    pub async fn of_delivery(db: &Db, caller: Caller, delivery_id: Uuid, needs: Permission) -> Result<Self, Error> {
        let row = (webhook_delivery::Column::TenantId, webhook_delivery::Column::Id.eq(delivery_id));
        Self::of_row::<webhook_delivery::Entity>(db, caller, row, needs, "id").await
    }

    /// Looks the caller's membership up again, after everybody else who changes the tenant's members, and keeps them waiting
    /// until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantScope::of`].
    pub async fn hold(&self, tx: &DatabaseTransaction, needs: Permission, field: &str) -> Result<Self, Error> {
        hold_members(tx, self.tenant_id).await?;
        let rows = self.caller.memberships().filter(membership::Column::TenantId.eq(self.tenant_id));
        let row = rows.one(tx).await?.ok_or_else(|| Error::not_found(field))?;
        let scope = Self { role: row.role, ..*self };
        scope.demand(needs)?;
        Ok(scope)
    }

    /// Whether the caller may make, change and unmake owners: an owner, in a log-in. No program gives a tenant away.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a lower role, [`Error::KeyForbidden`] for an API key.
    pub fn demand_owner(&self) -> Result<(), Error> {
        if self.role != Role::Owner {
            return Err(Error::Forbidden);
        }
        self.caller.session_id().map(drop)
    }

    /// Whether the caller may give somebody this role: an owner's only as [`TenantScope::demand_owner`] has it, and with an
    /// API key none that may more than the key itself.
    ///
    /// # Errors
    /// As [`TenantScope::demand_owner`] for an owner's; [`Error::MissingScope`] for an API key.
    pub fn demand_to_give(&self, role: Role) -> Result<(), Error> {
        if role == Role::Owner {
            self.demand_owner()?;
        }
        match self.caller.credential {
            Credential::Key { scopes, .. } => {
                Permission::missing_for(role, scopes).map_or(Ok(()), |scope| Err(Error::MissingScope(scope)))
            }
            Credential::Session(_) => Ok(()),
        }
    }

    /// All tenants where a caller may act, with their roles, in the order the caller joined them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn all(db: &impl ConnectionTrait, caller: Caller) -> Result<Vec<Self>, Error> {
        let mut rows = caller.memberships().all(db).await?;
        rows.sort_by_key(|row| (row.created_at, row.tenant_id));
        let scope = |row: membership::Model| Self { tenant_id: row.tenant_id, caller, role: row.role };
        Ok(rows.into_iter().map(scope).collect())
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant_id(&self) -> Uuid {
        self.tenant_id
    }

    /// Who acts.
    #[must_use]
    pub const fn caller(&self) -> Caller {
        self.caller
    }

    /// The caller's role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}

/// Keeps everybody else who changes a tenant's members waiting until the transaction ends.
pub(crate) async fn hold_members(tx: &DatabaseTransaction, tenant_id: Uuid) -> Result<(), Error> {
    let held = tenant::Entity::find_by_id(tenant_id).lock(LockType::NoKeyUpdate).one(tx).await?;
    held.map(drop).ok_or_else(|| Error::not_found("tenantId"))
}

/// Keeps a caller's memberships in these tenants from ending until the transaction does.
pub(crate) async fn hold_memberships(
    tx: &DatabaseTransaction,
    caller: Caller,
    tenant_ids: &[Uuid],
) -> Result<(), Error> {
    let here = membership::Column::TenantId.is_in(tenant_ids.iter().copied());
    let rows = caller.memberships().filter(here).order_by_asc(membership::Column::TenantId);
    rows.lock(LockType::KeyShare).all(tx).await?;
    Ok(())
}

/// Keeps everybody else waiting until the transaction ends who would change a user's account, or make the user the owner or a
/// member of a tenant.
pub(crate) async fn hold_user(tx: &DatabaseTransaction, user_id: Uuid) -> Result<(), Error> {
    let held = user::Entity::find_by_id(user_id).select_only().column(user::Column::Id).lock(LockType::NoKeyUpdate);
    held.into_tuple::<Uuid>().one(tx).await?;
    Ok(())
}

/// How many tenants a user owns.
pub(crate) async fn count_owned(db: &impl ConnectionTrait, user_id: Uuid) -> Result<u64, Error> {
    let owned = membership::Entity::find().filter(membership::Column::UserId.eq(user_id));
    Ok(owned.filter(membership::Column::Role.eq(Role::Owner)).count(db).await?)
}
