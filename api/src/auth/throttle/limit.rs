//! Limits on sign-ups, and on what makes this server write to people: whoever asks, nobody is flooded with mails. What is
//! done is counted in its own transaction, so that only what was done counts; an attempt counts in any case.

use super::bucket::{Bucket, seconds};
use crate::{app::App, auth::secrets::Purpose, error::Error};
use contract::clock::{DAY, HOUR, MINUTE};
use entities::throttle::{ActiveModel, Column, Entity, Model};
use sea_orm::{DatabaseTransaction, EntityTrait, QuerySelect, sea_query::LockType, sea_query::OnConflict};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Links for a new password to one address, known or not.
    ResetsTo,
    /// Links for a new password that one client asks for.
    ResetsFrom,
    /// Invitations to one address, whoever invites.
    InvitationsTo,
    /// Invitations of one tenant.
    InvitationsOf,
    /// Invitations that one user sends, whatever the tenant.
    InvitationsBy,
    /// Sign-ups from one client.
    SignUpsFrom,
}

impl Limit {
    const fn bucket(self) -> (&'static str, Bucket) {
        match self {
            Self::ResetsTo => ("resets to", Bucket { burst: 5, every: 15 * MINUTE }),
            Self::ResetsFrom => ("resets from", Bucket { burst: 20, every: MINUTE }),
            Self::InvitationsTo => ("invitations to", Bucket { burst: 5, every: HOUR }),
            Self::InvitationsOf => ("invitations of", Bucket { burst: 200, every: 5 * MINUTE }),
            Self::InvitationsBy => ("invitations by", Bucket { burst: 50, every: MINUTE }),
            Self::SignUpsFrom => ("sign-ups from", Bucket { burst: 50, every: MINUTE }),
        }
    }

    /// Counts an attempt of `who`, whatever comes of it.
    ///
    /// # Errors
    /// As [`Limit::count`].
    pub(crate) async fn attempt(self, app: &App, who: &[u8]) -> Result<(), Error> {
        let tx = app.db.begin().await?;
        self.count(app, &tx, who).await?;
        Ok(tx.commit().await?)
    }

    /// Counts one more for `who`.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when it comes too soon; of the database.
    pub(crate) async fn count(self, app: &App, tx: &DatabaseTransaction, who: &[u8]) -> Result<(), Error> {
        let (what, bucket) = self.bucket();
        let name = app.auth.secrets.derive(Purpose::Throttle, &[what.as_bytes(), who])?.to_vec();
        let now = app.clock.now();
        let fresh = Model { name: name.clone(), full_at: 0, trusted_until: 0, forget_at: now + DAY };
        let known = OnConflict::column(Column::Name).do_nothing().to_owned();
        Entity::insert(ActiveModel::from(fresh.clone())).on_conflict(known).exec_without_returning(tx).await?;
        let held = Entity::find_by_id(name).lock(LockType::NoKeyUpdate).one(tx).await?;
        // a sweep may have taken a row that was there a moment ago: it said nothing any more
        let mut row = held.unwrap_or(fresh);
        // the time of those who were before us in line is behind us
        let now = app.clock.now();
        let wait = bucket.wait(row.full_at, now);
        if wait > 0 {
            return Err(Error::RateLimited { retry_after: seconds(wait) });
        }
        row.full_at = bucket.take(row.full_at, now);
        row.forget_at = Ord::max(row.full_at, now + DAY);
        let write = OnConflict::column(Column::Name).update_columns([Column::FullAt, Column::ForgetAt]).to_owned();
        Entity::insert(ActiveModel::from(row)).on_conflict(write).exec_without_returning(tx).await?;
        Ok(())
    }
}
