//! Reads links of a tenant: one by its id or address, and pages of many by filter and order. A filter that names what
//! is not the tenant's finds nothing, like one that names what never was.

use super::{Link, State};
use crate::{
    db::Db,
    domains::{self, Domain},
    error::Error,
    page::{Key, Page, Sort, Window},
    scope::{Caller, Permission, TenantScope},
};
use contract::address::{Host, Slug};
use entities::{TenantOwned, domain, link, link_pixel, link_tag, slot};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, LikeExpr},
};

/// Longest text to search for, in characters.
pub const MAX_TEXT: usize = 200;

/// What links are to be like; every part that is given must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Stands in slug, title or destination, whatever its case.
    pub text: Option<String>,
    /// One of the tags, exactly.
    pub tag: Option<String>,
    /// What another system calls it, exactly.
    pub external_id: Option<String>,
    /// One of the link's own pixels.
    pub pixel_id: Option<Uuid>,
    /// What a visit meets now.
    pub state: Option<State>,
    /// Where it lives.
    pub domain_id: Option<Uuid>,
}

/// What links are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderBy {
    /// When they were made.
    #[default]
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
}

/// An order of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: OrderBy,
    /// Whether the latest come first.
    pub descending: bool,
}

impl Default for Order {
    /// The latest made first.
    fn default() -> Self {
        Self { by: OrderBy::CreatedAt, descending: true }
    }
}

/// The link with this id.
///
/// # Errors
/// `NOT_FOUND` in `id`; of the database.
pub async fn find(db: &Db, scope: TenantScope, id: Uuid) -> Result<Link, Error> {
    let row = link::Entity::of(scope.tenant_id()).filter(link::Column::Id.eq(id)).one(db.read()).await?;
    row.ok_or_else(|| Error::not_found("id"))?.try_into()
}

/// The link at an address, with the scope that the caller has in its tenant.
///
/// # Errors
/// `NOT_FOUND` in `slug` when there is none, or none for this caller; of the database.
pub async fn find_by_address(db: &Db, caller: Caller, host: &str, slug: &str) -> Result<(TenantScope, Link), Error> {
    let nothing = || Error::not_found("slug");
    let host = Host::parse(host).map_err(|_| nothing())?;
    let slug = Slug::parse(slug).map_err(|_| nothing())?;
    // who had a host last is asked of all who had it
    let on = domain::last_of(host.as_str()).one(db.everywhere().read()).await?;
    let address = (on.ok_or_else(nothing)?.id, slug.as_str().to_owned());
    let there = slot::Entity::find_by_id(address).one(db.read()).await?;
    let link_id = there.and_then(|slot| slot.link_id).ok_or_else(nothing)?;
    let scope = TenantScope::of_link(db, caller, link_id, Permission::ReadLinks, "slug").await?;
    Ok((scope, find(db, scope, link_id).await?))
}

/// The link that another system calls by this name.
///
/// # Errors
/// `NOT_FOUND` in `externalId`; of the database.
pub async fn find_by_external_id(db: &Db, scope: TenantScope, id: &str) -> Result<Link, Error> {
    let named = link::Entity::of(scope.tenant_id()).filter(link::Column::ExternalId.eq(sayable(id.trim())));
    named.one(db.read()).await?.ok_or_else(|| Error::not_found("externalId"))?.try_into()
}

/// A page of a tenant's links, each with the domain that it lives on, in one statement.
///
/// # Errors
/// For a cursor of another list or order; of the database.
pub async fn list(
    db: &Db,
    scope: TenantScope,
    now: i64,
    filter: &Filter,
    order: Order,
    page: &Page,
) -> Result<Window<(Link, Domain)>, Error> {
    let on = link::Entity::belongs_to(domain::Entity).from(link::Column::DomainId).to(domain::Column::Id).into();
    // an outer join begins with the links, which are in order then; with an inner one SQLite may begin with the domains
    let reachable = domains::is_reachable(scope.tenant_id());
    let links = select(scope, now, filter).join(JoinType::LeftJoin, on).filter(reachable);
    let rows = page.fetch_also(db.read(), links, &sort(order), domain::Entity).await?;
    rows.try_map(|(link, domain)| {
        let lost = || Error::Fault(format!("link {} lives on no domain", link.id));
        let domain = domain.ok_or_else(lost)?.try_into()?;
        Ok((link.try_into()?, domain))
    })
}

/// How many links of a tenant pass the filter.
///
/// # Errors
/// Of the database.
pub async fn count(db: &Db, scope: TenantScope, now: i64, filter: &Filter) -> Result<u64, Error> {
    Ok(select(scope, now, filter).count(db.read()).await?)
}

fn sort(order: Order) -> Sort<link::Model> {
    let column = |column: link::Column| Expr::col((link::Entity, column));
    let (name, by) = match order.by {
        // ids are made in the order of time
        OrderBy::CreatedAt => ("created", None),
        OrderBy::UpdatedAt => ("updated", Some((column(link::Column::UpdatedAt), updated_at as fn(&_) -> _))),
    };
    Sort { name, by, id: column(link::Column::Id), id_of: |row| row.id, descending: order.descending }
}

