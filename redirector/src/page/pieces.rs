//! Text cut at its holes. Templates are rendered once with a mark in place of what only a visit knows; the result is
//! cut at the marks, and a visit copies the pieces and fills the holes, each through the escaper of its place. Long
//! texts that all pages share are pieces of their own, so that a page in memory is small.

use super::{
    escape,
    voice::{Part, Voice},
};
use crate::visitor::signals::{NONE, Signals};
use contract::destination::encode_value;
use std::sync::Arc;
use uuid::Uuid;

/// What only a visit knows, and the place it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// The nonce of the response: letters and digits.
    Nonce,
    /// The click's id.
    ClickId,
    /// The receipt's token: letters, digits, `-`, `_`.
    Token,
    /// 1 where the visit waits for the networks' answers, else 0.
    Waits,
    /// Milliseconds since the Unix epoch.
    Timestamp,
    /// Digits that no other visit has.
    CacheBuster,
    /// The destination inside a JavaScript string.
    DestinationScript,
    /// The destination inside an HTML attribute.
    DestinationAttribute,
    /// The destination as a value in another address.
    DestinationValue,
    /// What is known of consent, as a JavaScript object.
    ConsentScript,
    /// The consent strings that the visit carries, as further parameters of a query.
    ConsentQuery,
    /// Those of the GDPR, as further parameters of an address that parts them by semicolons.
    ConsentMatrix,
    /// What stands from here to the end is for visits in limited mode alone.
    LimitedBegins,
    /// What stands from here to the end is for visitors who have explicitly agreed.
    GrantedBegins,
    /// See [`Hole::LimitedBegins`] and [`Hole::GrantedBegins`].
    Ends,
    /// What a preview shows in place of leaving, as JavaScript; 0 for a visit.
    Overlay,
}

const HOLES: [Hole; 16] = [
    Hole::Nonce,
    Hole::ClickId,
    Hole::Token,
    Hole::Waits,
    Hole::Timestamp,
    Hole::CacheBuster,
    Hole::DestinationScript,
    Hole::DestinationAttribute,
    Hole::DestinationValue,
    Hole::ConsentScript,
    Hole::ConsentQuery,
    Hole::ConsentMatrix,
    Hole::LimitedBegins,
    Hole::GrantedBegins,
    Hole::Ends,
    Hole::Overlay,
];

const OVERLAY: &str = include_str!("../../templates/overlay.js");

/// Number of the first mark of a [`Part`].
const PARTS_FROM: usize = 50;

/// What a visit fills the holes with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values<'a> {
    /// The nonce of the response.
    pub nonce: &'a str,
    /// The click's id.
    pub click_id: Uuid,
    /// The receipt's token.
    pub token: &'a str,
    /// Whether the visit waits for the networks' answers.
    pub waits: bool,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The destination.
    pub destination: &'a str,
    /// Whether the visitor has explicitly agreed.
    pub granted: bool,
    /// Whether a Global Privacy Control signal came along and the tenant's policy fires all the same: networks are asked
    /// to do less.
    pub limited: bool,
    /// Consent strings that the visit carries, where it carries a query.
    pub signals: Option<&'a Signals<'a>>,
    /// The networks of the page, as a JavaScript array, where it is a preview.
    pub overlay: Option<&'a str>,
    /// What the page says in its own words.
    pub voice: Voice<'a>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(Box<str>),
    Shared(Arc<str>),
    Hole(Hole),
    Part(Part),
}

/// The marks: letters and digits that every escaper leaves alone, behind a random word that no text can guess.
#[derive(Debug)]
pub(super) struct Marks {
    word: String,
    shared: Vec<Arc<str>>,
}

impl Default for Marks {
    fn default() -> Self {
        Self::new()
    }
}

impl Marks {
    /// Draws the word.
    #[must_use]
    pub(super) fn new() -> Self {
        Self { word: format!("z{:032x}z", rand::random::<u128>()), shared: Vec::new() }
    }

    /// The mark of a hole.
    #[must_use]
    pub(super) fn of(&self, hole: Hole) -> String {
        let number = HOLES.iter().position(|known| *known == hole).unwrap_or_default();
        format!("{}{number:02}", self.word)
    }

    /// The marks of the parts that depend on the voice, by their names.
    pub(super) fn parts(&self) -> serde_json::Value {
        Part::all().map(|(number, _, name)| (name, format!("{}{:02}", self.word, PARTS_FROM + number))).collect()
    }

    /// The mark of a text that all pages share.
    pub(super) fn share(&mut self, text: &str) -> String {
        self.shared.push(text.into());
        format!("{}{:02}", self.word, HOLES.len() + self.shared.len() - 1)
    }

