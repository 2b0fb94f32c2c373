//! Takes deliveries that are due. A claim pushes the time when one is due beyond the longest attempt, so that nobody else
//! takes it meanwhile, and so that it is due again when whoever took it died.

use super::{CLAIM, places::Kind, settle::OFF};
use crate::{
    app::App,
    error::Error,
    webhooks::{log, signature},
};
use contract::clock::SECOND;
use entities::{webhook, webhook_delivery, webhook_message};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};
use std::collections::HashMap;
use url::Url;

/// Rows that are looked at to find some whose webhook is not busy.
const CANDIDATES: u64 = 100;

/// A delivery whose attempt is ours to make.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    /// The delivery, as it was before the claim but for its count of attempts.
    pub(super) delivery: webhook_delivery::Model,
    /// Names the claim.
    pub(super) claim: Uuid,
    webhook: webhook::Model,
    payload: String,
}

impl Claimed {
    /// Where it goes.
    pub(super) const fn webhook_id(&self) -> Uuid {
        self.delivery.webhook_id
    }

    /// Sends it; the status of the answer, or why there was none.
    pub(super) async fn send(&self, app: &App) -> Result<u16, String> {
        // it was written while the webhook was being switched off
        if self.webhook.disabled_at.is_some() {
            return Err(OFF.to_owned());
        }
        let fault = |error: Error| {
            tracing::error!(%error, "a message cannot be signed");
            "this server failed to sign the message".to_owned()
        };
        let url = Url::parse(&self.webhook.url).map_err(|_| "the address cannot be read".to_owned())?;
        let (id, now) = (log::message_id(self.delivery.message_id), app.clock.now());
        let secrets = self.secrets(app, now).map_err(fault)?;
        let at = now / SECOND;
        let signatures = signature::header(&secrets, &id, at, &self.payload);
        let headers = [("webhook-id", id), ("webhook-timestamp", at.to_string()), ("webhook-signature", signatures)];
        app.webhooks.egress.post(&url, &headers, self.payload.clone()).await
    }

    /// The secret, and the one before for as long as it signs.
    fn secrets(&self, app: &App, now: i64) -> Result<Vec<signature::Secret>, Error> {
        let previous = self.webhook.previous_salt.as_ref();
        let previous = previous.filter(|_| self.webhook.previous_until.is_some_and(|until| until > now));
        let salts = [Some(&self.webhook.salt), previous].into_iter().flatten();
        salts.map(|salt| app.auth.webhook_secret(self.webhook.id, salt)).collect()
    }
}

/// Whether anything is due to anybody.
pub(super) async fn is_any_due(app: &App) -> Result<bool, Error> {
    let due = webhook_delivery::Entity::find().select_only().column(webhook_delivery::Column::Id);
    let due = due.filter(webhook_delivery::Column::NextAttemptAt.lte(app.clock.now())).limit(1);
    Ok(due.into_tuple::<Uuid>().one(app.db.read()).await?.is_some())
}

/// Takes at most `free` deliveries that are due to webhooks that do so, and to none more than it may have under way beside
/// `busy`.
pub(super) async fn claim(
    app: &App,
    kind: Kind,
    mut busy: HashMap<Uuid, usize>,
    free: usize,
) -> Result<Vec<Claimed>, Error> {
    let now = app.clock.now();
    if free == 0 {
        return Ok(Vec::new());
    }
    // a look that holds nothing first
    let any = due(now, kind, &busy).select_only().column(webhook_delivery::Column::Id).limit(1);
    if any.into_tuple::<Uuid>().one(app.db.read()).await?.is_none() {
        return Ok(Vec::new());
    }
    let tx = app.db.begin().await?;
    let mut chosen: Vec<webhook_delivery::Model> = Vec::new();
    loop {
        let rows = due(now, kind, &busy)
            .filter(webhook_delivery::Column::Id.is_not_in(chosen.iter().map(|row| row.id)))
            .order_by_asc(webhook_delivery::Column::NextAttemptAt)
            .limit(CANDIDATES)
            .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
            .all(&tx)
            .await?;
        // behind many of one webhook there may be others
        let is_all = (rows.len() as u64) < CANDIDATES;
        chosen.extend(choose(rows, kind, &mut busy, free - chosen.len()));
        if is_all || chosen.len() == free {
            break;
        }
    }
    let claimed = read(&tx, chosen).await?;
    let Some(first) = claimed.first() else { return Ok(Vec::new()) };
    let ids = claimed.iter().map(|claimed| claimed.delivery.id);
    let taken = webhook_delivery::ActiveModel {
        claim: Set(Some(first.claim)),
        next_attempt_at: Set(Some(now + CLAIM)),
        attempted_at: Set(Some(now)),
        ..Default::default()
    };
    webhook_delivery::Entity::update_many()
        .set(taken)
        .col_expr(webhook_delivery::Column::Attempts, Expr::col(webhook_delivery::Column::Attempts).add(1))
        .filter(webhook_delivery::Column::Id.is_in(ids))
        .exec(&tx)
        .await?;
    tx.commit().await?;
    Ok(claimed)
}

