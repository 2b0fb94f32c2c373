//! Lists of links: filter, order and page.

use super::{Group, Link, LinkState};
use crate::{
    graphql::{
        context,
        error::{bad_argument, top_level},
        id::{self, Kind},
        page::{Connection, PageArgs, TotalCount, connect},
    },
    links::{self, Filter, Order, OrderBy},
    scope::TenantScope,
};
use async_graphql::{Context, Enum, ID, InputObject, Result};
use uuid::Uuid;

/// A page of links.
pub type LinkConnection = Connection<Link>;

/// What links are to be like; every part that is given must be met.
#[derive(Debug, Clone, Default, InputObject)]
pub struct LinkFilter {
    /// Stands in slug, title or destination, whatever its case; at most 200 characters.
    text: Option<String>,
    /// One of the link's tags, exactly as it was entered.
    tag: Option<String>,
    /// What another system calls it, exactly.
    external_id: Option<String>,
    /// One of the link's own pixels.
    pixel_id: Option<ID>,
    /// What a visit meets now.
    state: Option<LinkState>,
    /// The domain it lives on.
    domain_id: Option<ID>,
}

/// What links are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "OrderBy")]
pub enum LinkOrderField {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
}

/// Which end of an order comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum OrderDirection {
    /// The earliest.
    Asc,
    /// The latest.
    Desc,
}

/// An order of links.
#[derive(Debug, Clone, InputObject)]
pub struct LinkOrder {
    /// By what.
    field: LinkOrderField,
    /// Which end comes first.
    #[graphql(default_with = "OrderDirection::Desc")]
    direction: OrderDirection,
}

impl LinkFilter {
    fn read(self) -> Result<Filter> {
        if self.text.as_ref().is_some_and(|text| text.chars().count() > links::MAX_TEXT) {
            return Err(bad_argument("filter.text", &format!("must be at most {} characters long", links::MAX_TEXT)));
        }
        // an id that was never given out finds nothing, like another tenant's
        let key = |kind, id: Option<ID>| id.map(|id| id::decode(kind, &id).unwrap_or(Uuid::nil()));
        Ok(Filter {
            text: self.text,
            tag: self.tag,
            external_id: self.external_id,
            pixel_id: key(Kind::Pixel, self.pixel_id),
            state: self.state.map(Into::into),
            domain_id: key(Kind::Domain, self.domain_id),
        })
    }
}

/// A tenant's links; the latest made first when no order is given.
///
/// # Errors
/// For arguments that break a rule; a top-level error for a fault.
pub async fn links_of(
    ctx: &Context<'_>,
    scope: &TenantScope,
    filter: Option<LinkFilter>,
    order_by: Option<LinkOrder>,
    page: PageArgs,
) -> Result<LinkConnection> {
    let (scope, app) = (*scope, context::app(ctx)?);
    let filter = filter.unwrap_or_default().read()?;
    let order =
        order_by.map(|order| Order { by: order.field.into(), descending: order.direction == OrderDirection::Desc });
    let now = app.clock.now();
    let window = links::list(&app.db, scope, now, &filter, order.unwrap_or_default(), &page.page()?).await;
    let db = app.db.clone();
    let total = TotalCount::new(move || {
        let (db, filter) = (db.clone(), filter.clone());
        async move { links::count(&db, scope, now, &filter).await }
    });
    let window = window.map_err(top_level)?;
    let group = Group::on(scope, window.rows.iter().map(|(_, row)| row));
    Ok(connect(window, total, |(link, _)| Link::of_group(scope, link, group.clone())))
}
