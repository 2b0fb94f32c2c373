//! A second barrier between tenants, on PostgreSQL: row level security. A connection tells in `stopover.caller` for whom
//! it acts, and then sees and writes only rows of tenants where that caller may act; the server's own loops say
//! `stopover.everywhere`. Nothing of both is no row, for the owner of the tables as well. It made one role for the whole
//! server; the next migration gives each database its own.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

pub(crate) struct Migration;

/// Tables, and their column that says whose a row is: a tenant's, or in some a user's.
pub(crate) const TABLES: [(&str, &str); 22] = [
    ("tenants", "id"),
    ("memberships", "tenant_id"),
    ("invitations", "tenant_id"),
    ("api_key_tenants", "tenant_id"),
    ("domains", "tenant_id"),
    ("pixels", "tenant_id"),
    ("links", "tenant_id"),
    ("link_pixels", "tenant_id"),
    ("link_tags", "tenant_id"),
    ("links_by_month", "tenant_id"),
    ("clicks", "tenant_id"),
    ("receipts", "tenant_id"),
    ("rollups", "tenant_id"),
    ("webhooks", "tenant_id"),
    ("webhook_messages", "tenant_id"),
    ("webhook_deliveries", "tenant_id"),
    ("webhook_clicks", "tenant_id"),
    ("webhook_expiries", "tenant_id"),
    ("webhook_pixels", "tenant_id"),
    ("audit_events", "chain_id"),
    ("audit_heads", "chain_id"),
    ("idempotency_keys", "owner_id"),
];

/// Whether the server itself asks.
pub(crate) const EVERYWHERE: &str = "
CREATE OR REPLACE FUNCTION stopover_everywhere() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('stopover.everywhere', true), '') = 'yes' AND current_user <> 'stopover_tenant'
$$";

/// A caller is a user, `user`, or an API key of one, `user/key`. The function runs as the tables' owner, so that it sees
/// memberships that the caller's own connection may not.
const FUNCTIONS: &str = "
CREATE FUNCTION stopover_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a row of % stays with its tenant', TG_TABLE_NAME; END $$;
DO $do$ BEGIN
  EXECUTE format($make$
    CREATE FUNCTION stopover_reach() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = %I, pg_temp AS $$
      WITH caller AS (
        SELECT nullif(split_part(told, '/', 1), '')::uuid AS user_id, nullif(split_part(told, '/', 2), '')::uuid AS key_id
        FROM (SELECT coalesce(current_setting('stopover.caller', true), '') AS told) AS setting
      )
      SELECT array_agg(id) FROM (
        SELECT user_id AS id FROM caller WHERE user_id IS NOT NULL
        UNION ALL
        SELECT tenant_id FROM memberships JOIN caller USING (user_id)
        WHERE key_id IS NULL
          OR EXISTS (SELECT 1 FROM api_key_tenants AS may WHERE may.api_key_id = key_id AND may.tenant_id = memberships.tenant_id)
      ) AS reached
    $$ $make$, current_schema());
END $do$";

/// Shared domains are everybody's to use, which takes a lock and so the right to update, but not to change. Nothing may lead in circles over a host that serves, whose it may be.
pub(crate) const DOMAINS: &str = "
CREATE POLICY known ON domains FOR SELECT USING (tenant_id IS NULL OR serving);
CREATE POLICY held ON domains FOR UPDATE USING (tenant_id IS NULL) WITH CHECK (false)";

/// The condition that a row is one that may be seen: `column` says whose it is.
pub(crate) fn within_reach(column: &str) -> String {
    // in sub-selects, both are worked out once for a statement and not for each row; the second reads memberships, whose
    // policy is this one, so the first must be asked before it
    format!(
        "CASE WHEN (SELECT stopover_everywhere()) THEN true
         WHEN current_user = 'stopover_tenant' THEN {column} = ANY ((SELECT stopover_reach())::uuid[])
         ELSE false END"
    )
}

/// Keeps the rows of tenants in a table apart, on PostgreSQL: `column` says whose a row is, from its first day on.
async fn apart(manager: &SchemaManager<'_>, table: &str, column: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    let sql = format!(
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY reach ON {table} USING ({});
         CREATE TRIGGER stays BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
         WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION stopover_stays()",
        within_reach(column)
    );
    manager.get_connection().execute_unprepared(&sql).await.map(drop)
}

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261127_000050_tenants_apart"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DatabaseBackend::Postgres {
            return Ok(());
        }
        let db = manager.get_connection();
        db.execute_unprepared(EVERYWHERE).await?;
        db.execute_unprepared(FUNCTIONS).await?;
        for (table, column) in TABLES {
            apart(manager, table, column).await?;
        }
        db.execute_unprepared(DOMAINS).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DatabaseBackend::Postgres {
            return Ok(());
        }
        let db = manager.get_connection();
        db.execute_unprepared("DROP POLICY known ON domains; DROP POLICY held ON domains").await?;
        for (table, _) in TABLES {
            let sql = format!(
                "DROP POLICY reach ON {table}; DROP TRIGGER stays ON {table};
                 ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY"
            );
            db.execute_unprepared(&sql).await?;
        }
        // the role stays, where there is one: it may be another installation's as well
        db.execute_unprepared("DROP FUNCTION stopover_reach(), stopover_everywhere(), stopover_stays()").await.map(drop)
    }
}
