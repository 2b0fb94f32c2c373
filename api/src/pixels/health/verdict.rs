//! What is made of a pixel's visits: healthy or not, and the likely reason. Pure. Only visits that waited to see the pixel
//! fire make a rate; of the others nothing is known but what the browser refused at once.

use crate::clicks::rollup::outcomes::Outcomes;
use contract::click::PixelState;

/// What is known of a pixel besides its visits.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Whether its ids are in the shape that the network gives out.
    pub is_in_shape: bool,
    /// Whether blockers of trackers list its network: some of them make a request fail late, and not at once.
    pub often_blocked: bool,
}

/// Fewest visits that waited for a pixel to judge it by.
pub const ENOUGH: u64 = 20;

/// Whether a pixel fires as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It fires on as many visits as the tenant asks for.
    Healthy,
    /// It fires on fewer.
    Unhealthy,
    /// Too few visits waited to see it.
    Unknown,
}

/// Why a pixel does not fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// An id is not in the shape that the network gives out.
    WrongIdShape,
    /// Most visits that did not confirm it were those of browsers that refused it at once; or, of a network that blockers
    /// list and that others did reach, of browsers whose request was refused or failed.
    BlockedByBrowsers,
    /// On most visits that did not confirm it the request failed or was not answered in time.
    HostUnreachable,
    /// It was refused, by the visitor's signal or the tenant's policy, on more visits than not.
    ConsentRefused,
    /// Visits were to fire it, and none of their pages has reported.
    NoReceipts,
}

impl Reason {
    /// Its name in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongIdShape => "WRONG_ID_SHAPE",
            Self::BlockedByBrowsers => "BLOCKED_BY_BROWSERS",
            Self::HostUnreachable => "HOST_UNREACHABLE",
            Self::ConsentRefused => "CONSENT_REFUSED",
            Self::NoReceipts => "NO_RECEIPTS",
        }
    }
}

/// What is made of a pixel's visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it fires as it should.
    pub state: State,
    /// Why not, where the visits tell; never for a healthy one.
    pub reason: Option<Reason>,
}

impl Verdict {
    /// Judges a pixel by its visits; `threshold` is the lowest share of confirmed ones that will do, 0 to 1. The reason is
    /// that of the visits which waited in vain, before that of those which had no page at all.
    #[must_use]
    pub fn on(outcomes: &Outcomes, threshold: f64, known: Known) -> Self {
        let rate = outcomes.confirmed_rate().filter(|_| outcomes.watched.sum() >= ENOUGH);
        let state = match rate {
            None => State::Unknown,
            Some(rate) if rate < threshold => State::Unhealthy,
            Some(_) => State::Healthy,
        };
        let reason = match state {
            State::Healthy => None,
            State::Unhealthy => unconfirmed(outcomes, known).or_else(|| refused(outcomes)),
            State::Unknown => refused(outcomes).or_else(|| silent(outcomes)),
        };
        Self { state, reason }
    }

    /// One sentence for people that says what to check.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match (self.state, self.reason) {
            (_, Some(Reason::WrongIdShape)) => {
                "An id of this pixel does not have the shape that its network gives out: compare it with the one in the \
                 network's own settings."
            }
            (_, Some(Reason::BlockedByBrowsers)) => {
                "Most browsers that did not confirm it refused its requests, as content blockers do: open one of its \
                 links in a browser without extensions to see whether it fires there."
            }
            (_, Some(Reason::HostUnreachable)) => {
                "The network failed to answer or did not answer in time: check that its host can be reached, and whether \
                 the policy's budget leaves it enough time."
            }
            (_, Some(Reason::ConsentRefused)) => {
                "On more visits than not it was kept from firing by the visitor's choice or signal: check whether the \
                 tenant's policy on consent and privacy signals is what you mean it to be."
            }
            (_, Some(Reason::NoReceipts)) => {
                "Visits were to fire it, but no page has reported what became of it: open one of its links in a browser, \
                 and check that the address /_receipt of the link's domain can be reached."
            }
            (State::Healthy, None) => "It fires as it should; there is nothing to check.",
            (State::Unhealthy, None) => {
                "It fires on fewer visits than the policy asks for, without one cause that stands out: see the report's \
                 delivery by browser and by country."
            }
            (State::Unknown, None) => {
                "Too few visits waited to see it fire: raise the share of visits that wait in the tenant's policy, or \
                 wait for more visits."
            }
        }
    }
}

