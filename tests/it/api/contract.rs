//! The shape of the schema, as linters of GraphQL check it: names, descriptions, inputs and payloads, connections, and no
//! type that nothing leads to. Each rule is seen to find a schema that breaks it.

mod lint;
mod rules;

use self::lint::{Lint, list, name};
use crate::world::{World, in_both};
use serde_json::{Map, Value, json};

in_both!(the_schema_keeps_the_rules_of_its_field);

const DOCUMENT: &str = "
    query { __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...whole } } }
    fragment whole on __Type {
        kind name description
        fields(includeDeprecated: true) {
            name description isDeprecated deprecationReason type { ...reference }
            args(includeDeprecated: true) { name description isDeprecated deprecationReason type { ...reference } }
        }
        inputFields(includeDeprecated: true) {
            name description isDeprecated deprecationReason defaultValue type { ...reference }
        }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
        interfaces { name }
        possibleTypes { name }
    }
    fragment reference on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// A change that breaks a rule, and what is told of it.
type Breach = (fn(&mut Map<String, Value>), &'static str);

fn kind(of: &str, name: &str) -> Value {
    json!({ "kind": of, "name": name })
}

fn needed(inner: &Value) -> Value {
    json!({ "kind": "NON_NULL", "name": null, "ofType": inner })
}

fn listed(inner: &Value) -> Value {
    json!({ "kind": "LIST", "name": null, "ofType": inner })
}

/// A field with a description.
fn field(name: &str, kind: &Value) -> Value {
    json!({ "name": name, "description": "What it is.", "isDeprecated": false, "args": [], "type": kind })
}

fn add(types: &mut Map<String, Value>, kind: &str, field: Value) {
    types[kind]["fields"].as_array_mut().unwrap().push(field);
}

/// Finds something by its name.
fn at<'a>(types: &'a mut Map<String, Value>, kind: &str, part: &str, name: &str) -> &'a mut Value {
    let all = types[kind][part].as_array_mut().unwrap();
    all.iter_mut().find(|found| found["name"] == name).unwrap()
}

fn rename(types: &mut Map<String, Value>, from: &str, to: &str) {
    let text = Value::Object(types.clone()).to_string().replace(&format!("\"{from}\""), &format!("\"{to}\""));
    *types = serde_json::from_str(&text).unwrap();
}

