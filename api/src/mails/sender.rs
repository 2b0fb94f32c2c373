//! The loop that sends mails. Each is claimed before it is sent, so that any number of senders may run: one that dies in
//! between has counted its try, and the mail is tried again. A mail is sent at least once, with the same id each time; its
//! row is gone once the server took it, or once its link works no more.

use super::{Kind, Model, Post, life, text};
use crate::{
    app::App,
    auth::{LinkToken, link_token::Place, reset},
    error::Error,
    members::join,
};
use contract::clock::{DAY, HOUR, MINUTE, SECOND};
use entities::{mail, mail::Column};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
    sea_query::ExprTrait,
};
use std::{future::Future, time::Duration};
use tokio::task::JoinSet;

/// Time between two looks.
const POLL: Duration = Duration::from_millis(500);
/// Mails at a time.
const BATCH: u64 = 10;
/// Longest that one try may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a mail belongs to who took it up, in milliseconds: longer than any try.
const CLAIM: i64 = 2 * MINUTE;
/// From the first failure to the second try, in milliseconds; each pause after it is four times as long.
const FIRST_PAUSE: i64 = 5 * SECOND;
/// Longest pause, in milliseconds.
const LONGEST_PAUSE: i64 = HOUR;
/// How long a mail that was given up is kept, in milliseconds.
const KEEP: i64 = 30 * DAY;
/// Looks between two clean-ups.
const CLEAN_EVERY: u32 = 1_000;

/// The loop.
pub struct Sender {
    app: App,
    looks: u32,
}

impl Sender {
    /// Sends what waits, if there is a way.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self { app, looks: 0 }
    }

    /// Sends until `stop`. What is under way then is left, and tried again by the next sender.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let Some(post) = self.app.post.clone() else { return stop.await };
        tokio::pin!(stop);
        loop {
            let rest = async {
                let sent = self.poll(&post).await;
                if let Err(error) = &sent {
                    tracing::warn!(%error, "mails cannot be sent");
                }
                // more may wait behind a full batch
                if sent.ok() != Some(BATCH) {
                    tokio::time::sleep(POLL).await;
                }
            };
            tokio::select! {
                () = &mut stop => return,
                () = rest => {}
            }
        }
    }

    /// Tries the mails whose time has come, at most a batch, and gives how many those were.
    async fn poll(&mut self, post: &Post) -> Result<u64, Error> {
        self.looks = self.looks.wrapping_add(1);
        let now = self.app.clock.now();
        if self.looks.is_multiple_of(CLEAN_EVERY) {
            let old = Column::DeadAt.lt(now - KEEP);
            mail::Entity::delete_many().filter(old).exec(self.app.db.write()).await?;
        }
        let due = mail::Entity::find().filter(Column::NextTryAt.lte(now)).filter(Column::DeadAt.is_null());
        let due = due.order_by_asc(Column::NextTryAt).limit(BATCH).all(self.app.db.read()).await?;
        let mut count = 0;
        let mut tries = JoinSet::new();
        for row in due {
            count += 1;
            if claim(&self.app, &row, now).await? {
                let (app, post) = (self.app.clone(), post.clone());
                tries.spawn(async move { deliver(&app, &post, &row).await });
            }
        }
        while let Some(tried) = tries.join_next().await {
            match tried {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a mail cannot be composed"),
                Err(error) => return Err(Error::Fault(error.to_string())),
            }
        }
        Ok(count)
    }
}

/// How long after its nth try a mail rests.
fn pause(tries: i32) -> i64 {
    let factor = 4_i64.saturating_pow(u32::try_from(tries.saturating_sub(1)).unwrap_or_default());
    Ord::min(FIRST_PAUSE.saturating_mul(factor), LONGEST_PAUSE)
}

/// Takes a mail up, before others do; `false` when there is nothing to send. The token of a new password is made here, with
/// the first try, so that it is made once.
async fn claim(app: &App, row: &Model, now: i64) -> Result<bool, Error> {
    let tx = app.db.begin().await?;
    let tries = row.tries.saturating_add(1);
    let next = mail::ActiveModel { tries: Set(tries), next_try_at: Set(now + CLAIM), ..Default::default() };
    let ours = Column::Id.eq(row.id).and(Column::Tries.eq(row.tries));
    if mail::Entity::update_many().set(next).filter(ours).exec(&tx).await?.rows_affected == 0 {
        return Ok(false);
    }
    let mut known = true;
    if row.kind == Kind::PasswordReset && row.tries == 0 {
        let token = LinkToken::of_salt(app, &row.salt)?;
        known = reset::begin(app, &tx, (&row.recipient, &token), row.created_at).await?;
    }
    if !known {
        mail::Entity::delete_by_id(row.id).exec(&tx).await?;
    }
    tx.commit().await?;
    Ok(known)
}

async fn deliver(app: &App, post: &Post, row: &Model) -> Result<(), Error> {
    let token = LinkToken::of_salt(app, &row.salt)?;
    let link = |place| token.link(&app.rules, place);
    let letter = match row.kind {
        Kind::Invitation => {
            join::mail_of(app, &token).await?.map(|told| text::invitation(&told, &link(Place::Invitations)))
        }
        Kind::PasswordReset if reset::works(app, &token).await? => {
            Some(text::password_reset(&link(Place::ResetPassword), row.created_at.saturating_add(reset::LIFE)))
        }
        Kind::PasswordReset => None,
    };
    let Some(letter) = letter else { return forget(app, row.id).await };
    let sent = tokio::time::timeout(PATIENCE, post.send(letter, row, app.clock.now())).await;
    match sent.unwrap_or_else(|_| Err("the mail server takes too long".to_owned())) {
        Ok(()) => forget(app, row.id).await,
        Err(error) => postpone(app, row, &error).await,
    }
}

/// Lets a mail rest that was not taken, or gives it up.
async fn postpone(app: &App, row: &Model, error: &str) -> Result<(), Error> {
    let (now, tries) = (app.clock.now(), row.tries.saturating_add(1));
    let next = now + pause(tries);
    let over = next >= row.created_at.saturating_add(life(row.kind));
    if over {
        tracing::error!(mail = %row.id, tries, error, "a mail is given up");
    } else {
        tracing::warn!(mail = %row.id, tries, error, "a mail was not sent; it is tried again");
    }
    let later = mail::ActiveModel { next_try_at: Set(next), dead_at: Set(over.then_some(now)), ..Default::default() };
    mail::Entity::update_many().set(later).filter(Column::Id.eq(row.id)).exec(app.db.write()).await?;
    Ok(())
}

async fn forget(app: &App, id: Uuid) -> Result<(), Error> {
    mail::Entity::delete_by_id(id).exec(app.db.write()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour() {
        let pauses: Vec<i64> = (1..=7).map(|tries| pause(tries) / SECOND).collect();
        assert_eq!(pauses, [5, 20, 80, 320, 1_280, 3_600, 3_600]);
        assert_eq!(pause(i32::MAX), LONGEST_PAUSE);
    }
}
