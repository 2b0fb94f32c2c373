//! Documents at their limits and just over them.

use serde_json::json;

/// A limit with a body at it and one over it.
pub(super) struct Case {
    /// As the table names it.
    pub(super) what: &'static str,
    pub(super) at: String,
    pub(super) over: String,
    /// Status and code of what is at it.
    pub(super) status: (u16, &'static str),
}

const PASSES: (u16, &str) = (200, "");
/// What is at some limits breaks a rule of the language, which is looked at later.
const LATER: (u16, &str) = (422, "GRAPHQL_VALIDATION_FAILED");

/// `part` with its number, so often.
fn times(count: usize, part: &str) -> String {
    (0..count).map(|at| part.replace('#', &at.to_string())).collect()
}

/// All cases, for a member of this tenant.
pub(super) fn cases(tenant: &str) -> Vec<Case> {
    bodies().into_iter().chain(texts()).chain(measures(tenant)).chain(schemas()).collect()
}

fn case(what: &'static str, document: impl Fn(usize) -> String, most: usize, status: (u16, &'static str)) -> Case {
    let body = |text: String| json!({ "query": text }).to_string();
    Case { what, at: body(document(most)), over: body(document(most + 1)), status }
}

fn bodies() -> Vec<Case> {
    let variables = |value: String| format!(r#"{{"query":"{{ __typename }}","variables":{{"a":{value}}}}}"#);
    // two levels are around it
    let nested = |levels: usize| variables(format!("{}{}", "[".repeat(levels - 2), "]".repeat(levels - 2)));
    // three brackets and a comma are around it, and a list has a comma less than values
    let many = |values: usize| variables(format!("[{}]", vec!["0"; values - 3].join(",")));
    let bulk = |values: usize| {
        let zeros = vec!["0"; values - 4].join(",");
        let query = "mutation($a: [Int!]) { createLinks(input: {}) { userErrors { code } } }";
        format!(r#"{{"query":"{query}","variables":{{"a":[{zeros}],"b":0}}}}"#)
    };
    vec![
        Case { what: "levels of brackets in the body", at: nested(64), over: nested(65), status: PASSES },
        Case { what: "values in the body", at: many(10_000), over: many(10_001), status: PASSES },
        Case { what: "values in a body of many", at: bulk(50_000), over: bulk(50_001), status: LATER },
    ]
}

fn texts() -> Vec<Case> {
    let long = |bytes: usize| {
        let text = "mutation { createLinks(input: {}) { userErrors { code } } }";
        format!("{text}{}", " ".repeat(bytes - text.len()))
    };
    // five tokens are around them, and a condition has seven
    let tokens = |count: usize| {
        format!("{{ networks {{ {} {} }} }}", "key @skip(if: true) ".repeat(240), "key ".repeat(count - 5 - 240 * 8))
    };
    let nested = |levels: usize| format!("{} __typename {}", "{ ... ".repeat(levels - 1) + "{", "}".repeat(levels));
    vec![
        case("bytes", long, 65_536, LATER),
        case("tokens", tokens, 2_000, PASSES),
        case("bytes in a name or number", |bytes| format!("{{ {}: __typename }}", "x".repeat(bytes)), 256, PASSES),
        case("levels of brackets", nested, 64, PASSES),
    ]
}

fn measures(tenant: &str) -> Vec<Case> {
    let deep = |levels: usize| {
        let path = ["tenant(id: \"#\")", "links", "edges", "node", "clicks", "edges", "node", "pixels", "pixel"];
        let path = path.map(|part| part.replace('#', tenant));
        let ids = if levels == 10 { "id" } else { "ids { key }" };
        path.iter().rev().fold(ids.to_owned(), |inner, part| format!("{part} {{ {inner} }}"))
    };
    let gone = "archiveLink(input: { id: \"x\" }) { userErrors { code } }";
    let left = "logOut(input: { refreshToken: \"x\" }) { userErrors { code } }";
    // in hundredths: 30 for the tenant and its links, 1,000 for each field of a hundred links, and 10 for each one of the tenant
    let costly = |units: usize| {
        let more = (units * 100 - 30 - 99_000) / 10;
        format!(
            "{{ tenant(id: \"{tenant}\") {{ links(first: 100) {{ nodes {{ {} }} }} {} }} }}",
            "id ".repeat(99),
            "name ".repeat(more)
        )
    };
    vec![
        case("aliases", |count| format!("{{ networks {{ {} }} }}", times(count, "a#: key ")), 30, PASSES),
        case(
            "directives at one place",
            |count| format!("{{ __typename {} }}", "@skip(if: false) ".repeat(count)),
            5,
            LATER,
        ),
        case("root fields", |count| format!("{{ {} }}", "__typename ".repeat(count)), 20, PASSES),
        case(
            "root fields of a mutation",
            |count| format!("mutation {{ {} }}", times(count, &format!("a#: {gone} "))),
            5,
            PASSES,
        ),
        case("log-ins", |count| format!("mutation {{ {} }}", times(count, &format!("a#: {left} "))), 1, PASSES),
        case("fields", |count| format!("{{ networks {{ {} }} }}", "key ".repeat(count - 1)), 1_000, PASSES),
        case("levels of fields", |levels| format!("{{ {} }}", deep(levels)), 10, PASSES),
        case("units of cost", costly, 1_000, PASSES),
    ]
}

fn schemas() -> Vec<Case> {
    let schema = |part: String| format!("{{ __schema {{ {part} }} }}");
    let lists = |levels: usize| {
        (1..levels).fold("fields { name }".to_owned(), |inner, at| {
            if at + 1 == levels { format!("types {{ {inner} }}") } else { format!("fields {{ type {{ {inner} }} }}") }
        })
    };
    let deep = |levels: usize| (2..levels).fold("name".to_owned(), |inner, _| format!("ofType {{ {inner} }}"));
    vec![
        case(
            "fields below `__schema` and `__type`",
            |count| schema(format!("queryType {{ {} }}", "name ".repeat(count - 1))),
            500,
            PASSES,
        ),
        case(
            "levels below `__schema` and `__type`",
            |levels| schema(format!("queryType {{ {} }}", deep(levels))),
            15,
            PASSES,
        ),
        case("lists nested below `__schema` and `__type`", |levels| schema(lists(levels)), 2, PASSES),
        case("lists below `__schema` and `__type`", |count| schema("types { name } ".repeat(count)), 10, PASSES),
    ]
}