fn updated_at(row: &link::Model) -> Key {
    Key::Number(row.updated_at)
}

fn select(scope: TenantScope, now: i64, filter: &Filter) -> Select<link::Entity> {
    let tenant_id = scope.tenant_id();
    let mut all = Condition::all();
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        all = all.add(contains(text));
    }
    if let Some(tag) = filter.tag.as_deref().map(str::trim) {
        let tagged = link_tag::Entity::of(tenant_id).filter(link_tag::Column::Tag.eq(sayable(tag)));
        let tagged = tagged.select_only().column(link_tag::Column::LinkId).into_query();
        all = all.add(link::Column::Id.in_subquery(tagged));
    }
    if let Some(id) = filter.external_id.as_deref() {
        all = all.add(link::Column::ExternalId.eq(sayable(id.trim())));
    }
    if let Some(pixel_id) = filter.pixel_id {
        let having = link_pixel::Entity::of(tenant_id).filter(link_pixel::Column::PixelId.eq(pixel_id));
        let having = having.select_only().column(link_pixel::Column::LinkId).into_query();
        all = all.add(link::Column::Id.in_subquery(having));
    }
    if let Some(domain_id) = filter.domain_id {
        all = all.add(link::Column::DomainId.eq(domain_id));
    }
    if let Some(state) = filter.state {
        all = all.add(meets(state, now));
    }
    link::Entity::of(tenant_id).filter(all)
}

/// A text that is compared with stored ones: none of those is empty or has a control character, and PostgreSQL takes no
/// NUL.
fn sayable(text: &str) -> &str {
    if text.chars().any(char::is_control) { "" } else { text }
}

/// The same words as [`Link::state_at`], for SQL.
fn meets(state: State, now: i64) -> Condition {
    let stored = |state: link::State| Condition::all().add(link::Column::State.eq(state));
    let started = || Condition::any().add(link::Column::StartsAt.is_null()).add(link::Column::StartsAt.lte(now));
    let going_on = || Condition::any().add(link::Column::ExpiresAt.is_null()).add(link::Column::ExpiresAt.gt(now));
    match state {
        State::Archived => stored(link::State::Archived),
        State::Disabled => stored(link::State::Disabled),
        State::Expired => stored(link::State::Active).add(link::Column::ExpiresAt.lte(now)),
        State::Scheduled => stored(link::State::Active).add(going_on()).add(link::Column::StartsAt.gt(now)),
        State::Active => stored(link::State::Active).add(going_on()).add(started()),
    }
}

fn contains(text: &str) -> Expr {
    let text: String = text.chars().take(MAX_TEXT).collect::<String>().to_lowercase();
    let mut pattern = String::from("%");
    for character in text.chars() {
        // what no link can have is replaced by what no link has: a line break is never stored
        match character {
            '%' | '_' | '\\' => pattern.extend(['\\', character]),
            control if control.is_control() => pattern.push('\n'),
            plain => pattern.push(plain),
        }
    }
    pattern.push('%');
    Expr::col((link::Entity, link::Column::SearchText)).like(LikeExpr::new(pattern).escape('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::DatabaseBackend;

    fn link(stored_state: link::State, starts_at: Option<i64>, expires_at: Option<i64>) -> Link {
        Link {
            id: Uuid::nil(),
            tenant_id: Uuid::nil(),
            domain_id: Uuid::nil(),
            slug: String::new(),
            external_id: None,
            destination: String::new(),
            title: None,
            stored_state,
            starts_at,
            expires_at,
            fallback: None,
            forwarding: Default::default(),
            utm: Default::default(),
            values: Default::default(),
            without_pixels: false,
            card: None,
            created_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn an_end_counts_before_a_start_and_what_was_decided_before_both() {
        use link::State::{Active, Archived, Disabled};
        for (state, starts_at, expires_at, met) in [
            (Active, None, None, State::Active),
            (Active, Some(10), Some(11), State::Active),
            (Active, Some(11), None, State::Scheduled),
            (Active, None, Some(10), State::Expired),
            (Active, Some(11), Some(10), State::Expired),
            (Archived, None, Some(1), State::Archived),
            (Disabled, Some(99), None, State::Disabled),
        ] {
            assert_eq!(link(state, starts_at, expires_at).state_at(10), met, "{state:?} {starts_at:?} {expires_at:?}");
        }
    }

    #[test]
    fn wildcards_in_the_text_are_plain_characters() {
        let select = link::Entity::of(Uuid::nil()).filter(contains("50%_\\\0X"));
        let sql = select.build(DatabaseBackend::Sqlite).to_string();
        assert!(sql.contains(r"LIKE '%50\%\_\\") && sql.contains("x%' ESCAPE '\\'"), "{sql}");
        assert!(!sql.contains('\0'));
    }
}
