//! Each rule kept and broken: values in a document, variables where they stand and as they are given, and `__typename`.

use super::*;
use async_graphql::{parser::parse_query, value};

/// Code and message of each fault.
fn faults(text: &str, variables: Value) -> Vec<(&'static str, String)> {
    let types = Types::of(&crate::graphql::sdl());
    let document = parse_query(text).unwrap();
    let mut operations = document.operations.iter();
    let runs = operations.find(|(name, _)| name.is_none_or(|name| name == "A")).map(|(_, operation)| &operation.node);
    let found = check(&types, &document, runs, &Variables::from_value(variables)).err().unwrap_or_default();
    found.into_iter().map(|fault| (fault.code, fault.message)).collect()
}

const DOCUMENT: &str = "GRAPHQL_VALIDATION_FAILED";
const VARIABLE: &str = "BAD_USER_INPUT";

fn told(text: &str, variables: Value, code: &'static str, message: &str) {
    let found = faults(text, variables);
    assert_eq!(found, [(code, message.to_owned())], "{text}");
}

fn taken(text: &str, variables: Value) {
    assert_eq!(faults(text, variables), [], "{text}");
}

/// A document that takes a link's input from a variable.
const LINK: &str = "mutation($b: CreateLinkInput!) { createLink(input: $b) { link { id } } }";

#[test]
fn a_literal_fits_its_place() {
    for good in [
        "{ tenant(id: 1) { links(first: 2147483647, filter: null) { nodes { id } } } }",
        "{ tenant(id: \"1\") { report(filter: {from: \"2026-01-01T00:00:00Z\"}) { breakdown(by: COUNTRY) { clicks } } } }",
        // one stands for a list of one
        "mutation { createLink(input: {tenantId: 1, destination: \"x\", tags: \"a\"}) { link { id } } }",
        "mutation { createLink(input: {tenantId: 1, destination: \"x\", tags: [\"a\"], expiresAt: null}) { link { id } } }",
        // what the library reports
        "{ nothing(a: 1) { id } tenant(other: 1) { id } } fragment f on Nothing { a(b: 1) }",
    ] {
        taken(good, Value::Null);
    }
    let input = |fields: &str| format!("mutation {{ createLink(input: {{{fields}}}) {{ link {{ id }} }} }}");
    let link = |more: &str| input(&format!("tenantId: 1, destination: \"x\", {more}"));
    let tenant = |inner: &str| format!("{{ tenant(id: 1) {{ {inner} }} }}");
    let instant = "must be an instant such as 2026-11-23T20:15:00.000Z, from 1970 to 9998";
    for (bad, message) in [
        (
            tenant("links(first: 2147483648) { nodes { id } }"),
            "`first` must be a whole number from -2147483648 to 2147483647".to_owned(),
        ),
        (tenant("links(first: \"1\") { nodes { id } }"), "`first` must be a whole number".to_owned()),
        (
            tenant("report { breakdown(by: \"COUNTRY\") { clicks } }"),
            "`by` is none of the values that it may have".to_owned(),
        ),
        (
            tenant("report { breakdown(by: NOTHING) { clicks } }"),
            "`by` is none of the values that it may have".to_owned(),
        ),
        (tenant("report(filter: {from: \"nonsense\"}) { from }"), format!("`filter.from` {instant}")),
        (tenant("report(filter: {from: 5}) { from }"), format!("`filter.from` {instant}")),
        (tenant("report(filter: 5) { from }"), "`filter` must be an object".to_owned()),
        ("{ tenant(id: null) { id } }".to_owned(), "`id` must not be null".to_owned()),
        ("{ tenant(id: 1.5) { id } }".to_owned(), "`id` must be a text or a whole number".to_owned()),
        (input("tenantId: 1"), "`input.destination` is needed, and is not given".to_owned()),
        (link("expiresAt: \"nonsense\""), format!("`input.expiresAt` {instant}")),
        (link("tags: [\"a\", null]"), "`input.tags.1` must not be null".to_owned()),
        (link("tags: [\"a\", 2]"), "`input.tags.1` must be a text".to_owned()),
        (link("nothing: 2"), "`input.nothing` is not known here".to_owned()),
        ("{ networks @skip(if: 1) { key } }".to_owned(), "`if` must be true or false".to_owned()),
        (
            "query($a: Int = \"1\") { tenant(id: 1) { links(first: $a) { nodes { id } } } }".to_owned(),
            "`$a` must be a whole number".to_owned(),
        ),
        (
            "query($a: Dimension! = \"OS\") { tenant(id: 1) { report { breakdown(by: $a) { clicks } } } }".to_owned(),
            "`$a` is none of the values that it may have".to_owned(),
        ),
    ] {
        told(&bad, Value::Null, DOCUMENT, &message);
    }
}

