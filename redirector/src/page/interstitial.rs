//! The interstitial of a link: rendered once, with marks for what only a visit knows, and cut at them. It fires the
//! pixels, leaves at once and says what became of them; `templates/runtime.js` tells how.

use super::{
    brand, escape,
    pieces::{Hole, Pieces, Values},
    pixels::{Form, Pixel},
    policy,
    templates::{Pages, TemplateError},
};
use contract::document::{LinkDocument, Policy, TenantDocument};
use poem::http::HeaderValue;
use serde_json::json;
use std::fmt;

/// Bounds of a page's budget, in milliseconds.
const BUDGET: std::ops::RangeInclusive<u32> = 300..=5_000;
/// The values of `Referrer-Policy` (<https://www.w3.org/TR/referrer-policy/>).
const REFERRER_POLICIES: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// A page, cut at its holes.
pub struct Interstitial {
    body: Pieces,
    policy: Pieces,
    referrer_policy: HeaderValue,
    /// Whether the page always waits for the pixels, in their order.
    waits: Vec<bool>,
}

impl fmt::Debug for Interstitial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interstitial")
    }
}

impl Interstitial {
    /// The page for one visit.
    #[must_use]
    pub fn body(&self, values: &Values<'_>) -> Vec<u8> {
        self.body.fill(values)
    }

    /// The content security policy for the same visit.
    #[must_use]
    pub fn policy(&self, values: &Values<'_>) -> Vec<u8> {
        self.policy.fill(values)
    }

    /// Whether every visit waits to see what becomes of the pixel at this place.
    #[must_use]
    pub fn watches(&self, place: usize) -> bool {
        self.waits.get(place).is_some_and(|waits| *waits)
    }

    /// The `Referrer-Policy` that the tenant chose.
    #[must_use]
    pub const fn referrer_policy(&self) -> &HeaderValue {
        &self.referrer_policy
    }
}

/// Renders and cuts the page of a link.
pub(super) fn compile(
    pixels: &[Pixel],
    link: &LinkDocument,
    tenant: &TenantDocument,
    pages: &Pages,
) -> Result<Interstitial, TemplateError> {
    let marks = pages.marks();
    let title = link.title.as_ref().filter(|title| !title.trim().is_empty());
    let images: Vec<&str> = pixels
        .iter()
        .filter_map(|pixel| match &pixel.form {
            Form::Image { address, .. } => Some(address.as_str()),
            Form::Script { .. } | Form::Inline { .. } => None,
        })
        .collect();
    let codes: Vec<_> = pixels
        .iter()
        .enumerate()
        .filter_map(|(index, pixel)| match &pixel.form {
            Form::Inline { code } => Some(json!({ "index": index, "code": code })),
            Form::Image { .. } | Form::Script { .. } => None,
        })
        .collect();
    let page = pages.interstitial(json!({
        "title": title,
        "images": images,
        "watches": pixels.iter().any(|pixel| matches!(pixel.form, Form::Script { .. })),
        "codes": codes,
        "settings": settings(pixels, &tenant.policy, pages)?,
    }))?;
    let chosen = REFERRER_POLICIES.iter().find(|known| **known == tenant.policy.referrer_policy);
    Ok(Interstitial {
        body: marks.cut(&page),
        policy: marks.cut(&brand::with_logo(policy::interstitial(pixels, marks), &tenant.branding)),
        referrer_policy: HeaderValue::from_static(chosen.unwrap_or(&"strict-origin-when-cross-origin")),
        waits: pixels.iter().map(|pixel| !matches!(pixel.form, Form::Image { .. })).collect(),
    })
}

/// The settings of `templates/runtime.js`, as JavaScript.
fn settings(pixels: &[Pixel], policy: &Policy, pages: &Pages) -> Result<String, TemplateError> {
    let mark = |hole| pages.marks().of(hole);
    let listed: Vec<String> = pixels.iter().map(listed).collect();
    Ok(format!(
        "{{d:\"{}\",t:\"{}\",b:{},w:{},o:{},c:{},p:[{}],s:[{}]}}",
        mark(Hole::DestinationScript),
        mark(Hole::Token),
        policy.budget_ms.clamp(*BUDGET.start(), *BUDGET.end()),
        mark(Hole::Waits),
        mark(Hole::Overlay),
        mark(Hole::ConsentScript),
        listed.join(",\n"),
        tags(pixels, pages)?.join(",\n"),
    ))
}

/// A pixel as the runtime has it: the address of an image, what the hit of a script looks like, or 1 for code in the page.
fn listed(pixel: &Pixel) -> String {
    let Form::Image { address, .. } = &pixel.form else {
        if matches!(pixel.form, Form::Inline { .. }) {
            return "1".to_owned();
        }
        let Some(hit) = &pixel.network.hit else { return "{}".to_owned() };
        let words = |words: &[String]| {
            let filled = words.iter().map(|word| pixel.network.fill(word, &pixel.ids, str::to_owned));
            filled.map(|word| escape::script(&word)).collect::<Vec<_>>().join(",")
        };
        let at = pixel.network.fill(&hit.url, &pixel.ids, regex::escape);
        return format!("{{hit:{},also:[{}],body:[{}]}}", escape::script(&at), words(&hit.also), words(&hit.body));
    };
    escape::script(address)
}

/// One tag a network: the places of its pixels, the function that starts them, and who shares the script with them.
fn tags(pixels: &[Pixel], pages: &Pages) -> Result<Vec<String>, TemplateError> {
    let mut networks: Vec<(&str, Vec<usize>)> = Vec::new();
    for (index, pixel) in pixels.iter().enumerate() {
        let Form::Script { .. } = &pixel.form else { continue };
        match networks.iter_mut().find(|(known, _)| *known == pixel.network.key) {
            Some((_, of)) => of.push(index),
            None => networks.push((&pixel.network.key, vec![index])),
        }
    }
    networks.iter().map(|(key, of)| tag(key, of, pixels, pages)).collect()
}

fn tag(key: &str, of: &[usize], pixels: &[Pixel], pages: &Pages) -> Result<String, TemplateError> {
    let mut shared = "";
    let mut listed = Vec::new();
    for index in of {
        let pixel = &pixels[*index];
        let Form::Script { address, family } = &pixel.form else { continue };
        let fields = pixel.network.ids.iter().map(|id| id.field.as_str());
        let ids: serde_json::Map<_, _> =
            fields.map(|field| (field.to_owned(), pixel.ids.get(field).cloned().into())).collect();
        shared = family.unwrap_or_default();
        listed.push(json!({ "ids": ids, "script": address, "index": index }));
    }
    let script = listed.first().map(|pixel| pixel["script"].clone());
    let click_id = pages.marks().of(Hole::ClickId);
    let body = pages.script(key, &json!({ "pixels": listed, "script": script, "click_id": click_id }))?;
    Ok(format!("[{of:?},function(load,of,consent,fire){{\n{body}\n}},{}]", escape::script(shared)))
}
