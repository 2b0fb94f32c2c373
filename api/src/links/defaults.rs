//! What a tenant's new links are when nobody says otherwise. Each default fills a field that was left out; what was given,
//! null and empty included, stays. A default that names a pixel or a domain that is not there any more is as if it named
//! none: it makes nobody's link fail.

use super::{
    check::{self, Checked},
    draft::{Draft, Forwarding, LinkChange},
    known::Known,
    text::mistake,
};
use crate::{
    app::{App, Rules},
    domains::Choice,
    error::{Code, Error, Mistake},
    scope::TenantScope,
    tenants,
};
use contract::{
    clock::SECOND,
    document::{QueryForwarding, Utm},
    network::catalogue,
};
use entities::{TenantOwned, domain, pixel};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, QueryFilter, QuerySelect,
    prelude::{Json, Uuid},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::ops::RangeInclusive;

/// How soon a link may end by default, in seconds: a minute to ten years.
pub const EXPIRES_AFTER: RangeInclusive<i64> = 60..=315_360_000;

/// What is stored with a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkDefaults {
    /// Where links live.
    pub domain_id: Option<Uuid>,
    /// Their pixels, besides the tenant's default ones.
    pub pixel_ids: Vec<Uuid>,
    /// Added to their destinations.
    pub utm: Utm,
    /// How long they lead anywhere, in seconds.
    pub expires_after: Option<i64>,
    /// Which query parameters go on.
    pub forwarding: Option<QueryForwarding>,
}

/// What they are to be, before anything was checked.
#[derive(Debug, Clone, Default)]
pub struct NewDefaults {
    /// Where links live.
    pub domain_id: Option<Uuid>,
    /// Their pixels, besides the tenant's default ones.
    pub pixel_ids: Vec<Uuid>,
    /// Added to their destinations.
    pub utm: Utm,
    /// How long they lead anywhere, in seconds.
    pub expires_after: Option<i64>,
    /// Which query parameters go on.
    pub forwarding: Option<Forwarding>,
}

/// Which fields of a link are the tenant's defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Filled {
    domain: bool,
    pixels: bool,
}

impl LinkDefaults {
    /// Fills in what was left out of a link that is made at `now`. A default end counts from `now`, or from the link's
    /// start when that is later.
    pub(super) fn fill(&self, given: &mut LinkChange, now: i64) -> Filled {
        let filled = Filled {
            domain: given.domain_id.is_none() && self.domain_id.is_some(),
            pixels: given.pixel_ids.is_none() && !self.pixel_ids.is_empty(),
        };
        given.domain_id.get_or_insert(self.domain_id);
        given.pixel_ids.get_or_insert_with(|| self.pixel_ids.clone());
        given.utm.get_or_insert_with(|| self.utm.clone());
        if given.forwarding.is_none() {
            given.forwarding = self.forwarding.clone().map(Into::into);
        }
        if given.expires_at.is_none() {
            let start = given.starts_at.flatten().unwrap_or(now).max(now);
            given.expires_at = self.expires_after.map(|seconds| Some(start.saturating_add(seconds * SECOND)));
        }
        filled
    }
}

impl Filled {
    /// Takes out of a link what its tenant's defaults put there and what is not there, or must not be there, any more.
    pub(super) fn drop_lost(self, checked: &mut Checked, known: &Known) {
        if self.domain && !matches!(known.usable.choose(checked.domain_id), Choice::Domain(_)) {
            checked.domain_id = None;
        }
        if self.pixels {
            let own = match known.usable.choose(checked.domain_id) {
                Choice::Domain(id) => known.usable.is_own(id),
                _ => false,
            };
            let stays = |id: &Uuid| {
                let network = known.pixels.get(id).and_then(|key| catalogue().get(key));
                network.is_some_and(|network| own || !network.custom_domain_only)
            };
            checked.pixel_ids.retain(stays);
        }
    }
}