#[test]
fn a_variable_is_of_the_type_of_its_place() {
    for (good, variables) in [
        ("query($a: ID!) { tenant(id: $a) { id } }", value!({ "a": 1 })),
        ("query($a: ID = 1) { tenant(id: $a) { id } }", Value::Null),
        ("query($a: Int!) { tenant(id: 1) { links(first: $a) { nodes { id } } } }", value!({ "a": 1 })),
        (
            "query($a: Boolean!) { networks @skip(if: $a) { key } ... @include(if: $a) { x: networks { key } } }",
            value!({ "a": true }),
        ),
        (
            "mutation($a: [String!], $b: String!) { createLink(input: {tenantId: 1, destination: $b, tags: $a}) { link { id } } }",
            value!({ "b": "x" }),
        ),
    ] {
        taken(good, variables);
    }
    for (bad, message) in [
        (
            "mutation($a: UpdateTenantInput!) { createLink(input: $a) { link { id } } }",
            "`$a`, a `UpdateTenantInput!`, is not what `input` takes",
        ),
        ("query($a: ID) { tenant(id: $a) { id } }", "`$a`, a `ID`, is not what `id` takes"),
        ("query($a: ID = null) { tenant(id: $a) { id } }", "`$a`, a `ID`, is not what `id` takes"),
        (
            "query($a: ID) { ...F } fragment F on Query { tenant(id: $a) { id } }",
            "`$a`, a `ID`, is not what `id` takes",
        ),
        ("query($a: [ID!]!) { tenant(id: $a) { id } }", "`$a`, a `[ID!]!`, is not what `id` takes"),
        (
            "mutation($a: ID) { createLink(input: {tenantId: $a, destination: \"x\"}) { link { id } } }",
            "`$a`, a `ID`, is not what `input.tenantId` takes",
        ),
        (
            "mutation($a: String) { createLink(input: {tenantId: 1, destination: \"x\", tags: [$a]}) { link { id } } }",
            "`$a`, a `String`, is not what `input.tags.0` takes",
        ),
        (
            "mutation($a: [String]) { createLink(input: {tenantId: 1, destination: \"x\", tags: $a}) { link { id } } }",
            "`$a`, a `[String]`, is not what `input.tags` takes",
        ),
        ("query($a: Boolean) { networks @skip(if: $a) { key } }", "`$a`, a `Boolean`, is not what `if` takes"),
        (
            "query($a: Int! @skip(if: true)) { tenant(id: 1) { links(first: $a) { nodes { id } } } }",
            "`@skip` does not belong here",
        ),
    ] {
        told(bad, value!({ "a": 1 }), DOCUMENT, message);
    }
}

