//! Rules of GraphQL itself: a document that breaks one, or whose variables do not fit, is refused as a whole, and nothing of
//! it has run.

use crate::world::{
    World,
    client::{Account, Reply, read, text},
    in_both,
};
use serde_json::{Value, json};
use tests::hostile::ACCEPT;

in_both!(
    fields_of_one_name_are_one_field,
    variables_fit_before_anything_runs,
    what_does_not_fit_its_place_is_refused,
    a_mutation_runs_each_name_once,
    what_is_left_out_changes_nothing,
    what_fails_is_null
);

const DOCUMENT: &str = "GRAPHQL_VALIDATION_FAILED";
const VARIABLE: &str = "BAD_USER_INPUT";

/// Sends a document of which each `#` is the tenant.
async fn send(account: &Account, document: &str, variables: &Value) -> Reply {
    let query = document.replace('#', &account.tenant);
    let request = account.client.post().header("accept", ACCEPT);
    read(request.json(&json!({ "query": query, "variables": variables }))).await
}

/// It is refused as a whole, with this in its first message.
async fn refused(account: &Account, document: &str, variables: Value, code: &str, told: &str) {
    let reply = send(account, document, &variables).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (422, code), "{document}: {}", reply.body);
    let error = &reply.body["errors"][0];
    assert!(reply.body.get("data").is_none() && text(&error["message"]).contains(told), "{document}: {}", reply.body);
    assert!(error["locations"][0]["line"].is_u64() && error.get("path").is_none(), "{document}: {}", reply.body);
}

/// What there is of what the documents here would make.
async fn made(account: &Account) -> Value {
    let document = "query($id: ID!) { tenant(id: $id) { name links { totalCount } } }";
    account.client.query(document, json!({ "id": account.tenant })).await["tenant"].take()
}

/// A call that makes a link.
const CALL: &str = "createLink(input: { tenantId: \"#\", destination: \"https://shop.example.com/\" }) { link { id } }";
/// Another one.
const OTHER: &str = "createLink(input: { tenantId: \"#\", destination: \"https://b.example.com/\" }) { link { id } }";

async fn fields_of_one_name_are_one_field(world: &mut World) {
    let account = world.sign_up().await;
    let before = made(&account).await;
    for document in [
        "{ tenant(id: \"#\") { name } ...F } fragment F on Query { tenant(id: \"2\") { id } }",
        "{ tenant(id: \"#\") { name } ... on Query { tenant(id: \"2\") { id } } }",
        "{ tenant(id: \"#\") { x: name } ...F } fragment F on Query { tenant(id: \"#\") { ... on Tenant { x: id } } }",
        "{ node(id: \"#\") { ... on Tenant { x: name } ... on Link { x: pixels { pixel { id } } } } }",
    ] {
        refused(&account, document, json!({}), DOCUMENT, "give one an alias").await;
    }
    for rest in [
        format!("...F }} fragment F on Mutation {{ {OTHER} }}"),
        format!("... on Mutation {{ {OTHER} }} }}"),
        format!("... {{ {OTHER} }} }}"),
    ] {
        let document = format!("mutation {{ {CALL} {rest}");
        refused(&account, &document, json!({}), DOCUMENT, "`createLink` stands twice in a mutation").await;
    }
    let merged =
        "{ tenant(id: \"#\") { name } ...F } fragment F on Query { tenant(id: \"#\") { links { totalCount } } }";
    let reply = send(&account, merged, &json!({})).await;
    assert_eq!((reply.status.as_u16(), &reply.body["data"]["tenant"]), (200, &before));
    assert_eq!(made(&account).await, before);
}

