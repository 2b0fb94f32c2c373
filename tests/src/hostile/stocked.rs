//! Bodies of a member whose tenant has data: within the limits or just over them, and each asks for as much as it can.

use super::{Harm, Refused, contents, object, stock::Stock, times, with};
use serde_json::{Value, json};

/// Bodies for the tenant of a stock.
#[must_use]
pub fn bodies(stock: &Stock) -> Vec<Harm> {
    let tenant = json!({ "t": stock.tenant, "l": stock.link });
    let read =
        |(name, text, expected): (&'static str, String, Refused)| Harm::new(name, with(&text, &tenant), expected);
    let mut all: Vec<Harm> = reports().into_iter().chain(lists()).chain(shapes()).map(read).collect();
    all.extend(inputs(stock));
    all.extend(bulk(stock));
    all.extend(contents::all().into_iter().map(|(name, format, content)| {
        let input = json!({ "tenantId": stock.tenant, "format": format, "content": content });
        Harm::new(name, changing("trackContent", "content links { original count }", &input), Refused::Harmless)
    }));
    all
}

fn changing(name: &str, selection: &str, input: &Value) -> Vec<u8> {
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let text =
        format!("mutation($i: {kind}!) {{ {name}(input: $i) {{ {selection} userErrors {{ field message code }} }} }}");
    with(&text, &json!({ "i": input }))
}

const HEAD: &str = "query($t: ID!)";

/// Parts of a tenant's reports over the longest range.
fn reports() -> Vec<(&'static str, String, Refused)> {
    use Refused::{Harmless, TooComplex};
    let range =
        "filter: { from: \"2026-01-01T00:00:00Z\", to: \"2026-12-31T00:00:00Z\", timeZone: \"Asia/Kathmandu\" }";
    let recent = "filter: { from: \"2026-10-01T00:10:00Z\", to: \"2026-12-01T00:20:00Z\" }";
    let report = |count: usize, range: &str, part: &str| {
        let parts = times(count, &format!("a#: report({range}) {{ {part} }} "));
        format!("{HEAD} {{ tenant(id: $t) {{ {parts} }} }}")
    };
    let totals = "totals { clicks humanClicks botClicks uniqueVisitors pixelsSent pixelsFired }";
    let hours = "series(interval: HOUR, timeZone: \"Australia/Lord_Howe\") { at clicks uniqueVisitors }";
    let whole = hours.replace("at clicks", "at clicks humanClicks botClicks");
    let days = "series(interval: DAY) { at clicks uniqueVisitors }";
    let dimensions = [
        "LINK",
        "COUNTRY",
        "REGION",
        "CITY",
        "REFERRER",
        "DEVICE",
        "BROWSER",
        "OS",
        "LANGUAGE",
        "UTM_SOURCE",
        "UTM_MEDIUM",
        "UTM_CAMPAIGN",
        "UTM_TERM",
        "UTM_CONTENT",
    ];
    let breakdowns: String =
        dimensions.iter().map(|by| format!("{by}: breakdown(by: {by}, first: 1000) {{ value clicks }} ")).collect();
    let deliveries: String = ["PIXEL", "NETWORK", "BROWSER", "COUNTRY", "DAY"]
        .iter()
        .map(|by| format!("{by}: delivery(by: {by}) {{ pixel {{ name ids {{ key }} }} value sent fired medianMs }} "))
        .collect();
    let of_links = |first: usize, range: &str, part: &str| {
        format!("{HEAD} {{ tenant(id: $t) {{ links(first: {first}) {{ nodes {{ report{range} {{ {part} }} }} }} }} }}")
    };
    vec![
        ("totals of 30 reports", report(30, range, totals), Harmless),
        ("9 series by the hour", report(9, recent, hours), Harmless),
        ("10 series by the hour", report(10, recent, hours), TooComplex),
        ("30 series by the day", report(30, range, days), Harmless),
        ("breakdowns by everything", report(1, range, &breakdowns), Harmless),
        ("breakdowns by everything, four times", report(4, range, &breakdowns), TooComplex),
        ("deliveries by everything, twice", report(2, range, &deliveries), Harmless),
        ("totals of 100 links", of_links(100, "", totals), Harmless),
        ("breakdowns of 100 links", of_links(100, "", "breakdown(by: COUNTRY, first: 1) { value }"), Harmless),
        ("deliveries of 70 links", of_links(70, "", "delivery(by: DAY) { sent }"), Harmless),
        ("days of 60 links", of_links(60, "", "series(interval: DAY) { clicks }"), Harmless),
        ("hours of 23 links", of_links(23, "", "series(interval: HOUR) { clicks }"), Harmless),
        ("hours of 24 links", of_links(24, "", "series(interval: HOUR) { clicks }"), TooComplex),
        (
            "hours of 12 links over 61 days",
            of_links(12, &format!("({recent})"), "series(interval: HOUR) { clicks }"),
            Harmless,
        ),
        (
            "hours of 13 links over 61 days",
            of_links(13, &format!("({recent})"), "series(interval: HOUR) { clicks }"),
            TooComplex,
        ),
        ("all of 7 series by the hour", report(7, recent, &whole), Harmless),
        ("all of 8 series by the hour", report(8, recent, &whole), TooComplex),
        ("months of 100 links", of_links(100, "", "series(interval: MONTH) { clicks } from"), Harmless),
    ]
}

/// Lists within lists, and filters.
fn lists() -> Vec<(&'static str, String, Refused)> {
    use Refused::{Harmless, TooComplex};
    let of_tenant = |part: &str| format!("{HEAD} {{ tenant(id: $t) {{ {part} }} }}");
    let link = "id slug shortUrl destination title tags state createdAt values { name value } utm { campaign } \
                pixels { id name ids { key value } } domain { host state }";
    let click =
        "id at country device browser parameters { name value } pixels { state pixel { name ids { key value } } }";
    let wild = "%_".repeat(100);
    let pattern = "(a+)+$".repeat(33);
    let searched = |text: &str| times(30, &format!("a#: links(filter: {{ text: \"{text}#\" }}) {{ totalCount }} "));
    let audit = times(8, "a#: auditLog(first: 100) { nodes { action before after hash previousHash targetId } } ");
    let many = |count: usize| times(count, "a#: tenant(id: $t) { links(first: 100) { nodes { id tags } } } ");
    let from_both_ends =
        times(15, "a#: links(last: 100) { nodes { id title } } b#: links(first: 100) { nodes { id } } ");
    vec![
        ("100 links with all they have", of_tenant(&format!("links(first: 100) {{ nodes {{ {link} }} }}")), Harmless),
        (
            "clicks with all they have",
            of_tenant(&format!("links(first: 5) {{ nodes {{ clicks(first: 15) {{ nodes {{ {click} }} }} }} }}")),
            Harmless,
        ),
        (
            "clicks of 100 links",
            of_tenant("links(first: 100) { nodes { clicks(first: 90) { nodes { id } } } }"),
            Harmless,
        ),
        (
            "clicks of 100 links, 100 each",
            of_tenant("links(first: 100) { nodes { clicks(first: 100) { nodes { id } } } }"),
            TooComplex,
        ),
        (
            "counts of clicks of 100 links",
            of_tenant("links(first: 100) { nodes { clicks(first: 0) { totalCount } } }"),
            Harmless,
        ),
        ("30 counts", of_tenant(&times(30, "a#: links(first: 0) { totalCount } ")), Harmless),
        ("searches for wildcards", of_tenant(&searched(&wild)), Harmless),
        ("searches for a pattern", of_tenant(&searched(&pattern)), Harmless),
        ("audit logs", of_tenant(&audit), Harmless),
        ("12 tenants with tags of 100 links", format!("{HEAD} {{ {} }}", many(12)), Harmless),
        ("13 tenants with tags of 100 links", format!("{HEAD} {{ {} }}", many(13)), TooComplex),
        ("20 tenants with 100 links", format!("{HEAD} {{ {} }}", many(20).replace("tags", "title")), Harmless),
        ("links from both ends", of_tenant(&from_both_ends), Harmless),
        (
            "nine times the health of pixels",
            of_tenant(&times(9, "a#: pixelHealth { pixel { name } state message } ")),
            Harmless,
        ),
        ("30 usages", of_tenant(&times(16, "a#: usage { links linksThisMonth clicksThisMonth } ")), Harmless),
        (
            "20 previews",
            format!(
                "query($l: ID!) {{ {} }}",
                times(
                    20,
                    "a#: previewInterstitial(linkId: $l) { page headers { name value } pixels { pixel { name } } } "
                )
            ),
            Harmless,
        ),
        (
            "a cursor of nonsense",
            of_tenant(&format!("links(after: \"{}\") {{ nodes {{ id }} }}", "A".repeat(60_000))),
            Harmless,
        ),
        (
            "all memberships with all their links",
            "{ viewer { memberships { tenant { links(first: 20) { nodes { id } } } } } }".to_owned(),
            Harmless,
        ),
    ]
}

/// Documents whose shape is work for whoever checks them.
fn shapes() -> Vec<(&'static str, String, Refused)> {
    use Refused::{Harmless, Invalid, TooComplex};
    let kinds = ["Link", "Tenant", "Pixel", "Domain", "Webhook"];
    let wide: String = (0..190).map(|at| format!("... on {} {{ a{at}: id }} ", kinds[at % kinds.len()])).collect();
    let narrow: String = (0..240).map(|at| format!("... on {} {{ id }} ", kinds[at % kinds.len()])).collect();
    let floods = "__typename ".repeat(980);
    let same = "id name ".repeat(450);
    let spreads: String = (0..150).map(|at| format!("...f{at} ")).collect();
    let fragments: String = (0..150).map(|at| format!("fragment f{at} on Tenant {{ id name role }} ")).collect();
    let variables: String = (0..200).map(|at| format!("$v{at}: Int ")).collect();
    let used: String = (0..30).map(|at| format!("a{at}: links(first: $v{at}) {{ nodes {{ id }} }} ")).collect();
    let arguments: String = (0..190).map(|at| format!("x{at}: {at} ")).collect();
    let list = "[1, 2, 3, {a: 1}] ".repeat(120);
    vec![
        ("a wide union with aliases", format!("query($l: ID!) {{ node(id: $l) {{ {wide} }} }}"), TooComplex),
        ("a wide union", format!("query($l: ID!) {{ node(id: $l) {{ {narrow} }} }}"), Harmless),
        ("980 type names", format!("{HEAD} {{ tenant(id: $t) {{ {floods} }} }}"), Harmless),
        ("900 fields that are two", format!("{HEAD} {{ tenant(id: $t) {{ {same} }} }}"), Harmless),
        ("150 fragments", format!("{HEAD} {{ tenant(id: $t) {{ {spreads} }} }} {fragments}"), Harmless),
        ("200 variables", format!("query($t: ID! {variables}) {{ tenant(id: $t) {{ {used} }} }}"), Invalid),
        ("arguments that are not there", format!("{{ networks({arguments}) {{ key }} }}"), Invalid),
        ("lists where a word belongs", format!("{{ node(id: [{list}]) {{ id }} }}"), Invalid),
    ]
}

/// Mutations with as many mistakes, or as much of everything, as fits into a body.
fn inputs(stock: &Stock) -> Vec<Harm> {
    use Refused::{Harmless, Invalid};
    let tenant = &stock.tenant;
    let regions = vec![json!({ "countries": vec!["??"; 60], "mode": "OPT_OUT" }); 20];
    let texts = vec![json!({ "key": "ACCEPT", "language": "EN", "text": "x\u{202e}".repeat(150) }); 60];
    let text = |length: usize, part: &str| part.repeat(length);
    let link = |extra: Value| {
        let mut input = json!({ "tenantId": tenant, "destination": "https://a.example/" });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        changing("createLink", "link { id }", &input)
    };
    let harm = |name, body| Harm::new(name, body, Harmless);
    vec![
        harm(
            "a policy of 1,200 wrong countries",
            changing(
                "updateTenant",
                "tenant { id }",
                &json!({ "id": tenant, "policy": { "consent": { "default": "OPT_OUT", "regions": regions } } }),
            ),
        ),
        harm(
            "60 texts of odd direction",
            changing("updateTenant", "tenant { id }", &json!({ "id": tenant, "branding": { "texts": texts } })),
        ),
        harm("a title of combining marks", link(json!({ "title": text(20_000, "\u{301}") }))),
        harm("a slug of emoji", link(json!({ "slug": text(6_000, "\u{1f3f3}\u{fe0f}\u{200d}") }))),
        harm("9,000 tags", link(json!({ "tags": vec!["a"; 9_000] }))),
        harm("9,000 pixels that are one", link(json!({ "pixelIds": vec!["x"; 9_000] }))),
        harm(
            "a destination of percent signs",
            link(json!({ "destination": format!("https://a.example/?{}", text(20_000, "%")) })),
        ),
        harm(
            "a destination of merge fields",
            link(json!({ "destination": format!("https://a.example/?{}", text(4_000, "{param.a}")) })),
        ),
        harm("a destination of brackets", link(json!({ "destination": format!("https://{}", text(50_000, "[")) }))),
        harm("a host of dots", link(json!({ "destination": format!("https://{}", text(20_000, "a.")) }))),
        harm(
            "a host of letters from elsewhere",
            link(json!({ "destination": format!("https://{}", text(15_000, "ü")) })),
        ),
        harm("a host of punycode", link(json!({ "destination": format!("https://xn--{}", text(50_000, "a")) }))),
        harm(
            "a pixel with a huge picture",
            changing(
                "createPixel",
                "pixel { id }",
                &json!({ "tenantId": tenant, "network": "CUSTOM_IMAGE", "name": "x", "ids": [{ "key": "url", "value": text(60_000, "<") }] }),
            ),
        ),
        harm(
            "1,000 ids of a pixel",
            changing(
                "createPixel",
                "pixel { id }",
                &json!({ "tenantId": tenant, "network": "META", "name": "x", "ids": vec![json!({ "key": "pixel_id", "value": "1" }); 1_000] }),
            ),
        ),
        harm(
            "a key for 3,000 tenants",
            changing(
                "createApiKey",
                "apiKey { id }",
                &json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": vec![tenant; 900] }),
            ),
        ),
        harm(
            "a password of 60,000 bytes",
            changing(
                "logIn",
                "session { accessToken }",
                &json!({ "email": "nobody@example.com", "password": text(60_000, "x") }),
            ),
        ),
        harm(
            "an address of 60,000 bytes",
            changing(
                "logIn",
                "session { accessToken }",
                &json!({ "email": text(60_000, "@"), "password": "wrong password" }),
            ),
        ),
        Harm::new(
            "a huge number of links",
            with(
                "query($t: ID!, $n: Int) { tenant(id: $t) { links(first: $n) { nodes { id } } } }",
                &json!({ "t": tenant, "n": 1e300 }),
            ),
            Invalid,
        ),
        Harm::new(
            "a number that is a text",
            with(
                "query($t: ID!, $n: Int) { tenant(id: $t) { links(first: $n) { nodes { id } } } }",
                &json!({ "t": tenant, "n": "9".repeat(60_000) }),
            ),
            Invalid,
        ),
        Harm::new("1,000 unknown fields of an input", changing("createLink", "link { id }", &object(1_000)), Invalid),
    ]
}

/// Bodies of more than 64 KiB, which only a member may send.
fn bulk(stock: &Stock) -> Vec<Harm> {
    use Refused::{Harmless, Invalid, NoJson};
    let bad = json!({
        "destination": "javascript:alert(1)", "slug": "//", "title": "\u{0}", "externalId": "", "fallback": "x",
        "tags": vec![""; 10], "pixelIds": vec!["x"; 10], "values": vec![json!({ "name": "?", "value": "\u{1}" }); 4],
    });
    let many = |links: Vec<Value>| {
        let input = json!({ "tenantId": stock.tenant, "links": links });
        changing("createLinks", "results { index link { id } userErrors { field message code } }", &input)
    };
    let good: Vec<Value> = (0..500)
        .map(|at| json!({ "destination": format!("https://b.example/{at}"), "pixelIds": stock.pixels }))
        .collect();
    let same = json!({ "destination": "https://c.example/", "slug": "the-same" });
    let reported = "results { link { report { totals { clicks } series(interval: HOUR) { clicks } } } }";
    let input = json!({ "tenantId": stock.tenant, "links": vec![json!({ "destination": "https://d.example/" }); 500] });
    let members = |count: usize| {
        let members: serde_json::Map<String, Value> = (0..count).map(|at| (format!("m{at}"), json!({}))).collect();
        with("mutation { createLinks(input: {}) { userErrors { code } } }", &members.into())
    };
    let many_times = |part: &str, kind: &str| {
        // with a body as large as only `createLinks` has
        let text = format!(
            "mutation($f: {kind}) {{ createLinks(input: {{ tenantId: 1, links: [] }}) {{ results {{ link {{ {} }} }} }} }}",
            part.repeat(190)
        );
        with(&text, &json!({ "f": object(45_000) }))
    };
    let names = "x".repeat(216_000 / 4);
    let named = json!({ "tenantId": stock.tenant, "links": [{ names: 1 }] });
    vec![
        Harm::new("500 links that are all wrong", many(vec![bad; 500]), Harmless),
        Harm::new("500 links with 20 pixels each", many(good), Harmless),
        Harm::new("1,000 links with one slug", many(vec![same; 1_000]), Harmless),
        Harm::new("1,001 links", many(vec![json!({ "destination": "https://e.example/" }); 1_001]), Harmless),
        Harm::new("500 new links with a report each", changing("createLinks", reported, &input), Refused::TooComplex),
        Harm::new("20,000 members", members(20_000), Invalid),
        Harm::new(
            "a large variable in many reports",
            many_times("report(filter: $f) { from } ", "ReportFilter"),
            Invalid,
        ),
        Harm::new(
            "a large variable in many series",
            many_times("report { series(interval: $f) { at } } ", "ID!"),
            Refused::TooComplex,
        ),
        Harm::new(
            "a large variable in many ids",
            many_times("report { delivery(pixelId: $f) { sent } } ", "ID"),
            Refused::TooComplex,
        ),
        Harm::new("60,000 members", members(60_000), NoJson),
        Harm::new("a member of 54,000 bytes", changing("createLinks", "results { index }", &named), Invalid),
    ]
}
