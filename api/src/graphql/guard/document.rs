//! What a parsed document unfolds to, without unfolding it: each fragment is measured once, so that the time is linear in
//! the document however often fragments spread one another. The GraphQL library unfolds them, and must see no document
//! that did not pass here.

use super::{Refusal, twice};
use crate::graphql::limits::{
    ALIASES, BULK_BODY, CONTENT_BODY, DEPTH, DIRECTIVES, FIELDS, LOG_INS, MUTATIONS, NESTING, ROOTS, SCHEMA_DEPTH,
    SCHEMA_FIELDS, SCHEMA_LISTS, SCHEMA_NESTING, streams,
};
use async_graphql::{
    Positioned,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};
use std::collections::HashMap;

/// Root fields that are given a password, a code or a token to check; besides them all whose name has "password".
const LOG_IN_FIELDS: [&str; 8] = [
    "acceptInvitation",
    "confirmTotp",
    "disableTotp",
    "logIn",
    "logOut",
    "refreshSession",
    "signUp",
    "transferOwnership",
];
/// Root fields after which who asks is somebody else: no other field of theirs is to be answered to the one or to the other
/// by chance.
const BEGINNINGS: [&str; 2] = ["logIn", "signUp"];
/// Introspection's lists of what has lists of its own.
const SCHEMA_LIST_FIELDS: [&str; 5] = ["types", "fields", "inputFields", "interfaces", "possibleTypes"];

/// What a selection set unfolds to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Measure {
    /// Fields, without those below `__schema` and `__type`.
    fields: u64,
    /// Levels of fields, without those.
    depth: u64,
    /// Selection sets within one another, through fragments.
    height: u64,
    /// Fields of this level.
    roots: u64,
    /// Those of them that log in.
    log_ins: u64,
    /// Those of them that are asked of the product, and not of their type.
    asked: u64,
    /// One of them after which who asks is somebody else.
    begins: Option<&'static str>,
    /// Bytes that a body with them may have; 0 for as many as with any.
    body: u64,
    /// Introspection's lists.
    lists: u64,
    /// Introspection's lists within one another.
    nested_lists: u64,
    /// Whether it has a field that tells the schema.
    introspects: bool,
    /// Fields below `__schema` and `__type`.
    schema_fields: u64,
    /// Levels below them.
    schema_depth: u64,
    /// Lists below them.
    schema_lists: u64,
    /// Lists within one another below them.
    schema_nesting: u64,
}

impl Measure {
    fn add(&mut self, other: Self) {
        let most = u64::from(u32::MAX);
        self.fields = (self.fields + other.fields).min(most);
        self.roots = (self.roots + other.roots).min(most);
        self.log_ins = (self.log_ins + other.log_ins).min(most);
        self.asked = (self.asked + other.asked).min(most);
        self.begins = self.begins.or(other.begins);
        self.schema_fields = (self.schema_fields + other.schema_fields).min(most);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height);
        self.lists = (self.lists + other.lists).min(most);
        self.nested_lists = self.nested_lists.max(other.nested_lists);
        self.schema_depth = self.schema_depth.max(other.schema_depth);
        self.schema_lists = (self.schema_lists + other.schema_lists).min(most);
        self.schema_nesting = self.schema_nesting.max(other.schema_nesting);
        self.body = self.body.max(other.body);
        self.introspects |= other.introspects;
    }

    /// A field around what it selects.
    fn field(name: &str, inner: Self) -> Self {
        let list = u64::from(SCHEMA_LIST_FIELDS.contains(&name));
        let lower = name.to_ascii_lowercase();
        let mut outer = Self {
            fields: inner.fields + 1,
            depth: inner.depth + 1,
            height: inner.height + 1,
            roots: 1,
            log_ins: u64::from(LOG_IN_FIELDS.contains(&name) || lower.contains("password")),
            asked: u64::from(name != "__typename"),
            begins: BEGINNINGS.into_iter().find(|known| *known == name),
            body: body_with(name),
            lists: inner.lists + list,
            nested_lists: inner.nested_lists + list,
            ..inner
        };
        if matches!(name, "__schema" | "__type") {
            outer.introspects = true;
            outer.schema_fields = inner.schema_fields.saturating_add(inner.fields);
            outer.schema_depth = inner.schema_depth.max(inner.depth);
            outer.schema_lists = inner.schema_lists.saturating_add(inner.lists);
            outer.schema_nesting = inner.schema_nesting.max(inner.nested_lists);
            (outer.fields, outer.depth, outer.lists, outer.nested_lists) = (1, 1, 0, 0);
        }
        outer
    }
}

/// What the guard learned of a document that it let pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Whether it asks for the schema.
    pub(super) introspects: bool,
    /// Bytes that the body around it may have, by the operation that is to run; 0 for as many as with any document.
    pub(super) body: u64,
}

/// Bytes that a body with this root field may have; 0 for as many as with any.
fn body_with(name: &str) -> u64 {
    match name {
        "trackContent" => CONTENT_BODY.most,
        "createLinks" => BULK_BODY.most,
        _ if name.starts_with("import") => BULK_BODY.most,
        _ => 0,
    }
}