#[test]
fn a_variable_is_given_as_it_is_declared() {
    let link = |more: Value| {
        let mut fields = value!({ "tenantId": 1, "destination": "x" });
        if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
            fields.extend(more);
        }
        value!({ "b": fields })
    };
    taken(LINK, link(value!({ "expiresAt": "2026-01-01T00:00:00+01:00", "tags": ["a"], "title": null })));
    taken(LINK, link(value!({ "tags": "a" })));
    taken("query($a: Dimension!) { tenant(id: 1) { report { breakdown(by: $a) { clicks } } } }", value!({ "a": "OS" }));
    taken("query($a: Float) { x(y: $a) }", value!({ "a": 1, "b": "nobody asks" }));
    taken("query A { networks { key } } query B($a: ID!) { tenant(id: $a) { id } }", Value::Null);
    for (value, message) in [
        (Value::Null, "`$b` is needed, and is not given"),
        (value!({ "b": null }), "`$b` must not be null"),
        (value!({ "b": 5 }), "`$b` must be an object"),
        (value!({ "b": { "tenantId": 1 } }), "`$b.destination` is needed, and is not given"),
        (
            link(value!({ "expiresAt": "nonsense" })),
            "`$b.expiresAt` must be an instant such as 2026-11-23T20:15:00.000Z, from 1970 to 9998",
        ),
        (link(value!({ "nothing": 1 })), "`$b.nothing` is not known here"),
        (link(value!({ "tags": ["a", { "b": 1 }] })), "`$b.tags.1` must be a text"),
        (link(value!({ "destination": null })), "`$b.destination` must not be null"),
    ] {
        told(LINK, value, VARIABLE, message);
    }
    for (kind, value, rule) in [
        ("Int", value!(2_147_483_648_u64), "must be a whole number from -2147483648 to 2147483647"),
        ("Int", value!(1.5), "must be a whole number from -2147483648 to 2147483647"),
        ("Int", value!("1"), "must be a whole number"),
        ("Float", value!("1"), "must be a number"),
        ("Boolean", value!(0), "must be true or false"),
        ("String", value!(0), "must be a text"),
        ("ID", value!(true), "must be a text or a whole number"),
        ("Dimension", value!("nothing"), "is none of the values that it may have"),
        ("[Int!]", value!(["1"]), "must be a whole number"),
    ] {
        let text = format!("query($a: {kind}) {{ x(y: $a) }}");
        let place = if kind.starts_with('[') { "$a.0" } else { "$a" };
        told(&text, value!({ "a": value }), VARIABLE, &format!("`{place}` {rule}"));
    }
}

#[test]
fn a_null_does_not_come_by_a_variable_that_may_be_one() {
    let text = "query($a: ID = 1) { tenant(id: $a) { id } }";
    told(text, value!({ "a": null }), VARIABLE, "`$a` must not be null");
}

#[test]
fn a_typename_is_a_name_alone() {
    taken("query($a: Boolean!) { __typename x: __typename @skip(if: $a) @include(if: true) }", value!({ "a": true }));
    for (bad, message) in [
        ("{ __typename { id } }", "`__typename` has no fields"),
        ("{ __typename(a: 1) }", "`__typename` takes no arguments"),
        ("{ __typename @nothing }", "`@nothing` does not belong here"),
        ("{ __typename @specifiedBy(url: \"x\") }", "`@specifiedBy` does not belong here"),
        ("{ __typename @skip(if: true) @skip(if: true) }", "`@skip` stands twice at one place"),
        ("{ __typename @skip }", "`@skip` takes `if`, once, and nothing else"),
        (
            "{ ...F } fragment F on Query { __typename @skip(if: true, b: 1) }",
            "`@skip` takes `if`, once, and nothing else",
        ),
        ("{ __typename @skip(if: \"x\") }", "`if` must be true or false"),
    ] {
        told(bad, Value::Null, DOCUMENT, message);
    }
}

#[test]
fn no_more_is_told_than_is_read() {
    let many: String = (0..30).map(|at| format!("a{at}: tenant(id: null) {{ id }} ")).collect();
    assert_eq!(faults(&format!("{{ {many} }}"), Value::Null).len(), 20);
    let long = "é".repeat(400);
    let found = faults(LINK, value!({ "b": { "tenantId": 1, "destination": "x", long: 1 } }));
    assert!(found[0].1.len() < 510 && found[0].1.ends_with('…'), "{found:?}");
    let links = value!({ "b": { "tenantId": 1, "links": Value::List(vec![value!({}); 30]) } });
    let text = "mutation($b: CreateLinksInput!) { createLinks(input: $b) { userErrors { code } } }";
    let found = faults(text, links);
    assert_eq!((found.len(), found[19].1.as_str()), (20, "`$b.links.19.destination` is needed, and is not given"));
}
