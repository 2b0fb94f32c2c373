//! Takes deliveries that are due. A claim pushes the time when one is due beyond the longest attempt, so that nobody else
//! takes it meanwhile, and so that it is due again when whoever took it died.

use super::{CLAIM, settle::OFF};
use crate::{
    app::App,
    error::Error,
    webhooks::{log, signature},
};
use contract::clock::SECOND;
use entities::{webhook, webhook_delivery, webhook_message};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
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

/// Takes at most `free` deliveries that are due, and of no webhook more than it may have under way beside `busy`.
pub(super) async fn claim(app: &App, busy: &HashMap<Uuid, usize>, free: usize) -> Result<Vec<Claimed>, Error> {
    let now = app.clock.now();
    if free == 0 {
        return Ok(Vec::new());
    }
    // a look that holds nothing, since mostly nothing is due
    let any = due(now, busy).select_only().column(webhook_delivery::Column::Id).limit(1);
    if any.into_tuple::<Uuid>().one(app.db.read()).await?.is_none() {
        return Ok(Vec::new());
    }
    let tx = app.db.begin().await?;
    let rows = due(now, busy)
        .order_by_asc(webhook_delivery::Column::NextAttemptAt)
        .limit(CANDIDATES)
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .all(&tx)
        .await?;
    let chosen = choose(rows, busy, free);
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

/// What is due, of webhooks that have room.
fn due(now: i64, busy: &HashMap<Uuid, usize>) -> Select<webhook_delivery::Entity> {
    let full = busy.iter().filter(|(_, count)| **count >= super::TO_ONE).map(|(id, _)| *id);
    webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::NextAttemptAt.lte(now))
        .filter(webhook_delivery::Column::WebhookId.is_not_in(full))
}

/// The first ones that fit.
fn choose(
    rows: Vec<webhook_delivery::Model>,
    busy: &HashMap<Uuid, usize>,
    free: usize,
) -> Vec<webhook_delivery::Model> {
    let mut busy = busy.clone();
    let fits = |row: &webhook_delivery::Model| {
        let count = busy.entry(row.webhook_id).or_default();
        *count += 1;
        *count <= super::TO_ONE
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
        let count = |busy: &[(Uuid, usize)], free| {
            let chosen = choose(rows.clone(), &busy.iter().copied().collect(), free);
            [slow, other].map(|id| chosen.iter().filter(|row| row.webhook_id == id).count())
        };
        assert_eq!(count(&[], 32), [4, 2]);
        assert_eq!(count(&[(slow, 3)], 32), [1, 2]);
        assert_eq!(count(&[(slow, 4), (other, 3)], 32), [0, 1]);
        assert_eq!(count(&[], 5), [4, 1]);
    }
}
