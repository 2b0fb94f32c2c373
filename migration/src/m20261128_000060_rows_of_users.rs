//! The second barrier, closer: on PostgreSQL each database has a role of its own for what callers ask for, rows of users
//! and the addresses of links are kept apart as rows of tenants are, and what hangs on a link, a pixel or a webhook hangs
//! in the same tenant. Callers' connections need no word that opens everything any more.

use crate::{
    m20261127_000050_tenants_apart::{DOMAINS, EVERYWHERE, TABLES, within_reach as within_reach_before},
    types::{seen, within_reach},
};
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

pub(crate) struct Migration;

/// Whoever is in the role of a database, of this one or another, is nobody who sees everything. A function that runs as the
/// owner does, which is where the role was taken on and another one acts. The role's name is asked for with each use of a connection and by
/// each policy, so it is in the language that keeps its plan. A dump names no schema to look in, so that one function names
/// the other's.
const WHO: &str = "
CREATE FUNCTION stopover_role() RETURNS name LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT 'stopover_tenant_' || oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database());
END $$;
CREATE FUNCTION stopover_acts() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT current_user = {schema}.stopover_role() $$;
CREATE OR REPLACE FUNCTION stopover_everywhere() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_user !~ '^stopover_tenant(_[0-9]+)?$' AND (
    coalesce(current_setting('stopover.everywhere', true), '') = 'yes'
    OR current_setting('role') ~ '^stopover_tenant(_[0-9]+)?$')
$$;
CREATE FUNCTION stopover_user() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT nullif(split_part(coalesce(current_setting('stopover.caller', true), ''), '/', 1), '')::uuid
$$;
CREATE FUNCTION stopover_login() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT {schema}.stopover_user() WHERE split_part(coalesce(current_setting('stopover.caller', true), ''), '/', 2) = ''
$$;
REVOKE ALL ON FUNCTION stopover_reach() FROM PUBLIC";

/// What a caller may be told beyond what the policies show, as the tables' owner sees it: which of some hosts serve links,
/// since nothing may lead in circles; whether an address leads to a link outside of `reach`; and whose a key is.
const ASKED: [&str; 3] = [
    "stopover_serving(names text) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
       SELECT host FROM domains WHERE serving AND (host = ANY (string_to_array(names, ',')) OR host LIKE '%:%') $$",
    "stopover_astray(link uuid, reach uuid[]) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
     BEGIN RETURN EXISTS (SELECT 1 FROM links WHERE id = link AND tenant_id <> ALL (coalesce(reach, '{}'))); END $$",
    "stopover_own_key(key uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
     BEGIN RETURN EXISTS (SELECT 1 FROM api_keys WHERE id = key AND user_id = stopover_login()); END $$",
];

/// Tables of users, and what a caller sees of them. Only a log-in sees what concerns logging in; a key sees itself, and
/// whoever acts in a tenant sees the keys that act there. Nobody is shown a token that a log-in is renewed by.
const OF_USERS: [(&str, &str); 6] = [
    ("sessions", "user_id = (SELECT stopover_login())"),
    ("second_factors", "user_id = (SELECT stopover_login())"),
    ("recovery_codes", "user_id = (SELECT stopover_login())"),
    ("password_resets", "user_id = (SELECT stopover_login())"),
    ("api_keys", "user_id = (SELECT stopover_login())"),
    ("refresh_tokens", "false"),
];

/// Users are seen by themselves and by those who are in a tenant with them. They can be locked, and are not changed.
const USER: &str =
    "id = (SELECT stopover_user()) OR EXISTS (SELECT 1 FROM memberships AS other WHERE other.user_id = users.id)";

/// Where links may live: on a domain of their tenant, or on a shared one.
const PLACE: &str = "EXISTS (SELECT 1 FROM domains AS place WHERE place.id = domain_id
  AND (place.tenant_id IS NULL OR place.tenant_id = links.tenant_id))";

