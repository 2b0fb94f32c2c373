//! Bare addresses in Markdown, as the autolinks extension of GitHub Flavored Markdown has them: from `http://` or `https://`
//! to white space, without the marks at their end that belong to the sentence.

use super::{super::Findings, address, meaning};
use std::ops::Range;

/// Finds them in stretches of plain text; `walls` are where something begins that none goes into.
pub(super) fn find(content: &str, texts: &[Range<usize>], mut walls: Vec<usize>, findings: &mut Findings) {
    walls.sort_unstable();
    let mut behind = 0;
    for text in texts {
        for start in starts(content, text) {
            // part of an address that began before
            if start < behind {
                continue;
            }
            let wall = walls.get(walls.partition_point(|wall| *wall <= start)).copied();
            let end = wall.unwrap_or(content.len());
            let Some(stretch) = content.get(start..end) else { continue };
            let (stop, placeholders) = stop(stretch);
            // the last placeholder is none of the marks at the end
            let found = &stretch[..trimmed(&stretch[..stop]).len().max(placeholders)];
            behind = start + found.len();
            match meaning(found).filter(|_| !found.contains('\\')) {
                Some(address) => findings.places.push((start..behind, address)),
                None => findings.unplaced.push(found.to_owned()),
            }
        }
    }
}

/// Where an address ends that a stretch of text starts with, and where the last placeholder of a mail program in it does.
fn stop(stretch: &str) -> (usize, usize) {
    let over = |character: char| character.is_whitespace() || matches!(character, '<' | '>');
    let mut placeholders = 0;
    for (range, character) in address::pieces(stretch) {
        match character {
            None => placeholders = range.end,
            // both at once: a search beyond the end of the address, again for each one, would be quadratic
            Some(character) if over(character) || address::ENDS.contains(&character) => {
                return (range.start, placeholders);
            }
            Some(_) => {}
        }
    }
    (stretch.len(), placeholders)
}

/// Where addresses begin in a stretch of text: not within a word.
fn starts(content: &str, text: &Range<usize>) -> Vec<usize> {
    let Some(stretch) = content.get(text.clone()) else { return Vec::new() };
    let colons = stretch.match_indices("://").map(|(at, _)| text.start + at);
    let start = |colon: usize| {
        let start = ["https", "http"].into_iter().find_map(|scheme| {
            let start = colon.checked_sub(scheme.len()).filter(|start| *start >= text.start)?;
            content.get(start..colon)?.eq_ignore_ascii_case(scheme).then_some(start)
        })?;
        let before = content[..start].chars().next_back();
        let named = content[colon + 3..].starts_with(|first: char| first.is_alphanumeric() || first == '[');
        (named && !before.is_some_and(char::is_alphanumeric)).then_some(start)
    };
    colons.filter_map(start).collect()
}

/// Longest name of an entity; the HTML standard has none with more than 31 letters.
const LONGEST_ENTITY: usize = 32;

/// Without the marks at the end that belong to what is around. Each bracket is counted once, so that the time is linear.
fn trimmed(mut found: &str) -> &str {
    let count = |open: char, close: char| found.matches(close).count().saturating_sub(found.matches(open).count());
    let mut unopened = [('(', ')'), ('[', ']'), ('{', '}')].map(|(open, close)| (close, count(open, close)));
    loop {
        let Some(last) = found.chars().next_back() else { return found };
        let shorter = &found[..found.len() - last.len_utf8()];
        found = match last {
            '?' | '!' | '.' | ',' | ':' | '*' | '_' | '~' | '\'' | '"' | '|' | '`' => shorter,
            // an entity, such as that of a quotation mark, is one mark
            ';' => &found[..entity(shorter).unwrap_or(shorter.len())],
            bracket => {
                let more = unopened.iter_mut().find(|(close, more)| *close == bracket && *more > 0);
                let Some((_, more)) = more else { return found };
                *more -= 1;
                shorter
            }
        };
    }
}

/// Where an entity begins that a text ends with, but for its semicolon.
fn entity(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let length = bytes.iter().rev().take(LONGEST_ENTITY).take_while(|byte| name(byte)).count();
    let start = bytes.len().checked_sub(length + 1)?;
    (bytes[start] == b'&').then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_at_the_end_are_none_of_an_address() {
        for (found, address) in [
            ("http://a/b)", "http://a/b"),
            ("http://a/(b)", "http://a/(b)"),
            ("http://a/(b))].", "http://a/(b)"),
            ("http://a/b&quot;", "http://a/b"),
            ("http://a/b;", "http://a/b"),
            ("http://a/b?c=1&d;x;", "http://a/b?c=1&d;x"),
            ("http://a/é)", "http://a/é"),
        ] {
            assert_eq!(trimmed(found), address, "{found}");
        }
    }

    #[test]
    fn many_marks_take_no_longer_than_their_number() {
        // a quadratic search would take hours
        for mark in [")", ";", "]", "。", "&a;"] {
            let text = format!("http://a/{}", mark.repeat(4_000_000));
            assert_eq!(trimmed(&text).len() < 10, mark != "。", "{mark}");
        }
        let mut findings = Findings::default();
        let text = "http://a。".repeat(400_000);
        let whole = 0..text.len();
        find(&text, std::slice::from_ref(&whole), Vec::new(), &mut findings);
        assert_eq!(findings.places.len(), 400_000);
    }
}
