//! Fields of one response key: they must be the same field with the same arguments wherever an object may have both, and
//! answer the same form of value in any case. The specification compares them in pairs; here they are gathered level by level,
//! fragments unfolded, and each is held against the first one of its group.
//! See <https://spec.graphql.org/October2021/#sec-Field-Selection-Merging>.

use super::{
    Refusal,
    cost::root,
    rules::room,
    types::{Types, named},
};
use async_graphql::{
    Positioned,
    indexmap::IndexMap,
    parser::types::{BaseType, ExecutableDocument, Field, Selection, SelectionSet, Type},
};
use std::collections::HashSet;

/// Most fields that are looked at. Those of an interface are looked at once for each type that stands beside them, and
/// again for what they select, so that there are more of them than the document unfolds to.
const MOST: usize = 10_000;

/// Looks at all operations of a document, which must have passed every limit.
pub(super) fn check(types: &Types, document: &ExecutableDocument, faults: &mut Vec<Refusal>) {
    let mut merging = Merging { types, document, left: MOST, faults };
    for (_, operation) in document.operations.iter() {
        let fields = merging.gathered([(Some(root(operation.node.ty)), &operation.node.selection_set.node)]);
        // what two names answer is seldom of one form, and to be told of the names is better
        merging.names(&fields);
        merging.forms(&fields);
    }
    if merging.left == 0 && room(faults) {
        faults.push(Refusal::invalid("the fields of the document overlap in too many ways"));
    }
}

/// A field with the type that it is selected of, where that is known.
#[derive(Clone, Copy)]
struct Selected<'a> {
    on: Option<&'a str>,
    field: &'a Positioned<Field>,
    /// What it answers, where that is known.
    answers: Option<&'a Type>,
}

impl<'a> Selected<'a> {
    fn inner(self) -> (Option<&'a str>, &'a SelectionSet) {
        (self.answers.map(named), &self.field.node.selection_set.node)
    }
}

struct Merging<'a, 'f> {
    types: &'a Types,
    document: &'a ExecutableDocument,
    /// How many fields more are looked at.
    left: usize,
    faults: &'f mut Vec<Refusal>,
}

