//! A zero, U+0000, which PostgreSQL keeps in no text: in each text that any field takes, found by program in the schema, it
//! is the caller's mistake and never a fault of the server.

use crate::world::{
    World,
    client::{Client, Reply, text},
    in_both,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

in_both!(a_zero_is_a_mistake_wherever_a_text_goes, a_cursor_of_another_kind_is_a_mistake);

/// Fields below the roots: the type that has them, and a query with `#` in their place.
const NESTED: [(&str, &str); 5] = [
    ("Link", "{ link(id: \"$link\") { # } }"),
    ("Report", "{ tenant(id: \"$tenant\") { report { # } } }"),
    ("Tenant", "{ tenant(id: \"$tenant\") { # } }"),
    ("Viewer", "{ viewer { # } }"),
    ("Webhook", "{ tenant(id: \"$tenant\") { webhooks { nodes { # } } } }"),
];
/// Stands for each text in an input that was made by program.
const HERE: &str = "a text";

type Types = Map<String, Value>;

async fn types(client: &Client) -> Types {
    let reference = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let document = format!(
        "{{ __schema {{ types {{ name kind enumValues {{ name }} inputFields {{ name type {{ {reference} }} }} \
         fields {{ name type {{ {reference} }} args {{ name type {{ {reference} }} }} }} }} }} }}"
    );
    let data = client.query(&document, json!({})).await;
    let types = data["__schema"]["types"].as_array().unwrap().iter();
    types.map(|kind| (text(&kind["name"]).to_owned(), kind.clone())).collect()
}

fn named(reference: &Value) -> &str {
    if reference["name"].is_string() { text(&reference["name"]) } else { named(&reference["ofType"]) }
}

/// A type, as a document spells it.
fn spelled(reference: &Value) -> String {
    match text(&reference["kind"]) {
        "NON_NULL" => format!("{}!", spelled(&reference["ofType"])),
        "LIST" => format!("[{}]", spelled(&reference["ofType"])),
        _ => text(&reference["name"]).to_owned(),
    }
}

/// A value of a type, with everything that it can hold.
fn filled(types: &Types, reference: &Value) -> Value {
    match text(&reference["kind"]) {
        "NON_NULL" => filled(types, &reference["ofType"]),
        "LIST" => json!([filled(types, &reference["ofType"])]),
        kind => {
            let kind = (kind, &types[text(&reference["name"])]);
            match (kind.0, text(&reference["name"])) {
                ("ENUM", _) => json!({ "enum": kind.1["enumValues"][0]["name"] }),
                ("INPUT_OBJECT", _) => {
                    let fields = kind.1["inputFields"].as_array().unwrap().iter();
                    fields.map(|field| (text(&field["name"]).to_owned(), filled(types, &field["type"]))).collect()
                }
                (_, "Int") => json!(1),
                (_, "Float") => json!(0.5),
                (_, "Boolean") => json!(true),
                _ => json!(HERE),
            }
        }
    }
}

/// The places of texts in a value, and the value with its enums as they are sent.
fn places(pointer: &str, value: &mut Value, found: &mut Vec<String>) {
    if let Some(name) = value.get("enum").filter(|name| name.is_string()) {
        *value = name.clone();
        return;
    }
    match value {
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, value)| places(&format!("{pointer}/{name}"), value, found));
        }
        Value::Array(items) => {
            items.iter_mut().enumerate().for_each(|(at, item)| places(&format!("{pointer}/{at}"), item, found));
        }
        Value::String(_) => found.push(pointer.to_owned()),
        _ => {}
    }
}

fn check(reply: &Reply, what: &str) {
    assert!(!reply.body.to_string().contains("INTERNAL"), "{what}: {}", reply.body);
    assert_eq!(reply.code(), "BAD_USER_INPUT", "{what}: {}", reply.body);
    assert!(text(&reply.body["errors"][0]["message"]).contains("U+0000"), "{what}: {}", reply.body);
}

