//! Addresses in plain text: those with `http://` or `https://` before them. What starts with `www.` alone is no address:
//! which of the two schemes it means, nobody says.

use super::{Findings, address};
use linkify::{LinkFinder, LinkKind};

/// Finds addresses; full stops, commas, brackets and quotation marks around them are none of theirs.
pub(super) fn find(content: &str) -> Findings {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut findings = Findings::default();
    let mut from = 0;
    for stretch in content.split_inclusive(address::ENDS) {
        for link in finder.links(stretch.trim_end_matches(address::ENDS)).filter(|link| address::is_http(link.as_str()))
        {
            findings.places.push((from + link.start()..from + link.end(), link.as_str().to_owned()));
        }
        from += stretch.len();
    }
    findings
}
