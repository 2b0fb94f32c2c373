//! What linters of GraphQL hold beyond Relay's specifications: names that say one thing once, reasons of what is deprecated,
//! identifiers of one kind, and lists that hold something.

use super::lint::{Lint, list, name, written};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fields that begin with the name of their type and mean something else: a click's own id, which goes out into the world.
const NAMED_ALIKE: [&str; 1] = ["Click.clickId"];
/// Identifiers of what no field of this API asks for: they stand in addresses, in headers, and in other systems.
const FOREIGN_IDS: [&str; 4] = ["clickId", "externalId", "messageId", "requestId"];
/// Inputs that are asked with and change nothing: filters, orders, and who a page is shown to.
const ASKED_WITH: [&str; 3] = ["Filter", "Order", "PreviewVisitor"];

impl Lint {
    /// Names say one thing, once, and nothing that is plain.
    pub(super) fn names(&mut self) {
        let kinds = Regex::new("(Type|Enum|Interface|Union|Object|Scalar)$").unwrap();
        let hungarian = Regex::new("^(str|int|bool|num|arr|obj|lst|list)[A-Z]").unwrap();
        for (kind, found) in self.types.clone() {
            self.hold(!kinds.is_match(&kind), || format!("{kind} names its kind"));
            if found["kind"] == "INPUT_OBJECT" {
                let named = kind.ends_with("Input") || ASKED_WITH.iter().any(|ending| kind.ends_with(ending));
                self.hold(named, || format!("{kind} is an input and not named so"));
            } else {
                self.hold(!kind.ends_with("Input"), || format!("{kind} is named as an input"));
            }
            let mut seen = BTreeSet::new();
            for part in ["fields", "inputFields", "enumValues"] {
                for member in list(&found, part) {
                    let path = format!("{kind}.{}", name(member));
                    self.hold(seen.insert(name(member).to_ascii_lowercase()), || format!("{path} is there twice"));
                    self.hold(!hungarian.is_match(name(member)), || format!("{path} names its type"));
                    self.reason(&path, member);
                    for argument in list(member, "args") {
                        self.reason(&format!("{path}({})", name(argument)), argument);
                    }
                }
            }
            let root = ["Query", "Mutation", "Subscription"].contains(&kind.as_str());
            for field in list(&found, "fields") {
                let path = format!("{kind}.{}", name(field));
                let alike = name(field).to_ascii_lowercase().starts_with(&kind.to_ascii_lowercase());
                self.hold(root || !alike || NAMED_ALIKE.contains(&path.as_str()), || {
                    format!("{path} repeats the name of its type")
                });
                let plain = ["get", "list", "fetch", "query"].iter().any(|verb| begins(name(field), verb))
                    || ["Query", "Mutation", "Subscription"].iter().any(|kind| name(field).ends_with(kind));
                self.hold(!root || !plain, || format!("{path} says what all fields do"));
            }
        }
    }

    fn reason(&mut self, path: &str, member: &Value) {
        let deprecated = member["isDeprecated"] == true;
        let reason = member["deprecationReason"].as_str().unwrap_or_default();
        let told = reason.len() > 10 && reason != "No longer supported";
        self.hold(!deprecated || told, || format!("{path} is deprecated without a reason"));
    }

    /// Identifiers are of one kind, lists hold something, connections are there, and an input belongs to one mutation.
    pub(super) fn shapes(&mut self) {
        let mut inputs: BTreeMap<String, usize> = BTreeMap::new();
        for mutation in list(&self.types["Mutation"], "fields") {
            for argument in list(mutation, "args") {
                *inputs.entry(written(&argument["type"])).or_default() += 1;
            }
        }
        for (input, count) in inputs {
            self.hold(count == 1, || format!("{input} is the input of {count} mutations"));
        }
        for (kind, found) in self.types.clone() {
            let connection = kind.strip_suffix("Edge").map(|node| format!("{node}Connection"));
            let belongs = connection.is_none_or(|connection| self.types.contains_key(&connection));
            self.hold(belongs, || format!("{kind} belongs to no connection"));
            for field in list(&found, "fields").chain(list(&found, "inputFields")) {
                let (path, of) = (format!("{kind}.{}", name(field)), written(&field["type"]));
                let value = self.types.get(of.trim_end_matches('!')).is_some_and(|found| found["kind"] == "SCALAR");
                let identifies = value && (name(field) == "id" || name(field).ends_with("Id"));
                let right = of.trim_end_matches('!') == "ID" || FOREIGN_IDS.contains(&name(field));
                self.hold(!identifies || right, || format!("{path} is {of}"));
                self.hold(!of.contains('[') || of.contains("!]"), || format!("{path} may hold nothing in a list"));
                self.hold(!of.ends_with("Connection"), || format!("{path} may be no connection"));
            }
        }
    }
}

/// Whether a name is a verb and something after it.
fn begins(name: &str, verb: &str) -> bool {
    name.strip_prefix(verb).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()))
}
