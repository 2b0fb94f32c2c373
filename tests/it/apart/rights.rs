//! The role of a database: who is in it, what it may do table by table, and how it comes to be.

use super::{acting, outcome, text, texts};
use crate::world::{
    Own, Setting, World,
    postgres::{self, Postgres, as_superuser},
    program,
    wait::{self, PATIENCE},
};
use migration::RIGHTS;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use serde_json::json;
use std::collections::BTreeMap;

/// A database that callers may use, for its owner.
async fn opened() -> (String, DatabaseConnection) {
    let url = Postgres::shared().await.database().await;
    let owner = Database::connect(&url).await.unwrap();
    migration::open_to_tenants(&owner).await.unwrap();
    (url, owner)
}

/// The rights of a role in every table, partition and view where it has any.
async fn rights(db: &impl ConnectionTrait, role: &str) -> BTreeMap<String, String> {
    let each = format!(
        "SELECT c.relname || ': ' || string_agg(DISTINCT may.privilege || may.columns, ', ' ORDER BY may.privilege || may.columns)
         FROM pg_class AS c CROSS JOIN LATERAL (
           SELECT privilege_type AS privilege, '' AS columns FROM aclexplode(c.relacl) WHERE grantee = '{role}'::regrole
           UNION ALL
           SELECT acl.privilege_type, ' (' || string_agg(attname, ', ' ORDER BY attname) || ')'
           FROM pg_attribute CROSS JOIN LATERAL aclexplode(attacl) AS acl
           WHERE attrelid = c.oid AND acl.grantee = '{role}'::regrole GROUP BY acl.privilege_type
         ) AS may GROUP BY c.oid, c.relname"
    );
    let found = texts(db, &each).await;
    found.iter().map(|line| line.split_once(": ").map(|(table, may)| (table.into(), may.into())).unwrap()).collect()
}

#[tokio::test]
async fn the_role_may_do_what_its_list_says_and_nothing_else() {
    let (_, owner) = opened().await;
    let role = migration::role(&owner).await.unwrap();
    let listed: BTreeMap<String, String> =
        RIGHTS.iter().map(|(table, may)| ((*table).to_owned(), (*may).to_owned())).collect();
    assert_eq!(rights(&owner, &role).await, listed);
    // whatever else the list comes to say
    for table in ["audit_events", "audit_heads"] {
        assert!(!listed[table].contains("DELETE"), "{table}");
    }
    assert_eq!(listed["audit_events"], "INSERT, SELECT");
    assert_eq!((listed["outbox"].as_str(), listed["mails"].as_str()), ("INSERT", "INSERT"));
    for secret in
        ["signing_keys", "refresh_tokens", "password_resets", "visitor_keys", "dead_letters", "seaql_migrations"]
    {
        assert!(!listed.contains_key(secret), "{secret}");
        let error = outcome(&owner, "", &format!("SELECT 1 FROM {secret}")).await.unwrap_err();
        assert!(error.contains("permission denied"), "{secret}: {error}");
    }
    let error = outcome(&owner, "", "SELECT password_hash FROM users").await.unwrap_err();
    assert!(error.contains("permission denied"), "{error}");
    let is = format!(
        "SELECT concat(rolsuper, rolbypassrls, rolcanlogin, rolcreaterole) FROM pg_roles WHERE rolname = '{role}'"
    );
    assert_eq!(text(&owner, &is).await, "ffff");
    let members = format!("SELECT member::regrole::text FROM pg_auth_members WHERE roleid = '{role}'::regrole");
    assert_eq!(texts(&owner, &members).await, ["stopover"]);
    let owned = format!("SELECT relname::text FROM pg_class WHERE relowner = '{role}'::regrole");
    assert!(texts(&owner, &owned).await.is_empty(), "the role owns nothing");
}

#[tokio::test]
async fn functions_that_run_as_the_owner_are_called_by_the_role_alone() {
    let (_, owner) = opened().await;
    let role = migration::role(&owner).await.unwrap();
    let definers =
        "SELECT proname::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace ORDER BY 1";
    let found = texts(&owner, definers).await;
    assert_eq!(found, ["stopover_astray", "stopover_own_key", "stopover_reach", "stopover_serving"]);
    let callers = format!(
        "SELECT DISTINCT proname::text FROM pg_proc CROSS JOIN LATERAL aclexplode(proacl) AS acl
         WHERE prosecdef AND pronamespace = 'public'::regnamespace AND acl.grantee NOT IN ('{role}'::regrole, proowner)"
    );
    assert!(texts(&owner, &callers).await.is_empty());
    let open = "SELECT proname::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace AND proacl IS NULL";
    assert!(texts(&owner, open).await.is_empty());
}

