//! An object all of whose fields are skipped is `{}`, as the GraphQL specification has it; the library makes a null of it, which
//! would say that there is no such object. So each selection that may come out empty gets a field that is always there, and
//! [`Shape`](super::order::Shape) takes it out of the answer again.

use async_graphql::{
    Name, Positioned, Request,
    parser::types::{DocumentOperations, Field, OperationDefinition, OperationType, Selection, SelectionSet},
};

/// What the field is called; no name of a client's may begin so.
pub(super) const MARK: &str = "__always";

/// Fills in what may come out empty. The document has passed the guard, so that its depth is bounded.
pub(super) fn fill(request: &mut Request) {
    let Ok(document) = request.parsed_query() else { return };
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    if !operations.chain(fragments).any(is_conditional) {
        return;
    }
    let mut document = document.clone();
    match &mut document.operations {
        DocumentOperations::Single(only) => fill_operation(&mut only.node),
        DocumentOperations::Multiple(all) => {
            all.values_mut().for_each(|operation| fill_operation(&mut operation.node));
        }
    }
    document.fragments.values_mut().for_each(|fragment| fill_within(&mut fragment.node.selection_set.node));
    request.set_parsed_query(document);
}

/// Whether anything in it may be skipped.
fn is_conditional(set: &SelectionSet) -> bool {
    set.items.iter().any(|selection| {
        let inner = match &selection.node {
            Selection::Field(field) => Some(&field.node.selection_set.node),
            Selection::InlineFragment(inline) => Some(&inline.node.selection_set.node),
            Selection::FragmentSpread(_) => None,
        };
        !selection.node.directives().is_empty() || inner.is_some_and(is_conditional)
    })
}

fn fill_operation(operation: &mut OperationDefinition) {
    // a subscription has one field, which is never skipped
    if operation.ty != OperationType::Subscription {
        fill_empty(&mut operation.selection_set.node);
    }
    fill_within(&mut operation.selection_set.node);
}

/// What the fields of a selection select.
fn fill_within(set: &mut SelectionSet) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                fill_within(&mut field.node.selection_set.node);
                fill_empty(&mut field.node.selection_set.node);
            }
            Selection::InlineFragment(inline) => fill_within(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// Adds the field to a selection of which nothing is always there.
fn fill_empty(set: &mut SelectionSet) {
    let always = |selection: &Positioned<Selection>| matches!(&selection.node, Selection::Field(field) if field.node.directives.is_empty());
    let Some(first) = set.items.first().map(|first| first.pos) else { return };
    if set.items.iter().any(always) {
        return;
    }
    let at = |name: &str| Positioned::new(Name::new(name), first);
    let field = Field {
        alias: Some(at(MARK)),
        name: at("__typename"),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet::default(), first),
    };
    set.items.push(Positioned::new(Selection::Field(Positioned::new(field, first)), first));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(text: &str) -> usize {
        let mut request = Request::new(text);
        fill(&mut request);
        format!("{:?}", request.parsed_query().unwrap()).matches(MARK).count()
    }

    #[test]
    fn only_what_may_come_out_empty_is_filled() {
        for (text, filled) in [
            ("{ a { b } }", 0),
            ("{ a { ...f } } fragment f on T { b }", 0),
            ("{ a { b @skip(if: true) c } }", 0),
            ("{ a { b @skip(if: true) } }", 1),
            ("{ a @include(if: false) { b } }", 1),
            ("mutation { a @include(if: false) { b @skip(if: true) } }", 2),
            ("{ a { ... on T { b @skip(if: true) } ...f } } fragment f on T { c { d @skip(if: true) } }", 2),
            ("subscription { a { b @skip(if: true) } }", 1),
            ("query A { a @skip(if: true) } query B { b { c @skip(if: true) } }", 2),
        ] {
            assert_eq!(marks(text), filled, "{text}");
        }
    }
}
