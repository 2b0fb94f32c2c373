//! What an address is: http and https, and where it ends in running text.

use std::ops::Range;

/// Whether a text starts as an address does.
pub(super) fn is_http(text: &str) -> bool {
    let starts = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http://") || starts("https://")
}

/// The host name of an address, without a port.
pub(super) fn host(address: &str) -> Option<String> {
    url::Url::parse(address).ok()?.host_str().map(str::to_owned)
}

/// How mail programs begin and end what they fill in.
const PLACEHOLDERS: [(&str, &str); 8] =
    [("*|", "|*"), ("{{", "}}"), ("{%", "%}"), ("<%", "%>"), ("<<", ">>"), ("[[", "]]"), ("%%", "%%"), ("${", "}")];
/// Most bytes of a placeholder.
const PLACEHOLDER: usize = 128;

/// Bytes of the placeholder of a mail program that a text starts with; 0 where it starts with none.
fn placeholder(text: &str) -> usize {
    let Some((_, end)) = PLACEHOLDERS.iter().find(|(start, _)| text.starts_with(start)) else { return 0 };
    let near = &text[..text.floor_char_boundary(PLACEHOLDER)];
    let line = near.split(['\n', '\r']).next().unwrap_or_default();
    // what it begins with is no part of what it ends with
    let within = line.get(2..).unwrap_or_default();
    within.find(end).filter(|length| *length > 0).map_or(0, |length| 2 + length + end.len())
}

/// The letters of a text, each with its place, and placeholders of mail programs as wholes, which are no letters.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (Range<usize>, Option<char>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let letter = rest.chars().next()?;
        let placeholder = placeholder(rest);
        let whole = placeholder > 0;
        let range = at..at + if whole { placeholder } else { letter.len_utf8() };
        at = range.end;
        Some((range, (!whole).then_some(letter)))
    })
}

/// Marks that end a sentence or a quotation where no space follows them, and that addresses have percent-encoded.
pub(super) const ENDS: [char; 20] = [
    '。', '，', '、', '！', '？', '：', '；', '（', '）', '「', '」', '『', '』', '【', '】', '《', '》', '“', '”', '»',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_of_one_line_and_holds_something() {
        for (text, length) in [
            ("*|UNIQID|*&s=1", 10),
            ("{{ contact.id }}/x", 16),
            ("{% id %}", 8),
            ("<%= id %> ", 9),
            ("<<id>>", 6),
            ("[[id]]", 6),
            ("%%First Name%%,", 14),
            ("${id}", 5),
            ("{{é}}", 6),
        ] {
            assert_eq!(placeholder(text), length, "{text}");
        }
        for none in ["", "*", "*||*", "{{}}", "{{ id }", "{{\n}}", "{ id }", "%20%20", "%%20", "<a>", "<<", "é"] {
            assert_eq!(placeholder(none), 0, "{none}");
        }
        assert_eq!(placeholder(&format!("{{{{{}}}}}", "x".repeat(125))), 0);
        assert_eq!(placeholder(&format!("{{{{{}}}}}", "é".repeat(62))), 128);
    }
}
