//! Addresses in plain text: those with `http://` or `https://` before them. What starts with `www.` alone is no address:
//! which of the two schemes it means, nobody says. Hosts may have letters of any alphabet and `_`, and a full stop at their
//! end where more of the address follows.

use super::{Findings, address};

/// What no address goes on behind, besides white space and [`address::ENDS`].
const STOPS: [char; 6] = ['|', '"', '<', '>', '`', '\u{7f}'];
/// Marks that an address may have within, but that belong to the sentence at its end.
const MARKS: [char; 7] = ['?', '!', '.', ',', ':', ';', '*'];
/// Brackets: one that was not opened in the address ends it.
const BRACKETS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];

/// Finds addresses; full stops, commas, brackets and quotation marks around them are none of theirs.
pub(super) fn find(content: &str) -> Findings {
    let mut findings = Findings::default();
    let mut behind = 0;
    for (colon, _) in content.match_indices("://") {
        // part of an address that began before
        let Some(start) = start(content, colon).filter(|start| *start >= behind) else { continue };
        let quote = content[..start].chars().next_back().filter(|before| *before == '\'');
        let rest = &content[colon + 3..];
        let host = authority(rest);
        if host == 0 {
            continue;
        }
        behind = colon + 3 + host + path(&rest[host..], quote);
        let found = &content[start..behind];
        if address::host(found).is_some() {
            findings.places.push((start..behind, found.to_owned()));
        }
    }
    findings
}

/// Where the address begins whose scheme ends here; not within a word.
fn start(content: &str, colon: usize) -> Option<usize> {
    let start = ["https", "http"].into_iter().find_map(|scheme| {
        let start = colon.checked_sub(scheme.len())?;
        content.get(start..colon)?.eq_ignore_ascii_case(scheme).then_some(start)
    })?;
    let before = content[..start].chars().next_back();
    (!before.is_some_and(|letter| letter.is_ascii_alphanumeric())).then_some(start)
}

/// Bytes of the host that a text starts with, with what stands before an `@` and with its port. Full stops and the like at
/// its end are its own where a port, a path, a query or a fragment follows.
fn authority(rest: &str) -> usize {
    let userinfo = |letter: char| in_host(letter) || "~%:@+=&$!".contains(letter);
    let stretch = &rest[..rest.find(|letter| !userinfo(letter)).unwrap_or(rest.len())];
    let from = stretch.rfind('@').map_or(0, |at| at + 1);
    let host = &rest[from..];
    let length = match host.strip_prefix('[') {
        Some(literal) => literal
            .find(|letter: char| !letter.is_ascii_hexdigit() && !matches!(letter, ':' | '.'))
            .map_or(0, |at| at + 2),
        None => host.find(|letter| !in_host(letter)).unwrap_or(host.len()),
    };
    let Some(behind) = host.get(length..).filter(|_| length > 0) else { return 0 };
    let port = behind.strip_prefix(':').map_or(0, |port| port.bytes().take_while(u8::is_ascii_digit).count());
    let port = if port > 0 { port + 1 } else { 0 };
    if port > 0 || behind.starts_with(['/', '?', '#']) {
        return from + length + port;
    }
    from + host[..length].trim_end_matches(['.', '-', '_']).len()
}

/// Letters and digits of any alphabet with their marks, and what joins them: what is beyond ASCII and no punctuation.
fn in_host(letter: char) -> bool {
    match letter {
        '\u{200c}' | '\u{200d}' => true,
        _ if letter.is_ascii() => letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_'),
        '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{b6}' | '\u{b8}'..='\u{bf}' => false,
        '\u{5be}' | '\u{5c0}' | '\u{5c3}' | '\u{60c}' | '\u{61b}' | '\u{61f}' | '\u{6d4}' | '\u{964}' | '\u{965}' => {
            false
        }
        // symbols, and pictures with what varies them
        '\u{2100}'..='\u{2bff}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f000}'..='\u{1faff}' => false,
        '\u{feff}' | '\u{ff5e}' | '\u{ffe0}'..='\u{ffe6}' => false,
        '\u{2000}'..='\u{206f}' | '\u{3000}' | '\u{3008}'..='\u{3020}' | '\u{ff01}'..='\u{ff0f}' => false,
        _ => !letter.is_whitespace() && !address::ENDS.contains(&letter),
    }
}

