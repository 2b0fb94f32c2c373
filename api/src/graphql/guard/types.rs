//! The types of the schema, read once from its own text: what fields answer and take, and what goes into inputs. What
//! tells of the schema itself is not among them: it has nothing to change, and the library looks at it.

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
};
use async_graphql::{Name, Positioned, indexmap::IndexMap};
use std::collections::{HashMap, HashSet};

/// What an argument or a field of an input takes.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) kind: Type,
    /// Whether it has a default.
    pub(super) defaulted: bool,
}

impl Taken {
    /// Whether it cannot be left out.
    pub(super) const fn is_needed(&self) -> bool {
        !self.kind.nullable && !self.defaulted
    }
}

/// By name, in the order of the schema.
pub(super) type Takes = IndexMap<String, Taken>;

/// A field of an object.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) answers: Type,
    pub(super) takes: Takes,
}

/// What a named type of inputs is.
#[derive(Debug)]
pub(super) enum Input {
    Scalar,
    Enum(HashSet<String>),
    Object(Takes),
}

/// The types of a schema.
#[derive(Debug, Default)]
pub(super) struct Types {
    objects: HashMap<String, HashMap<String, Answering>>,
    interfaces: HashMap<String, HashMap<String, Answering>>,
    inputs: HashMap<String, Input>,
    directives: HashMap<String, Takes>,
}

impl Types {
    /// Reads the text of a schema; of what cannot be read nothing is known.
    pub(super) fn of(schema: &str) -> Self {
        let mut types = Self::default();
        for name in ["Boolean", "Float", "ID", "Int", "String"] {
            types.inputs.insert(name.to_owned(), Input::Scalar);
        }
        let definitions = parse_schema(schema).map(|document| document.definitions).unwrap_or_default();
        for definition in definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => {
                    types.add(definition.node.name.to_string(), definition.node.kind);
                }
                TypeSystemDefinition::Directive(definition) => {
                    let takes = taken(definition.node.arguments);
                    types.directives.insert(definition.node.name.to_string(), takes);
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        types
    }

    fn add(&mut self, name: String, kind: TypeKind) {
        match kind {
            TypeKind::Object(object) => {
                self.objects.insert(name, fields(object.fields));
            }
            TypeKind::Interface(interface) => {
                self.interfaces.insert(name, fields(interface.fields));
            }
            TypeKind::InputObject(object) => {
                self.inputs.insert(name, Input::Object(taken(object.fields)));
            }
            TypeKind::Enum(kind) => {
                let values = kind.values.into_iter().map(|value| value.node.value.to_string());
                self.inputs.insert(name, Input::Enum(values.collect()));
            }
            TypeKind::Scalar => {
                self.inputs.insert(name, Input::Scalar);
            }
            TypeKind::Union(_) => {}
        }
    }

    /// A field of an object or an interface.
    pub(super) fn field(&self, on: &str, name: &str) -> Option<&Answering> {
        self.objects.get(on).or_else(|| self.interfaces.get(on))?.get(name)
    }

    /// Whether a type is known to be that of objects, of which each is of no other type.
    pub(super) fn is_object(&self, name: &str) -> bool {
        self.objects.contains_key(name)
    }

    /// Whether values of a type have no fields.
    pub(super) fn is_leaf(&self, name: &str) -> bool {
        matches!(self.inputs.get(name), Some(Input::Scalar | Input::Enum(_)))
    }

    pub(super) fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.get(name)
    }

    /// What a directive takes.
    pub(super) fn directive(&self, name: &str) -> Option<&Takes> {
        self.directives.get(name)
    }
}

fn fields(fields: Vec<Positioned<FieldDefinition>>) -> HashMap<String, Answering> {
    let one = |field: Positioned<FieldDefinition>| {
        let FieldDefinition { name, arguments, ty, .. } = field.node;
        (name.to_string(), Answering { answers: ty.node, takes: taken(arguments) })
    };
    let kind = Type { base: BaseType::Named(Name::new("String")), nullable: false };
    let typename = ("__typename".to_owned(), Answering { answers: kind, takes: Takes::new() });
    fields.into_iter().map(one).chain([typename]).collect()
}

fn taken(values: Vec<Positioned<InputValueDefinition>>) -> Takes {
    let one = |value: Positioned<InputValueDefinition>| {
        let InputValueDefinition { name, ty, default_value, .. } = value.node;
        (name.to_string(), Taken { kind: ty.node, defaulted: default_value.is_some() })
    };
    values.into_iter().map(one).collect()
}

/// The type in all lists.
pub(in crate::graphql) fn named(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_read_as_it_is() {
        let types = Types::of(&crate::graphql::sdl());
        let mut scalars: Vec<&str> = types
            .inputs
            .iter()
            .filter_map(|(name, input)| matches!(input, Input::Scalar).then_some(name.as_str()))
            .collect();
        scalars.sort_unstable();
        // a new one needs a rule of its own in `value.rs`
        assert_eq!(scalars, ["Boolean", "DateTime", "Float", "ID", "Int", "String"]);
        let field = types.field("Query", "tenant").unwrap();
        assert_eq!(
            (field.answers.to_string().as_str(), field.takes["id"].kind.to_string().as_str()),
            ("Tenant", "ID!")
        );
        assert!(types.field("Node", "id").is_some() && !types.is_object("Node") && types.is_object("Link"));
        assert!(types.is_leaf("Int") && types.is_leaf("PixelMode") && !types.is_leaf("Link"));
        assert!(types.directive("skip").unwrap()["if"].is_needed());
        let Some(Input::Object(input)) = types.input("CreateLinkInput") else { panic!("it is no input") };
        assert!(input["destination"].is_needed() && !input["title"].is_needed());
    }
}