/// An address leads nowhere, or to a link of the caller's.
const SLOT: &str = "(link_id IS NULL OR NOT stopover_astray(link_id, (SELECT stopover_reach())))";

/// The same for what is written, where a link that is gone is none; on a domain of the caller's, or a shared one.
const NEW_SLOT: &str = "(link_id IS NULL OR EXISTS (SELECT 1 FROM links WHERE links.id = link_id))
  AND EXISTS (SELECT 1 FROM domains AS place WHERE place.id = domain_id
  AND (place.tenant_id IS NULL OR place.tenant_id = ANY ((SELECT stopover_reach())::uuid[])))";

/// What parents are found by, with their tenant: table, index so far, its columns, and the index that takes its place.
const PARENTS: [(&str, &str, &str, &str); 4] = [
    ("links", "links_by_tenant_id_id", "tenant_id, id", "links_by_tenant_id_id"),
    ("pixels", "pixels_by_tenant_id_id", "tenant_id, id", "pixels_by_tenant_id_id"),
    ("webhooks", "webhooks_by_tenant_id_id", "tenant_id, id", "webhooks_by_tenant_id_id"),
    ("webhook_messages", "webhook_messages_by_tenant_id", "tenant_id", "webhook_messages_by_tenant_id_id"),
];

/// What hangs on a parent: table, column, parent.
const CHILDREN: [(&str, &str, &str); 7] = [
    ("link_tags", "link_id", "links"),
    ("link_pixels", "link_id", "links"),
    ("link_pixels", "pixel_id", "pixels"),
    ("webhook_deliveries", "webhook_id", "webhooks"),
    ("webhook_deliveries", "message_id", "webhook_messages"),
    ("webhook_expiries", "link_id", "links"),
    ("webhook_pixels", "pixel_id", "pixels"),
];

/// Takes rights in this database away from the role of this name, where there is one.
fn revoke(role: &str) -> String {
    format!(
        "DO $$ DECLARE named name := {role}; BEGIN
           IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = named) THEN
             EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), named);
             EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM %I', current_schema(), named);
             EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', current_schema(), named);
           END IF;
         END $$"
    )
}

/// Makes functions that name the schema they are in.
fn make(functions: &str) -> String {
    let functions = functions.replace('%', "%%").replace("{schema}", "%1$I");
    format!("DO $do$ BEGIN EXECUTE format($make$ {functions} $make$, current_schema()); END $do$")
}

fn functions() -> Vec<String> {
    let asked = ASKED.iter().map(|function| {
        let (name, _) = function.split_once(" RETURNS").unwrap_or_default();
        format!("{}; REVOKE ALL ON FUNCTION {name} FROM PUBLIC", make(&format!("CREATE FUNCTION {function}")))
    });
    std::iter::once(make(WHO)).chain(asked).collect()
}

fn policies() -> Vec<String> {
    let guard = |table: &str| format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
    let mut all = Vec::new();
    for (table, column) in TABLES {
        all.push(format!("ALTER POLICY reach ON {table} USING ({})", seen(&within_reach(column))));
    }
    for (table, whose) in OF_USERS {
        all.push(guard(table));
        all.push(format!("CREATE POLICY reach ON {table} USING ({})", seen(whose)));
    }
    let may = "SELECT 1 FROM api_key_tenants AS may WHERE may.api_key_id = api_keys.id";
    let (everywhere, acts) = ("(SELECT stopover_everywhere())", "(SELECT stopover_acts())");
    all.extend([
        format!(
            "CREATE POLICY known ON api_keys FOR SELECT
             USING ({acts} AND (user_id = (SELECT stopover_user()) OR EXISTS ({may})))"
        ),
        format!("CREATE POLICY owned ON api_key_tenants AS RESTRICTIVE FOR INSERT WITH CHECK ({everywhere} OR stopover_own_key(api_key_id))"),
        guard("users"),
        format!("CREATE POLICY server ON users USING ({everywhere})"),
        format!("CREATE POLICY reach ON users FOR SELECT USING ({acts} AND ({USER}))"),
        format!("CREATE POLICY held ON users FOR UPDATE USING ({acts} AND ({USER})) WITH CHECK (false)"),
        "DROP POLICY known ON domains; DROP POLICY held ON domains".to_owned(),
        format!("CREATE POLICY known ON domains FOR SELECT USING ({acts} AND tenant_id IS NULL)"),
        format!("CREATE POLICY held ON domains FOR UPDATE USING ({acts} AND tenant_id IS NULL) WITH CHECK (false)"),
        format!("CREATE POLICY placed ON links AS RESTRICTIVE FOR INSERT WITH CHECK ({everywhere} OR {PLACE})"),
        format!("CREATE POLICY moved ON links AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK ({everywhere} OR {PLACE})"),
        guard("slots"),
        format!("CREATE POLICY reach ON slots USING ({}) WITH CHECK ({})", seen(SLOT), seen(NEW_SLOT)),
    ]);
    all
}

