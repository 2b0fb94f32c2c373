//! The laws of the house that a machine can hold: who may import whom, how large things may grow, and what may stand
//! nowhere. A law that is broken names the file.

mod source;

use source::{ROOMS, Source, product, root, under};
use std::fs;

/// Our own crates.
const OURS: [&str; 7] = ["api", "contract", "entities", "migration", "redirector", "stopover", "tests"];

/// Fails with the list of what breaks a law.
fn hold(law: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{law}:\n  {}", broken.join("\n  "));
}

/// Every file in `places`, but not in `except`, that knows one of `words`.
fn knowing(words: &[&str], places: &[&str], except: &[&str]) -> Vec<String> {
    let sources = product().into_iter().filter(|source| source.is_in(places) && !source.is_in(except));
    let found = |source: Source| {
        words
            .iter()
            .filter(|word| source.knows(word))
            .map(|word| format!("{} knows {word}", source.path))
            .collect::<Vec<_>>()
    };
    sources.flat_map(found).collect()
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

#[test]
fn crates_depend_on_whom_they_may() {
    let mut broken = Vec::new();
    for (name, manifest, may) in [
        ("contract", "redirector/contract/Cargo.toml", &[][..]),
        ("migration", "migration/Cargo.toml", &[]),
        ("entities", "entities/Cargo.toml", &["contract"]),
        ("redirector", "redirector/Cargo.toml", &["contract", "entities"]),
        ("api", "api/Cargo.toml", &["contract", "entities", "migration"]),
    ] {
        let text = text_of(manifest);
        let depends = |other: &str| text.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(other));
        for other in OURS.iter().filter(|other| **other != name && !may.contains(other) && depends(other)) {
            broken.push(format!("{name} depends on {other}"));
        }
    }
    hold("no arrow between rooms but those that are drawn", &broken);
}

#[test]
fn the_contract_does_no_input_and_no_output() {
    let words = ["tokio", "redis", "poem", "sea_orm", "handlebars"];
    hold("the contract stays pure", &knowing(&words, &["redirector/contract/src"], &[]));
}

#[test]
fn rows_are_composed_into_documents_in_one_file_alone() {
    let ours = ["api", "redirector", "migration", "stopover"];
    let mut broken = knowing(&ours, &["entities/src"], &[]);
    broken.extend(knowing(&["contract"], &["entities/src"], &["entities/src/documents.rs"]));
    broken.extend(knowing(&["api", "redirector", "entities", "contract"], &["migration/src"], &[]));
    hold("entities are rows, and migrations know none of us", &broken);
}

#[test]
fn in_the_redirector_only_the_source_knows_sql() {
    let mut broken = knowing(&["sea_orm", "entities"], &["redirector/src"], &["redirector/src/source"]);
    broken.extend(knowing(&["async_graphql", "jsonwebtoken", "api"], &["redirector/src"], &[]));
    hold("the redirector reaches SQL through one door, and the API not at all", &broken);
}

#[test]
fn in_the_api_graphql_operations_and_http_stay_apart() {
    let mut broken = knowing(&["sea_orm", "redis", "poem"], &["api/src/graphql"], &[]);
    broken.extend(knowing(&["async_graphql"], &["api/src"], &["api/src/graphql", "api/src/http", "api/src/main.rs"]));
    broken.extend(knowing(&["poem"], &["api/src"], &["api/src/http", "api/src/main.rs"]));
    broken.extend(knowing(&["migration"], &["api/src"], &["api/src/main.rs"]));
    let redis = ["api/src/invalidation", "api/src/clicks/stream", "api/src/clicks/feed/courier.rs", "api/src/run.rs"];
    broken.extend(knowing(&["redis"], &["api/src"], &redis));
    hold("operations know neither GraphQL nor HTTP, GraphQL knows no rows", &broken);
}

#[test]
fn variables_are_read_in_config_and_the_time_in_the_clock() {
    let mut broken = Vec::new();
    for source in product() {
        let file = source.path.rsplit('/').next().unwrap_or_default();
        for (what, home) in [
            ("env::var", "config.rs"),
            ("SystemTime::now", "clock.rs"),
            ("Timestamp::now", "clock.rs"),
            ("Zoned::now", "clock.rs"),
        ] {
            let lines = if file == home { Vec::new() } else { source.lines_with(what) };
            broken.extend(lines.iter().map(|line| format!("{}:{line} has {what}", source.path)));
        }
    }
    hold("the environment is read in config.rs alone and the machine's time in clock.rs", &broken);
}

