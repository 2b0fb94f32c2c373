//! Makes links, one or many. Many go in chunks: each chunk is one transaction of a few statements with many rows, so
//! that a mistake, or a slug that is taken, fails its own link and no other.

use super::{
    Link, attached,
    check::{self, Checked},
    draft::Draft,
    known::Known,
    row, slug,
    text::mistake,
    told::told,
    written::Written,
};
use crate::{
    app::App,
    audit::Deed,
    error::{Code, Error, Mistake},
    once::{Call, Once},
    scope::TenantScope,
};
use entities::{TenantOwned, link};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    prelude::{Json, Uuid},
    sea_query::OnConflict,
};
use std::collections::{BTreeMap, HashMap};

/// Most links of one call.
pub const MAX_AT_ONCE: usize = 1_000;
/// Links of one transaction.
const CHUNK: usize = 100;
/// How often random slugs are drawn until they are free. That one draw fails is rarer than one in thousands.
const DRAWS: usize = 8;

/// The mutation that makes one link.
const CREATE: &str = "createLink";

/// What became of each link, in the order they were given.
pub type Results = Vec<Result<Link, Vec<Mistake>>>;

/// Makes a link.
///
/// # Errors
/// All its mistakes; of the database.
pub async fn create(app: &App, scope: TenantScope, draft: Draft, once: Option<Once>) -> Result<Link, Error> {
    let call = call(app, scope, CREATE, once.as_ref());
    match create_chunk(app, scope, vec![draft], call).await?.pop() {
        Some(made) => made.map_err(Error::Mistakes),
        None => Err(Error::Fault("a link was neither made nor refused".to_owned())),
    }
}

/// Makes links, each on its own: some may fail.
///
/// # Errors
/// `LIMIT_REACHED` in `links` for more than [`MAX_AT_ONCE`]; of the database: then the links of earlier chunks were
/// made.
pub async fn create_many(
    app: &App,
    scope: TenantScope,
    drafts: Vec<Draft>,
    once: Option<Once>,
) -> Result<Results, Error> {
    if drafts.len() > MAX_AT_ONCE {
        let rule = format!("must be at most {MAX_AT_ONCE} at a time");
        return Err(Error::mistake("links", Code::LimitReached, rule));
    }
    let mut results = Results::with_capacity(drafts.len());
    let mut drafts = drafts.into_iter();
    let mut call = call(app, scope, "createLinks", once.as_ref());
    loop {
        let chunk: Vec<Draft> = drafts.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(results);
        }
        let first = results.len();
        let made = create_chunk(app, scope, chunk, call).await?;
        call.part += 1;
        let placed = made.into_iter().enumerate().map(|(index, made)| {
            made.map_err(|mistakes| mistakes.into_iter().map(|mistake| within(first + index, mistake)).collect())
        });
        results.extend(placed);
    }
}

/// A mistake of one link, with its place among many.
fn within(index: usize, mut mistake: Mistake) -> Mistake {
    mistake.field.splice(0..0, ["links".to_owned(), index.to_string()]);
    mistake
}

/// A link without mistakes, on its way into SQL.
struct Ready {
    index: usize,
    id: Uuid,
    domain_id: Uuid,
    slug: String,
    checked: Checked,
}

fn call<'a>(app: &App, scope: TenantScope, action: &'static str, once: Option<&'a Once>) -> Call<'a> {
    Call { owner_id: scope.tenant_id(), action, part: 0, once, now: app.clock.now() }
}

/// What became of each link of a chunk, as it is kept for a call that comes again.
type Kept = Vec<Result<Uuid, Vec<Mistake>>>;

