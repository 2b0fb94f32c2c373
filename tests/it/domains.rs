//! Domains of a tenant's own: claimed, proved by a DNS record, served, lost and passed on, in both settings; and what front
//! servers are told of them.

mod asking;
mod lost;

use crate::world::{
    World,
    browser::{Browser, Scripts},
    client::{Account, mutation, pairs, text, with},
    dns::Answer,
    in_both, wait,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// How soon a change is served.
const SERVED: Duration = Duration::from_secs(1);
/// How soon the loop has looked at a record, and a few times more than that.
const LOOKED: Duration = Duration::from_secs(20);
/// Milliseconds of grace in these tests.
const GRACE: i64 = 2_000;
const DOMAIN: &str = "domain { id host state shared isDefault fallback verification { recordName recordType recordValue checkedAt problem } }";

in_both!(&[("DOMAIN_RECHECK_SECONDS", "1"), ("DOMAIN_GRACE_SECONDS", "2")] =>
    a_host_serves_once_its_record_was_seen,
    a_record_that_is_gone_loses_a_domain_and_silence_does_not,
    a_host_passes_from_one_tenant_to_another,
);
in_both!(
    mistakes_come_back_at_once,
    a_default_domain_takes_the_links_that_name_none,
    domains_of_others_do_not_exist,
    code_of_ones_own_runs_on_a_domain_of_ones_own,
);

/// A host that no other test has, since settings of one box share a database server but no database.
const HOST: &str = "go.acme.example";

async fn create(account: &Account, host: &str, extra: Value) -> Value {
    let input = with(json!({ "tenantId": account.tenant, "host": host }), extra);
    account.client.done("createDomain", input, DOMAIN).await["domain"].take()
}

/// Has a record looked up, as soon as one may ask again.
async fn verify(account: &Account, domain: &Value) -> Value {
    wait::until("a look at the record", LOOKED, async || {
        let mut looked = account.client.mutate("verifyDomain", json!({ "id": domain["id"] }), DOMAIN).await;
        let refused = pairs(&looked["userErrors"]);
        assert!(refused.iter().all(|(_, code)| code == "LIMIT_REACHED"), "{refused:?}");
        refused.is_empty().then(|| looked["domain"].take())
    })
    .await
}

/// Claims a host, makes its record and has it looked up.
async fn prove(world: &World, account: &Account, host: &str) -> Value {
    let domain = create(account, host, json!({})).await;
    make_record(world, &domain);
    let domain = verify(account, &domain).await;
    assert_eq!(domain["state"], "VERIFIED", "{domain}");
    domain
}

fn make_record(world: &World, domain: &Value) {
    let record = &domain["verification"];
    world.dns().set_text(text(&record["recordName"]), text(&record["recordValue"]));
}

fn record_name(domain: &Value) -> &str {
    text(&domain["verification"]["recordName"])
}

async fn node(account: &Account, domain: &Value) -> Value {
    let document = "query($id: ID!) { node(id: $id) { ... on Domain { state isDefault fallback
        verification { checkedAt problem } } } }";
    account.client.query(document, json!({ "id": domain["id"] })).await["node"].take()
}

async fn becomes(account: &Account, domain: &Value, state: &str) {
    let look = async || node(account, domain).await["state"].clone();
    wait::until_equal("the domain's state", LOOKED, &json!(state), look).await;
}

/// Waits until a visit of a host gets this, for as long as a change may take to be served.
async fn served(world: &World, host: &str, slug: &str, status: u16, location: &str) {
    let look = async || {
        let answer = world.visit(slug).header("host", host).send().await.unwrap();
        let location = answer.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
        (answer.status().as_u16(), location.unwrap_or_default())
    };
    wait::until_equal(&format!("a visit of {host}/{slug}"), SERVED, &(status, location.to_owned()), look).await;
}

