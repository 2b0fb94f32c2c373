//! Looks whether domains are still proved, and carries out what follows: on request, and in a loop of the worker. Who looks
//! at one twice does no harm: what follows is decided under the lock of the host's rows, from what they say then.

use super::{
    Domain,
    change::told,
    host_of,
    names::{Finding, Names},
    rules::{record_name, record_value},
    verdict::{Schedule, judge},
};
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::{Code, Error},
    invalidation::Changes,
    scope::TenantScope,
};
use contract::clock::{MINUTE, SECOND};
use entities::domain;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, prelude::Uuid, sea_query::LockType,
};
use std::{future::Future, time::Duration};
use tokio::task::JoinSet;

/// How often the loop looks for domains whose time has come, at least.
const POLL: Duration = Duration::from_secs(5);
/// How many are looked at side by side.
const BATCH: u64 = 16;

/// What is needed to prove hosts.
#[derive(Debug, Clone)]
pub struct Proofs {
    /// Who is asked.
    pub names: Names,
    /// When.
    pub schedule: Schedule,
}

/// Looks at a domain now, unless it was looked at a moment ago.
///
/// # Errors
/// `NOT_FOUND` in `id`; `LIMIT_REACHED` in `id` with the time to wait; of the database. A record that is not there is no
/// error: the domain says so.
pub async fn verify(app: &App, scope: TenantScope, id: Uuid) -> Result<Domain, Error> {
    // a host that is proved may be taken from another tenant
    let app = &app.everywhere();
    let own = domain::own_of(scope.tenant_id()).filter(domain::Column::Id.eq(id)).one(app.db.read()).await?;
    let own = own.ok_or_else(|| Error::not_found("id"))?;
    let now = app.clock.now();
    if !begin(app, id, now).await? {
        let next = own.checked_at.unwrap_or(now) + app.proofs.schedule.asked;
        // another server's clock may be ahead
        let seconds = ((next - now).clamp(1, app.proofs.schedule.asked.max(1)) + SECOND - 1) / SECOND;
        let rule = format!("its record was looked up a moment ago: try again in {seconds} s");
        return Err(Error::mistake("id", Code::LimitReached, rule));
    }
    let after = look(app, &own, scope.into()).await?.ok_or_else(|| Error::not_found("id"))?;
    after.try_into()
}

/// Notes that a domain is looked at from now on; tells whether the last look was long enough ago. Of two who ask at once
/// one comes second.
async fn begin(app: &App, id: Uuid, now: i64) -> Result<bool, Error> {
    let checked_at = domain::Column::CheckedAt;
    let long_ago = checked_at.lte(now - app.proofs.schedule.asked);
    let begun = domain::Entity::update_many()
        .set(domain::ActiveModel { checked_at: Set(Some(now)), ..Default::default() })
        .filter(domain::Column::Id.eq(id))
        .filter(Condition::any().add(checked_at.is_null()).add(long_ago))
        .exec(app.db.write())
        .await?;
    Ok(begun.rows_affected > 0)
}

/// Looks at a domain and stores what came of it; `None` when it was deleted meanwhile.
async fn look(app: &App, row: &domain::Model, author: Author) -> Result<Option<domain::Model>, Error> {
    let (host, token) = (host_of(&row.host)?, row.token.as_deref().unwrap_or_default());
    // no transaction waits for a name server
    let finding = app.proofs.names.look(&record_name(&host), &record_value(token)).await;
    let tx = app.db.begin().await?;
    let mut changes = Changes::default();
    let after = settle(app, &tx, row, &finding, &mut changes).await?;
    if let Some((before, after)) = &after
        && (author.is_caller() || before.state != after.state)
    {
        let deed = Deed::new("verifyDomain", "Domain", Some(row.id)).before(&told(before))?.after(&told(after))?;
        audit::record(&tx, &app.clock, author, deed).await?;
    }
    tx.commit().await?;
    app.publisher.publish(&app.db, &app.clock, changes).await;
    Ok(after.map(|(_, after)| after))
}

