//! The catalogue of ad networks: one file of facts each, in `networks/`, embedded when this crate is built. A pixel's ids
//! are checked here before anything is stored, and the redirector fills its templates only from what passed.

use include_dir::{Dir, include_dir};
use regex::Regex;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/networks");

/// Longest id of a pixel, in bytes.
pub const MAX_ID: usize = 2_000;

/// A network, as its file of facts has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its key: the file's name, lower case with underscores.
    #[serde(skip)]
    pub key: String,
    /// Its name, for people.
    pub name: String,
    /// What a pixel of it needs.
    pub ids: Vec<IdField>,
    /// What its pixels are for, in the words of consent.
    pub consent_class: ConsentClass,
    /// Whether the network can also be told by its server-side API.
    pub server_side: bool,
    /// Address of its script; `None` where it has none.
    #[serde(default)]
    pub script: Option<Script>,
    /// Address of its image form, with placeholders; `None` where it has none. A pixel that lacks an id which is named
    /// here cannot be fired so.
    #[serde(default)]
    pub image: Option<String>,
    /// Appended to that address when the visitor sent a Global Privacy Control signal and the tenant fires all the same.
    #[serde(default)]
    pub image_limited: Option<String>,
    /// Appended to that address when the visitor has explicitly agreed.
    #[serde(default)]
    pub image_granted: Option<String>,
    /// The id that holds code which stands in the page itself, as a placeholder.
    #[serde(default)]
    pub inline: Option<String>,
    /// Whether blockers of trackers list its hosts or its requests.
    pub often_blocked: bool,
    /// Query parameters by which it recognises its own click; they go on to the destination.
    #[serde(default)]
    pub click_ids: Vec<String>,
    /// Whether it runs code that others wrote, and so fires only on a domain that belongs to its tenant alone.
    #[serde(default)]
    pub custom_domain_only: bool,
    /// Hosts for the page's content security policy. What a pixel has in an id called `hosts` is added.
    #[serde(default)]
    pub hosts: Hosts,
    /// What a hit looks like.
    #[serde(default)]
    pub hit: Option<Hit>,
}

/// A script of a network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its address, with placeholders.
    pub url: String,
    /// Pixels of one family, of several networks too, share one load of the script; `None` where each address is loaded.
    #[serde(default)]
    pub family: Option<String>,
}

/// What a pixel of a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentClass {
    /// Advertising.
    Advertising,
    /// Measurement.
    Analytics,
}

/// One id of a pixel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdField {
    /// Its key in the contract.
    pub field: String,
    /// Its name, for people.
    pub label: String,
    /// The shape that was seen.
    pub pattern: String,
    /// An id in that shape.
    pub example: String,
    /// Where to find it, and what is known of its shape.
    pub help: String,
    /// Whether a pixel works without it.
    #[serde(default)]
    pub optional: bool,
    /// Whether the shape is known for sure: a mismatch is refused, where it is only seen in the wild it is a warning.
    #[serde(default)]
    pub strict: bool,
    /// Longest value, in bytes; [`MAX_ID`] where it is missing.
    #[serde(default)]
    pub most: Option<usize>,
    /// Put before bare digits.
    #[serde(default)]
    pub prefix: Option<String>,
    /// What it begins with, one of these, where the network's script takes other ids too: some of them run code that
    /// others wrote, so any other beginning is refused. Empty where nothing is known.
    #[serde(default)]
    pub begins: Vec<String>,
    /// What its values stand for in addresses, taken as it is; empty where they stand for themselves.
    #[serde(default)]
    pub stands_for: BTreeMap<String, String>,
    /// Values that the image form can do; with any other one the pixel fires by its script. `None` where it does not
    /// matter.
    #[serde(default)]
    pub as_image: Option<Vec<String>>,
    #[serde(skip)]
    matcher: Option<Regex>,
}

/// Hosts without scheme.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hosts {
    /// Scripts.
    pub script: Vec<String>,
    /// Images.
    pub img: Vec<String>,
    /// Fetches and beacons.
    pub connect: Vec<String>,
    /// Frames.
    pub frame: Vec<String>,
}

/// How a request is known to be the page view.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hit {
    /// Regular expression for the absolute address, with placeholders, in the syntax common to Rust and JavaScript.
    pub url: String,
    /// Must also stand in the address.
    #[serde(default)]
    pub also: Vec<String>,
    /// Must stand in the body of a POST.
    #[serde(default)]
    pub body: Vec<String>,
}

/// What ends a script, or hides what follows, inside a page.
const END_OF_CODE: [&str; 2] = ["</script", "<!--"];

/// All networks, in the order of their keys.
#[must_use]
pub fn catalogue() -> &'static BTreeMap<String, Network> {
    static CATALOGUE: LazyLock<BTreeMap<String, Network>> = LazyLock::new(|| {
        FILES.files().filter_map(|file| read(file.path().file_stem()?.to_str()?, file.contents_utf8()?)).collect()
    });
    &CATALOGUE
}

