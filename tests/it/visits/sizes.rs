//! How much a visitor has to load: a page that fires no pixels is small, though its link fires every network once the
//! visitor agrees, and though its card says as much as it may.

use crate::world::{Setting, World, browser::USER_AGENT, process, run, wait};
use contract::{branding::Language, network::catalogue};
use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

/// Most bytes of a page without pixels and without a logo, as gzip sends it.
const MOST: usize = 3 * 1024;
const CRAWLER: &str = "Twitterbot/1.0";

/// How many bytes gzip makes of a page.
fn zipped(page: &str) -> usize {
    let mut command = Command::new(process::find("gzip", &[], "gzip"));
    let mut gzip = command.arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // dropped at once, which ends the input; a pipe holds more than any of these pages
    gzip.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    gzip.wait_with_output().unwrap().stdout.len()
}

/// A text of this many characters that is hard to make shorter.
fn noise(length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        text.push_str(&uuid::Uuid::new_v4().as_simple().to_string());
    }
    text.truncate(length);
    text
}

async fn read(world: &World, path: &str, language: &str, agent: &str) -> String {
    let request = world.visit_as(path, agent).header("accept-language", language);
    request.send().await.unwrap().text().await.unwrap()
}

#[test]
fn a_page_without_pixels_is_small() {
    run(Setting::Embedded, &[], async |world| {
        let account = world.sign_up().await;
        let consent = json!({ "regions": [], "default": "OPT_IN_ASK" });
        let input = json!({ "id": account.tenant, "policy": { "consent": consent },
            "branding": { "name": noise(60), "colour": "#0a7d4f" } });
        account.client.done("updateTenant", input, "tenant { id }").await;
        for network in catalogue().values().filter(|network| !network.custom_domain_only) {
            let ids: Vec<_> = network.ids.iter().map(|id| (id.field.as_str(), id.example.as_str())).collect();
            account.create_pixel(&network.key.to_uppercase(), &ids, json!({ "isDefault": true })).await;
        }
        let create = async |extra: Value| account.create_link("https://shop.example.com/", extra).await;
        let card = json!({ "title": noise(200), "description": noise(500), "image": "https://img.example.com/a.png" });
        let (asks, carded) = (create(json!({})).await, create(json!({ "card": card })).await);
        let (gone, early) = (create(json!({})).await, create(json!({ "startsAt": "2100-01-01T00:00:00Z" })).await);
        account.client.done("archiveLink", json!({ "id": gone.id }), "link { id }").await;

        let mut largest = Vec::new();
        for language in Language::ALL.map(Language::code) {
            for (kind, path, holds) in [
                ("question", asks.slug.as_str(), "<form"),
                ("gone", &gone.slug, "<main"),
                ("early", &early.slug, "<main"),
                ("unknown", "nothing-here", "<main"),
            ] {
                let page = read(world, path, language, USER_AGENT).await;
                assert!(page.contains(holds) && page.contains(&format!("lang=\"{language}\"")), "{kind}: {page}");
                largest.push((zipped(&page), format!("{kind} {language}")));
            }
        }
        let page = wait::until("the card", Duration::from_secs(5), async || {
            Some(read(world, &carded.slug, "en", CRAWLER).await).filter(|page| page.contains("og:title"))
        })
        .await;
        largest.push((zipped(&page), "card".to_owned()));
        largest.sort_unstable();
        assert!(largest.last().is_some_and(|(size, _)| *size <= MOST), "{largest:?}");
    });
}