/// Stores what follows from a finding. All rows of the host are held, so that of two who prove it one comes second.
async fn settle(
    app: &App,
    tx: &DatabaseTransaction,
    seen: &domain::Model,
    finding: &Finding,
    changes: &mut Changes,
) -> Result<Option<(domain::Model, domain::Model)>, Error> {
    let of_host = domain::Entity::find().filter(domain::Column::Host.eq(&seen.host));
    let rows = of_host.order_by_asc(domain::Column::Id).lock(LockType::NoKeyUpdate).all(tx).await?;
    let highest = rows.iter().map(|row| row.ver).max().unwrap_or_default();
    let held = rows.iter().any(|row| row.serving && row.id != seen.id);
    let own = rows.into_iter().find(|row| row.id == seen.id && row.deleted_at.is_none());
    let Some(before) = own else { return Ok(None) };
    let now = app.clock.now();
    let verdict = judge(&before, finding, held, now, &app.proofs.schedule);
    let serves = verdict.state == domain::State::Verified;
    let turns = serves != before.serving;
    if verdict.state != before.state {
        tracing::info!(host = before.host, from = ?before.state, to = ?verdict.state, "a domain's proof has changed");
    }
    let mut row = before.clone().into_active_model();
    row.state = Set(verdict.state);
    row.serving = Set(serves);
    row.first_missing_at = Set(verdict.first_missing_at);
    row.next_check_at = Set(Some(verdict.next_check_at));
    row.problem = Set(verdict.problem);
    row.checked_at = Set(Some(now));
    if turns {
        row.updated_at = Set(now);
        row.ver = Set(highest + 1);
        changes.domain(tx, &app.clock, &host_of(&seen.host)?, highest + 1).await?;
    }
    Ok(Some((before, row.update(tx).await?)))
}

/// The loop that looks at domains when their time has come.
#[derive(Clone)]
pub struct Rechecks {
    app: App,
}

impl Rechecks {
    /// Looks at all tenants' domains.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self { app }
    }

    /// Looks until `stop`. What is under way then is left: nothing of it was stored.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let soonest = u64::try_from(self.app.proofs.schedule.pending).unwrap_or_default();
        let pause = POLL.min(Duration::from_millis(soonest));
        tokio::pin!(stop);
        loop {
            let rest = async {
                let looked = self.poll().await;
                if let Err(error) = &looked {
                    tracing::warn!(%error, "domains cannot be checked");
                }
                // more may wait behind a full batch
                if looked.ok() != Some(BATCH) {
                    tokio::time::sleep(pause).await;
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = rest => {}
            }
        }
    }

    /// Looks at the domains whose time has come, at most a batch, and gives how many those were.
    ///
    /// # Errors
    /// Of the database.
    pub async fn poll(&self) -> Result<u64, Error> {
        let app = &self.app;
        let now = app.clock.now();
        let due = domain::Entity::find()
            .filter(domain::Column::NextCheckAt.lte(now))
            .filter(domain::Column::DeletedAt.is_null())
            .order_by_asc(domain::Column::NextCheckAt)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        let mut count = 0;
        let mut looks = JoinSet::new();
        for row in due {
            count += 1;
            // another worker may have come first
            if claim(app, &row, now).await? {
                let app = app.clone();
                let author = row.tenant_id.map_or(Author::server(row.id), Author::server);
                looks.spawn(async move { look(&app, &row, author).await.map(drop) });
            }
        }
        while let Some(looked) = looks.join_next().await {
            match looked {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a domain cannot be checked"),
                Err(error) => return Err(Error::Fault(error.to_string())),
            }
        }
        Ok(count)
    }
}

/// Puts a domain's next look off, so that others leave it alone and one that cannot be looked at does not come up at
/// once again; tells whether it was still to be looked at.
async fn claim(app: &App, row: &domain::Model, now: i64) -> Result<bool, Error> {
    let claimed = domain::Entity::update_many()
        .set(domain::ActiveModel { next_check_at: Set(Some(now + MINUTE)), ..Default::default() })
        .filter(domain::Column::Id.eq(row.id))
        .filter(domain::Column::NextCheckAt.eq(row.next_check_at))
        .exec(app.db.write())
        .await?;
    Ok(claimed.rows_affected > 0)
}
