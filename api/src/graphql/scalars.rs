//! Scalars of the contract that GraphQL has no own type for.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use jiff::Timestamp;

/// An instant, as RFC 3339 has it, in UTC with milliseconds: `2026-11-23T20:15:00.000Z`. Input may have any offset, and
/// fractions of a millisecond are cut off. Years 1970 to 9998.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(
    /// Milliseconds since the Unix epoch.
    pub i64,
);

/// 9998-12-31T23:59:59.999Z.
const LATEST: i64 = 253_370_764_799_999;

/// Most bytes of an instant.
const LONGEST: usize = 40;
/// What is told of one that is none.
pub(super) const INSTANT: &str = "must be an instant such as 2026-11-23T20:15:00.000Z, from 1970 to 9998";

/// An instant, as RFC 3339 has it, in UTC with milliseconds: `2026-11-23T20:15:00.000Z`. Input may have any offset, and
/// fractions of a millisecond are cut off. Years 1970 to 9998.
#[Scalar(name = "DateTime", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        Self::read(text).ok_or_else(|| InputValueError::custom(INSTANT))
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl DateTime {
    /// The instant that a text says; `None` where it says none.
    pub(super) fn read(text: &str) -> Option<Self> {
        // the parser also takes what RFC 3339 does not have, such as a zone in brackets
        if text.len() > LONGEST || text.contains('[') {
            return None;
        }
        let at = text.parse::<Timestamp>().ok()?.as_millisecond();
        (0..=LATEST).contains(&at).then_some(Self(at))
    }
}

impl std::fmt::Display for DateTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = Timestamp::from_millisecond(self.0.clamp(0, LATEST)).unwrap_or_default();
        write!(f, "{at:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<i64> {
        DateTime::parse(Value::String(text.to_owned())).ok().map(|at| at.0)
    }

    #[test]
    fn an_instant_reads_back_with_milliseconds() {
        for at in [0, 1, 1_700_000_000_000, 1_700_000_000_123, LATEST] {
            assert_eq!(parse(&DateTime(at).to_string()), Some(at));
        }
        assert_eq!(DateTime(1_700_000_000_120).to_string(), "2023-11-14T22:13:20.120Z");
    }

    #[test]
    fn any_offset_is_read_and_nothing_but_an_instant() {
        assert_eq!(parse("1970-01-01T02:00:00.5+02:00"), Some(500));
        let zoned = "2026-01-01T00:00:00+01:00[Europe/Paris]";
        for bad in ["", "2026-11-23", "2026-11-23T20:15:00", "1969-12-31T23:59:59Z", "tomorrow", zoned] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