#[tokio::test]
async fn opening_again_changes_nothing() {
    let (_, owner) = opened().await;
    let versions = "SELECT relname || xmin::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
                    UNION ALL SELECT proname || xmin::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace";
    let before = texts(&owner, versions).await;
    let (one, other) = (Database::connect(opened().await.0).await.unwrap(), owner.clone());
    let again = tokio::join!(
        migration::open_to_tenants(&owner),
        migration::open_to_tenants(&other),
        migration::open_to_tenants(&one)
    );
    assert!(again.0.is_ok() && again.1.is_ok() && again.2.is_ok(), "{again:?}");
    assert_eq!(texts(&owner, versions).await, before);
}

#[tokio::test]
async fn many_that_start_at_once_make_one_role() {
    let url = Postgres::shared().await.database().await;
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = url.clone();
        starting.spawn(async move {
            let owner = Database::connect(&url).await.unwrap();
            migration::open_to_tenants(&owner).await.map_err(|error| error.to_string())
        });
    }
    assert_eq!(starting.join_all().await, vec![Ok(()); 4]);
}

#[tokio::test]
async fn what_a_copied_or_restored_database_lacks_is_put_right_when_the_api_starts() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let everything = world.database().await;
    // copied from the database that all are copied from, with the rights of that one's role
    let others = texts(
        &everything,
        "SELECT DISTINCT grantee::regrole::text FROM pg_class CROSS JOIN LATERAL aclexplode(relacl)
         WHERE grantee <> 0 AND grantee::regrole::text LIKE 'stopover_tenant%'",
    )
    .await;
    assert_eq!(others, [migration::role(&everything).await.unwrap()]);
    let account = world.sign_up().await;
    account.create_link("https://destination.example/", json!({ "slug": "there" })).await;
    // a right that somebody took away or gave is as the list has it again
    let role = migration::role(&everything).await.unwrap();
    let changed = format!(
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}; GRANT ALL ON audit_events, refresh_tokens TO {role}"
    );
    everything.execute_unprepared(&changed).await.unwrap();
    migration::open_to_tenants(&Database::connect(world.database_url()).await.unwrap()).await.unwrap();
    assert_eq!(rights(&everything, &role).await.len(), RIGHTS.len());
    account.create_link("https://destination.example/", json!({ "slug": "again" })).await;
}

#[tokio::test]
async fn a_backup_by_who_is_no_superuser_has_all_rows_and_is_served_when_it_is_restored() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let account = world.sign_up().await;
    account.create_link("https://destination.example/", json!({ "slug": "kept" })).await;
    let run = |name: &str, arguments: &[&str], url: &str| {
        let mut command = std::process::Command::new(postgres::program(name));
        command.args(arguments).env("PGOPTIONS", "-c stopover.everywhere=yes").arg(url);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let folder = tempfile::tempdir().unwrap();
    let file = format!("--file={}", folder.path().join("dump").display());
    run("pg_dump", &["--enable-row-security", "--no-privileges", &file], &world.database_url());
    let url = Postgres::shared().await.empty_database().await;
    run("psql", &["--quiet", "--set=ON_ERROR_STOP=1", &file], &url);
    let owner = Database::connect(&url).await.unwrap();
    migration::open_to_tenants(&owner).await.unwrap();
    let user = text(&Database::connect(as_superuser(&url)).await.unwrap(), "SELECT id::text FROM users").await;
    assert_eq!(texts(&acting(&owner, &user).await, "SELECT slug FROM links").await, ["kept"]);
    assert!(texts(&acting(&owner, "").await, "SELECT slug FROM links").await.is_empty());
    let role = migration::role(&owner).await.unwrap();
    assert_eq!(rights(&owner, &role).await.len(), RIGHTS.len());
    let everybodys = "SELECT proname::text FROM pg_proc CROSS JOIN LATERAL aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
                      WHERE prosecdef AND pronamespace = 'public'::regnamespace AND acl.grantee = 0";
    assert!(texts(&owner, everybodys).await.is_empty(), "functions that run as the owner are the role's alone again");
}

