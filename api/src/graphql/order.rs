//! Puts the fields of an answer into the order in which they were asked for, as the GraphQL specification wants it: they
//! are resolved at the same time and come in the order in which they were ready. Takes out what was asked for besides.

use super::skipped::MARK;
use async_graphql::{
    Name, Value,
    indexmap::IndexMap,
    parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet},
};

/// The keys of an answer, in the order of the document; bounded, since the document is.
#[derive(Debug, Default)]
pub(super) struct Shape(IndexMap<Name, Shape>);

impl Shape {
    /// The shape of what one operation of a document answers. Must be asked of a document that `limits` let pass: its
    /// fragments do not spread themselves and unfold to a bounded number of fields.
    pub(super) fn of(document: &ExecutableDocument, operation: Option<&str>) -> Self {
        let found = match (&document.operations, operation) {
            (DocumentOperations::Single(only), _) => Some(only),
            (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
            (DocumentOperations::Multiple(all), None) => all.values().next(),
        };
        let mut shape = Self::default();
        if let Some(operation) = found {
            shape.add(document, &operation.node.selection_set.node);
        }
        shape
    }

    fn add(&mut self, document: &ExecutableDocument, set: &SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let shape = self.0.entry(field.node.response_key().node.clone()).or_default();
                    shape.add(document, &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => self.add(document, &inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        self.add(document, &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    /// Puts the fields of a value into this order, and those of what it holds.
    pub(super) fn apply(&self, value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.apply(item)),
            // a scalar may be an object too: it is left as it is
            Value::Object(fields) if !self.0.is_empty() => {
                fields.swap_remove(MARK);
                fields.sort_by_cached_key(|name, _| self.0.get_index_of(name));
                for (name, field) in fields {
                    if let Some(shape) = self.0.get(name) {
                        shape.apply(field);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{parser::parse_query, value};

    #[test]
    fn fields_come_in_the_order_of_the_document() {
        let text = "query A { x } query B { b: y { d ...f c } a } fragment f on T { e ... on T { d g { z } } }";
        let document = parse_query(text).unwrap();
        let mut answer = value!({ "a": 1, "b": [{ "c": 1, "g": { "z": {"k": 2, "j": 1} }, "e": 2, "d": 3 }, null] });
        Shape::of(&document, Some("B")).apply(&mut answer);
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(text, r#"{"b":[{"d":3,"e":2,"g":{"z":{"k":2,"j":1}},"c":1},null],"a":1}"#);
    }
}
