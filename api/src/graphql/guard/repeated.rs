//! Input objects of a document in which a field stands twice. The parser keeps the last one of them, so that this is looked
//! for in the text, in time linear in it.

use super::{
    Refusal,
    text::{after, after_string},
};
use async_graphql::Pos;
use std::collections::HashSet;

/// What is open.
enum Open<'a> {
    Arguments,
    List,
    /// An input object with the fields that it has so far.
    Object(HashSet<&'a [u8]>),
    /// A selection.
    Set,
}

/// Refuses a text whose strings end, if one of its input objects has a field twice.
///
/// # Errors
/// The field and its place.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    let (mut open, mut arguments) = (Vec::new(), 0_usize);
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let token = rest;
        rest = tail;
        match byte {
            b'#' => rest = after(tail, |byte| !matches!(byte, b'\n' | b'\r')),
            b'"' => rest = after_string(tail).unwrap_or_default(),
            b'(' => {
                arguments += 1;
                open.push(Open::Arguments);
            }
            b'[' => open.push(Open::List),
            b'{' => open.push(if arguments > 0 { Open::Object(HashSet::new()) } else { Open::Set }),
            b')' | b']' | b'}' => {
                arguments -= usize::from(matches!(open.pop(), Some(Open::Arguments)));
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                rest = after(tail, |byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                let name = &token[..token.len() - rest.len()];
                if let Some(Open::Object(fields)) = open.last_mut()
                    && ignored(rest).first() == Some(&b':')
                    && !fields.insert(name)
                {
                    let told = format!("`{}` stands twice in an input", String::from_utf8_lossy(name));
                    return Err(Refusal::invalid(&told).at(place(text, text.len() - token.len())));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What comes after whatever means nothing.
fn ignored(mut text: &[u8]) -> &[u8] {
    loop {
        text = after(text, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b','));
        match text.split_first() {
            Some((b'#', tail)) => text = after(tail, |byte| !matches!(byte, b'\n' | b'\r')),
            _ => return text,
        }
    }
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> Pos {
    let before = &text[..at];
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    Pos { line: before.matches('\n').count() + 1, column: before[line..].chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stands_once_in_each_input() {
        for good in [
            "{ a { b } c { b } }",
            "{ a(b: 1, c: {d: 1, e: {d: 1}}) { x: b x: b } }",
            "{ a(b: [{c: 1}, {c: 2}]) { d } e(b: {c: D f: c}) }",
            "query($a: A = {b: 1 c: 2}, $b: B = {b: 1}) { a(a: $a) }",
            "{ a(b: {c: \"c: 1\", d: \"\"\"c: \"\"\" # c: 1\n}) }",
            "{ a(b: {c: d}) { c: d c: d } }",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, line, column) in [
            ("{ a(b: {c: 1, c: 1}) }", 1, 15),
            ("query($a: A = {b: 1 b: 2}) { a(a: $a) }", 1, 21),
            ("{\n  é: a(b: [{c: 1}, {c: {d: 1}, e: X,\nc # é\n : 2}]) }", 3, 1),
            ("{ a(b: {c: \"é\" c: 1}) }", 1, 16),
            ("{ a @skip(if: {b: 1 c: [b] b: 1}) }", 1, 28),
        ] {
            let refusal = check(bad).unwrap_err();
            assert_eq!(refusal.at.map(|at| (at.line, at.column)), Some((line, column)), "{bad}");
            assert!(refusal.message.ends_with("` stands twice in an input"), "{refusal:?}");
        }
    }
}