#[tokio::test]
async fn what_a_caller_asks_for_runs_under_the_role_and_loops_do_not() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let account = world.sign_up().await;
    let link = account.create_link("https://destination.example/", json!({ "slug": "there" })).await;
    let everything = world.database().await;
    let role = migration::role(&everything).await.unwrap();
    everything.execute_unprepared(&format!("REVOKE SELECT ON links FROM {role}")).await.unwrap();
    let (read, id) = ("query($id: ID!) { link(id: $id) { id } }", json!({ "id": link.id }));
    assert_eq!(account.client.reply(read, id.clone()).await.code(), "INTERNAL");
    // the redirector and the ingest see every tenant
    assert_eq!(world.visit("there").send().await.unwrap().status(), 302);
    wait::until("the click is stored", PATIENCE, async || {
        (super::count(&everything, "clicks").await == 1).then_some(())
    })
    .await;
    everything.execute_unprepared(&format!("GRANT SELECT ON links TO {role}")).await.unwrap();
    assert_eq!(account.client.query(read, id).await["link"]["id"], *link.id);
}

/// Runs SQL as the superuser of the server that all tests share.
async fn as_admin(sql: &[String]) {
    let url = Postgres::shared().await.database().await;
    let admin = Database::connect(as_superuser(&url)).await.unwrap();
    for sql in sql {
        admin.execute_unprepared(sql).await.unwrap();
    }
}

/// A database with nothing in it, for a login of its own that may do this.
async fn of_a_neighbour(name: &str, may: &str) -> String {
    let url = Postgres::shared().await.empty_database().await;
    let database = url.rsplit('/').next().unwrap();
    let made = format!("CREATE ROLE {name} LOGIN {may}");
    let owns = format!("ALTER DATABASE {database} OWNER TO {name}");
    as_admin(&[made, owns]).await;
    url.replacen("//stopover@", &format!("//{name}@"), 1)
}

#[tokio::test]
async fn the_owner_of_another_installation_on_the_server_reaches_nothing_here() {
    let world = World::start(Setting::OneBox, Own::default(), &[]).await;
    let account = world.sign_up().await;
    account.create_link("https://destination.example/", json!({ "slug": "ours" })).await;
    let everything = world.database().await;
    let user = text(&everything, "SELECT id::text FROM users").await;
    let theirs = Database::connect(of_a_neighbour("neighbour", "CREATEROLE").await).await.unwrap();
    migration::up(&theirs).await.unwrap();
    let (ours, other) = (migration::role(&everything).await.unwrap(), migration::role(&theirs).await.unwrap());
    assert_ne!(ours, other);

    let here = Database::connect(world.database_url().replacen("//stopover@", "//neighbour@", 1)).await.unwrap();
    let refused = async |sql: &str| here.execute_unprepared(sql).await.unwrap_err().to_string();
    assert!(refused(&format!("SET ROLE {ours}")).await.contains("permission denied"));
    for role in ["neighbour", &other] {
        let as_them = format!("SET ROLE {role}; SET stopover.caller = '{user}'; SET stopover.everywhere = 'yes';");
        for sql in ["SELECT * FROM links", "SELECT stopover_reach()", "SELECT * FROM stopover_serving('')"] {
            let error = refused(&format!("{as_them} {sql}")).await;
            assert!(error.contains("permission denied"), "{role}, {sql}: {error}");
        }
    }
    // not even with rights that a copy of the database left there
    everything.execute_unprepared(&format!("GRANT SELECT ON links TO {other}")).await.unwrap();
    let caller = format!("SET ROLE {other}; SET stopover.caller = '{user}'; SET stopover.everywhere = 'yes'");
    let tx = here.begin().await.unwrap();
    tx.execute_unprepared(&caller).await.unwrap();
    let error = tx.execute_unprepared("SELECT slug FROM links").await.unwrap_err().to_string();
    assert!(error.contains("permission denied for function stopover_reach"), "{error}");
}

#[tokio::test]
async fn of_those_who_migrate_at_once_one_comes_after_the_other() {
    let url = Postgres::shared().await.empty_database().await;
    let up = async || migration::up(&Database::connect(&url).await.unwrap()).await;
    let (one, two, three) = tokio::join!(up(), up(), up());
    one.and(two).and(three).unwrap();
}

