//! The cost of an operation, known before it runs, in a time that grows with the fields it unfolds to, of which another limit
//! lets few pass: every field is a tenth, rows multiply, and each fragment is counted once for each kind of place it stands
//! in. What comes is never more: a list counts with the most rows that its arguments, or its own bound, allow. A part of a page does not know how many rows it has, so the cost of a selection has two parts: what counts
//! once, and what counts for each row of the list around it.

use super::{
    argument::Arguments,
    part::Part,
    prices::{Bucket, FIELD, Given, Price, Prices, Rows},
};
use crate::{clicks::report::DEFAULT_DAYS, graphql::scalars::DateTime};
use async_graphql::{
    Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet},
};
use contract::clock::DAY;
use std::collections::HashMap;

/// Hundredths in a unit of cost.
pub(super) const HUNDREDTHS: u64 = 100;
/// More rows than any list answers: who asks for more is refused by the list itself.
const MOST_ROWS: u64 = 1_000;
/// What a series' length goes by.
const REPORT: &str = "Report";
/// Buckets that a range may touch more than its length tells: at its ends, and where clocks are changed.
const MORE_BUCKETS: u64 = 8;
/// Above every limit, and so far from overflowing that sums need no care.
const MOST: u64 = 1 << 40;

/// Hundredths of a selection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Whatever the list around it.
    pub(super) once: u64,
    /// For each row of the list around it.
    pub(super) each: u64,
}

impl Cost {
    pub(super) fn add(&mut self, other: Self) {
        self.once = self.once.saturating_add(other.once).min(MOST);
        self.each = self.each.saturating_add(other.each).min(MOST);
    }
}

