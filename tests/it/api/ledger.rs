//! The audit log, mutation by mutation: what each writes, that it writes it with its effect or has none, that what is
//! refused writes nothing, and that no secret stands anywhere.

mod dump;
mod play;
mod secrets;
mod steps;

use crate::{
    api::tenants::key_of,
    world::{World, client::Reply, in_both},
};
use dump::{changes, columns, dump};
use play::{Owner, Play};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use secrets::{BYTES, Secrets};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path};
use steps::{By, Step, steps};

in_both!(super::play::VARIABLES =>
    people_leave_a_row_with_each_mutation_and_no_secret_anywhere,
    programs_leave_a_row_with_each_mutation,
    no_mutation_is_done_without_its_row,
    what_is_refused_leaves_no_row,
);

/// The mutations of a schema.
fn mutations(schema: &str) -> BTreeSet<&str> {
    let fields = schema.split_once("type Mutation {").unwrap().1.split_once("\n}").unwrap().0;
    let names = fields.lines().filter_map(|line| line.strip_prefix('\t')).filter_map(|line| {
        let name = line.split(['(', ':']).next()?;
        let is_name =
            name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(char::is_alphanumeric);
        (is_name && line.len() > name.len()).then_some(name)
    });
    names.collect()
}

/// Mutations without a step, and steps without a mutation.
fn uncovered(schema: &str) -> BTreeSet<String> {
    let table = steps();
    let done: BTreeSet<&str> = table.iter().map(|step| step.mutation).collect();
    mutations(schema).symmetric_difference(&done).map(|name| (*name).to_owned()).collect()
}

#[test]
fn every_mutation_stands_in_the_table() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema.graphql");
    let schema = std::fs::read_to_string(schema).unwrap();
    assert!(mutations(&schema).len() > 40);
    assert_eq!(uncovered(&schema), BTreeSet::new());
    let more = schema.replace("type Mutation {", "type Mutation {\n\tforgetEverything: Boolean!");
    assert_eq!(uncovered(&more), BTreeSet::from(["forgetEverything".to_owned()]));
    for step in steps() {
        assert!(!step.rows.is_empty(), "{} writes no row", step.mutation);
    }
}

/// How much of each log the contract shows to who may see it, and that the chains are whole.
async fn read_back(world: &World, play: &Play<'_>) {
    play.assert_rows();
    let found = world.tool(&["audit"]);
    let told = String::from_utf8(found.stdout).unwrap();
    assert!(found.status.success() && !told.contains("BROKEN"), "{told}");
    let input = json!({ "email": play.names["$owner_email"], "password": play.names["$$last_password"] });
    let session = world.client().done("logIn", input, "session { accessToken }").await;
    let owner = world.client().with_token(session["session"]["accessToken"].as_str().unwrap());
    let log = "auditLog { totalCount }";
    let document = format!("query($id: ID!) {{ viewer {{ {log} }} tenant(id: $id) {{ {log} }} }}");
    let shown = owner.query(&document, json!({ "id": play.names["$tenant"] })).await;
    for (name, shown, since) in [("$owner", &shown["viewer"], 1), ("$tenant", &shown["tenant"], 0)] {
        let log = key_of(&play.names[name]).to_string();
        let line = told.lines().find(|line| line.starts_with(&log)).unwrap_or_else(|| panic!("{name} in {told}"));
        let rows: u64 = line.split(' ').nth(1).unwrap().parse().unwrap();
        assert_eq!(shown["auditLog"]["totalCount"], rows + since, "{name}");
    }
}

async fn people_leave_a_row_with_each_mutation_and_no_secret_anywhere(world: &mut World) {
    let mut play = Play::new(world, Owner::Person).await;
    for step in steps() {
        play.perform(&step).await;
        if step.mutation == "createTenant" {
            let mut other = step.clone();
            other.rows[0].after["name"] = json!("Another");
            play.perform(&other).await;
            assert_eq!(play.forget_amiss(), 1, "a row that is not as it should be is seen");
        }
    }
    read_back(world, &play).await;
    let secrets = Secrets::of(&play.names);
    assert!(secrets.len() >= 20, "{}", secrets.len());
    assert_eq!(secrets.stored(&play.at_rest().await), BTreeSet::new());
    let unknown = unlisted_bytes(&play.db).await;
    assert_eq!(unknown, BTreeSet::new(), "columns of bytes that nobody said a word about");
    plant(&play, &secrets).await;
    let logs = [world.api().whole_log(), world.redirector().whole_log()];
    assert!(logs[0].contains("INSERT INTO"), "statements are in the log");
    for log in logs {
        assert_eq!(secrets.within(&log), BTreeSet::new());
    }
}

/// Columns of bytes that are in the list and not in the database, or the other way round.
async fn unlisted_bytes(db: &DatabaseConnection) -> BTreeSet<String> {
    if db.get_database_backend() != DbBackend::Postgres {
        return BTreeSet::new();
    }
    let tables = columns(db).await;
    let bytes = tables.iter().flat_map(|(table, columns)| {
        columns.iter().filter(|(_, bytes)| *bytes).map(move |(column, _)| format!("{table}.{column}"))
    });
    let listed: BTreeSet<String> = BYTES.iter().map(|(column, _)| (*column).to_owned()).collect();
    bytes.collect::<BTreeSet<_>>().symmetric_difference(&listed).cloned().collect()
}

