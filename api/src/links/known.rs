//! What rows say about the domains, pixels and hosts that drafts name, read for all of them at once: the same few
//! statements for one link and for a hundred.

use super::check::Checked;
use crate::{
    app::Rules,
    domains::{self, Usable},
    error::Error,
};
use entities::{TenantOwned, pixel};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid, sea_query::LockType,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What rows say.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The domains that links may live on.
    pub(super) usable: Usable,
    /// Host names among those led to that serve links.
    pub(super) serving: HashSet<String>,
    /// Pixels of the tenant among those named, each with the key of its network; they stay until the transaction ends.
    pub(super) pixels: HashMap<Uuid, String>,
    /// Pixels that the link has already.
    pub(super) attached: HashSet<Uuid>,
}

/// What a link that is there may keep.
#[derive(Debug)]
pub(super) struct Kept {
    /// The domain that it lives on, though that takes no new links.
    pub(super) domain_id: Uuid,
    /// Its pixels, where that domain is not verified any more.
    pub(super) pixel_ids: HashSet<Uuid>,
}

impl Known {
    /// Reads what the drafts name. `kept` is there for a link that is changed.
    pub(super) async fn load<'a>(
        tx: &DatabaseTransaction,
        rules: &Rules,
        tenant_id: Uuid,
        drafts: impl IntoIterator<Item = &'a Checked>,
        kept: Option<Kept>,
    ) -> Result<Self, Error> {
        let (mut domain_ids, mut names, mut pixel_ids) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for draft in drafts {
            domain_ids.extend(draft.domain_id);
            names.extend(draft.leads_to.iter().map(|(_, name)| name.clone()));
            pixel_ids.extend(draft.pixel_ids.iter().copied());
        }
        let (kept, attached) = kept.map(|kept| (kept.domain_id, kept.pixel_ids)).unzip();
        let usable = Usable::load(tx, rules, tenant_id, &domain_ids, kept).await?;
        let serving = domains::serving_links(tx, rules, &names).await?;
        let pixels = hold_pixels(tx, tenant_id, &pixel_ids).await?;
        Ok(Self { usable, serving, pixels, attached: attached.unwrap_or_default() })
    }
}

/// Reads which pixels there are and keeps them from being deleted meanwhile; in the order of their ids, so that two who
/// hold the same ones never wait for each other in a circle.
async fn hold_pixels(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    ids: &BTreeSet<Uuid>,
) -> Result<HashMap<Uuid, String>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let held = pixel::Entity::of(tenant_id)
        .select_only()
        .columns([pixel::Column::Id, pixel::Column::Network])
        .filter(pixel::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(pixel::Column::Id)
        .lock(LockType::KeyShare)
        .into_tuple::<(Uuid, String)>()
        .all(tx)
        .await?;
    Ok(held.into_iter().collect())
}
