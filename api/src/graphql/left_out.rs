//! What stands for a variable that a request leaves out is left out itself, as the GraphQL specification has it; the library
//! makes a null of it, which would take away what a change does not name, and would stand before a default.

use super::guard::{find, with_document};
use async_graphql::{
    Name, Positioned, Request, Variables,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, Selection,
        SelectionSet,
    },
};
use async_graphql_value::Value as Written;
use std::collections::HashSet;

/// Takes out of the operation that is to run, and of all fragments, the arguments and the fields of inputs whose variable is
/// left out. The request has passed the guard.
pub(super) fn take_out(request: &mut Request) {
    if let Ok(Some(document)) = with_document(request, without) {
        request.set_parsed_query(document);
    }
}

/// `None` where nothing is left out.
fn without(document: &ExecutableDocument, name: Option<&str>, variables: &Variables) -> Option<ExecutableDocument> {
    let mut gone = LeftOut::of(find(document, name)?, variables);
    if gone.names.is_empty() {
        return None;
    }
    let mut document = document.clone();
    for fragment in document.fragments.values_mut() {
        let FragmentDefinition { directives, selection_set, .. } = &mut fragment.node;
        gone.directives(directives);
        gone.set(&mut selection_set.node);
    }
    let operation = match (&mut document.operations, name) {
        (DocumentOperations::Single(only), _) => Some(only),
        (DocumentOperations::Multiple(all), Some(name)) => all.get_mut(name),
        (DocumentOperations::Multiple(all), None) => all.values_mut().next(),
    };
    let OperationDefinition { directives, selection_set, variable_definitions, .. } = &mut operation?.node;
    gone.directives(directives);
    gone.set(&mut selection_set.node);
    // one that never stood anywhere is reported by the library
    variable_definitions.retain(|definition| !gone.used.contains(&definition.node.name.node));
    Some(document)
}

/// Variables that are left out.
struct LeftOut {
    names: HashSet<Name>,
    /// Those that something stood for.
    used: HashSet<Name>,
}

impl LeftOut {
    fn of(operation: &OperationDefinition, variables: &Variables) -> Self {
        let definitions = operation.variable_definitions.iter().map(|definition| &definition.node);
        let gone = definitions
            .filter(|definition| definition.default_value.is_none() && variables.get(&definition.name.node).is_none());
        let names = gone.map(|definition| definition.name.node.clone()).collect();
        Self { names, used: HashSet::new() }
    }

    fn set(&mut self, set: &mut SelectionSet) {
        for selection in &mut set.items {
            match &mut selection.node {
                Selection::Field(field) => {
                    self.arguments(&mut field.node.arguments);
                    self.directives(&mut field.node.directives);
                    self.set(&mut field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    self.directives(&mut inline.node.directives);
                    self.set(&mut inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => self.directives(&mut spread.node.directives),
            }
        }
    }

    fn directives(&mut self, directives: &mut [Positioned<Directive>]) {
        directives.iter_mut().for_each(|directive| self.arguments(&mut directive.node.arguments));
    }

    fn arguments(&mut self, arguments: &mut Vec<(Positioned<Name>, Positioned<Written>)>) {
        arguments.retain(|(_, value)| !self.is(&value.node));
        arguments.iter_mut().for_each(|(_, value)| self.within(&mut value.node));
    }

    fn within(&mut self, value: &mut Written) {
        match value {
            Written::Object(fields) => {
                fields.retain(|_, field| !self.is(field));
                fields.values_mut().for_each(|field| self.within(field));
            }
            Written::List(items) => {
                for item in items {
                    // it keeps its place
                    if self.is(item) {
                        *item = Written::Null;
                    }
                    self.within(item);
                }
            }
            _ => {}
        }
    }

    fn is(&mut self, value: &Written) -> bool {
        let name = match value {
            Written::Variable(name) if self.names.contains(name) => name,
            _ => return false,
        };
        self.used.insert(name.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::value;

    #[test]
    fn what_is_left_out_is_gone_wherever_it_stands() {
        let text = "query A($a: Int, $b: Int, $c: Int = 1) { x(a: $a, b: $b, c: $c, o: {a: $a, l: [$a, {b: $b, a: $a}]}) { ...F } } \
                    query B($a: Int) { y(a: $a) } fragment F on T { z(a: $a b: $b) @d(a: $a) }";
        let mut request =
            Request::new(text).operation_name("A").variables(Variables::from_value(value!({ "b": null })));
        take_out(&mut request);
        let left = format!("{:?}", request.parsed_query().unwrap());
        let uses = |name: &str| left.matches(&format!("Variable(Name(\"{name}\"))")).count();
        // the other operation keeps its own
        assert_eq!((uses("a"), uses("b"), uses("c")), (1, 3, 1), "{left}");
        assert_eq!(left.matches("List([Null, ").count(), 1, "{left}");
        let unused = "query($a: Int, $b: Int) { x(a: $a) }";
        let mut request_of_unused = Request::new(unused);
        take_out(&mut request_of_unused);
        let operation = request_of_unused.parsed_query().unwrap().operations.iter().next().unwrap().1.node.clone();
        let defined: Vec<_> =
            operation.variable_definitions.iter().map(|known| known.node.name.node.as_str()).collect();
        assert_eq!(defined, ["b"], "what never stands anywhere is still told of");
        assert_eq!(request.variables.get("b"), Some(&async_graphql::Value::Null));
        let mut whole = Request::new(text).operation_name("B").variables(Variables::from_value(value!({ "a": 1 })));
        let before = format!("{:?}", whole.parsed_query().unwrap());
        take_out(&mut whole);
        assert_eq!(format!("{:?}", whole.parsed_query().unwrap()), before);
    }
}
