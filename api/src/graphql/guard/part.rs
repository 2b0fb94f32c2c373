//! Values where they stand, in a document or in the variables of a request, which may be large and are never copied.

use async_graphql::{Name, Number, Value};
use async_graphql_value::Value as Written;

/// A value or a part of one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// In a document.
    Written(&'a Written),
    /// In a document, where no variable may stand.
    Constant(&'a Value),
    /// In the variables of a request.
    Given(&'a Value),
}

/// A value without parts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Plain<'a> {
    Number(&'a Number),
    Text(&'a str),
    Boolean,
    Other,
}

impl<'a> Part<'a> {
    pub(super) const fn is_null(self) -> bool {
        matches!(self, Self::Written(Written::Null) | Self::Constant(Value::Null) | Self::Given(Value::Null))
    }

    pub(super) fn plain(self) -> Plain<'a> {
        match self {
            Self::Written(Written::Number(number))
            | Self::Constant(Value::Number(number))
            | Self::Given(Value::Number(number)) => Plain::Number(number),
            Self::Written(Written::String(text))
            | Self::Constant(Value::String(text))
            | Self::Given(Value::String(text)) => Plain::Text(text),
            Self::Written(Written::Boolean(_)) | Self::Constant(Value::Boolean(_)) | Self::Given(Value::Boolean(_)) => {
                Plain::Boolean
            }
            _ => Plain::Other,
        }
    }

    /// The value of an enumeration, which is a text in variables and nowhere else.
    pub(super) fn name(self) -> Option<&'a str> {
        match self {
            Self::Written(Written::Enum(name)) | Self::Constant(Value::Enum(name)) | Self::Given(Value::Enum(name)) => {
                Some(name)
            }
            Self::Given(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(self) -> Option<Vec<Self>> {
        match self {
            Self::Written(Written::List(items)) => Some(items.iter().map(Self::Written).collect()),
            Self::Constant(Value::List(items)) => Some(items.iter().map(Self::Constant).collect()),
            Self::Given(Value::List(items)) => Some(items.iter().map(Self::Given).collect()),
            _ => None,
        }
    }

    pub(super) fn fields(self) -> Option<Vec<(&'a Name, Self)>> {
        match self {
            Self::Written(Written::Object(all)) => {
                Some(all.iter().map(|(name, part)| (name, Self::Written(part))).collect())
            }
            Self::Constant(Value::Object(all)) => {
                Some(all.iter().map(|(name, part)| (name, Self::Constant(part))).collect())
            }
            Self::Given(Value::Object(all)) => Some(all.iter().map(|(name, part)| (name, Self::Given(part))).collect()),
            _ => None,
        }
    }

    pub(super) fn has(self, name: &str) -> bool {
        match self {
            Self::Written(Written::Object(fields)) => fields.contains_key(name),
            Self::Constant(Value::Object(fields)) | Self::Given(Value::Object(fields)) => fields.contains_key(name),
            _ => false,
        }
    }

    /// A text, or the name of a value of an enumeration.
    pub(super) fn text(self) -> Option<&'a str> {
        match self.plain() {
            Plain::Text(text) => Some(text),
            _ => self.name(),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(self) -> Option<u64> {
        match self.plain() {
            Plain::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// Items of a list, or bytes of a text.
    pub(super) fn length(self) -> Option<u64> {
        match self {
            Self::Written(Written::List(items)) => Some(items.len() as u64),
            Self::Constant(Value::List(items)) | Self::Given(Value::List(items)) => Some(items.len() as u64),
            _ => match self.plain() {
                Plain::Text(text) => Some(text.len() as u64),
                _ => None,
            },
        }
    }
}
