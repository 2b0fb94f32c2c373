//! Connections that callers share: nothing that was said or begun on one for a caller is there for the next.

use super::{text, texts};
use crate::world::{
    Own, Setting, World,
    postgres::{Postgres, as_superuser},
    wait::{self, PATIENCE},
    wire::Wire,
};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_connection_that_left_its_role_is_in_it_again_for_the_next_caller() {
    let world = World::start(Setting::OneBox, Own::default(), &[("DATABASE_CONNECTIONS", "1")]).await;
    let (one, other) = (world.sign_up().await, world.sign_up().await);
    let everything = world.database().await;
    // says who writes a pixel and, when that is committed, leaves the role
    let spy = "
        CREATE TABLE said (number bigint GENERATED ALWAYS AS IDENTITY, who name, caller text);
        GRANT ALL ON said TO PUBLIC;
        CREATE FUNCTION says() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          INSERT INTO said (who, caller) VALUES (current_user, current_setting('stopover.caller')); RETURN NEW; END $$;
        CREATE FUNCTION leaves() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM set_config('role', 'none', false), set_config('stopover.everywhere', 'yes', false);
          INSERT INTO said (who, caller) VALUES (current_user, ''); RETURN NULL; END $$;
        CREATE TRIGGER says BEFORE INSERT ON pixels FOR EACH ROW EXECUTE FUNCTION says();
        CREATE CONSTRAINT TRIGGER leaves AFTER INSERT ON pixels DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION leaves()";
    everything.execute_unprepared(spy).await.unwrap();
    for account in [&one, &other] {
        account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    }
    let role = migration::role(&everything).await.unwrap();
    let said = texts(&everything, "SELECT who::text FROM said ORDER BY number").await;
    assert_eq!(said, [role.as_str(), "stopover", &role, "stopover"]);
    let callers = "SELECT string_agg(email, ' ' ORDER BY number) FROM said JOIN users ON id::text = caller";
    assert_eq!(text(&everything, callers).await, format!("{} {}", one.email, other.email));
}

#[tokio::test]
async fn a_document_that_is_cut_off_while_it_begins_leaves_no_transaction_to_the_next() {
    let url = Postgres::shared().await.database().await;
    let wire = Wire::start(&url).await;
    let set = [("DATABASE_URL", wire.url()), ("DATABASE_CONNECTIONS", "1")];
    let world = World::start(Setting::OneBox, Own::default(), &set).await;
    let (one, other) = (world.sign_up().await, world.sign_up().await);
    one.create_link("https://destination.example/", json!({ "slug": "before" })).await;

    // of the one connection that callers have, no answer comes from its next beginning on
    wire.hold("stopover.caller", "BEGIN");
    let input = json!({ "tenantId": one.tenant, "destination": "https://destination.example/", "slug": "lost" });
    let document =
        "mutation($input: CreateLinkInput!) { createLink(input: $input) { link { id } userErrors { message } } }";
    let cut = one.client.reply(document, json!({ "input": input })).await;
    assert_eq!(cut.code(), "EXECUTION_TIMED_OUT");
    assert!(wire.holds(), "it was cut off while it began");
    wire.release();

    let direct = Database::connect(as_superuser(&url)).await.unwrap();
    let read = "query($id: ID!) { tenant(id: $id) { name } }";
    wait::until("the next caller is answered", PATIENCE, async || {
        let reply = other.client.reply(read, json!({ "id": other.tenant })).await;
        reply.code().is_empty().then_some(())
    })
    .await;
    let open = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let left = wait::within(Duration::from_secs(2), async || (text(&direct, open).await == "0").then_some(())).await;
    assert!(left.is_some(), "a transaction was left open");
    other.create_link("https://destination.example/", json!({ "slug": "after" })).await;
    assert_eq!(texts(&direct, "SELECT slug FROM links ORDER BY slug").await, ["after", "before"]);
}
