//! What the look at statements finds, and what it lets pass.

use super::unbounded;

#[test]
fn statements_that_name_no_tenant_are_found() {
    let own =
        r#"SELECT "links"."id" FROM "links" WHERE "links"."tenant_id" = ? AND ("links"."id" = ? OR "links"."id" = ?)"#;
    assert!(unbounded(own).is_empty());
    let joined = r#"SELECT 1 FROM "links" AS "l" JOIN "pixels" AS "p" ON "l"."id" = "p"."id" AND "l"."tenant_id" = "p"."tenant_id""#;
    assert!(unbounded(&format!(r#"{joined} WHERE "l"."tenant_id" IN (?)"#)).is_empty());
    assert_eq!(unbounded(joined), ["links", "pixels"]);
    let around = r#"SELECT 1 FROM "links" WHERE "tenant_id" = ? AND EXISTS (SELECT 1 FROM "link_tags" WHERE "link_tags"."tenant_id" = "links"."tenant_id")"#;
    assert!(unbounded(around).is_empty());
    for (sql, table) in [
        (r#"SELECT "id" FROM "links" WHERE "id" = ?"#, "links"),
        (r#"SELECT "id" FROM "links" WHERE "tenant_id" = ? OR "id" = ?"#, "links"),
        (r#"SELECT "id" FROM "links" WHERE "tenant_id" <> ?"#, "links"),
        (
            r#"SELECT 1 FROM "links" JOIN "pixels" ON "links"."id" = "pixels"."id" WHERE "links"."tenant_id" = ?"#,
            "pixels",
        ),
        (r#"UPDATE "pixels" SET "name" = ? WHERE "id" = ?"#, "pixels"),
        (r#"DELETE FROM "rollups" WHERE "starts_at" < ?"#, "rollups"),
        (r#"INSERT INTO "link_tags" ("link_id", "tag") VALUES (?, ?)"#, "link_tags"),
        (r#"SELECT 1 FROM "outbox" WHERE EXISTS (SELECT 1 FROM "clicks" WHERE "day" = ?)"#, "clicks"),
        (r#"SELECT 1 FROM "links" WHERE "tenant_id" = ? UNION ALL SELECT 1 FROM "links""#, "links"),
    ] {
        assert_eq!(unbounded(sql), [table], "{sql}");
    }
}

/// What a statement leaves unbound.
#[track_caller]
fn leaves(sql: &str, tables: &[&str]) {
    assert_eq!(unbounded(sql), tables, "{sql}");
}

#[test]
fn an_outer_join_binds_what_is_joined_alone() {
    leaves(
        r#"SELECT 1 FROM "links" LEFT JOIN "pixels" ON "links"."tenant_id" = ? AND "pixels"."tenant_id" = ?"#,
        &["links"],
    );
    let joined = r#"SELECT 1 FROM "links" LEFT JOIN "pixels" ON "pixels"."tenant_id" = "links"."tenant_id""#;
    leaves(joined, &["links", "pixels"]);
    leaves(&format!(r#"{joined} WHERE "links"."tenant_id" = ?"#), &[]);
    // what is joined says nothing of what it is joined to
    leaves(
        r#"SELECT 1 FROM "links" LEFT JOIN "pixels" ON "pixels"."tenant_id" = "links"."tenant_id" AND "pixels"."tenant_id" = ?"#,
        &["links"],
    );
    leaves(
        r#"SELECT 1 FROM "links" RIGHT JOIN "pixels" ON "pixels"."tenant_id" = ? WHERE "links"."tenant_id" = ?"#,
        &["pixels"],
    );
}

#[test]
fn a_row_that_is_in_the_way_is_of_the_same_tenant() {
    let insert =
        r#"INSERT INTO "links" ("tenant_id", "domain_id", "slug") VALUES (?, ?, ?) ON CONFLICT ("domain_id", "slug")"#;
    leaves(&format!("{insert} DO NOTHING"), &[]);
    leaves(&format!(r#"{insert} DO UPDATE SET "slug" = ?"#), &["links"]);
    leaves(&format!(r#"{insert} DO UPDATE SET "slug" = ? WHERE "links"."tenant_id" = ?"#), &[]);
    let counted = r#"INSERT INTO "links_by_month" ("tenant_id", "month") VALUES (?, ?) ON CONFLICT ("tenant_id", "month") DO UPDATE SET "made" = 1"#;
    leaves(counted, &[]);
}

#[test]
fn a_query_in_the_place_of_a_table_is_looked_at_and_binds_nothing() {
    leaves(r#"SELECT 1 FROM (SELECT * FROM "links") AS "l" WHERE "l"."tenant_id" = ?"#, &["links"]);
    let given =
        r#"SELECT 1 FROM "links" JOIN (SELECT ? AS "tenant_id") AS "l" ON "links"."tenant_id" = "l"."tenant_id""#;
    leaves(given, &["links"]);
    leaves(
        r#"SELECT 1 FROM "outbox" WHERE EXISTS (SELECT 1 FROM "links" WHERE "links"."tenant_id" = "outbox"."id")"#,
        &["links"],
    );
    leaves(
        r#"SELECT 1 FROM "links" WHERE "tenant_id" = ? AND EXISTS (SELECT 1 FROM "pixels" WHERE "pixels"."tenant_id" = "links"."title")"#,
        &["pixels"],
    );
}

#[test]
fn what_an_update_or_a_deletion_looks_at_is_bound_as_well() {
    let update = r#"UPDATE "links" SET "title" = "pixels"."name" FROM "pixels" WHERE "links"."tenant_id" = ?"#;
    leaves(update, &["pixels"]);
    leaves(&format!(r#"{update} AND "pixels"."tenant_id" = "links"."tenant_id""#), &[]);
    leaves(r#"DELETE FROM "links" WHERE "tenant_id" = ? AND EXISTS (SELECT 1 FROM "pixels")"#, &["pixels"]);
}

#[test]
fn rows_of_users_and_addresses_are_bound_too() {
    leaves(r#"SELECT "id" FROM "sessions" WHERE "id" = ?"#, &["sessions"]);
    leaves(r#"UPDATE "api_keys" SET "revoked_at" = ? WHERE "id" = ?"#, &["api_keys"]);
    leaves(r#"SELECT "email" FROM "users""#, &["users"]);
    leaves(r#"SELECT "link_id" FROM "slots" WHERE "slug" = ?"#, &["slots"]);
    leaves(
        r#"SELECT 1 FROM "api_keys" WHERE "api_keys"."id" IN (SELECT "api_key_id" FROM "api_key_tenants" WHERE "tenant_id" = ?)"#,
        &[],
    );
    leaves(
        r#"SELECT 1 FROM "api_keys" WHERE "api_keys"."id" IN (SELECT "api_key_id" FROM "api_key_tenants")"#,
        &["api_key_tenants"],
    );
}
