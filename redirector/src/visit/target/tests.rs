//! What may be passed along, and what a visitor can never do to a destination.

use super::*;
use contract::document::{LinkState, Utm};
use url::Url;

fn link(destination: &str) -> LinkDocument {
    LinkDocument {
        link_id: Uuid::from_u128(0x11),
        tenant_id: Uuid::from_u128(0x22),
        state: LinkState::Active,
        destination: destination.to_owned(),
        title: None,
        starts_at: None,
        expires_at: None,
        fallback: None,
        forwarding: QueryForwarding::All,
        utm: Utm::default(),
        values: BTreeMap::from([("offer".to_owned(), "a b".to_owned())]),
        pixel_ids: Vec::new(),
        without_pixels: false,
        card: None,
    }
}

fn filling(query: &str) -> Filling<'_> {
    Filling { click_id: Uuid::from_u128(0xc11c), country: Some("CH"), device: "phone", query: Query::new(query) }
}

fn fill(link: &LinkDocument, query: &str) -> String {
    Target::of_link(link, "spring", Reach::Public).unwrap().fill(filling(query))
}

#[test]
fn the_query_goes_on_and_the_destinations_own_wins() {
    let plain = link("https://a.example/p");
    assert_eq!(fill(&plain, ""), "https://a.example/p");
    assert_eq!(fill(&plain, "x=1&y=%20+z&flag&&x=2"), "https://a.example/p?x=1&y=%20+z&flag&x=2");
    let own = link("https://a.example/p?x=own&b%20c=1#part?x#y");
    assert_eq!(fill(&own, "x=1&y=2&b+c=3"), "https://a.example/p?x=own&b%20c=1&y=2#part?x#y");
    assert_eq!(fill(&link("https://a.example/?"), "x=1"), "https://a.example/?x=1");
    assert_eq!(fill(&link("https://a.example/#/?q"), "x=1"), "https://a.example/?x=1#/?q");
    assert_eq!(fill(&link("https://a.example"), "x=1"), "https://a.example/?x=1");
}

#[test]
fn forwarding_can_be_narrowed_but_click_ids_survive() {
    let mut narrow = link("https://a.example/p");
    narrow.forwarding = QueryForwarding::Off;
    assert_eq!(fill(&narrow, "x=1&gclid=g&uid=me&fbclid=f"), "https://a.example/p?gclid=g&fbclid=f");
    narrow.forwarding = QueryForwarding::Only(vec!["uid".to_owned()]);
    assert_eq!(fill(&narrow, "x=1&gclid=g&uid=me"), "https://a.example/p?gclid=g&uid=me");
    narrow.destination = "https://a.example/p?gclid=own".to_owned();
    assert_eq!(fill(&narrow, "gclid=g"), "https://a.example/p?gclid=own");
    let long = "a".repeat(7_500);
    assert_eq!(fill(&link("https://a.example/"), &format!("x={long}&gclid=g")), "https://a.example/?gclid=g");
}

#[test]
fn utm_of_the_link_stands_between_the_destination_and_the_visit() {
    let mut tagged = link("https://a.example/?utm_source=own");
    tagged.utm.source = Some("link".to_owned());
    tagged.utm.campaign = Some("spring sale&more".to_owned());
    let expected = "https://a.example/?utm_source=own&utm_campaign=spring%20sale%26more";
    assert_eq!(fill(&tagged, ""), expected);
    let expected = format!("{expected}&utm_medium=mail");
    assert_eq!(fill(&tagged, "utm_campaign=visit&utm_source=visit&utm_medium=mail"), expected);
}

#[test]
fn merge_fields_are_filled_where_they_stand() {
    let merged =
        link("https://a.example/{slug}/{device}?c={click_id}&l={link_id}&o={offer}&n={param.n}#{country}{param.no}");
    assert_eq!(
        fill(&merged, "n=%C3%A4%26b%2Fc+d&x=1"),
        "https://a.example/spring/phone?c=00000000-0000-0000-0000-00000000c11c\
         &l=00000000-0000-0000-0000-000000000011&o=a%20b&n=%C3%A4%26b%2Fc%20d&x=1#CH"
    );
    let climbing = link("https://a.example/users/{param.n}/public");
    assert_eq!(fill(&climbing, "n=.%2e"), "https://a.example/users//public?n=.%2e");
    assert_eq!(Target::of_domain("https://a.example/x?y#z", Reach::Public).as_deref(), Some("https://a.example/x?y#z"));
    assert_eq!(Target::of_domain("https://a.example/{slug}", Reach::Local).as_deref(), Some("https://a.example/"));
    assert_eq!(Target::of_domain("javascript:alert(1)", Reach::Local), None);
}

#[test]
fn no_visitor_chooses_scheme_host_or_user() {
    let nasty = [
        "",
        "//evil.example",
        "\\\\evil.example",
        "@evil.example",
        ":8080",
        "\r\nLocation: https://evil.example",
        "%0d%0aSet-Cookie:x=1",
        "%2f%2fevil.example",
        "../../..",
        "..",
        "%2e%2e",
        "?",
        "#",
        "##",
        "javascript:alert(1)",
        "\u{0}",
        "\u{7f}",
        "\u{e4}\u{2028}\u{1f600}",
        "%",
        "%%",
        "%f",
        "%zz",
        "{click_id}",
        "{param.n}",
        "<script>",
        "'\"`",
        "a&b=c;d",
        "=",
        "&&&",
        "+++",
        "[]",
        "|^",
        "https://evil.example/",
        " ",
        "\t",
        ".evil.example",
    ];
    let destinations = [
        "https://a.example",
        "https://a.example/{param.n}",
        "https://a.example/x{param.n}y?{param.n}={param.n}#{param.n}",
        "https://a.example/?q={param.n}",
        "https://a.example:444/#{param.n}",
        "http://a.example/p?n=own",
    ];
    for destination in destinations {
        for value in nasty.into_iter().flat_map(|value| [value.to_owned(), encode_value(value), value.repeat(1_000)]) {
            for query in [format!("n={value}"), format!("{value}=1"), format!("n={value}&{value}"), value.clone()] {
                let filled = fill(&link(destination), &query);
                let given = Url::parse(&destination.replace("{param.n}", "n")).unwrap();
                let url = Url::parse(&filled).unwrap();
                assert_eq!(url.origin(), given.origin(), "{filled}");
                assert_eq!((url.username(), url.password()), ("", None), "{filled}");
                assert!(filled.bytes().all(|byte| (0x21..0x7f).contains(&byte)), "{filled:?}");
                assert!(filled.len() <= MAX_ADDED + destination.len() + 1, "{}", filled.len());
                if !destination.contains("n}y") {
                    assert!(!url.path().contains("evil.example/"), "{filled}");
                }
            }
        }
    }
}
