//! Reports over a tenant's or a link's clicks, out of the rollups alone. In comes a range, which is widened to quarters of
//! an hour, and for what has no quarters to whole hours of UTC; out come totals, a series, breakdowns, deliveries of pixels
//! and exclusions, read when they are first asked for. A visitor's key changes at midnight UTC: a person who comes on three
//! days is three unique visitors.

pub mod calendar;
pub mod delivery;
pub mod many;
pub mod reading;
mod series;

pub use series::Point;

use self::reading::Scope;
use super::rollup::{
    Rollup, Totals,
    breakdown::{Breakdown, Counts},
    dimension::Dimension,
    quarters::QUARTER,
};
use crate::{
    db::Db,
    error::{Code, Error, Mistakes},
};
use contract::{
    click::Exclusion,
    clock::{DAY, HOUR},
};
use jiff::tz::TimeZone;
use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};
use tokio::sync::OnceCell;

/// Longest range of a report, in days.
pub const MOST_DAYS: i64 = 400;
/// Longest range of a series by the hour, in days.
pub const MOST_DAYS_BY_HOUR: i64 = 62;
/// The range when nobody says one, in days.
pub const DEFAULT_DAYS: i64 = 30;
/// Most values that a breakdown lists.
pub const MOST_LISTED: usize = 1_000;

/// What a report is about, as somebody asks for it.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// First instant, cut down to the quarter of an hour; 30 days before `to` when it is missing.
    pub from: Option<i64>,
    /// First instant after, made up to the quarter of an hour; the end of this hour when it is missing.
    pub to: Option<i64>,
    /// IANA name of the time zone of series; UTC when it is missing.
    pub time_zone: Option<String>,
    /// Whether machines' clicks count among `clicks`.
    pub include_bots: bool,
}

/// What a report is about, checked.
#[derive(Debug, Clone)]
pub struct Filter {
    from: i64,
    to: i64,
    zone: TimeZone,
    include_bots: bool,
}

impl Filter {
    /// Checks a question.
    ///
    /// # Errors
    /// `INVALID` in `filter.from`, `filter.to` and `filter.timeZone`.
    pub fn new(question: &Question, now: i64) -> Result<Self, Error> {
        let mut mistakes = Mistakes::default();
        let to = question.to.unwrap_or(now);
        let from = question.from.unwrap_or_else(|| to.saturating_sub(DEFAULT_DAYS * DAY));
        if from >= to {
            mistakes.add("filter.to", Code::Invalid, "must lie after `from`");
        } else if to.saturating_sub(from) > MOST_DAYS * DAY {
            mistakes.add("filter.from", Code::Invalid, format!("must lie at most {MOST_DAYS} days before `to`"));
        }
        let zone = question.time_zone.as_deref().map_or(Some(TimeZone::UTC), zone);
        if zone.is_none() {
            mistakes.add("filter.timeZone", Code::Invalid, NO_ZONE);
        }
        mistakes.check()?;
        // whole hours where nobody says more, so that all parts of a report are about the same
        let length = |is_said: bool| if is_said { QUARTER } else { HOUR };
        Ok(Self {
            from: down(from, length(question.from.or(question.to).is_some())),
            to: up(to, length(question.to.is_some())),
            zone: zone.unwrap_or(TimeZone::UTC),
            include_bots: question.include_bots,
        })
    }
}

/// The last multiple of `length` that is not after an instant.
const fn down(at: i64, length: i64) -> i64 {
    at - at.rem_euclid(length)
}

/// The first multiple of `length` that is not before an instant.
const fn up(at: i64, length: i64) -> i64 {
    down(at.saturating_add(length - 1), length)
}

const NO_ZONE: &str = "must be a name of the IANA time zone database, such as Europe/Paris";

/// Only names: neither what the machine is set to, nor rules that somebody sends.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// What a line of a breakdown is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The clicks with this value.
    Value(String),
    /// The clicks whose value is not known.
    Unknown,
    /// The clicks with all values that are not listed.
    Other,
}

/// A line of a breakdown.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it is about.
    pub line: Line,
    /// What counts, by the filter.
    pub clicks: u64,
    /// People's clicks.
    pub human_clicks: u64,
    /// Machines' clicks.
    pub bot_clicks: u64,
    /// Different people of each day.
    pub unique_visitors: u64,
    /// Of all that counts in the same whole hours, 0 to 1.
    pub share: f64,
}

/// A report. Reads when it is asked.
#[derive(Debug)]
pub struct Report {
    db: Db,
    scope: Scope,
    filter: Filter,
    sum: OnceCell<Arc<Rollup>>,
    totals: OnceCell<Arc<Totals>>,
}

impl Report {
    /// A report that has read nothing yet.
    #[must_use]
    pub fn new(db: Db, scope: Scope, filter: Filter) -> Self {
        Self { db, scope, filter, sum: OnceCell::new(), totals: OnceCell::new() }
    }

    /// The range, widened to quarters of an hour.
    #[must_use]
    pub const fn range(&self) -> (i64, i64) {
        (self.filter.from, self.filter.to)
    }

