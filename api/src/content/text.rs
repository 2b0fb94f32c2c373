//! Addresses in plain text: those with `http://` or `https://` before them. What starts with `www.` alone is no address:
//! which of the two schemes it means, nobody says.

use super::{Findings, address};
use linkify::{LinkFinder, LinkKind};

/// Finds addresses; full stops, commas, brackets and quotation marks around them are none of theirs.
pub(super) fn find(content: &str) -> Findings {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let found = finder.links(content).filter(|link| address::is_http(link.as_str()));
    let place = |link: linkify::Link<'_>| {
        let address = address::cut(link.as_str());
        (link.start()..link.start() + address.len(), address.to_owned())
    };
    Findings { places: found.map(place).collect(), unplaced: Vec::new() }
}
