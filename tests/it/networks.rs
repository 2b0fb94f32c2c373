//! Every ad network of the catalogue in a real Chromium, in each form that it has: with stand-in hosts that behave as the
//! network's do, its hit arrives with the right id; with hosts that refuse, never answer, fail or are slow, the receipt
//! says so and nobody is held beyond the budget. Prints a table of what it saw.

use crate::world::{
    Setting, World,
    browser::Browser,
    client::{Account, Link},
    run,
    stand_in::{Behaviour, Hit, StandIn},
    wait,
};
use contract::network::{Network, catalogue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::Write,
    time::{Duration, Instant},
};

/// Where everybody goes.
const SHOP: &str = "shop.example.com";
/// Longest wait of a page.
const BUDGET: Duration = Duration::from_millis(800);
/// Added for a machine that is busy with other tests.
const BUSY: Duration = Duration::from_secs(2);

/// One network in one form, with a link that fires it alone.
struct Case {
    network: &'static Network,
    image: bool,
    ids: BTreeMap<String, String>,
    link: Link,
}

impl Case {
    fn name(&self) -> String {
        format!("{:<16} {}", self.network.key, if self.image { "image " } else { "script" })
    }

    /// Whether a request is the page view of this pixel.
    fn is_hit(&self, hit: &Hit) -> bool {
        if self.image {
            let encode = |value: &str| {
                if self.network.key == "custom_image" { value.to_owned() } else { encoded(value) }
            };
            let filled = self.network.fill(self.network.image.as_deref().unwrap(), &self.ids, encode);
            let known = filled.split('{').next().unwrap();
            return hit.url().starts_with(known);
        }
        let shape = self.network.hit.as_ref().unwrap();
        let pattern = Regex::new(&self.network.fill(&shape.url, &self.ids, regex::escape)).unwrap();
        let (url, plain) = (hit.url(), |word: &str| self.network.fill(word, &self.ids, str::to_owned));
        let whole = format!("{url}{}{}", if url.contains('?') { "&" } else { "?" }, hit.body);
        (pattern.is_match(&url) || pattern.is_match(&whole))
            && shape.also.iter().all(|word| whole.contains(&plain(word)))
            && shape.body.iter().all(|word| hit.body.contains(&plain(word)))
    }
}

fn encoded(value: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(value, KEPT).to_string()
}

/// Every network in every form, each with a pixel of its own.
async fn cases(account: &Account) -> Vec<Case> {
    let mut cases = Vec::new();
    for network in catalogue().values().filter(|network| !network.custom_domain_only) {
        for image in [true, false] {
            if image && network.image.is_none() || !image && network.script.is_none() {
                continue;
            }
            // what an image cannot count makes a pixel fire by its script
            let ids =
                network.ids.iter().filter(|id| !image || id.as_image.as_ref().is_none_or(|values| !values.is_empty()));
            let ids: BTreeMap<String, String> = ids.map(|id| (id.field.clone(), id.example.clone())).collect();
            let pairs: Vec<_> = ids.iter().map(|(field, value)| (field.as_str(), value.as_str())).collect();
            let mode = if image { "AUTO" } else { "SCRIPT" };
            let key = network.key.to_uppercase();
            let pixel = account.create_pixel(&key, &pairs, json!({ "mode": mode })).await;
            let link = account.create_link(&format!("https://{SHOP}/"), json!({ "pixelIds": [pixel] })).await;
            cases.push(Case { network, image, ids: ids.clone(), link });
        }
    }
    cases
}

/// Visits the link of a case; how long it took until the destination was asked for.
async fn leave(browser: &Browser, internet: &StandIn, case: &Case) -> Duration {
    // a page of its own, so that nothing of the case before is left
    browser.visit("about:blank").await;
    internet.forget();
    let start = Instant::now();
    browser.visit(&case.link.short_url).await;
    let arrived = internet.hit(SHOP, Hit::is_navigation).await;
    arrived.at.duration_since(start)
}

