//! Makes links, one or many. Many go in chunks: each chunk is one transaction of a few statements with many rows, so
//! that a mistake, or a slug that is taken, fails its own link and no other. Where a link with the same external id is
//! there, it is changed instead when the caller wishes so.

use super::{
    Link,
    check::MAX_EXTERNAL_ID,
    chunk::{Fate, Manner, store},
    draft::LinkChange,
};
use crate::{
    app::App,
    error::{Code, Error, Mistake, gather},
    once::{Call, Once},
    scope::TenantScope,
};
use std::collections::HashSet;

/// Most links of one call.
pub const MAX_AT_ONCE: usize = 1_000;
/// Links of one transaction.
const CHUNK: usize = 100;

/// The mutation that makes one link.
pub(super) const CREATE: &str = "createLink";

/// What becomes of a link whose external id another link of the tenant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfThere {
    /// It is refused.
    Refuse,
    /// The link that is there is changed: only the fields that are given.
    Change,
}

/// What became of each link, in the order they were given.
pub type Results = Vec<Result<Link, Vec<Mistake>>>;

/// Makes a link.
///
/// # Errors
/// All its mistakes; of the database.
pub async fn create(
    app: &App,
    scope: TenantScope,
    given: LinkChange,
    if_there: IfThere,
    once: Option<Once>,
) -> Result<Link, Error> {
    let manner = Manner { call: call(app, scope, CREATE, once.as_ref()), if_there, fate: Fate::Alone };
    match store(app, scope, vec![given.into()], manner).await?.pop() {
        Some(made) => made.map_err(Error::Mistakes),
        None => Err(Error::Fault("a link was neither made nor refused".to_owned())),
    }
}

/// Makes links, each on its own: some may fail. Of two with one external id the second does.
///
/// # Errors
/// `LIMIT_REACHED` in `links` for more than [`MAX_AT_ONCE`]; of the database: then the links of earlier chunks were
/// made.
pub async fn create_many(
    app: &App,
    scope: TenantScope,
    given: Vec<LinkChange>,
    if_there: IfThere,
    once: Option<Once>,
) -> Result<Results, Error> {
    if given.len() > MAX_AT_ONCE {
        let rule = format!("must be at most {MAX_AT_ONCE} at a time");
        let mut mistakes = vec![Mistake::new("links", Code::LimitReached, rule)];
        gather(&mut mistakes, once.map_or(Ok(()), |once| once.check()))?;
        return Err(Error::Mistakes(mistakes));
    }
    let mut results = Results::with_capacity(given.len());
    let mut given = once_each(given).into_iter();
    let mut manner = Manner { call: call(app, scope, "createLinks", once.as_ref()), if_there, fate: Fate::Each };
    loop {
        let chunk: Vec<Given> = given.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(results);
        }
        let first = results.len();
        let made = store(app, scope, chunk, manner).await?;
        manner.call.part += 1;
        let placed = made.into_iter().enumerate().map(|(index, made)| {
            made.map_err(|mistakes| mistakes.into_iter().map(|mistake| within(first + index, mistake)).collect())
        });
        results.extend(placed);
    }
}

/// Makes the links of a content in one transaction: one whose destination is no good fails alone, and any other mistake
/// fails all of them. The caller sees to it that they are not too many.
///
/// # Errors
/// Mistakes that are not about destinations, in `defaults`; of the database.
pub(crate) async fn create_all(
    app: &App,
    scope: TenantScope,
    given: Vec<LinkChange>,
    once: Option<Once>,
) -> Result<Results, Error> {
    let call = call(app, scope, "trackContent", once.as_ref());
    let manner = Manner { call, if_there: IfThere::Refuse, fate: Fate::Together };
    let made = store(app, scope, given.into_iter().map(Given::from).collect(), manner).await;
    made.map_err(|error| match error {
        Error::Mistakes(mistakes) => Error::Mistakes(mistakes.into_iter().map(in_defaults).collect()),
        error => error,
    })
}

/// What [`create_all`] would refuse about any link, where there is none to be made; nothing is.
///
/// # Errors
/// Of the database.
pub(crate) async fn mistakes_of_all(
    app: &App,
    scope: TenantScope,
    given: LinkChange,
    once: Option<&Once>,
) -> Result<Vec<Mistake>, Error> {
    let call = call(app, scope, "trackContent", once);
    let manner = Manner { call, if_there: IfThere::Refuse, fate: Fate::Judged };
    // any one that is good
    let given = LinkChange { destination: Some("https://example.com/".to_owned()), ..given };
    let mut mistakes = Vec::new();
    gather(&mut mistakes, store(app, scope, vec![given.into()], manner).await)?;
    Ok(mistakes.into_iter().map(in_defaults).collect())
}

/// A mistake of what all links of a content are.
fn in_defaults(mut mistake: Mistake) -> Mistake {
    if mistake.field.first().is_some_and(|field| field != "idempotencyKey" && field != "tenantId") {
        mistake.field.insert(0, "defaults".to_owned());
    }
    mistake
}

/// A link as it was given.
#[derive(Debug)]
pub(super) struct Given {
    /// What is decided about it.
    pub(super) link: LinkChange,
    /// Whether a link before it in this call is to have its external id.
    pub(super) is_second: bool,
}

impl From<LinkChange> for Given {
    fn from(link: LinkChange) -> Self {
        Self { link, is_second: false }
    }
}

/// Marks the second of two links with one external id: which of them it would be is anybody's guess.
fn once_each(given: Vec<LinkChange>) -> Vec<Given> {
    let mut seen = HashSet::new();
    let once = |link: LinkChange| {
        let is_second = external_id(&link).is_some_and(|id| !seen.insert(id.to_owned()));
        Given { link, is_second }
    };
    given.into_iter().map(once).collect()
}

/// The external id that a link is to have, where it could have it.
pub(super) fn external_id(given: &LinkChange) -> Option<&str> {
    let id = given.external_id.as_ref()?.as_deref()?.trim();
    let good = !id.is_empty() && id.chars().count() <= MAX_EXTERNAL_ID && !id.chars().any(char::is_control);
    good.then_some(id)
}

/// A mistake of one link, with its place among many.
fn within(index: usize, mut mistake: Mistake) -> Mistake {
    // the key is that of all
    mistake.field.retain(|part| part != "idempotencyKey");
    mistake.field.splice(0..0, ["links".to_owned(), index.to_string()]);
    mistake
}

fn call<'a>(app: &App, scope: TenantScope, action: &'static str, once: Option<&'a Once>) -> Call<'a> {
    Call { owner_id: scope.tenant_id(), action, part: 0, once, now: app.clock.now() }
}

#[cfg(test)]
mod tests {
    use super::{super::text::mistake, *};

    #[test]
    fn a_mistake_among_many_says_whose_it_is() {
        let placed = within(7, mistake(["tags", "1"], Code::Invalid, "must not be empty"));
        assert_eq!(placed.field, ["links", "7", "tags", "1"]);
        assert_eq!(within(0, mistake([], Code::TooLong, "is too large")).field, ["links", "0"]);
    }

    #[test]
    fn an_external_id_stands_in_a_call_once() {
        let named = |id: Option<&str>| LinkChange { external_id: Some(id.map(str::to_owned)), ..LinkChange::default() };
        let given = vec![named(Some("a")), named(None), named(Some(" a ")), named(Some("b")), named(None)];
        let refused: Vec<bool> = once_each(given).iter().map(|given| given.is_second).collect();
        assert_eq!(refused, [false, false, true, false, false]);
    }
}
