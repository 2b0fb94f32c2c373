//! Each limit of a document at it and over it, and what would unfold without end.

use super::*;
use async_graphql::parser::parse_query;
use std::fmt::Write;

/// With the first operation to run.
fn measured(document: &ExecutableDocument) -> Result<Findings, Refusal> {
    check(document, document.operations.iter().next().map(|(_, operation)| &operation.node))
}

fn message(text: &str) -> String {
    let document = parse_query(text).unwrap_or_else(|error| panic!("{error}: {text:.200}"));
    measured(&document).err().map(|refusal| refusal.message).unwrap_or_default()
}

/// `part` with its number, so often.
fn times(count: usize, part: &str) -> String {
    (0..count).map(|at| part.replace('#', &at.to_string())).collect()
}

/// `{ a { a { ... } } }` with so many levels.
fn nested(levels: usize) -> String {
    (1..levels).fold("{ a }".to_owned(), |inner, _| format!("{{ a {inner} }}"))
}

#[test]
fn a_subscription_has_one_field_of_its_own() {
    let field = "clickRecorded(tenantId: 1) { id }";
    let told = |text: &str| measured(&parse_query(text).unwrap()).map(drop).map_err(|refusal| refusal.code);
    assert_eq!(told(&format!("subscription {{ {field} }}")), Ok(()));
    assert_eq!(told(&format!("subscription {{ {field} b: {field} }}")), Err("QUERY_TOO_COMPLEX"));
    for bad in [
        "subscription { __typename }".to_owned(),
        "subscription { __schema { types { name } } }".to_owned(),
        format!("subscription {{ ...f }} fragment f on Subscription {{ {field} }}"),
        format!("subscription {{ ... {{ {field} }} }}"),
        "subscription { clickRecorded(tenantId: 1) @skip(if: true) { id } }".to_owned(),
        format!("query A {{ __typename }} subscription B {{ ... on Subscription {{ {field} }} }}"),
    ] {
        assert_eq!(told(&bad), Err("GRAPHQL_VALIDATION_FAILED"), "{bad}");
    }
}

#[test]
fn who_logs_in_asks_for_nothing_else() {
    let told = |text: &str, name: Option<&str>| {
        let document = parse_query(text).unwrap();
        let of_name =
            |known: Option<&async_graphql::Name>| name.is_none() || known.map(async_graphql::Name::as_str) == name;
        let runs = document.operations.iter().find(|(known, _)| of_name(*known)).map(|(_, operation)| &operation.node);
        check(&document, runs).err().map(|refusal| refusal.message)
    };
    let rule =
        |name: &str| Some(format!("`{name}` stands alone in its document: send the other fields with its token"));
    let fragment = "mutation { ...A } fragment A on Mutation { ... { createLink { x } } x: signUp { y } }";
    assert_eq!(told("mutation { logIn { x } createLink { y } }", None), rule("logIn"));
    assert_eq!(told(fragment, None), rule("signUp"));
    let both = "query A { a b } mutation B { a: logIn { x } b: createLink { x } }";
    assert_eq!((told(both, Some("A")), told(both, Some("B"))), (None, rule("logIn")));
    for alone in ["mutation { logIn { session { user } } __typename }", "mutation { createLink { x } logOut { y } }"] {
        assert_eq!(told(alone, None), None, "{alone}");
    }
    // not what is called so further down
    assert_eq!(told("query { a { logIn b } c }", None), None);
}

#[test]
fn each_limit_holds_at_it_and_over_it() {
    let list = |levels: usize| (1..levels).fold("fields { n }".to_owned(), |inner, _| format!("types {{ {inner} }}"));
    let spread = |fields: usize| format!("{{ a {{ ...f }} }} fragment f on Q {{ {} }}", times(fields, "b#\n"));
    for (at, over, what) in [
        (
            format!("{{ b {{ {} }} }}", times(30, "a#: a ")),
            format!("{{ b {{ {} }} }}", times(31, "a#: a ")),
            "31 aliases; the limit is 30",
        ),
        (
            format!("{{ a {} }}", "@x ".repeat(5)),
            format!("{{ a {} }}", "@x ".repeat(6)),
            "6 directives at one place; the limit is 5",
        ),
        (
            format!("query($a: Int {}) {{ a }}", "@x ".repeat(5)),
            format!("query A {{ a }} query B($a: Int, $b: Int {}) {{ a }}", "@x ".repeat(6)),
            "6 directives at one place; the limit is 5",
        ),
        (
            format!("{{ {} }}", times(20, "a# ")),
            format!("{{ {} }}", times(21, "a# ")),
            "21 root fields; the limit is 20",
        ),
        (
            format!("mutation {{ {} }}", times(5, "a# ")),
            format!("mutation {{ ...f }} fragment f on M {{ {} }}", times(6, "a# ")),
            "6 root fields of a mutation; the limit is 5",
        ),
        (
            "mutation { logIn { a } }".into(),
            "mutation A { logIn } mutation B { signUp }".into(),
            "2 log-ins; the limit is 1",
        ),
        (
            "mutation { changePassword }".into(),
            "mutation { changePassword ...f } fragment f on M { b: resetPassword }".into(),
            "2 log-ins; the limit is 1",
        ),
        // the field around and the spread are fields as well
        (spread(998), spread(999), "1,001 fields; the limit is 1,000"),
        (nested(10), nested(11), "11 levels of fields; the limit is 10"),
        (
            format!("{{ __schema {} }}", nested(15)),
            format!("{{ __schema {} }}", nested(16)),
            "16 levels below `__schema` and `__type`; the limit is 15",
        ),
        (
            format!("{{ __schema {{ {} }} }}", times(500, "a# ")),
            format!("{{ __schema {{ {} }} }}", times(501, "a# ")),
            "501 fields below `__schema` and `__type`; the limit is 500",
        ),
        (
            format!("{{ __schema {{ {} }} }}", list(2)),
            format!("{{ __schema {{ {} }} }}", list(3)),
            "3 lists nested below `__schema` and `__type`; the limit is 2",
        ),
        (
            format!("{{ ...f ...f }} fragment f on Q {{ __schema {{ {} }} }}", times(5, "a { types } ")),
            format!(
                "{{ ...f b: __schema {{ types }} ...f }} fragment f on Q {{ __schema {{ {} }} }}",
                times(5, "a { types } ")
            ),
            "11 lists below `__schema` and `__type`; the limit is 10",
        ),
    ] {
        assert_eq!(message(&at), "", "{at:.200}");
        assert_eq!(message(&over), format!("the document has {what}"), "{over:.200}");
    }
    let chain = |length: usize| format!("{{ ...f0 }} {} fragment f{length} on Q {{ a }}", links(length));
    assert_eq!(message(&chain(62)), "");
    assert_eq!(message(&chain(64)), "the document has 65 levels of brackets; the limit is 64");
}

