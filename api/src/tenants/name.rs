//! What a tenant may be called. Its name stands in the mails that invite members, which go to whom the tenant chooses: it must
//! not be a way to send strangers a link. Pure.

use super::MAX_NAME;
use crate::error::{Code, Mistakes};

/// Notes what is wrong with a tenant's name and gives it trimmed.
pub(crate) fn check_name(field: &str, name: &str, mistakes: &mut Mistakes) -> String {
    let name = name.trim();
    if name.is_empty() {
        mistakes.add(field, Code::Invalid, "must not be empty");
    } else if name.chars().count() > MAX_NAME {
        mistakes.add(field, Code::TooLong, format!("must have at most {MAX_NAME} characters"));
    } else if name.contains(|letter: char| {
        letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }) {
        mistakes.add(field, Code::Invalid, "must not hold control characters");
    } else if is_like_an_address(name) {
        mistakes.add(field, Code::Invalid, "must not hold a web address: it stands in the mails that invite members");
    }
    name.to_owned()
}

/// Whether a text holds what a mail program makes a link of: `//`, `http:`, `www.`, or a host with a path or a port behind
/// it, such as `example.com/`. A mere name with a dot in it is none: companies have such names.
pub(crate) fn is_like_an_address(text: &str) -> bool {
    // the spellings of a dot that browsers read as one (UTS #46), and the wide slash and colon
    let plain = |letter: char| match letter {
        '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => '.',
        '\u{ff0f}' | '\\' => '/',
        '\u{ff1a}' => ':',
        other => other,
    };
    // what nobody sees, and mail programs may leave out
    let unseen =
        |letter: &char| matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let text: String = text.chars().filter(|letter| !unseen(letter)).map(plain).flat_map(char::to_lowercase).collect();
    if ["//", "http:", "https:", "www."].iter().any(|start| text.contains(start)) {
        return true;
    }
    let host = |before: &str| {
        let label = |part: &str| part.chars().next_back().is_some_and(char::is_alphanumeric);
        let word = before.rsplit(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '.' | '-' | '_')).next();
        let (name, top) = word.and_then(|word| word.trim_end_matches('.').rsplit_once('.')).unwrap_or_default();
        label(name) && top.chars().filter(|letter| letter.is_alphanumeric()).nth(1).is_some()
    };
    text.match_indices(['/', ':', '?', '#']).any(|(at, sign)| {
        let behind = text[at + sign.len()..].chars().next();
        let leads_on = match sign {
            "/" => true,
            ":" => behind.is_some_and(|letter| letter.is_ascii_digit()),
            _ => behind.is_some_and(|letter| !letter.is_whitespace()),
        };
        leads_on && host(&text[..at])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_is_known_where_a_mail_program_would_link_it() {
        for name in [
            "Win http://evil.example",
            "HTTPS:evil.example",
            "see www.evil.example now",
            "WWW.evil",
            "Acme //evil",
            "evil.example/win",
            "Acme (evil.co.uk/)",
            "evil.example:8080",
            "evil.example?x=1",
            "evil.example#x",
            "\u{fc}bel.example/x",
            "evil\u{3002}example\u{ff0f}x",
            "evil.example\\x",
            "evil.example\u{200b}/x",
        ] {
            assert!(is_like_an_address(name), "{name}");
        }
        for name in [
            "Acme",
            "Booking.com",
            "Acme Inc./Ltd.",
            "A.B. / C.D.",
            "AC/DC",
            "24/7 news",
            "St. Mary's/Bob's",
            "Stra\u{df}e & S\u{f6}hne: Bcc: all@example.com",
            "Amazon.de: ads",
            "HTTP Archive",
            "What.now?",
            "#1 e.V.",
        ] {
            assert!(!is_like_an_address(name), "{name}");
        }
    }
}
