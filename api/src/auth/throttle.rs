//! Counts attempts to guess a password or a code, in SQL, so that all processes count together: strictly for one account
//! from one address, loosely for one address and for one account whoever asks. An attempt is counted before it is judged,
//! so that many at once are many. Accounts that do not exist are counted like the others. Who logged in, signed up
//! or set a new password from an address within 90 days is not held back there by what others do to the account: nobody can
//! lock the owner out.

mod bucket;
mod limit;

pub(crate) use limit::Limit;

use self::bucket::{Bucket, seconds};
use super::{client::Client, secrets::Purpose};
use crate::{app::App, error::Error};
use contract::clock::{DAY, MINUTE, SECOND};
use entities::throttle::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType, OnConflict},
};

/// One account from one address.
const PAIR: Bucket = Bucket { burst: 5, every: MINUTE };
/// One address, whatever the account.
const ADDRESS: Bucket = Bucket { burst: 50, every: 6 * SECOND };
/// One account, whatever the address.
const ACCOUNT: Bucket = Bucket { burst: 30, every: MINUTE };
/// How long an address is trusted with an account after its owner proved themselves there.
const TRUSTED: i64 = 90 * DAY;
/// How many attempts there are to one sweep.
const SWEEP: u8 = 64;
/// Most rows that a sweep takes away.
const SWEPT: u64 = 1_000;

/// What an attempt counts towards, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    pair: Vec<u8>,
    address: Vec<u8>,
    account: Vec<u8>,
}

/// The three counters, locked.
struct Counters {
    pair: Model,
    address: Model,
    account: Model,
}

/// An attempt that is counted. Left alone it stays counted.
#[must_use = "an attempt that went well is to be given back"]
pub(crate) struct Attempt {
    names: Names,
    /// Whether the account's counter took part.
    on_account: bool,
}

impl Attempt {
    /// Counts an attempt on an account, named by its e-mail address in lower case, known or not.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when it comes too soon; then it is not counted.
    pub(crate) async fn begin(app: &App, account: &str, client: &Client) -> Result<Self, Error> {
        let names = Names::new(app, account, client)?;
        if rand::random::<u8>().is_multiple_of(SWEEP) {
            // of whomever they count: no caller may take them away
            sweep(&app.everywhere(), app.clock.now()).await?;
        }
        let tx = app.db.begin().await?;
        let mut counters = Counters::hold(&tx, &names, app.clock.now()).await?;
        // the time of those who were before us in line is behind us
        let now = app.clock.now();
        let on_account = counters.pair.trusted_until <= now;
        let wait = counters.wait(on_account, now);
        if wait > 0 {
            return Err(Error::RateLimited { retry_after: seconds(wait) });
        }
        counters.take(on_account, now);
        counters.save(&tx).await?;
        tx.commit().await?;
        Ok(Self { names, on_account })
    }

    /// It went well: the account's counters start again, and the address is trusted with it. In the transaction of what it
    /// was for.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) async fn succeed(self, tx: &DatabaseTransaction, now: i64) -> Result<(), Error> {
        let mut counters = Counters::hold(tx, &self.names, now).await?;
        counters.trust(now);
        counters.address.full_at = ADDRESS.give_back(counters.address.full_at);
        counters.save(tx).await
    }

    /// It was no guess: it is given back, and nothing else changes.
    ///
    /// # Errors
    /// Of the database.
    pub(crate) async fn forgive(self, app: &App) -> Result<(), Error> {
        let tx = app.db.begin().await?;
        let mut counters = Counters::hold(&tx, &self.names, app.clock.now()).await?;
        counters.pair.full_at = PAIR.give_back(counters.pair.full_at);
        counters.address.full_at = ADDRESS.give_back(counters.address.full_at);
        if self.on_account {
            counters.account.full_at = ACCOUNT.give_back(counters.account.full_at);
        }
        counters.save(&tx).await?;
        Ok(tx.commit().await?)
    }
}

/// Trusts an address with an account whose owner proved themselves there in another way than by a log-in: whoever guesses
/// elsewhere does not keep them out. In the transaction of what proved it, after the user's row was locked.
///
/// # Errors
/// Of the database.
pub(super) async fn trust(
    app: &App,
    tx: &DatabaseTransaction,
    (account, client): (&str, &Client),
    now: i64,
) -> Result<(), Error> {
    let mut counters = Counters::hold(tx, &Names::new(app, account, client)?, now).await?;
    counters.trust(now);
    counters.save(tx).await
}