#[test]
fn rows_of_tenants_are_reached_through_the_tenant() {
    let owned: Vec<String> = under("entities/src")
        .into_iter()
        .filter(|source| source.code.contains("TenantOwned for Entity"))
        .filter_map(|source| Some(source.path.strip_prefix("entities/src/")?.strip_suffix(".rs")?.to_owned()))
        .collect();
    assert!(owned.contains(&"link".to_owned()) && owned.contains(&"pixel".to_owned()), "{owned:?}");
    // the proof of membership itself, how many tenants a user owns, the token that names a tenant, what stores the clicks of
    // all tenants, what delivers the webhooks of all, and what looks through the audit logs of all
    let doors = [
        "api/src/scope.rs",
        "api/src/tenants.rs",
        "api/src/members/join.rs",
        "api/src/clicks/ingest",
        "api/src/clicks/rebuild",
        "api/src/audit/verify.rs",
        "api/src/webhooks/work",
    ];
    let mut broken = Vec::new();
    for source in product().iter().filter(|source| !source.is_in(&doors) && !source.is_in(&["entities/"])) {
        for (entity, call) in owned.iter().flat_map(|entity| {
            ["find", "find_by_id", "update_many", "delete_many", "delete_by_id"].map(|call| (entity, call))
        }) {
            let lines = source.lines_with(&format!("{entity}::Entity::{call}("));
            broken.extend(lines.iter().map(|line| format!("{}:{line} {entity} {call}", source.path)));
        }
    }
    hold("a tenant's rows have one door", &broken);
}

#[test]
fn links_are_written_in_one_room_and_committed_in_one_place() {
    let mut broken = Vec::new();
    for source in product().iter().filter(|source| !source.is_in(&["entities/", "api/src/links/written.rs"])) {
        let words: &[&str] = if source.is_in(&["api/src/links"]) {
            &[".commit().await"]
        } else {
            &["link::ActiveModel", "link::Entity::insert", "link::Entity::update", "link::Entity::delete"]
        };
        for word in words {
            let lines = source.lines_with(word);
            broken.extend(lines.iter().map(|line| format!("{}:{line} has {word}", source.path)));
        }
    }
    hold("no link is written without telling webhooks and redirectors", &broken);
}

#[test]
fn nothing_grows_too_large() {
    let mut broken = Vec::new();
    for source in product() {
        let lines = source.code.lines().count();
        let most = if source.path.ends_with("/main.rs") { 80 } else { 400 };
        if lines > most {
            broken.push(format!("{} has {lines} lines, more than {most}", source.path));
        }
        for (line, name, length) in source.functions().into_iter().filter(|(_, _, length)| *length > 60) {
            broken.push(format!("{}:{line} {name} has {length} lines, more than 60", source.path));
        }
    }
    for source in under("tests/it").into_iter().filter(|source| source.text.lines().count() > 400) {
        broken.push(format!("{} has more than 400 lines", source.path));
    }
    let readme = text_of("README.md").lines().count();
    if readme > 150 {
        broken.push(format!("README.md has {readme} lines, more than 150"));
    }
    hold("files and functions stay small", &broken);
}

#[test]
fn what_may_stand_nowhere_stands_nowhere() {
    let mut broken = Vec::new();
    for source in product() {
        for what in
            [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!(", "dbg!(", "#[allow("]
        {
            broken.extend(source.lines_with(what).iter().map(|line| format!("{}:{line} has {what}", source.path)));
        }
    }
    let tests = ["tests/it", "tests/src"].into_iter().filter(|folder| root().join(folder).exists()).flat_map(under);
    for source in product().into_iter().chain(tests) {
        for what in [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["/work", "/"].concat(), ["#[ig", "nore"].concat()]
        {
            let lines = source.text.lines().enumerate().filter(|(_, line)| line.contains(&what));
            broken.extend(lines.map(|(at, _)| format!("{}:{} has {what}", source.path, at + 1)));
        }
        if !source.text.starts_with("//! ") {
            broken.push(format!("{} does not say what it is", source.path));
        }
    }
    hold("no unfinished business, and no way to crash", &broken);
}

#[test]
fn names_say_what_things_are() {
    let mut broken = Vec::new();
    for source in product() {
        let name = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        if matches!(name.as_str(), "mod" | "utils" | "util" | "core" | "common" | "helpers" | "helper" | "manager") {
            broken.push(source.path);
        }
    }
    hold("no drawer for odds and ends", &broken);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let workspace = text_of("Cargo.toml");
    assert!(workspace.contains("unsafe_code = \"forbid\""), "unsafe code is forbidden for all");
    let manifests =
        ROOMS.map(|room| room.replace("/src", "/Cargo.toml")).into_iter().chain(["tests/Cargo.toml".to_owned()]);
    let loose = manifests.filter(|manifest| !text_of(manifest).contains("[lints]\nworkspace = true"));
    hold("every crate takes the workspace's lints", &loose.collect::<Vec<_>>());
}
