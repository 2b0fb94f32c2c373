//! What the door answers before any row is read.

use super::*;
use crate::{config::Config, db::Db, invalidation::Publisher};
use contract::{clock::Clock, settings::Settings};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io::Read;

async fn door(introspection: bool) -> impl Endpoint<Output = Response> {
    let variables = [("DATABASE_URL", "sqlite::memory:"), ("JWT_SECRET", "0123456789abcdef0123456789abcdef")];
    let variables = variables.map(|(name, value)| (format!("STOPOVER_{name}"), value.to_owned()));
    let config = Config::from_settings(&mut Settings::new(variables), true);
    let db = Db::connect(&config.database_url, 1).await.unwrap();
    let (sender, _) = tokio::sync::broadcast::channel(1);
    let app = App::new(&config, db, Clock::fixed(1_700_000_000_000), Publisher::Local(sender));
    endpoint(app, introspection)
}

async fn send(
    door: &impl Endpoint<Output = Response>,
    request: poem::RequestBuilder,
    body: &str,
) -> (Response, String) {
    let mut response = door.get_response(request.body(body.to_owned())).await;
    let text = response.take_body().into_string().await.unwrap();
    assert!(response.header(REQUEST_ID).is_some_and(|id| id.len() == 32), "every answer has an id");
    (response, text)
}

fn post() -> poem::RequestBuilder {
    Request::builder().method(Method::POST).uri_str("/graphql").content_type("application/json")
}

fn query(text: &str) -> String {
    json!({ "query": text }).to_string()
}

