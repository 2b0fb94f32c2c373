//! Pixels: what a network asks for, and a tenant's own image and code.

use super::{
    stage::Stage,
    table::{Row, Table, x},
};
use serde_json::{Value, json};

const PIXEL: &str = "pixel { id }";
const BACK: &str = "node(id: $id) { ... on Pixel { name mode isDefault ids { key value } } }";

/// What the tables name.
pub(super) async fn furnish(stage: &mut Stage) {
    let pixel = |tenant: &str, network: &str, ids: Value| json!({ "tenantId": tenant, "network": network, "name": network, "ids": ids });
    let code = json!([{ "key": "code", "value": "window.seen = true" }]);
    for (name, input) in [
        ("$pixel", pixel("$tenant", "META", meta("246813579024680"))),
        ("$code", pixel("$tenant", "CUSTOM_JS", code)),
        ("$image", pixel("$tenant", "CUSTOM_IMAGE", image(ADDRESS))),
        ("$their-pixel", pixel("$theirs", "META", meta("246813579024680"))),
    ] {
        stage.make(name, "createPixel", input, "/pixel/id").await;
    }
}

/// The tables.
pub(super) fn tables() -> Vec<Table> {
    let ids = meta("246813579024680");
    let good = json!({ "tenantId": "$tenant", "network": "META", "name": "Made", "ids": ids });
    let shows = json!({ "node": { "name": "Made", "mode": "AUTO", "isDefault": false, "ids": ids } });
    let nowhere = json!({ "network": "CUSTOM_IMAGE", "name": "", "ids": image("nonsense"), "mode": "SCRIPT", "idempotencyKey": "$used" });
    let several = "name INVALID, ids.url INVALID, mode INVALID, idempotencyKey INVALID";
    let create = Table::new("createPixel", good, PIXEL)
        .shows("/answer/pixel/id", BACK, shows)
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            (
                "a script that there is not",
                json!({ "network": "CUSTOM_IMAGE", "ids": image(ADDRESS), "mode": "SCRIPT" }),
                "mode INVALID",
            ),
            ("several", nowhere, several),
        ])
        .rows(names())
        .rows(of_network())
        .rows(of_image())
        .rows(of_code())
        .once(Some(("deletePixel", "/pixel/id")));
    let changed = json!({ "id": "$pixel", "name": "Changed", "isDefault": false, "ids": meta("13579246801357") });
    let shows = json!({ "node": { "name": "Changed", "ids": meta("13579246801357") } });
    let update = Table::new("updatePixel", changed, PIXEL)
        .shows("/input/id", BACK, shows)
        .rows([
            ("another tenant's pixel", json!({ "id": "$their-pixel" }), "id NOT_FOUND"),
            ("no pixel's id", json!({ "id": "nothing" }), "id NOT_FOUND"),
            (
                "a script that there is not",
                json!({ "id": "$image", "mode": "SCRIPT", "ids": image(ADDRESS) }),
                "mode INVALID",
            ),
            (
                "several",
                json!({ "id": "$image", "name": "", "mode": "SCRIPT", "ids": image("nonsense") }),
                "name INVALID, ids.url INVALID, mode INVALID",
            ),
        ])
        .rows(names())
        .rows([
            ("an id that is empty", json!({ "ids": meta("") }), "ids.pixel_id INVALID"),
            ("11 ids", json!({ "ids": vec![json!({ "key": "pixel_id", "value": "1" }); 11] }), "ids LIMIT_REACHED"),
        ]);
    let delete = Table::new("deletePixel", json!({ "id": "$image" }), "deletedPixelId")
        .shows("/input/id", BACK, json!({ "node": null }))
        .rows([("another tenant's pixel", json!({ "id": "$their-pixel" }), "id NOT_FOUND")]);
    vec![create, update, delete]
}

/// An address of an own image.
const ADDRESS: &str = "https://t.example.com/p.gif";

/// The id of a Meta pixel.
fn meta(id: &str) -> Value {
    json!([{ "key": "pixel_id", "value": id }])
}

/// The id of an own image.
fn image(url: &str) -> Value {
    json!([{ "key": "url", "value": url }])
}

