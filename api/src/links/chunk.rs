//! One chunk of links on its way: one transaction of a few statements with many rows. What is there under an external id
//! is changed, the rest is made, and redirectors and the audit log are told of all of it at once.

use super::{
    Link, attached,
    check::{self, Checked},
    create::{Given, IfThere, Results, external_id},
    defaults::{Filled, LinkDefaults},
    draft::{Draft, LinkChange},
    insert::{Ready, insert},
    known::Known,
    text::mistake,
    told::told,
    update::Changed,
    upsert,
    written::Written,
};
use crate::{
    app::App,
    audit::Deed,
    error::{Code, Error, Mistake, gather},
    once::Call,
    scope::TenantScope,
    tenants, usage,
};
use contract::address::Slug;
use entities::{TenantOwned, link, slot};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
    prelude::{Json, Uuid},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// How a chunk is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner<'a> {
    /// Which call, and which part of it.
    pub(super) call: Call<'a>,
    /// What becomes of links that are there.
    pub(super) if_there: IfThere,
    /// What a mistake of one means for the others.
    pub(super) fate: Fate,
}

/// What a mistake of a link means for the others of its chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// There are no others.
    Alone,
    /// Nothing.
    Each,
    /// A mistake anywhere but in a destination keeps all of them from being made.
    Together,
    /// As before, and without a mistake none is made either.
    Judged,
}

/// What became of each link of a chunk, as it is kept for a call that comes again.
type Kept = Vec<Result<Uuid, Vec<Mistake>>>;

/// A chunk on its way: what became of each link so far, and what there is to tell.
#[derive(Default)]
struct Progress {
    results: BTreeMap<usize, Result<Link, Vec<Mistake>>>,
    written: Written,
    before: Vec<Json>,
    after: Vec<Json>,
    /// What is wrong with the call itself: then nothing is made.
    refused: Vec<Mistake>,
}

/// A link that is to be made.
struct Fresh {
    index: usize,
    given: LinkChange,
    /// Whose its external id is.
    taken: Option<&'static str>,
}

/// Stores a chunk; gives what became of each of its links.
pub(super) async fn store(
    app: &App,
    scope: TenantScope,
    given: Vec<Given>,
    manner: Manner<'_>,
) -> Result<Results, Error> {
    let Manner { call, if_there, .. } = manner;
    let named = given.iter().filter_map(|given| external_id(&given.link));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    let tx = app.db.begin().await?;
    // who gives out external ids or counts links holds the tenant: of two that want one the second sees the first
    let tenant = tenants::read(&tx, scope.tenant_id(), !named.is_empty() || app.quotas.any()).await?;
    let mut progress = Progress::default();
    if let Some(Some(kept)) = gather(&mut progress.refused, call.begin::<Kept>(&tx).await)? {
        return read_again(&tx, scope, kept).await;
    }
    let defaults: LinkDefaults = tenants::stored(tenant.link_defaults)?;
    let mut there = upsert::hold(&tx, scope.tenant_id(), &named).await?;
    let (mut fresh, mut known) = (Vec::new(), Vec::new());
    for (index, Given { link: given, is_second }) in given.into_iter().enumerate() {
        match external_id(&given).and_then(|id| there.remove(id)) {
            Some(row) if if_there == IfThere::Change && !is_second => known.push((index, row, given)),
            row => {
                let taken = row.map(|_| "belongs to another link of the tenant");
                let taken = if is_second { Some("stands twice in this call") } else { taken };
                fresh.push(Fresh { index, given, taken });
            }
        }
    }
    // in the order in which they are held
    known.sort_by_key(|(_, row, _)| row.id);
    for (index, row, given) in known {
        progress.change(index, upsert::change(app, &tx, scope, row, given).await?);
    }
    progress.make(app, &tx, scope, fresh, &defaults, call.now).await?;
    finish(app, tx, scope, manner, progress).await
}

impl Progress {
    /// Takes in what became of a link that was there.
    fn change(&mut self, index: usize, changed: Result<Changed, Vec<Mistake>>) {
        let changed = changed.map(|changed| {
            self.written.changed(&changed.link, changed.tags, changed.pixel_ids, changed.from);
            self.before.push(changed.before);
            self.after.push(changed.after);
            changed.link
        });
        self.results.insert(index, changed);
    }

