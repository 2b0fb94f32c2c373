//! When a delivery that failed is tried again, and when its webhook is given up. Pure; what is drawn is handed in.

use contract::clock::{DAY, SECOND};
use std::str::FromStr;

/// A webhook whose attempts have all failed for so long is switched off, in milliseconds.
pub const GIVE_UP: i64 = 5 * DAY;
/// Largest share that is added to a pause, so that what failed together does not come back together.
const JITTER: f64 = 0.1;
/// Most retries that can be set.
const MOST: usize = 50;

/// The pauses between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<i64>);

impl Default for Schedule {
    /// Those that Standard Webhooks recommends, within 24 hours: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, and 6 h to the last.
    fn default() -> Self {
        Self([5, 300, 1_800, 7_200, 18_000, 36_000, 21_600].map(|seconds| seconds * SECOND).to_vec())
    }
}

impl FromStr for Schedule {
    type Err = ();

    /// Seconds, separated by commas.
    fn from_str(text: &str) -> Result<Self, ()> {
        let seconds = text.split(',').map(|part| part.trim().parse::<u32>().map_err(|_| ()));
        let pauses = seconds.map(|seconds| Ok(i64::from(seconds?) * SECOND)).collect::<Result<Vec<i64>, ()>>()?;
        if pauses.len() <= MOST { Ok(Self(pauses)) } else { Err(()) }
    }
}

impl Schedule {
    /// Milliseconds to wait after this many attempts, `None` after the last; `drawn` is from 0 to 1.
    #[must_use]
    pub fn pause(&self, attempts: i32, drawn: f64) -> Option<i64> {
        let pause = *usize::try_from(attempts).ok()?.checked_sub(1).and_then(|at| self.0.get(at))?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a share of at most 136 years"
        )]
        let more = (pause as f64 * JITTER * drawn.clamp(0.0, 1.0)) as i64;
        Some(pause + more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::clock::HOUR;

    #[test]
    fn the_retries_last_a_day_and_end() {
        let schedule = Schedule::default();
        let all = |drawn| (1..=7).map(|attempts| schedule.pause(attempts, drawn).unwrap()).sum::<i64>();
        assert!((23 * HOUR..=24 * HOUR).contains(&all(0.0)) && all(1.0) <= 27 * HOUR);
        assert_eq!((schedule.pause(1, 0.0), schedule.pause(1, 1.0)), (Some(5_000), Some(5_500)));
        assert_eq!((schedule.pause(0, 0.5), schedule.pause(8, 0.5)), (None, None));
    }

    #[test]
    fn a_schedule_is_read_from_seconds() {
        let schedule: Schedule = "0, 2".parse().unwrap();
        assert_eq!(
            (schedule.pause(1, 1.0), schedule.pause(2, 0.0), schedule.pause(3, 0.0)),
            (Some(0), Some(2_000), None)
        );
        for bad in ["", "5,", "-1", "1.5", "x", &vec!["1"; 51].join(",")] {
            assert_eq!(bad.parse::<Schedule>(), Err(()), "{bad}");
        }
    }
}
