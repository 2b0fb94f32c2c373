//! The keys of a user who is no member of a tenant any more: they act there no longer anyway, and here they lose it for
//! good, so that none comes back to life when its owner is invited again.

use super::{end_without_tenants, own_of};
use crate::error::Error;
use entities::{api_key, api_key_tenant};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, prelude::Uuid,
    sea_query::ExprTrait,
};

/// Keeps the keys of a user out of a tenant; those that may act nowhere any more are ended. In the transaction that ends the
/// membership.
pub(crate) async fn leave(tx: &DatabaseTransaction, tenant_id: Uuid, user_id: Uuid, now: i64) -> Result<(), Error> {
    let here = api_key_tenant::Entity::find().filter(api_key_tenant::Column::TenantId.eq(tenant_id));
    let here = here.select_only().column(api_key_tenant::Column::ApiKeyId).into_query();
    let keys = own_of(user_id).filter(api_key::Column::Id.in_subquery(here));
    let keys = keys.order_by_asc(api_key::Column::Id).lock_exclusive().all(tx).await?;
    let ids: Vec<Uuid> = keys.iter().map(|key| key.id).collect();
    let there = api_key_tenant::Column::TenantId.eq(tenant_id).and(api_key_tenant::Column::ApiKeyId.is_in(ids));
    api_key_tenant::Entity::delete_many().filter(there).exec(tx).await?;
    for mut key in keys.into_iter().filter(|key| key.revoked_at.is_none()) {
        end_without_tenants(tx, &mut key, now).await?;
    }
    Ok(())
}
