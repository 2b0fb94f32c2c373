//! The loops that deliver: one that sends what is due, and those that put clicks together, notice what happens by itself
//! and clear away what is old. Any number of processes run them beside each other: whatever one of them takes is taken in a
//! statement that another's waits for or passes over, and what it took when it died is free again a moment later.

mod claim;
mod clicks;
mod expiries;
mod health;
mod settle;

pub(crate) use clicks::note as note_clicks;
pub(super) use settle::give_up;

use super::{egress::Egress, log::KEPT, schedule::Schedule};
use crate::{app::App, error::Error};
use claim::Claimed;
use contract::clock::{HOUR, MINUTE};
use entities::{webhook_delivery, webhook_message};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use std::{collections::HashMap, future::Future, time::Duration};
use tokio::{sync::watch, task::JoinSet, time::sleep};
use uuid::Uuid;

/// Attempts under way in one process.
const IN_FLIGHT: usize = 32;
/// Of them to one webhook.
const TO_ONE: usize = 4;
/// How often what is due is looked for, and clicks are put together.
const POLL: Duration = Duration::from_millis(250);
/// How often ended links are looked for.
const EXPIRIES: Duration = Duration::from_secs(2);
/// How often what is old is cleared away.
const CLEARING: Duration = Duration::from_secs(600);
/// How long attempts under way may go on when the process is told to stop; what is left is tried again by another.
const LAST: Duration = Duration::from_secs(3);
/// How long a claim holds, in milliseconds: longer than an attempt with what is stored of it can take.
const CLAIM: i64 = MINUTE;

/// How webhooks are delivered.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The door.
    pub egress: Egress,
    /// When a delivery is tried again.
    pub schedule: Schedule,
    /// How often pixels are looked at, in milliseconds.
    pub health: i64,
}

/// The loops.
#[derive(Clone)]
pub struct Work {
    app: App,
}

impl Work {
    /// Works for all tenants.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self { app }
    }

    /// Runs the loops until `stop`.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let app = &self.app;
        let health = Duration::from_millis(app.webhooks.health.unsigned_abs());
        let loops = async {
            tokio::join!(
                self.deliver(stopped.clone()),
                every("clicks cannot be told to webhooks", POLL, stopped.clone(), || clicks::tell(app)),
                every("ended links are not noticed", EXPIRIES, stopped.clone(), || expiries::notice(app)),
                every("pixels are not looked at", health, stopped.clone(), || health::look(app)),
                every("old messages cannot be cleared away", CLEARING, stopped.clone(), || clear(app)),
            )
        };
        let stop = async {
            stop.await;
            stopping.send_replace(true);
        };
        tokio::join!(loops, stop);
    }

    /// Sends what is due, until `stopped`.
    async fn deliver(&self, stopped: watch::Receiver<bool>) {
        let mut attempts = JoinSet::new();
        let mut busy: HashMap<Uuid, usize> = HashMap::new();
        while !is_over(&stopped) {
            let claimed = claim::claim(&self.app, &busy, IN_FLIGHT - attempts.len()).await;
            let claimed = claimed.inspect_err(|error| tracing::warn!(%error, "what is due cannot be delivered"));
            for claimed in claimed.unwrap_or_default() {
                *busy.entry(claimed.webhook_id()).or_default() += 1;
                attempts.spawn(attempt(self.app.clone(), claimed));
            }
            let mut signal = stopped.clone();
            tokio::select! {
                Some(ended) = attempts.join_next() => leave(&mut busy, ended),
                () = sleep(POLL) => {}
                _ = signal.wait_for(|stopped| *stopped) => {}
            }
            // a place that is free is no reason to ask at once for each of many that end together
            while let Some(ended) = attempts.try_join_next() {
                leave(&mut busy, ended);
            }
        }
        let rest = async { while attempts.join_next().await.is_some() {} };
        drop(tokio::time::timeout(LAST, rest).await);
    }
}

fn leave(busy: &mut HashMap<Uuid, usize>, ended: Result<Uuid, tokio::task::JoinError>) {
    match ended {
        Ok(webhook_id) => {
            if let Some(count) = busy.get_mut(&webhook_id) {
                *count -= 1;
            }
            busy.retain(|_, count| *count > 0);
        }
        Err(error) => {
            // whose it was is not known: rather too many at once for a moment than a webhook that is never served
            busy.clear();
            tracing::error!(%error, "an attempt to deliver has failed");
        }
    }
}

async fn attempt(app: App, claimed: Claimed) -> Uuid {
    let webhook_id = claimed.webhook_id();
    let started = tokio::time::Instant::now();
    let answer = claimed.send(&app).await;
    let duration = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    if let Err(error) = settle::settle(&app, &claimed, answer, duration).await {
        // the claim ends, and it is tried again
        tracing::warn!(%error, "what became of a delivery cannot be stored");
    }
    webhook_id
}

/// Does something over and over until `stopped`; what fails is tried again next time.
async fn every<F: Future<Output = Result<(), Error>>>(
    problem: &'static str,
    pause: Duration,
    mut stopped: watch::Receiver<bool>,
    step: impl Fn() -> F,
) {
    while !is_over(&stopped) {
        let once = async {
            if let Err(error) = step().await {
                tracing::warn!(%error, "{problem}");
            }
            sleep(pause).await;
        };
        tokio::select! {
            () = once => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

fn is_over(stopped: &watch::Receiver<bool>) -> bool {
    // a sender that is gone means the same
    *stopped.borrow() || stopped.has_changed().is_err()
}

/// Clears away messages that are kept long enough, with their deliveries, and marks that nobody asks for any more.
async fn clear(app: &App) -> Result<(), Error> {
    let before = app.clock.now() - KEPT;
    let pending = webhook_delivery::Entity::find()
        .select_only()
        .column(webhook_delivery::Column::MessageId)
        .filter(webhook_delivery::Column::State.eq(webhook_delivery::State::Pending));
    let over = webhook_message::Entity::delete_many()
        .filter(webhook_message::Column::CreatedAt.lt(before))
        .filter(Expr::col(webhook_message::Column::Id).not_in_subquery(pending.into_query()));
    over.exec(app.db.write()).await?;
    expiries::forget(app, before - HOUR).await
}
