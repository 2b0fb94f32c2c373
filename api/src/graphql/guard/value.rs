//! Whether a value is what its place takes: as it is written in a document, where variables may stand in it, or as it was
//! given for a variable. Each fault is told with the path to it, and none with what a client did not name itself.

use super::{
    part::{Part, Plain},
    types::{Input, Taken, Takes, Types},
};
use crate::graphql::scalars::{DateTime, INSTANT};
use async_graphql::parser::types::{BaseType, Type};
use async_graphql_value::Value as Written;
use std::fmt::{Display, Formatter, Result as Format};

/// What is told of what is left out.
pub(super) const NEEDED: &str = "is needed, and is not given";
/// What is told of a null.
pub(super) const NOT_NULL: &str = "must not be null";

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    /// In an argument.
    Argument(&'a str),
    /// In a variable.
    Variable(&'a str),
    /// In a field of an input.
    Field(&'a Self, &'a str),
    /// In a list.
    Item(&'a Self, usize),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Format {
        match self {
            Self::Argument(name) => f.write_str(name),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Field(of, name) => write!(f, "{of}.{name}"),
            Self::Item(of, at) => write!(f, "{of}.{at}"),
        }
    }
}

/// Who is told of faults, and looks at variables.
pub(super) trait Finding<'a> {
    /// Takes a fault: what is said of a place. Gives whether any more are told.
    fn fault(&mut self, path: Path<'_>, rule: &str) -> bool;

    /// A variable stands where this is taken.
    fn variable(&mut self, name: &'a str, takes: &Type, defaulted: bool, path: Path<'_>) -> bool;
}

/// Looks at a value and all that is in it. Gives whether any more faults are told.
pub(super) fn fit<'a, F: Finding<'a>>(
    types: &Types,
    takes: &Type,
    defaulted: bool,
    part: Part<'a>,
    path: Path<'_>,
    finding: &mut F,
) -> bool {
    if let Part::Written(Written::Variable(name)) = part {
        return finding.variable(name, takes, defaulted, path);
    }
    if part.is_null() {
        return takes.nullable || finding.fault(path, NOT_NULL);
    }
    match &takes.base {
        BaseType::List(inner) => match part.items() {
            Some(items) => items
                .into_iter()
                .enumerate()
                .all(|(at, item)| fit(types, inner, false, item, Path::Item(&path, at), finding)),
            // what is no list stands for one of it alone
            None => fit(types, inner, false, part, path, finding),
        },
        BaseType::Named(name) => match types.input(name) {
            Some(Input::Scalar) => scalar(name, part).is_none_or(|rule| finding.fault(path, rule)),
            Some(Input::Enum(values)) => {
                let known = part.name().is_some_and(|name| values.contains(name));
                known || finding.fault(path, "is none of the values that it may have")
            }
            Some(Input::Object(takes)) => object(types, takes, part, path, finding),
            // the library knows better
            None => true,
        },
    }
}

fn object<'a, F: Finding<'a>>(types: &Types, takes: &Takes, part: Part<'a>, path: Path<'_>, finding: &mut F) -> bool {
    let Some(fields) = part.fields() else { return finding.fault(path, "must be an object") };
    let all = fields.iter().all(|(name, inner)| {
        let path = Path::Field(&path, name);
        match takes.get(name.as_str()) {
            Some(Taken { kind, defaulted }) => fit(types, kind, *defaulted, *inner, path, finding),
            None => finding.fault(path, "is not known here"),
        }
    });
    let mut missing = takes.iter().filter(|(name, taken)| taken.is_needed() && !part.has(name));
    all && missing.all(|(name, _)| finding.fault(Path::Field(&path, name), NEEDED))
}

/// What a scalar must be, if it is not that. Every scalar of the schema is known here, which a test sees to.
fn scalar(name: &str, part: Part<'_>) -> Option<&'static str> {
    let (good, rule) = match (name, part.plain()) {
        ("Int", Plain::Number(number)) => {
            let fits = number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            (fits, "must be a whole number from -2147483648 to 2147483647")
        }
        ("Int", _) => (false, "must be a whole number"),
        ("Float", plain) => (matches!(plain, Plain::Number(_)), "must be a number"),
        ("String", plain) => (matches!(plain, Plain::Text(_)), "must be a text"),
        ("Boolean", plain) => (matches!(plain, Plain::Boolean), "must be true or false"),
        ("ID", Plain::Number(number)) => (number.is_i64(), "must be a text or a whole number"),
        ("ID", plain) => (matches!(plain, Plain::Text(_)), "must be a text or a whole number"),
        ("DateTime", Plain::Text(text)) => (DateTime::read(text).is_some(), INSTANT),
        ("DateTime", _) => (false, INSTANT),
        _ => (true, ""),
    };
    (!good).then_some(rule)
}

/// Whether a variable of one type may stand where another is taken.
pub(super) fn compatible(declared: &Type, takes: &Type) -> bool {
    let same = match (&declared.base, &takes.base) {
        (BaseType::Named(one), BaseType::Named(other)) => one == other,
        (BaseType::List(one), BaseType::List(other)) => compatible(one, other),
        _ => false,
    };
    same && (takes.nullable || !declared.nullable)
}
