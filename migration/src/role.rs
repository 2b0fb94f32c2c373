//! The role that the API takes on for what a caller asks for, on PostgreSQL. It owns nothing, so that row level security
//! holds for it whoever logs in, a superuser too. Roles belong to a server and not to a database: one may be there from
//! another installation, and be missing where a database was restored, so it is looked after each time.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend},
};

/// The role's name.
pub const ROLE: &str = "stopover_tenant";

/// Another installation on the same server may do the same at the same time, which the catalogue answers in more ways
/// than one: what counts is that the role is there in the end.
const MAKE: &str = "
DO $$ BEGIN
  FOR attempt IN 1..5 LOOP
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'stopover_tenant') THEN
        CREATE ROLE stopover_tenant NOLOGIN;
      END IF;
      IF NOT pg_has_role(current_user, 'stopover_tenant', 'MEMBER') THEN
        EXECUTE format('GRANT stopover_tenant TO %I', current_user);
      END IF;
      EXIT;
    EXCEPTION
      WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role stopover_tenant is missing and % may not make it: let a superuser run CREATE ROLE stopover_tenant NOLOGIN; GRANT stopover_tenant TO %', current_user, quote_ident(current_user);
      WHEN OTHERS THEN
        IF attempt = 5 THEN RAISE; END IF;
        PERFORM pg_sleep(0.1);
    END;
  END LOOP;
END $$";

/// Every table but the partitions, which are reached through their parents alone, and the schema's history.
const GRANT: &str = "
DO $$ DECLARE name regclass; BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO stopover_tenant', current_schema());
  FOR name IN
    SELECT oid::regclass FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
      AND relname <> 'seaql_migrations'
      AND NOT has_table_privilege('stopover_tenant', oid, 'SELECT, INSERT, UPDATE, DELETE')
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO stopover_tenant', name);
  END LOOP;
END $$";

/// Makes the role where it is missing.
pub(crate) async fn make(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.execute_unprepared(MAKE).await.map(drop)
}

/// Makes the role where it is missing, and lets it use the tables, within what the policies say. Nothing on SQLite.
///
/// # Errors
/// The role is missing and may not be made, which the message tells what to do about; of the database.
pub async fn open_to_tenants(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    if db.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    make(db).await?;
    db.execute_unprepared(GRANT).await.map(drop)
}