    /// Cuts a text at its marks.
    #[must_use]
    pub(super) fn cut(&self, text: &str) -> Pieces {
        let mut pieces = Vec::new();
        let mut stretches = text.split(self.word.as_str());
        push(&mut pieces, stretches.next().unwrap_or_default());
        for stretch in stretches {
            let (number, rest) = stretch.split_at_checked(2).unwrap_or((stretch, ""));
            let number: usize = number.parse().unwrap_or(usize::MAX);
            if let Some(part) = number.checked_sub(PARTS_FROM).and_then(Part::numbered) {
                pieces.push(Piece::Part(part));
            } else if let Some(hole) = HOLES.get(number) {
                pieces.push(Piece::Hole(*hole));
            } else if let Some(text) = number.checked_sub(HOLES.len()).and_then(|number| self.shared.get(number)) {
                pieces.push(Piece::Shared(text.clone()));
            }
            push(&mut pieces, rest);
        }
        let fixed = pieces.iter().map(Piece::length).sum();
        Pieces { pieces: pieces.into(), fixed }
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
}

impl Piece {
    fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Shared(text) => text.len(),
            Self::Hole(_) | Self::Part(_) => 0,
        }
    }
}

/// A text with holes.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    pieces: Box<[Piece]>,
    fixed: usize,
}

impl Pieces {
    /// Joins the pieces, with the holes filled.
    #[must_use]
    pub(super) fn fill(&self, values: &Values<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.fixed + 1024 + 2 * values.destination.len());
        let mut skips = false;
        for piece in &self.pieces {
            match piece {
                Piece::Hole(Hole::LimitedBegins) => skips = !values.limited,
                Piece::Hole(Hole::GrantedBegins) => skips = !values.granted,
                Piece::Hole(Hole::Ends) => skips = false,
                _ if skips => {}
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Shared(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Hole(hole) => fill(*hole, values, &mut out),
                Piece::Part(part) => values.voice.push(*part, &mut out),
            }
        }
        out
    }
}

fn fill(hole: Hole, values: &Values<'_>, out: &mut Vec<u8>) {
    match hole {
        Hole::Nonce => out.extend_from_slice(values.nonce.as_bytes()),
        Hole::Token => out.extend_from_slice(values.token.as_bytes()),
        Hole::Waits => out.push(if values.waits { b'1' } else { b'0' }),
        Hole::ClickId => {
            out.extend_from_slice(values.click_id.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
        }
        Hole::Timestamp => out.extend_from_slice(values.at.to_string().as_bytes()),
        Hole::CacheBuster => out.extend_from_slice(values.click_id.as_u64_pair().1.to_string().as_bytes()),
        Hole::DestinationScript => escape::push_script(out, values.destination),
        Hole::DestinationAttribute => escape::push_text(out, values.destination),
        Hole::DestinationValue => out.extend_from_slice(encode_value(values.destination).as_bytes()),
        Hole::ConsentScript => values.signals.unwrap_or(&NONE).push_script(values.granted, values.limited, out),
        Hole::ConsentQuery => values.signals.unwrap_or(&NONE).push_query(out),
        Hole::ConsentMatrix => values.signals.unwrap_or(&NONE).push_matrix(out),
        Hole::LimitedBegins | Hole::GrantedBegins | Hole::Ends => {}
        Hole::Overlay => match values.overlay {
            Some(names) => out.extend_from_slice(OVERLAY.replace("NAMES", names).as_bytes()),
            None => out.push(b'0'),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::visitor::Query;

    #[test]
    fn holes_are_filled_each_for_its_place() {
        let mut marks = Marks::new();
        let shared = marks.share("{shared}");
        let hole = |hole| marks.of(hole);
        let text = [
            "a".to_owned(),
            hole(Hole::Nonce),
            hole(Hole::Waits),
            shared,
            "b".to_owned(),
            hole(Hole::DestinationScript),
            " ".to_owned(),
            hole(Hole::DestinationAttribute),
            " ".to_owned(),
            hole(Hole::DestinationValue),
            hole(Hole::Timestamp),
            "c".to_owned(),
        ];
        let pieces = marks.cut(&text.concat());
        let signals = Signals::read(Query::new("gdpr=1&us_privacy=1YNN"));
        let values = Values {
            nonce: "N",
            click_id: Uuid::nil(),
            token: "T",
            waits: true,
            at: 7,
            destination: "https://a/?b&'c",
            signals: Some(&signals),
            ..Values::default()
        };
        let filled = String::from_utf8(pieces.fill(&values)).unwrap();
        assert_eq!(
            filled,
            "aN1{shared}bhttps://a/?b\\u0026\\u0027c https://a/?b&amp;&#39;c https%3A%2F%2Fa%2F%3Fb%26%27c7c"
        );
        assert_eq!(marks.cut("").fill(&values), b"");
        let limited = [Hole::ConsentQuery, Hole::LimitedBegins, Hole::Ends].map(|hole| marks.of(hole)).join("&l");
        let fill = |values: &Values<'_>| String::from_utf8(marks.cut(&limited).fill(values)).unwrap();
        assert_eq!(fill(&values), "&gdpr=1&us_privacy=1YNN&l");
        assert_eq!(fill(&Values { limited: true, ..values }), "&gdpr=1&us_privacy=1YNN&l&l");
        let granted = [Hole::ConsentMatrix, Hole::GrantedBegins, Hole::Ends].map(|hole| marks.of(hole)).join(";g");
        let fill = |values: &Values<'_>| String::from_utf8(marks.cut(&granted).fill(values)).unwrap();
        assert_eq!(fill(&Values { limited: true, ..values }), ";gdpr=1;g");
        assert_eq!(fill(&Values { granted: true, ..values }), ";gdpr=1;g;g");
    }
}
