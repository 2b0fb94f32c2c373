//! One chunk of links on its way: one transaction of a few statements with many rows. What is there under an external id
//! is changed, the rest is made, and redirectors and the audit log are told of all of it at once.

use super::{
    Link, attached,
    check::{self, Checked},
    create::{CREATE, Given, IfThere, Results, external_id},
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
    error::{Code, Error, Mistake},
    once::Call,
    scope::TenantScope,
    tenants, usage,
};
use entities::{TenantOwned, link};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, QueryFilter,
    prelude::{Json, Uuid},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How a chunk is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner<'a> {
    /// Which call, and which part of it.
    pub(super) call: Call<'a>,
    /// What becomes of links that are there.
    pub(super) if_there: IfThere,
    /// Whether a mistake anywhere but in a destination keeps all links of the chunk from being made.
    pub(super) together: bool,
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
}

/// Stores a chunk; gives what became of each of its links.
pub(super) async fn store(
    app: &App,
    scope: TenantScope,
    given: Vec<Given>,
    manner: Manner<'_>,
) -> Result<Results, Error> {
    let Manner { call, if_there, .. } = manner;
    let named = given.iter().filter_map(|given| external_id(given.as_ref().ok()?));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    let tx = app.db.begin().await?;
    // who gives out external ids or counts links holds the tenant: of two that want one the second sees the first
    let tenant = tenants::read(&tx, scope.tenant_id(), !named.is_empty() || app.quotas.any()).await?;
    if let Some(kept) = call.begin::<Kept>(&tx).await? {
        return read_again(&tx, scope, kept).await;
    }
    let defaults: LinkDefaults = tenants::stored(tenant.link_defaults)?;
    let mut there = upsert::hold(&tx, scope.tenant_id(), &named).await?;
    let mut progress = Progress::default();
    let (mut fresh, mut known) = (Vec::new(), Vec::new());
    for (index, given) in given.into_iter().enumerate() {
        let row = given.as_ref().ok().and_then(external_id).and_then(|id| there.remove(id));
        match (given, row) {
            (Err(mistakes), _) => drop(progress.results.insert(index, Err(mistakes))),
            (Ok(given), Some(row)) if if_there == IfThere::Change => known.push((index, row, given)),
            (Ok(given), row) => fresh.push((index, given, row.is_some())),
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
        fresh: Vec<(usize, LinkChange, bool)>,
        defaults: &LinkDefaults,
        now: i64,
    ) -> Result<(), Error> {
        let shape = |(index, mut given, taken): (usize, LinkChange, bool)| {
            let mut mistakes = Vec::new();
            let filled = defaults.fill(&mut given, now);
            let checked = check::shape(Draft::default().with(given), &app.rules, Some(now), &mut mistakes);
            if taken {
                mistakes.push(mistake(["externalId"], Code::Taken, "belongs to another link of the tenant"));
            }
            (index, checked, filled, mistakes)
        };
        let shaped: Vec<(usize, Checked, Filled, Vec<Mistake>)> = fresh.into_iter().map(shape).collect();
        let drafts = shaped.iter().map(|(_, checked, _, _)| checked);
        let known = Known::load(tx, &app.rules, scope.tenant_id(), drafts, None).await?;
        let mut ready = Vec::new();
        for (index, mut checked, filled, mut mistakes) in shaped {
            filled.drop_lost(&mut checked, &known);
            match check::place(&checked, &known, &mut mistakes) {
                Some(domain_id) if mistakes.is_empty() => {
                    ready.push(Ready { index, id: Uuid::now_v7(), domain_id, slug: String::new(), checked });
                }
                _ => drop(self.results.insert(index, Err(mistakes))),
            }
        }
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
        let in_use = |index| (index, Err(vec![mistake(["slug"], Code::Taken, "is in use on this domain")]));
        self.results.extend(taken.into_iter().map(in_use));
        Ok(())
    }
}

/// Notes what a chunk came to and commits it.
async fn finish(
    app: &App,
    tx: DatabaseTransaction,
    scope: TenantScope,
    Manner { call, together, .. }: Manner<'_>,
    progress: Progress,
) -> Result<Results, Error> {
    let Progress { results, written, before, after } = progress;
    let results: Results = results.into_values().collect();
    if together {
        refuse_together(&results)?;
    }
    if written.is_empty() {
        // nothing was made: the key stays free for the input without its mistakes
        return Ok(results);
    }
    let kept: Kept = results.iter().map(|made| made.as_ref().map(|link| link.id).map_err(Clone::clone)).collect();
    call.keep(&tx, &kept).await?;
    written.commit(app, tx, scope, deed(&call, &results, &before, &after)?).await?;
    Ok(results)
}

/// Answers with the mistakes that are not about destinations, each once.
fn refuse_together(results: &Results) -> Result<(), Error> {
    let mut refused: Vec<Mistake> = Vec::new();
    for mistake in results.iter().filter_map(|made| made.as_ref().err()).flatten() {
        let about_destination = mistake.field.first().is_some_and(|field| field == "destination");
        if !about_destination && !refused.contains(mistake) {
            refused.push(mistake.clone());
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Error::Mistakes(refused)) }
}

/// What a row of the audit log says was done: to one link, or to many.
fn deed(call: &Call<'_>, results: &Results, before: &[Json], after: &[Json]) -> Result<Deed, Error> {
    let one = call.action == CREATE;
    let deed = match results.as_slice() {
        [Ok(link)] if one => Deed::new(CREATE, "Link", Some(link.id)),
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
        assert!(refuse_together(&vec![Err(vec![at("destination")])]).is_ok());
        let results = vec![Err(vec![at("destination"), at("tags")]), Err(vec![at("tags")])];
        let Err(Error::Mistakes(mistakes)) = refuse_together(&results) else { panic!("not refused") };
        assert_eq!(mistakes, [at("tags")]);
    }
}