async fn variables_fit_before_anything_runs(world: &mut World) {
    let account = world.sign_up().await;
    let before = made(&account).await;
    let document =
        format!("mutation($b: CreateLinkInput!) {{ a: {CALL} b: createLink(input: $b) {{ link {{ id }} }} }}");
    let input = |more: Value| {
        let mut input = json!({ "tenantId": account.tenant, "destination": "https://b.example.com/" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "b": input })
    };
    for (variables, told) in [
        (json!({}), "`$b` is needed, and is not given"),
        (json!({ "b": null }), "`$b` must not be null"),
        (json!({ "b": "x" }), "`$b` must be an object"),
        (json!({ "b": { "tenantId": account.tenant } }), "`$b.destination` is needed, and is not given"),
        (input(json!({ "expiresAt": "nonsense" })), "`$b.expiresAt` must be an instant"),
        (input(json!({ "tags": ["a", 1] })), "`$b.tags.1` must be a text"),
        (input(json!({ "nothing": 1 })), "`$b.nothing` is not known here"),
    ] {
        refused(&account, &document, variables, VARIABLE, told).await;
    }
    let bound = format!(
        "mutation($n: Int) {{ a: {CALL} b: createTenant(input: {{ name: \"x\" }}) {{ tenant {{ links(first: $n) {{ totalCount }} }} }} }}"
    );
    let over = json!({ "n": 2_147_483_648_u64 });
    refused(&account, &bound, over, VARIABLE, "`$n` must be a whole number from -2147483648").await;
    assert_eq!(made(&account).await, before);
    let reply = send(&account, &document, &input(json!({ "expiresAt": "2999-01-01T00:00:00Z", "tags": "a" }))).await;
    let data = &reply.body["data"];
    assert!(
        reply.status == 200 && data["a"]["link"]["id"].is_string() && data["b"]["link"]["id"].is_string(),
        "{}",
        reply.body
    );
}

async fn what_does_not_fit_its_place_is_refused(world: &mut World) {
    let account = world.sign_up().await;
    let before = made(&account).await;
    let call = |fields: &str| format!("b: createLink(input: {{ {fields} }}) {{ link {{ id }} }} }}");
    let link = "tenantId: \"#\", destination: \"https://b.example.com/\"";
    for (head, rest, told) in [
        (
            "mutation($d: UpdateTenantInput!)",
            "b: createLink(input: $d) { link { id } } }".to_owned(),
            "is not what `input` takes",
        ),
        ("mutation($d: ID)", call("tenantId: $d, destination: \"x\""), "is not what `input.tenantId` takes"),
        ("mutation", call(&format!("{link} expiresAt: \"nonsense\"")), "`input.expiresAt` must be an instant"),
        ("mutation", call(&format!("{link} tenantId: \"#\"")), "`tenantId` stands twice in an input"),
        ("mutation", "__typename @nothing }".to_owned(), "`@nothing` does not belong here"),
        ("mutation", "__typename @skip(if: true) @skip(if: true) }".to_owned(), "`@skip` stands twice"),
        ("mutation", "__typename { id } }".to_owned(), "`__typename` has no fields"),
    ] {
        let variables = json!({ "d": { "tenantId": account.tenant, "name": "Changed" } });
        refused(&account, &format!("{head} {{ a: {CALL} {rest}"), variables, DOCUMENT, told).await;
    }
    for (document, told) in [
        ("query($d: ID) { tenant(id: $d) { id } }", "`$d`, a `ID`, is not what `id` takes"),
        ("{ tenant(id: \"#\") { report { breakdown(by: \"COUNTRY\") { clicks } } } }", "`by` is none of the values"),
        (
            "{ tenant(id: \"#\") { report(filter: { from: \"nonsense\" }) { from } } }",
            "`filter.from` must be an instant",
        ),
    ] {
        refused(&account, document, json!({ "d": account.tenant }), DOCUMENT, told).await;
    }
    assert_eq!(made(&account).await, before);
    let many: String = (0..20).map(|at| format!("a{at}: node(id: null) {{ id }} ")).collect();
    let reply = send(&account, &format!("{{ {many} }}"), &json!({})).await;
    assert_eq!(reply.body["errors"].as_array().unwrap().len(), 20);
}

