//! Arguments of fields, looked at where they stand: in the document, or in the variables of the request, which may be large
//! and are never copied.

use async_graphql::{
    Value, Variables,
    parser::types::{Field, OperationDefinition},
};
use async_graphql_value::Value as Written;

/// An argument or a part of one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// As it stands in the document; no variable.
    Written(&'a Written),
    /// As it stands in a variable.
    Given(&'a Value),
}

impl<'a> Part<'a> {
    pub(super) const fn is_null(self) -> bool {
        matches!(self, Self::Written(Written::Null) | Self::Given(Value::Null))
    }

    /// A text, or the name of a value of an enumeration.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Written(Written::String(text)) | Self::Given(Value::String(text)) => Some(text),
            Self::Written(Written::Enum(name)) | Self::Given(Value::Enum(name)) => Some(name),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(self) -> Option<u64> {
        match self {
            Self::Written(Written::Number(number)) | Self::Given(Value::Number(number)) => number.as_u64(),
            _ => None,
        }
    }

    /// Items of a list, or bytes of a text.
    pub(super) fn length(self) -> Option<u64> {
        match self {
            Self::Written(Written::List(items)) => Some(items.len() as u64),
            Self::Given(Value::List(items)) => Some(items.len() as u64),
            Self::Written(Written::String(text)) | Self::Given(Value::String(text)) => Some(text.len() as u64),
            _ => None,
        }
    }
}

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
            Part::Given(Value::Object(fields)) => fields.get(name).map(Part::Given),
            _ => None,
        }
    }

    fn resolve(self, value: &'a Written) -> Option<Part<'a>> {
        match value {
            Written::Variable(name) => self.variable(name).map(Part::Given),
            written => Some(Part::Written(written)),
        }
    }

    /// The value of a variable, or its default.
    fn variable(self, name: &str) -> Option<&'a Value> {
        self.variables.get(name).or_else(|| {
            let mut definitions = self.operation.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}