    /// The same, widened to whole hours.
    const fn hours_of_range(&self) -> (i64, i64) {
        (down(self.filter.from, HOUR), up(self.filter.to, HOUR))
    }

    /// Everything in the whole hours of the range together.
    ///
    /// # Errors
    /// Of the database.
    pub async fn sum(&self) -> Result<Arc<Rollup>, Error> {
        let (from, to) = self.hours_of_range();
        let read = || async { reading::sum(&self.db, self.scope, from, to).await.map(Arc::new) };
        self.sum.get_or_try_init(read).await.cloned()
    }

    /// The clicks of the range, to the quarter of an hour.
    ///
    /// # Errors
    /// Of the database.
    pub async fn totals(&self) -> Result<Arc<Totals>, Error> {
        let range = self.range();
        if range == self.hours_of_range() {
            return Ok(Arc::new(self.sum().await?.totals.clone()));
        }
        let read = || async {
            let (from, to) = self.range();
            let parts = reading::totals(&self.db, self.scope, up(from, HOUR), down(to, HOUR)).await?;
            let rest = self.quarters(&self.cut_by(&[])).await?;
            let mut totals = Totals::default();
            parts.iter().chain(&rest).for_each(|(_, part)| totals.merge(part));
            Ok(Arc::new(totals))
        };
        self.totals.get_or_try_init(read).await.cloned()
    }

    /// The hours that the range or one of these instants cuts, by their starts.
    fn cut_by(&self, starts: &[i64]) -> BTreeSet<i64> {
        let (from, to) = self.range();
        let inside = starts.iter().copied().filter(|at| (from..to).contains(at));
        inside.chain([from, to]).filter(|at| at.rem_euclid(HOUR) != 0).map(|at| down(at, HOUR)).collect()
    }

    /// Those quarters of hours that lie in the range.
    async fn quarters(&self, hours: &BTreeSet<i64>) -> Result<Vec<(i64, Totals)>, Error> {
        let (from, to) = self.range();
        let mut quarters = reading::quarters(&self.db, self.scope, hours).await?;
        quarters.retain(|(at, _)| (from..to).contains(at));
        Ok(quarters)
    }

    /// What counts among clicks: people's, and machines' where the filter says so.
    #[must_use]
    pub const fn counted(&self, human: u64, bot: u64) -> u64 {
        if self.filter.include_bots { human.saturating_add(bot) } else { human }
    }

    /// The most frequent values of a dimension in the whole hours of the range, and one line for all others where there
    /// are any; together they come to all that counts.
    ///
    /// # Errors
    /// `INVALID` in `first`, and in `by` for links of one link; of the database.
    pub async fn breakdown(&self, dimension: Dimension, first: usize) -> Result<Vec<Part>, Error> {
        if first == 0 || first > MOST_LISTED {
            return Err(Error::mistake("first", Code::Invalid, format!("must be from 1 to {MOST_LISTED}")));
        }
        if dimension == Dimension::Link && matches!(self.scope, Scope::Link { .. }) {
            return Err(Error::mistake("by", Code::Invalid, "LINK breaks down the report of a tenant, not of a link"));
        }
        let sum = self.sum().await?;
        let all = self.counted(sum.totals.human, sum.totals.bot());
        Ok(sum.breakdown(dimension).map(|breakdown| self.parts(breakdown, first, all)).unwrap_or_default())
    }

    fn parts(&self, breakdown: &Breakdown, first: usize, all: u64) -> Vec<Part> {
        let mut ranked = breakdown.ranked();
        // stable: what comes to the same stays in the order of people's clicks and names
        ranked.sort_by_key(|(_, counts)| Reverse(self.counted(counts.human, counts.bot)));
        ranked.retain(|(_, counts)| self.counted(counts.human, counts.bot) > 0);
        let mut other = breakdown.other.clone();
        ranked.iter().skip(first).for_each(|(_, counts)| other.merge(counts));
        let part = |line: Line, counts: &Counts| {
            let clicks = self.counted(counts.human, counts.bot);
            Part {
                line,
                clicks,
                human_clicks: counts.human,
                bot_clicks: counts.bot,
                unique_visitors: counts.visitors.count(),
                share: if all == 0 { 0.0 } else { clicks as f64 / all as f64 },
            }
        };
        let line = |value: &str| if value.is_empty() { Line::Unknown } else { Line::Value(value.to_owned()) };
        let listed = ranked.iter().take(first).map(|(value, counts)| part(line(value), counts));
        let rest = Some(part(Line::Other, &other)).filter(|part| part.clicks > 0);
        listed.chain(rest).collect()
    }

    /// Visits that are not people's clicks, by reason; reasons that did not occur are left out.
    ///
    /// # Errors
    /// Of the database.
    pub async fn excluded(&self) -> Result<Vec<(Exclusion, u64)>, Error> {
        let totals = self.totals().await?;
        let counts = Exclusion::ALL.into_iter().map(|exclusion| (exclusion, totals.excluded_by(exclusion)));
        Ok(counts.filter(|(_, clicks)| *clicks > 0).collect())
    }
}
