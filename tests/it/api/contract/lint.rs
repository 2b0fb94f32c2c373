//! The rules of Relay's specifications and of this house: every name is of its kind and described, mutations, subscriptions and
//! connections have their shapes, and everything can be reached.

use crate::world::client::text;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A type as it is written: `[Link!]!`.
pub(super) fn written(reference: &Value) -> String {
    match text(&reference["kind"]) {
        "NON_NULL" => format!("{}!", written(&reference["ofType"])),
        "LIST" => format!("[{}]", written(&reference["ofType"])),
        _ => text(&reference["name"]).to_owned(),
    }
}

pub(super) fn list<'a>(value: &'a Value, name: &str) -> std::slice::Iter<'a, Value> {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

pub(super) fn name(value: &Value) -> &str {
    text(&value["name"])
}

/// The rules that a schema breaks.
pub(super) struct Lint {
    pub(super) types: Map<String, Value>,
    pub(super) broken: Vec<String>,
}

impl Lint {
    pub(super) fn hold(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(what());
        }
    }

    pub(super) fn field(&self, kind: &str, field: &str) -> Option<String> {
        let found = list(&self.types[kind], "fields").find(|found| name(found) == field)?;
        Some(written(&found["type"]))
    }

    /// All rules.
    pub(super) fn check(&mut self) {
        self.words();
        self.mutations();
        self.subscriptions();
        self.connections();
        self.reach();
        self.names();
        self.shapes();
    }

    /// Every name is of its kind, and everything is described.
    fn words(&mut self) {
        let [pascal, camel, upper] = ["^[A-Z][A-Za-z0-9]*$", "^[a-z][A-Za-z0-9]*$", "^[A-Z][A-Z0-9_]*$"];
        let [pascal, camel, upper] = [pascal, camel, upper].map(|rule| Regex::new(rule).unwrap());
        let standard = ["String", "Int", "Float", "Boolean", "ID"];
        for (kind, found) in self.types.clone() {
            self.hold(pascal.is_match(&kind), || format!("{kind} is no name of a type"));
            let mut named = vec![(kind.clone(), found.clone())];
            for field in list(&found, "fields").chain(list(&found, "inputFields")) {
                named.push((format!("{kind}.{}", name(field)), field.clone()));
                self.hold(camel.is_match(name(field)), || format!("{kind}.{} is no name of a field", name(field)));
                for argument in list(field, "args") {
                    named.push((format!("{kind}.{}({})", name(field), name(argument)), argument.clone()));
                    self.hold(camel.is_match(name(argument)), || format!("{kind}.{}({})", name(field), name(argument)));
                }
            }
            for value in list(&found, "enumValues") {
                named.push((format!("{kind}.{}", name(value)), value.clone()));
                self.hold(upper.is_match(name(value)), || format!("{kind}.{} is no name of a value", name(value)));
            }
            for (path, described) in named.into_iter().filter(|(path, _)| !standard.contains(&path.as_str())) {
                let description = described["description"].as_str().unwrap_or_default();
                self.hold(description.trim().len() > 3, || format!("{path} has no description"));
            }
        }
    }

    /// A mutation takes one input and answers a payload, both named after it, and says what is wrong with the one in the
    /// other.
    fn mutations(&mut self) {
        for mutation in list(&self.types["Mutation"].clone(), "fields") {
            let named = format!("{}{}", name(mutation)[..1].to_uppercase(), &name(mutation)[1..]);
            let inputs: Vec<String> =
                list(mutation, "args").map(|input| format!("{}: {}", name(input), written(&input["type"]))).collect();
            let right = inputs.is_empty() || inputs == [format!("input: {named}Input!")];
            self.hold(right, || format!("Mutation.{} takes {inputs:?}", name(mutation)));
            let payload = written(&mutation["type"]);
            self.hold(payload == format!("{named}Payload!"), || {
                format!("Mutation.{} answers {payload}", name(mutation))
            });
            let errors = self.field(payload.trim_end_matches('!'), "userErrors");
            self.hold(errors.as_deref() == Some("[UserError!]!"), || format!("{payload}.userErrors is {errors:?}"));
        }
    }

    /// A subscription answers one thing that happened, and names the tenant that it happened to.
    fn subscriptions(&mut self) {
        let fields = list(&self.types["Subscription"].clone(), "fields").cloned().collect::<Vec<_>>();
        self.hold(!fields.is_empty(), || "there are no subscriptions".to_owned());
        for field in fields {
            let kind = written(&field["type"]);
            let object = self.types.get(kind.trim_end_matches('!')).is_some_and(|found| found["kind"] == "OBJECT");
            self.hold(object && kind.ends_with('!'), || format!("Subscription.{} answers {kind}", name(&field)));
            let tenant = list(&field, "args").find(|argument| name(argument) == "tenantId");
            let needed = tenant.map(|argument| written(&argument["type"]));
            self.hold(needed.as_deref() == Some("ID!"), || format!("Subscription.{} takes {needed:?}", name(&field)));
        }
    }

    /// Connections as Relay has them, with their nodes and their count.
    fn connections(&mut self) {
        for kind in self.types.keys().filter(|kind| kind.ends_with("Connection")).cloned().collect::<Vec<_>>() {
            let node = kind.trim_end_matches("Connection");
            for (field, expected) in [
                ("edges", format!("[{node}Edge!]!")),
                ("nodes", format!("[{node}!]!")),
                ("pageInfo", "PageInfo!".to_owned()),
                ("totalCount", "Int!".to_owned()),
            ] {
                let found = self.field(&kind, field);
                self.hold(found.as_ref() == Some(&expected), || format!("{kind}.{field} is {found:?}"));
            }
            let edge = format!("{node}Edge");
            let (cursor, of) = (self.field(&edge, "cursor"), self.field(&edge, "node"));
            let right = cursor.as_deref() == Some("String!") && of == Some(format!("{node}!"));
            self.hold(right, || format!("{edge} has {cursor:?} and {of:?}"));
        }
        for (kind, found) in self.types.clone() {
            for field in list(&found, "fields").filter(|field| written(&field["type"]).ends_with("Connection!")) {
                let arguments: BTreeSet<String> =
                    list(field, "args").map(|found| format!("{}: {}", name(found), written(&found["type"]))).collect();
                for expected in ["first: Int", "after: String", "last: Int", "before: String"] {
                    self.hold(arguments.contains(expected), || format!("{kind}.{} lacks {expected}", name(field)));
                }
            }
        }
        let page =
            ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"].map(|field| self.field("PageInfo", field));
        let page = page.map(Option::unwrap_or_default);
        self.hold(page == ["Boolean!", "Boolean!", "String", "String"], || format!("PageInfo has {page:?}"));
        for node in list(&self.types["Node"].clone(), "possibleTypes") {
            let id = self.field(name(node), "id");
            self.hold(id.as_deref() == Some("ID!"), || format!("{}.id is {id:?}", name(node)));
        }
        let node = self.field("Query", "node");
        self.hold(node.as_deref() == Some("Node"), || format!("Query.node is {node:?}"));
    }

    /// Everything can be reached from an operation.
    fn reach(&mut self) {
        let mut reached = BTreeSet::new();
        let mut next = vec!["Query".to_owned(), "Mutation".to_owned(), "Subscription".to_owned()];
        while let Some(kind) = next.pop() {
            let Some(found) = self.types.get(&kind).filter(|_| reached.insert(kind.clone())) else { continue };
            let leaf = |reference: &Value| written(reference).replace(['[', ']', '!'], "");
            for field in list(found, "fields").chain(list(found, "inputFields")) {
                next.push(leaf(&field["type"]));
                next.extend(list(field, "args").map(|argument| leaf(&argument["type"])));
            }
            next.extend(
                list(found, "possibleTypes").chain(list(found, "interfaces")).map(|kind| name(kind).to_owned()),
            );
        }
        for kind in self.types.keys().cloned().collect::<Vec<_>>() {
            self.hold(reached.contains(&kind), || format!("nothing leads to {kind}"));
        }
    }
}
