//! How much a tenant has of what the operator may limit: links in all, and links made in a month of UTC. Who makes links
//! under a limit holds the tenant, so that many at once do not pass it.

use crate::{
    app::App,
    clicks::report::{Filter, Question, Report, reading::Scope},
    db::Db,
    error::Error,
    scope::TenantScope,
};
use entities::{TenantOwned, link, links_by_month};
use jiff::{Timestamp, civil::Time, tz::TimeZone};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, OnConflict},
};

/// What the operator allows each tenant; `None` for as much as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quotas {
    /// Links that are there, archived ones included.
    pub links: Option<u64>,
    /// Links made in a month of UTC, those that were deleted since included.
    pub links_per_month: Option<u64>,
}

impl Quotas {
    /// Whether there is any limit.
    #[must_use]
    pub const fn any(self) -> bool {
        self.links.is_some() || self.links_per_month.is_some()
    }
}

/// How many more links a tenant may make, and the rule that says so.
pub(crate) struct Room {
    /// How many.
    pub(crate) links: u64,
    /// Why no more, as a sentence for people.
    pub(crate) rule: String,
}

/// How many more links a tenant that is held may make at `now`; `None` for as many as it likes.
///
/// # Errors
/// Of the database.
pub(crate) async fn room(
    tx: &DatabaseTransaction,
    quotas: Quotas,
    tenant_id: Uuid,
    now: i64,
) -> Result<Option<Room>, Error> {
    let mut room: Option<Room> = None;
    if let Some(most) = quotas.links {
        let there = link::Entity::of(tenant_id).count(tx).await?;
        // of many at once, those before have taken what was left
        let then = Ord::max(there, most);
        let rule = format!("the tenant has {then} of {most} links: delete some first");
        room = Some(Room { links: most.saturating_sub(there), rule });
    }
    if let Some(most) = quotas.links_per_month {
        let made = made(tx, tenant_id, now).await?;
        let links = most.saturating_sub(made);
        if room.as_ref().is_none_or(|room| links < room.links) {
            let then = Ord::max(made, most);
            let rule = format!("the tenant made {then} of {most} links of this month (UTC)");
            room = Some(Room { links, rule });
        }
    }
    Ok(room)
}

/// Counts links that were made at `now`, in the transaction that makes them.
///
/// # Errors
/// Of the database.
pub(crate) async fn count_made(tx: &DatabaseTransaction, tenant_id: Uuid, links: usize, now: i64) -> Result<(), Error> {
    let links = i64::try_from(links).unwrap_or(i64::MAX);
    let row = links_by_month::ActiveModel { tenant_id: Set(tenant_id), month: Set(month_of(now)?.0), made: Set(links) };
    let made = Expr::col((links_by_month::Entity, links_by_month::Column::Made));
    let beside = OnConflict::columns([links_by_month::Column::TenantId, links_by_month::Column::Month])
        .value(links_by_month::Column::Made, made.add(links))
        .to_owned();
    links_by_month::Entity::insert(row).on_conflict(beside).exec_without_returning(tx).await?;
    Ok(())
}

/// How many links a tenant has, archived ones included.
///
/// # Errors
/// Of the database.
pub async fn links(db: &Db, scope: TenantScope) -> Result<u64, Error> {
    Ok(link::Entity::of(scope.tenant_id()).count(db.read()).await?)
}

/// How many links a tenant made in the month of `now`.
///
/// # Errors
/// Of the database.
pub async fn links_this_month(db: &Db, scope: TenantScope, now: i64) -> Result<u64, Error> {
    made(db.read(), scope.tenant_id(), now).await
}

/// How many clicks of people a tenant's links had in this month.
///
/// # Errors
/// Of the database.
pub async fn clicks_this_month(app: &App, scope: TenantScope) -> Result<u64, Error> {
    let now = app.clock.now();
    let question = Question { from: Some(month_of(now)?.1), to: Some(now + 1), ..Question::default() };
    let report = Report::new(app.db.clone(), Scope::Tenant(scope), Filter::new(&question, now)?);
    Ok(report.totals().await?.human)
}

async fn made(db: &impl ConnectionTrait, tenant_id: Uuid, now: i64) -> Result<u64, Error> {
    let month = links_by_month::Column::Month.eq(month_of(now)?.0);
    let row = links_by_month::Entity::of(tenant_id).filter(month).one(db).await?;
    Ok(row.map_or(0, |row| u64::try_from(row.made).unwrap_or_default()))
}

/// The month of an instant in UTC, as year times 100 plus month, and the instant at which it began.
fn month_of(at: i64) -> Result<(i32, i64), Error> {
    let fault = |error: jiff::Error| Error::Fault(format!("the month of {at}: {error}"));
    let day = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(at).map_err(fault)?).date();
    let start = TimeZone::UTC.to_timestamp(day.first_of_month().to_datetime(Time::midnight())).map_err(fault)?;
    Ok((i32::from(day.year()) * 100 + i32::from(day.month()), start.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_at_midnight_utc() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let november = (202_611, at("2026-11-01T00:00:00Z"));
        for inside in ["2026-11-01T00:00:00Z", "2026-11-30T23:59:59.999Z"] {
            assert_eq!(month_of(at(inside)).unwrap(), november);
        }
        assert_eq!(month_of(at("2026-10-31T23:59:59.999Z")).unwrap().0, 202_610);
    }
}