/// Bytes of the path, the query and the fragment that a text starts with, placeholders of mail programs among them. Each
/// letter is looked at once, but for what begins like a placeholder.
fn path(rest: &str, quote: Option<char>) -> usize {
    if !rest.starts_with(['/', '?', '#']) {
        return 0;
    }
    let mut open = [0_usize; BRACKETS.len()];
    let (mut quoted, mut end) = (false, 0);
    for (range, letter) in address::pieces(rest) {
        let Some(letter) = letter else {
            end = range.end;
            continue;
        };
        let over = letter.is_whitespace() || letter.is_control() || Some(letter) == quote;
        if over || STOPS.contains(&letter) || address::ENDS.contains(&letter) {
            break;
        }
        if let Some(opened) = BRACKETS.iter().position(|(bracket, _)| *bracket == letter) {
            open[opened] += 1;
            continue;
        }
        if let Some(closed) = BRACKETS.iter().position(|(_, bracket)| *bracket == letter) {
            let Some(fewer) = open[closed].checked_sub(1) else { break };
            open[closed] = fewer;
        }
        quoted ^= letter == '\'';
        if !(MARKS.contains(&letter) || letter == '\'' && quoted) {
            end = range.end;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    fn found(content: &str) -> Vec<&str> {
        find(content).places.into_iter().map(|(range, _): (Range<usize>, String)| &content[range]).collect()
    }

    #[test]
    fn hosts_of_every_kind_are_found_whole() {
        for address in [
            "https://example.com./x",
            "https://example.com.:8443/",
            "https://m\u{fc}ller.example",
            "https://m\u{fc}ller.example/stra\u{df}e?q=\u{e4}#\u{f6}",
            "https://mu\u{308}ller.example/x",
            "https://\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}/x",
            "https://\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
            "https://\u{909}\u{926}\u{93e}\u{939}\u{930}\u{923}.\u{92a}\u{930}\u{940}\u{915}\u{94d}\u{937}\u{93e}/",
            "https://my_shop.example.com/x_y",
            "https://_dmarc.example.com",
            "https://user:pass@example.com:8080/x",
            "https://[2001:db8::1]:8080/x",
            "http://localhost:3000#top",
            "https://a.example/?c={click_id}",
            "https://a.example/wiki/Link_(game)",
        ] {
            for (before, after) in
                [("", ""), ("see ", " now"), ("(", ")"), ("'", "'"), ("\u{201c}", "\u{201d}"), ("", ",")]
            {
                assert_eq!(found(&format!("{before}{address}{after}")), [address], "{before}{address}{after}");
            }
        }
    }

    #[test]
    fn what_belongs_to_the_sentence_is_left_to_it() {
        for (content, expected) in [
            ("https://example.com.", &["https://example.com"][..]),
            ("https://example.com... and more", &["https://example.com"]),
            ("_https://example.com_", &["https://example.com"]),
            ("https://a.example,https://b.example", &["https://a.example", "https://b.example"]),
            ("(https://a.example/x),(https://b.example/y)", &["https://a.example/x", "https://b.example/y"]),
            ("https://a.example: here", &["https://a.example"]),
            ("https://a.example\u{1f449}https://b.example/", &["https://a.example", "https://b.example/"]),
            (
                "https://a.example\u{2122} https://b.example\u{61f} https://c.example\u{964}",
                &["https://a.example", "https://b.example", "https://c.example"],
            ),
            (
                "\u{201e}https://m\u{fc}ller.example\u{201c} \u{2013} https://b.example\u{2026}",
                &["https://m\u{fc}ller.example", "https://b.example"],
            ),
            ("\u{89c1}https://a.example/x\u{3002}", &["https://a.example/x"]),
            ("https://a.example/u?id=*|UNIQID|*&s=1 now", &["https://a.example/u?id=*|UNIQID|*&s=1"]),
            ("https://a.example/u?id={{ contact.id }}.", &["https://a.example/u?id={{ contact.id }}"]),
            ("(https://a.example/<%= id %>/x, <<b>>)", &["https://a.example/<%= id %>/x"]),
            ("<https://a.example/<<id>>>", &["https://a.example/<<id>>"]),
            ("https://a.example/%%First Name%%", &["https://a.example/%%First Name%%"]),
            ("*https://a.example/x*|*https://b.example/*", &["https://a.example/x", "https://b.example/"]),
            ("https://a.example/?u=https://b.example/", &["https://a.example/?u=https://b.example/"]),
            ("https:// https:/// http://. http://@ https://[ https://[] ://a.example", &[]),
        ] {
            assert_eq!(found(content), expected, "{content}");
        }
    }

    #[test]
    fn many_addresses_take_no_longer_than_their_number() {
        // a quadratic search would take hours
        for piece in ["http://a/((", "http://a.,", "http://", "http://a@", "http://[", "://", "http://a'"] {
            find(&piece.repeat(400_000));
        }
    }
}
