//! What a draft may say, and what is said of it otherwise.

use super::*;
use crate::{
    domains::Usable,
    links::draft::{Forwarding, ForwardingMode},
};
use contract::{address::Host, destination::Reach};
use std::collections::{HashMap, HashSet};

const NOW: i64 = 1_000;

fn rules() -> Rules {
    Rules {
        default_domain: Host::parse("go.example.com").unwrap(),
        https: true,
        reach: Reach::Public,
        redirector: String::new(),
        trusted_proxies: contract::proxies::TrustedProxies::default(),
        allowed_origins: crate::origins::Origins::default(),
        open_sign_up: true,
        public_url: None,
    }
}

fn draft() -> Draft {
    Draft { destination: "https://shop.example.org/{offer}?c={click_id}".to_owned(), ..Draft::default() }
}

fn values(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn check(draft: Draft, now: Option<i64>) -> (Checked, Vec<String>) {
    let mut mistakes = Vec::new();
    let checked = shape(draft, &rules(), now, &mut mistakes);
    let found = mistakes.iter().map(|mistake| format!("{} {:?}", mistake.field.join("."), mistake.code)).collect();
    (checked, found)
}

#[test]
fn a_good_draft_is_kept_in_the_form_in_which_it_is_stored() {
    let (checked, mistakes) = check(
        Draft {
            slug: Some("Spring-26".to_owned()),
            title: Some("  Spring ".to_owned()),
            tags: ["Sale", " sale ", "B2B"].map(str::to_owned).to_vec(),
            values: values(&[("offer", " a b ")]),
            utm: Utm { source: Some(" mail ".to_owned()), medium: Some(" ".to_owned()), ..Utm::default() },
            forwarding: Forwarding { mode: ForwardingMode::Only, names: vec!["b".to_owned(), "a".to_owned()] },
            fallback: Some("https://Shop.example.org/over".to_owned()),
            card: Some(Card {
                title: "Card".to_owned(),
                description: Some("one\ntwo".to_owned()),
                image: Some("https://img.example.org/1.png".to_owned()),
            }),
            starts_at: Some(NOW + 1),
            expires_at: Some(NOW + 2),
            ..draft()
        },
        Some(NOW),
    );
    assert_eq!(mistakes, [""; 0]);
    assert_eq!((checked.title.as_deref(), checked.tags.join(",")), (Some("Spring"), "Sale,B2B".to_owned()));
    assert_eq!((checked.utm.source.as_deref(), checked.utm.medium), (Some("mail"), None));
    assert_eq!(checked.forwarding, QueryForwarding::Only(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(checked.fallback.as_deref(), Some("https://shop.example.org/over"));
    assert_eq!(checked.card.and_then(|card| card.description).as_deref(), Some("one two"));
    assert_eq!(checked.leads_to.len(), 2);
}

#[test]
fn all_mistakes_come_back_at_once_each_with_its_field() {
    let (_, mistakes) = check(
        Draft {
            destination: "https://127.0.0.1/".to_owned(),
            slug: Some("_receipt".to_owned()),
            title: Some("x".repeat(201)),
            tags: vec!["ok".to_owned(), " ".to_owned(), "t".repeat(51)],
            pixel_ids: vec![Uuid::nil(); 21],
            expires_at: Some(NOW),
            fallback: Some("https://shop.example.org/{slug}".to_owned()),
            forwarding: Forwarding { mode: ForwardingMode::All, names: vec!["a".to_owned()] },
            utm: Utm { term: Some("a\nb".to_owned()), ..Utm::default() },
            values: values(&[("slug", "x"), ("Bad", "x"), ("a", &"v".repeat(501)), ("a", "")]),
            card: Some(Card { title: String::new(), description: None, image: Some("nonsense".to_owned()) }),
            ..Draft::default()
        },
        Some(NOW),
    );
    let expected = [
        "slug Invalid",
        "title TooLong",
        "tags.1 Invalid",
        "tags.2 TooLong",
        "queryForwarding.names Invalid",
        "utm.term Invalid",
        "values.0.name Invalid",
        "values.1.name Invalid",
        "values.2.value TooLong",
        "values.3.name Invalid",
        "card.title Invalid",
        "card.image Invalid",
        "destination Invalid",
        "fallback Invalid",
        "expiresAt Invalid",
        "pixelIds LimitReached",
    ];
    assert_eq!(mistakes, expected);
}

#[test]
fn lists_are_capped_and_texts_together_too() {
    let many = |count: usize| (0..count).map(|number| format!("n{number}")).collect::<Vec<_>>();
    let only = |names| Forwarding { mode: ForwardingMode::Only, names };
    let offer = values(&[("offer", "1")]);
    assert_eq!(check(Draft { tags: many(21), values: offer.clone(), ..draft() }, None).1, ["tags LimitReached"]);
    let draft_of = |forwarding| Draft { forwarding, values: offer.clone(), ..draft() };
    assert_eq!(check(draft_of(only(many(21))), None).1, ["queryForwarding.names LimitReached"]);
    assert_eq!(check(draft_of(only(Vec::new())), None).1, ["queryForwarding.names Invalid"]);
    let pairs = |count, value: &str| many(count).into_iter().map(|name| (name, value.to_owned())).collect::<Vec<_>>();
    let plain = || Draft { destination: "https://shop.example.org/".to_owned(), ..Draft::default() };
    assert_eq!(check(Draft { values: pairs(21, "1"), ..plain() }, None).1, ["values LimitReached"]);
    assert_eq!(check(Draft { values: pairs(20, &"ä".repeat(500)), ..plain() }, None).1, [" TooLong"]);
    let long = format!("https://shop.example.org/{}", "ä".repeat(400));
    assert_eq!(check(Draft { destination: long, ..plain() }, None).1, ["destination TooLong"]);
}

#[test]
fn a_link_that_is_there_may_end_in_the_past_but_not_before_its_start() {
    let ended = Draft { expires_at: Some(NOW), values: values(&[("offer", "1")]), ..draft() };
    assert_eq!(check(ended.clone(), None).1, [""; 0]);
    assert_eq!(check(ended.clone(), Some(NOW)).1, ["expiresAt Invalid"]);
    assert_eq!(check(Draft { starts_at: Some(NOW), ..ended }, None).1, ["expiresAt Invalid"]);
}

#[test]
fn what_is_not_the_tenants_does_not_exist_and_no_visit_goes_in_circles() {
    let [domain, pixel, code] = [1, 2, 3].map(Uuid::from_u128);
    let known = Known {
        usable: Usable::only(domain),
        serving: HashSet::from(["go.example.com".to_owned()]),
        pixels: HashMap::from([(pixel, "meta".to_owned()), (code, "custom_js".to_owned())]),
        attached: HashSet::new(),
    };
    let mut mistakes = Vec::new();
    let found = place(&Checked { pixel_ids: vec![pixel], ..Checked::default() }, &known, &mut mistakes);
    assert_eq!(found, Some(domain));
    assert_eq!(mistakes, []);
    place(&Checked { pixel_ids: vec![pixel, code], ..Checked::default() }, &known, &mut mistakes);
    let refused = mistakes.pop().map(|mistake| (mistake.field.join("."), mistake.code));
    assert_eq!(refused, Some(("pixelIds.1".to_owned(), Code::Invalid)), "the domain is shared");
    let elsewhere = Checked {
        domain_id: Some(Uuid::from_u128(9)),
        pixel_ids: vec![pixel, Uuid::from_u128(9)],
        leads_to: vec![("destination", "shop.example.org".to_owned()), ("fallback", "go.example.com".to_owned())],
        ..Checked::default()
    };
    assert_eq!(place(&elsewhere, &known, &mut mistakes), None);
    let found: Vec<_> =
        mistakes.iter().map(|mistake| format!("{} {:?}", mistake.field.join("."), mistake.code)).collect();
    assert_eq!(found, ["fallback Invalid", "pixelIds.1 NotFound", "domainId NotFound"]);
    let mut mistakes = Vec::new();
    let unproved = Known { usable: Usable::unproved(Uuid::from_u128(9)), ..Known::default() };
    let on = Checked { domain_id: Some(Uuid::from_u128(9)), ..Checked::default() };
    assert_eq!(place(&on, &unproved, &mut mistakes), None);
    assert_eq!((mistakes[0].field.as_slice(), mistakes[0].code), (&["domainId".to_owned()][..], Code::Invalid));
}

#[test]
fn a_link_on_a_lost_domain_keeps_the_code_that_it_has_and_gets_no_more() {
    let [domain, pixel, code, more] = [1, 2, 3, 4].map(Uuid::from_u128);
    let known = Known {
        usable: Usable::lost(domain),
        pixels: HashMap::from(
            [(pixel, "meta"), (code, "custom_js"), (more, "gtm")].map(|(id, key)| (id, key.to_owned())),
        ),
        attached: HashSet::from([code]),
        ..Known::default()
    };
    let place = |pixel_ids: &[Uuid]| {
        let mut mistakes = Vec::new();
        let checked = Checked { domain_id: Some(domain), pixel_ids: pixel_ids.to_vec(), ..Checked::default() };
        assert_eq!(place(&checked, &known, &mut mistakes), Some(domain));
        mistakes.into_iter().map(|mistake| (mistake.field.join("."), mistake.message)).collect::<Vec<_>>()
    };
    assert_eq!(place(&[code]), []);
    assert_eq!(place(&[code, pixel]), []);
    assert_eq!(place(&[]), []);
    let refused = place(&[code, more]);
    assert_eq!((refused.len(), refused[0].0.as_str()), (1, "pixelIds.1"));
    assert!(refused[0].1.contains("once the link's domain is verified again"), "{}", refused[0].1);
}