/// Whether more visits refused it than did anything else, or left without a word.
fn refused(outcomes: &Outcomes) -> Option<Reason> {
    let refused = outcomes.count(PixelState::Refused);
    (refused > outcomes.visits() - refused).then_some(Reason::ConsentRefused)
}

/// Whether no page has reported; what was refused before there was a page is in the click itself.
fn silent(outcomes: &Outcomes) -> Option<Reason> {
    let reported = outcomes.states.sum() - outcomes.count(PixelState::Refused);
    (outcomes.expected > 0 && reported == 0).then_some(Reason::NoReceipts)
}

/// What most of the visits have in common that waited in vain. A wrong id does not make a browser refuse a request, but it
/// does make a network's script say nothing.
fn unconfirmed(outcomes: &Outcomes, known: Known) -> Option<Reason> {
    let [fired, blocked, failed, timed_out, refused] =
        [PixelState::Fired, PixelState::Blocked, PixelState::Failed, PixelState::TimedOut, PixelState::Refused]
            .map(|state| outcomes.watched_in(state));
    let half = outcomes.watched.sum().saturating_sub(fired) / 2;
    // where nobody reaches the host, no blocker stands in the way
    let is_reached = fired > 0 || blocked > 0;
    if refused > half {
        Some(Reason::ConsentRefused)
    } else if blocked > half {
        Some(Reason::BlockedByBrowsers)
    } else if !known.is_in_shape {
        Some(Reason::WrongIdShape)
    } else if known.often_blocked && is_reached && blocked.saturating_add(failed) > half {
        Some(Reason::BlockedByBrowsers)
    } else if failed.saturating_add(timed_out) > half {
        Some(Reason::HostUnreachable)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PixelState::{Blocked, Failed, Fired, Refused, Sent, TimedOut};
    use contract::click::PixelResult;

    /// Outcomes of visits that were expected, by state: those that waited, and those that did not.
    fn outcomes(expected: u64, watched: &[(PixelState, usize)], others: &[(PixelState, usize)]) -> Outcomes {
        let mut outcomes = Outcomes { expected, ..Outcomes::default() };
        for (parts, watched) in [(watched, true), (others, false)] {
            for (state, count) in parts {
                let result = PixelResult { pixel_id: uuid::Uuid::nil(), state: *state, milliseconds: 5, watched };
                (0..*count).for_each(|_| outcomes.note(&result));
            }
        }
        outcomes
    }

    fn judged(outcomes: &Outcomes, is_in_shape: bool) -> (State, Option<Reason>) {
        let verdict = Verdict::on(outcomes, 0.5, Known { is_in_shape, often_blocked: false });
        assert!(verdict.message().ends_with('.') && verdict.message().len() > 40);
        (verdict.state, verdict.reason)
    }

    #[test]
    fn the_threshold_parts_healthy_from_unhealthy_where_there_is_enough() {
        let half = outcomes(20, &[(Fired, 10), (Blocked, 10)], &[]);
        assert_eq!(judged(&half, false), (State::Healthy, None));
        let fewer = outcomes(20, &[(Fired, 9), (Blocked, 11)], &[]);
        assert_eq!(judged(&fewer, true).0, State::Unhealthy);
        let known = Known { is_in_shape: true, often_blocked: true };
        assert_eq!(Verdict::on(&fewer, 0.0, known).state, State::Healthy);
        assert_eq!(Verdict::on(&half, 1.0, known).state, State::Unhealthy);
        let few = outcomes(19, &[(Blocked, 19)], &[]);
        assert_eq!(judged(&few, false), (State::Unknown, None));
        assert_eq!(judged(&Outcomes::default(), true), (State::Unknown, None));
    }

    #[test]
    fn what_browsers_refuse_at_once_is_blocked_by_them() {
        let blocked = outcomes(40, &[(Fired, 5), (Blocked, 20), (Failed, 5), (TimedOut, 10)], &[]);
        assert_eq!(judged(&blocked, true), (State::Unhealthy, Some(Reason::BlockedByBrowsers)));
        // not the id's doing, whatever it looks like
        assert_eq!(judged(&blocked, false).1, Some(Reason::BlockedByBrowsers));
        // what was blocked where nobody waited for anything else says nothing of those that waited
        let elsewhere = outcomes(140, &[(Fired, 5), (Blocked, 2), (TimedOut, 33)], &[(Sent, 50), (Blocked, 50)]);
        assert_eq!(judged(&elsewhere, true).1, Some(Reason::HostUnreachable));
    }

    #[test]
    fn what_fails_or_times_out_is_out_of_reach() {
        let failed = outcomes(30, &[(Failed, 8), (TimedOut, 9), (Blocked, 13)], &[]);
        assert_eq!(judged(&failed, true), (State::Unhealthy, Some(Reason::HostUnreachable)));
    }

    #[test]
    fn what_fails_late_at_a_network_that_blockers_list_is_blocked_too() {
        let reason = |watched: &[(PixelState, usize)], is_in_shape| {
            let known = Known { is_in_shape, often_blocked: true };
            Verdict::on(&outcomes(30, watched, &[]), 0.5, known).reason
        };
        let blocked = Some(Reason::BlockedByBrowsers);
        assert_eq!(reason(&[(Fired, 9), (Blocked, 6), (Failed, 10), (TimedOut, 5)], true), blocked);
        assert_eq!(reason(&[(Fired, 9), (Failed, 21)], true), blocked);
        assert_eq!(reason(&[(Fired, 9), (Failed, 21)], false), Some(Reason::WrongIdShape));
        // slow is not blocked, and what nobody reaches is away
        assert_eq!(reason(&[(Fired, 9), (Failed, 8), (TimedOut, 13)], true), Some(Reason::HostUnreachable));
        assert_eq!(reason(&[(Failed, 30)], true), Some(Reason::HostUnreachable));
    }

    #[test]
    fn visits_without_a_page_hide_no_reason_of_those_that_waited() {
        let odd = outcomes(30, &[(TimedOut, 30)], &[(Refused, 100)]);
        assert_eq!(judged(&odd, false), (State::Unhealthy, Some(Reason::WrongIdShape)));
        let mixed = outcomes(30, &[(Sent, 10), (Blocked, 10), (TimedOut, 10)], &[(Refused, 100)]);
        assert_eq!(judged(&mixed, true), (State::Unhealthy, Some(Reason::ConsentRefused)));
    }

    #[test]
    fn an_odd_id_explains_what_the_network_does_not_confirm() {
        let silent = outcomes(30, &[(TimedOut, 30)], &[]);
        assert_eq!(judged(&silent, false), (State::Unhealthy, Some(Reason::WrongIdShape)));
    }

    #[test]
    fn what_visitors_refuse_more_often_than_not_is_refused() {
        let by_page = outcomes(40, &[(Fired, 5), (TimedOut, 10), (Refused, 25)], &[]);
        assert_eq!(judged(&by_page, false), (State::Unhealthy, Some(Reason::ConsentRefused)));
        let before_the_page = outcomes(5, &[(Fired, 5)], &[(Refused, 6)]);
        assert_eq!(judged(&before_the_page, true), (State::Unknown, Some(Reason::ConsentRefused)));
        let seldom = outcomes(5, &[(Fired, 5)], &[(Refused, 5)]);
        assert_eq!(judged(&seldom, true), (State::Unknown, None));
    }

    #[test]
    fn visits_without_a_word_are_told_apart_from_few_visits() {
        assert_eq!(judged(&outcomes(100, &[], &[]), true), (State::Unknown, Some(Reason::NoReceipts)));
        assert_eq!(judged(&outcomes(100, &[], &[(Refused, 3)]), true).1, Some(Reason::NoReceipts));
        assert_eq!(judged(&outcomes(100, &[], &[(Sent, 1)]), true), (State::Unknown, None));
    }

    #[test]
    fn without_one_cause_there_is_no_reason() {
        let mixed = outcomes(30, &[(Sent, 10), (Blocked, 10), (TimedOut, 10)], &[]);
        assert_eq!(judged(&mixed, true), (State::Unhealthy, None));
    }
}
