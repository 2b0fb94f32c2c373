//! The second barrier between tenants: what PostgreSQL itself keeps back from the role that acts for callers, whatever a
//! statement forgets to say.

use crate::world::{
    Own, Setting, World,
    postgres::Postgres,
    wait::{self, PATIENCE},
};
use migration::ROLE;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, Statement, TransactionTrait};
use serde_json::json;

/// The first column of what is found, as text.
async fn texts(db: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Every table that has rows of tenants, and the column that says whose they are.
async fn tables(db: &impl ConnectionTrait) -> Vec<(String, String)> {
    let found = texts(
        db,
        "SELECT c.relname || ' ' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND (a.attname IN ('tenant_id', 'chain_id', 'owner_id') OR (c.relname = 'tenants' AND a.attname = 'id'))
         ORDER BY 1",
    )
    .await;
    found
        .iter()
        .map(|found| found.split_once(' ').map(|(table, column)| (table.into(), column.into())).unwrap())
        .collect()
}

/// A transaction under the role, as the API has them; `caller` is for whom.
async fn acting(owner: &DatabaseConnection, caller: &str) -> DatabaseTransaction {
    let tx = owner.begin().await.unwrap();
    let settings =
        format!("SET LOCAL stopover.everywhere = 'yes'; SET LOCAL ROLE {ROLE}; SET LOCAL stopover.caller = '{caller}'");
    tx.execute_unprepared(&settings).await.unwrap();
    tx
}

async fn count(db: &impl ConnectionTrait, table: &str) -> usize {
    texts(db, &format!("SELECT ''::text FROM {table}")).await.len()
}

#[tokio::test]
async fn every_table_of_tenants_is_guarded_from_its_owner_too() {
    let db = Database::connect(Postgres::shared().await.database().await).await.unwrap();
    let all = tables(&db).await;
    assert!(all.len() >= 22, "{all:?}");
    for (table, column) in &all {
        let guarded = format!(
            "SELECT (relrowsecurity AND relforcerowsecurity)::text FROM pg_class WHERE oid = '{table}'::regclass"
        );
        assert_eq!(texts(&db, &guarded).await, ["true"], "{table}");
        let by = format!("SELECT qual FROM pg_policies WHERE tablename = '{table}' AND policyname = 'reach'");
        let by = texts(&db, &by).await;
        assert!(by.len() == 1 && by[0].contains(column), "{table}: {by:?}");
    }
    let may =
        format!("SELECT rolname || rolsuper || rolbypassrls || rolcanlogin FROM pg_roles WHERE rolname = '{ROLE}'");
    assert_eq!(texts(&db, &may).await, [format!("{ROLE}falsefalsefalse")]);
    let owned = format!("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = '{ROLE}'");
    assert!(texts(&db, &owned).await.is_empty(), "the role owns nothing");
}

/// Two tenants with a row in each table that the public door fills.
async fn two_tenants(world: &World) -> [(String, String); 2] {
    let mut made = Vec::new();
    for name in ["one", "two"] {
        let account = world.sign_up().await;
        account.create_link("https://destination.example/", json!({ "slug": name, "tags": [name] })).await;
        assert_eq!(world.visit(name).send().await.unwrap().status(), 302);
        let ids = format!(
            "SELECT user_id || ' ' || tenant_id FROM memberships JOIN users ON users.id = user_id WHERE email = '{}'",
            account.email
        );
        let ids = texts(&world.database().await, &ids).await;
        made.push(ids[0].split_once(' ').map(|(user, tenant)| (tenant.to_owned(), user.to_owned())).unwrap());
    }
    made.try_into().unwrap()
}

#[tokio::test]
async fn a_statement_that_forgets_its_tenant_finds_the_callers_own_rows_alone() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let [(first, user), (second, _)] = two_tenants(&world).await;
    let everything = world.database().await;
    let owner = Database::connect(world.database_url()).await.unwrap();
    for table in ["clicks", "rollups"] {
        wait::until("clicks are stored", PATIENCE, async || (count(&everything, table).await >= 2).then_some(())).await;
    }
    let mut with_rows = 0;
    for (table, column) in tables(&everything).await {
        // in both tenants, as the superuser sees it
        let tenants = texts(&everything, &format!("SELECT DISTINCT coalesce({column}::text, '') FROM {table}")).await;
        with_rows += usize::from(tenants.contains(&first) && tenants.contains(&second));
        // the shared domain is everybody's
        let shared = usize::from(table == "domains");
        assert_eq!(count(&owner, &table).await, shared, "{table}: the owner, who does not say what for");
        assert_eq!(count(&acting(&owner, "").await, &table).await, shared, "{table}: nobody");
        let tx = acting(&owner, &user).await;
        let seen = texts(&tx, &format!("SELECT DISTINCT coalesce({column}::text, '') FROM {table}")).await;
        let own = |id: &String| [&first, &user].contains(&id) || (table == "domains" && id.is_empty());
        assert!(seen.iter().all(own), "{table}: {seen:?}");
        assert_eq!(seen.contains(&first), tenants.contains(&first), "{table}: one's own rows are there");
    }
    assert!(with_rows >= 7, "only {with_rows} tables have rows of both tenants");
}

