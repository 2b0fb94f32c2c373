//! Rows and the finders that reach them, nothing else. A table that belongs to a tenant is reached through
//! [`TenantOwned`], which takes the tenant; every `*_at` is in milliseconds since the Unix epoch, every `day` in days.

pub mod api_key;
pub mod api_key_tenant;
pub mod audit_event;
pub mod audit_head;
pub mod click;
pub mod dead_letter;
pub mod documents;
pub mod domain;
pub mod idempotency_key;
pub mod ingest_progress;
pub mod invitation;
pub mod link;
pub mod link_pixel;
pub mod link_tag;
pub mod links_by_month;
pub mod mail;
pub mod membership;
pub mod outbox;
pub mod password_reset;
pub mod pixel;
pub mod receipt;
pub mod recovery_code;
pub mod refresh_token;
pub mod rollup;
pub mod second_factor;
pub mod session;
pub mod signing_key;
pub mod slot;
pub mod tenant;
pub mod throttle;
pub mod user;
pub mod visitor_key;
pub mod webhook;
pub mod webhook_click;
pub mod webhook_delivery;
pub mod webhook_expiry;
pub mod webhook_message;
pub mod webhook_pixel;

use sea_orm::{
    ColumnTrait, DeleteMany, EntityTrait, QueryFilter, Select, UpdateMany,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

/// A table whose rows belong to a tenant: the one door to them.
pub trait TenantOwned: EntityTrait {
    /// The column that says whose a row is.
    fn tenant_column() -> Self::Column;

    /// Selects among the rows of one tenant.
    fn of(tenant_id: Uuid) -> Select<Self> {
        Self::find().filter(Self::tenant_column().eq(tenant_id))
    }

    /// Updates among the rows of one tenant.
    fn update_of(tenant_id: Uuid) -> UpdateMany<Self> {
        Self::update_many().filter(Self::tenant_column().eq(tenant_id))
    }

    /// Deletes among the rows of one tenant.
    fn delete_of(tenant_id: Uuid) -> DeleteMany<Self> {
        Self::delete_many().filter(Self::tenant_column().eq(tenant_id))
    }
}

/// `column + 1`, for versions.
pub(crate) fn plus_one(column: impl sea_orm::sea_query::IntoColumnRef) -> sea_orm::sea_query::SimpleExpr {
    Expr::col(column).add(1_i64)
}