impl Names {
    fn new(app: &App, account: &str, client: &Client) -> Result<Self, Error> {
        let origin = client.origin();
        let name = |what: &str, account: &str, origin: &str| {
            let parts = [what.as_bytes(), account.as_bytes(), origin.as_bytes()];
            app.auth.secrets.derive(Purpose::Throttle, &parts).map(Vec::from)
        };
        Ok(Self {
            pair: name("pair", account, &origin)?,
            address: name("address", "", &origin)?,
            account: name("account", account, "")?,
        })
    }
}

impl Counters {
    /// Makes the rows that are missing and locks the three, in one order for everybody, against deadlocks.
    async fn hold(tx: &DatabaseTransaction, names: &Names, now: i64) -> Result<Self, Error> {
        let new = |name: &Vec<u8>| Model { name: name.clone(), full_at: 0, trusted_until: 0, forget_at: now + DAY };
        let fresh = Self { pair: new(&names.pair), address: new(&names.address), account: new(&names.account) };
        let nothing = OnConflict::column(Column::Name).do_nothing().to_owned();
        Entity::insert_many(fresh.rows()).on_conflict(nothing).exec_without_returning(tx).await?;
        let ours = [&names.pair, &names.address, &names.account].map(Clone::clone);
        let held = Entity::find().filter(Column::Name.is_in(ours)).order_by_asc(Column::Name);
        let rows = held.lock(LockType::NoKeyUpdate).all(tx).await?;
        // a sweep may have taken a row that was there a moment ago: it said nothing any more
        let find = |fresh: Model| rows.iter().find(|row| row.name == fresh.name).cloned().unwrap_or(fresh);
        Ok(Self { pair: find(fresh.pair), address: find(fresh.address), account: find(fresh.account) })
    }

    fn wait(&self, on_account: bool, now: i64) -> i64 {
        let account = if on_account { ACCOUNT.wait(self.account.full_at, now) } else { 0 };
        let others = Ord::max(PAIR.wait(self.pair.full_at, now), ADDRESS.wait(self.address.full_at, now));
        Ord::max(account, others)
    }

    fn take(&mut self, on_account: bool, now: i64) {
        self.pair.full_at = PAIR.take(self.pair.full_at, now);
        self.address.full_at = ADDRESS.take(self.address.full_at, now);
        if on_account {
            self.account.full_at = ACCOUNT.take(self.account.full_at, now);
        }
    }

    /// The account's counters start again, and the address is trusted with it.
    fn trust(&mut self, now: i64) {
        self.pair.full_at = 0;
        self.pair.trusted_until = now.saturating_add(TRUSTED);
        self.account.full_at = 0;
    }

    async fn save(mut self, tx: &DatabaseTransaction) -> Result<(), Error> {
        for row in [&mut self.pair, &mut self.address, &mut self.account] {
            row.forget_at = [row.full_at, row.trusted_until, row.forget_at].into_iter().max().unwrap_or_default();
        }
        let write = OnConflict::column(Column::Name)
            .update_columns([Column::FullAt, Column::TrustedUntil, Column::ForgetAt])
            .to_owned();
        Entity::insert_many(self.rows()).on_conflict(write).exec_without_returning(tx).await?;
        Ok(())
    }

    fn rows(&self) -> Vec<ActiveModel> {
        let mut rows = [&self.pair, &self.address, &self.account].map(Clone::clone);
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        rows.map(ActiveModel::from).into()
    }
}

/// Takes away rows that say nothing any more, except those that somebody holds.
pub(super) async fn sweep(app: &App, now: i64) -> Result<(), Error> {
    let over = Entity::find().select_only().column(Column::Name).filter(Column::ForgetAt.lt(now)).limit(SWEPT);
    let tx = app.db.begin().await?;
    let over = over.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let names: Vec<Vec<u8>> = over.into_tuple().all(&tx).await?;
    if !names.is_empty() {
        Entity::delete_many().filter(Column::Name.is_in(names)).exec(&tx).await?;
    }
    Ok(tx.commit().await?)
}