/// References that take the tenant along.
fn ties() -> Vec<String> {
    let unique = PARENTS.iter().map(|(table, before, _, name)| {
        format!("DROP INDEX {before}; CREATE UNIQUE INDEX {name} ON {table} (tenant_id, id)")
    });
    let tie = CHILDREN.iter().map(|(table, column, parent)| {
        format!(
            "ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey, ADD CONSTRAINT {table}_{column}_fkey
             FOREIGN KEY (tenant_id, {column}) REFERENCES {parent} (tenant_id, id) ON DELETE CASCADE"
        )
    });
    unique.chain(tie).collect()
}

fn undone() -> Vec<String> {
    let mut all: Vec<String> = CHILDREN
        .iter()
        .map(|(table, column, parent)| {
            format!(
                "ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey, ADD CONSTRAINT {table}_{column}_fkey
                 FOREIGN KEY ({column}) REFERENCES {parent} (id) ON DELETE CASCADE"
            )
        })
        .collect();
    all.extend(PARENTS.iter().map(|(table, before, columns, name)| {
        format!("DROP INDEX {name}; CREATE INDEX {before} ON {table} ({columns})")
    }));
    all.push(revoke("stopover_role()"));
    let policies = [
        ("api_keys", "known"),
        ("api_key_tenants", "owned"),
        ("users", "server"),
        ("users", "held"),
        ("domains", "known"),
        ("domains", "held"),
        ("links", "placed"),
        ("links", "moved"),
    ];
    all.extend(policies.map(|(table, policy)| format!("DROP POLICY {policy} ON {table}")));
    for table in OF_USERS.iter().map(|(table, _)| *table).chain(["users", "slots"]) {
        let open = "NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY";
        all.push(format!("DROP POLICY reach ON {table}; ALTER TABLE {table} {open}"));
    }
    all.push(DOMAINS.to_owned());
    for (table, column) in TABLES {
        all.push(format!("ALTER POLICY reach ON {table} USING ({})", within_reach_before(column)));
    }
    all.push(EVERYWHERE.to_owned());
    all.push(
        "GRANT EXECUTE ON FUNCTION stopover_reach() TO PUBLIC;
         DROP FUNCTION stopover_serving(text), stopover_astray(uuid, uuid[]), stopover_own_key(uuid), stopover_login(),
           stopover_user(), stopover_acts(), stopover_role()"
            .to_owned(),
    );
    all
}

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261128_000060_rows_of_users"
    }
}

/// Runs statements one after the other; nothing on SQLite, which has no roles.
async fn run(manager: &SchemaManager<'_>, statements: impl IntoIterator<Item = String>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DatabaseBackend::Postgres {
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
    }
    Ok(())
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // the role of the whole server stays: other installations may be in it
        let former = [revoke("'stopover_tenant'")];
        run(manager, functions().into_iter().chain(policies()).chain(ties()).chain(former)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, undone()).await
    }
}