/// The cost of running an operation, in whole units.
pub(super) fn requested(
    prices: &Prices,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> u64 {
    let mut counting = Counting {
        prices,
        document,
        arguments: Arguments { operation, variables },
        known: HashMap::new(),
        length: None,
    };
    let cost = counting.set(root(operation.ty), &operation.selection_set.node, false);
    units(cost.once.saturating_add(cost.each))
}

/// Hundredths in whole units, the last one begun.
pub(super) const fn units(hundredths: u64) -> u64 {
    hundredths.div_ceil(HUNDREDTHS)
}

/// The type at the root of an operation.
pub(super) const fn root(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// Which fields no cost is counted for: those that tell of the schema have limits of their own.
pub(super) fn is_free(field: &str) -> bool {
    matches!(field, "__schema" | "__type")
}

struct Counting<'a> {
    prices: &'a Prices,
    document: &'a ExecutableDocument,
    arguments: Arguments<'a>,
    /// By name, whether they stand in the rows of a list that comes along, and the length around them.
    known: HashMap<(&'a str, bool, Option<u64>), Cost>,
    /// Of the range of the report around, in milliseconds, where it is known.
    length: Option<u64>,
}

impl<'a> Counting<'a> {
    fn set(&mut self, on: &str, set: &'a SelectionSet, along: bool) -> Cost {
        let mut sum = Cost::default();
        for selection in &set.items {
            sum.add(match &selection.node {
                Selection::Field(field) => self.field(on, &field.node, along),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(on, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node, along)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, along),
            });
        }
        sum
    }

    fn fragment(&mut self, name: &str, along: bool) -> Cost {
        let document = self.document;
        let Some((name, fragment)) = document.fragments.get_key_value(name) else { return Cost::default() };
        let key = (name.as_str(), along, self.length);
        if let Some(cost) = self.known.get(&key) {
            return *cost;
        }
        let on = &fragment.node.type_condition.node.on.node;
        let cost = self.set(on, &fragment.node.selection_set.node, along);
        self.known.insert(key, cost);
        cost
    }

    fn field(&mut self, on: &str, field: &'a Field, along: bool) -> Cost {
        let name = field.name.node.as_str();
        if is_free(name) {
            return Cost::default();
        }
        let prices = self.prices;
        let Some(price) = prices.find(on, name) else {
            let inner = self.set("", &field.selection_set.node, along);
            return Cost { once: FIELD + inner.once + inner.each, each: 0 };
        };
        let around = self.length;
        if price.answers == REPORT {
            self.length = self.length_of(field);
        }
        let inner = self.set(&price.answers, &field.selection_set.node, price.brings_along(along));
        self.length = around;
        self.priced(price, field, price.own(along), inner)
    }

    fn priced(&self, price: &Price, field: &'a Field, own: u64, inner: Cost) -> Cost {
        let rows = match &price.rows {
            // where there is no argument a page has its greatest length
            Rows::One => u64::from(crate::page::MAX),
            Rows::Most(rows) => *rows,
            // one more row tells of all that have none
            Rows::Page { default } => self.page(field, *default) + u64::from(price.list),
            Rows::Given(given) => self.given(field, given),
            Rows::ByArgument(argument, buckets) => self.chosen(field, argument, buckets),
            Rows::ToldOfInputs => return Cost { once: own, each: 0 },
            Rows::OfParent => return Cost { once: own, each: inner.once + inner.each },
        };
        let (plain, each) = if price.list { (0, inner.once + inner.each) } else { (inner.once, inner.each) };
        let multiplied = each.saturating_mul(rows).min(MOST);
        Cost { once: (own + rows * price.row() + plain).saturating_add(multiplied).min(MOST), each: 0 }
    }

    /// The most buckets of the report around for the value of an argument; of all values where it cannot be known.
    fn chosen(&self, field: &'a Field, argument: &str, buckets: &[Bucket]) -> u64 {
        let name = self.arguments.of(field, argument).and_then(Part::text);
        let rows = |bucket: &Bucket| {
            let touched = self.length.map(|length| (length / bucket.shortest).saturating_add(MORE_BUCKETS));
            touched.map_or(bucket.most, |touched| touched.min(bucket.most))
        };
        let known = buckets.iter().find(|bucket| name == Some(bucket.value)).map(rows);
        known.or_else(|| buckets.iter().map(rows).max()).unwrap_or(MOST_ROWS)
    }

    /// Milliseconds from `filter.from` to `filter.to`, by the rules of a report; `None` where the present says it.
    fn length_of(&self, report: &'a Field) -> Option<u64> {
        let filter = self.arguments.of(report, "filter");
        let end = |name: &str| self.arguments.within(filter?, name).filter(|part| !part.is_null());
        // what is no instant is refused later
        let instant = |part: Part<'_>| DateTime::read(part.text()?).map(|at| at.0);
        let length = match (end("from"), end("to")) {
            (None, _) => DEFAULT_DAYS * DAY,
            (Some(_), None) => return None,
            (Some(from), Some(to)) => instant(to)?.saturating_sub(instant(from)?),
        };
        Some(u64::try_from(length).unwrap_or(0))
    }

    /// Rows that `first` or `last` ask for.
    fn page(&self, field: &'a Field, default: u64) -> u64 {
        let asked = ["first", "last"].into_iter().filter_map(|name| self.arguments.of(field, name));
        // what is no number is refused later; until then it is the most
        let asked = asked.filter(|part| !part.is_null()).map(|part| part.number().unwrap_or(MOST_ROWS));
        asked.max().unwrap_or(default).clamp(1, MOST_ROWS)
    }

    /// Rows by the length of a list or text within an argument; what is neither counts as a list of one, as the
    /// specification has it.
    fn given(&self, field: &'a Field, given: &Given) -> u64 {
        let [argument, within] = given.path;
        let part = self.arguments.of(field, argument).and_then(|part| self.arguments.within(part, within));
        part.and_then(Part::length).unwrap_or(1).div_ceil(given.each).min(given.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Value, parser::parse_query, value};

    fn cost(text: &str, variables: Value) -> u64 {
        let document = parse_query(text).unwrap();
        let operation = document.operations.iter().next().unwrap().1;
        let prices = Prices::of(&crate::graphql::sdl());
        requested(&prices, &document, &operation.node, &Variables::from_value(variables))
    }

    #[test]
    fn rows_multiply_what_they_hold() {
        let none = || value!({});
        assert_eq!(cost("{ __typename }", none()), 1);
        let page =
            |arguments: &str| format!("{{ tenant(id: 1) {{ links{arguments} {{ nodes {{ id slug title }} }} }} }}");
        // a page of n: tenant, links, n × 3 and the list itself, in tenths
        for (arguments, units) in
            [("", 7), ("(first: 100)", 31), ("(last: 100)", 31), ("(first: 0)", 1), ("(first: null)", 7)]
        {
            assert_eq!(cost(&page(arguments), none()), units, "{arguments}");
        }
        for huge in ["(first: 1001)", "(first: 2147483648)", "(first: -1)", "(first: \"x\")", "(first: 1e99)"] {
            assert_eq!(cost(&page(huge), none()), 301, "{huge}");
        }
        assert_eq!(cost("{ tenant(id: 1) { links(first: 100) { pageInfo { endCursor } totalCount } } }", none()), 3);
        let within =
            "{ tenant(id: 1) { links(first: 100) { nodes { clicks(first: 100) { edges { node { id } } } } } } }";
        assert_eq!(cost(within, none()), 2_021);
        assert_eq!(cost("{ tenant(id: 1) { links { nodes { pixels { id name } } } } }", none()), 11);
    }

    #[test]
    fn a_list_without_pages_counts_with_the_most_rows_that_it_has() {
        let none = || value!({});
        // in hundredths: viewer, memberships, and a role, a tenant and its report for each of 200 and one more
        assert_eq!(cost("{ viewer { memberships { role tenant { id } } } }", none()), 7);
        assert_eq!(cost("{ viewer { memberships { tenant { report { from } } } } }", none()), 206);
        assert_eq!(cost("{ viewer { memberships(first: 3) { tenant { report { from } } } } }", none()), 5);
        assert_eq!(cost("{ viewer { memberships { tenant { links { nodes { id } } } } } }", none()), 427);
        // a page that is no connection has one row more, of all others
        assert_eq!(cost("{ tenant(id: 1) { report { breakdown(by: OS, first: 999) { value } } } }", none()), 14);
        // what is wrong with an input is told for nothing
        let told = "mutation { createLink(input: {}) { userErrors { field message code } link { id } } }";
        assert_eq!(
            cost(told, none()),
            cost("mutation { createLink(input: {}) { userErrors { code } link { id } } }", none())
        );
    }

    #[test]
    fn a_series_counts_with_the_buckets_of_its_range() {
        let series = |filter: &str, interval: &str, variables: Value| {
            let declared = "query($i: ReportInterval!, $f: ReportFilter, $at: DateTime)";
            let part = format!("series(interval: {interval}) {{ at clicks }}");
            // twice the same, of which one is a fragment that stands elsewhere as well
            let fragment = "fragment s on Report { series(interval: HOUR) { at clicks } }";
            let other = "report(filter: { from: \"2026-01-01T00:00:00Z\" to: \"2026-01-01T01:00:00Z\" }) { ...s }";
            let text =
                format!("{declared} {{ tenant(id: 1) {{ report{filter} {{ {part} }} o: {other} }} }} {fragment}");
            cost(&text, variables)
        };
        // in hundredths: tenant 10, report 100, series 500 and six for each bucket; and the same of an hour
        let with = |buckets: u64, more: u64| (10 + 2 * 600 + 6 * (buckets + more + MORE_BUCKETS)).div_ceil(100);
        let units = |hours: u64| with(hours, 1);
        let day = "(filter: { from: \"2026-01-01T00:00:00Z\" to: \"2026-01-02T00:00:00Z\" })";
        let (open, wrong) = ("(filter: { from: \"2026-01-01T00:00:00Z\" })", "(filter: { from: 1 to: 2 })");
        for (filter, hours, days) in [
            ("", 720 + MORE_BUCKETS, 30 + MORE_BUCKETS),
            ("(filter: { to: \"2026-01-01T00:00:00Z\" })", 720 + MORE_BUCKETS, 30 + MORE_BUCKETS),
            (day, 24 + MORE_BUCKETS, 1 + MORE_BUCKETS),
            (open, 1_514, 402),
            (wrong, 1_514, 402),
        ] {
            assert_eq!(series(filter, "HOUR", value!({})), units(hours), "{filter}");
            assert_eq!(series(filter, "DAY", value!({})), with(days, 0), "{filter}");
            assert_eq!(series(filter, "$i", value!({ "i": "DAY" })), with(days, 0), "{filter}");
            assert_eq!(series(filter, "$i", value!({})), units(hours), "{filter}");
        }
        let (from, to) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let given = |filter: Value| series("(filter: $f)", "HOUR", value!({ "f": filter }));
        assert_eq!(given(value!({ "from": from, "to": to })), units(24 + MORE_BUCKETS));
        assert_eq!(given(value!({ "from": to, "to": from })), units(MORE_BUCKETS));
        assert_eq!(given(value!({ "from": null, "to": to })), units(720 + MORE_BUCKETS));
        assert_eq!(given(value!({ "from": from, "to": "9".repeat(100) })), units(1_514));
        let half = "(filter: { from: \"2026-01-01T00:00:00Z\" to: $at })";
        assert_eq!(series(half, "HOUR", value!({ "at": to })), units(24 + MORE_BUCKETS));
    }

    #[test]
    fn variables_and_their_defaults_count() {
        let text = "query($n: Int = 50) { tenant(id: 1) { links(first: $n) { nodes { id slug } } } }";
        assert_eq!(cost(text, value!({})), 11);
        assert_eq!(cost(text, value!({ "n": 100 })), 21);
        assert_eq!(cost(text, value!({ "n": "100" })), 201);
        assert_eq!(cost(text, value!({ "m": 100 })), 11);
    }

    #[test]
    fn many_at_once_cost_by_their_number() {
        let selection = "{ results { index link { id shortUrl } userErrors { message } } }";
        let links = |count: usize| Value::List(vec![value!({ "destination": "x" }); count]);
        let whole = format!("mutation($i: CreateLinksInput!) {{ createLinks(input: $i) {selection} }}");
        assert_eq!(cost(&whole, value!({ "i": { "links": links(1_000) } })), 10 + 100 + 61);
        assert_eq!(cost(&whole, value!({ "i": { "links": links(10) } })), 10 + 1 + 1);
        let part = format!("mutation($l: [LinkInput!]!) {{ createLinks(input: {{ links: $l }}) {selection} }}");
        assert_eq!(cost(&part, value!({ "l": links(1_000) })), 10 + 100 + 61);
        let here = format!("mutation {{ createLinks(input: {{ links: [{}] }}) {selection} }}", "{}".repeat(10));
        assert_eq!(cost(&here, value!({})), 10 + 1 + 1);
        assert_eq!(cost("mutation { createLinks { userErrors { code } } }", value!({})), 11);
        let content =
            "mutation($i: TrackContentInput!, $c: String!) { trackContent(input: $i) { content links { count } } }";
        for (bytes, units) in [(1, 11), (800, 22), (4_000, 66), (100_000, 66)] {
            assert_eq!(cost(content, value!({ "i": { "content": "x".repeat(bytes) } })), units, "{bytes}");
            let part = content.replace("input: $i", "input: { content: $c }");
            assert_eq!(cost(&part, value!({ "c": "x".repeat(bytes) })), units, "{bytes}");
            let here = content.replace("input: $i", &format!("input: {{ content: \"{}\" }}", "x".repeat(bytes)));
            assert_eq!(cost(&here, value!({})), units, "{bytes}");
        }
    }

    #[test]
    fn each_fragment_is_counted_once_and_for_its_own_rows() {
        let text = "{ tenant(id: 1) { a: links(first: 10) { ...f } b: links(first: 100) { ...f } } } \
                    fragment f on LinkConnection { nodes { id slug } }";
        assert_eq!(cost(text, value!({})), 23);
        assert_eq!(
            cost("{ node(id: 1) { ... on Link { slug } ... on Tenant { name links { nodes { id } } } } }", value!({})),
            3
        );
        assert_eq!(cost("{ nothing { x { y } } __schema { types { name } } }", value!({})), 1);
    }
}