async fn create_chunk(app: &App, scope: TenantScope, drafts: Vec<Draft>, call: Call<'_>) -> Result<Results, Error> {
    let now = call.now;
    let shape = |draft| {
        let mut mistakes = Vec::new();
        let checked = check::shape(draft, &app.rules, Some(now), &mut mistakes);
        (checked, mistakes)
    };
    let shaped: Vec<(Checked, Vec<Mistake>)> = drafts.into_iter().map(shape).collect();
    let tx = app.db.begin().await?;
    if let Some(kept) = call.begin::<Kept>(&tx).await? {
        return read_again(&tx, scope, kept).await;
    }
    let drafts = shaped.iter().map(|(checked, _)| checked);
    let known = Known::load(&tx, &app.rules, scope.tenant_id(), drafts, None).await?;
    let mut results: BTreeMap<usize, Result<Link, Vec<Mistake>>> = BTreeMap::new();
    let mut ready = Vec::new();
    for (index, (checked, mut mistakes)) in shaped.into_iter().enumerate() {
        match check::place(&checked, &known, &mut mistakes) {
            Some(domain_id) if mistakes.is_empty() => {
                ready.push(Ready { index, id: Uuid::now_v7(), domain_id, slug: String::new(), checked });
            }
            _ => drop(results.insert(index, Err(mistakes))),
        }
    }
    let (made, taken) = insert(&tx, scope, now, ready).await?;
    let attachments = made.iter().map(|(link, _)| {
        let checked = &link.checked;
        (link.id, checked.tags.as_slice(), checked.pixel_ids.as_slice())
    });
    attached::write(&tx, scope.tenant_id(), attachments).await?;
    let (mut written, mut all_told) = (Written::default(), Vec::new());
    for (link, row) in made {
        let made = row.try_into()?;
        all_told.push(told(&made, &link.checked.tags, &link.checked.pixel_ids));
        written.made(&made, link.checked.tags, link.checked.pixel_ids);
        results.insert(link.index, Ok(made));
    }
    let in_use = |index| (index, Err(vec![mistake(["slug"], Code::Taken, "is in use on this domain")]));
    results.extend(taken.into_iter().map(in_use));
    let results: Results = results.into_values().collect();
    if written.is_empty() {
        // nothing was made: the key stays free for the input without its mistakes
        return Ok(results);
    }
    let kept: Kept = results.iter().map(|made| made.as_ref().map(|link| link.id).map_err(Clone::clone)).collect();
    call.keep(&tx, &kept).await?;
    written.commit(app, tx, scope, deed(&call, &results, &all_told)?).await?;
    Ok(results)
}

/// What a row of the audit log says was done: to one link, or to many.
fn deed(call: &Call<'_>, results: &Results, all_told: &[Json]) -> Result<Deed, Error> {
    match (results.as_slice(), all_told) {
        ([Ok(link)], [told]) if call.action == CREATE => Deed::new(CREATE, "Link", Some(link.id)).after(told),
        _ => Deed::new(call.action, "Link", None).after(&all_told),
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

/// Inserts links; gives those that were made, and the indexes of those whose slug is taken. Rows go in the order of
/// their addresses, so that two chunks with the same slugs never wait for each other in a circle.
async fn insert(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    now: i64,
    mut waiting: Vec<Ready>,
) -> Result<(Vec<(Ready, link::Model)>, Vec<usize>), Error> {
    let (mut made, mut taken) = (Vec::new(), Vec::new());
    for _ in 0..DRAWS {
        for link in &mut waiting {
            link.slug = link.checked.slug.as_ref().map_or_else(slug::random, |chosen| chosen.as_str().to_owned());
        }
        // stable: of two with one slug, the first that was given gets it
        waiting.sort_by(|a, b| (a.domain_id, &a.slug).cmp(&(b.domain_id, &b.slug)));
        let mut inserted = insert_free(tx, scope, now, &waiting).await?;
        let mut drawn_again = Vec::new();
        for link in waiting {
            if let Some(row) = inserted.remove(&link.id) {
                made.push((link, row));
            } else if link.checked.slug.is_some() {
                taken.push(link.index);
            } else {
                drawn_again.push(link);
            }
        }
        waiting = drawn_again;
        if waiting.is_empty() {
            made.sort_by(|(a, _), (b, _)| (a.domain_id, &a.slug).cmp(&(b.domain_id, &b.slug)));
            return Ok((made, taken));
        }
    }
    Err(Error::Fault(format!("no free random slug was found in {DRAWS} draws")))
}

/// Inserts the links whose address is free and gives their rows.
async fn insert_free(
    tx: &DatabaseTransaction,
    scope: TenantScope,
    now: i64,
    links: &[Ready],
) -> Result<HashMap<Uuid, link::Model>, Error> {
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let taken = OnConflict::columns([link::Column::DomainId, link::Column::Slug]).do_nothing().to_owned();
    let row =
        |link: &Ready| row::new(&link.checked, (scope.tenant_id(), link.id), (link.domain_id, link.slug.as_str()), now);
    let rows = links.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let inserted = link::Entity::insert_many(rows).on_conflict(taken).exec_with_returning(tx).await?;
    Ok(inserted.into_iter().map(|row| (row.id, row)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_among_many_says_whose_it_is() {
        let placed = within(7, mistake(["tags", "1"], Code::Invalid, "must not be empty"));
        assert_eq!(placed.field, ["links", "7", "tags", "1"]);
        assert_eq!(within(0, mistake([], Code::TooLong, "is too large")).field, ["links", "0"]);
    }
}
