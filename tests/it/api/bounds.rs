//! Each limit that `api/LIMITS.md` lists is met at it and over it. What is cheap to send is sent here, through the public door;
//! for the rest the test is named that does it. A row without a case fails.

mod documents;
mod elsewhere;
mod silence;

use self::{
    documents::{Case, cases},
    elsewhere::ELSEWHERE,
};
use crate::world::{World, client::Account, client::read, in_both};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path};

in_both!(&[("INTROSPECTION", "true")] => each_limit_of_a_document_is_met_at_it_and_over_it, an_answer_has_an_end);

/// What the tables of a text list: the second column of each row.
fn rows(text: &str) -> Vec<&str> {
    let tables = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| at most"));
    tables.filter_map(|line| line.split('|').nth(2)).map(str::trim).collect()
}

/// Rows that have no case, cases that have no row, and tests that are not where they are said to be.
fn wanting(text: &str, here: &[&'static str], elsewhere: &[(&str, &str, &str)]) -> Vec<String> {
    let rows: BTreeSet<&str> = rows(text).into_iter().collect();
    let named: BTreeSet<&str> = here.iter().copied().chain(elsewhere.iter().map(|(what, _, _)| *what)).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let gone = elsewhere.iter().filter(|(_, file, test)| {
        let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        !source.contains(&format!("fn {test}("))
    });
    let no_case = rows.difference(&named).map(|what| format!("{what}: no case"));
    let no_row = named.difference(&rows).map(|what| format!("{what}: no row"));
    no_case.chain(no_row).chain(gone.map(|(what, file, test)| format!("{what}: no {test} in {file}"))).collect()
}

#[test]
fn each_row_of_the_limits_has_a_case() {
    let text = include_str!("../../../api/LIMITS.md");
    let here: Vec<&str> = cases("").iter().map(|case| case.what).collect();
    assert_eq!(wanting(text, &here, &ELSEWHERE), Vec::<String>::new());
    assert!(rows(text).len() > 40, "{}", rows(text).len());

    // it does find what is missing
    let worse = format!("{text}\n| 7 | swans on a lake | as they come | `TOO_MANY_SWANS` |\n");
    assert_eq!(wanting(&worse, &here, &ELSEWHERE), ["swans on a lake: no case"]);
    let gone = [("seconds of running", "api/LIMITS.md", "a_test_that_nobody_wrote")];
    let found = wanting(text, &here, &[&ELSEWHERE[..], &gone].concat());
    assert_eq!(found, ["seconds of running: no a_test_that_nobody_wrote in api/LIMITS.md"]);
    assert_eq!(
        wanting(&text.replace("| aliases |", "| names |"), &here, &ELSEWHERE),
        ["names: no case", "aliases: no row"]
    );
}

async fn each_limit_of_a_document_is_met_at_it_and_over_it(world: &mut World) {
    let account = world.sign_up().await;
    let limits = include_str!("../../../api/LIMITS.md");
    let send = async |body: &str| {
        let request = account.client.post().header("content-type", "application/json");
        read(request.header("accept", "application/graphql-response+json").body(body.to_owned())).await
    };
    for Case { what, at, over, status } in cases(&account.tenant) {
        let line = limits.lines().find(|line| line.split('|').nth(2).map(str::trim) == Some(what)).unwrap();
        let code = line.split('|').nth(4).unwrap().trim().trim_matches('`');
        let passes = send(&at).await;
        assert_eq!((passes.status.as_u16(), passes.code()), (status.0, status.1), "at {what}: {}", passes.body);
        let refused = send(&over).await;
        let told = refused.body["errors"][0]["message"].as_str().unwrap_or_default();
        assert_eq!(refused.code(), code, "over {what}: {told}");
        assert!(refused.status.is_client_error() && refused.body.get("data").is_none(), "over {what}: {told}");
        assert!(told.contains(what), "over {what}: {told}");
    }
    let mistakes = |count: usize| {
        let fields: String = (0..count).map(|at| format!("x{at} ")).collect();
        json!({ "query": format!("{{ viewer {{ {fields} }} }}") }).to_string()
    };
    for (made, told) in [(20, 20), (21, 20), (300, 20)] {
        assert_eq!(send(&mistakes(made)).await.body["errors"].as_array().unwrap().len(), told, "of {made} errors");
    }
}

async fn an_answer_has_an_end(world: &mut World) {
    let account = world.sign_up().await;
    many_long_links(&account).await;
    let pages = |count: usize| {
        let fields: String = (0..10).map(|at| format!("d{at}: destination ")).collect();
        let pages: String = (0..count).map(|at| format!("p{at}: links(first: 100) {{ nodes {{ ...f }} }} ")).collect();
        format!("query($id: ID!) {{ tenant(id: $id) {{ {pages} }} }} fragment f on Link {{ {fields} }}")
    };
    let ask = async |count: usize| account.client.reply(&pages(count), json!({ "id": account.tenant })).await;
    // a page has 100 links of ten times 2,040 bytes
    let (passes, refused) = (ask(4).await, ask(5).await);
    assert_eq!((passes.status.as_u16(), passes.code()), (200, ""));
    assert!((8_000_000..8 * 1_048_576).contains(&passes.body.to_string().len()), "{}", passes.body.to_string().len());
    assert_eq!((refused.code(), &refused.body["data"]), ("ANSWER_TOO_LARGE", &Value::Null));
}

async fn many_long_links(account: &Account) {
    let start = "https://example.com/";
    let links: Vec<Value> = (0..100)
        .map(|at| json!({ "destination": format!("{start}{at:03}{}", "x".repeat(2_037 - start.len())) }))
        .collect();
    let input = json!({ "tenantId": account.tenant, "links": links });
    let made = account.client.done("createLinks", input, "results { link { id } }").await;
    assert!(made["results"].as_array().unwrap().iter().all(|result| result["link"].is_object()));
}