/// What a front server is told.
async fn asked(world: &World, query: &str) -> (u16, String) {
    let answer = world.client().request(Method::GET, &format!("/tls/ask{query}")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn a_host_serves_once_its_record_was_seen(world: &mut World) {
    let account = world.sign_up().await;
    let domain = create(&account, "Go.Acme.Example", json!({ "fallback": "https://acme.example/lost" })).await;
    let record = &domain["verification"];
    assert_eq!(
        (&domain["host"], &domain["state"], &domain["shared"]),
        (&json!(HOST), &json!("PENDING"), &json!(false))
    );
    assert_eq!((&record["recordType"], &record["recordName"]), (&json!("TXT"), &json!("_stopover.go.acme.example")));
    assert!(text(&record["recordValue"]).starts_with("stopover-verification="), "{record}");
    served(world, HOST, "same", 404, "").await;
    let on = json!({ "tenantId": account.tenant, "destination": "https://own.example.org/", "domainId": domain["id"] });
    let refused = account.client.mistakes("createLink", on).await;
    assert_eq!(refused, [("domainId".to_owned(), "INVALID".to_owned())], "nothing lives on what is not verified");

    let looked = verify(&account, &domain).await;
    assert_eq!(looked["state"], "PENDING");
    assert!(text(&looked["verification"]["problem"]).contains("no TXT record"), "{looked}");
    assert!(looked["verification"]["checkedAt"].is_string());
    let values = ["v=spf1 -all", &text(&record["recordValue"]).to_uppercase()].map(str::to_owned);
    world.dns().set(record_name(&domain), Answer::Texts(values.to_vec()));
    assert_eq!(verify(&account, &domain).await["state"], "PENDING");
    assert_eq!(asked(world, "?domain=go.acme.example").await.0, 404);
    make_record(world, &domain);
    let proved = verify(&account, &domain).await;
    assert_eq!((&proved["state"], &proved["verification"]["problem"]), (&json!("VERIFIED"), &Value::Null));

    let own = json!({ "slug": "same", "domainId": domain["id"] });
    let own = account.create_link("https://own.example.org/", own).await;
    account.create_link("https://shared.example.org/", json!({ "slug": "same" })).await;
    assert!(own.short_url.ends_with("://go.acme.example/same"), "{}", own.short_url);
    served(world, HOST, "same", 302, "https://own.example.org/").await;
    served(world, world.domain(), "same", 302, "https://shared.example.org/").await;
    served(world, HOST, "never-made", 302, "https://acme.example/lost").await;
    served(world, world.domain(), "never-made", 404, "").await;
    let change = json!({ "id": domain["id"], "fallback": null });
    let changed = account.client.done("updateDomain", change, DOMAIN).await;
    assert_eq!(changed["domain"]["fallback"], Value::Null);
    served(world, HOST, "never-made", 404, "").await;
    let back = json!({ "id": domain["id"], "fallback": "https://acme.example/again" });
    account.client.done("updateDomain", back, DOMAIN).await;
    served(world, HOST, "never-made", 302, "https://acme.example/again").await;

    for (query, status) in [
        ("?domain=go.acme.example", 200),
        ("?domain=GO.acme.example.", 200),
        ("?domain=localhost", 200),
        ("?domain=acme.example", 404),
        ("?domain=x.go.acme.example", 404),
        ("?domain=a%20b", 400),
        ("?domain=", 400),
        ("", 400),
    ] {
        assert_eq!(asked(world, query).await, (status, String::new()), "{query}");
    }
    let posted = world.client().request(Method::POST, "/tls/ask?domain=localhost").send().await.unwrap();
    assert_eq!(posted.status(), 405);
}

async fn a_record_that_is_gone_loses_a_domain_and_silence_does_not(world: &mut World) {
    let account = world.sign_up().await;
    // the loop sees a record without being asked to
    let domain = create(&account, HOST, json!({ "fallback": "https://acme.example/" })).await;
    make_record(world, &domain);
    becomes(&account, &domain, "VERIFIED").await;
    let on = json!({ "slug": "a", "domainId": domain["id"] });
    let link = account.create_link("https://own.example.org/", on).await;
    served(world, HOST, "a", 302, "https://own.example.org/").await;

    // no answer, for longer than the grace
    world.dns().set(record_name(&domain), Answer::Fails);
    let since = now();
    let look = async || {
        let seen = node(&account, &domain).await;
        assert_eq!(seen["state"], "VERIFIED", "a name server that fails proves nothing: {seen}");
        let checked: jiff::Timestamp = text(&seen["verification"]["checkedAt"]).parse().unwrap();
        let failed = seen["verification"]["problem"].as_str().is_some_and(|problem| problem.contains("no answer"));
        (failed && checked.as_millisecond() > since + 2 * GRACE).then_some(())
    };
    wait::until("looks in vain for longer than the grace", LOOKED, look).await;
    served(world, HOST, "a", 302, "https://own.example.org/").await;

    world.dns().remove(record_name(&domain));
    becomes(&account, &domain, "LOST").await;
    served(world, HOST, "a", 404, "").await;
    served(world, HOST, "never-made", 404, "").await;
    assert_eq!(asked(world, "?domain=go.acme.example").await.0, 404);
    let on = json!({ "tenantId": account.tenant, "destination": "https://own.example.org/", "domainId": domain["id"] });
    assert_eq!(account.client.mistakes("createLink", on).await[0].0, "domainId");
    let preview = "query($id: ID!) { previewInterstitial(linkId: $id) { decision } }";
    let seen = account.client.reply(preview, json!({ "id": link.id })).await;
    assert_eq!(seen.code(), "BAD_USER_INPUT", "{}", seen.body);
    let change = json!({ "id": link.id, "destination": "https://two.example.org/" });
    account.client.done("updateLink", change, "link { id }").await;

    make_record(world, &domain);
    becomes(&account, &domain, "VERIFIED").await;
    served(world, HOST, "a", 302, "https://two.example.org/").await;
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

async fn a_host_passes_from_one_tenant_to_another(world: &mut World) {
    let (first, second) = (world.sign_up().await, world.sign_up().await);
    // a mere claim blocks nobody, and leading to a claimed host is nothing odd
    let claim = create(&second, HOST, json!({})).await;
    first.create_link("https://go.acme.example/", json!({})).await;
    let domain = prove(world, &first, HOST).await;
    let link = first.create_link("https://one.example.org/", json!({ "slug": "a", "domainId": domain["id"] })).await;
    served(world, HOST, "a", 302, "https://one.example.org/").await;
    let third = world.sign_up().await;
    let input = json!({ "tenantId": third.tenant, "host": HOST });
    assert_eq!(third.client.mistakes("createDomain", input).await, [("host".to_owned(), "TAKEN".to_owned())]);
    let input = json!({ "tenantId": third.tenant, "destination": "https://go.acme.example/" });
    assert_eq!(third.client.mistakes("createLink", input).await[0].0, "destination", "no circles");

    // who comes second stays outside, with a good record too
    let record = |domain: &Value| text(&domain["verification"]["recordValue"]).to_owned();
    world.dns().set(record_name(&domain), Answer::Texts(vec![record(&domain), record(&claim)]));
    let outside = verify(&second, &claim).await;
    assert_eq!(outside["state"], "PENDING");
    assert!(text(&outside["verification"]["problem"]).contains("another tenant"), "{outside}");

    make_record(world, &claim);
    becomes(&first, &domain, "LOST").await;
    becomes(&second, &claim, "VERIFIED").await;
    // nothing of the first is left, though it was remembered a moment ago
    served(world, HOST, "a", 404, "").await;
    second.create_link("https://two.example.org/", json!({ "slug": "a", "domainId": claim["id"] })).await;
    served(world, HOST, "a", 302, "https://two.example.org/").await;

    // and back: the links of the first are where they were
    let busy = second.client.mistakes("deleteDomain", json!({ "id": claim["id"] })).await;
    assert_eq!(busy, [("id".to_owned(), "INVALID".to_owned())]);
    let by_address = "query($domain: String!) { linkByAddress(domain: $domain, slug: \"a\") { id } }";
    let found = second.client.query(by_address, json!({ "domain": HOST })).await;
    second.client.done("deleteLink", json!({ "id": found["linkByAddress"]["id"] }), "deletedLinkId").await;
    second.client.done("deleteDomain", json!({ "id": claim["id"] }), "deletedDomainId").await;
    served(world, HOST, "a", 404, "").await;
    assert_eq!(node(&second, &claim).await, Value::Null);
    make_record(world, &domain);
    assert_eq!(verify(&first, &domain).await["state"], "VERIFIED");
    served(world, HOST, "a", 302, "https://one.example.org/").await;
    let found = first.client.query(by_address, json!({ "domain": HOST })).await;
    assert_eq!(found["linkByAddress"]["id"], link.id);
}

async fn mistakes_come_back_at_once(world: &mut World) {
    let account = world.sign_up().await;
    let create = |host: &str, fallback: &str| json!({ "tenantId": account.tenant, "host": host, "fallback": fallback });
    let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    let invalid = |fields: &[&str]| fields.iter().map(|field| pair(field, "INVALID")).collect::<Vec<_>>();
    for host in ["127.0.0.1", "a.example:8080", "router", "localhost", "x.localhost", "no host"] {
        let found = account.client.mistakes("createDomain", create(host, "https://acme.example/{slug}")).await;
        assert_eq!(found, invalid(&["host", "fallback"]), "{host}");
    }
    let shared = format!("http://{}/", world.domain());
    for circle in ["https://go.acme.example/x", "https://GO.acme.example:8443/", &shared] {
        let found = account.client.mistakes("createDomain", create(HOST, circle)).await;
        assert_eq!(found, invalid(&["fallback"]), "{circle}");
    }
    let domain = self::create(&account, HOST, json!({})).await;
    let found = account.client.mistakes("createDomain", create(HOST, "javascript:alert(1)")).await;
    assert_eq!(found, [pair("host", "TAKEN"), pair("fallback", "INVALID")]);
    let change = json!({ "id": domain["id"], "fallback": "https://go.acme.example/", "isDefault": true });
    let found = account.client.mistakes("updateDomain", change).await;
    assert_eq!(found, invalid(&["fallback", "isDefault"]));
    for number in 1..50 {
        self::create(&account, &format!("go{number}.acme.example"), json!({})).await;
    }
    let found = account.client.mistakes("createDomain", create("one-more.example", "")).await;
    assert_eq!(found, [pair("tenantId", "LIMIT_REACHED")]);
    account.client.done("deleteDomain", json!({ "id": domain["id"] }), "deletedDomainId").await;
    self::create(&account, "one-more.example", json!({ "fallback": "" })).await;
}

async fn a_default_domain_takes_the_links_that_name_none(world: &mut World) {
    let account = world.sign_up().await;
    let (one, two) = (prove(world, &account, "one.example").await, prove(world, &account, "two.example").await);
    let host = async || {
        let url = account.create_link("https://shop.example.org/", json!({})).await.short_url;
        url::Url::parse(&url).unwrap().host_str().unwrap().to_owned()
    };
    assert_eq!(host().await, "localhost");
    for (domain, expected) in [(&one, "one.example"), (&two, "two.example")] {
        account.client.done("updateDomain", json!({ "id": domain["id"], "isDefault": true }), DOMAIN).await;
        assert_eq!(host().await, expected);
    }
    assert_eq!((node(&account, &one).await["isDefault"].clone(), &two["isDefault"]), (json!(false), &json!(false)));
    let list = "query($id: ID!) { tenant(id: $id) { domains { totalCount nodes { host shared state isDefault
        verification { recordType } } } } }";
    let seen = account.client.query(list, json!({ "id": account.tenant })).await;
    let own = |host: &str, is_default: bool| {
        json!({ "host": host, "shared": false, "state": "VERIFIED", "isDefault": is_default,
            "verification": { "recordType": "TXT" } })
    };
    let shared = json!({ "host": world.domain(), "shared": true, "state": "VERIFIED", "isDefault": false,
        "verification": null });
    let nodes = json!([shared, own("one.example", false), own("two.example", true)]);
    assert_eq!(seen["tenant"]["domains"], json!({ "totalCount": 3, "nodes": nodes }));
    account.client.done("updateDomain", json!({ "id": two["id"], "isDefault": false }), DOMAIN).await;
    assert_eq!(host().await, "localhost");
}

