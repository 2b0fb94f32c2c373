//! The loops that deliver: one that sends what is due, and those that put clicks together, notice what happens by itself
//! and clear away what is old. Any number of processes run them beside each other: whatever one of them takes is taken in a
//! statement that another's waits for or passes over, and what it took when it died is free again a moment later.

mod claim;
mod clicks;
mod expiries;
mod health;
mod places;
mod settle;

pub(crate) use clicks::note as note_clicks;
pub(super) use settle::give_up;

use super::{egress::Egress, log::KEPT, schedule::Schedule};
use crate::{app::App, error::Error};
use claim::Claimed;
use contract::clock::{HOUR, MINUTE};
use entities::{webhook, webhook_delivery, webhook_message};
use places::{Kind, Places};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};
use std::{collections::BTreeSet, future::Future, time::Duration};
use tokio::{
    sync::watch,
    task::{self, JoinError, JoinSet},
    time::sleep,
};

/// How often what is due is looked for, and clicks are put together.
const POLL: Duration = Duration::from_millis(250);
/// How long a loop waits after what it did has failed.
const TROUBLE: Duration = Duration::from_secs(5);
/// How often links are looked for whose end has come.
const EXPIRIES: Duration = Duration::from_secs(2);
/// How often the same is done for ends of long ago, which were set then or came while no loop ran.
const OLD_EXPIRIES: Duration = Duration::from_secs(60);
/// How often what is old is cleared away.
const CLEARING: Duration = Duration::from_secs(600);
/// Messages that are cleared away in one transaction.
const CLEARED: u64 = 1_000;
/// How long attempts under way may go on when the process is told to stop; what is left is tried again by another.
const LAST: Duration = Duration::from_secs(3);
/// How long a claim holds, in milliseconds: longer than an attempt with what is stored of it can take.
const CLAIM: i64 = MINUTE;

const EXPIRED: &str = "ended links are not noticed";

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
                every(EXPIRED, EXPIRIES, stopped.clone(), || expiries::notice(app, expiries::RECENT)),
                every(EXPIRED, OLD_EXPIRIES, stopped.clone(), || expiries::notice(app, KEPT)),
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

    /// Begins the attempts that are due and have a place.
    async fn begin(&self, attempts: &mut JoinSet<()>, places: &mut Places) -> Result<(), Error> {
        // mostly nothing is
        if !claim::is_any_due(&self.app).await? {
            return Ok(());
        }
        for kind in Kind::ALL {
            for claimed in claim::claim(&self.app, kind, places.busy(), places.free(kind)).await? {
                let webhook_id = claimed.webhook_id();
                let task = attempts.spawn(attempt(self.app.clone(), claimed));
                places.take(task.id(), webhook_id, kind);
            }
        }
        Ok(())
    }

    /// Sends what is due, until `stopped`.
    async fn deliver(&self, stopped: watch::Receiver<bool>) {
        let (mut attempts, mut places) = (JoinSet::new(), Places::default());
        while !is_over(&stopped) {
            let pause = match self.begin(&mut attempts, &mut places).await {
                Ok(()) => POLL,
                Err(error) => {
                    tracing::warn!(%error, "what is due cannot be delivered");
                    TROUBLE
                }
            };
            let mut signal = stopped.clone();
            tokio::select! {
                Some(ended) = attempts.join_next_with_id() => places.leave(task_of(ended)),
                () = sleep(pause) => {}
                _ = signal.wait_for(|stopped| *stopped) => {}
            }
            // a place that is free is no reason to ask at once for each of many that end together
            while let Some(ended) = attempts.try_join_next_with_id() {
                places.leave(task_of(ended));
            }
        }
        let rest = async { while attempts.join_next().await.is_some() {} };
        drop(tokio::time::timeout(LAST, rest).await);
    }
}

fn task_of(ended: Result<(task::Id, ()), JoinError>) -> task::Id {
    match ended {
        Ok((task, ())) => task,
        Err(error) => {
            tracing::error!(%error, "an attempt to deliver has failed");
            error.id()
        }
    }
}

async fn attempt(app: App, claimed: Claimed) {
    let started = tokio::time::Instant::now();
    let answer = claimed.send(&app).await;
    let duration = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    if let Err(error) = settle::settle(&app, &claimed, answer, duration).await {
        // the claim ends, and it is tried again
        tracing::warn!(%error, "what became of a delivery cannot be stored");
    }
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
            let pause = match step().await {
                Ok(()) => pause,
                Err(error) => {
                    tracing::warn!(%error, "{problem}");
                    pause.max(TROUBLE)
                }
            };
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
    while clear_some(app, before).await? == CLEARED {}
    expiries::forget(app, before - HOUR).await
}

/// Clears away some of them, so that nobody waits for many; gives how many.
async fn clear_some(app: &App, before: i64) -> Result<u64, Error> {
    let (message, delivery) = (webhook_message::Column::Id, webhook_delivery::Column::MessageId);
    let pending = webhook_delivery::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(Expr::col((webhook_delivery::Entity, delivery)).equals((webhook_message::Entity, message)))
        .filter(webhook_delivery::Column::State.eq(webhook_delivery::State::Pending));
    let tx = app.db.begin().await?;
    let over: Vec<(Uuid, Uuid)> = webhook_message::Entity::find()
        .select_only()
        .columns([message, webhook_message::Column::TenantId])
        .filter(webhook_message::Column::CreatedAt.lt(before))
        .filter(Expr::exists(pending.into_query()).not())
        .order_by_asc(message)
        .limit(CLEARED)
        // one that is replayed just now stays
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple()
        .all(&tx)
        .await?;
    // a webhook that is deleted takes the same deliveries along: one waits for the other
    let tenants: BTreeSet<Uuid> = over.iter().map(|(_, tenant_id)| *tenant_id).collect();
    let webhooks = webhook::Entity::find().filter(webhook::Column::TenantId.is_in(tenants));
    webhooks.order_by_asc(webhook::Column::Id).lock(LockType::KeyShare).all(&tx).await?;
    let over = over.into_iter().map(|(id, _)| id);
    let gone = webhook_message::Entity::delete_many().filter(message.is_in(over)).exec(&tx).await?;
    tx.commit().await?;
    Ok(gone.rows_affected)
}
