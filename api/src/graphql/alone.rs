//! Whoever proves in a document who they are is somebody else from there on: `signUp` and `logIn` stand alone in theirs, so
//! that no other field of it is answered to the one or to the other by chance.

use super::{
    error::code,
    guard::{Fault, Refusal},
};
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// Root fields that begin a session of who asks.
const BEGINNINGS: [&str; 2] = ["signUp", "logIn"];

/// Refuses an operation that begins a session and asks for something else. The guard has bounded what it unfolds to.
///
/// # Errors
/// Why it is not run.
pub(super) fn check(document: &ExecutableDocument, name: Option<&str>) -> Result<(), Refusal> {
    let mut roots = Vec::new();
    for (known, operation) in document.operations.iter() {
        if name.is_none() || known.map(async_graphql::Name::as_str) == name {
            add(document, &operation.node.selection_set.node, &mut roots);
        }
    }
    roots.retain(|root| *root != "__typename");
    match roots.iter().find(|root| BEGINNINGS.contains(root)) {
        Some(root) if roots.len() > 1 => {
            let message = format!("`{root}` stands alone in its document: send the other fields with its token");
            Err(Refusal { fault: Fault::Document, code: code::INVALID_DOCUMENT, message, at: None })
        }
        _ => Ok(()),
    }
}

fn add<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet, roots: &mut Vec<&'a str>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => roots.push(field.node.name.node.as_str()),
            Selection::InlineFragment(inline) => add(document, &inline.node.selection_set.node, roots),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    add(document, &fragment.node.selection_set.node, roots);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_logs_in_asks_for_nothing_else() {
        let refused =
            |text: &str, name: Option<&str>| check(&async_graphql::parser::parse_query(text).unwrap(), name).is_err();
        let fragment = "mutation { ...A } fragment A on Mutation { ... { createLink { x } } x: signUp { y } }";
        assert!(refused("mutation { logIn { x } createLink { y } }", None) && refused(fragment, None));
        assert!(refused("query A { a } mutation B { a: logIn { x } b: refreshSession { x } }", Some("B")));
        for alone in
            ["mutation { logIn { session { user } } __typename }", "mutation { createLink { x } logOut { y } }"]
        {
            assert!(!refused(alone, None), "{alone}");
        }
        assert!(!refused("query A { a b } mutation B { signUp { x } }", Some("B")));
    }
}