impl<'a> Merging<'a, '_> {
    /// The fields that sets have together.
    fn gathered(&mut self, sets: impl IntoIterator<Item = (Option<&'a str>, &'a SelectionSet)>) -> Vec<Selected<'a>> {
        let (mut fields, mut spread) = (Vec::new(), HashSet::new());
        for (on, set) in sets {
            self.gather(on, set, &mut spread, &mut fields);
        }
        self.left = self.left.saturating_sub(fields.len());
        fields
    }

    fn gather(
        &self,
        on: Option<&'a str>,
        set: &'a SelectionSet,
        spread: &mut HashSet<&'a str>,
        fields: &mut Vec<Selected<'a>>,
    ) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let known = on.and_then(|on| self.types.field(on, &field.node.name.node));
                    fields.push(Selected { on, field, answers: known.map(|known| &known.answers) });
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.gather(condition.or(on), &inline.node.selection_set.node, spread, fields);
                }
                Selection::FragmentSpread(inner) => {
                    let name = &inner.node.fragment_name.node;
                    if let Some(fragment) = self.document.fragments.get(name)
                        && spread.insert(name)
                    {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.gather(Some(on), &fragment.node.selection_set.node, spread, fields);
                    }
                }
            }
        }
    }

    /// Holds all fields of one key to one form of value.
    fn forms(&mut self, fields: &[Selected<'a>]) {
        for (key, group) in by_key(fields) {
            if self.left == 0 || !room(self.faults) {
                return;
            }
            for other in &group[1..] {
                if let (Some(one), Some(answers)) = (group[0].answers, other.answers)
                    && !self.same_form(one, answers)
                {
                    self.conflict(key, *other, "answers values of two forms");
                    break;
                }
            }
            let inner = self.gathered(group.iter().map(|field| field.inner()));
            self.forms(&inner);
        }
    }

    /// Holds those fields of one key that one object may have to one name and the same arguments.
    fn names(&mut self, fields: &[Selected<'a>]) {
        for (key, group) in by_key(fields) {
            for together in self.together(&group) {
                if self.left == 0 || !room(self.faults) {
                    return;
                }
                if let Some(other) = together[1..].iter().find(|other| !same(together[0].field, other.field)) {
                    let name = &other.field.node.name.node;
                    let other_name = *name != together[0].field.node.name.node;
                    let rule = if other_name { "stands for two fields" } else { "has two sets of arguments" };
                    self.conflict(key, *other, rule);
                }
                let inner = self.gathered(together.iter().map(|field| field.inner()));
                self.names(&inner);
            }
        }
    }

    /// The fields that one object may have: those of its own type, and those of types that are not known to be another's.
    fn together(&self, group: &[Selected<'a>]) -> Vec<Vec<Selected<'a>>> {
        let (mut own, mut shared) = (IndexMap::<&str, Vec<Selected<'a>>>::new(), Vec::new());
        for field in group {
            match field.on.filter(|on| self.types.is_object(on)) {
                Some(on) => own.entry(on).or_default().push(*field),
                None => shared.push(*field),
            }
        }
        if own.is_empty() {
            return vec![shared];
        }
        own.values_mut().for_each(|fields| fields.extend(&shared));
        own.into_values().collect()
    }

    fn same_form(&self, one: &Type, other: &Type) -> bool {
        one.nullable == other.nullable
            && match (&one.base, &other.base) {
                (BaseType::List(one), BaseType::List(other)) => self.same_form(one, other),
                (BaseType::Named(one), BaseType::Named(other)) => {
                    one == other || !(self.types.is_leaf(one) || self.types.is_leaf(other))
                }
                _ => false,
            }
    }

    fn conflict(&mut self, key: &str, other: Selected<'a>, rule: &str) {
        let known = self.faults.iter().any(|fault| fault.at == Some(other.field.pos));
        if !known && room(self.faults) {
            let message = format!("`{key}` {rule} under one name: give one an alias");
            self.faults.push(Refusal::invalid(&message).at(other.field.pos));
        }
    }
}

/// In the order of the document.
fn by_key<'a>(fields: &[Selected<'a>]) -> IndexMap<&'a str, Vec<Selected<'a>>> {
    let mut groups = IndexMap::<_, Vec<_>>::new();
    for field in fields {
        groups.entry(field.field.node.response_key().node.as_str()).or_default().push(*field);
    }
    groups
}

/// Whether two fields have one name and the same arguments, in whatever order.
fn same(one: &Positioned<Field>, other: &Positioned<Field>) -> bool {
    let (one, other) = (&one.node, &other.node);
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().all(|(name, value)| {
            let found = other.get_argument(&name.node);
            found.is_some_and(|found| found.node == value.node)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn told(text: &str) -> Vec<String> {
        let types = Types::of(&crate::graphql::sdl());
        let mut faults = Vec::new();
        check(&types, &parse_query(text).unwrap(), &mut faults);
        faults.into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn fields_that_are_one_merge() {
        for good in [
            "{ tenant(id: 1) { id name } ...F } fragment F on Query { tenant(id: 1) { name links { nodes { id } } } }",
            "{ a: tenant(id: 1) { name } b: tenant(id: 2) { name } }",
            "{ node(id: 1) { id ... on Link { x: title } ... on Tenant { y: name } } }",
            // no object is both
            "{ node(id: 1) { ... on Link { x: slug } ... on Tenant { x: name } ... on Node { id } } }",
            "{ node(id: 1) { ... on Link { a: clicks(first: 1) { x: totalCount } } \
               ... on Tenant { a: links(first: 2) { x: totalCount } } } }",
            "query($a: ID!) { tenant(id: $a) { id } ... { tenant(id: $a) { id } } }",
            "{ tenant(id: 1) { links(last: 1, filter: {text: \"a\", tag: \"b\"}) { nodes { id } } \
               ... on Tenant { links(filter: {tag: \"b\", text: \"a\"}, last: 1) { nodes { slug } } } } }",
            "{ __schema { types { name ... on __Type { name kind } } } }",
            "{ ...F ...F } fragment F on Query { ...G } fragment G on Query { networks { key } ...H } \
             fragment H on Query { networks { name } }",
        ] {
            assert_eq!(told(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn fields_that_conflict_are_found_wherever_they_stand() {
        let [names, arguments, forms] = [
            "stands for two fields under one name: give one an alias",
            "has two sets of arguments under one name: give one an alias",
            "answers values of two forms under one name: give one an alias",
        ];
        for (bad, key, rule) in [
            ("{ tenant(id: 1) { name } ...F } fragment F on Query { tenant(id: 2) { id } }", "tenant", arguments),
            ("{ tenant(id: 1) { name } ... on Query { tenant(id: 2) { id } } }", "tenant", arguments),
            ("{ tenant(id: 1) { name } ... { tenant(id: \"1\") { id } } }", "tenant", arguments),
            ("query($a: ID!) { tenant(id: 1) { id } ... { tenant(id: $a) { id } } }", "tenant", arguments),
            (
                "{ tenant(id: 1) { links { nodes { id } } ...F } } fragment F on Tenant { links(first: 1) { nodes { id } } }",
                "links",
                arguments,
            ),
            (
                "{ tenant(id: 1) { x: name } ...F } fragment F on Query { tenant(id: 1) { ...G } } \
              fragment G on Tenant { x: id }",
                "x",
                names,
            ),
            ("{ node(id: 1) { x: id ... on Link { x: slug } } }", "x", names),
            (
                "{ node(id: 1) { ... on Link { x: slug } ... on Tenant { x: name } ...F } } \
              fragment F on Tenant { x: id }",
                "x",
                names,
            ),
            ("{ node(id: 1) { ... on Link { x: slug } ... on Tenant { x: links { nodes { id } } } } }", "x", forms),
            ("{ node(id: 1) { ... on Link { x: title } ... on Tenant { x: name } } }", "x", forms),
            (
                "{ node(id: 1) { ... on Link { a: clicks { x: totalCount } } \
               ... on Tenant { a: links { x: nodes { id } } } } }",
                "x",
                forms,
            ),
            (
                "query A { x } query B { node(id: 1) { ... on Link { x: __typename } ... on Tenant { x: links { a } } } }",
                "x",
                forms,
            ),
        ] {
            let told = told(bad);
            assert!(told.contains(&format!("`{key}` {rule}")), "{bad}: {told:?}");
        }
    }

    #[test]
    fn what_overlaps_without_end_is_refused() {
        let types = ["Link", "Tenant", "Pixel", "Domain", "Click", "ApiKey", "Webhook", "User"];
        let level = |inner: &str| {
            let own = types.map(|kind| format!("... on {kind} {{ a {{ b }} }} "));
            format!("{} a {{ {inner} }}", own.concat())
        };
        let text = (0..7).fold("a { b }".to_owned(), |inner, _| level(&inner));
        assert_eq!(told(&format!("{{ {text} }}")), ["the fields of the document overlap in too many ways"]);
    }
}
