//! Makes an answer what the GraphQL specification wants it to be. Its fields come in the order in which they were asked for:
//! they are resolved at the same time, and come as they are ready. A field that failed is null, and where it must not be,
//! what has it is null in its place: the library leaves it out. What was asked for besides is taken out.

use super::{guard::named, skipped::MARK};
use async_graphql::{
    Name, PathSegment, ServerError, Value,
    indexmap::IndexMap,
    parser::types::{BaseType, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet, Type},
};

/// The keys of an answer, in the order of the document; bounded, since the document is.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Of the field; `None` for one that the schema does not have, and for the whole answer.
    kind: Option<Type>,
    /// Whether this is the answer of a mutation.
    changes: bool,
    fields: IndexMap<Name, Shape>,
}

impl Shape {
    /// The shape of what an operation of a document answers; `kinds` tells the type of a type's field. Must be asked of a
    /// document that the guard let pass: its fragments do not spread themselves and unfold to a bounded number of fields.
    pub(super) fn of<'a>(
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        root: &str,
        kinds: &impl Fn(&str, &str) -> Option<&'a Type>,
    ) -> Self {
        let mut shape = Self { changes: operation.ty == OperationType::Mutation, ..Self::default() };
        shape.add(document, root, &operation.selection_set.node, kinds);
        shape
    }

    fn add<'a>(
        &mut self,
        document: &ExecutableDocument,
        on: &str,
        set: &SelectionSet,
        kinds: &impl Fn(&str, &str) -> Option<&'a Type>,
    ) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let shape = self.fields.entry(field.node.response_key().node.clone()).or_default();
                    let kind = kinds(on, &field.node.name.node);
                    shape.kind = shape.kind.take().or_else(|| kind.cloned());
                    shape.add(document, kind.map_or("", named), &field.node.selection_set.node, kinds);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(on, |on| on.node.on.node.as_str());
                    self.add(document, on, &inline.node.selection_set.node, kinds);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.add(document, on, &fragment.node.selection_set.node, kinds);
                    }
                }
            }
        }
    }

    /// Makes an answer whole.
    pub(super) fn apply(&self, data: &mut Value, errors: &[ServerError]) {
        let paths = || errors.iter().map(|error| error.path.as_slice()).filter(|path| !path.is_empty());
        paths().for_each(|path| self.fill(data, path));
        for path in paths() {
            self.carry(None, data, path);
        }
        if let Value::Object(fields) = data
            && self.changes
            && fields.values().all(|field| *field == Value::Null)
        {
            *data = Value::Null;
        }
        self.sort(data);
    }

    /// A null for a field that failed, in an object where all may have failed.
    fn fill(&self, value: &mut Value, path: &[PathSegment]) {
        match (path.split_first(), value) {
            (Some((PathSegment::Field(name), rest)), value @ (Value::Null | Value::Object(_))) => {
                let Some(shape) = self.fields.get(name.as_str()) else { return };
                if *value == Value::Null {
                    *value = Value::Object(IndexMap::new());
                }
                if let Value::Object(fields) = value {
                    shape.fill(fields.entry(Name::new(name)).or_insert(Value::Null), rest);
                }
            }
            (Some((PathSegment::Index(at), rest)), Value::List(items)) => {
                if let Some(item) = items.get_mut(*at) {
                    self.fill(item, rest);
                }
            }
            _ => {}
        }
    }

    /// Carries a null to the next place around it that may be null; says whether this value may stay as it is then.
    fn carry(&self, kind: Option<&Type>, value: &mut Value, path: &[PathSegment]) -> bool {
        let stays = match (path.split_first(), &mut *value) {
            (Some((PathSegment::Field(name), rest)), Value::Object(fields)) => {
                let shape = self.fields.get(name.as_str());
                let field = shape.and_then(|shape| Some((shape, fields.get_mut(name.as_str())?)));
                // what was changed before is told all the same
                field.is_none_or(|(shape, field)| shape.carry(shape.kind.as_ref(), field, rest)) || self.changes
            }
            (Some((PathSegment::Index(at), rest)), Value::List(items)) => {
                let inner = kind.and_then(|kind| match &kind.base {
                    BaseType::List(inner) => Some(&**inner),
                    BaseType::Named(_) => None,
                });
                items.get_mut(*at).is_none_or(|item| self.carry(inner, item, rest))
            }
            _ => true,
        };
        if !stays {
            *value = Value::Null;
        }
        *value != Value::Null || kind.is_none_or(|kind| kind.nullable)
    }

    /// Puts the fields of a value into this order, and those of what it holds.
    fn sort(&self, value: &mut Value) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.sort(item)),
            // a scalar may be an object too: it is left as it is
            Value::Object(fields) if !self.fields.is_empty() => {
                fields.swap_remove(MARK);
                fields.sort_by_cached_key(|name, _| self.fields.get_index_of(name));
                for (name, field) in fields {
                    if let Some(shape) = self.fields.get(name) {
                        shape.sort(field);
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
    use async_graphql::{
        parser::{
            parse_query, parse_schema,
            types::{TypeKind, TypeSystemDefinition},
        },
        value,
    };
    use std::collections::HashMap;

    fn shaped(text: &str, operation: Option<&str>) -> Shape {
        let schema = "type Query { a: A! n: A l: [A!]! m: [A] } type Mutation { a: A! n: A } type A { s: String! o: String a: A! n: A }";
        let mut types: HashMap<(String, String), Type> = HashMap::new();
        for definition in parse_schema(schema).unwrap().definitions {
            let TypeSystemDefinition::Type(kind) = definition else { continue };
            let TypeKind::Object(object) = &kind.node.kind else { continue };
            for field in &object.fields {
                let at = (kind.node.name.node.to_string(), field.node.name.node.to_string());
                types.insert(at, field.node.ty.node.clone());
            }
        }
        let document = parse_query(text).unwrap();
        let found = document.operations.iter().find(|(name, _)| name.map(Name::as_str) == operation).unwrap();
        let root = if found.1.node.ty == OperationType::Mutation { "Mutation" } else { "Query" };
        Shape::of(&document, &found.1.node, root, &|on, field| types.get(&(on.to_owned(), field.to_owned())))
    }

    #[test]
    fn fields_come_in_the_order_of_the_document() {
        let text = "query A { x } query B { b: y { d ...f c } a } fragment f on T { e ... on T { d g { z } } }";
        let mut answer = value!({ "a": 1, "b": [{ "c": 1, "g": { "z": {"k": 2, "j": 1} }, "e": 2, "d": 3 }, null] });
        shaped(text, Some("B")).apply(&mut answer, &[]);
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(text, r#"{"b":[{"d":3,"e":2,"g":{"z":{"k":2,"j":1}},"c":1},null],"a":1}"#);
    }

    #[test]
    fn a_field_that_failed_is_null_or_what_has_it_is() {
        let path = |path: &str| {
            let segment =
                |part: &str| part.parse().map_or_else(|_| PathSegment::Field(part.to_owned()), PathSegment::Index);
            ServerError { path: path.split('.').map(segment).collect(), ..ServerError::new("x", None) }
        };
        for (text, answer, failed, whole) in [
            ("{ n { o s } }", r#"{"n":{"s":"x"}}"#, &["n.o"][..], r#"{"n":{"o":null,"s":"x"}}"#),
            ("{ n { o s } }", r#"{"n":{"o":"x"}}"#, &["n.s"], r#"{"n":null}"#),
            ("{ n { o s } }", r#"{"n":null}"#, &["n.o", "n.s"], r#"{"n":null}"#),
            ("{ n { o } }", r#"{"n":null}"#, &["n.o"], r#"{"n":{"o":null}}"#),
            ("{ n { a { a { b: s } } o } }", r#"{"n":{"o":"x","a":{"a":null}}}"#, &["n.a.a.b"], r#"{"n":null}"#),
            ("{ n { n { s } o } }", r#"{"n":{"o":"x","n":null}}"#, &["n.n.s"], r#"{"n":{"n":null,"o":"x"}}"#),
            ("{ a { s } n { o } }", r#"{"n":{"o":"x"},"a":null}"#, &["a.s"], "null"),
            ("{ l { s o } }", r#"{"l":[{"s":"x","o":"x"},{"o":"x"}]}"#, &["l.1.s"], "null"),
            (
                "{ m { s o } }",
                r#"{"m":[{"s":"x","o":"x"},{"o":"x"}]}"#,
                &["m.1.s"],
                r#"{"m":[{"s":"x","o":"x"},null]}"#,
            ),
            ("{ l { s o } }", r#"{"l":[{"s":"x"},null]}"#, &["l.0.o", "l.1.s"], "null"),
            ("{ ... on Query { n { ...f } } } fragment f on A { x: s }", r#"{"n":null}"#, &["n.x"], r#"{"n":null}"#),
            // who changed something learns of it whatever failed after
            ("mutation { a { s } b: a { s } }", r#"{"a":{"s":"x"}}"#, &["b"], r#"{"a":{"s":"x"},"b":null}"#),
            ("mutation { a { s } }", "null", &["a"], "null"),
            ("mutation { a { s } b: a { s } }", "null", &["b", "a"], "null"),
            // what is there stays
            ("{ n { o } }", r#"{"n":{"o":"x"}}"#, &["n.o", "n", "z.y", "n.0"], r#"{"n":{"o":"x"}}"#),
            ("{ n { o } }", r#"{"n":{"o":"x"}}"#, &[], r#"{"n":{"o":"x"}}"#),
        ] {
            let mut answer: Value = serde_json::from_str(answer).unwrap();
            let errors: Vec<_> = failed.iter().map(|failed| path(failed)).collect();
            shaped(text, None).apply(&mut answer, &errors);
            assert_eq!(serde_json::to_string(&answer).unwrap(), whole, "{text} {failed:?}");
        }
    }
}