fn names() -> [Row; 4] {
    [
        ("no name", json!({ "name": "" }), "name INVALID"),
        ("a name of two lines", json!({ "name": "a\nb" }), "name INVALID"),
        ("a name of 101 characters", json!({ "name": x(101) }), "name TOO_LONG"),
        ("a name of 100 characters", json!({ "name": "é".repeat(100) }), ""),
    ]
}

fn of_network() -> Vec<Row> {
    let twice = json!([{ "key": "pixel_id", "value": "1" }, { "key": "pixel_id", "value": "246813579024680" }]);
    let other = json!([{ "key": "other", "value": "246813579024680" }]);
    let short = json!({ "network": "TIKTOK", "ids": [{ "key": "pixel_code", "value": "short" }] });
    let quote = json!({ "network": "GOOGLE_ADS", "ids": [{ "key": "conversion_id", "value": "AW-1\"" }] });
    let full = |count: usize| {
        let other = |at: usize| json!({ "key": format!("other{at}"), "value": "1" });
        let one = json!({ "key": "pixel_id", "value": "246813579024680" });
        json!({ "ids": (1..count).map(other).chain([one]).collect::<Vec<_>>() })
    };
    vec![
        ("no id", json!({ "ids": [] }), "ids.pixel_id INVALID"),
        ("an empty id", json!({ "ids": meta("") }), "ids.pixel_id INVALID"),
        ("an id that breaks out", json!({ "ids": meta("1');alert(1)//") }), "ids.pixel_id INVALID"),
        ("an id twice", json!({ "ids": twice }), "ids.pixel_id INVALID"),
        ("an id of no network", json!({ "ids": other }), "ids.other INVALID, ids.pixel_id INVALID"),
        ("an id that is too short", short, "ids.pixel_code INVALID"),
        ("an id with a quote", quote, "ids.conversion_id INVALID"),
        ("11 ids", full(11), "ids LIMIT_REACHED"),
        // no network has as many
        (
            "10 ids",
            full(10),
            "ids.other1 INVALID, ids.other2 INVALID, ids.other3 INVALID, ids.other4 INVALID, ids.other5 INVALID, ids.other6 INVALID, ids.other7 INVALID, ids.other8 INVALID, ids.other9 INVALID",
        ),
    ]
}

fn of_image() -> Vec<Row> {
    let of = |url: &str| json!({ "network": "CUSTOM_IMAGE", "ids": image(url) });
    let long = |bytes: usize| of(&format!("{ADDRESS}?{}", x(bytes - ADDRESS.len() - 1)));
    let invalid = "ids.url INVALID";
    vec![
        ("an image without TLS", of("http://t.example.com/p.gif"), invalid),
        ("an image with credentials", of("https://me@t.example.com/p.gif"), invalid),
        ("an image on an IP address", of("https://127.0.0.1/p.gif"), invalid),
        ("an image on a local name", of("https://printer.local/p.gif"), invalid),
        ("a macro that there is not", of("https://t.example.com/p.gif?{nobody}"), invalid),
        ("an image that goes in circles", of("https://$shared-host/p.gif"), invalid),
        ("an image of 2,001 bytes", long(2_001), "ids.url TOO_LONG"),
        ("an image of 2,000 bytes", long(2_000), ""),
    ]
}

fn of_code() -> Vec<Row> {
    let of = |code: &str, hosts: &str| json!({ "network": "CUSTOM_JS", "ids": [{ "key": "code", "value": code }, { "key": "hosts", "value": hosts }] });
    let hosts = |count: usize| (0..count).map(|at| format!("h{at}.example.com")).collect::<Vec<_>>().join(", ");
    vec![
        ("code that ends its script", of("a</script>", "t.example.com"), "ids.code INVALID"),
        ("code of 8,001 bytes", of(&x(8_001), "t.example.com"), "ids.code INVALID"),
        ("code of 8,000 bytes", of(&x(8_000), "t.example.com"), ""),
        ("11 hosts", of("a", &hosts(11)), "ids.hosts INVALID"),
        ("10 hosts", of("a", &hosts(10)), ""),
    ]
}
