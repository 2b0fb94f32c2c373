//! From what a look at a DNS record found to what becomes of a domain, and when to look again. Pure: [`super::proof`]
//! carries it out. A name server that does not answer proves nothing: it never makes or loses a domain.

use super::names::Finding;
use contract::clock::{DAY, HOUR, MINUTE, SECOND};
use entities::domain::{self, State};

/// When records are looked up, and how long a missing one is put up with. All in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// From a look to the next one that is asked for.
    pub asked: i64,
    /// Between two looks for a record that was not there yet, on the domain's first day.
    pub pending: i64,
    /// Between two looks after that day, at a lost domain, and at a verified one whose record was not seen.
    pub later: i64,
    /// Between two looks at a verified domain.
    pub verified: i64,
    /// How long a verified domain goes on serving without its record.
    pub grace: i64,
}

/// How long a domain without its record is looked at often.
const FIRST_DAY: i64 = DAY;

impl Schedule {
    /// Looks at verified domains every `recheck` seconds, and at none less often; `grace` is in seconds too.
    #[must_use]
    pub fn new(recheck: u32, grace: u32) -> Self {
        let verified = i64::from(recheck).max(1) * SECOND;
        let grace = i64::from(grace) * SECOND;
        let pending = MINUTE.min(verified);
        Self { asked: pending / 6, pending, later: HOUR.min(verified), verified, grace }
    }
}

impl Default for Schedule {
    /// 10 seconds, a minute, an hour, 6 hours, and 3 days of grace.
    fn default() -> Self {
        Self { asked: 10 * SECOND, pending: MINUTE, later: HOUR, verified: 6 * HOUR, grace: 3 * DAY }
    }
}

/// What becomes of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Whether it is proved.
    pub(super) state: State,
    /// Since when a verified domain's record is missing.
    pub(super) first_missing_at: Option<i64>,
    /// When to look again.
    pub(super) next_check_at: i64,
    /// What is wrong, as a sentence for people.
    pub(super) problem: Option<String>,
}

/// Judges a domain at the instant `now`. `held` says whether another domain serves on its host.
#[must_use]
pub(super) fn judge(before: &domain::Model, finding: &Finding, held: bool, now: i64, schedule: &Schedule) -> Verdict {
    let (state, first_missing_at, problem) = match finding {
        Finding::Present if held => {
            (before.state, None, Some("another tenant of this server has this host verified".to_owned()))
        }
        Finding::Present => (State::Verified, None, None),
        Finding::Absent(problem) => {
            let since = before.first_missing_at.unwrap_or(now);
            match before.state {
                State::Verified if now - since < schedule.grace => {
                    (State::Verified, Some(since), Some(problem.clone()))
                }
                State::Verified => (State::Lost, None, Some(problem.clone())),
                state => (state, None, Some(problem.clone())),
            }
        }
        Finding::Unknown(problem) => (before.state, before.first_missing_at, Some(problem.clone())),
    };
    let wait = match state {
        State::Verified if problem.is_none() => schedule.verified,
        State::Pending if now - before.created_at < FIRST_DAY => schedule.pending,
        _ => schedule.later,
    };
    // the end of the grace is not slept through, nor waited for without a pause
    let end = first_missing_at.map_or(i64::MAX, |since| (since + schedule.grace).max(now + schedule.pending));
    Verdict { state, first_missing_at, next_check_at: (now + wait).min(end), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::prelude::Uuid;

    const NOW: i64 = 100 * DAY;

    fn domain(state: State, first_missing_at: Option<i64>) -> domain::Model {
        domain::Model {
            id: Uuid::nil(),
            tenant_id: Some(Uuid::nil()),
            host: "go.example.com".to_owned(),
            state,
            serving: state == State::Verified,
            fallback: None,
            is_default: false,
            ver: 0,
            token: Some("t".to_owned()),
            checked_at: None,
            next_check_at: None,
            first_missing_at,
            problem: None,
            deleted_at: None,
            created_at: NOW - HOUR,
            updated_at: NOW,
        }
    }

    fn judged(before: &domain::Model, finding: &Finding) -> (State, Option<i64>, i64) {
        let verdict = judge(before, finding, false, NOW, &Schedule::default());
        assert_eq!(verdict.problem.is_none(), *finding == Finding::Present);
        (verdict.state, verdict.first_missing_at, verdict.next_check_at - NOW)
    }

    #[test]
    fn a_record_that_is_there_proves_whatever_was_before() {
        for state in [State::Pending, State::Verified, State::Lost] {
            let before = domain(state, Some(NOW - DAY));
            assert_eq!(judged(&before, &Finding::Present), (State::Verified, None, 6 * HOUR));
            let verdict = judge(&before, &Finding::Present, true, NOW, &Schedule::default());
            assert_eq!(verdict.state, state, "who came first keeps it");
        }
    }

    #[test]
    fn a_record_that_is_gone_loses_a_domain_only_after_the_grace() {
        let absent = Finding::Absent("gone".to_owned());
        let verified = |missing: Option<i64>| domain(State::Verified, missing);
        assert_eq!(judged(&verified(None), &absent), (State::Verified, Some(NOW), HOUR));
        let nearly = NOW - 3 * DAY + 10 * MINUTE;
        assert_eq!(judged(&verified(Some(nearly)), &absent), (State::Verified, Some(nearly), 10 * MINUTE));
        assert_eq!(judged(&verified(Some(NOW - 3 * DAY)), &absent), (State::Lost, None, HOUR));
        assert_eq!(judged(&domain(State::Lost, None), &absent), (State::Lost, None, HOUR));
        assert_eq!(judged(&domain(State::Pending, None), &absent), (State::Pending, None, MINUTE));
        let old = domain::Model { created_at: NOW - DAY, ..domain(State::Pending, None) };
        assert_eq!(judged(&old, &absent), (State::Pending, None, HOUR));
    }

    #[test]
    fn a_name_server_that_does_not_answer_changes_nothing() {
        let unknown = Finding::Unknown("no answer".to_owned());
        let long_ago = Some(NOW - 30 * DAY);
        assert_eq!(judged(&domain(State::Verified, None), &unknown), (State::Verified, None, HOUR));
        assert_eq!(judged(&domain(State::Verified, long_ago), &unknown), (State::Verified, long_ago, MINUTE));
        assert_eq!(judged(&domain(State::Pending, None), &unknown), (State::Pending, None, MINUTE));
        assert_eq!(judged(&domain(State::Lost, None), &unknown), (State::Lost, None, HOUR));
    }

    #[test]
    fn the_settings_shorten_every_interval() {
        assert_eq!(Schedule::new(21_600, 259_200), Schedule::default());
        let short = Schedule::new(1, 2);
        assert_eq!((short.pending, short.later, short.verified, short.grace), (1_000, 1_000, 1_000, 2_000));
        assert_eq!(short.asked, 166);
    }
}
