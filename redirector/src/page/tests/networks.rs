//! What single networks ask for beyond an address: consent in their own words, kinds of pixels that need the script, and
//! hosts by region.

use super::*;

/// The page of a visit with this query.
fn body(route: &Route, query: &str, values: Values<'_>) -> String {
    let signals = Signals::read(Query::new(query));
    let page = route.page.as_ref().unwrap();
    let destination = "https://shop.example.com/";
    let values = Values { nonce: "NONCE", destination, signals: Some(&signals), ..values };
    String::from_utf8(page.body(&values)).unwrap()
}

#[test]
fn a_container_in_another_networks_clothes_fires_nowhere() {
    for (network, field) in
        [("ga4", "measurement_id"), ("google_ads", "conversion_id"), ("floodlight", "advertiser_id")]
    {
        let mut disguised = pixel(network, PixelMode::Script);
        disguised.ids.insert(field.to_owned(), "GTM-K7B2XQ4".to_owned());
        let route = compile(link(), tenant(vec![disguised.clone()]), Reach::Public);
        assert!(route.pixels.is_empty() && route.page.is_none(), "{network}");
        assert_eq!(route.idle(&disguised), Some(PixelReason::CannotFire));
    }
}

#[test]
fn what_is_known_of_consent_goes_along() {
    let pixels = ["meta", "yahoo_dot"].map(|key| pixel(key, PixelMode::Auto)).to_vec();
    let route = compile(link(), tenant(pixels), Reach::Public);
    let page = |query: &str, limited: bool| body(&route, query, Values { limited, ..Values::default() });
    let plain = page("", false);
    assert!(!plain.contains("dpo=LDU") && !plain.contains("gdpr_consent="), "{plain}");
    let full = page("gdpr=1&gdpr_consent=CPabc&x=1", true);
    assert_eq!(full.matches("dpo=LDU").count(), 2, "as a request and without scripts: {full}");
    assert_eq!(full.matches("&gdpr=1&gdpr_consent=CPabc").count(), 2, "{full}");
    assert!(full.contains("c:{granted:false,limited:true,gdpr:\"1\",tc:\"CPabc\""), "{full}");
}

#[test]
fn networks_are_told_of_consent_in_their_own_words() {
    let pixels = ["microsoft_uet", "floodlight"].map(|key| pixel(key, PixelMode::Auto)).to_vec();
    let route = compile(link(), tenant(pixels), Reach::Public);
    let plain = body(&route, "", Values::default());
    assert!(!plain.contains("asc=") && plain.contains(";dc_lat=;dc_rdid=;") && plain.contains(";npa=;ord="), "{plain}");
    let granted =
        body(&route, "gdpr=1&gdpr_consent=CPabc&us_privacy=1YNN", Values { granted: true, ..Values::default() });
    assert_eq!(granted.matches("asc=G").count(), 2, "as a request and without scripts: {granted}");
    assert!(!granted.contains("asc=D"), "{granted}");
    assert_eq!(granted.matches(";npa=;gdpr=1;gdpr_consent=CPabc;ord=").count(), 2, "{granted}");
    let limited = body(&route, "", Values { limited: true, ..Values::default() });
    assert_eq!(limited.matches("asc=D").count(), 2, "{limited}");
    assert!(
        !limited.contains("asc=G") && limited.contains(";dc_lat=1;") && limited.contains(";npa=1;ord="),
        "{limited}"
    );
}

#[test]
fn what_an_image_cannot_count_goes_by_the_script() {
    let is_script = |network: &str, ids: &[(&str, &str)]| {
        let mut one = pixel(network, PixelMode::Auto);
        one.ids.extend(ids.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())));
        compile(link(), tenant(vec![one]), Reach::Public).page.unwrap().watches(0)
    };
    for (network, ids) in [
        ("google_ads", [("conversion_label", "baDICKzQiq4BEP6YlcMD")]),
        ("linkedin", [("conversion_id", "7890123")]),
        ("floodlight", [("counting", "unique")]),
    ] {
        assert!(is_script(network, &ids) && !is_script(network, &[]), "{network}");
    }
    assert!(!is_script("floodlight", &[("counting", "standard")]));
}

#[test]
fn amazon_is_asked_in_the_pixels_region() {
    for (region, host) in [
        ("NA", "https://s.amazon-adsystem.com"),
        ("EU", "https://aax-eu.amazon-adsystem.com/s"),
        ("FE", "https://aax-fe.amazon-adsystem.com/s"),
    ] {
        let mut amazon = pixel("amazon", PixelMode::Auto);
        amazon.ids.insert("region".to_owned(), region.to_owned());
        let (page, policy) = filled(&compile(link(), tenant(vec![amazon]), Reach::Public));
        assert!(page.contains(&format!("{host}/iu3?pid=68579884-2cab-4909-ac0f-4f575a66d2ce")), "{page}");
        let origin = host.strip_suffix("/s").unwrap_or(host);
        assert!(policy.contains(&format!(" {origin} ")) || policy.contains(&format!(" {origin};")), "{policy}");
    }
}

#[test]
fn a_question_names_the_hosts_of_what_is_no_network() {
    let mut domain = shared_domain();
    domain.tenant_id = Some(Uuid::from_u128(0x22));
    let keys = ["custom_image", "custom_js", "gtm", "meta"];
    let mut tenant = tenant(keys.map(|key| pixel(key, PixelMode::Auto)).to_vec());
    tenant.policy.consent.default = ConsentMode::OptInAsk;
    let asked = |tenant: TenantDocument| {
        let route = compile_on(domain.clone(), link(), tenant, Reach::Public);
        let values = Values { voice: route.voice(Language::En), ..Values::default() };
        let page = String::from_utf8(route.question.as_ref().unwrap().body(&values)).unwrap();
        page.split("<li dir=\"auto\">")
            .skip(1)
            .map(|item| item.split('<').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let expected = ["t.example.com", "cdn.example.com", "t.example.net", "Google Tag Manager", "Meta Pixel"];
    assert_eq!(asked(tenant.clone()), expected);
    tenant.pixels[1].ids.remove("hosts");
    tenant.pixels[2].ids.remove("hosts");
    assert_eq!(asked(tenant), ["t.example.com", "Custom JavaScript", "Google Tag Manager", "Meta Pixel"]);
}
