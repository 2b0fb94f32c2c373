//! Mutations in which one response key stands twice at the root. The specification runs such a field once, with all that is
//! selected of it, and the library as often as it stands there.

use super::Refusal;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use std::collections::HashSet;

/// Refuses them. The document must have passed every limit: its roots are unfolded here.
///
/// # Errors
/// The key and its second place.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), Refusal> {
    let mutations = document.operations.iter().filter(|(_, operation)| operation.node.ty == OperationType::Mutation);
    for (_, operation) in mutations {
        once(document, &operation.node.selection_set.node, &mut HashSet::new())?;
    }
    Ok(())
}

fn once<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    keys: &mut HashSet<&'a str>,
) -> Result<(), Refusal> {
    for selection in &set.items {
        match &selection.node {
            // it runs nothing
            Selection::Field(field) if field.node.name.node == "__typename" => {}
            Selection::Field(field) => {
                let key = field.node.response_key();
                if !keys.insert(key.node.as_str()) {
                    let rule = "stands twice in a mutation under one name: write it once, or give one an alias";
                    return Err(Refusal::invalid(&format!("`{}` {rule}", key.node)).at(key.pos));
                }
            }
            Selection::InlineFragment(inline) => once(document, &inline.node.selection_set.node, keys)?,
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    once(document, &fragment.node.selection_set.node, keys)?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    #[test]
    fn a_mutation_has_each_key_once_at_its_root() {
        let told = |text: &str| check(&parse_query(text).unwrap()).map_err(|refusal| refusal.message);
        for good in [
            "mutation { a { b b } c: a { b } }",
            "mutation { __typename a __typename ...F } fragment F on Mutation { __typename b }",
            "mutation A { a } mutation B { a }",
            "query A { a a ...F ...F } mutation B { ...F } fragment F on X { b }",
        ] {
            assert_eq!(told(good), Ok(()), "{good}");
        }
        for bad in [
            "mutation { a { b } a { c } }",
            "mutation { b: x a: b { c } ... { c ... on Mutation { a } } }",
            "mutation { ...F ...F } fragment F on Mutation { a }",
            "mutation { a @skip(if: true) ...F } fragment F on Mutation { ...G } fragment G on Mutation { a }",
            "query A { b } mutation B { a b: a a }",
        ] {
            let rule = "`a` stands twice in a mutation under one name: write it once, or give one an alias";
            assert_eq!(told(bad), Err(rule.to_owned()), "{bad}");
        }
    }
}
