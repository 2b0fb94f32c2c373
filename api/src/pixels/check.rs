//! Checks what a pixel is to be, before anything is stored: the ids by the network's facts, and a tenant's own image
//! address by the rules of [`super::image`]. Pure; what needs rows is asked by the operations.

use super::image;
use crate::{
    error::{Code, Mistake},
    links::text::{mistake, required},
};
use contract::{
    destination::Reach,
    document::PixelMode,
    network::{IdProblem, Network},
};
use std::collections::BTreeMap;

/// Longest name, in characters.
pub const MAX_NAME: usize = 100;
/// Most ids of one pixel.
pub const MAX_IDS: usize = 10;

/// Ids that may be stored, if no mistake was noted.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// By field.
    pub(super) ids: BTreeMap<String, String>,
    /// What is odd about them, but allowed.
    pub(super) warnings: Vec<IdProblem>,
    /// The host of the tenant's own image address, without its port, with the field that names it.
    pub(super) own_host: Option<(String, String)>,
}

/// Checks a name.
pub(super) fn name(given: &str, mistakes: &mut Vec<Mistake>) -> String {
    required(["name"], given, MAX_NAME, mistakes)
}

/// Checks a mode against what the network offers.
pub(super) fn mode(network: &Network, mode: PixelMode, mistakes: &mut Vec<Mistake>) {
    if mode == PixelMode::Script && network.script.is_none() {
        let rule = format!("cannot be SCRIPT: {} has no script", network.name);
        mistakes.push(mistake(["mode"], Code::Invalid, rule));
    }
}

/// Checks ids, as pairs of field and value.
pub(super) fn ids(network: &Network, given: &[(String, String)], reach: Reach, mistakes: &mut Vec<Mistake>) -> Checked {
    if given.len() > MAX_IDS {
        mistakes.push(mistake(["ids"], Code::LimitReached, format!("must be at most {MAX_IDS}")));
        return Checked::default();
    }
    let mut by_field = BTreeMap::new();
    for (field, value) in given {
        if by_field.insert(field.clone(), value.clone()).is_some() {
            mistakes.push(mistake(["ids", field], Code::Invalid, "is given twice"));
        }
    }
    let (ids, mut problems) = network.check(&by_field);
    let mut own_host = None;
    if let Some(field) = address_field(network)
        && let Some(address) = ids.get(field)
    {
        let checked = image::check(address, reach);
        if checked.is_err() || reach == Reach::Local {
            // these rules say it more exactly, and where local hosts are allowed they replace the shape
            problems.retain(|problem| problem.field != field);
        }
        match checked {
            Ok(host) => own_host = Some((field.to_owned(), host.name().to_owned())),
            Err((code, rule)) => mistakes.push(mistake(["ids", field], code, rule)),
        }
    }
    let (fatal, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| problem.fatal);
    mistakes.extend(fatal.into_iter().map(|problem| mistake(["ids", &problem.field], Code::Invalid, problem.rule)));
    Checked { ids, warnings, own_host }
}

/// Whether ids that are stored are in the shape that their network gives out.
pub(super) fn is_in_shape(network: &Network, ids: &BTreeMap<String, String>, reach: Reach) -> bool {
    let given: Vec<_> = ids.iter().map(|(field, value)| (field.clone(), value.clone())).collect();
    let mut mistakes = Vec::new();
    let checked = self::ids(network, &given, reach, &mut mistakes);
    checked.warnings.is_empty() && mistakes.is_empty()
}

/// The field that holds the whole image address, where a network leaves that to the tenant.
fn address_field(network: &Network) -> Option<&str> {
    let image = network.image.as_deref()?;
    let field = image.strip_prefix('{')?.strip_suffix('}')?;
    network.ids.iter().map(|id| id.field.as_str()).find(|known| *known == field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::network::catalogue;

    fn check(network: &str, given: &[(&str, &str)], reach: Reach) -> (Checked, Vec<String>) {
        let given: Vec<_> = given.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect();
        let mut mistakes = Vec::new();
        let checked = ids(&catalogue()[network], &given, reach, &mut mistakes);
        (checked, mistakes.into_iter().map(|mistake| mistake.field.join(".")).collect())
    }

    #[test]
    fn a_fatal_problem_is_a_mistake_and_the_rest_a_warning() {
        let (checked, mistakes) = check("meta", &[("pixel_id", " 246813579024680 ")], Reach::Public);
        assert_eq!((checked.ids["pixel_id"].as_str(), checked.warnings.len()), ("246813579024680", 0));
        assert_eq!(mistakes, [""; 0]);
        let (checked, mistakes) = check("linkedin", &[("partner_id", "25037961234")], Reach::Public);
        assert_eq!((checked.warnings.len(), mistakes.len()), (1, 0));
        let (_, mistakes) = check("meta", &[("pixel_id", "1');alert(1)//"), ("other", "1")], Reach::Public);
        assert_eq!(mistakes, ["ids.other", "ids.pixel_id"]);
        let (_, mistakes) = check("meta", &[("pixel_id", "1"), ("pixel_id", "246813579024680")], Reach::Public);
        assert_eq!(mistakes, ["ids.pixel_id"]);
        assert_eq!(check("meta", &[("a", "1"); 11], Reach::Public).1, ["ids"]);
    }

    #[test]
    fn an_own_image_names_its_host_and_has_one_mistake_at_a_time() {
        let (checked, mistakes) = check("custom_image", &[("url", "https://T.example.com/p.gif")], Reach::Public);
        assert_eq!(checked.own_host, Some(("url".to_owned(), "t.example.com".to_owned())));
        assert_eq!(mistakes, [""; 0]);
        for bad in ["http://t.example.com/p.gif", "https://127.0.0.1/p.gif", "https://t.example.com/{x}"] {
            assert_eq!(check("custom_image", &[("url", bad)], Reach::Public).1, ["ids.url"], "{bad}");
        }
        assert_eq!(check("custom_image", &[("url", " ")], Reach::Public).1, ["ids.url"]);
        assert_eq!(check("custom_image", &[("url", "http://127.0.0.1:9/p.gif")], Reach::Local).1, [""; 0]);
    }

    #[test]
    fn a_script_is_refused_where_there_is_none() {
        let mut mistakes = Vec::new();
        mode(&catalogue()["meta"], PixelMode::Script, &mut mistakes);
        mode(&catalogue()["custom_image"], PixelMode::Auto, &mut mistakes);
        assert_eq!(mistakes, []);
        mode(&catalogue()["custom_image"], PixelMode::Script, &mut mistakes);
        assert_eq!(mistakes[0].field, ["mode"]);
    }
}
