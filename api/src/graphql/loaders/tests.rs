//! How many statements a list costs, on a SQLite file with the real migrations.

use crate::{
    app::App,
    auth::{self, Client, SignUp},
    config::Config,
    db::Db,
    graphql::{Asking, Engine, context::RequestId, execute, id},
    invalidation::Publisher,
    links::{self, IfThere, LinkChange},
    pixels::{self, NewPixel},
};
use contract::{clock::Clock, document::PixelMode, network::catalogue, settings::Settings};
use serde_json::Value;

/// What a list of links shows.
const LIST: &str = "query($tenant: ID!, $first: Int!) { tenant(id: $tenant) { links(first: $first) { nodes {
    id shortUrl tags pixels { id name } report { totals { clicks uniqueVisitors pixelsFired } } } } } }";

async fn app(folder: &std::path::Path) -> App {
    let url = format!("sqlite://{}", folder.join("test.db").display());
    let variables = [("DATABASE_URL", url.as_str()), ("JWT_SECRET", "0123456789abcdef0123456789abcdef")];
    let variables = variables.map(|(name, value)| (format!("STOPOVER_{name}"), value.to_owned()));
    let config = Config::from_settings(&mut Settings::new(variables), true);
    let db = Db::connect(&config.database_url, 4).await.unwrap();
    migration::up(db.pool()).await.unwrap();
    let app = App::new(
        &config,
        db,
        Clock::fixed(1_700_000_000_000),
        Publisher::Local(tokio::sync::broadcast::Sender::new(1)),
    );
    crate::domains::ensure_default(&app).await.unwrap();
    app
}

/// Asks for this many links, and counts the statements from the token on.
async fn list(app: &App, engine: &Engine, token: &str, tenant: &str, first: u64) -> (u64, Value) {
    let before = app.db.statements();
    let caller = auth::authenticate(app, token).await.unwrap();
    let variables = serde_json::json!({ "tenant": tenant, "first": first });
    let request = async_graphql::Request::new(LIST).variables(async_graphql::Variables::from_json(variables));
    let (id, client) = (RequestId(String::new()), Client::default());
    let asking = Asking {
        caller: Some(caller),
        meter: None,
        client,
        id,
        may_introspect: false,
        wants_cost: false,
        body: LIST.len(),
    };
    let answer = execute(engine, request, asking).await.unwrap();
    (app.db.statements() - before, serde_json::to_value(&answer).unwrap())
}

#[tokio::test]
async fn a_hundred_links_cost_as_many_statements_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path()).await;
    let input = SignUp {
        email: "ann@example.com".to_owned(),
        password: "correct horse battery".to_owned(),
        tenant_name: Some("Acme".to_owned()),
        invitation: None,
    };
    let made = auth::sign_up(&app, input, &Client::default()).await.unwrap();
    let mut pixel_ids = Vec::new();
    for number in 0..3 {
        let new = NewPixel {
            network: catalogue().get("meta").unwrap(),
            name: format!("Pixel {number}"),
            ids: vec![("pixel_id".to_owned(), format!("24681357902468{number}"))],
            mode: PixelMode::Auto,
            is_default: false,
        };
        pixel_ids.push(pixels::create(&app, made.scope, new, None).await.unwrap().pixel.id);
    }
    let link = |number: usize| LinkChange {
        destination: Some(format!("https://shop.example.com/{number}")),
        tags: Some(vec!["a".to_owned(), format!("t{number}")]),
        pixel_ids: Some(pixel_ids.clone()),
        ..LinkChange::default()
    };
    let given = (0..100).map(link).collect();
    let results = links::create_many(&app, made.scope, given, IfThere::Refuse, None).await.unwrap();
    assert!(results.iter().all(Result::is_ok));

    let engine = Engine::new(app.clone(), false);
    let tenant = id::encode(id::Kind::Tenant, made.tenant.id);
    let token = &made.session.access_token;
    let (one, _) = list(&app, &engine, token, &tenant, 1).await;
    let (hundred, answer) = list(&app, &engine, token, &tenant, 100).await;
    let nodes = answer["data"]["tenant"]["links"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(nodes.len(), 100);
    for node in nodes {
        assert_eq!(
            (node["tags"].as_array().unwrap().len(), node["pixels"].as_array().unwrap().len()),
            (2, 3),
            "{node}"
        );
        assert_eq!(node["report"]["totals"]["clicks"], 0);
    }
    assert_eq!(hundred, one);
    // the session, the membership, the links with their domains, and their tags, pixels and totals
    assert_eq!(hundred, 6);
}