/// Fragments that spread the next one.
fn links(length: usize) -> String {
    let mut text = String::new();
    for step in 0..length {
        write!(text, "fragment f{step} on Q {{ ...f{} }} ", step + 1).unwrap();
    }
    text
}

#[test]
fn fragments_that_double_are_counted_without_unfolding_them() {
    let mut text = "{ ...f0 } fragment f60 on Q { a }".to_owned();
    for step in 0..60 {
        write!(text, " fragment f{step} on Q {{ ...f{0} ...f{0} }}", step + 1).unwrap();
    }
    assert!(message(&text).ends_with("fields; the limit is 1,000"), "{}", message(&text));
    // nobody spreads them, and yet they are walked
    assert!(message(&text.replace("{ ...f0 }", "{ a }")).ends_with("fields; the limit is 1,000"));
    for cycle in ["{ a } fragment f on Q { ...g } fragment g on Q { ...f }", "{ ...f } fragment f on Q { a { ...f } }"]
    {
        assert_eq!(message(cycle), "a fragment of the document contains itself");
    }
    assert_eq!(message("{ a { ...f ...f ...none } } fragment f on Q { b c }"), "");
}

#[test]
fn what_the_root_asks_for_is_found_through_fragments() {
    let findings = |text: &str| measured(&parse_query(text).unwrap()).unwrap();
    let nothing = Findings::default();
    assert_eq!(findings("{ a { __schema } createLink b { ...f } } fragment f on B { createLinks }").body, nothing.body);
    let many = "mutation { ... on Mutation { ...f } } fragment f on Mutation { x: createLinks { a } }";
    assert_eq!(findings(many).body, BULK_BODY.most);
    assert_eq!(findings("mutation { trackContent { a } createLinks { a } }").body, CONTENT_BODY.most);
    assert!(findings("{ ...f } fragment f on Query { __type(name: \"A\") { name } }").introspects);
    assert!(!findings("{ a { createLinkss } __typename }").introspects);
}

#[test]
fn whatever_is_given_to_be_checked_counts_as_a_log_in() {
    let schema = crate::graphql::sdl();
    let inputs = input_fields(&schema);
    let secret = |field: &str| {
        let lower = field.to_ascii_lowercase();
        ["password", "code", "token", "secret"].iter().any(|name| lower.contains(name))
    };
    let mut counted = 0;
    for (mutation, fields) in &inputs {
        let document = format!("mutation {{ {mutation} logIn }}");
        let given: Vec<_> = fields.iter().filter(|field| secret(field)).collect();
        let refused = message(&document).contains("2 log-ins");
        assert_eq!(refused, !given.is_empty() || mutation == "requestPasswordReset", "{mutation} takes {given:?}");
        counted += usize::from(refused);
    }
    assert!(counted >= LOG_IN_FIELDS.len() && inputs.len() > 40, "{counted} of {}", inputs.len());
}

#[test]
fn whatever_is_given_a_password_costs_what_its_hash_does() {
    let schema = crate::graphql::sdl();
    let prices = crate::graphql::guard::Prices::of(&schema);
    let mutations = input_fields(&schema);
    let hashing =
        mutations.iter().filter(|(_, fields)| fields.iter().any(|field| field.to_lowercase().contains("password")));
    let costs: Vec<_> = hashing.map(|(name, _)| (name, prices.find("Mutation", name).unwrap().own(false))).collect();
    assert!(costs.len() >= 7 && costs.iter().all(|(_, cost)| *cost >= 10_000), "{costs:?}");
}

/// The fields of each mutation's input.
fn input_fields(schema: &str) -> Vec<(String, Vec<String>)> {
    use async_graphql::parser::{
        parse_schema,
        types::{TypeKind, TypeSystemDefinition},
    };
    let definitions = parse_schema(schema).unwrap().definitions;
    let kinds = || {
        definitions.iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(kind) => Some((kind.node.name.node.as_str(), &kind.node.kind)),
            _ => None,
        })
    };
    let fields = |input: &str| match kinds().find(|(name, _)| *name == input) {
        Some((_, TypeKind::InputObject(kind))) => {
            kind.fields.iter().map(|field| field.node.name.node.to_string()).collect()
        }
        _ => Vec::new(),
    };
    let Some((_, TypeKind::Object(mutations))) = kinds().find(|(name, _)| *name == "Mutation") else {
        panic!("no mutations")
    };
    let input = |name: &str| format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let names = mutations.fields.iter().map(|field| field.node.name.node.to_string());
    names.map(|name| (name.clone(), fields(&input(&name)))).collect()
}
