//! Pages of all networks, in both forms: what they hold, what they may reach, what cannot break out, how large they
//! are.

use super::*;
use crate::visitor::{Query, Signals};
use contract::branding::{Branding, OwnText, PageText};
use contract::consent::ConsentMode;
use contract::document::{self, LinkState, PixelDocument, PixelMode, Policy, QueryForwarding, Utm};
use contract::network::{IdField, catalogue};
use std::collections::BTreeMap;

mod networks;

fn link() -> LinkDocument {
    LinkDocument {
        link_id: Uuid::from_u128(0x11),
        tenant_id: Uuid::from_u128(0x22),
        state: LinkState::Active,
        destination: "https://shop.example.com/p?x=1&y='2'".to_owned(),
        title: None,
        starts_at: None,
        expires_at: None,
        fallback: None,
        forwarding: QueryForwarding::All,
        utm: Utm::default(),
        values: BTreeMap::new(),
        pixel_ids: Vec::new(),
        without_pixels: false,
        card: None,
    }
}

/// A pixel with the examples of the catalogue; one that may go as an image has no id that needs the script.
fn pixel(network: &str, mode: PixelMode) -> PixelDocument {
    let wanted =
        |id: &&IdField| mode == PixelMode::Script || id.as_image.as_ref().is_none_or(|values| !values.is_empty());
    let ids = catalogue()[network].ids.iter().filter(wanted);
    let ids = ids.map(|id| (id.field.clone(), id.example.clone())).collect();
    let pixel_id = Uuid::from_u128(network.bytes().fold(7, |id, byte| (id << 8) ^ (id >> 120) ^ u128::from(byte)));
    PixelDocument { pixel_id, network: network.to_owned(), ids, mode, default: true }
}

fn tenant(pixels: Vec<PixelDocument>) -> TenantDocument {
    let policy = Policy::default();
    TenantDocument {
        tenant_id: Uuid::from_u128(0x22),
        name: "Ann & Co".to_owned(),
        active: true,
        policy,
        pixels,
        branding: Branding::default(),
    }
}

fn shared_domain() -> DomainDocument {
    DomainDocument { domain_id: Uuid::nil(), tenant_id: None, fallback: None, serving: true }
}

fn compile(link: LinkDocument, tenant: TenantDocument, reach: Reach) -> Route {
    compile_on(shared_domain(), link, tenant, reach)
}

fn compile_on(domain: DomainDocument, link: LinkDocument, tenant: TenantDocument, reach: Reach) -> Route {
    let address = LinkAddress {
        host: Host::parse("go.example.com").unwrap(),
        slug: contract::address::Slug::parse("spring").unwrap(),
    };
    Route::compile(domain.into(), link.into(), tenant.into(), &address, reach, &Pages::new().unwrap())
}

fn filled(route: &Route) -> (String, String) {
    let page = route.page.as_ref().unwrap();
    let destination = route.target.as_ref().unwrap().plain().unwrap();
    let click_id = Uuid::from_u128(0xc11c);
    let voice = route.voice(Language::En);
    let at = 1_700_000_000_000;
    let values = Values { nonce: "NONCE", click_id, token: "TOKEN", at, destination, voice, ..Values::default() };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(page.body(&values)), text(page.policy(&values)))
}

