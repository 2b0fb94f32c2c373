//! What is generated or migrated: the committed schema is the code's, migrations go up and down on both databases, and
//! the catalogue of networks holds the facts it was made from.

use crate::world::{postgres::Postgres, program};
use contract::network::IdField;
use regex::Regex;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn the_committed_schema_is_the_codes() {
    let output = program::command("api").arg("schema").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = String::from_utf8(output.stdout).unwrap();
    let committed = std::fs::read_to_string(root().join("schema.graphql")).unwrap_or_default();
    assert!(made.contains("type Mutation") && made.contains("createLink("));
    assert!(made == committed, "schema.graphql is stale: run `make schema`");
}

#[test]
fn bad_settings_are_all_reported_and_nothing_starts() {
    for name in ["api", "redirector", "stopover"] {
        let mut command = program::command(name);
        if name == "api" {
            command.arg("serve");
        }
        command.env("STOPOVER_API_LISTEN", "nonsense").env("STOPOVER_REDIRECTOR_LISTEN", "nonsense");
        let output =
            command.env("STOPOVER_DEFAULT_DOMAIN", "a b").env("STOPOVER_TRUSTED_PROXIES", "x").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        let variables: &[&str] = match name {
            "api" => &["API_LISTEN", "DEFAULT_DOMAIN", "DATABASE_URL", "REDIS_URL", "JWT_SECRET"],
            "redirector" => &["REDIRECTOR_LISTEN", "TRUSTED_PROXIES", "DATABASE_URL", "REDIS_URL"],
            _ => &["API_LISTEN", "REDIRECTOR_LISTEN", "DEFAULT_DOMAIN", "TRUSTED_PROXIES"],
        };
        for variable in variables {
            assert!(said.contains(&format!("STOPOVER_{variable}")), "{name} does not name {variable}: {said}");
        }
        assert!(!said.contains("nonsense"), "a value is never printed: {said}");
    }
}

#[tokio::test]
async fn migrations_go_up_and_down_on_postgresql() {
    let db = Database::connect(Postgres::shared().await.empty_database().await).await.unwrap();
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'seaql_migrations'";
    up_and_down(&db, tables).await;
}

#[tokio::test]
async fn migrations_go_up_and_down_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::connect(format!("sqlite://{}?mode=rwc", folder.path().join("db").display())).await.unwrap();
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT IN ('seaql_migrations', 'sqlite_sequence')";
    up_and_down(&db, tables).await;
}

async fn up_and_down(db: &DatabaseConnection, tables: &str) {
    let count = async || {
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), tables)).await.unwrap().unwrap();
        row.try_get_by_index::<i64>(0).unwrap()
    };
    for _ in 0..2 {
        migration::Migrator::up(db, None).await.unwrap();
        let made = count().await;
        assert!(made >= 15, "{made} tables");
        // again is no change
        migration::Migrator::up(db, None).await.unwrap();
        assert_eq!(count().await, made);
        migration::Migrator::down(db, None).await.unwrap();
        assert_eq!(count().await, 0);
    }
    assert!(matches!(db.get_database_backend(), DbBackend::Postgres | DbBackend::Sqlite));
}

#[tokio::test]
async fn the_program_migrates_an_empty_database() {
    let url = Postgres::shared().await.empty_database().await;
    for _ in 0..2 {
        let mut command = program::command("api");
        command.arg("migrate").env("STOPOVER_DATABASE_URL", &url).env("STOPOVER_REDIS_URL", "redis://127.0.0.1:1");
        let output = command.env("STOPOVER_JWT_SECRET", "0123456789abcdef0123456789abcdef").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let db = Database::connect(url).await.unwrap();
    db.execute_unprepared("SELECT count(*) FROM clicks").await.unwrap();
}

/// The facts are kept beside the checkout by those who look after the catalogue; elsewhere there is nothing to compare.
#[test]
fn the_catalogue_agrees_with_the_facts_it_was_made_from() {
    let Ok(text) = std::fs::read_to_string(root().join("../shared/facts/pixels.json")) else { return };
    let facts: Value = serde_json::from_str(&text).unwrap();
    let by_key = |key: &str| facts["pixels"].as_array().unwrap().iter().find(|fact| fact["key"] == key).cloned();
    let placeholder = Regex::new(r"\{[a-z_]+\}").unwrap();
    for network in contract::network::catalogue().values() {
        let fact = by_key(&network.key).unwrap_or_else(|| panic!("{} is in no fact", network.key));
        // a country is the visitor's; fields of our own stand beside those of the facts
        let known = fact["ids"].as_array().unwrap().iter().filter(|known| known["field"] != "country_code");
        let known: BTreeMap<&str, &Value> = known.map(|known| (known["field"].as_str().unwrap(), known)).collect();
        for field in known.keys() {
            assert!(network.ids.iter().any(|id| id.field == *field), "{}: {field}", network.key);
        }
        let example = |id: &IdField| known.get(id.field.as_str()).and_then(|known| known["example"].as_str());
        let given: BTreeMap<String, String> =
            network.ids.iter().map(|id| (id.field.clone(), example(id).unwrap_or(&id.example).to_owned())).collect();
        assert_eq!(network.check(&given).1, [], "{}: the facts' own examples pass", network.key);
        let image = fact["noscript_image_url"].as_str();
        assert_eq!(network.image.is_some(), image.is_some(), "{} has an image form", network.key);
        // the facts call placeholders otherwise
        let address = |url: &str| {
            let address = url.split('?').next().unwrap();
            placeholder.replace_all(address, "{}").into_owned()
        };
        let script = fact["script_url"].as_str().map(address);
        let ours = network.script.as_ref().map(|script| address(&script.url));
        assert_eq!(ours, script, "{}: address of the script", network.key);
        let listed = |kind: &str| fact["hosts"][kind].as_array().cloned().unwrap_or_default();
        for (kind, ours) in
            [("script", &network.hosts.script), ("img", &network.hosts.img), ("frame", &network.hosts.frame)]
        {
            for host in ours {
                assert!(listed(kind).iter().any(|known| known == host.as_str()), "{}: {host} in {kind}", network.key);
            }
        }
    }
}