    /// Refuses the links for which the tenant has no room, the last ones first.
    async fn keep_quotas(
        &mut self,
        app: &App,
        tx: &DatabaseTransaction,
        scope: TenantScope,
        ready: &mut Vec<Ready>,
        now: i64,
    ) -> Result<(), Error> {
        let Some(room) = usage::room(tx, app.quotas, scope.tenant_id(), now).await? else { return Ok(()) };
        let fits = usize::try_from(room.links).unwrap_or(usize::MAX).min(ready.len());
        for link in ready.drain(fits..) {
            self.results.insert(link.index, Err(vec![mistake([], Code::LimitReached, room.rule.as_str())]));
        }
        Ok(())
    }

    /// Makes new links; each says whether its external id is taken.
    async fn make(
        &mut self,
        app: &App,
        tx: &DatabaseTransaction,
        scope: TenantScope,
        fresh: Vec<Fresh>,
        defaults: &LinkDefaults,
        now: i64,
    ) -> Result<(), Error> {
        let shape = |Fresh { index, mut given, taken }: Fresh| {
            let mut mistakes = Vec::new();
            let filled = defaults.fill(&mut given, now);
            let checked = check::shape(Draft::default().with(given), &app.rules, Some(now), &mut mistakes);
            if let Some(rule) = taken {
                mistakes.push(mistake(["externalId"], Code::Taken, rule));
            }
            (index, checked, filled, mistakes)
        };
        let shaped: Vec<(usize, Checked, Filled, Vec<Mistake>)> = fresh.into_iter().map(shape).collect();
        let drafts = shaped.iter().map(|(_, checked, _, _)| checked);
        let known = Known::load(tx, &app.rules, scope.tenant_id(), drafts, None).await?;
        let (mut ready, mut refused) = (Vec::new(), Vec::new());
        for (index, mut checked, filled, mut mistakes) in shaped {
            filled.drop_lost(&mut checked, &known);
            match check::place(&checked, &known, &mut mistakes) {
                Some(domain_id) if mistakes.is_empty() => {
                    ready.push(Ready { index, id: Uuid::now_v7(), domain_id, slug: String::new(), checked });
                }
                domain_id => refused.push(Refused { index, address: domain_id.zip(checked.slug), mistakes }),
            }
        }
        let refused = add_taken(app, refused).await?;
        self.results.extend(refused.into_iter().map(|refused| (refused.index, Err(refused.mistakes))));
        self.keep_quotas(app, tx, scope, &mut ready, now).await?;
        let (made, taken) = insert(tx, scope, now, ready).await?;
        if !made.is_empty() {
            usage::count_made(tx, scope.tenant_id(), made.len(), now).await?;
        }
        let attachments = made.iter().map(|(link, _)| {
            let checked = &link.checked;
            (link.id, checked.tags.as_slice(), checked.pixel_ids.as_slice())
        });
        attached::write(tx, scope.tenant_id(), attachments).await?;
        for (link, row) in made {
            let made = row.try_into()?;
            self.after.push(told(&made, &link.checked.tags, &link.checked.pixel_ids));
            self.written.made(&made, link.checked.tags, link.checked.pixel_ids);
            self.results.insert(link.index, Ok(made));
        }
        self.results.extend(taken.into_iter().map(|index| (index, Err(vec![in_use()]))));
        Ok(())
    }
}

/// A link that has mistakes, and the address that it was to have.
struct Refused {
    index: usize,
    address: Option<(Uuid, Slug)>,
    mistakes: Vec<Mistake>,
}

/// Notes where an address that was chosen is in use, by a link of anybody: of links without other mistakes their insert tells
/// that.
async fn add_taken(app: &App, mut refused: Vec<Refused>) -> Result<Vec<Refused>, Error> {
    let slugs = refused.iter().filter_map(|refused| Some(refused.address.as_ref()?.1.as_str().to_owned()));
    let slugs: BTreeSet<String> = slugs.collect();
    if slugs.is_empty() {
        return Ok(refused);
    }
    let used = slot::Entity::find().filter(slot::Column::Slug.is_in(slugs)).filter(slot::Column::LinkId.is_not_null());
    let used = used.select_only().columns([slot::Column::DomainId, slot::Column::Slug]);
    let used: HashSet<(Uuid, String)> = used.into_tuple().all(app.db.everywhere().read()).await?.into_iter().collect();
    for Refused { address, mistakes, .. } in &mut refused {
        if address.as_ref().is_some_and(|(domain, slug)| used.contains(&(*domain, slug.as_str().to_owned()))) {
            mistakes.push(in_use());
        }
    }
    Ok(refused)
}

