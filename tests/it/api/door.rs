//! What comes to the API's door and is no request that it runs.

use crate::world::{
    Own, Setting, World,
    client::{Client, read},
    in_both,
    postgres::Postgres,
};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Database, TransactionTrait};
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
    for (body, status) in [("{", 400), ("\u{0}", 400), ("null", 422), ("{}", 422), ("[{\"query\":\"{ a }\"}]", 422)] {
        assert_eq!(send("application/json", body.to_owned()).await, status, "{body}");
    }
    let gzip = client.post().header("content-encoding", "gzip").header("content-type", "application/json");
    let gzip = read(gzip.body(TYPENAME)).await;
    assert_eq!((gzip.status.as_u16(), gzip.headers["accept-encoding"].to_str().unwrap()), (415, "identity"));
    assert_eq!(read(client.post().header("accept", "text/html").body(TYPENAME)).await.status, 406);
    bodies_are_counted(world).await;
    let get = client.request(Method::GET, "/graphql?query=%7B__typename%7D").header("accept", "application/json");
    let get = read(get).await;
    assert_eq!((get.status.as_u16(), get.headers["allow"].to_str().unwrap().contains("POST")), (405, true));
    assert_eq!(read(client.request(Method::GET, "/nothing")).await.status, 404);
    // whatever was sent, it still answers
    assert_eq!(read(client.request(Method::GET, "/health")).await.status, 200);
}

/// Who is known may send more, and only for what makes many things at once.
async fn bodies_are_counted(world: &World) {
    let (client, account) = (world.client(), world.sign_up().await);
    let padded = |body: &str, bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    let send = async |client: &Client, body: String| {
        let reply = read(client.post().header("content-type", "application/json").body(body)).await;
        assert_eq!(reply.code() == "BODY_TOO_LARGE", reply.status == 413);
        reply.status.as_u16()
    };
    let links: Vec<Value> =
        (0..400).map(|at| json!({ "destination": format!("https://example.com/{at:0180}") })).collect();
    let many = json!({
        "query": "mutation($i: CreateLinksInput!) { createLinks(input: $i) { results { link { id } userErrors { code } } } }",
        "variables": { "i": { "tenantId": account.tenant, "links": links } },
    })
    .to_string();
    assert!(many.len() > 65_536);
    let content = json!({
        "query": "mutation($i: TrackContentInput!) { trackContent(input: $i) { content userErrors { code } } }",
        "variables": { "i": { "tenantId": account.tenant, "content": "Nothing leads out.", "format": "TEXT" } },
    })
    .to_string();
    for (who, body, status) in [
        (&client, padded(TYPENAME, 65_536), 200),
        (&client, padded(TYPENAME, 65_537), 413),
        (&account.client, padded(TYPENAME, 65_536), 200),
        (&account.client, padded(TYPENAME, 65_537), 413),
        (&client, many.clone(), 413),
        (&account.client, padded(&many, 1_048_576), 200),
        (&account.client, padded(&many, 1_048_577), 413),
        (&client, padded(&content, 65_537), 413),
        (&account.client, padded(&content, 2_097_152), 200),
        (&account.client, padded(&content, 2_097_153), 413),
    ] {
        assert_eq!(send(who, body.clone()).await, status, "{} bytes", body.len());
    }
}

#[tokio::test]
async fn a_document_that_waits_for_too_long_is_given_up() {
    let own = Own { postgres: Some(Postgres::own().await), ..Own::default() };
    let world = World::start(Setting::OneBox, own, &[]).await;
    let account = world.sign_up().await;
    let database = world.own.postgres.as_ref().unwrap().first_database();
    let lock = Database::connect(database).await.unwrap().begin().await.unwrap();
    lock.execute_unprepared("LOCK TABLE links IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let (text, id) =
        ("query($id: ID!) { tenant(id: $id) { links { nodes { id } } } }", json!({ "id": account.tenant }));
    let ask = async || account.client.reply(text, id.clone()).await;
    let (waits, passes) = tokio::join!(ask(), account.client.reply("{ viewer { user { id } } }", json!({})));
    assert_eq!((waits.status.as_u16(), waits.code()), (503, "EXECUTION_TIMED_OUT"));
    assert_eq!((passes.status.as_u16(), passes.code()), (200, ""));
    lock.rollback().await.unwrap();
    assert_eq!(ask().await.status, 200);
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
        (new, "{ nothing }", 422, new),
        ("application/json", "{ nothing }", 200, "application/json"),
        (new, "{", 400, new),
        ("application/json", "{", 200, "application/json"),
        (new, "query A { __typename } query B { __typename }", 422, new),
        (new, "query($n: Int!) { __typename }", 422, new),
        ("*/*", "{ nothing }", 200, "application/json"),
        ("application/graphql-response+json, application/json;q=0.9", "{ nothing }", 422, new),
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
