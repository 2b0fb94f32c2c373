//! What comes to the API's door and is no request that it runs.

use crate::world::{World, client::read, in_both};
use reqwest::Method;
use serde_json::{Value, json};

in_both!(only_well_formed_requests_are_run, answers_say_what_they_are);

const TYPENAME: &str = r#"{"query":"{ __typename }"}"#;

async fn only_well_formed_requests_are_run(world: &mut World) {
    let client = world.client();
    let send = async |kind: &str, body: String| {
        let reply = read(client.post().header("content-type", kind).body(body)).await;
        assert!(reply.headers.contains_key("x-request-id"));
        reply.status.as_u16()
    };
    assert_eq!(send("application/json", TYPENAME.to_owned()).await, 200);
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql"]
    {
        assert_eq!(send(kind, TYPENAME.to_owned()).await, 415, "{kind}");
    }
    for body in [format!("[{TYPENAME}]"), "{".to_owned(), "null".to_owned(), "{}".to_owned(), "\u{0}".to_owned()] {
        assert_eq!(send("application/json", body.clone()).await, 400, "{body}");
    }
    let large = format!("{}{}", TYPENAME, " ".repeat(70_000));
    assert_eq!(send("application/json", large.clone()).await, 413);
    let account = world.sign_up().await;
    let known = account.client.post().header("content-type", "application/json");
    assert_eq!(read(known.body(large)).await.status, 200, "who is known may send more");
    let far = account.client.post().header("content-type", "application/json");
    assert_eq!(read(far.body(format!("{}{}", TYPENAME, " ".repeat(3_000_000)))).await.status, 413);
    let get = client.request(Method::GET, "/graphql?query=%7B__typename%7D").header("accept", "application/json");
    let get = read(get).await;
    assert_eq!((get.status.as_u16(), get.headers["allow"].to_str().unwrap().contains("POST")), (405, true));
    assert_eq!(read(client.request(Method::GET, "/nothing")).await.status, 404);
    // whatever was sent, it still answers
    assert_eq!(read(client.request(Method::GET, "/health")).await.status, 200);
}

async fn answers_say_what_they_are(world: &mut World) {
    let client = world.client();
    let post = |accept: &str, document: &str| {
        read(client.post().header("accept", accept.to_owned()).json(&json!({ "query": document })))
    };
    let new = "application/graphql-response+json";
    for (accept, document, status, kind) in [
        (new, "{ __typename }", 200, new),
        ("application/json", "{ __typename }", 200, "application/json"),
        (new, "{ nothing }", 400, new),
        ("application/json", "{ nothing }", 200, "application/json"),
        (new, "{", 400, new),
    ] {
        let reply = post(accept, document).await;
        assert_eq!(reply.status.as_u16(), status, "{accept} {document}");
        assert!(reply.headers["content-type"].to_str().unwrap().starts_with(kind));
        if document != "{ __typename }" {
            assert!(reply.body.get("data").is_none() && !reply.code().is_empty(), "{}", reply.body);
        }
    }
    let deep = (0..40).fold("id".to_owned(), |inner, _| format!("tenant {{ {inner} }}"));
    let deep = post("application/json", &format!("{{ viewer {{ memberships {{ {deep} }} }} }}")).await;
    assert!(matches!(deep.code(), "QUERY_TOO_DEEP" | "GRAPHQL_VALIDATION_FAILED"), "{}", deep.body);
    let costly = (0..30)
        .map(|at| format!("a{at}: tenant(id: \"x\") {{ links(first: 100) {{ nodes {{ id pixels {{ id }} }} }} }} "));
    let costly = post("application/json", &format!("{{ {} }}", costly.collect::<String>())).await;
    assert_eq!(costly.code(), "QUERY_TOO_COMPLEX", "{}", costly.body);
    let cors = client.request(Method::OPTIONS, "/graphql").header("origin", "https://app.example");
    let cors = read(cors.header("access-control-request-method", "POST")).await;
    assert_eq!(cors.headers["access-control-allow-origin"], "*");
    assert!(!cors.headers.contains_key("access-control-allow-credentials"));
    let networks =
        client.query("{ networks { key name idFields { key pattern example } hasImage hasScript } }", json!({})).await;
    let keys: Vec<&str> =
        networks["networks"].as_array().unwrap().iter().map(|network| network["key"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), contract::network::catalogue().len());
    assert!(keys.is_sorted() && ["CUSTOM_JS", "GTM", "META", "X"].iter().all(|key| keys.contains(key)), "{keys:?}");
    assert!(
        networks["networks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|network: &Value| !network["idFields"].as_array().unwrap().is_empty())
    );
}
