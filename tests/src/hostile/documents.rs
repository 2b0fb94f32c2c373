//! Documents and bodies that are made to do harm wherever they come to, and bytes on connections of their own.

use super::{Harm, Refused, object, times, with};
use serde_json::{Value, json};
use std::fmt::Write;

/// Bodies that anybody may send.
#[must_use]
pub fn bodies() -> Vec<Harm> {
    let documents =
        documents().into_iter().map(|(name, text, expected)| Harm::new(name, with(&text, &Value::Null), expected));
    let others = variables().into_iter().chain(others());
    documents.chain(others.map(|(name, body, expected)| Harm::new(name, body, expected))).collect()
}

fn documents() -> Vec<(&'static str, String, Refused)> {
    use Refused::{Harmless, Invalid, TooComplex, TooDeep, Unreadable};
    let digits = "9".repeat(60_000);
    let name = "x".repeat(60_000);
    let page = "{ tenant(id: 1) { links(first: #) { nodes { id } } } }";
    let log_in = "logIn(input: {email: \"a\", password: \"b\"}) { userErrors { code } }";
    let rows = times(30, "a#: fields { name description args { name } } ");
    let mistyped = times(20, &format!("networkz{}# ", "x".repeat(200)));
    let cycle = "{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }";
    let mut bomb = "{ ...f0 } fragment f14 on Query { __typename }".to_owned();
    for step in 0..14 {
        write!(bomb, " fragment f{step} on Query {{ ...f{0} ...f{0} }}", step + 1).unwrap();
    }
    let chain = times(200, "fragment f# on Query { ...g# } fragment g# on Query { ...f0 } ");
    let kinds = ["Link", "Tenant", "Pixel", "Domain", "Click", "ApiKey", "Webhook", "User"];
    let kinds = kinds.map(|kind| format!("... on {kind} {{ a {{ b }} }} ")).concat();
    let overlaps = (0..7).fold("a { b }".to_owned(), |inner, _| format!("{kinds} a {{ {inner} }}"));
    let schema = |inner: &str| format!("{{ __schema {{ types {{ {inner} }} }} }}");
    let fields = (0..5).fold("name".to_owned(), |inner, _| format!("fields {{ type {{ {inner} }} }}"));
    vec![
        ("fragments that double", bomb.clone(), TooComplex),
        ("fragments that double and nobody spreads", bomb.replacen("{ ...f0 }", "{ __typename }", 1), TooComplex),
        ("types that overlap", format!("{{ node(id: 1) {{ {overlaps} }} }}"), Invalid),
        ("inputs of one field", format!("{{ a(b: {{ {} }}) }}", "c: 1 ".repeat(600)), Invalid),
        ("a fragment within itself", "{ ...f } fragment f on Query { ...f }".into(), Invalid),
        ("fragments within one another", cycle.into(), Invalid),
        ("many fragments in a circle", format!("{{ ...f1 }} {chain}"), TooComplex),
        ("nested selections", "{a".repeat(30_000), TooDeep),
        ("nested lists", format!("{{ a(b: {}", "[".repeat(60_000)), TooDeep),
        ("nested objects", format!("{{ a(b: {}", "{c:".repeat(20_000)), TooDeep),
        ("nested types", format!("query($a: {}Int", "[".repeat(60_000)), TooDeep),
        ("nested fields", format!("{}{}", "{ node(id: 1) ".repeat(12), "}".repeat(12)), TooDeep),
        ("nested inline fragments", format!("{{{} id {}", "... { ".repeat(70), "}".repeat(71)), TooDeep),
        ("a huge number", format!("{{ node(id: {digits}) {{ id }} }}"), TooComplex),
        ("a huge negative number", format!("{{ node(id: -{digits}) {{ id }} }}"), TooComplex),
        ("a huge exponent", "{ node(id: 1e999999999) { id } }".into(), Unreadable),
        ("a long name", format!("{{ {name} }}"), TooComplex),
        ("a long alias", format!("{{ {name}: __typename }}"), TooComplex),
        ("names that are nearly right", format!("{{ {mistyped} }}"), Invalid),
        ("a string that does not end", "{ node(id: \"x) { id } }".into(), Unreadable),
        ("a block string that does not end", "{ node(id: \"\"\"x\" \"\" \\\"\"\" ) { id } }".into(), Unreadable),
        ("a string of quotes", format!("{{ node(id: {} ", "\\\"".repeat(10_000)), Unreadable),
        ("zeros", "{ \0 __typename \0 }".into(), Unreadable),
        ("a zero in a string", "{ node(id: \"\0\") { id } }".into(), Harmless),
        ("a comment without end", format!("{{ __typename }} # {}", "#".repeat(60_000)), Harmless),
        ("commas", format!("{{ __typename {} }}", ",".repeat(60_000)), Harmless),
        ("6,000 aliases", format!("{{ {} }}", times(6_000, "a#:a ")), TooComplex),
        ("fields that conflict", format!("{{ {} }}", times(30, "a: x# ")), TooComplex),
        ("directives", format!("{{ __typename {} }}", "@skip(if: true) ".repeat(300)), TooComplex),
        ("operations", times(390, "query q# { a } "), Invalid),
        ("variables that nobody uses", format!("query({}) {{ __typename }}", times(400, "$a#: Int ")), Invalid),
        ("log-ins", format!("mutation {{ {} }}", times(5, &format!("a#: {log_in} "))), TooComplex),
        ("root fields", format!("{{ {} }}", "__typename ".repeat(1_000)), TooComplex),
        (
            "lists within lists",
            page.replace('#', "100").replace("{ id }", "{ clicks(first: 100) { nodes { id } } }"),
            TooComplex,
        ),
        ("a page of 2,147,483,647", page.replace("#", "2147483647"), Harmless),
        ("lists of the schema within lists", schema(&fields), TooDeep),
        ("the schema many times", schema(&rows), TooComplex),
        ("a subscription", "subscription { a }".into(), Invalid),
        ("no document", "nonsense".into(), Unreadable),
        ("a schema", "type Query { a: Int }".into(), Unreadable),
    ]
}