#[tokio::test]
async fn nothing_is_written_into_another_tenant() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let [(first, user), (second, _)] = two_tenants(&world).await;
    let owner = Database::connect(world.database_url()).await.unwrap();
    let everything = world.database().await;
    let links = texts(&everything, &format!("SELECT id::text FROM links WHERE tenant_id = '{second}'")).await;
    for sql in [
        "UPDATE links SET title = 'mine'".to_owned(),
        "UPDATE tenants SET name = 'mine'".to_owned(),
        "DELETE FROM link_tags".to_owned(),
        "DELETE FROM memberships".to_owned(),
    ] {
        let tx = acting(&owner, &user).await;
        assert_eq!(tx.execute_unprepared(&sql).await.unwrap().rows_affected(), 1, "{sql}: one's own");
    }
    for sql in [
        format!("INSERT INTO link_tags (tenant_id, link_id, tag) VALUES ('{second}', '{}', 'mine')", links[0]),
        format!(
            "INSERT INTO memberships (tenant_id, user_id, role, created_at) VALUES ('{second}', '{user}', 'OWNER', 0)"
        ),
        format!("UPDATE links SET tenant_id = '{second}'"),
        // not even by who sees both, as somebody in two tenants does
        format!("UPDATE domains SET tenant_id = '{first}'"),
    ] {
        let tx = acting(&owner, &user).await;
        let error = tx.execute_unprepared(&sql).await.map(drop).unwrap_err().to_string();
        assert!(error.contains("row-level security") || error.contains("stays with its tenant"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn what_a_caller_asks_for_runs_under_the_role_and_loops_do_not() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let account = world.sign_up().await;
    let link = account.create_link("https://destination.example/", json!({ "slug": "there" })).await;
    let everything = world.database().await;
    everything.execute_unprepared(&format!("REVOKE SELECT ON links FROM {ROLE}")).await.unwrap();
    let (read, id) = ("query($id: ID!) { link(id: $id) { id } }", json!({ "id": link.id }));
    assert_eq!(account.client.reply(read, id.clone()).await.code(), "INTERNAL");
    // the redirector and the ingest see every tenant
    assert_eq!(world.visit("there").send().await.unwrap().status(), 302);
    wait::until("the click is stored", PATIENCE, async || (count(&everything, "clicks").await == 1).then_some(()))
        .await;
    everything.execute_unprepared(&format!("GRANT SELECT ON links TO {ROLE}")).await.unwrap();
    assert_eq!(account.client.query(read, id).await["link"]["id"], *link.id);
}

#[tokio::test]
async fn a_migration_puts_back_what_a_restored_database_lost() {
    let url = Postgres::shared().await.database().await;
    let owner = Database::connect(&url).await.unwrap();
    owner.execute_unprepared(&format!("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")).await.unwrap();
    migration::up(&owner).await.unwrap();
    let missing = format!(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
         AND NOT c.relispartition AND NOT has_table_privilege('{ROLE}', c.oid, 'DELETE')"
    );
    assert_eq!(texts(&owner, &missing).await, ["seaql_migrations"]);
    let partitions = format!(
        "SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relkind = 'r' AND has_table_privilege('{ROLE}', c.oid, 'SELECT')"
    );
    assert!(texts(&owner, &partitions).await.is_empty(), "clicks are reached through their table alone");
}
