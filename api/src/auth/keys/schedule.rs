//! When keys sign and verify: pure, of what a row says and the time. A key is announced before it signs, so that every
//! process has read it by its first token; it verifies for as long as a token that it signed last may live.

use crate::auth::token::{ACCESS_LIFE, LEEWAY};
use contract::clock::{HOUR, MINUTE};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// How long before its first token a key is announced at least; processes read the keys twice as often and more.
pub(super) const ANNOUNCED: i64 = MINUTE;
/// How long before the end of a key its successor is made.
const AHEAD: i64 = HOUR;

/// A key's place in time, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The key.
    pub(super) kid: Uuid,
    /// It signs from here on.
    pub(super) from: i64,
    /// It signs no more from here on.
    pub(super) until: i64,
}

/// Why a successor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Only if the newest key comes to its end.
    WhenDue,
    /// The operator wants one now.
    Now,
}

/// The key that signs now: the newest whose time has come; where clocks differ, the next one.
pub(super) fn signing(spans: impl Iterator<Item = Span> + Clone, now: i64) -> Option<Span> {
    let usable = spans.filter(|span| now < span.until);
    let begun = usable.clone().filter(|span| span.from <= now).max_by_key(|span| (span.from, span.kid));
    begun.or_else(|| usable.min_by_key(|span| (span.from, span.kid)))
}

/// The key that is to be made, or `None` where none is. `rotation` is how long a key signs.
pub(super) fn successor(spans: impl Iterator<Item = Span>, now: i64, rotation: i64, wish: Wish) -> Option<Span> {
    let Some(newest) = spans.max_by_key(|span| (span.from, span.kid)) else {
        return Some(Span { kid: next(Uuid::nil()), from: now, until: now.saturating_add(rotation) });
    };
    // an operator who shortened the rotation means the key of today too
    let end = Ord::min(newest.until, newest.from.saturating_add(rotation));
    if wish == Wish::WhenDue && now < end.saturating_sub(Ord::min(AHEAD, rotation / 2)) {
        return None;
    }
    let announced = now.saturating_add(ANNOUNCED);
    let from = match wish {
        // nobody signs: there is nothing to wait for
        _ if newest.until <= now => now,
        Wish::WhenDue => Ord::max(end, announced),
        Wish::Now => announced,
    };
    Some(Span { kid: next(newest.kid), from, until: from.saturating_add(rotation) })
}

/// When tokens of a key that signs until `until` have all ended, on a machine whose clock is late.
pub(super) const fn verifies_until(until: i64) -> i64 {
    until.saturating_add(ACCESS_LIFE).saturating_add(2 * LEEWAY)
}

/// The id after this one. It is the same for everybody, so that two processes that make a successor at once make one.
fn next(kid: Uuid) -> Uuid {
    let digest = Sha256::digest(kid.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::clock::{DAY, SECOND};

    const ROTATION: i64 = 30 * DAY;
    const FIRST: Span = Span { kid: Uuid::from_u128(1), from: 0, until: ROTATION };

    fn after(spans: &[Span], now: i64, wish: Wish) -> Option<Span> {
        successor(spans.iter().copied(), now, ROTATION, wish)
    }

    #[test]
    fn the_first_key_signs_at_once_and_its_successor_where_it_ends() {
        let first = after(&[], 5, Wish::WhenDue).unwrap();
        assert_eq!((first.from, first.until), (5, 5 + ROTATION));
        assert_eq!(after(&[FIRST], ROTATION - HOUR - 1, Wish::WhenDue), None);
        let second = after(&[FIRST], ROTATION - HOUR, Wish::WhenDue).unwrap();
        assert_eq!((second.from, second.until), (ROTATION, 2 * ROTATION));
        assert_eq!(after(&[FIRST, second], ROTATION, Wish::WhenDue), None);
        // made late, it still is announced, and the old one goes on until then
        let late = after(&[FIRST], ROTATION - SECOND, Wish::WhenDue).unwrap();
        assert_eq!((late.from, late.kid), (ROTATION - SECOND + ANNOUNCED, second.kid));
        // after a year without a log-in there is nobody who signs
        assert_eq!(after(&[FIRST], 400 * DAY, Wish::WhenDue).unwrap().from, 400 * DAY);
    }

    #[test]
    fn an_operator_gets_a_key_within_a_minute_and_a_shorter_rotation_counts_at_once() {
        let wanted = after(&[FIRST], DAY, Wish::Now).unwrap();
        assert_eq!((wanted.from, wanted.until), (DAY + ANNOUNCED, DAY + ANNOUNCED + ROTATION));
        assert_ne!(after(&[FIRST, wanted], DAY, Wish::Now).unwrap().kid, wanted.kid);
        let shorter = successor([FIRST].into_iter(), 2 * DAY, DAY, Wish::WhenDue).unwrap();
        assert_eq!((shorter.from, shorter.until), (2 * DAY + ANNOUNCED, 3 * DAY + ANNOUNCED));
    }

    #[test]
    fn the_newest_that_has_begun_signs() {
        let second = Span { kid: Uuid::from_u128(2), from: ROTATION, until: 2 * ROTATION };
        let both = [FIRST, second];
        let kid = |now| signing(both.iter().copied(), now).map(|span| span.kid.as_u128());
        assert_eq!((kid(0), kid(ROTATION - 1), kid(ROTATION), kid(2 * ROTATION)), (Some(1), Some(1), Some(2), None));
        assert_eq!(kid(-5), Some(1), "a clock that is late");
        assert!(verifies_until(ROTATION) > ROTATION + ACCESS_LIFE);
    }
}
