//! The examples do what they say: a week's posts from an API key to the report, twice over without making anything twice.

use super::count;
use crate::world::{
    World,
    client::{Account, text},
    in_both,
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

in_both!(a_week_is_scheduled);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("api/examples/scheduler")
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The version of node, as major and minor.
fn node() -> Option<(u32, u32)> {
    let output = Command::new(program("node")?).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    Some((parts.next()?, parts.next()?))
}

async fn run(world: &World, account: &Account, secret: &str, week: &str, mut command: Command) -> String {
    command.env("STOPOVER_URL", world.endpoint()).env("STOPOVER_API_KEY", secret);
    command.env("STOPOVER_TENANT", &account.tenant).env("WEEK", week);
    let ended: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    said
}

async fn a_week_is_scheduled(world: &mut World) {
    let account = world.sign_up().await;
    let input =
        json!({ "name": "scheduler", "scopes": ["LINKS_WRITE", "REPORTS_READ"], "tenantIds": [account.tenant] });
    let made = account.client.done("createApiKey", input, "secret").await;
    let secret = text(&made["secret"]);
    let shell = || {
        let mut shell = Command::new("sh");
        shell.arg(folder().join("scheduler.sh"));
        shell
    };
    let first = run(world, &account, secret, "W1", shell()).await;
    assert!(
        first.contains("links: 500") && first.contains("links of W1: 502") && first.contains("clicks: 0"),
        "{first}"
    );
    assert!(!first.contains("https://shop.example.com/sale"), "the newsletter's links are tracked: {first}");
    assert_eq!(run(world, &account, secret, "W1", shell()).await, first);
    assert_eq!(count(&account).await, 502);
    // what strips types is part of newer versions
    if node().is_some_and(|version| version >= (22, 6)) {
        let mut script = Command::new("node");
        script.args(["--experimental-strip-types", "--no-warnings"]).arg(folder().join("scheduler.ts"));
        let said = run(world, &account, secret, "W2", script).await;
        assert!(said.contains("links: 500") && said.contains("links of W2: 502"), "{said}");
        assert_eq!(count(&account).await, 1_004);
    }
}

#[test]
fn the_types_of_the_example_are_those_of_the_schema() {
    if node().is_none() {
        return;
    }
    let checked = Command::new("node").arg(folder().join("generate.mjs")).arg("--check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
