//! The audit log of a tenant, or of a user's own account, the latest first.

use crate::{
    db::Db,
    error::Error,
    page::{Key, Page, Sort, Window},
    scope::{Caller, Permission, TenantScope},
};
use entities::{TenantOwned, audit_event};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, Select, prelude::Uuid, sea_query::Expr};

/// A log that a caller may read.
#[derive(Debug, Clone, Copy)]
pub struct Log(Uuid);

impl Log {
    /// A tenant's.
    ///
    /// # Errors
    /// As [`TenantScope::demand`] for [`Permission::Administer`].
    pub fn of_tenant(scope: TenantScope) -> Result<Self, Error> {
        scope.demand(Permission::Administer)?;
        Ok(Self(scope.tenant_id()))
    }

    /// The caller's own.
    ///
    /// # Errors
    /// [`Error::KeyForbidden`] for a caller with an API key.
    pub fn of_account(caller: Caller) -> Result<Self, Error> {
        caller.session_id()?;
        Ok(Self(caller.user_id))
    }
}

/// Which rows; every part that is given must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The mutation's name.
    pub action: Option<String>,
    /// Who did it.
    pub user_id: Option<Uuid>,
    /// What was changed.
    pub target_id: Option<Uuid>,
}

/// A page of the log, the latest first.
///
/// # Errors
/// For a cursor of another list; of the database.
pub async fn list(db: &Db, log: Log, filter: &Filter, page: &Page) -> Result<Window<audit_event::Model>, Error> {
    let sort = Sort {
        name: "audit",
        by: Some((
            Expr::col((audit_event::Entity, audit_event::Column::Seq)),
            (|row: &audit_event::Model| Key::Number(row.seq)) as fn(&audit_event::Model) -> Key,
        )),
        id: Expr::col((audit_event::Entity, audit_event::Column::Id)),
        id_of: |row: &audit_event::Model| row.id,
        descending: true,
    };
    page.fetch(db.read(), select(log, filter), &sort).await
}

/// How many rows pass the filter.
///
/// # Errors
/// Of the database.
pub async fn count(db: &Db, log: Log, filter: &Filter) -> Result<u64, Error> {
    Ok(select(log, filter).count(db.read()).await?)
}

fn select(log: Log, filter: &Filter) -> Select<audit_event::Entity> {
    let mut select = audit_event::Entity::of(log.0);
    if let Some(action) = &filter.action {
        select = select.filter(audit_event::Column::Action.eq(action));
    }
    if let Some(user_id) = filter.user_id {
        select = select.filter(audit_event::Column::UserId.eq(user_id));
    }
    if let Some(target_id) = filter.target_id {
        select = select.filter(audit_event::Column::TargetId.eq(target_id));
    }
    select
}