/// Stores secrets where they may not be, in the clear and as bytes, and finds them.
async fn plant(play: &Play<'_>, secrets: &Secrets) {
    let token = &play.names["$$reset"];
    let bytes = data_encoding::HEXUPPER.encode(token.as_bytes());
    let bytes = match play.db.get_database_backend() {
        DbBackend::Postgres => format!("'\\x{bytes}'"),
        _ => format!("X'{bytes}'"),
    };
    let planted = [
        format!("UPDATE tenants SET name = '{}'", play.names["$$key"]),
        format!("UPDATE refresh_tokens SET successor_salt = {bytes}"),
    ];
    for sql in planted {
        play.db.execute_unprepared(&sql).await.unwrap();
    }
    let expected = ["tenants.name $$key", "refresh_tokens.successor_salt $$reset"].map(str::to_owned);
    assert_eq!(secrets.stored(&dump(&play.db).await), BTreeSet::from(expected));
}

async fn programs_leave_a_row_with_each_mutation(world: &mut World) {
    let mut play = Play::new(world, Owner::Program).await;
    for step in steps() {
        play.perform(&step).await;
    }
    read_back(world, &play).await;
}

/// What a database says when the log is closed.
const CLOSED: &str = "the ledger is closed";

/// Refuses every row of the audit log, or takes them again.
async fn close(db: &DatabaseConnection, closed: bool) {
    let postgres = db.get_database_backend() == DbBackend::Postgres;
    let sql = match (postgres, closed) {
        (true, true) => format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN RAISE EXCEPTION '{CLOSED}'; END $$;
             CREATE TRIGGER closed BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse()"
        ),
        (true, false) => "DROP TRIGGER closed ON audit_events".to_owned(),
        (false, true) => {
            format!("CREATE TRIGGER closed BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, '{CLOSED}'); END")
        }
        (false, false) => "DROP TRIGGER closed".to_owned(),
    };
    db.execute_unprepared(&sql).await.unwrap();
}

async fn no_mutation_is_done_without_its_row(world: &mut World) {
    let mut play = Play::new(world, Owner::Person).await;
    let mut refused = 0;
    for step in steps() {
        if step.apart.is_none() {
            let before = play.at_rest().await;
            close(&play.db, true).await;
            let reply = play.attempt(&step).await;
            close(&play.db, false).await;
            assert_eq!(reply.code(), "INTERNAL", "{}: {}", step.mutation, reply.body);
            assert_eq!(reply.body["errors"].as_array().unwrap().len(), 1, "{}", reply.body);
            let message = "this server failed to answer; its log has the cause under the request's id";
            assert_eq!((&reply.body["errors"][0]["message"], &reply.body["data"]), (&json!(message), &Value::Null));
            assert!(!reply.body.to_string().contains(CLOSED), "{}", reply.body);
            let changed = changes(&before, &play.at_rest().await);
            assert!(changed.is_empty(), "{} without its row: {changed:#?}", step.mutation);
            refused += 1;
        }
        let before = if refused == 1 { Some(dump(&play.db).await) } else { None };
        play.perform(&step).await;
        if let Some(before) = before {
            assert!(!changes(&before, &dump(&play.db).await).is_empty(), "what is done is seen");
        }
    }
    read_back(world, &play).await;
}

/// Whether a key without any of the scopes that are needed is told so, to the letter.
fn forbidden(step: &Step, reply: &Reply) -> bool {
    let scopes: &[&str] = match step.by {
        By::Owner(scopes) => scopes,
        // with that scope a key is told that it takes a log-in
        _ if step.mutation == "transferOwnership" => &["TENANT_ADMIN"],
        _ => &[],
    };
    let error = &reply.body["errors"][0];
    if scopes.is_empty() {
        let message = "an API key may not do this: log in, and send the access token instead";
        return error["message"] == message && error["extensions"] == json!({ "code": "FORBIDDEN" });
    }
    scopes.iter().map(|scope| scope.to_lowercase().replace('_', ":")).any(|scope| {
        let message = format!("your API key lacks the scope {scope}");
        error["message"] == message && error["extensions"] == json!({ "code": "FORBIDDEN", "scope": scope })
    })
}

async fn what_is_refused_leaves_no_row(world: &mut World) {
    let mut play = Play::new(world, Owner::Person).await;
    let mut powerless = None;
    for step in steps() {
        let before = play.at_rest().await;
        let mut refused = 0;
        if let Some(input) = step.mistaken() {
            let mut mistaken = step.clone();
            mistaken.input = input;
            let reply = play.attempt(&mistaken).await;
            assert_eq!(reply.code(), "", "{}: {}", step.mutation, reply.body);
            assert!(reply.body.to_string().contains("\"userErrors\":[{"), "{}: {}", step.mutation, reply.body);
            refused += 1;
        }
        if let (Some(key), By::LogIn(_) | By::Owner(_)) = (&powerless, step.by) {
            let reply = play.ask(key, &step, &step.input).await;
            assert!(forbidden(&step, &reply), "{}: {}", step.mutation, reply.body);
            refused += 1;
        }
        if matches!(step.by, By::Owner(_)) {
            let reply = play.as_viewer(&step).await;
            let message = "your role in this tenant does not allow this";
            assert_eq!((reply.code(), &reply.body["errors"][0]["message"]), ("FORBIDDEN", &json!(message)));
            refused += 1;
        }
        assert!(refused > 0, "{} is never refused", step.mutation);
        let changed = changes(&before, &play.at_rest().await);
        assert!(changed.is_empty(), "{} was refused: {changed:#?}", step.mutation);
        play.perform(&step).await;
        if powerless.is_none() {
            powerless = Some(play.program(&["SCHEMA_READ"]).await.0);
        }
    }
    read_back(world, &play).await;
}