fn variables() -> Vec<(&'static str, Vec<u8>, Refused)> {
    use Refused::{ForSize, Harmless, Invalid, NoJson, TooComplex};
    let address = "query($domain: String!, $slug: String!) { linkByAddress(domain: $domain, slug: $slug) { id } }";
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let deep =
        format!("{{\"query\":\"{{ a }}\",\"variables\":{{\"a\":{}{}}}}}", "[".repeat(30_000), "]".repeat(30_000));
    let list = |bytes: usize| {
        format!("{{\"query\":\"{{ __typename }}\",\"variables\":{{\"a\":[0{}]}}}}", ",0".repeat(bytes / 2))
    };
    let text = |bytes: usize| with("{ __typename }", &json!({ "a": "x".repeat(bytes) }));
    let lengths: String = (0..8)
        .map(|at| {
            format!("report(filter: {{ from: \"2026-01-01T00:00:00Z\" to: \"2026-01-01T00:00:0{at}Z\" }}) {{ ...s }} ")
        })
        .collect();
    let spread =
        |part: &str| format!("query($f: ID!) {{ tenant(id: 1) {{ {lengths} }} }} fragment s on Report {{ {part} }}");
    let places = |part: &str| with(&spread(&part.repeat(100)), &json!({ "f": object(5_500) }));
    let reports =
        format!("query($f: ReportFilter) {{ tenant(id: 1) {{ {} }} }}", "report(filter: $f) { from } ".repeat(190));
    vec![
        ("a large variable in many series", places("series(interval: $f) { at } "), TooComplex),
        ("a large variable in many lists", places("breakdown(by: OS, first: $f) { clicks } "), TooComplex),
        ("a large variable in many reports", with(&reports, &json!({ "f": object(5_500) })), Invalid),
        ("a variable of another type", with(node, &json!({ "id": { "a": [1] } })), Invalid),
        ("a zero in an address", with(address, &json!({ "domain": "localhost\0", "slug": "\0" })), Harmless),
        ("a zero in a slug", with(address, &json!({ "domain": "localhost", "slug": "\0" })), Harmless),
        ("no variable", with(node, &json!({})), Invalid),
        ("a long variable", with(node, &json!({ "id": "x".repeat(60_000) })), Harmless),
        ("__proto__", with("{ __typename }", &json!({ "__proto__": { "constructor": { "prototype": 1 } } })), Harmless),
        ("deep variables", deep.into_bytes(), NoJson),
        ("a list of 30,000", list(60_000).into_bytes(), NoJson),
        ("a list of 500,000", list(1_000_000).into_bytes(), NoJson),
        ("a text of 1,000,000 bytes", text(1_000_000), ForSize),
        ("a text of 3,000,000 bytes", text(3_000_000), ForSize),
    ]
}

