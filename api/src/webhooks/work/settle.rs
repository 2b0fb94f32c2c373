//! Stores what became of an attempt: it arrived, it is tried again, or it is over. An answer of 410 switches its webhook off
//! at once, and so does a failure after days without a success.

use super::claim::Claimed;
use crate::{
    app::App,
    audit::{self, Author, Deed},
    error::Error,
    webhooks::schedule::GIVE_UP,
};
use entities::{
    TenantOwned,
    webhook::{self, DisabledBy},
    webhook_delivery::{self, State},
};
use sea_orm::{
    ActiveEnum, ActiveValue::Set, ColumnTrait, DatabaseTransaction, QueryFilter, QuerySelect, prelude::Uuid,
    sea_query::LockType,
};
use serde_json::json;

/// Longest problem that is kept, in characters.
const MAX_PROBLEM: usize = 500;

/// What is wrong with a delivery to a webhook that is off.
pub(super) const OFF: &str = "the webhook was switched off";

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outcome {
    status: Option<u16>,
    problem: Option<String>,
    gone: bool,
}

impl Outcome {
    fn of(answer: Result<u16, String>) -> Self {
        let (status, problem) = match answer {
            Ok(status @ 200..=299) => (Some(status), None),
            Ok(410) => (Some(410), Some("the receiver answered 410 and wants nothing more".to_owned())),
            Ok(status @ 300..=399) => {
                (Some(status), Some(format!("the receiver answered {status}; redirects are not followed")))
            }
            Ok(status) => (Some(status), Some(format!("the receiver answered {status}"))),
            Err(problem) => (None, Some(problem.chars().take(MAX_PROBLEM).collect())),
        };
        Self { status, problem, gone: status == Some(410) }
    }
}

/// Stores what became of an attempt that took `duration` milliseconds. Where its claim is over, another has taken it: then
/// nothing is stored.
pub(super) async fn settle(
    app: &App,
    claimed: &Claimed,
    answer: Result<u16, String>,
    duration: i64,
) -> Result<(), Error> {
    let (outcome, now) = (Outcome::of(answer), app.clock.now());
    let (tenant_id, webhook_id) = (claimed.delivery.tenant_id, claimed.webhook_id());
    let tx = app.db.begin().await?;
    // the webhook first, as everybody else
    let webhook = webhook::Entity::of(tenant_id).filter(webhook::Column::Id.eq(webhook_id));
    // with its log it is gone
    let Some(webhook) = webhook.lock(LockType::NoKeyUpdate).one(&tx).await? else { return Ok(()) };
    let worked = outcome.problem.is_none();
    let is_over = worked || outcome.gone || webhook.disabled_at.is_some();
    let pause = app.webhooks.schedule.pause(claimed.delivery.attempts, rand::random());
    let next = pause.filter(|_| !is_over).map(|pause| now + pause);
    let state = match next {
        Some(_) => State::Pending,
        None if worked => State::Delivered,
        None => State::Failed,
    };
    let row = webhook_delivery::ActiveModel {
        state: Set(state),
        next_attempt_at: Set(next),
        claim: Set(None),
        status: Set(outcome.status.map(i32::from)),
        duration_ms: Set(Some(duration)),
        error: Set(outcome.problem.clone()),
        ..Default::default()
    };
    let stored = webhook_delivery::Entity::update_of(tenant_id)
        .set(row)
        .filter(webhook_delivery::Column::Id.eq(claimed.delivery.id))
        .filter(webhook_delivery::Column::Claim.eq(claimed.claim))
        .exec(&tx)
        .await?;
    if stored.rows_affected > 0 {
        judge(app, &tx, &webhook, &outcome, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Notes on a webhook that it works, since when it does not, or that it is off.
async fn judge(
    app: &App,
    tx: &DatabaseTransaction,
    webhook: &webhook::Model,
    outcome: &Outcome,
    now: i64,
) -> Result<(), Error> {
    let failing_since = outcome.problem.as_ref().map(|_| webhook.failing_since.unwrap_or(now));
    let disabled_by = match failing_since {
        _ if webhook.disabled_at.is_some() => None,
        _ if outcome.gone => Some(DisabledBy::Gone),
        Some(since) if since + GIVE_UP <= now => Some(DisabledBy::Failing),
        _ => None,
    };
    if disabled_by.is_none() && failing_since == webhook.failing_since {
        return Ok(());
    }
    let mut row = webhook::ActiveModel { failing_since: Set(failing_since), ..Default::default() };
    if disabled_by.is_some() {
        (row.disabled_at, row.disabled_by) = (Set(Some(now)), Set(disabled_by));
    }
    let update = webhook::Entity::update_of(webhook.tenant_id).set(row);
    update.filter(webhook::Column::Id.eq(webhook.id)).exec(tx).await?;
    if let Some(by) = disabled_by {
        give_up(tx, webhook.tenant_id, webhook.id).await?;
        let deed = Deed::new("disableWebhook", "Webhook", Some(webhook.id)).before(&json!({ "enabled": true }))?;
        let deed = deed.after(&json!({ "enabled": false, "disabledBy": by.to_value() }))?;
        audit::record(tx, &app.clock, Author::server(webhook.tenant_id), deed).await?;
    }
    Ok(())
}

/// Ends what is still to be delivered to a webhook that is switched off.
pub(in crate::webhooks) async fn give_up(
    tx: &DatabaseTransaction,
    tenant_id: Uuid,
    webhook_id: Uuid,
) -> Result<(), Error> {
    let over = webhook_delivery::ActiveModel {
        state: Set(State::Failed),
        next_attempt_at: Set(None),
        claim: Set(None),
        error: Set(Some(OFF.to_owned())),
        ..Default::default()
    };
    webhook_delivery::Entity::update_of(tenant_id)
        .set(over)
        .filter(webhook_delivery::Column::WebhookId.eq(webhook_id))
        .filter(webhook_delivery::Column::State.eq(State::Pending))
        .exec(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_of_the_200s_is_a_success() {
        for status in [200, 204, 299] {
            assert_eq!(Outcome::of(Ok(status)).problem, None);
        }
        for status in [301, 302, 308, 400, 404, 429, 500, 503] {
            let outcome = Outcome::of(Ok(status));
            assert!(outcome.problem.is_some_and(|problem| problem.contains(&status.to_string())) && !outcome.gone);
        }
        assert!(Outcome::of(Ok(410)).gone);
        assert_eq!(Outcome::of(Err("x".repeat(600))).problem.map(|problem| problem.len()), Some(500));
    }
}