#[tokio::test]
async fn a_document_is_answered_in_the_form_that_its_client_reads() {
    let door = door(false).await;
    let new = || post().header("accept", "application/graphql-response+json");
    let (response, text) = send(&door, post(), &query("{ __typename }")).await;
    assert_eq!((response.status(), text.as_str()), (StatusCode::OK, r#"{"data":{"__typename":"Query"}}"#));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    for (bad, status) in [("{", 400), ("{ nothing }", 422), ("query A { __typename } query B { __typename }", 422)] {
        let (response, text) = send(&door, new(), &query(bad)).await;
        assert_eq!(response.status().as_u16(), status, "{text}");
        assert_eq!(response.header("content-type"), Some(media::GRAPHQL));
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{text}");
        assert!(body.get("data").is_none(), "{text}");
        assert_eq!(send(&door, post(), &query(bad)).await.0.status(), StatusCode::OK);
    }
    let (response, text) = send(&door, new(), &query("{ viewer { user { id } } }")).await;
    assert_eq!(response.status(), StatusCode::OK, "it ran");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&body["data"], &body["errors"][0]["extensions"]["code"]), (&Value::Null, &json!("UNAUTHENTICATED")));
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    let door = door(true).await;
    let large = query(&" ".repeat(64 * 1024));
    let text = Request::builder().method(Method::POST).uri_str("/graphql").content_type("text/plain");
    let get = Request::builder().uri_str("/graphql?query=%7B__typename%7D");
    let html_only = post().header("accept", "image/png");
    for (request, body, status) in [
        (text, query("{ __typename }"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (get, String::new(), StatusCode::METHOD_NOT_ALLOWED),
        (html_only, query("{ __typename }"), StatusCode::NOT_ACCEPTABLE),
        (post(), large, StatusCode::PAYLOAD_TOO_LARGE),
        (post().header("content-type", "application/json"), query("{ __typename }"), StatusCode::BAD_REQUEST),
        (post().header("content-type", "text/plain"), query("{ __typename }"), StatusCode::BAD_REQUEST),
        (post().header("accept", "application/json;q=0"), query("{ __typename }"), StatusCode::NOT_ACCEPTABLE),
        (post().header("content-encoding", "gzip"), query("{ __typename }"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (post().header("content-encoding", "identity"), query("{ __typename }"), StatusCode::OK),
        (post(), format!("[{}]", query("{ __typename }")), StatusCode::UNPROCESSABLE_ENTITY),
        (post().method(Method::POST), "{".to_owned(), StatusCode::BAD_REQUEST),
        (Request::builder().uri_str("/other"), String::new(), StatusCode::NOT_FOUND),
    ] {
        let (response, text) = send(&door, request, &body).await;
        assert_eq!(response.status(), status, "{text}");
    }
    for token in ["Bearer x.y.z", "Basic YTpi", "Bearer"] {
        let request = post().header("authorization", token);
        let (response, text) = send(&door, request, &query("{ __typename }")).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{text}");
        assert!(response.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));
    }
}

#[tokio::test]
async fn a_document_is_run_by_its_hash_once_it_has_run() {
    let door = door(false).await;
    let text = "{ __typename }";
    let hash =
        |text: &str| Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let by = |query: Option<&str>, hash: String| json!({ "query": query.unwrap_or_default(), "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let ask = async |body: Value, accept: &str| {
        let (response, text) = send(&door, post().header("accept", accept), &body.to_string()).await;
        let body: Value = serde_json::from_str(&text).unwrap();
        let code = body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
        (response.status().as_u16(), code)
    };
    let (old, new) = ("application/json", "application/graphql-response+json");
    let (ran, unknown) = (String::new(), "PERSISTED_QUERY_NOT_FOUND".to_owned());
    assert_eq!(ask(by(None, hash(text)), old).await, (200, unknown.clone()));
    assert_eq!(ask(by(None, hash(text)), new).await, (400, unknown.clone()));
    assert_eq!(ask(by(Some(text), hash("{ a }")), old).await, (400, "BAD_REQUEST".to_owned()));
    assert_eq!(ask(by(Some("{ a }"), hash("{ a }")), old).await.0, 200);
    assert_eq!(ask(by(None, hash("{ a }")), old).await, (200, unknown), "what could not be run is not kept");
    assert_eq!(ask(by(Some(text), hash(text)), new).await, (200, ran.clone()));
    assert_eq!(ask(by(None, hash(text).to_uppercase()), new).await, (200, ran));
}

#[tokio::test]
async fn a_cost_is_told_to_who_asks() {
    let door = door(false).await;
    let text = "{ networks { key idFields { key } } }";
    let cost = async |request: poem::RequestBuilder, body: Value| {
        let (_, text) = send(&door, request, &body.to_string()).await;
        serde_json::from_str::<Value>(&text).unwrap()["extensions"]["cost"].take()
    };
    assert_eq!(cost(post(), json!({ "query": text })).await, Value::Null);
    assert_eq!(cost(post(), json!({ "query": text, "extensions": { "cost": false } })).await, Value::Null);
    let told = cost(post().header("x-graphql-cost", "1"), json!({ "query": text })).await;
    assert_eq!(cost(post(), json!({ "query": text, "extensions": { "cost": true } })).await, told);
    // in hundredths: the list, and a key, a list of ids and at most four of them for each of at most 40 networks
    assert_eq!((&told["requested"], &told["limit"]), (&json!(3), &json!(1_000)));
    let actual = told["actual"].as_u64().unwrap();
    let networks = contract::network::catalogue();
    let fields: usize = networks.values().map(|network| 2 + network.ids.len()).sum();
    assert_eq!(actual, (fields as u64 + 10).div_ceil(100));
}

#[tokio::test]
async fn what_is_skipped_leaves_objects_and_no_nulls() {
    let door = door(false).await;
    let left = async |text: &str| {
        let request = post().header("accept", "application/graphql-response+json");
        let body = json!({ "query": text, "variables": { "x": false } }).to_string();
        let (response, text) = send(&door, request, &body).await;
        assert_eq!(response.status(), 200, "{text}");
        text
    };
    assert_eq!(left("query($x: Boolean!) { networks @include(if: $x) { key } }").await, r#"{"data":{}}"#);
    assert_eq!(left("{ ... on Query @skip(if: true) { networks { key } } }").await, r#"{"data":{}}"#);
    let networks =
        left("query($x: Boolean!) { networks { key @include(if: $x) idFields { key @skip(if: true) } } }").await;
    assert!(networks.starts_with(r#"{"data":{"networks":[{"idFields":[{},{}]},"#), "{networks}");
    let networks = left(
        "query($x: Boolean!) { networks { key @include(if: $x) ...f } } fragment f on Network { name @skip(if: true) }",
    )
    .await;
    assert!(networks.starts_with(r#"{"data":{"networks":[{},{},"#), "{networks}");
}

#[tokio::test]
async fn a_long_answer_is_compressed_for_who_reads_it() {
    let door = door(false).await;
    let long = query("{ networks { key name idFields { key help } } }");
    let request = post().header("accept-encoding", "gzip").body(long.clone());
    let mut response = door.get_response(request).await;
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert_eq!(response.header("vary"), Some("accept, accept-encoding"));
    let packed = response.take_body().into_vec().await.unwrap();
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).unwrap();
    let (plain, text) = send(&door, post(), &long).await;
    assert_eq!((plain.header("content-encoding"), &text), (None, &unpacked));
    assert!(packed.len() * 2 < text.len());
}

#[tokio::test]
async fn a_document_has_bounds() {
    let door = door(true).await;
    let nested = format!("{{ a(b: {}", "[".repeat(60_000));
    let many: String = (0..2_001).map(|at| format!("a{at}: __typename ")).collect();
    let log_in = r#"logIn(input: { email: "a", password: "b" }) { userErrors { code } }"#;
    let costly: String = (0..10).map(|at| format!("a{at}: {log_in} ")).collect();
    for (text, code) in [
        (nested, "QUERY_TOO_DEEP"),
        (format!("{{ {many} }}"), "QUERY_TOO_COMPLEX"),
        (format!("mutation {{ {costly} }}"), "QUERY_TOO_COMPLEX"),
    ] {
        let (_, answer) = send(&door, post(), &query(&text)).await;
        let body: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], code, "{answer}");
    }
}

/// The query of the common tools.
const SCHEMA: &str = "query IntrospectionQuery { __schema { description queryType { name } mutationType { name } \
    subscriptionType { name } types { ...FullType } directives { name description isRepeatable locations \
    args(includeDeprecated: true) { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name description \
    args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn the_schema_is_told_only_where_introspection_is_on() {
    for (introspection, told) in [(true, true), (false, false)] {
        let door = door(introspection).await;
        let (_, answer) = send(&door, post(), &query(SCHEMA)).await;
        let body: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(body["data"]["__schema"]["queryType"]["name"] == "Query", told, "{answer:.200}");
        let status = if told { StatusCode::OK } else { StatusCode::NOT_FOUND };
        for address in ["/", "/schema.graphql"] {
            assert_eq!(send(&door, Request::builder().uri_str(address), "").await.0.status(), status, "{address}");
        }
        assert_eq!(send(&door, Request::builder().uri_str("/health"), "").await.0.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_send_a_token_and_no_cookie() {
    let door = door(false).await;
    let request = Request::builder().method(Method::OPTIONS).uri_str("/graphql").header("origin", "https://a.example");
    let (response, _) = send(&door, request, "").await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.header("access-control-allow-headers"), Some("authorization, content-type, x-graphql-cost"));
    assert_eq!(response.header("access-control-allow-credentials"), None);
}
