//! The text of a document: one walk over its tokens, before anything parses it. Parsing is recursive, so what nests too
//! deep never reaches it. Pure, linear, and without memory of its own.

use super::Refusal;
use crate::graphql::limits::{DOCUMENT, NESTING, TOKENS, WORD};

/// Refuses a text that is too long, has too many tokens or nests too deep, or whose strings do not end.
///
/// # Errors
/// The limit and what was found.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    Refusal::unless(DOCUMENT, text.len() as u64)?;
    let (mut tokens, mut longest) = (0, 0);
    let (mut depth, mut deepest) = (0_u64, 0);
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
            b'#' => {
                rest = after(tail, |byte| !matches!(byte, b'\n' | b'\r'));
                continue;
            }
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b'"' => {
                rest =
                    after_string(tail).ok_or_else(|| Refusal::unreadable("a string in the document does not end"))?;
            }
            b'_' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                rest = after(tail, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'-'));
                longest = longest.max(1 + tail.len() - rest.len());
            }
            _ => {}
        }
        tokens += 1;
    }
    Refusal::unless(NESTING, deepest)?;
    Refusal::unless(TOKENS, tokens)?;
    Refusal::unless(WORD, longest as u64)
}

/// What comes after the bytes that belong.
pub(super) fn after(text: &[u8], belongs: impl Fn(&u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| !belongs(byte)).unwrap_or(text.len());
    &text[end..]
}

/// What comes after a string, of either form, that began with the quote before this text.
pub(super) fn after_string(text: &[u8]) -> Option<&[u8]> {
    match text.strip_prefix(b"\"\"") {
        Some(block) => end_of_block(block).map(|end| &block[end..]),
        None => end_of_string(text).map(|end| &text[end..]),
    }
}

/// Length of a string up to and with its closing quote, after the opening one.
fn end_of_string(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            _ => {}
        }
    }
    None
}

/// Length of a block string up to and with its closing quotes, after the opening ones.
fn end_of_block(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(b"\\\"\"\"") {
            at += 4;
        } else if text[at..].starts_with(b"\"\"\"") {
            return Some(at + 3);
        } else {
            at += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        check(text).err().map(|refusal| refusal.message).unwrap_or_default()
    }

    #[test]
    fn brackets_are_counted_outside_strings_and_comments() {
        let inner = "[".repeat(64);
        for good in [
            format!("{{ a(b: \"{inner}\") }}"),
            format!("{{ a(b: \"\\\"{inner}\") }}"),
            format!("{{ a(b: \"\"\"{inner} \\\"\"\" {inner}\"\"\") }}"),
            format!("# {inner}\n{{ a }}"),
            "{ a(b: \"\") }".to_owned(),
            inner.clone(),
        ] {
            assert_eq!(message(&good), "", "{good}");
        }
        assert_eq!(message(&format!("{{{inner}")), "the document has 65 levels of brackets; the limit is 64");
        for bad in ["{ a(b: \"x", "\"\"\"", "{ a(b: \"x\n\") }", "\"\\"] {
            assert_eq!(message(bad), "a string in the document does not end");
        }
    }

    #[test]
    fn each_limit_holds_at_it_and_over_it() {
        assert_eq!(message(&"a ".repeat(2_000)), "");
        assert_eq!(message(&"a ".repeat(2_001)), "the document has 2,001 tokens; the limit is 2,000");
        // commas are no tokens, three dots are three, and a string is one
        assert_eq!(message(&format!("{}{}", "...a(b: \"c d\"),".repeat(200), " ,#x\n".repeat(9))), "");
        assert_eq!(message(&"x".repeat(256)), "");
        assert_eq!(message(&"1".repeat(257)), "the document has 257 bytes in a name or number; the limit is 256");
        assert_eq!(message(&" ".repeat(65_536)), "");
        assert_eq!(message(&" ".repeat(65_537)), "the document has 65,537 bytes; the limit is 65,536");
    }
}