const BREACHES: [Breach; 33] = [
    (|types| types["Link"]["description"] = json!(""), "Link has no description"),
    (|types| at(types, "Link", "fields", "slug")["description"] = Value::Null, "Link.slug has no description"),
    (|types| at(types, "Role", "enumValues", "OWNER")["description"] = json!(" "), "Role.OWNER has no description"),
    (|types| types["Query"]["fields"][0]["args"][0]["description"] = json!(""), ") has no description"),
    (|types| rename(types, "Branding", "branding_style"), "branding_style is no name of a type"),
    (|types| add(types, "Link", field("short_url", &kind("SCALAR", "String"))), "Link.short_url is no name of a field"),
    (|types| at(types, "Role", "enumValues", "OWNER")["name"] = json!("Owner"), "Role.Owner is no name of a value"),
    (|types| types["Mutation"]["fields"][0]["args"][0]["name"] = json!("data"), "takes [\"data:"),
    (|types| rename(types, "ArchiveLinkPayload", "ArchivedLink"), "Mutation.archiveLink answers ArchivedLink!"),
    (
        |types| at(types, "Mutation", "fields", "logOut")["type"] = kind("SCALAR", "Boolean"),
        "Mutation.logOut answers Boolean",
    ),
    (|types| types["LinkEdge"]["fields"] = json!([]), "LinkEdge has"),
    (
        |types| at(types, "LinkEdge", "fields", "cursor")["type"] = kind("SCALAR", "String"),
        "LinkEdge has Some(\"String\")",
    ),
    (|types| at(types, "PageInfo", "fields", "endCursor")["type"] = needed(&kind("SCALAR", "String")), "PageInfo has"),
    (|types| at(types, "Tenant", "fields", "links")["args"] = json!([]), "Tenant.links lacks first: Int"),
    (|types| types["Subscription"]["fields"][0]["args"] = json!([]), "takes None"),
    (|types| at(types, "Link", "fields", "id")["type"] = kind("SCALAR", "ID"), "Link.id is Some(\"ID\")"),
    (
        |types| {
            drop(types.insert("Lonely".to_owned(), json!({ "name": "Lonely", "description": "Nothing leads to it." })));
        },
        "nothing leads to Lonely",
    ),
    (
        |types| add(types, "Link", field("linkTitle", &kind("SCALAR", "String"))),
        "Link.linkTitle repeats the name of its type",
    ),
    (|types| add(types, "Link", field("strTitle", &kind("SCALAR", "String"))), "Link.strTitle names its type"),
    (|types| rename(types, "Branding", "BrandingType"), "BrandingType names its kind"),
    (|types| rename(types, "BrandingInput", "BrandingChange"), "BrandingChange is an input and not named so"),
    (|types| rename(types, "Branding", "StyleInput"), "StyleInput is named as an input"),
    (|types| add(types, "Query", field("getLink", &kind("OBJECT", "Link"))), "Query.getLink says what all fields do"),
    (
        |types| add(types, "Query", field("linkQuery", &kind("OBJECT", "Link"))),
        "Query.linkQuery says what all fields do",
    ),
    (
        |types| at(types, "Link", "fields", "slug")["isDeprecated"] = json!(true),
        "Link.slug is deprecated without a reason",
    ),
    (
        |types| at(types, "Role", "enumValues", "OWNER")["isDeprecated"] = json!(true),
        "Role.OWNER is deprecated without a reason",
    ),
    (|types| add(types, "Link", field("SLUG", &kind("SCALAR", "String"))), "Link.SLUG is there twice"),
    (
        |types| {
            let mut value = at(types, "Role", "enumValues", "OWNER").clone();
            value["name"] = json!("owner");
            types["Role"]["enumValues"].as_array_mut().unwrap().push(value);
        },
        "Role.owner is there twice",
    ),
    (|types| add(types, "Link", field("ownerId", &kind("SCALAR", "String"))), "Link.ownerId is String"),
    (
        |types| add(types, "Link", field("notes", &listed(&kind("SCALAR", "String")))),
        "Link.notes may hold nothing in a list",
    ),
    (
        |types| at(types, "Tenant", "fields", "links")["type"] = kind("OBJECT", "LinkConnection"),
        "Tenant.links may be no connection",
    ),
    (|types| rename(types, "BreakdownRow", "BreakdownEdge"), "BreakdownEdge belongs to no connection"),
    (
        |types| {
            let input = types["Mutation"]["fields"][0]["args"].clone();
            types["Mutation"]["fields"][1]["args"] = input;
        },
        "is the input of 2 mutations",
    ),
];

async fn the_schema_keeps_the_rules_of_its_field(world: &mut World) {
    let data = world.schema_reader().await.query(DOCUMENT, json!({})).await;
    let types = list(&data["__schema"], "types").filter(|kind| !name(kind).starts_with("__"));
    let types: Map<String, Value> = types.map(|kind| (name(kind).to_owned(), kind.clone())).collect();
    assert!(types.len() > 80, "{}", types.len());
    let broken = |types: Map<String, Value>| {
        let mut lint = Lint { types, broken: Vec::new() };
        lint.check();
        lint.broken
    };
    assert_eq!(broken(types.clone()), Vec::<String>::new());
    // the rules do find what breaks them
    for (breach, told) in BREACHES {
        let mut worse = types.clone();
        breach(&mut worse);
        let found = broken(worse);
        assert!(found.iter().any(|found| found.contains(told)), "{told}: {found:#?}");
    }
}