/// What is due to webhooks that do so and have room.
fn due(now: i64, kind: Kind, busy: &HashMap<Uuid, usize>) -> Select<webhook_delivery::Entity> {
    let full = busy.iter().filter(|(_, count)| **count >= kind.to_one()).map(|(id, _)| *id);
    let failing = webhook::Entity::find().select_only().column(webhook::Column::Id);
    let failing = failing.filter(webhook::Column::FailingSince.is_not_null()).into_query();
    let of_kind = match kind {
        Kind::Working => webhook_delivery::Column::WebhookId.not_in_subquery(failing),
        Kind::Failing => webhook_delivery::Column::WebhookId.in_subquery(failing),
    };
    webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::NextAttemptAt.lte(now))
        .filter(webhook_delivery::Column::WebhookId.is_not_in(full))
        .filter(of_kind)
}

/// The first ones that fit; counts them in.
fn choose(
    rows: Vec<webhook_delivery::Model>,
    kind: Kind,
    busy: &mut HashMap<Uuid, usize>,
    free: usize,
) -> Vec<webhook_delivery::Model> {
    let fits = |row: &webhook_delivery::Model| {
        let count = busy.entry(row.webhook_id).or_default();
        let fits = *count < kind.to_one();
        *count += usize::from(fits);
        fits
    };
    rows.into_iter().filter(fits).take(free).collect()
}

/// Reads what an attempt needs, all of it in two statements.
async fn read(tx: &DatabaseTransaction, rows: Vec<webhook_delivery::Model>) -> Result<Vec<Claimed>, Error> {
    let ids = rows.iter().map(|row| row.webhook_id);
    let webhooks = webhook::Entity::find().filter(webhook::Column::Id.is_in(ids)).all(tx).await?;
    let webhooks: HashMap<Uuid, webhook::Model> = webhooks.into_iter().map(|row| (row.id, row)).collect();
    let ids = rows.iter().map(|row| row.message_id);
    let messages = webhook_message::Entity::find().filter(webhook_message::Column::Id.is_in(ids)).all(tx).await?;
    let payloads: HashMap<Uuid, String> = messages.into_iter().map(|row| (row.id, row.payload)).collect();
    let claim = Uuid::new_v4();
    let claimed = |mut delivery: webhook_delivery::Model| {
        let webhook = webhooks.get(&delivery.webhook_id)?.clone();
        let payload = payloads.get(&delivery.message_id)?.clone();
        delivery.attempts += 1;
        Some(Claimed { delivery, claim, webhook, payload })
    };
    Ok(rows.into_iter().filter_map(claimed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::note;

    #[test]
    fn no_webhook_takes_the_places_of_the_others() {
        let (slow, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let row = |webhook_id| note::new(Uuid::nil(), webhook_id, Uuid::nil(), "link.created", 0);
        let rows: Vec<_> = [vec![row(slow); 6], vec![row(other); 2]].concat();
        let count = |kind, busy: &[(Uuid, usize)], free| {
            let mut busy = busy.iter().copied().collect();
            let chosen = choose(rows.clone(), kind, &mut busy, free);
            let counts = [slow, other].map(|id| chosen.iter().filter(|row| row.webhook_id == id).count());
            (counts, [slow, other].map(|id| busy.get(&id).copied().unwrap_or_default()))
        };
        assert_eq!(count(Kind::Working, &[], 32), ([4, 2], [4, 2]));
        assert_eq!(count(Kind::Working, &[(slow, 3)], 32), ([1, 2], [4, 2]));
        assert_eq!(count(Kind::Working, &[(slow, 4), (other, 3)], 32), ([0, 1], [4, 4]));
        assert_eq!(count(Kind::Working, &[], 5), ([4, 1], [4, 1]));
        assert_eq!(count(Kind::Failing, &[], 32), ([1, 1], [1, 1]));
        assert_eq!(count(Kind::Failing, &[(slow, 4)], 32), ([0, 1], [4, 1]));
    }
}
