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
            let stop = stretch.find(|character: char| character.is_whitespace() || matches!(character, '<' | '>'));
            let found = trimmed(address::cut(&stretch[..stop.unwrap_or(stretch.len())]));
            behind = start + found.len();
            match meaning(found).filter(|_| !found.contains('\\')) {
                Some(address) => findings.places.push((start..behind, address)),
                None => findings.unplaced.push(found.to_owned()),
            }
        }
    }
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

/// Without the marks at the end that belong to what is around.
fn trimmed(mut found: &str) -> &str {
    loop {
        let Some(last) = found.chars().next_back() else { return found };
        let count = |character: char| found.matches(character).count();
        let shorter = &found[..found.len() - last.len_utf8()];
        found = match last {
            '?' | '!' | '.' | ',' | ':' | '*' | '_' | '~' | '\'' | '"' | '|' | '`' => shorter,
            ')' if count(')') > count('(') => shorter,
            ']' if count(']') > count('[') => shorter,
            '}' if count('}') > count('{') => shorter,
            // an entity, such as that of a quotation mark, is one mark
            ';' => match shorter.rfind('&') {
                Some(at) if shorter[at + 1..].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#') => {
                    &found[..at]
                }
                _ => shorter,
            },
            _ => return found,
        };
    }
}