#[tokio::test]
async fn an_installation_from_before_gives_up_the_role_of_the_whole_server() {
    let postgres = Postgres::own().await;
    let url = postgres.empty_database().await;
    let owner = Database::connect(&url).await.unwrap();
    let steps = migration::Migrator::migrations().len();
    let before =
        migration::Migrator::migrations().iter().position(|step| step.name().ends_with("rows_of_users")).unwrap();
    migration::Migrator::up(&owner, Some(u32::try_from(before).unwrap())).await.unwrap();
    // as it was made and given then
    let then = "CREATE ROLE stopover_tenant NOLOGIN; GRANT stopover_tenant TO stopover;
                GRANT USAGE ON SCHEMA public TO stopover_tenant;
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO stopover_tenant";
    owner.execute_unprepared(then).await.unwrap();
    migration::up(&owner).await.unwrap();
    assert!(rights(&owner, "stopover_tenant").await.is_empty());
    let tx = owner.begin().await.unwrap();
    let error = tx.execute_unprepared("SET LOCAL ROLE stopover_tenant; SELECT 1 FROM links").await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    drop(tx);
    let fresh = Database::connect(postgres.empty_database().await).await.unwrap();
    migration::up(&fresh).await.unwrap();
    let policies =
        "SELECT concat_ws(' ', tablename, policyname, permissive, cmd, qual, with_check) FROM pg_policies ORDER BY 1";
    assert_eq!(texts(&owner, policies).await, texts(&fresh, policies).await);

    // and back
    let upgraded = texts(&owner, policies).await;
    migration::Migrator::down(&owner, Some(u32::try_from(steps - before).unwrap())).await.unwrap();
    let guarded = "SELECT relname::text FROM pg_class WHERE relrowsecurity AND relname IN ('users', 'slots', 'sessions', 'links')";
    assert_eq!(texts(&owner, guarded).await, ["links"]);
    let literal = "SELECT count(*)::text FROM pg_policies WHERE qual LIKE '%''stopover_tenant''%'";
    assert_eq!(text(&owner, literal).await, "22");
    migration::up(&owner).await.unwrap();
    assert_eq!(texts(&owner, policies).await, upgraded);
}

#[tokio::test]
async fn who_may_not_make_the_role_is_told_what_a_superuser_must_run() {
    let url = of_a_neighbour("plain", "").await;
    let owner = Database::connect(&url).await.unwrap();
    let error = migration::up(&owner).await.unwrap_err().to_string();
    let role = migration::role(&owner).await.unwrap();
    let advice = format!("CREATE ROLE {role} NOLOGIN; GRANT {role} TO plain;");
    assert!(error.contains(&advice), "{error}");
    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert!(texts(&owner, tables).await.is_empty(), "nothing is changed");
    let serve = || {
        let mut command = program::command("api");
        command.arg("serve").env("STOPOVER_DATABASE_URL", &url).env("STOPOVER_REDIS_URL", "redis://127.0.0.1:1");
        command
            .env("STOPOVER_JWT_SECRET", "0123456789abcdef0123456789abcdef")
            .env("STOPOVER_API_LISTEN", "192.0.2.1:1");
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    assert!(serve().contains("run `api migrate` first"), "{}", serve());
    as_admin(&[advice]).await;
    migration::up(&owner).await.unwrap();
    assert_eq!(rights(&owner, &role).await.len(), RIGHTS.len());
    assert!(serve().contains("cannot listen on 192.0.2.1:1"), "{}", serve());
    // a server that starts tells it too
    as_admin(&[format!("REVOKE {role} FROM plain")]).await;
    let advice = format!("GRANT {role} TO plain;");
    assert!(serve().contains(&advice), "{}", serve());
    as_admin(&[advice]).await;
    migration::Migrator::down(&owner, Some(1)).await.unwrap();
    assert!(serve().contains("run `api migrate` first"), "{}", serve());
}

#[tokio::test]
async fn a_role_that_may_log_in_is_no_barrier() {
    let (_, owner) = opened().await;
    let role = migration::role(&owner).await.unwrap();
    as_admin(&[format!("ALTER ROLE {role} LOGIN")]).await;
    let error = migration::open_to_tenants(&owner).await.unwrap_err().to_string();
    assert!(error.contains(&role) && error.contains("may log in"), "{error}");
    assert!(texts(&acting(&owner, "").await, "SELECT slug FROM links").await.is_empty());
}
