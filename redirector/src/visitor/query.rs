//! The query of a visit: raw pairs as they came, read without copying. Names are compared and values stored in their
//! decoded form; what goes on to the destination stays raw.

use super::{capped, signals};
use contract::{
    destination::CLICK_IDS,
    document::{UTM_NAMES, Utm},
    preview::PARAMETER,
};
use std::borrow::Cow;

/// Longest value of a UTM field that is stored, in bytes.
const MAX_UTM: usize = 200;
/// Longest `uid` that is stored, in bytes.
const MAX_UID: usize = 200;
/// Most other parameters that are stored.
const MAX_PARAMETERS: usize = 16;
/// Longest name of one, in bytes.
const MAX_NAME: usize = 40;
/// Longest value of one, in bytes.
const MAX_VALUE: usize = 200;
/// Most pairs that are looked at.
const MAX_PAIRS: usize = 200;

/// The query of a visit, without its question mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a>(&'a str);

/// One pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The pair as it came.
    pub raw: &'a str,
    /// Its name, decoded.
    pub name: Cow<'a, str>,
    /// Its value as it came; empty where there is none.
    pub raw_value: &'a str,
}

impl<'a> Pair<'a> {
    /// Its value, decoded; what is no UTF-8 becomes a replacement character.
    #[must_use]
    pub fn value(&self) -> Cow<'a, str> {
        decode(self.raw_value)
    }
}

/// What is stored of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The UTM fields.
    pub utm: Utm,
    /// Who was sent this link.
    pub uid: Option<String>,
    /// The others; click ids are left out, for they recognise a person, and so are consent strings.
    pub parameters: Vec<(String, String)>,
}

impl<'a> Query<'a> {
    /// Takes the text after the question mark.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its pairs, at most 200, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'a>> + use<'a> {
        self.0.split('&').filter(|raw| !raw.is_empty()).take(MAX_PAIRS).map(|raw| {
            let (name, raw_value) = raw.split_once('=').unwrap_or((raw, ""));
            Pair { raw, name: decode(name), raw_value }
        })
    }

    /// The raw value of the first parameter of that name.
    #[must_use]
    pub fn raw_value(&self, name: &str) -> Option<&'a str> {
        self.pairs().find(|pair| pair.name == name).map(|pair| pair.raw_value)
    }

    /// What is stored of it; of several values of one name, the first.
    #[must_use]
    pub fn keep(&self) -> Kept {
        let mut kept = Kept::default();
        if self.is_empty() {
            return kept;
        }
        for pair in self.pairs() {
            let value = pair.value();
            if value.is_empty()
                || CLICK_IDS.contains(&&*pair.name)
                || signals::NAMES.contains(&&*pair.name)
                || pair.name == PARAMETER
            {
                continue;
            }
            if let Some(field) = UTM_NAMES.iter().position(|name| *name == pair.name) {
                kept.utm.fields_mut()[field].get_or_insert_with(|| clean(&value, MAX_UTM));
            } else if pair.name == "uid" {
                kept.uid.get_or_insert_with(|| clean(&value, MAX_UID));
            } else if kept.parameters.len() < MAX_PARAMETERS && sound(&pair.name, &kept.parameters) {
                kept.parameters.push((pair.name.into_owned(), clean(&value, MAX_VALUE)));
            }
        }
        kept
    }
}

/// Whether a parameter is stored under this name: a short, printable one that is not there yet.
fn sound(name: &str, parameters: &[(String, String)]) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && !name.chars().any(char::is_control)
        && !parameters.iter().any(|(known, _)| known == name)
}

/// Bounds a value and takes control characters out: SQL text holds no NUL.
fn clean(value: &str, limit: usize) -> String {
    let value = capped(value, limit);
    if value.chars().any(char::is_control) { value.replace(char::is_control, " ") } else { value.to_owned() }
}

fn decode(raw: &str) -> Cow<'_, str> {
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        return Cow::Owned(percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_encoding::percent_decode_str(raw).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_sorted_into_its_places() {
        let kept =
            Query::new("utm_source=news+letter&uid=Ann%20B&x=1&x=2&gclid=secret&&=3&y&z=%00%ff&utm_term=").keep();
        assert_eq!(kept.utm, Utm { source: Some("news letter".to_owned()), ..Utm::default() });
        assert_eq!(kept.uid.as_deref(), Some("Ann B"));
        let expected = [("x".to_owned(), "1".to_owned()), ("z".to_owned(), " \u{fffd}".to_owned())];
        assert_eq!(kept.parameters, expected);
    }

    #[test]
    fn everything_is_bounded() {
        let long = "\u{e4}".repeat(300);
        let mut text = format!("utm_source={long}&uid={long}&{long}=1&p={long}");
        for number in 0..500 {
            text.push_str(&format!("&n{number}=1"));
        }
        let kept = Query::new(&text).keep();
        assert_eq!(kept.utm.source.map(|value| value.len()), Some(200));
        assert_eq!(kept.uid.map(|value| value.len()), Some(200));
        assert_eq!(kept.parameters.len(), MAX_PARAMETERS);
        assert_eq!(kept.parameters[0], ("p".to_owned(), "\u{e4}".repeat(100)));
        assert_eq!(Query::new(&text).pairs().count(), MAX_PAIRS);
        assert_eq!(Query::new("a=1&a=2").raw_value("a"), Some("1"));
    }
}