fn in_use() -> Mistake {
    mistake(["slug"], Code::Taken, "is in use on this domain")
}

/// Notes what a chunk came to and commits it.
async fn finish(
    app: &App,
    tx: DatabaseTransaction,
    scope: TenantScope,
    Manner { call, fate, .. }: Manner<'_>,
    progress: Progress,
) -> Result<Results, Error> {
    let Progress { results, written, before, after, mut refused } = progress;
    let results: Results = results.into_values().collect();
    refused.extend(of_all(&results, fate, !refused.is_empty()));
    if !refused.is_empty() {
        return Err(Error::Mistakes(refused));
    }
    if written.is_empty() || fate == Fate::Judged {
        // nothing was made: the key stays free for the input without its mistakes
        return Ok(results);
    }
    let kept: Kept = results.iter().map(|made| made.as_ref().map(|link| link.id).map_err(Clone::clone)).collect();
    call.keep(&tx, &kept).await?;
    written.commit(app, tx, scope, deed(&call, fate == Fate::Alone, &results, &before, &after)?).await?;
    Ok(results)
}

/// The mistakes of links that are those of the whole call, each once: where the links are made together all that are not
/// about destinations, and those of a link alone when the call itself is refused.
fn of_all(results: &Results, fate: Fate, is_refused: bool) -> Vec<Mistake> {
    let mut found: Vec<Mistake> = Vec::new();
    for mistake in results.iter().filter_map(|made| made.as_ref().err()).flatten() {
        let is_of_all = match fate {
            Fate::Alone => is_refused,
            Fate::Each => false,
            Fate::Together => mistake.field.first().is_none_or(|field| field != "destination"),
            // there may be no room for a link that is not made
            Fate::Judged => mistake.field.first().is_some_and(|field| field != "destination"),
        };
        if is_of_all && !found.contains(mistake) {
            found.push(mistake.clone());
        }
    }
    found
}

/// What a row of the audit log says was done: to one link, or to many.
fn deed(call: &Call<'_>, one: bool, results: &Results, before: &[Json], after: &[Json]) -> Result<Deed, Error> {
    let deed = match results.as_slice() {
        [Ok(link)] if one => Deed::new(call.action, "Link", Some(link.id)),
        _ => Deed::new(call.action, "Link", None),
    };
    match (before, after) {
        ([], [after]) if one => deed.after(after),
        ([before], [after]) if one => deed.before(before)?.after(after),
        ([], after) => deed.after(&after),
        (before, after) => deed.before(&before)?.after(&after),
    }
}

/// The links that a call made when it came the first time, as they are now.
async fn read_again(tx: &DatabaseTransaction, scope: TenantScope, kept: Kept) -> Result<Results, Error> {
    let ids = kept.iter().filter_map(|made| made.as_ref().ok().copied());
    let rows = link::Entity::of(scope.tenant_id()).filter(link::Column::Id.is_in(ids)).all(tx).await?;
    let mut rows: HashMap<Uuid, link::Model> = rows.into_iter().map(|row| (row.id, row)).collect();
    let read = |made: Result<Uuid, Vec<Mistake>>| match made.map(|id| rows.remove(&id)) {
        Ok(Some(row)) => row.try_into().map(Ok),
        Ok(None) => {
            let rule = "belongs to a call whose link was deleted since";
            Ok(Err(vec![mistake(["idempotencyKey"], Code::NotFound, rule)]))
        }
        Err(mistakes) => Ok(Err(mistakes)),
    };
    kept.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_together_is_told_once() {
        let at = |field: &str| mistake([field], Code::Invalid, "x");
        assert_eq!(of_all(&vec![Err(vec![at("destination")])], Fate::Together, false), []);
        let results = vec![Err(vec![at("destination"), at("tags")]), Err(vec![at("tags")])];
        assert_eq!(of_all(&results, Fate::Together, false), [at("tags")]);
        assert_eq!(of_all(&results, Fate::Each, true), []);
        let no_room = vec![Err(vec![mistake([], Code::LimitReached, "x")])];
        assert_eq!(
            (of_all(&no_room, Fate::Together, false).len(), of_all(&no_room, Fate::Judged, false).len()),
            (1, 0)
        );
    }
}
