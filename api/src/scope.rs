//! Who is asking, and what they may touch. A [`TenantScope`] is the proof that a membership was looked up: operations on
//! a tenant's rows demand one, and it can be made only here.

use crate::{db::Db, error::Error};
use entities::{TenantOwned, domain, link, membership, membership::Role, pixel};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, prelude::Uuid};

/// A user who proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user_id: Uuid,
    /// The log-in that the access token came from.
    pub session_id: Uuid,
}

/// One tenant, and a caller's right to act in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantScope {
    tenant_id: Uuid,
    user_id: Uuid,
    role: Role,
}

impl TenantScope {
    /// Looks up the caller's membership; `needs` is the lowest role that may go on.
    ///
    /// # Errors
    /// `NOT_FOUND` in `field` for a tenant that does not exist or that the caller is no member of (the two answers are
    /// the same), [`Error::Forbidden`] for a member with a lower role.
    pub async fn of(db: &Db, caller: Caller, tenant_id: Uuid, needs: Role, field: &str) -> Result<Self, Error> {
        let rows = membership::Entity::of(tenant_id).filter(membership::Column::UserId.eq(caller.user_id));
        let row = rows.one(db.read()).await?.ok_or_else(|| Error::not_found(field))?;
        // the order of the roles is their order of declaration: the mightiest first
        if row.role > needs {
            return Err(Error::Forbidden);
        }
        Ok(Self { tenant_id, user_id: caller.user_id, role: row.role })
    }

    /// The scope of the tenant that a link belongs to.
    ///
    /// # Errors
    /// As [`TenantScope::of`]; a link that does not exist answers like another tenant's.
    pub async fn of_link(db: &Db, caller: Caller, link_id: Uuid, needs: Role, field: &str) -> Result<Self, Error> {
        let owner = link::Entity::find_by_id(link_id).select_only().column(link::Column::TenantId);
        let owner = owner.into_tuple().one(db.read()).await?.ok_or_else(|| Error::not_found(field))?;
        Self::of(db, caller, owner, needs, field).await
    }

    /// The scope of the tenant that a pixel belongs to.
    ///
    /// # Errors
    /// As [`TenantScope::of_link`].
    pub async fn of_pixel(db: &Db, caller: Caller, pixel_id: Uuid, needs: Role, field: &str) -> Result<Self, Error> {
        let owner = pixel::Entity::find_by_id(pixel_id).select_only().column(pixel::Column::TenantId);
        let owner = owner.into_tuple().one(db.read()).await?.ok_or_else(|| Error::not_found(field))?;
        Self::of(db, caller, owner, needs, field).await
    }

    /// The scope of the tenant that a domain belongs to. A shared domain belongs to nobody.
    ///
    /// # Errors
    /// As [`TenantScope::of_link`].
    pub async fn of_domain(db: &Db, caller: Caller, domain_id: Uuid, needs: Role, field: &str) -> Result<Self, Error> {
        let owner = domain::Entity::find_by_id(domain_id).filter(domain::Column::DeletedAt.is_null());
        let owner = owner.select_only().column(domain::Column::TenantId).into_tuple::<Option<Uuid>>();
        let owner = owner.one(db.read()).await?.flatten().ok_or_else(|| Error::not_found(field))?;
        Self::of(db, caller, owner, needs, field).await
    }

    /// All tenants of a caller, with their roles, in the order the caller joined them.
    ///
    /// # Errors
    /// Of the database.
    pub async fn all(db: &impl ConnectionTrait, caller: Caller) -> Result<Vec<Self>, Error> {
        let rows = membership::Entity::find().filter(membership::Column::UserId.eq(caller.user_id)).all(db).await?;
        let mut rows = rows;
        rows.sort_by_key(|row| (row.created_at, row.tenant_id));
        let scope = |row: membership::Model| Self { tenant_id: row.tenant_id, user_id: row.user_id, role: row.role };
        Ok(rows.into_iter().map(scope).collect())
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant_id(&self) -> Uuid {
        self.tenant_id
    }

    /// Who acts.
    #[must_use]
    pub const fn user_id(&self) -> Uuid {
        self.user_id
    }

    /// The caller's role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}
