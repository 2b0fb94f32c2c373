//! Rules of the specification that the library does not hold, or holds only while a document runs, when a mutation would run
//! in part: values that do not fit, in the document or in its variables, variables where others are due, and whatever belongs
//! to `__typename`. The document must have passed every limit. [`merging`](super::merging) has the rule of fields that conflict.

use super::{
    Refusal,
    cost::root,
    merging,
    part::Part,
    types::{Takes, Types, named},
    value::{Finding, NEEDED, NOT_NULL, Path, compatible, fit},
};
use crate::graphql::limits::ERRORS;
use async_graphql::{
    Pos, Positioned, Value, Variables,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type, VariableDefinition,
    },
};
use std::collections::{HashMap, HashSet};

/// Looks at a document and at the variables for the operation that is to run.
///
/// # Errors
/// What breaks a rule, at most as many as are told; what is wrong with variables only where the document is not.
pub(super) fn check(
    types: &Types,
    document: &ExecutableDocument,
    runs: Option<&OperationDefinition>,
    variables: &Variables,
) -> Result<(), Vec<Refusal>> {
    let (mut faults, mut later) = (Vec::new(), Vec::new());
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let running = runs.is_some_and(|runs| std::ptr::eq(runs, operation));
        let defined = operation.variable_definitions.iter().map(|known| (known.node.name.node.as_str(), &known.node));
        let mut looking = Looking {
            types,
            document,
            defined: defined.collect(),
            variables: running.then_some(variables),
            walked: HashSet::new(),
            at: Pos::default(),
            faults: &mut faults,
            later: &mut later,
        };
        looking.operation(operation);
    }
    merging::check(types, document, &mut faults);
    let found = if faults.is_empty() { later } else { faults };
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Whether one fault more is told.
pub(super) fn room(faults: &[Refusal]) -> bool {
    (faults.len() as u64) < ERRORS.most
}

struct Looking<'a, 'f> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    defined: HashMap<&'a str, &'a VariableDefinition>,
    /// Of the operation that is to run.
    variables: Option<&'a Variables>,
    /// Fragments of this operation.
    walked: HashSet<&'a str>,
    /// Where the value stands that is looked at.
    at: Pos,
    /// In the document.
    faults: &'f mut Vec<Refusal>,
    /// In the variables.
    later: &'f mut Vec<Refusal>,
}

impl<'a> Finding<'a> for Looking<'a, '_> {
    fn fault(&mut self, path: Path<'_>, rule: &str) -> bool {
        self.broken(&format!("`{path}` {rule}"));
        room(self.faults)
    }

    fn variable(&mut self, name: &'a str, takes: &Type, defaulted: bool, path: Path<'_>) -> bool {
        // one that is not defined is reported by the library
        let Some(definition) = self.defined.get(name) else { return true };
        let (declared, default) = (&definition.var_type.node, definition.default_value.as_ref());
        let own = default.is_some_and(|value| value.node != Value::Null);
        let allowed = if declared.nullable && !takes.nullable {
            (own || defaulted) && compatible(declared, &Type { nullable: true, ..takes.clone() })
        } else {
            compatible(declared, takes)
        };
        if !allowed {
            self.broken(&format!("`${name}`, a `{declared}`, is not what `{path}` takes"));
            return room(self.faults);
        }
        if let Some(variables) = self.variables
            && declared.nullable
            && !takes.nullable
            // what is left out stands behind the default of its place
            && variables.get(name).or(default.map(|value| &value.node)).map_or(!defaulted, |value| *value == Value::Null)
            && room(self.later)
        {
            self.later.push(Refusal::of_variable(&format!("`${name}` {NOT_NULL}")).at(self.at));
        }
        true
    }
}