#[test]
fn images_of_all_networks_that_have_one_are_fetched() {
    let firsts = ["meta", "google_ads", "linkedin", "tiktok", "custom_image"];
    let route = compile(link(), tenant(firsts.map(|key| pixel(key, PixelMode::Auto)).to_vec()), Reach::Public);
    let (page, policy) = filled(&route);
    let click = "00000000-0000-0000-0000-00000000c11c";
    for address in [
        "https://www.facebook.com/tr?id=246813579024680\\u0026ev=PageView\\u0026dl=".to_owned(),
        format!("https%3A%2F%2Fgo.example.com%2Fspring\\u0026eid={click}\\u0026ts=1700000000000"),
        "https://googleads.g.doubleclick.net/pagead/viewthroughconversion/946162814/?guid=ON".to_owned(),
        "https://px.ads.linkedin.com/collect/?pid=2503796".to_owned(),
        "https://t.example.com/p.gif?c=1\\u0026cb=49436".to_owned(),
    ] {
        assert!(page.contains(&address), "{address}\n{page}");
    }
    assert!(page.contains("<img src=\"https://px.ads.linkedin.com/collect/?pid=2503796&amp;fmt=gif&amp;time="));
    assert!(page.contains("{d:\"https://shop.example.com/p?x=1\\u0026y=%272%27\",t:\"TOKEN\",b:1000,w:0,"), "{page}");
    assert!(page.contains("content=\"1;url=https://shop.example.com/p?x=1&amp;y=%272%27\""));
    assert!(page.contains("Shared by Ann &amp; Co"));
    // TikTok has no image form: its script
    assert!(page.contains("analytics.tiktok.com/i18n/pixel/events.js?sdkid=C97F14JC77U63IDI7U40\\u0026lib=ttq"));
    assert!(
        policy.starts_with("default-src 'none'; script-src 'nonce-NONCE' https://analytics.tiktok.com "),
        "{policy}"
    );
    for host in ["www.facebook.com", "googleads.g.doubleclick.net", "px.ads.linkedin.com", "t.example.com"] {
        for list in ["connect-src", "img-src"] {
            let list = policy.split("; ").find(|part| part.starts_with(list)).unwrap();
            assert!(list.split(' ').any(|source| source == format!("https://{host}")), "{host} in {list}");
        }
    }
    // hosts of a network's script are not opened for its image
    assert!(!policy.contains("connect.facebook.net") && !policy.contains("frame-src"), "{policy}");
    assert!(policy.ends_with("base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
    assert_eq!(route.pixels.len(), 5);

    let all = catalogue().keys().map(|key| pixel(key, PixelMode::Auto)).collect();
    let route = compile(link(), tenant(all), Reach::Public);
    let (page, _) = filled(&route);
    for network in catalogue().values().filter(|network| network.image.is_some()) {
        let of = |route: &Route| route.pixels.contains(&pixel(&network.key, PixelMode::Auto).pixel_id);
        assert!(of(&route), "{}", network.key);
    }
    let images = catalogue().values().filter(|network| network.image.is_some()).count();
    assert_eq!(page.matches("<img src=").count(), images);
    // code of others fires on no domain that is shared
    assert_eq!(route.pixels.len(), catalogue().len() - 2);
    assert!(!page.contains("gtm.js"));
}

#[test]
fn a_domain_of_ones_own_takes_code_of_ones_own() {
    let mut domain = shared_domain();
    domain.tenant_id = Some(Uuid::from_u128(0x22));
    let mut custom = pixel("custom_js", PixelMode::Auto);
    custom.ids.insert("code".to_owned(), "if (1 < 2 && \"a\") go();".to_owned());
    let pixels = vec![custom, pixel("gtm", PixelMode::Auto)];
    let route = compile_on(domain, link(), tenant(pixels), Reach::Public);
    let (page, policy) = filled(&route);
    assert!(page.contains("<script nonce=\"NONCE\" data-p=\"0\">if (1 < 2 && \"a\") go();</script>"), "{page}");
    assert!(page.contains("p:[1,\n{hit:\"^https://www"), "{page}");
    for list in ["script-src", "img-src", "connect-src", "frame-src"] {
        let list = policy.split("; ").find(|part| part.starts_with(list)).unwrap();
        assert!(list.contains(" https://cdn.example.com") && list.contains(" https://t.example.net"), "{list}");
    }
    let waits = route.page.as_ref().unwrap();
    assert!(waits.watches(0) && waits.watches(1));
}

#[test]
fn scripts_of_all_networks_start_under_one_policy() {
    let firsts = ["meta", "google_ads", "ga4", "linkedin", "tiktok", "custom_image"];
    let mut pixels = firsts.map(|key| pixel(key, PixelMode::Script)).to_vec();
    let mut second = pixel("meta", PixelMode::Script);
    second.pixel_id = Uuid::from_u128(1);
    second.ids.insert("pixel_id".to_owned(), "333333333333333".to_owned());
    pixels.push(second);
    let route = compile(link(), tenant(pixels), Reach::Public);
    let (page, policy) = filled(&route);
    assert_eq!(page.matches("connect.facebook.net/en_US/fbevents.js").count(), 1, "{page}");
    assert!(page.contains("window.fbq(\"init\", \"333333333333333\");"));
    assert!(page.contains("{ eventID: \"00000000-0000-0000-0000-00000000c11c\" }"));
    assert!(page.contains("window.gtag(\"config\", \"AW-946162814\""));
    assert_eq!(page.matches("},\"gtag\"]").count(), 2, "two networks share one load: {page}");
    assert!(page.contains("partners.push(\"2503796\");"));
    assert!(page.contains("ttq._i[\"C97F14JC77U63IDI7U40\"] = [];"));
    assert!(page.contains("hit:\"^https://www\\u005c.facebook"), "{page}");
    assert!(policy.contains("https://snap.licdn.com") && policy.contains("https://bid.g.doubleclick.net"));
    // the custom image has no script: it is an image still
    assert!(page.contains("\n\"https://t.example.com/p.gif"), "{page}");
    assert_eq!(route.pixels.len(), 7);
}

#[test]
fn nothing_that_a_tenant_writes_breaks_out() {
    let nasty = "</title></script><script>alert(1)</script>\"'--><!--";
    let mut link = link();
    link.title = Some(nasty.to_owned());
    link.card = Some(document::Card {
        title: nasty.to_owned(),
        description: Some(nasty.to_owned()),
        image: Some("javascript:1".to_owned()),
    });
    let mut meta = pixel("meta", PixelMode::Script);
    meta.ids.insert("pixel_id".to_owned(), nasty.to_owned());
    let mut image = pixel("meta", PixelMode::Auto);
    image.pixel_id = Uuid::from_u128(9);
    image.ids.insert("pixel_id".to_owned(), nasty.to_owned());
    let mut tenant = tenant(vec![meta, image]);
    tenant.name = nasty.to_owned();
    tenant.policy.referrer_policy = format!("no-referrer\r\nx: {nasty}");
    let route = compile(link, tenant, Reach::Public);
    let (page, policy) = filled(&route);
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert_eq!(page.matches("</script>").count(), 1);
    assert_eq!(page.matches("</title>").count(), 1);
    assert!(!page.contains("<!--") && !page.contains("-->"));
    assert!(!policy.contains("alert"));
    assert_eq!(route.page.as_ref().unwrap().referrer_policy(), "strict-origin-when-cross-origin");
    let card = carded(&route).0;
    assert!(!card.contains("<script") && !card.contains("og:image"), "{card}");
    assert_eq!(card.matches("og:title\" content=\"&lt;/title&gt;&lt;/script&gt;&lt;script&gt;").count(), 1);
    assert!(!card.contains("http-equiv"));
}

#[test]
fn pixels_apply_by_default_or_by_choice_and_only_where_they_can_fire() {
    let mut chosen = pixel("meta", PixelMode::Auto);
    chosen.default = false;
    let mut unknown = pixel("linkedin", PixelMode::Auto);
    unknown.network = "later".to_owned();
    let with =
        |link: LinkDocument, pixels: Vec<PixelDocument>| compile(link, tenant(pixels), Reach::Public).pixels.len();
    assert_eq!(with(link(), vec![chosen.clone(), unknown.clone()]), 0);
    let mut choosing = link();
    choosing.pixel_ids = vec![chosen.pixel_id];
    assert_eq!(with(choosing.clone(), vec![chosen.clone(), unknown, pixel("tiktok", PixelMode::Auto)]), 2);
    choosing.without_pixels = true;
    assert_eq!(with(choosing, vec![chosen, pixel("tiktok", PixelMode::Auto)]), 0);
    for (address, reach, count) in [
        ("http://t.example.com/x", Reach::Public, 0),
        ("https://localhost/x", Reach::Public, 0),
        ("https://{click_id}.example.com/x", Reach::Public, 0),
        ("https://me@t.example.com/x", Reach::Public, 0),
        ("https://t.example.com/x?{click_id}", Reach::Public, 1),
        ("http://127.0.0.1:9000/x?{destination}", Reach::Local, 1),
    ] {
        let mut custom = pixel("custom_image", PixelMode::Auto);
        custom.ids.insert("url".to_owned(), address.to_owned());
        let route = compile(link(), tenant(vec![custom]), reach);
        assert_eq!(route.pixels.len(), count, "{address}");
        if reach == Reach::Local {
            let (page, policy) = filled(&route);
            assert!(policy.contains("connect-src 'self' http://127.0.0.1:9000;"), "{policy}");
            assert!(page.contains("/x?https%3A%2F%2Fshop.example.com%2Fp%3Fx%3D1%26y%3D%25272%2527"), "{page}");
        }
    }
}

#[test]
fn a_page_is_small() {
    let one = filled(&compile(link(), tenant(vec![pixel("meta", PixelMode::Auto)]), Reach::Public)).0.len();
    assert!(one < 4_500, "{one}");
    let scripts = catalogue().keys().map(|key| pixel(key, PixelMode::Script)).collect();
    let all = filled(&compile(link(), tenant(scripts), Reach::Public)).0.len();
    assert!(all < 27_000, "{all}");
}

#[test]
fn a_destination_that_may_not_be_named_any_more_leads_nowhere() {
    let mut link = link();
    link.destination = "http://127.0.0.1/".to_owned();
    let route = compile(link, tenant(vec![pixel("meta", PixelMode::Auto)]), Reach::Public);
    assert!(route.target.is_none() && route.page.is_none() && route.pixels.is_empty());
    let mut circular = self::link();
    circular.destination = "https://go.example.com./spring?{click_id}".to_owned();
    circular.fallback = Some("https://GO.example.com/".to_owned());
    let route = compile(circular, tenant(vec![pixel("meta", PixelMode::Auto)]), Reach::Public);
    assert!(route.target.is_none() && route.fallback.is_none() && route.page.is_none(), "it would lead in circles");
}

/// A link's card with its policy.
fn carded(route: &Route) -> (String, String) {
    let values = Values { nonce: "NONCE", voice: route.voice(Language::En), ..Values::default() };
    let card = route.card.as_ref().unwrap();
    (String::from_utf8(card.body(&values)).unwrap(), card.policy(&values))
}

#[test]
fn a_card_wears_the_tenants_colours() {
    let card = |branding| {
        let mut link = link();
        let title = "Spring".to_owned();
        link.card = Some(document::Card { title, description: Some("All of it".to_owned()), image: None });
        let mut tenant = tenant(Vec::new());
        tenant.branding = branding;
        carded(&compile(link, tenant, Reach::Public))
    };
    for (page, policy) in [card(Branding::default()), card(branded())] {
        assert!(
            page.contains("<style nonce=\"NONCE\">:root") && policy.contains("style-src 'nonce-NONCE'"),
            "{policy}"
        );
        assert_eq!(policy.contains("img-src data:;"), page.contains("<img"), "{policy}\n{page}");
        assert!(page.contains("<h1 dir=\"auto\">Spring</h1>\n<p dir=\"auto\">All of it</p>"), "{page}");
        assert!(page.contains(">go.example.com</a>"), "{page}");
    }
    let page = card(branded()).0;
    assert!(page.contains("<img class=\"logo\"") && page.contains("--fill:#ffee00;--ink:#000"), "{page}");
}

#[test]
fn a_pixel_that_fires_on_no_visit_says_why() {
    let with =
        |network: &str, id: u128| PixelDocument { pixel_id: Uuid::from_u128(id), ..pixel(network, PixelMode::Auto) };
    let mut pixels = vec![with("meta", 1), with("meta", 2), with("custom_js", 3), with("meta", 4)];
    pixels[1].default = false;
    pixels[3].network = "a_network_of_the_past".to_owned();
    let idle = |change: fn(&mut LinkDocument), domain: Option<u128>| {
        let (mut link, mut at) = (link(), shared_domain());
        change(&mut link);
        at.tenant_id = domain.map(Uuid::from_u128);
        let route = compile_on(at, link, tenant(pixels.clone()), Reach::Public);
        pixels.iter().map(|pixel| route.idle(pixel)).collect::<Vec<_>>()
    };
    let (not_attached, cannot) = (Some(PixelReason::NotAttached), Some(PixelReason::CannotFire));
    let shared = Some(PixelReason::SharedDomain);
    assert_eq!(idle(|_| {}, None), [None, not_attached, shared, cannot]);
    assert_eq!(idle(|_| {}, Some(0x22)), [None, not_attached, None, cannot]);
    assert_eq!(idle(|_| {}, Some(0x33))[2], shared, "another tenant's domain");
    assert_eq!(idle(|link| link.pixel_ids = vec![Uuid::from_u128(2)], None)[1], None);
    assert_eq!(idle(|link| link.without_pixels = true, None), [Some(PixelReason::WithoutPixels); 4]);
    let nowhere = idle(|link| link.destination = "http://127.0.0.1/".to_owned(), None);
    assert_eq!(nowhere[0], None, "the visit gets no page");
}

fn branded() -> Branding {
    let own = OwnText { language: Language::De, key: PageText::Accept, text: "Ja, <gern>".to_owned() };
    Branding {
        name: Some("Acme".to_owned()),
        logo: Some("data:image/png;base64,iVBORw0KGgo=".to_owned()),
        colour: Some("#ffee00".to_owned()),
        texts: vec![own],
    }
}

#[test]
fn a_question_names_who_asks_for_whom_and_where_one_goes() {
    let mut tenant = tenant(vec![pixel("meta", PixelMode::Auto), pixel("tiktok", PixelMode::Auto)]);
    assert!(compile(link(), tenant.clone(), Reach::Public).question.is_none(), "a tenant that never asks");
    tenant.policy.consent.default = ConsentMode::OptInAsk;
    let asked = |tenant: TenantDocument, language| {
        let route = compile(link(), tenant, Reach::Public);
        let question = route.question.as_ref().unwrap();
        let voice = route.voice(language);
        let values = Values { nonce: "NONCE", token: "TOKEN", voice, ..Values::default() };
        (String::from_utf8(question.body(&values)).unwrap(), question.policy(&values))
    };
    let (page, policy) = asked(tenant.clone(), Language::En);
    for part in [
        "<html lang=\"en\" dir=\"ltr\">",
        "<title>Before you go on to shop.example.com</title>",
        "Ann &amp; Co",
        "<li dir=\"auto\">TikTok",
        "<form method=\"post\">",
        "name=\"token\" value=\"TOKEN\"",
        "<button name=\"choice\" value=\"1\">Accept</button>\n<button name=\"choice\" value=\"0\">Decline</button>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("<script") && !page.contains("http-equiv") && !page.contains("<img"), "{page}");
    assert_eq!(page.matches("<li ").count(), 2);
    assert!(policy.contains("form-action 'self'") && !policy.contains("img-src") && !policy.contains("script-src"));
    tenant.branding = branded();
    let (page, policy) = asked(tenant, Language::De);
    assert!(page.contains("Ja, &lt;gern&gt;</button>") && page.contains(">Ablehnen</button>"), "{page}");
    assert!(page.contains("Link von Acme geöffnet") && page.contains("--fill:#ffee00;--ink:#000"), "{page}");
    assert!(page.contains("<img class=\"logo\" alt=\"\" src=\"data:image/png;") && policy.contains("img-src data:;"));
}

#[test]
fn a_stopover_speaks_the_visitors_language_and_wears_the_tenants_colours() {
    let mut tenant = tenant(vec![pixel("tiktok", PixelMode::Auto)]);
    tenant.branding = branded();
    let route = compile(link(), tenant, Reach::Public);
    let page = route.page.as_ref().unwrap();
    let values = Values { voice: route.voice(Language::De), ..Values::default() };
    let (body, policy) = (String::from_utf8(page.body(&values)).unwrap(), page.policy(&values));
    assert!(body.contains("<html lang=\"de\""), "{body}");
    assert!(body.contains("<title>Sie sind auf dem Weg zu shop.example.com</title>"), "{body}");
    assert!(body.contains("<p>Geteilt von Acme</p>") && body.contains(">Jetzt weiter</a>"));
    assert!(body.contains("<img class=\"logo\"") && body.contains("--fill:#ffee00"));
    assert!(String::from_utf8(policy).unwrap().contains("img-src data:"));
}