/// A file of facts that does not parse leaves its network out; a test holds that none does.
fn read(key: &str, text: &str) -> Option<(String, Network)> {
    let mut network: Network = serde_json::from_str(text).ok()?;
    key.clone_into(&mut network.key);
    for id in &mut network.ids {
        id.matcher = Some(Regex::new(&id.pattern).ok()?);
    }
    Some((key.to_owned(), network))
}

/// What is wrong, or odd, with one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdProblem {
    /// The id's key.
    pub field: String,
    /// The rule.
    pub rule: String,
    /// Refused; else a warning.
    pub fatal: bool,
}

impl Network {
    /// Checks a pixel's ids: trimmed, prefixed, complete, in shape.
    ///
    /// Gives the ids to store and what is to be said of them; nothing may be stored when a problem is fatal.
    #[must_use]
    pub fn check(&self, given: &BTreeMap<String, String>) -> (BTreeMap<String, String>, Vec<IdProblem>) {
        let mut kept = BTreeMap::new();
        let mut problems = Vec::new();
        let known: BTreeSet<&str> = self.ids.iter().map(|id| id.field.as_str()).collect();
        for field in given.keys().filter(|field| !known.contains(field.as_str())) {
            let rule =
                format!("is no id of {}; known: {}", self.name, known.iter().copied().collect::<Vec<_>>().join(", "));
            problems.push(IdProblem { field: field.clone(), rule, fatal: true });
        }
        for id in &self.ids {
            let value = given.get(&id.field).map(|value| id.normalise(value)).filter(|value| !value.is_empty());
            match value {
                None if id.optional => {}
                None => {
                    let rule = format!("is missing: {}, such as {}", id.label, id.example);
                    problems.push(IdProblem { field: id.field.clone(), rule, fatal: true });
                }
                Some(value) => {
                    problems.extend(id.problem(&value));
                    kept.insert(id.field.clone(), value);
                }
            }
        }
        if kept.is_empty() && problems.is_empty() {
            let rule = format!("is missing: {} needs at least one of {}", self.name, self.labels());
            let field = self.ids.first().map(|id| id.field.clone()).unwrap_or_default();
            problems.push(IdProblem { field, rule, fatal: true });
        }
        if let Some((field, code)) = self.code(&kept)
            && let Some(end) = END_OF_CODE.iter().find(|end| code.to_ascii_lowercase().contains(**end))
        {
            problems.push(IdProblem { field: field.to_owned(), rule: format!("must not hold {end}"), fatal: true });
        }
        (kept, problems)
    }

    fn labels(&self) -> String {
        self.ids.iter().map(|id| id.label.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether the ids name what the network stands for, and not something that runs code of others: see
    /// [`IdField::begins`]. Pixels that were stored before the rule are held to it where they would fire.
    #[must_use]
    pub fn is_its_own(&self, ids: &BTreeMap<String, String>) -> bool {
        self.ids.iter().all(|id| ids.get(&id.field).is_none_or(|value| id.begins_well(value)))
    }

    /// The code of a pixel that stands in the page itself, with the id that holds it.
    #[must_use]
    pub fn code<'a>(&self, ids: &'a BTreeMap<String, String>) -> Option<(&'a str, &'a str)> {
        let field = self.inline.as_deref()?.strip_prefix('{')?.strip_suffix('}')?;
        ids.get_key_value(field).map(|(field, code)| (field.as_str(), code.as_str()))
    }

    /// The address of the image form, where the network has one, the pixel all the ids that it names, and none that asks
    /// for more than an image does.
    #[must_use]
    pub fn image_for(&self, ids: &BTreeMap<String, String>) -> Option<&str> {
        let image = self.image.as_deref()?;
        let lacks = |id: &IdField| match ids.get(&id.field) {
            None => image.contains(&format!("{{{}}}", id.field)),
            Some(value) => id.as_image.as_ref().is_some_and(|values| !values.contains(value)),
        };
        (!self.ids.iter().any(lacks)).then_some(image)
    }

    /// Hosts that a pixel names itself.
    pub fn own_hosts(ids: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
        ids.get("hosts").into_iter().flat_map(|hosts| hosts.split([',', ' '])).filter(|host| !host.is_empty())
    }

    /// Replaces `{field}` by the pixel's ids and `{digits}` by the first id without its prefix; what it does not know
    /// stays, for the visit to fill in. `encode` makes a value safe for where the text goes.
    pub fn fill(&self, text: &str, ids: &BTreeMap<String, String>, encode: impl Fn(&str) -> String) -> String {
        let mut filled = text.to_owned();
        if let Some(first) = self.ids.first().and_then(|id| ids.get(&id.field)) {
            filled = filled.replace("{digits}", &encode(first.trim_start_matches(|c: char| !c.is_ascii_digit())));
        }
        for id in &self.ids {
            let value =
                ids.get(&id.field).map(|value| id.stands_for.get(value).cloned().unwrap_or_else(|| encode(value)));
            let value = value.unwrap_or_default();
            filled = filled.replace(&format!("{{{}}}", id.field), &value);
        }
        filled
    }
}

impl IdField {
    fn normalise(&self, value: &str) -> String {
        let value = value.trim();
        match &self.prefix {
            Some(prefix) if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{prefix}{value}")
            }
            _ => value.to_owned(),
        }
    }