async fn a_zero_is_a_mistake_wherever_a_text_goes(world: &mut World) {
    let account = world.sign_up().await;
    let link = account.create_link("https://shop.example.com/", json!({})).await;
    let webhook = json!({ "tenantId": account.tenant, "url": "https://a.example.com/", "events": ["LINK_CREATED"] });
    account.client.done("createWebhook", webhook, "webhook { id }").await;
    let types = types(&world.schema_reader().await).await;
    let roots = [("Query", "{ # }"), ("Mutation", "mutation { # }"), ("Subscription", "subscription { # }")];
    let mut tried = 0;
    for kind in types.values().filter(|kind| !text(&kind["name"]).starts_with("__")) {
        for field in kind["fields"].as_array().into_iter().flatten() {
            let arguments = field["args"].as_array().unwrap();
            let mut input: Value =
                arguments.iter().map(|one| (text(&one["name"]).to_owned(), filled(&types, &one["type"]))).collect();
            let mut found = Vec::new();
            places("", &mut input, &mut found);
            if found.is_empty() {
                continue;
            }
            let parent = text(&kind["name"]);
            let around = roots.iter().chain(&NESTED).find(|(name, _)| *name == parent);
            let (_, around) = around.unwrap_or_else(|| panic!("no document leads to {parent}"));
            let each = |part: &dyn Fn(&str, &Value) -> String| {
                let parts = arguments.iter().map(|one| part(text(&one["name"]), &one["type"]));
                parts.collect::<Vec<_>>().join(", ")
            };
            let declared = each(&|name, kind| format!("${name}: {}", spelled(kind)));
            let passed = each(&|name, _| format!("{name}: ${name}"));
            let returned = types[named(&field["type"])]["kind"].as_str().unwrap();
            let selection = if matches!(returned, "SCALAR" | "ENUM") { "" } else { "{ __typename }" };
            let call = format!("{}({passed}) {selection}", text(&field["name"]));
            let operation = around.replacen('{', &format!("({declared}) {{"), 1).replace('#', &call);
            let operation = operation.replace("$tenant\"", &format!("{}\"", account.tenant));
            let operation = operation.replace("$link\"", &format!("{}\"", link.id));
            let document = if operation.starts_with('(') { format!("query{operation}") } else { operation };
            for place in found {
                let mut variables = input.clone();
                *variables.pointer_mut(&place).unwrap() = json!("a\0b");
                check(&account.client.reply(&document, variables).await, &format!("{document} {place}"));
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "{tried}");
    // and where a document itself has it
    for literal in [r#""a\u0000b""#, "\"\"\"a\0b\"\"\""] {
        for document in [
            format!("{{ link(id: {literal}) {{ id }} }}"),
            format!("query($id: ID! = {literal}) {{ link(id: $id) {{ id }} }}"),
            format!("{{ ...F }} fragment F on Query {{ link(id: {literal}) {{ id }} }}"),
        ] {
            check(&account.client.reply(&document, Value::Null).await, &document);
        }
    }
    // what only looks like one is none
    let slash = json!({ "id": "a\\u0000b" });
    assert_eq!(account.client.query("query($id: ID!) { link(id: $id) { id } }", slash).await["link"], Value::Null);
}

async fn a_cursor_of_another_kind_is_a_mistake(world: &mut World) {
    let account = world.sign_up().await;
    account.create_link("https://shop.example.com/", json!({})).await;
    let document = "query($id: ID!, $after: String) { tenant(id: $id) {
        links(after: $after, orderBy: { field: UPDATED_AT, direction: DESC }) { edges { cursor } } } }";
    let listed = account.client.query(document, json!({ "id": account.tenant })).await;
    let cursor = text(&listed["tenant"]["links"]["edges"][0]["cursor"]);
    let plain: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    for key in [json!("a\0b"), json!("1"), json!(0.5), json!(null), json!([1])] {
        let forged = json!([plain[0], key, plain[2]]).to_string();
        let after = BASE64_URL_SAFE_NO_PAD.encode(forged);
        let reply = account.client.reply(document, json!({ "id": account.tenant, "after": after })).await;
        assert_eq!(reply.code(), "BAD_USER_INPUT", "{key}: {}", reply.body);
    }
}
