//! Arguments of fields, looked at where they stand: in the document, or in the variables of the request, which may be large
//! and are never copied.

use super::part::Part;
use async_graphql::{
    Value, Variables,
    parser::types::{Field, OperationDefinition},
};
use async_graphql_value::Value as Written;

/// The variables of a request, with the defaults that its operation has for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'a> {
    pub(super) operation: &'a OperationDefinition,
    pub(super) variables: &'a Variables,
}

impl<'a> Arguments<'a> {
    /// An argument of a field; `None` where it is left out, or its variable is.
    pub(super) fn of(self, field: &'a Field, name: &str) -> Option<Part<'a>> {
        self.resolve(&field.get_argument(name)?.node)
    }

    /// A field of an input object; `None` where it is left out, and where this is no such object.
    pub(super) fn within(self, part: Part<'a>, name: &str) -> Option<Part<'a>> {
        match part {
            Part::Written(Written::Object(fields)) => self.resolve(fields.get(name)?),
            Part::Constant(Value::Object(fields)) => fields.get(name).map(Part::Constant),
            Part::Given(Value::Object(fields)) => fields.get(name).map(Part::Given),
            _ => None,
        }
    }

    fn resolve(self, value: &'a Written) -> Option<Part<'a>> {
        match value {
            Written::Variable(name) => self.variable(name),
            written => Some(Part::Written(written)),
        }
    }

    /// The value of a variable, or its default.
    fn variable(self, name: &str) -> Option<Part<'a>> {
        self.variables.get(name).map(Part::Given).or_else(|| {
            let mut definitions = self.operation.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == name)?;
            definition.node.default_value.as_ref().map(|value| Part::Constant(&value.node))
        })
    }
}
