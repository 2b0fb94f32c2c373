//! Addresses in Markdown: inline links, reference definitions, autolinks in angle brackets, bare ones as GitHub has them,
//! and those of raw HTML. What stands in code, in the sources of images and in front matter is left alone. A parser says
//! what each stretch is; where in it the destination stands is looked for here, and believed when the parser reads the
//! same destination out of it.

mod bare;

use super::{Findings, address, html};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};
use std::{collections::HashSet, ops::Range};

/// What is there beyond CommonMark.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

/// How many characters a content has that may begin or end something.
pub(super) fn marks(content: &str) -> usize {
    content.bytes().filter(|byte| b"[]()<>!*_~`&\\|+-.\n\r".contains(byte)).count()
}

/// Finds destinations and bare addresses.
pub(super) fn find(content: &str) -> Findings {
    let mut reading = Reading::new(content);
    let mut events = Parser::new_ext(content, options()).into_offset_iter();
    for (event, range) in events.by_ref() {
        reading.read(&event, range);
    }
    for (label, definition) in events.reference_definitions().iter() {
        if address::is_http(&definition.dest) && !reading.of_images.contains(&folded(label)) {
            reading.put(after_label(content, definition.span.clone()), &definition.dest);
        }
    }
    let Reading { mut findings, texts, walls, .. } = reading;
    bare::find(content, &texts, walls, &mut findings);
    findings
}

/// The same for all spellings of a label.
fn folded(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Walks through the events.
struct Reading<'a> {
    content: &'a str,
    findings: Findings,
    /// Labels that give an image its source.
    of_images: HashSet<String>,
    /// How many links, images, code blocks and the like are around what comes next.
    closed: usize,
    /// The open link: the end of what its brackets hold so far, and its destination where that stands behind them.
    open: Option<(usize, Option<String>)>,
    /// Stretches of plain text.
    texts: Vec<Range<usize>>,
    /// Where something begins that no bare address goes into.
    walls: Vec<usize>,
}

impl<'a> Reading<'a> {
    fn new(content: &'a str) -> Self {
        let (findings, of_images, texts, walls) = <(Findings, HashSet<_>, Vec<_>, Vec<_>)>::default();
        Self { content, findings, of_images, closed: 0, open: None, texts, walls }
    }

    fn read(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, .. }) => self.start_link(*link_type, dest_url, range),
            Event::End(TagEnd::Link) => self.end_link(range.end),
            event => {
                if let Some((end, _)) = &mut self.open {
                    *end = range.end.max(*end);
                }
                self.read_other(event, range);
            }
        }
    }

    fn read_other(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::Image { id, .. }) => {
                self.of_images.insert(folded(id));
                self.enter(range.start);
            }
            Event::Start(Tag::HtmlBlock) => {
                self.html(range.clone());
                self.enter(range.start);
            }
            Event::Start(Tag::CodeBlock(_) | Tag::MetadataBlock(_)) => self.enter(range.start),
            Event::End(TagEnd::Image | TagEnd::CodeBlock | TagEnd::MetadataBlock(_) | TagEnd::HtmlBlock) => {
                self.leave();
            }
            Event::InlineHtml(tag) => {
                self.walls.push(range.start);
                let name: String =
                    tag.chars().take_while(|character| !matches!(character, ' ' | '\t' | '\n' | '>')).collect();
                match name.to_ascii_lowercase().as_str() {
                    "<a" => self.closed += 1,
                    "</a" => self.leave(),
                    _ => {}
                }
                self.html(range);
            }
            Event::Text(_) if self.closed == 0 => self.texts.push(range),
            Event::Code(_) => self.walls.push(range.start),
            Event::End(TagEnd::TableCell) => self.walls.push(range.end),
            _ => {}
        }
    }

    fn start_link(&mut self, kind: LinkType, destination: &str, range: Range<usize>) {
        let inside = self.closed > 0;
        self.enter(range.start);
        let http = address::is_http(destination) && !inside;
        match kind {
            LinkType::Autolink if http => self.put(Some(range.start + 1..range.end - 1), destination),
            LinkType::Inline => self.open = Some((range.start + 1, http.then(|| destination.to_owned()))),
            _ => {}
        }
    }

    fn end_link(&mut self, end: usize) {
        self.leave();
        let Some((from, Some(wanted))) = self.open.take() else { return };
        let place = self.content.get(from..end).and_then(|rest| rest.find("]("));
        self.put(place.and_then(|at| destination(self.content, from + at + 2)), &wanted);
    }

    fn enter(&mut self, start: usize) {
        self.closed += 1;
        self.walls.push(start);
    }

    fn leave(&mut self) {
        self.closed = self.closed.saturating_sub(1);
    }

    /// Takes in what stands in raw HTML.
    fn html(&mut self, range: Range<usize>) {
        let Some(text) = self.content.get(range.clone()) else { return };
        let found = html::find(text);
        let places = found.places.into_iter();
        self.findings
            .places
            .extend(places.map(|(place, address)| (range.start + place.start..range.start + place.end, address)));
        self.findings.unplaced.extend(found.unplaced);
    }

    /// Takes in a destination, where it stands for what the parser read.
    fn put(&mut self, place: Option<Range<usize>>, wanted: &str) {
        let place = place.filter(|range| meaning(&self.content[range.clone()]).as_deref() == Some(wanted));
        match place {
            Some(range) => self.findings.places.push((range, wanted.to_owned())),
            None => self.findings.unplaced.push(wanted.to_owned()),
        }
    }
}

/// What a destination means: backslashes and entities are read as the parser does.
fn meaning(destination: &str) -> Option<String> {
    Parser::new(&format!("[x](<{destination}>)")).find_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    })
}

/// Where the destination of a reference definition stands.
fn after_label(content: &str, definition: Range<usize>) -> Option<Range<usize>> {
    let text = content.get(definition.clone())?;
    let (mut escaped, mut opened) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => opened = true,
            b']' if opened => {
                let colon = text[at + 1..].starts_with(':');
                return colon.then(|| destination(content, definition.start + at + 2)).flatten();
            }
            _ => {}
        }
    }
    None
}

/// Where a destination stands that begins after white space at `from`: within angle brackets, else up to white space or
/// to the bracket that ends the link.
fn destination(content: &str, from: usize) -> Option<Range<usize>> {
    let rest = content.get(from..)?;
    let start = from + (rest.len() - rest.trim_start().len());
    let text = content.get(start..)?;
    let angled = text.starts_with('<');
    let first = usize::from(angled);
    let (mut escaped, mut depth) = (false, 0_usize);
    for (at, byte) in text.bytes().enumerate().skip(first) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'\n' | b'\r' if angled => return None,
            b'>' if angled => return Some(start + 1..start + at),
            _ if angled => {}
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(start..start + at),
            b')' => depth -= 1,
            byte if byte <= b' ' => return Some(start..start + at),
            _ => {}
        }
    }
    (!angled).then_some(start..content.len())
}