/// Waits for the one receipt of a case's link; the state that it tells.
async fn receipt(account: &Account, case: &Case, receipts: u64) -> BTreeMap<&'static str, u64> {
    const STATES: [&str; 5] = ["sent", "fired", "blocked", "failed", "timedOut"];
    let look = async || {
        let report = account.report(&case.link, "delivery { sent fired blocked failed timedOut }").await;
        let row = &report["delivery"][0];
        let states: BTreeMap<_, _> = STATES.iter().map(|state| (*state, row[state].as_u64().unwrap_or(0))).collect();
        (states.values().sum::<u64>() == receipts).then_some(states)
    };
    wait::until(&format!("{} receipts of {}", receipts, case.name()), Duration::from_secs(10), look).await
}

fn say(line: &str) {
    // past the test runner, which keeps what a passing test prints
    drop(writeln!(std::io::stderr(), "{line}"));
}

async fn prepare(world: &World) -> (Account, Vec<Case>) {
    let account = world.sign_up().await;
    let budget = u64::try_from(BUDGET.as_millis()).unwrap();
    account.set_policy(json!({ "confirmShare": 1.0, "budgetMs": budget })).await;
    let cases = cases(&account).await;
    (account, cases)
}

#[test]
fn every_network_is_hit_with_the_right_id() {
    run(Setting::Embedded, &[], async |world: &mut World| {
        let (account, cases) = prepare(world).await;
        let (browser, internet) = (world.browser().await, world.stand_in());
        leave(&browser, internet, &cases[0]).await;
        say("network          form    hit seen  time to leave  receipt");
        let mut missing = Vec::new();
        for (place, case) in cases.iter().enumerate() {
            let took = leave(&browser, internet, case).await;
            let look = async || internet.all_hits().into_iter().find(|hit| case.is_hit(hit));
            let seen = wait::within(Duration::from_secs(2), look).await.is_some();
            let states = receipt(&account, case, 1 + u64::from(place == 0)).await;
            let state = states.iter().filter(|(_, count)| **count > 0).map(|(state, _)| *state).collect::<Vec<_>>();
            let refused: Vec<_> =
                browser.console().await.into_iter().filter(|line| line.contains("ecurity Policy")).collect();
            if !refused.is_empty() {
                missing.push(format!("{}: {refused:#?}", case.name()));
            }
            say(&format!("{}  {:<8}  {:>7} ms     {}", case.name(), seen, took.as_millis(), state.join(" ")));
            if !seen || state != ["fired"] || took > BUDGET + BUSY {
                let asked: Vec<_> =
                    internet.all_hits().iter().map(|hit| format!("{} {}", hit.url(), hit.body)).collect();
                missing.push(format!("{}: {state:?} after {took:?}, asked were {asked:#?}", case.name()));
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
        browser.close().await;
    });
}

#[test]
fn hosts_that_fail_hold_nobody_and_are_told_by_the_receipt() {
    run(Setting::Embedded, &[], async |world: &mut World| {
        let (account, cases) = prepare(world).await;
        let (browser, internet) = (world.browser().await, world.stand_in());
        leave(&browser, internet, &cases[0]).await;
        let mut wrong = Vec::new();
        let mut told: Vec<BTreeMap<&str, u64>> = vec![BTreeMap::new(); cases.len()];
        told[0] = receipt(&account, &cases[0], 1).await;
        for (behaviour, expected) in [
            (Behaviour::Refuses, ["blocked", "failed"]),
            (Behaviour::Slow(Duration::from_secs(30)), ["timedOut"; 2]),
            (Behaviour::Fails, ["blocked", "failed"]),
            (Behaviour::Slow(Duration::from_secs(3)), ["timedOut"; 2]),
        ] {
            internet.behave_all_but(SHOP, behaviour.clone());
            for (case, before) in cases.iter().zip(&mut told) {
                let took = leave(&browser, internet, case).await;
                let states = receipt(&account, case, before.values().sum::<u64>() + 1).await;
                let is_new = |state: &str| states[state] > before.get(state).copied().unwrap_or(0);
                // an answer of 500 to an image is an answer, and VK's older code is one
                let is_image = case.image || case.network.key == "vk";
                let answered = is_image && behaviour == Behaviour::Fails && is_new("fired");
                if !(expected.iter().any(|state| is_new(state)) || answered) || took > BUDGET + BUSY {
                    wrong.push(format!(
                        "{} with {behaviour:?}: {before:?}, then {states:?} after {took:?}",
                        case.name()
                    ));
                }
                *before = states;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        browser.close().await;
    });
}