async fn domains_of_others_do_not_exist(world: &mut World) {
    let (owner, stranger) = (world.sign_up().await, world.sign_up().await);
    let domain = prove(world, &owner, HOST).await;
    let foreign = text(&domain["id"]).to_owned();
    let nobody = BASE64_URL_SAFE_NO_PAD.encode(format!("Domain:{}", uuid::Uuid::now_v7().as_simple()));
    let list = "query($id: ID!) { tenant(id: $id) { domains { nodes { id shared } } } }";
    let seen = stranger.client.query(list, json!({ "id": stranger.tenant })).await;
    let shared = text(&seen["tenant"]["domains"]["nodes"][0]["id"]).to_owned();
    assert_eq!(seen["tenant"]["domains"]["nodes"], json!([{ "id": shared, "shared": true }]));

    let documents = [
        ("query($id: ID!) { node(id: $id) { id } }".to_owned(), None),
        (mutation("verifyDomain", "domain { id }"), Some(json!({}))),
        (mutation("updateDomain", "domain { id }"), Some(json!({ "fallback": "nonsense", "isDefault": true }))),
        (mutation("deleteDomain", "deletedDomainId"), Some(json!({}))),
    ];
    for (document, input) in &documents {
        let variables = |id: &str| match input {
            Some(fields) => json!({ "input": with(json!({ "id": id }), fields.clone()) }),
            None => json!({ "id": id }),
        };
        let theirs = stranger.client.reply(document, variables(&foreign)).await;
        let nobodys = stranger.client.reply(document, variables(&nobody)).await;
        assert_eq!((theirs.status, &theirs.body), (nobodys.status, &nobodys.body), "{document}");
        let told = theirs.body.to_string();
        assert!(told.contains("NOT_FOUND") || told.contains(r#""node":null"#), "{document} answered {told}");
        if input.is_some() {
            let everybodys = stranger.client.reply(document, variables(&shared)).await;
            assert_eq!(everybodys.body, nobodys.body, "a shared domain is nobody's to change");
        }
    }
    for id in [&foreign, &nobody] {
        let on = json!({ "tenantId": stranger.tenant, "destination": "https://shop.example.org/", "domainId": id });
        let found = stranger.client.mistakes("createLink", on).await;
        assert_eq!(found, [("domainId".to_owned(), "NOT_FOUND".to_owned())]);
    }
    let input = json!({ "tenantId": owner.tenant, "host": "other.example" });
    assert_eq!(stranger.client.mistakes("createDomain", input).await[0].1, "NOT_FOUND");
    assert_eq!(node(&owner, &domain).await["state"], "VERIFIED", "nothing of all that has done anything");
}

async fn code_of_ones_own_runs_on_a_domain_of_ones_own(world: &mut World) {
    let account = world.sign_up().await;
    let domain = prove(world, &account, "go.code.example").await;
    let code = "new Image().src = 'https://t.code.example/p.gif';";
    let ids = [("code", code), ("hosts", "t.code.example")];
    let custom = account.create_pixel("CUSTOM_JS", &ids, json!({})).await;
    let broken = account.create_pixel("CUSTOM_JS", &[("code", "this is no JavaScript(")], json!({})).await;
    let container = account.create_pixel("GTM", &[("container_id", "GTM-K7B2XQ4")], json!({})).await;
    let pixels = json!({ "pixelIds": [custom, broken, container] });
    let shared = json!({ "tenantId": account.tenant, "destination": "https://shop.example.com/" });
    let refused = account.client.mistakes("createLink", with(shared, pixels.clone())).await;
    let field = |place: usize| (format!("pixelIds.{place}"), "INVALID".to_owned());
    assert_eq!(refused, [field(0), field(1), field(2)], "not on a domain that others share");
    let link =
        account.create_link("https://shop.example.com/", with(pixels, json!({ "domainId": domain["id"] }))).await;

    let port = world.domain().rsplit(':').next().unwrap().parse().unwrap();
    let browser = Browser::start_with(world.stand_in(), Scripts::Run, &[("go.code.example", port)]).await;
    browser.visit(&format!("http://go.code.example/{}", link.slug)).await;
    browser.arrives_at("shop.example.com").await;
    world.stand_in().hit("t.code.example", |hit| hit.path() == "/p.gif").await;
    world.stand_in().hit("www.googletagmanager.com", |hit| hit.path() == "/gtm.js").await;
    let look = async || {
        let report = account.report(&link, "delivery { pixel { id } fired failed }").await;
        let row = |pixel: &str, state: &str| {
            let rows = report["delivery"].as_array().unwrap().iter();
            rows.filter(|row| row["pixel"]["id"] == pixel).map(|row| row[state].as_u64().unwrap()).sum::<u64>()
        };
        (row(&custom, "fired"), row(&broken, "failed"), row(&container, "fired"))
    };
    wait::until_equal("what became of the code", Duration::from_secs(10), &(1, 1, 1), look).await;
    browser.close().await;
}