/// Measures a document, of which one operation is to run, against every limit that needs no schema.
///
/// # Errors
/// The limit and what was found.
pub(super) fn check(document: &ExecutableDocument, runs: Option<&OperationDefinition>) -> Result<Findings, Refusal> {
    let mut measuring = Measuring { document, known: HashMap::new(), aliases: 0, directives: 0 };
    let (mut whole, mut running, mut roots, mut changes) = (Measure::default(), Measure::default(), 0, 0);
    for (_, operation) in document.operations.iter() {
        measuring.directed(&operation.node.directives);
        let variables = &operation.node.variable_definitions;
        variables.iter().for_each(|variable| measuring.directed(&variable.node.directives));
        let measure = measuring.set(&operation.node.selection_set, 0)?;
        roots = roots.max(measure.roots);
        if runs.is_some_and(|runs| std::ptr::eq(runs, &raw const operation.node)) {
            running = measure;
        }
        if operation.node.ty == OperationType::Mutation {
            changes = changes.max(measure.roots);
        }
        if operation.node.ty == OperationType::Subscription {
            Refusal::unless(streams::ROOTS, measure.roots)?;
            one_field(&operation.node.selection_set.node)?;
        }
        whole.add(measure);
    }
    // fragments that nobody spreads are walked by the library as well
    for (name, fragment) in &document.fragments {
        measuring.directed(&fragment.node.directives);
        let fields = measuring.fragment(name, 0)?.fields;
        Refusal::unless(FIELDS, fields)?;
    }
    Refusal::unless(ALIASES, measuring.aliases)?;
    Refusal::unless(DIRECTIVES, measuring.directives)?;
    Refusal::unless(FIELDS, whole.fields)?;
    Refusal::unless(ROOTS, roots)?;
    Refusal::unless(MUTATIONS, changes)?;
    Refusal::unless(LOG_INS, whole.log_ins)?;
    Refusal::unless(DEPTH, whole.depth)?;
    Refusal::unless(SCHEMA_FIELDS, whole.schema_fields)?;
    Refusal::unless(SCHEMA_DEPTH, whole.schema_depth)?;
    Refusal::unless(SCHEMA_NESTING, whole.schema_nesting)?;
    Refusal::unless(SCHEMA_LISTS, whole.schema_lists)?;
    Refusal::unless(NESTING, whole.height)?;
    twice::check(document)?;
    match running.begins {
        Some(name) if running.asked > 1 => {
            let rule = format!("`{name}` stands alone in its document: send the other fields with its token");
            Err(Refusal::invalid(&rule))
        }
        _ => Ok(Findings { introspects: whole.introspects, body: running.body }),
    }
}

/// Holds a subscription to the field that the specification asks for, in the only form that the library runs.
fn one_field(set: &SelectionSet) -> Result<(), Refusal> {
    let conditional = |name: &str| matches!(name, "skip" | "include");
    match set.items.as_slice() {
        [only] => match &only.node {
            Selection::Field(field)
                if !field.node.name.node.starts_with("__")
                    && !field.node.directives.iter().any(|directive| conditional(&directive.node.name.node)) =>
            {
                Ok(())
            }
            _ => Err(Refusal::invalid("a subscription has one field, which is no fragment and is never skipped")),
        },
        _ => Err(Refusal::invalid("a subscription has exactly one field")),
    }
}

struct Measuring<'a> {
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being measured.
    known: HashMap<&'a str, Option<Measure>>,
    aliases: u64,
    directives: u64,
}

impl<'a> Measuring<'a> {
    /// `level` is how deep this walk is, for its own sake.
    fn set(&mut self, set: &'a Positioned<SelectionSet>, level: u64) -> Result<Measure, Refusal> {
        Refusal::unless(NESTING, level)?;
        let mut sum = Measure::default();
        for selection in &set.node.items {
            self.directed(selection.node.directives());
            sum.add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, level)?,
                Selection::InlineFragment(inline) => raised(self.set(&inline.node.selection_set, level + 1)?),
                Selection::FragmentSpread(spread) => {
                    let inner = self.fragment(&spread.node.fragment_name.node, level + 1)?;
                    // a spread is work even where its fragment is empty
                    raised(Measure { fields: inner.fields + 1, ..inner })
                }
            });
        }
        Ok(sum)
    }

    fn field(&mut self, field: &'a Field, level: u64) -> Result<Measure, Refusal> {
        self.aliases += u64::from(field.alias.is_some());
        Ok(Measure::field(&field.name.node, self.set(&field.selection_set, level + 1)?))
    }

    fn fragment(&mut self, name: &str, level: u64) -> Result<Measure, Refusal> {
        let document = self.document;
        // a fragment that is not there is reported by the validation
        let Some((name, fragment)) = document.fragments.get_key_value(name) else { return Ok(Measure::default()) };
        match self.known.get(name.as_str()) {
            Some(Some(measure)) => return Ok(*measure),
            Some(None) => return Err(Refusal::invalid("a fragment of the document contains itself")),
            None => {}
        }
        self.known.insert(name.as_str(), None);
        let measure = self.set(&fragment.node.selection_set, level)?;
        self.known.insert(name.as_str(), Some(measure));
        Ok(measure)
    }

    fn directed(&mut self, directives: &[Positioned<Directive>]) {
        self.directives = self.directives.max(directives.len() as u64);
    }
}

/// One selection set more around it.
const fn raised(inner: Measure) -> Measure {
    Measure { height: inner.height + 1, ..inner }
}

#[cfg(test)]
mod tests;