fn others() -> Vec<(&'static str, Vec<u8>, Refused)> {
    use Refused::{NoJson, NoRequest};
    let one = r#"{"query":"{ __typename }"}"#;
    let hash = r#"{"version":1,"sha256Hash":"../../etc"}"#;
    vec![
        ("a batch", format!("[{}{one}]", format!("{one},").repeat(2_000)).into_bytes(), NoRequest),
        ("a batch of nothing", b"[]".to_vec(), NoRequest),
        ("no UTF-8", b"{\"query\":\"{ \xff\xfe }\"}".to_vec(), NoJson),
        ("half a surrogate", b"{\"query\":\"{ \\ud800 }\"}".to_vec(), NoJson),
        ("zeros", vec![0; 60_000], NoJson),
        ("nothing", Vec::new(), NoJson),
        ("half of it", one.as_bytes()[..12].to_vec(), NoJson),
        ("brackets", vec![b'['; 60_000], NoJson),
        ("keys", format!("{{{}\"query\":1}}", times(5_000, "\"a#\":1,")).into_bytes(), NoRequest),
        ("two queries", br#"{"query":"{ a }","query":"{ b }"}"#.to_vec(), NoRequest),
        ("a name as a query", br#"{"query":{"a":1}}"#.to_vec(), NoRequest),
        ("a hash of nothing", format!(r#"{{"extensions":{{"persistedQuery":{hash}}}}}"#).into_bytes(), NoJson),
    ]
}

/// Bytes on a connection, by name, with the statuses that may come back; 0 is none.
#[must_use]
pub fn raw() -> Vec<(&'static str, Vec<u8>, &'static [u16])> {
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let one = r#"{"query":"{ __typename }"}"#;
    let chunks = format!("8000\r\n{}\r\n", " ".repeat(0x8000)).repeat(4);
    let sent = |text: String| text.into_bytes();
    let both = format!("content-length: 26\r\ntransfer-encoding: chunked\r\n\r\n1a\r\n{one}\r\n0\r\n\r\n");
    let endless = format!("transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{one}");
    vec![
        ("more was promised than came", sent(format!("{head}content-length: 1000\r\n\r\n{one}")), &[0, 400]),
        ("less was promised than came", sent(format!("{head}content-length: 9\r\n\r\n{one}")), &[400]),
        ("two lengths", sent(format!("{head}content-length: 9\r\ncontent-length: 26\r\n\r\n{one}")), &[400]),
        ("a length and chunks", sent(format!("{head}{both}")), &[200, 400]),
        ("a length of letters", sent(format!("{head}content-length: many\r\n\r\n{one}")), &[400]),
        ("a negative length", sent(format!("{head}content-length: -1\r\n\r\n{one}")), &[400]),
        ("chunks of 131,072 bytes", sent(format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")), &[413]),
        ("a chunk without end", sent(format!("{head}{endless}")), &[0, 400, 413]),
        ("a chunk of letters", sent(format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{one}")), &[0, 400]),
        ("gzip", sent(format!("{head}content-encoding: gzip\r\ncontent-length: 4\r\n\r\n\u{1f}xxx")), &[415]),
        (
            "gzip twice",
            sent(format!("{head}content-encoding: identity, gzip\r\ncontent-length: 2\r\n\r\n{{}}")),
            &[415],
        ),
        ("a head without end", sent(format!("{head}{}", times(300, "x-#: y\r\n"))), &[0, 400, 431]),
        ("a long head", sent(format!("{head}x: {}\r\n\r\n", "y".repeat(1_000_000))), &[0, 400, 431]),
        ("no HTTP", sent("\0\0\0\0".repeat(1_000)), &[0, 400]),
    ]
}
