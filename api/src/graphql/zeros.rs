//! No text that comes in holds U+0000: PostgreSQL keeps none, no name or address has one, and whatever looks at texts later
//! need not think of it. It is looked for in the variables and in the literals of a document before anything runs.

use super::error::bad_argument;
use async_graphql::{
    Error, Name, Positioned, Request, Value,
    parser::types::{Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet},
};
use std::convert::Infallible;

/// Whether a request that the guard has parsed is free of it.
///
/// # Errors
/// `BAD_USER_INPUT`, naming the variable or the argument.
pub(super) fn check(request: &mut Request) -> Result<(), Error> {
    let in_variables = request.variables.iter().find(|(_, value)| holds(value)).map(|(name, _)| name.to_string());
    let found = in_variables.or_else(|| request.parsed_query().ok().and_then(in_document));
    found.map_or(Ok(()), |name| Err(bad_argument(&name, "must not hold the character U+0000")))
}

/// Whether a value holds it, in a text or in a name.
fn holds(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::List(items) => items.iter().any(holds),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds(value)),
        _ => false,
    }
}

/// The first name in a document of what is given a value with it. The guard has bounded how deep this goes.
fn in_document(document: &ExecutableDocument) -> Option<String> {
    let in_operation = |operation: &OperationDefinition| {
        let default = operation.variable_definitions.iter().find_map(|definition| {
            let value = definition.node.default_value.as_ref()?;
            holds(&value.node).then(|| definition.node.name.to_string())
        });
        default.or_else(|| in_directives(&operation.directives)).or_else(|| in_set(&operation.selection_set.node))
    };
    let in_operations = document.operations.iter().find_map(|(_, operation)| in_operation(&operation.node));
    in_operations.or_else(|| {
        document.fragments.values().find_map(|fragment| {
            in_directives(&fragment.node.directives).or_else(|| in_set(&fragment.node.selection_set.node))
        })
    })
}

fn in_set(set: &SelectionSet) -> Option<String> {
    set.items.iter().find_map(|item| match &item.node {
        Selection::Field(field) => {
            let field = &field.node;
            let given = first(
                field.arguments.iter().map(|(name, value)| (name, literal(value.node.clone().into_const_with(null)))),
            );
            given.or_else(|| in_directives(&field.directives)).or_else(|| in_set(&field.selection_set.node))
        }
        Selection::InlineFragment(fragment) => {
            in_directives(&fragment.node.directives).or_else(|| in_set(&fragment.node.selection_set.node))
        }
        Selection::FragmentSpread(spread) => in_directives(&spread.node.directives),
    })
}

fn in_directives(directives: &[Positioned<Directive>]) -> Option<String> {
    directives.iter().find_map(|directive| {
        let arguments = directive.node.arguments.iter();
        first(arguments.map(|(name, value)| (name, literal(value.node.clone().into_const_with(null)))))
    })
}

/// A literal, with null for each of its variables: those are looked at on their own.
fn null(_: Name) -> Result<Value, Infallible> {
    Ok(Value::Null)
}

fn literal(Ok(value): Result<Value, Infallible>) -> Value {
    value
}

fn first<'a>(mut arguments: impl Iterator<Item = (&'a Positioned<Name>, Value)>) -> Option<String> {
    arguments.find(|(_, value)| holds(value)).map(|(name, _)| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Variables, value};

    fn found(document: &str, variables: Value) -> Option<String> {
        let mut request = Request::new(document).variables(Variables::from_value(variables));
        check(&mut request).err().map(|error| error.message)
    }

    #[test]
    fn a_zero_is_found_wherever_it_stands() {
        for document in [
            r#"{ a(x: "\u0000") }"#,
            r#"query($x: String = "\u0000") { a(y: $x) }"#,
            r#"{ a { b(y: { z: ["", "a\u0000b"] }) { c(x: {}) } } }"#.replace("y:", "x:").as_str(),
            r#"{ a { ... on B { c @d(x: "\u0000") } } }"#,
            r#"{ a ...F } fragment F on A { b { c(x: "\u0000") } }"#,
            r#"query A { a } query B { b @include(x: "\u0000") }"#,
            "{ a(x: \"\"\"\0\"\"\") }",
        ] {
            let message = found(document, Value::Null);
            assert_eq!(message.as_deref(), Some("x: must not hold the character U+0000"), "{document}");
        }
        for value in [value!({ "x": "\0" }), value!({ "x": [{ "y": ["a\0b"] }] })] {
            assert!(found("query($x: String) { a(y: $x) }", value).is_some());
        }
        let plain = value!({ "x": "\\u0000 0" });
        assert_eq!(found(r#"query($x: String) { a(y: $x, z: "\\u0000") }"#, plain), None);
    }
}