    fn begins_well(&self, value: &str) -> bool {
        self.begins.is_empty() || self.begins.iter().any(|begin| value.starts_with(begin.as_str()))
    }

    fn problem(&self, value: &str) -> Option<IdProblem> {
        let in_shape = self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(value));
        let most = self.most.unwrap_or(MAX_ID);
        if value.len() > most {
            let rule = format!("must have at most {most} bytes");
            return Some(IdProblem { field: self.field.clone(), rule, fatal: true });
        }
        if in_shape {
            return None;
        }
        // whatever the facts leave open, an id is one plain word: it goes into addresses and scripts
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        // of dots alone it would climb out of its place in a path
        let climbs = value.bytes().all(|byte| byte == b'.');
        let fatal = self.strict || climbs || !self.begins_well(value) || value.len() > 64 || !value.bytes().all(plain);
        let rule = if fatal {
            format!("is not a {}: expected the shape of {}", self.label, self.example)
        } else {
            format!("is an unusual {}: usually it has the shape of {}; check it", self.label, self.example)
        };
        Some(IdProblem { field: self.field.clone(), rule, fatal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::CLICK_IDS;

    #[test]
    fn every_file_of_facts_is_read_and_its_examples_pass() {
        assert_eq!(catalogue().len(), FILES.files().count());
        for network in catalogue().values() {
            let example = network.ids.iter().map(|id| (id.field.clone(), id.example.clone())).collect();
            assert_eq!(network.check(&example), (example.clone(), Vec::new()), "{}", network.key);
            let fires = network.script.is_some() || network.image.is_some() || network.code(&example).is_some();
            assert!(fires, "{} cannot fire", network.key);
            for id in &network.click_ids {
                assert!(CLICK_IDS.contains(&id.as_str()), "{id} of {} goes on to destinations", network.key);
            }
            let hit = network.hit.as_ref();
            assert_eq!(hit.is_some(), network.script.is_some(), "{}: the hit of a script is known", network.key);
            let pattern = hit.map(|hit| network.fill(&hit.url, &example, regex::escape)).unwrap_or_default();
            assert!(Regex::new(&pattern).is_ok(), "{}: {pattern}", network.key);
        }
    }

    #[test]
    fn a_guessed_bound_warns_and_a_known_one_refuses() {
        let ids = |value: &str| BTreeMap::from([("pixel_code".to_owned(), value.to_owned())]);
        let tiktok = &catalogue()["tiktok"];
        assert!(tiktok.check(&ids("short")).1[0].fatal);
        assert!(tiktok.check(&ids("")).1[0].fatal);
        let linkedin = &catalogue()["linkedin"];
        let check = |value: &str| linkedin.check(&BTreeMap::from([("partner_id".to_owned(), value.to_owned())]));
        assert!(check("2503796").1.is_empty());
        assert!(!check("25037961234").1[0].fatal);
        assert!(check("1');alert(1)//").1[0].fatal && check("..").1[0].fatal);
        let code = |code: &str| BTreeMap::from([("code".to_owned(), code.to_owned())]);
        let custom = &catalogue()["custom_js"];
        assert!(custom.check(&code("go(1 < 2);")).1.is_empty());
        for bad in ["x</SCRIPT >", "<!-- x", &"x".repeat(8_001)] {
            assert!(custom.check(&code(bad)).1[0].fatal, "{bad:.20}");
        }
        // Google's script takes containers as well, which are code of others
        for (network, field) in
            [("ga4", "measurement_id"), ("google_ads", "conversion_id"), ("floodlight", "advertiser_id")]
        {
            let (network, example) = (&catalogue()[network], "GTM-K7B2XQ4".to_owned());
            let mut ids: BTreeMap<_, _> = network.ids.iter().map(|id| (id.field.clone(), id.example.clone())).collect();
            assert!(network.is_its_own(&ids), "{field}");
            ids.insert(field.to_owned(), example);
            let problems = network.check(&ids).1;
            assert!(problems[0].fatal && problems[0].field == field && !network.is_its_own(&ids), "{problems:?}");
        }
        let tag = catalogue()["ga4"].check(&BTreeMap::from([("measurement_id".to_owned(), "GT-K7B2XQ4".to_owned())]));
        assert!(!tag.1[0].fatal, "a Google tag is odd there, and no more");
        let vk = &catalogue()["vk"];
        assert!(vk.check(&BTreeMap::new()).1[0].fatal, "one of several optional ids is needed");
        let google = &catalogue()["google_ads"];
        let (kept, problems) = google.check(&BTreeMap::from([("conversion_id".to_owned(), " 946162814 ".to_owned())]));
        assert_eq!((kept["conversion_id"].as_str(), problems), ("AW-946162814", Vec::new()));
        assert_eq!(google.fill("/{digits}/{conversion_id}", &kept, str::to_owned), "/946162814/AW-946162814");
    }
}
