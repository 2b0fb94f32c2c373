//! Bounds on a document that hold before anything walks it: how deep its brackets nest, since parsing is recursive, and how
//! many selections it unfolds to, since fragments that spread one another can double at every step.

use super::error::code;
use async_graphql::{
    ServerError,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use std::collections::HashMap;

/// Deepest nesting of fields; the introspection query of the common tools needs 15.
pub(super) const DEPTH: usize = 15;
/// Highest cost: a field costs 1 and what stands in a list as often as rows may come, besides what a field's own cost is.
pub(super) const COMPLEXITY: usize = 10_000;
/// Most directives on a field.
pub(super) const DIRECTIVES: usize = 5;
/// Most fields once all fragments are unfolded.
const SELECTIONS: u64 = 2_000;
/// Deepest nesting of brackets of any kind.
const BRACKETS: usize = 64;

/// Refuses a text whose brackets nest too deep or whose strings do not end.
///
/// # Errors
/// What a client is told.
pub(super) fn check_text(text: &str) -> Result<(), ServerError> {
    let mut depth = 0_usize;
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > BRACKETS {
                    return Err(refusal("the document nests too deep", code::TOO_DEEP));
                }
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b'#' => rest = &tail[tail.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(tail.len())..],
            b'"' => {
                let end = if tail.starts_with(b"\"\"") {
                    end_of_block(&tail[2..]).map(|end| end + 2)
                } else {
                    end_of_string(tail)
                };
                let end =
                    end.ok_or_else(|| refusal("a string in the document does not end", code::INVALID_DOCUMENT))?;
                rest = &tail[end..];
            }
            _ => {}
        }
    }
    Ok(())
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

/// Refuses a document that unfolds to too many fields, without unfolding it.
///
/// # Errors
/// What a client is told.
pub(super) fn check_document(document: &ExecutableDocument) -> Result<(), ServerError> {
    let mut unfolding = Unfolding { document, known: HashMap::new() };
    let mut sum = 0_u64;
    for (_, operation) in document.operations.iter() {
        sum = sum.saturating_add(unfolding.count(&operation.node.selection_set.node)?);
    }
    // fragments that nobody spreads are walked as well
    for name in document.fragments.keys() {
        sum = sum.max(unfolding.count_fragment(name)?);
    }
    if sum > SELECTIONS {
        return Err(refusal(&format!("the document asks for more than {SELECTIONS} fields"), code::TOO_COMPLEX));
    }
    Ok(())
}

/// Counts the fields that fragments unfold to, each fragment once.
struct Unfolding<'a> {
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being counted.
    known: HashMap<&'a str, Option<u64>>,
}

impl<'a> Unfolding<'a> {
    fn count(&mut self, set: &'a SelectionSet) -> Result<u64, ServerError> {
        let mut sum = 0_u64;
        for selection in &set.items {
            let count = match &selection.node {
                Selection::Field(field) => 1 + self.count(&field.node.selection_set.node)?,
                Selection::InlineFragment(inline) => self.count(&inline.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => 1 + self.count_fragment(&spread.node.fragment_name.node)?,
            };
            sum = sum.saturating_add(count).min(u64::from(u32::MAX));
        }
        Ok(sum)
    }

    fn count_fragment(&mut self, name: &str) -> Result<u64, ServerError> {
        let document = self.document;
        // a fragment that is not there is reported by the validation
        let Some((name, fragment)) = document.fragments.get_key_value(name) else { return Ok(0) };
        match self.known.get(name.as_str()) {
            Some(Some(count)) => return Ok(*count),
            Some(None) => return Err(refusal("a fragment contains itself", code::INVALID_DOCUMENT)),
            None => {}
        }
        self.known.insert(name.as_str(), None);
        let count = self.count(&fragment.node.selection_set.node)?;
        self.known.insert(name.as_str(), Some(count));
        Ok(count)
    }
}

fn refusal(message: &str, code: &'static str) -> ServerError {
    let mut error = ServerError::new(message, None);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;
    use std::fmt::Write;

    #[test]
    fn brackets_are_counted_outside_strings_and_comments() {
        let inner = "[".repeat(BRACKETS);
        for good in [
            format!("{{ a(b: \"{inner}\") }}"),
            format!("{{ a(b: \"\\\"{inner}\") }}"),
            format!("{{ a(b: \"\"\"{inner} \\\"\"\" {inner}\"\"\") }}"),
            format!("# {inner}\n{{ a }}"),
            "{ a(b: \"\") }".to_owned(),
        ] {
            assert_eq!(check_text(&good), Ok(()), "{good}");
        }
        for bad in [format!("{{ a(b: {inner}"), format!("{{ a(b: \"]\" {inner}"), "{ a(b: \"x".into(), "\"\"\"".into()]
        {
            assert!(check_text(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fragments_that_double_are_counted_without_unfolding_them() {
        let mut text = "{ ...f0 } fragment f60 on Q { a }".to_owned();
        for step in 0..60 {
            write!(text, " fragment f{step} on Q {{ ...f{0} ...f{0} }}", step + 1).unwrap();
        }
        let error = check_document(&parse_query(&text).unwrap()).unwrap_err();
        assert_eq!(error.message, "the document asks for more than 2000 fields");
        let cycle = parse_query("{ a } fragment f on Q { ...g } fragment g on Q { ...f }").unwrap();
        assert_eq!(check_document(&cycle).unwrap_err().message, "a fragment contains itself");
        assert_eq!(
            check_document(&parse_query("{ a { ...f ...f ...none } } fragment f on Q { b c }").unwrap()),
            Ok(())
        );
    }
}