async fn a_mutation_runs_each_name_once(world: &mut World) {
    let account = world.sign_up().await;
    let before = made(&account).await;
    for document in [
        format!("mutation {{ {CALL} {CALL} }}"),
        format!("mutation {{ ...F ...F }} fragment F on Mutation {{ {CALL} }}"),
        format!("mutation {{ ...F ... {{ {CALL} }} }} fragment F on Mutation {{ {CALL} }}"),
    ] {
        let told = "`createLink` stands twice in a mutation under one name: write it once, or give one an alias";
        refused(&account, &document, json!({}), DOCUMENT, told).await;
    }
    assert_eq!(made(&account).await, before);
    let reply = send(&account, &format!("mutation {{ __typename a: {CALL} __typename b: {CALL} }}"), &json!({})).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (200, ""), "{}", reply.body);
    assert_eq!(made(&account).await["links"]["totalCount"], 2);
}

async fn what_is_left_out_changes_nothing(world: &mut World) {
    let account = world.sign_up().await;
    let link =
        json!({ "tenantId": account.tenant, "destination": "https://a.example.com/", "title": "kept", "tags": ["a"] });
    let made = account.client.done("createLink", link, "link { id }").await;
    let change = "mutation($id: ID!, $title: String, $tags: [String!], $to: String, $first: Int) { \
                  updateLink(input: { id: $id, title: $title, tags: $tags, destination: $to }) { \
                  link { title tags destination clicks(first: $first) { totalCount } } } }";
    let changed = async |given: Value| {
        let mut variables = json!({ "id": made["link"]["id"] });
        variables.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let reply = send(&account, change, &variables).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (200, ""), "{}", reply.body);
        reply.body["data"]["updateLink"]["link"].clone()
    };
    let link = |title: Value, tags: Value| json!({ "title": title, "tags": tags, "destination": "https://a.example.com/", "clicks": { "totalCount": 0 } });
    assert_eq!(changed(json!({})).await, link(json!("kept"), json!(["a"])));
    assert_eq!(changed(json!({ "tags": ["b"] })).await, link(json!("kept"), json!(["b"])));
    assert_eq!(changed(json!({ "title": null })).await, link(Value::Null, json!(["b"])));
}

async fn what_fails_is_null(world: &mut World) {
    let account = world.sign_up().await;
    let input = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [account.tenant] });
    let made = account.client.done("createApiKey", input, "secret").await;
    let key = account.client.with_token(text(&made["secret"]));
    let answered = async |document: &str| {
        let body = json!({ "query": document.replace('#', &account.tenant), "variables": { "x": false } });
        let reply = read(key.post().header("accept", ACCEPT).json(&body)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        (reply.code().to_owned(), reply.body["data"].to_string())
    };
    let forbidden = |data: &str| ("FORBIDDEN".to_owned(), data.to_owned());
    // its pixels are never null, so that the tenant is
    let one =
        answered("{ tenant(id: \"#\") { name pixels { totalCount } } networks { key @include(if: false) } }").await;
    let shape = one.1.starts_with("{\"networks\":[{},{},") && one.1.ends_with("],\"tenant\":null}");
    assert!(one.0 == "FORBIDDEN" && shape, "{one:?}");
    assert_eq!(answered("{ viewer { sessions { id } } }").await, forbidden("null"));
    let skipped =
        "query($x: Boolean!) { tenant(id: \"#\") { name @include(if: $x) ... on Tenant @include(if: $x) { id } } }";
    assert_eq!(answered(skipped).await, (String::new(), "{\"tenant\":{}}".to_owned()));
    let both = "mutation { a: createLink(input: { tenantId: \"#\", destination: \"https://a.example.com/\" }) { link { id } } \
                b: logOut(input: { refreshToken: \"x\" }) { userErrors { field } } }";
    assert_eq!(answered(both).await.0, "FORBIDDEN");
}
