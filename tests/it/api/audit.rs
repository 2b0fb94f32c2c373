//! The audit log: one row for each mutation that changed something, and a chain that breaks where a row is tampered with.

use crate::world::{
    World,
    client::{Account, text},
    in_both,
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

in_both!(
    every_change_leaves_a_row,
    a_row_that_is_tampered_with_is_found,
    rows_that_no_end_knows_of_are_found,
    a_log_that_is_made_anew_is_found_beside_an_earlier_report
);

/// The rows of a tenant's log from the first, in these fields.
async fn rows(account: &Account, selection: &str) -> Vec<Value> {
    let document =
        format!("query($id: ID!) {{ tenant(id: $id) {{ auditLog(last: 100) {{ nodes {{ {selection} }} }} }} }}");
    let data = account.client.query(&document, json!({ "id": account.tenant })).await;
    data["tenant"]["auditLog"]["nodes"].as_array().unwrap().iter().rev().cloned().collect()
}

fn parsed(value: &Value) -> Value {
    value.as_str().map_or(Value::Null, |text| serde_json::from_str(text).unwrap())
}

async fn every_change_leaves_a_row(world: &mut World) {
    let account = world.sign_up().await;
    let client = &account.client;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    client.done("updatePixel", json!({ "id": pixel, "name": "Renamed" }), "pixel { id }").await;
    let link = account.create_link("https://shop.example.com/", json!({ "tags": ["a"], "pixelIds": [pixel] })).await;
    client.done("updateLink", json!({ "id": link.id, "title": "T", "tags": ["b"] }), "link { id }").await;
    client.done("archiveLink", json!({ "id": link.id }), "link { id }").await;
    client.done("archiveLink", json!({ "id": link.id }), "link { id }").await;
    client.done("restoreLink", json!({ "id": link.id }), "link { id }").await;
    client.done("deleteLink", json!({ "id": link.id }), "deletedLinkId").await;
    client.done("deletePixel", json!({ "id": pixel }), "deletedPixelId").await;
    let two = json!([{ "destination": "https://a.example.com/" }, { "destination": "nonsense" }]);
    client.done("createLinks", json!({ "tenantId": account.tenant, "links": two }), "results { index }").await;
    let made = json!({ "tenantId": account.tenant, "host": "go.audit.example.com" });
    let domain = client.done("createDomain", made, "domain { id }").await["domain"]["id"].clone();
    client.done("updateDomain", json!({ "id": domain, "fallback": "https://a.example.com/" }), "domain { id }").await;
    client.done("verifyDomain", json!({ "id": domain }), "domain { id }").await;
    client.done("deleteDomain", json!({ "id": domain }), "deletedDomainId").await;
    client.done("updateTenant", json!({ "id": account.tenant, "name": "Renamed" }), "tenant { id }").await;
    // what is refused leaves none
    assert_eq!(client.mistakes("updateTenant", json!({ "id": account.tenant, "name": "" })).await.len(), 1);

    let rows = rows(&account, "sequence action targetKind targetId userId apiKeyId before after requestId").await;
    let actions: Vec<&str> = rows.iter().map(|row| text(&row["action"])).collect();
    assert_eq!(
        actions,
        [
            "signUp",
            "createPixel",
            "updatePixel",
            "createLink",
            "updateLink",
            "archiveLink",
            "restoreLink",
            "deleteLink",
            "deletePixel",
            "createLinks",
            "createDomain",
            "updateDomain",
            "verifyDomain",
            "deleteDomain",
            "updateTenant"
        ]
    );
    let user = client.query("{ viewer { user { id } } }", json!({})).await["viewer"]["user"]["id"].clone();
    for (row, number) in rows.iter().zip(1..) {
        assert_eq!((&row["sequence"], &row["userId"], &row["apiKeyId"]), (&json!(number), &user, &Value::Null));
        assert_eq!(text(&row["requestId"]).len(), 32);
    }
    let change = |at: usize, field: &str| {
        (parsed(&rows[at]["before"])[field].clone(), parsed(&rows[at]["after"])[field].clone())
    };
    assert_eq!(change(2, "name"), (json!("META"), json!("Renamed")));
    assert_eq!((change(3, "tags"), &rows[3]["targetId"]), ((Value::Null, json!(["a"])), &json!(link.id)));
    assert_eq!(change(4, "title"), (Value::Null, json!("T")));
    assert_eq!(change(4, "tags"), (json!(["a"]), json!(["b"])));
    assert_eq!(change(5, "state"), (json!("ACTIVE"), json!("ARCHIVED")));
    assert_eq!(change(6, "state"), (json!("ARCHIVED"), json!("ACTIVE")));
    assert_eq!((change(7, "tags"), &rows[7]["after"]), ((json!(["b"]), Value::Null), &Value::Null));
    assert_eq!(parsed(&rows[9]["after"]).as_array().unwrap().len(), 1, "what was made, not what was refused");
    assert_eq!(change(11, "fallback"), (Value::Null, json!("https://a.example.com/")));
    assert_eq!(change(14, "name"), (json!("Acme"), json!("Renamed")));

    // by filter, and nobody else's
    let filtered = "query($id: ID!, $link: ID!) { tenant(id: $id) { auditLog(filter: { targetId: $link, action: \"updateLink\" }) { totalCount } } }";
    let data = client.query(filtered, json!({ "id": account.tenant, "link": link.id })).await;
    assert_eq!(data["tenant"]["auditLog"]["totalCount"], 1);
    let scheduler = json!({ "name": "s", "scopes": ["LINKS_WRITE"], "tenantIds": [account.tenant] });
    let key = client.done("createApiKey", scheduler, "apiKey { id } secret").await;
    let program = client.with_token(text(&key["secret"]));
    let input = json!({ "tenantId": account.tenant, "destination": "https://b.example.com/" });
    program.done("createLink", input, "link { id }").await;
    let last = self::rows(&account, "userId apiKeyId").await.pop().unwrap();
    assert_eq!(last, json!({ "userId": user, "apiKeyId": key["apiKey"]["id"] }));
    let own = client.query("{ viewer { auditLog { nodes { action targetKind after } } } }", json!({})).await;
    let own = own["viewer"]["auditLog"]["nodes"].as_array().unwrap().clone();
    assert_eq!(own[0]["action"], "createApiKey");
    assert!(!own[0]["after"].to_string().contains(&text(&key["secret"])[12..]), "a secret is never written down");
}

async fn a_row_that_is_tampered_with_is_found(world: &mut World) {
    let account = world.sign_up().await;
    for number in 0..3 {
        account.create_link(&format!("https://shop.example.com/{number}"), json!({})).await;
    }
    let hashes = rows(&account, "previousHash hash").await;
    assert_eq!(hashes[0]["previousHash"], "0".repeat(64));
    assert!(hashes.windows(2).all(|pair| pair[0]["hash"] == pair[1]["previousHash"]), "{hashes:?}");

    let look = || look(world, &[]);
    let (whole, found) = look();
    assert!(whole && found.contains(&format!(" 4 rows {}", text(&hashes[3]["hash"]))), "{found}");
    let db = world.database().await;
    let change = async |sql: &str| assert_eq!(db.execute_unprepared(sql).await.unwrap().rows_affected(), 1, "{sql}");
    let of_links = "action = 'createLink' AND seq = 3";
    change(&format!("UPDATE audit_events SET action = 'createlink' WHERE {of_links}")).await;
    let (whole, found) = look();
    assert!(!whole && found.contains(" 2 rows BROKEN at row 3"), "{found}");
    change("UPDATE audit_events SET action = 'createLink' WHERE action = 'createlink'").await;
    assert!(look().0);
    change("DELETE FROM audit_events WHERE action = 'createLink' AND seq = 4").await;
    let (whole, found) = look();
    assert!(!whole && found.contains(" 3 rows BROKEN at row 4"), "{found}");
}

/// What `api audit` says, and whether it is content.
fn look(world: &World, arguments: &[&str]) -> (bool, String) {
    let output = world.tool(&[&["audit"], arguments].concat());
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// The log of the tenant that made links.
const OF_LINKS: &str = "(SELECT chain_id FROM audit_events WHERE action = 'createLink' LIMIT 1)";

/// Takes the end of the tenant's log back to an earlier row.
fn end_at(row: u8) -> String {
    let hash = format!("SELECT hash FROM audit_events WHERE chain_id = {OF_LINKS} AND seq = {row}");
    format!("UPDATE audit_heads SET seq = {row}, hash = ({hash}) WHERE chain_id = {OF_LINKS}")
}

async fn two_links(world: &World) -> Account {
    let account = world.sign_up().await;
    for number in 0..2 {
        account.create_link(&format!("https://shop.example.com/{number}"), json!({})).await;
    }
    account
}

async fn rows_that_no_end_knows_of_are_found(world: &mut World) {
    two_links(world).await;
    let db = world.database().await;
    db.execute_unprepared(&end_at(2)).await.unwrap();
    let (whole, found) = look(world, &[]);
    assert!(!whole && found.contains(" 2 rows BROKEN: row 3 is beyond its end"), "{found}");
    db.execute_unprepared(&end_at(3)).await.unwrap();
    assert!(look(world, &[]).0);
    db.execute_unprepared(&format!("DELETE FROM audit_heads WHERE chain_id = {OF_LINKS}")).await.unwrap();
    let (whole, found) = look(world, &[]);
    assert!(!whole && found.contains(" 3 rows BROKEN: its end is missing"), "{found}");
}

async fn a_log_that_is_made_anew_is_found_beside_an_earlier_report(world: &mut World) {
    let account = two_links(world).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (_, printed) = look(world, &[]);
    let report = file("report", &printed);
    assert_eq!(look(world, &[&report]), (true, printed.clone()));
    account.create_link("https://shop.example.com/more", json!({})).await;
    let (whole, found) = look(world, &[&report]);
    assert!(whole && found.contains(" 4 rows "), "it goes on: {found}");

    // another log of the same length
    let line = printed.lines().find(|line| line.contains(" 3 rows ")).unwrap();
    let other = printed.replace(line, &format!("{}{}", &line[..line.len() - 64], "0".repeat(64)));
    let (whole, found) = look(world, &[&file("other", &other)]);
    assert!(!whole && found.contains(" 3 rows MADE ANEW: row 3 was another before"), "{found}");
    // a shorter one that is whole in itself
    let db = world.database().await;
    db.execute_unprepared(&end_at(2)).await.unwrap();
    db.execute_unprepared("DELETE FROM audit_events WHERE action = 'createLink' AND seq > 2").await.unwrap();
    assert!(look(world, &[]).0);
    let (whole, found) = look(world, &[&report]);
    assert!(!whole && found.contains(" 2 rows MADE ANEW: it had 3 rows before"), "{found}");
    // one that is gone as if it never was
    for table in ["audit_heads", "audit_events"] {
        let all = format!("DELETE FROM {table} WHERE chain_id IN (SELECT id FROM tenants)");
        db.execute_unprepared(&all).await.unwrap();
    }
    assert!(look(world, &[]).0);
    let (whole, found) = look(world, &[&report]);
    assert!(!whole && found.contains(" 0 rows GONE: it had 3 rows before"), "{found}");
    let (whole, found) = look(world, &[&file("bad", "nonsense")]);
    assert!(!whole && found.is_empty(), "{found}");
}
