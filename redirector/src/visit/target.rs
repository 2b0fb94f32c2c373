//! Where a visit goes: a link's destination, checked and cut once, then filled in and added to for each visit. Whatever
//! a visitor brings is percent-encoded and stands behind the host, in path, query or fragment: it never chooses another
//! scheme, host or user.

use crate::visitor::Query;
use contract::{
    address::Host,
    destination::{CLICK_IDS, Destination, DestinationError, Field, Part, Reach, encode_value},
    document::{LinkDocument, QueryForwarding, UTM_NAMES},
    preview::PARAMETER,
};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most bytes that a visit may add to a destination.
const MAX_ADDED: usize = 8 * 1024;
/// Kept free of that for click ids, which always survive.
const FOR_CLICK_IDS: usize = 1024;

/// Bytes that a value in a merge field may hold as they are: RFC 3986's unreserved ones.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Bytes that a raw pair of a query may not hold as they are (RFC 3986, section 3.4); the percent sign is seen to
/// apart.
const NOT_IN_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What a visit fills a destination with.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The click's id.
    pub click_id: Uuid,
    /// Country of the visitor.
    pub country: Option<&'a str>,
    /// Kind of device.
    pub device: &'static str,
    /// The visit's query.
    pub query: Query<'a>,
}

/// A destination, ready for visits.
#[derive(Debug, Clone)]
pub struct Target {
    host: Host,
    /// Scheme, host and path.
    path: Vec<Part>,
    /// The destination's own query and the link's UTM fields; `None` for no query at all.
    query: Option<Vec<Part>>,
    /// From the `#` on.
    fragment: Vec<Part>,
    /// Names that a visit cannot bring: those of `query`.
    taken: Vec<String>,
    forwarding: QueryForwarding,
    /// The whole, where nothing is to be filled in.
    plain: Option<String>,
}

impl Target {
    /// Reads a link's destination.
    ///
    /// # Errors Which rule of [`contract::destination`] it breaks; nothing is saved that does, but `reach` may have
    /// changed since.
    pub fn of_link(link: &LinkDocument, slug: &str, reach: Reach) -> Result<Self, DestinationError> {
        let destination = Destination::parse(&link.destination, &link.values, reach)?;
        let mut target = Self::cut(&destination, link.link_id, slug);
        target.add_utm(link);
        target.forwarding = link.forwarding.clone();
        target.plain = target.whole();
        Ok(target)
    }

    /// Reads the address that a refused visit of a link goes to: with merge fields, but nothing is forwarded to it.
    ///
    /// # Errors
    /// As for [`Target::of_link`].
    pub fn of_fallback(
        fallback: &str,
        link: &LinkDocument,
        slug: &str,
        reach: Reach,
    ) -> Result<Self, DestinationError> {
        let destination = Destination::parse(fallback, &link.values, reach)?;
        Ok(Self::cut(&destination, link.link_id, slug))
    }

    /// The address that an unknown slug of a domain goes to, where it is sound and has no merge fields.
    #[must_use]
    pub fn of_domain(fallback: &str, reach: Reach) -> Option<String> {
        Self::cut(&Destination::parse(fallback, &BTreeMap::new(), reach).ok()?, Uuid::nil(), "").plain
    }

