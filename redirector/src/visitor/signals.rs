//! Consent strings that a visit carries in its query, as the IAB's frameworks name them: they are passed on to networks
//! that read them. Nothing is made up, and what is not in the shape of such a string is dropped, so that what remains
//! can stand in a script, an attribute and an address as it is.

use super::Query;
use std::borrow::Cow;

/// Longest string, in bytes; real ones are below 1,500.
const MAX_STRING: usize = 2_000;

/// Consent strings of a visit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signals<'a> {
    /// In the order of [`NAMES`].
    values: [Option<Cow<'a, str>>; 5],
}

/// Of a visit that carries none.
pub static NONE: Signals<'static> = Signals { values: [const { None }; 5] };

/// The parameters: whether the GDPR applies, TCF string, GPP string, its sections, US Privacy string.
pub const NAMES: [&str; 5] = ["gdpr", "gdpr_consent", "gpp", "gpp_sid", "us_privacy"];

/// The names of the same in the scripts of `templates/networks`.
const IN_SCRIPTS: [&str; 5] = ["gdpr", "tc", "gpp", "sid", "usp"];

impl<'a> Signals<'a> {
    /// Reads them from a query.
    #[must_use]
    pub fn read(query: Query<'a>) -> Self {
        let mut signals = Self::default();
        if query.is_empty() {
            return signals;
        }
        for pair in query.pairs() {
            let Some(place) = NAMES.iter().position(|name| *name == pair.name) else { continue };
            let value = pair.value();
            if signals.values[place].is_none() && is_sound(place, &value) {
                signals.values[place] = Some(value);
            }
        }
        signals
    }

    /// Appends them as further parameters of a query.
    pub fn push_query(&self, out: &mut Vec<u8>) {
        self.push("&", NAMES.len(), out);
    }

    /// Appends whether the GDPR applies and the TCF string as further parameters of an address that parts them by
    /// semicolons.
    pub fn push_matrix(&self, out: &mut Vec<u8>) {
        self.push(";", 2, out);
    }

    fn push(&self, separator: &str, most: usize, out: &mut Vec<u8>) {
        for (name, value) in NAMES.iter().zip(&self.values).take(most) {
            let Some(value) = value else { continue };
            for part in [separator, name, "=", value] {
                out.extend_from_slice(part.as_bytes());
            }
        }
    }

    /// Appends them as a JavaScript object, with what is known besides: whether the visitor has explicitly agreed, and
    /// whether networks are to do less.
    pub fn push_script(&self, granted: bool, limited: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if granted { b"{granted:true," } else { b"{granted:false," });
        out.extend_from_slice(if limited { b"limited:true" } else { b"limited:false" });
        for (name, value) in IN_SCRIPTS.iter().zip(&self.values) {
            for part in [",", name, ":\"", value.as_deref().unwrap_or_default(), "\""] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.push(b'}');
    }
}

fn is_sound(place: usize, value: &str) -> bool {
    let all = |fits: fn(u8) -> bool| value.bytes().all(fits);
    match NAMES[place] {
        "gdpr" => matches!(value, "0" | "1"),
        "gpp_sid" => !value.is_empty() && value.len() <= 100 && all(|byte| byte.is_ascii_digit() || byte == b','),
        "us_privacy" => value.len() == 4 && all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        // base64url, sections parted by dots, and by tildes in GPP
        _ => {
            (1..=MAX_STRING).contains(&value.len())
                && all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(query: &str) -> (String, String) {
        let (signals, mut query, mut script) = (Signals::read(Query::new(query)), Vec::new(), Vec::new());
        signals.push_query(&mut query);
        signals.push_script(true, false, &mut script);
        (String::from_utf8(query).unwrap(), String::from_utf8(script).unwrap())
    }

    #[test]
    fn what_came_is_passed_on_and_nothing_else() {
        let (query, script) =
            texts("a=1&gdpr=1&gdpr_consent=CPx.y-_&gpp=DBABMA~1YN&gpp_sid=2%2C7&us_privacy=1YNN&gdpr=0");
        assert_eq!(query, "&gdpr=1&gdpr_consent=CPx.y-_&gpp=DBABMA~1YN&gpp_sid=2,7&us_privacy=1YNN");
        assert_eq!(
            script,
            r#"{granted:true,limited:false,gdpr:"1",tc:"CPx.y-_",gpp:"DBABMA~1YN",sid:"2,7",usp:"1YNN"}"#
        );
        let hostile = "gdpr=2&gdpr_consent=%22%3Balert(1)&gpp=%3C/script%3E&gpp_sid=x&us_privacy=1YN%22";
        assert_eq!(texts(hostile).0, "");
        assert_eq!(texts(&format!("gpp={}", "A".repeat(MAX_STRING + 1))).0, "");
        assert_eq!(texts("").1, r#"{granted:true,limited:false,gdpr:"",tc:"",gpp:"",sid:"",usp:""}"#);
    }
}