/// Checks what a tenant's defaults are to be, within a transaction that holds the tenant.
pub(crate) async fn check(
    tx: &DatabaseTransaction,
    rules: &Rules,
    tenant_id: Uuid,
    new: NewDefaults,
) -> Result<LinkDefaults, Error> {
    let given = new.forwarding.is_some();
    let draft = Draft {
        // any one that is good: only the other fields are looked at
        destination: "https://example.com/".to_owned(),
        domain_id: new.domain_id,
        pixel_ids: new.pixel_ids,
        utm: new.utm,
        forwarding: new.forwarding.unwrap_or_default(),
        ..Draft::default()
    };
    let mut mistakes = Vec::new();
    let mut checked = check::shape(draft, rules, None, &mut mistakes);
    checked.leads_to.clear();
    let known = Known::load(tx, rules, tenant_id, [&checked], None).await?;
    check::place(&checked, &known, &mut mistakes);
    if new.expires_after.is_some_and(|seconds| !EXPIRES_AFTER.contains(&seconds)) {
        let rule = format!("must be from {} to {} seconds", EXPIRES_AFTER.start(), EXPIRES_AFTER.end());
        mistakes.push(mistake(["expiresAfterSeconds"], Code::Invalid, rule));
    }
    if !mistakes.is_empty() {
        return Err(Error::Mistakes(mistakes.into_iter().map(within).collect()));
    }
    Ok(LinkDefaults {
        domain_id: checked.domain_id,
        pixel_ids: checked.pixel_ids,
        utm: checked.utm,
        expires_after: new.expires_after,
        forwarding: given.then_some(checked.forwarding),
    })
}

fn within(mut mistake: Mistake) -> Mistake {
    mistake.field.insert(0, "linkDefaults".to_owned());
    mistake
}

/// A tenant's defaults as the audit log tells of them, in the contract's words; ids are the rows' own.
///
/// # Errors
/// [`Error::Fault`] when what is stored cannot be read.
pub(crate) fn told(stored: Json) -> Result<Json, Error> {
    let LinkDefaults { domain_id, pixel_ids, utm, expires_after, forwarding } = tenants::stored(Some(stored))?;
    Ok(json!({
        "domainId": domain_id,
        "pixelIds": pixel_ids,
        "utm": utm,
        "expiresAfterSeconds": expires_after,
        "queryForwarding": forwarding,
    }))
}

/// A tenant's defaults as far as they hold now: without pixels that were deleted, and without a domain that takes no new
/// links.
///
/// # Errors
/// Of the database.
pub async fn of_tenant(app: &App, scope: TenantScope, stored: Option<Json>) -> Result<LinkDefaults, Error> {
    let (tenant_id, db) = (scope.tenant_id(), app.db.read());
    let mut defaults: LinkDefaults = tenants::stored(stored)?;
    if let Some(id) = defaults.domain_id {
        let there = domain::usable_by(tenant_id).filter(domain::Column::Id.eq(id)).one(db).await?;
        defaults.domain_id = there.map(|row| row.id);
    }
    if !defaults.pixel_ids.is_empty() {
        let named = pixel::Column::Id.is_in(defaults.pixel_ids.iter().copied());
        let there = pixel::Entity::of(tenant_id).filter(named).select_only().column(pixel::Column::Id);
        let there: Vec<Uuid> = there.into_tuple().all(db).await?;
        defaults.pixel_ids.retain(|id| there.contains(id));
    }
    Ok(defaults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fill_what_was_left_out_and_nothing_else() {
        let [domain, pixel] = [1, 2].map(Uuid::from_u128);
        let utm = Utm { source: Some("scheduler".to_owned()), ..Utm::default() };
        let defaults = LinkDefaults {
            domain_id: Some(domain),
            pixel_ids: vec![pixel],
            utm: utm.clone(),
            expires_after: Some(60),
            forwarding: Some(QueryForwarding::Off),
        };
        let mut left_out = LinkChange::default();
        assert_eq!(defaults.fill(&mut left_out, 1_000), Filled { domain: true, pixels: true });
        assert_eq!((left_out.domain_id, left_out.pixel_ids.clone()), (Some(Some(domain)), Some(vec![pixel])));
        assert_eq!((left_out.utm, left_out.expires_at), (Some(utm), Some(Some(61_000))));
        assert_eq!(left_out.forwarding, Some(QueryForwarding::Off.into()));
        let none = LinkChange {
            domain_id: Some(None),
            pixel_ids: Some(Vec::new()),
            utm: Some(Utm::default()),
            expires_at: Some(None),
            forwarding: Some(Forwarding::default()),
            ..LinkChange::default()
        };
        let mut given = none.clone();
        assert_eq!(defaults.fill(&mut given, 1_000), Filled::default());
        assert_eq!(given, none);
        let mut later = LinkChange { starts_at: Some(Some(5_000)), ..LinkChange::default() };
        defaults.fill(&mut later, 1_000);
        assert_eq!(later.expires_at, Some(Some(65_000)));
    }
}