    /// The host it leads to.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The address, where it is the same for every visit that brings no query.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        self.plain.as_deref()
    }

    /// The address for one visit.
    #[must_use]
    pub fn fill(&self, filling: Filling<'_>) -> String {
        if let (Some(plain), true) = (&self.plain, filling.query.is_empty()) {
            return plain.clone();
        }
        let mut out = String::with_capacity(256);
        let mut room = MAX_ADDED;
        join(&self.path, filling, true, &mut room, &mut out);
        if let Some(query) = &self.query {
            out.push('?');
            join(query, filling, false, &mut room, &mut out);
        }
        self.forward(filling.query, &mut room, &mut out);
        join(&self.fragment, filling, false, &mut room, &mut out);
        out
    }

    fn cut(destination: &Destination, link_id: Uuid, slug: &str) -> Self {
        let mut areas: [Vec<Part>; 3] = Default::default();
        let mut area = 0;
        let mut has_query = false;
        for part in destination.parts() {
            let mut text = match part {
                Part::Text(text) => text.as_str(),
                Part::Field(Field::LinkId) => {
                    push(&mut areas[area], &link_id.to_string());
                    continue;
                }
                Part::Field(Field::Slug) => {
                    push(&mut areas[area], &encode_value(slug));
                    continue;
                }
                Part::Field(field) => {
                    areas[area].push(Part::Field(field.clone()));
                    continue;
                }
            };
            // the first '?' before any '#' begins the query, the first '#' the fragment
            while area < 2 {
                let Some(at) = text.find(if area == 0 { &['?', '#'][..] } else { &['#'][..] }) else { break };
                push(&mut areas[area], &text[..at]);
                let query_begins = text.as_bytes()[at] == b'?';
                has_query |= query_begins;
                area = if query_begins { 1 } else { 2 };
                text = &text[if query_begins { at + 1 } else { at }..];
            }
            push(&mut areas[area], text);
        }
        let [path, query, fragment] = areas;
        let query = has_query.then_some(query);
        let taken = query.as_deref().map(names).unwrap_or_default();
        let host = destination.host().clone();
        let mut target = Self { host, path, query, fragment, taken, forwarding: QueryForwarding::Off, plain: None };
        target.plain = target.whole();
        target
    }

    /// Adds the link's UTM fields, unless the destination has them.
    fn add_utm(&mut self, link: &LinkDocument) {
        for (name, value) in UTM_NAMES.iter().zip(link.utm.fields()) {
            let Some(value) = value else { continue };
            if self.taken.iter().any(|taken| taken == name) {
                continue;
            }
            let query = self.query.get_or_insert_default();
            let separator = if query.is_empty() { "" } else { "&" };
            push(query, &format!("{separator}{name}={}", encode_value(value)));
            self.taken.push((*name).to_owned());
        }
    }

    fn whole(&self) -> Option<String> {
        let mut out = String::new();
        let begin = self.query.as_ref().map(|_| Part::Text("?".to_owned()));
        let query = begin.iter().chain(self.query.iter().flatten());
        for part in self.path.iter().chain(query).chain(&self.fragment) {
            let Part::Text(text) = part else { return None };
            out.push_str(text);
        }
        Some(out)
    }

    fn forward(&self, query: Query<'_>, room: &mut usize, out: &mut String) {
        if query.is_empty() {
            return;
        }
        let (start, end) = (out.len(), out.len() + *room);
        let mut separator = match &self.query {
            None => '?',
            Some(own) if own.is_empty() => '\0',
            Some(_) => '&',
        };
        for pair in query.pairs() {
            let is_click_id = CLICK_IDS.contains(&&*pair.name);
            let goes_on = is_click_id
                || match &self.forwarding {
                    QueryForwarding::All => true,
                    QueryForwarding::Off => false,
                    QueryForwarding::Only(names) => names.iter().any(|name| *name == pair.name),
                };
            if !goes_on || pair.name == PARAMETER || self.taken.iter().any(|taken| *taken == pair.name) {
                continue;
            }
            let before = out.len();
            if separator != '\0' {
                out.push(separator);
            }
            push_raw(pair.raw, out);
            if out.len() > if is_click_id { end } else { end.saturating_sub(FOR_CLICK_IDS) } {
                out.truncate(before);
                continue;
            }
            separator = '&';
        }
        *room = room.saturating_sub(out.len() - start);
    }
}

/// Appends text, to the last stretch of text where there is one.
fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(last)) => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// The names in a query; a name with a merge field in it is known at the visit only and not among them.
fn names(query: &[Part]) -> Vec<String> {
    let text: String = query
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Field(_) => "",
        })
        .collect();
    Query::new(&text).pairs().map(|pair| pair.name.into_owned()).collect()
}

fn join(parts: &[Part], filling: Filling<'_>, in_path: bool, room: &mut usize, out: &mut String) {
    for part in parts {
        let before = out.len();
        match part {
            Part::Text(text) => {
                out.push_str(text);
                continue;
            }
            Part::Field(Field::ClickId) => push_id(filling.click_id, out),
            Part::Field(Field::Country) => out.push_str(&encode_value(filling.country.unwrap_or_default())),
            Part::Field(Field::Device) => out.push_str(filling.device),
            // known when the target was cut
            Part::Field(Field::LinkId | Field::Slug) => {}
            Part::Field(Field::Parameter(name)) => push_parameter(filling.query, name, in_path, out),
        }
        match room.checked_sub(out.len() - before) {
            Some(left) => *room = left,
            None => out.truncate(before),
        }
    }
}

fn push_id(id: Uuid, out: &mut String) {
    out.push_str(id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

fn push_parameter(query: Query<'_>, name: &str, in_path: bool, out: &mut String) {
    let Some(raw) = query.raw_value(name) else { return };
    let spaced = raw.replace('+', " ");
    let value: Vec<u8> = percent_encoding::percent_decode_str(&spaced).collect();
    // a segment of dots alone would climb out of the path that the link's owner wrote
    if in_path && value.iter().all(|byte| *byte == b'.') {
        return;
    }
    out.extend(percent_encode(&value, VALUE));
}

/// Appends a raw pair byte by byte; what may not stand in a query is percent-encoded, and so is a lone percent sign.
fn push_raw(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find('%') {
        out.extend(percent_encode(&rest.as_bytes()[..at], NOT_IN_QUERY));
        let escaped = rest.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        out.push_str(if escaped { "%" } else { "%25" });
        rest = &rest[at + 1..];
    }
    out.extend(percent_encode(rest.as_bytes(), NOT_IN_QUERY));
}

#[cfg(test)]
mod tests;
