//! The role that the API takes on for what a caller asks for, on PostgreSQL. It owns nothing, so that row level security
//! holds for it whoever logs in, a superuser too. Roles belong to a server and not to a database: each database has one of
//! its own, named after it, which nobody is a member of but who serves that database. A restored database is another one,
//! so the role and its rights are looked after at each start.

use crate::rights::{FUNCTIONS, RIGHTS};
use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, Statement, TransactionTrait},
};

/// Of the servers that start at once one comes after the other, until the end of the transaction.
const IN_TURN: &str = "SELECT pg_advisory_xact_lock(hashtext('stopover_role'))";

/// The role's name as text, as `stopover_role()` has it, which is not there before the schema is.
const NAME: &str = "(SELECT 'stopover_tenant_' || oid FROM pg_database WHERE datname = current_database())";

/// Membership is enough before version 16, where a member may always take the role on.
const MAKE: &str = "
DO $$ DECLARE
  named name := {name};
  may text := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = named) THEN
    EXECUTE format('CREATE ROLE %I NOLOGIN', named);
  END IF;
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = named AND (rolsuper OR rolbypassrls OR rolcanlogin)) THEN
    RAISE EXCEPTION 'the role % may log in, is a superuser or passes by row level security: let a superuser take that from it', named;
  END IF;
  IF NOT pg_has_role(current_user, named, may) THEN
    EXECUTE format('GRANT %I TO %I', named, current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION '% may not make or take on the role % of this database: let a superuser run % GRANT % TO %;',
    current_user, named,
    CASE WHEN EXISTS (SELECT 1 FROM pg_roles WHERE rolname = named) THEN '' ELSE format('CREATE ROLE %I NOLOGIN;', named) END,
    named, quote_ident(current_user);
END $$";

/// Rights that are not as the list says are given anew, and those that roles of other databases have here are taken away:
/// a copy of a database has them, and so has one from before each had a role of its own.
const GIVE: &str = "
DO $$ DECLARE
  named name := stopover_role();
  found record;
BEGIN
  FOR found IN
    SELECT DISTINCT c.oid::regclass AS relation, r.rolname AS other
    FROM pg_class AS c CROSS JOIN LATERAL (
      SELECT grantee FROM aclexplode(c.relacl)
      UNION ALL SELECT a.grantee FROM pg_attribute CROSS JOIN LATERAL aclexplode(attacl) AS a WHERE attrelid = c.oid
    ) AS given JOIN pg_roles AS r ON r.oid = given.grantee
    WHERE c.relnamespace = current_schema()::regnamespace AND r.rolname ~ '^stopover_tenant(_[0-9]+)?$' AND r.rolname NOT IN (named, current_user)
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %I', found.relation, found.other);
  END LOOP;
  FOR found IN
    SELECT p.oid::regprocedure AS routine, r.rolname AS other
    FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(p.proacl) AS given JOIN pg_roles AS r ON r.oid = given.grantee
    WHERE p.pronamespace = current_schema()::regnamespace AND r.rolname ~ '^stopover_tenant(_[0-9]+)?$' AND r.rolname NOT IN (named, current_user)
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %I', found.routine, found.other);
  END LOOP;
  FOR found IN
    SELECT r.rolname AS other FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS given
    JOIN pg_roles AS r ON r.oid = given.grantee
    WHERE n.nspname = current_schema() AND r.rolname ~ '^stopover_tenant(_[0-9]+)?$' AND r.rolname NOT IN (named, current_user)
  LOOP
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', current_schema(), found.other);
  END LOOP;
  IF NOT has_schema_privilege(named, current_schema(), 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), named);
  END IF;
  FOR found IN
    SELECT c.oid::regclass AS relation, rights.wanted, given.rights AS had
    FROM pg_class AS c LEFT JOIN (VALUES {rights}) AS rights (relation, wanted) ON rights.relation = c.relname
    CROSS JOIN LATERAL (
      SELECT string_agg(privilege || columns, ', ' ORDER BY privilege || columns) AS rights FROM (
        SELECT privilege_type AS privilege, '' AS columns FROM aclexplode(c.relacl) AS acl WHERE grantee = to_regrole(named::text)
        UNION ALL
        SELECT acl.privilege_type, ' (' || string_agg(attname, ', ' ORDER BY attname) || ')'
        FROM pg_attribute CROSS JOIN LATERAL aclexplode(attacl) AS acl
        WHERE attrelid = c.oid AND acl.grantee = to_regrole(named::text) GROUP BY acl.privilege_type
      ) AS each
    ) AS given
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      AND rights.wanted IS DISTINCT FROM given.rights
  LOOP
    IF found.had IS NOT NULL THEN
      EXECUTE format('REVOKE ALL ON %s FROM %I', found.relation, named);
    END IF;
    IF found.wanted IS NOT NULL THEN
      EXECUTE format('GRANT %s ON %s TO %I', found.wanted, found.relation, named);
    END IF;
  END LOOP;
  -- a restored function is everybody's, whatever it was before
  FOR found IN SELECT p.oid::regprocedure AS routine FROM unnest(ARRAY[{functions}]) AS listed
    JOIN pg_proc AS p ON p.oid = listed::regprocedure
    CROSS JOIN LATERAL (
      SELECT bool_or(grantee = 0) AS everybody, bool_or(grantee = to_regrole(named::text)) AS ours
      FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))
    ) AS given
    WHERE coalesce(given.everybody, false) OR NOT coalesce(given.ours, false)
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', found.routine);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', found.routine, named);
  END LOOP;
END $$";

/// Makes the role where it is missing, and lets it use the tables as far as [`RIGHTS`] says, within what the policies say.
/// Changes nothing where all of it is there. Nothing on SQLite.
///
/// # Errors
/// The role is missing and may not be made, which the message tells what to do about; of the database.
pub async fn open_to_tenants(db: &DatabaseConnection) -> Result<(), DbErr> {
    give_rights(make(db).await?).await
}

/// Makes the role where it is missing, in a transaction for [`give_rights`] that keeps all others who would do so waiting;
/// `None` on SQLite.
///
/// # Errors
/// As [`open_to_tenants`].
pub(crate) async fn make(db: &DatabaseConnection) -> Result<Option<DatabaseTransaction>, DbErr> {
    if db.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(None);
    }
    let turn = db.begin().await?;
    turn.execute_unprepared(IN_TURN).await?;
    turn.execute_unprepared(&MAKE.replace("{name}", NAME)).await?;
    Ok(Some(turn))
}

/// Gives the role its rights, in a schema that is up to date.
///
/// # Errors
/// Of the database.
pub(crate) async fn give_rights(turn: Option<DatabaseTransaction>) -> Result<(), DbErr> {
    let Some(turn) = turn else { return Ok(()) };
    let rights: Vec<String> =
        RIGHTS.iter().map(|(table, rights)| format!("('{table}'::name, '{rights}'::text)")).collect();
    let functions: Vec<String> = FUNCTIONS.iter().map(|function| format!("'{function}'")).collect();
    let give = GIVE.replace("{rights}", &rights.join(", ")).replace("{functions}", &functions.join(", "));
    turn.execute_unprepared(&give).await?;
    turn.commit().await
}

/// The name of the role of this database.
///
/// # Errors
/// Of the database, as one that is not PostgreSQL.
pub async fn role(db: &impl ConnectionTrait) -> Result<String, DbErr> {
    let asked = Statement::from_string(db.get_database_backend(), format!("SELECT {NAME}"));
    let row = db.query_one_raw(asked).await?.ok_or_else(|| DbErr::RecordNotFound("the role".to_owned()))?;
    row.try_get_by_index(0)
}
