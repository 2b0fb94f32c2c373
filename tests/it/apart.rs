//! The second barrier between tenants: what PostgreSQL itself keeps back from the role that acts for callers, whatever a
//! statement forgets to say.

mod connections;
mod rights;
mod users;

use crate::world::{
    Own, Setting, World,
    postgres::Postgres,
    wait::{self, PATIENCE},
};
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
    let role = migration::role(&tx).await.unwrap();
    let settings = format!("SET LOCAL ROLE {role}; SET LOCAL stopover.caller = '{caller}'");
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
        assert_eq!(count(&owner, &table).await, 0, "{table}: the owner, who does not say what for");
        if !migration::RIGHTS.iter().any(|(open, _)| *open == table) {
            continue;
        }
        // the shared domain is everybody's
        let shared = usize::from(table == "domains");
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
        "UPDATE memberships SET role = 'VIEWER'".to_owned(),
    ] {
        let tx = acting(&owner, &user).await;
        assert_eq!(tx.execute_unprepared(&sql).await.unwrap().rows_affected(), 1, "{sql}: one's own");
    }
    for sql in [
        format!("INSERT INTO link_tags (tenant_id, link_id, tag) VALUES ('{second}', '{}', 'mine')", links[0]),
        format!("INSERT INTO links_by_month (tenant_id, month, made) VALUES ('{second}', 202611, 1)"),
        format!("UPDATE links SET tenant_id = '{second}'"),
        // not even by who sees both, as somebody in two tenants does
        format!("UPDATE domains SET tenant_id = '{first}'"),
    ] {
        let tx = acting(&owner, &user).await;
        let error = tx.execute_unprepared(&sql).await.map(drop).unwrap_err().to_string();
        assert!(error.contains("row-level security") || error.contains("stays with its tenant"), "{sql}: {error}");
    }
}

/// A domain of a tenant's own that serves, made without proof.
async fn own_domain(everything: &DatabaseConnection, tenant: &str, host: &str) -> String {
    let id = uuid::Uuid::now_v7();
    let sql = format!(
        "INSERT INTO domains (id, tenant_id, host, serving, ver, token, created_at, updated_at)
         VALUES ('{id}', '{tenant}', '{host}', true, 1, 'secret', 0, 0)"
    );
    everything.execute_unprepared(&sql).await.unwrap();
    id.to_string()
}

/// The one text that is found.
async fn text(db: &impl ConnectionTrait, sql: &str) -> String {
    let found = texts(db, sql).await;
    assert_eq!(found.len(), 1, "{sql}: {found:?}");
    found[0].clone()
}

/// What a statement under the role comes to: rows that were written, or the refusal.
async fn outcome(owner: &DatabaseConnection, caller: &str, sql: &str) -> Result<u64, String> {
    let tx = acting(owner, caller).await;
    tx.execute_unprepared(sql).await.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_address_leads_to_ones_own_links_alone_and_others_domains_are_not_seen() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let [(first, user), (second, _)] = two_tenants(&world).await;
    let (everything, owner) = (world.database().await, Database::connect(world.database_url()).await.unwrap());
    let shared = text(&everything, "SELECT id::text FROM domains WHERE tenant_id IS NULL").await;
    let link = async |tenant: &str| {
        text(&everything, &format!("SELECT id::text FROM links WHERE tenant_id = '{tenant}'")).await
    };
    let (own, other) = (link(&first).await, link(&second).await);
    let tx = acting(&owner, &user).await;
    assert_eq!(texts(&tx, "SELECT slug FROM slots").await, ["one"], "others' addresses are not seen");
    drop(tx);
    let astray = [
        format!("UPDATE slots SET link_id = '{other}' WHERE slug = 'one'"),
        format!("INSERT INTO slots (domain_id, slug, ver, link_id) VALUES ('{shared}', 'three', 1, '{other}')"),
        format!(
            "INSERT INTO slots (domain_id, slug, ver, link_id) VALUES ('{shared}', 'two', 1, '{own}')
             ON CONFLICT (domain_id, slug) DO UPDATE SET ver = slots.ver + 1, link_id = excluded.link_id"
        ),
    ];
    for sql in astray {
        let error = outcome(&owner, &user, &sql).await.unwrap_err();
        assert!(error.contains("row-level security"), "{sql}: {error}");
    }
    let taken = format!("UPDATE slots SET link_id = '{own}' WHERE slug = 'two'");
    assert_eq!(outcome(&owner, &user, &taken).await, Ok(0));
    assert_eq!(outcome(&owner, &user, "UPDATE slots SET link_id = NULL, ver = ver + 1").await, Ok(1));

    let theirs = own_domain(&everything, &second, "go.second.example").await;
    let placed = format!("UPDATE links SET domain_id = '{theirs}'");
    let reserved = format!("INSERT INTO slots (domain_id, slug, ver, link_id) VALUES ('{theirs}', 'x', 1, NULL)");
    for sql in [placed, reserved] {
        let error = outcome(&owner, &user, &sql).await.unwrap_err();
        assert!(error.contains("row-level security"), "{sql}: {error}");
    }
    let tx = acting(&owner, &user).await;
    assert_eq!(texts(&tx, "SELECT host FROM domains").await, [world.domain()], "the shared one");
    // that a host serves is all that is told
    let hosts = "SELECT host FROM stopover_serving('go.second.example,no.example') AS host ORDER BY host";
    assert_eq!(texts(&tx, hosts).await, ["go.second.example", world.domain()]);
}

#[tokio::test]
async fn what_hangs_on_a_row_is_of_its_tenant() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let [(first, user), (second, other)] = two_tenants(&world).await;
    let (everything, owner) = (world.database().await, Database::connect(world.database_url()).await.unwrap());
    let links = format!("SELECT id::text FROM links WHERE tenant_id = '{second}'");
    let link = text(&everything, &links).await;
    let tag = format!("INSERT INTO link_tags (tenant_id, link_id, tag) VALUES ('{first}', '{link}', 'mine')");
    let error = outcome(&owner, &user, &tag).await.unwrap_err();
    assert!(error.contains("link_tags_link_id_fkey"), "{error}");
    // not by who sees everything, either
    assert!(everything.execute_unprepared(&tag).await.unwrap_err().to_string().contains("link_tags_link_id_fkey"));
    let key = uuid::Uuid::now_v7();
    let keys = format!(
        "INSERT INTO api_keys (id, user_id, name, prefix, hash, scopes, created_at) VALUES ('{key}', '{other}', '', '', '', '', 0)"
    );
    everything.execute_unprepared(&keys).await.unwrap();
    let let_in = format!("INSERT INTO api_key_tenants (api_key_id, tenant_id) VALUES ('{key}', '{first}')");
    let error = outcome(&owner, &user, &let_in).await.unwrap_err();
    assert!(error.contains("row-level security"), "{error}");
    // every reference of a table of tenants to another one goes by the tenant as well, but for those to whole tenants
    let loose = "
        SELECT conrelid::regclass || ' ' || confrelid::regclass FROM pg_constraint AS c
        WHERE contype = 'f' AND cardinality(conkey) = 1
          AND EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = conrelid AND attname = 'tenant_id')
          AND EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = confrelid AND attname = 'tenant_id') ORDER BY 1";
    // where it may be a shared one, a policy looks after it
    assert_eq!(texts(&everything, loose).await, ["links domains"]);
}
