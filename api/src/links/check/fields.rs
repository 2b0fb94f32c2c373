//! The fields of a link, one by one: each gives what may be stored and notes what is wrong.

use super::{
    MAX_DESCRIPTION, MAX_NAMES, MAX_QUERY_NAME, MAX_TAG, MAX_TAGS, MAX_TITLE, MAX_UTM, MAX_VALUE, MAX_VALUE_NAME,
    MAX_VALUES,
};
use crate::{
    error::{Code, Mistake},
    links::{
        draft::{Forwarding, ForwardingMode},
        text::{line, mistake, required},
    },
};
use contract::{
    destination::{Destination, DestinationError, MAX_DESTINATION, Reach},
    document::{Card, QueryForwarding, UTM_NAMES, Utm},
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Merge fields that are filled in by the visit: no value can have their name.
const BUILT_IN: [&str; 5] = ["click_id", "link_id", "slug", "country", "device"];

/// Checks a destination; `values` are those of the link.
pub(super) fn destination(
    text: &str,
    values: &BTreeMap<String, String>,
    reach: Reach,
    mistakes: &mut Vec<Mistake>,
) -> Option<Destination> {
    address(&["destination"], text, values, reach, mistakes)
}

/// Checks an address that no merge field may stand in.
pub(crate) fn plain_address(
    path: &[&str],
    text: &str,
    reach: Reach,
    mistakes: &mut Vec<Mistake>,
) -> Option<Destination> {
    if text.contains(['{', '}']) {
        mistakes.push(at(path, Code::Invalid, "must not have merge fields; write %7B and %7D for literal braces"));
        return None;
    }
    address(path, text, &BTreeMap::new(), reach, mistakes)
}

fn address(
    path: &[&str],
    text: &str,
    values: &BTreeMap<String, String>,
    reach: Reach,
    mistakes: &mut Vec<Mistake>,
) -> Option<Destination> {
    let parsed = Destination::parse(text, values, reach).and_then(|parsed| {
        // what is stored is checked again with every change of the link
        if parsed.as_str().len() > MAX_DESTINATION { Err(DestinationError::TooLong) } else { Ok(parsed) }
    });
    if let Err(error) = &parsed {
        let code = if *error == DestinationError::TooLong { Code::TooLong } else { Code::Invalid };
        mistakes.push(at(path, code, error.to_string()));
    }
    parsed.ok()
}

fn at(path: &[&str], code: Code, message: impl Into<String>) -> Mistake {
    Mistake { field: path.iter().map(|&part| part.to_owned()).collect(), code, message: message.into() }
}

/// Checks tags: trimmed, as they were entered, each once whatever its case.
pub(super) fn tags(given: &[String], mistakes: &mut Vec<Mistake>) -> Vec<String> {
    if given.len() > MAX_TAGS {
        mistakes.push(mistake(["tags"], Code::LimitReached, format!("must be at most {MAX_TAGS}")));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for (index, tag) in given.iter().enumerate() {
        let tag = required(["tags", &index.to_string()], tag, MAX_TAG, mistakes);
        if seen.insert(tag.to_lowercase()) {
            kept.push(tag);
        }
    }
    kept
}

/// Checks the names of forwarded parameters; they stand beside `ONLY` alone.
pub(super) fn forwarding(given: &Forwarding, mistakes: &mut Vec<Mistake>) -> QueryForwarding {
    const NAMES: [&str; 2] = ["queryForwarding", "names"];
    match given.mode {
        ForwardingMode::All | ForwardingMode::Off if !given.names.is_empty() => {
            mistakes.push(mistake(NAMES, Code::Invalid, "are for the mode ONLY"));
        }
        ForwardingMode::Only if given.names.is_empty() => {
            mistakes.push(mistake(NAMES, Code::Invalid, "must not be empty in the mode ONLY"));
        }
        ForwardingMode::Only if given.names.len() > MAX_NAMES => {
            mistakes.push(mistake(NAMES, Code::LimitReached, format!("must be at most {MAX_NAMES}")));
        }
        _ => {}
    }
    match given.mode {
        ForwardingMode::All => QueryForwarding::All,
        ForwardingMode::Off => QueryForwarding::Off,
        ForwardingMode::Only => {
            let names = given.names.iter().take(MAX_NAMES).enumerate();
            let name = |(index, name): (usize, &String)| {
                required([NAMES[0], NAMES[1], &index.to_string()], name, MAX_QUERY_NAME, mistakes)
            };
            QueryForwarding::Only(names.map(name).collect::<BTreeSet<_>>().into_iter().collect())
        }
    }
}

/// Checks the UTM fields; an empty one counts as absent.
pub(super) fn utm(given: &Utm, mistakes: &mut Vec<Mistake>) -> Utm {
    let mut kept = Utm::default();
    for ((field, text), name) in kept.fields_mut().into_iter().zip(given.fields()).zip(UTM_NAMES) {
        let name = name.strip_prefix("utm_").unwrap_or(name);
        *field = text.as_deref().and_then(|text| line(["utm", name], text, MAX_UTM, mistakes));
    }
    kept
}

/// Checks the values for merge fields. A wrong one is kept in what is given back, so that the destination is not blamed
/// for its name as well.
pub(super) fn values(given: Vec<(String, String)>, mistakes: &mut Vec<Mistake>) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    if given.len() > MAX_VALUES {
        mistakes.push(mistake(["values"], Code::LimitReached, format!("must be at most {MAX_VALUES}")));
    }
    for (index, (name, value)) in given.into_iter().take(MAX_VALUES).enumerate() {
        let place = index.to_string();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let path = ["values", &place, "name"];
        if name.is_empty() || name.len() > MAX_VALUE_NAME || !name.bytes().all(plain) {
            let rule = format!("must be 1 to {MAX_VALUE_NAME} lower-case letters and digits of ASCII and '_'");
            mistakes.push(mistake(path, Code::Invalid, rule));
        } else if BUILT_IN.contains(&name.as_str()) {
            mistakes.push(mistake(path, Code::Invalid, "is the name of a merge field that the visit fills in"));
        } else if kept.contains_key(&name) {
            mistakes.push(mistake(path, Code::Invalid, "is given twice"));
        }
        let value = line(["values", &place, "value"], &value, MAX_VALUE, mistakes).unwrap_or_default();
        kept.insert(name, value);
    }
    kept
}

/// Checks a preview card. Line breaks in its description become spaces.
pub(super) fn card(given: Card, reach: Reach, mistakes: &mut Vec<Mistake>) -> Card {
    let title = required(["card", "title"], &given.title, MAX_TITLE, mistakes);
    let description = given.description.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let description = description.and_then(|text| line(["card", "description"], &text, MAX_DESCRIPTION, mistakes));
    let image = given.image.filter(|text| !text.trim().is_empty());
    let image = image.and_then(|text| plain_address(&["card", "image"], &text, reach, mistakes));
    Card { title, description, image: image.map(|image| image.as_str().to_owned()) }
}
