//! What the door answers before any row is read.

use super::*;
use crate::{config::Config, db::Db, invalidation::Publisher};
use contract::{clock::Clock, settings::Settings};
use serde_json::{Value, json};

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
    for bad in ["{", "{ nothing }", "query A { __typename } query B { __typename }"] {
        let (response, text) = send(&door, new(), &query(bad)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{text}");
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
        (post(), format!("[{}]", query("{ __typename }")), StatusCode::BAD_REQUEST),
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

/// The query of the common tools, with the deepest type reference that they ask for.
#[tokio::test]
async fn the_schema_is_told_only_where_introspection_is_on() {
    let reference = (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let input = format!("name description type {{ {reference} }} defaultValue");
    let text = format!(
        "{{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }} types {{ kind name \
         description fields(includeDeprecated: true) {{ name description args {{ {input} }} type {{ {reference} }} \
         isDeprecated deprecationReason }} inputFields {{ {input} }} interfaces {{ {reference} }} enumValues \
         {{ name description }} possibleTypes {{ {reference} }} }} directives {{ name locations args {{ {input} }} }} }} }}"
    );
    for (introspection, told) in [(true, true), (false, false)] {
        let door = door(introspection).await;
        let (_, answer) = send(&door, post(), &query(&text)).await;
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
    assert_eq!(response.header("access-control-allow-headers"), Some("authorization, content-type"));
    assert_eq!(response.header("access-control-allow-credentials"), None);
}