impl<'a> Looking<'a, '_> {
    fn broken(&mut self, message: &str) {
        if room(self.faults) {
            self.faults.push(Refusal::invalid(message).at(self.at));
        }
    }

    fn operation(&mut self, operation: &'a OperationDefinition) {
        for definition in &operation.variable_definitions {
            self.definition(definition);
        }
        self.set(Some(root(operation.ty)), &operation.selection_set.node);
    }

    fn definition(&mut self, definition: &'a Positioned<VariableDefinition>) {
        let VariableDefinition { name, var_type, directives, default_value } = &definition.node;
        self.at = definition.pos;
        if let Some(directive) = directives.first() {
            self.at = directive.pos;
            self.broken(&format!("`@{}` does not belong here", directive.node.name.node));
        }
        if let Some(default) = default_value {
            self.at = default.pos;
            fit(self.types, &var_type.node, false, Part::Constant(&default.node), Path::Variable(&name.node), self);
        }
        let Some(variables) = self.variables else { return };
        let path = Path::Variable(&name.node);
        let mut given = Given { at: definition.pos, faults: self.later };
        match variables.get(&name.node) {
            Some(value) => {
                fit(self.types, &var_type.node, false, Part::Given(value), path, &mut given);
            }
            None if !var_type.node.nullable && default_value.is_none() => {
                given.fault(path, NEEDED);
            }
            None => {}
        }
    }

    /// `on` is the type of it, where that is known.
    fn set(&mut self, on: Option<&'a str>, set: &'a SelectionSet) {
        for selection in &set.items {
            if !room(self.faults) {
                return;
            }
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) if field.node.name.node == "__typename" => self.typename(field),
                Selection::Field(field) => self.field(on, &field.node),
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.set(condition.or(on), &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.walked.insert(name)
                    {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.set(Some(on), &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn field(&mut self, on: Option<&'a str>, field: &'a Field) {
        let known = on.and_then(|on| self.types.field(on, &field.name.node));
        if let Some(known) = known {
            self.arguments(&known.takes, &field.arguments);
        }
        self.set(known.map(|known| named(&known.answers)), &field.selection_set.node);
    }

    /// Those that are not known, or are left out, are reported by the library.
    fn arguments(
        &mut self,
        takes: &'a Takes,
        arguments: &'a [(Positioned<async_graphql::Name>, Positioned<async_graphql_value::Value>)],
    ) {
        for (name, value) in arguments {
            if let Some(taken) = takes.get(name.node.as_str()) {
                self.at = value.pos;
                let (part, path) = (Part::Written(&value.node), Path::Argument(&name.node));
                fit(self.types, &taken.kind, taken.defaulted, part, path, self);
            }
        }
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        for directive in directives {
            if let Some(takes) = self.types.directive(&directive.node.name.node) {
                self.arguments(takes, &directive.node.arguments);
            }
        }
    }

    /// The library looks at nothing of it.
    fn typename(&mut self, field: &'a Positioned<Field>) {
        let Field { arguments, directives, selection_set, .. } = &field.node;
        self.at = field.pos;
        if !arguments.is_empty() {
            self.broken("`__typename` takes no arguments");
        }
        if !selection_set.node.items.is_empty() {
            self.broken("`__typename` has no fields");
        }
        let mut names = HashSet::new();
        for directive in directives {
            self.at = directive.pos;
            let Directive { name, arguments } = &directive.node;
            if !matches!(name.node.as_str(), "skip" | "include") {
                self.broken(&format!("`@{}` does not belong here", name.node));
            } else if !names.insert(&name.node) {
                self.broken(&format!("`@{}` stands twice at one place", name.node));
            } else if !matches!(arguments.as_slice(), [(only, _)] if only.node == "if") {
                self.broken(&format!("`@{}` takes `if`, once, and nothing else", name.node));
            }
        }
    }
}

/// What is wrong with a variable that was given.
struct Given<'f> {
    at: Pos,
    faults: &'f mut Vec<Refusal>,
}

impl Finding<'_> for Given<'_> {
    fn fault(&mut self, path: Path<'_>, rule: &str) -> bool {
        if room(self.faults) {
            self.faults.push(Refusal::of_variable(&format!("`{path}` {rule}")).at(self.at));
        }
        room(self.faults)
    }

    fn variable(&mut self, _: &str, _: &Type, _: bool, _: Path<'_>) -> bool {
        // no variable stands in one
        true
    }
}

#[cfg(test)]
mod tests;
