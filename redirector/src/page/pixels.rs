//! Which pixels fire on a link, and how: as an image where the network has that form, else, or where the tenant chose
//! it, by the network's script, or by code of the tenant's own. Ids are filled into addresses here; a pixel that cannot
//! fire is left out, and so is code of others on a domain that its tenant shares.

use super::pieces::{Hole, Marks};
use contract::{
    destination::{Reach, encode_value, is_local},
    document::{LinkDocument, PixelDocument, PixelMode, TenantDocument},
    network::{Network, catalogue},
    preview::PixelReason,
};
use std::collections::{BTreeMap, HashSet};
use url::Url;
use uuid::Uuid;

/// A pixel of a page.
#[derive(Debug, Clone)]
pub(super) struct Pixel {
    /// The pixel's id.
    pub(super) id: Uuid,
    /// Its network.
    pub(super) network: &'static Network,
    /// Its ids in the network.
    pub(super) ids: BTreeMap<String, String>,
    /// How it fires.
    pub(super) form: Form,
}

/// How a pixel fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// As a request for an image, with marks where only a visit knows.
    Image {
        /// Its address.
        address: String,
        /// Scheme, host and port of that address.
        origin: String,
    },
    /// By the network's script.
    Script {
        /// Its address.
        address: String,
        /// Who shares one load of the script; `None` for whoever has the same address.
        family: Option<&'static str>,
    },
    /// By code that stands in the page.
    Inline {
        /// It.
        code: String,
    },
}

/// What the addresses of a link's pixels are filled with.
pub(super) struct Filler<'a> {
    /// The marks of holes.
    pub(super) marks: &'a Marks,
    /// The link's id.
    pub(super) link_id: Uuid,
    /// The link's own address.
    pub(super) short_url: &'a str,
    /// Which hosts may be named.
    pub(super) reach: Reach,
}

/// The pixels of a tenant that apply to a link, each once, in the tenant's order. `owned` says that the link's domain
/// belongs to the tenant alone.
pub(super) fn applying<'a>(link: &LinkDocument, tenant: &'a TenantDocument, owned: bool) -> Vec<&'a PixelDocument> {
    let mut met = HashSet::new();
    let pixels = tenant.pixels.iter().filter(|pixel| applies(pixel, link, owned).is_ok());
    pixels.filter(|pixel| met.insert(pixel.pixel_id)).collect()
}

/// Whether a pixel of the tenant applies to a link: the default ones do and the link's own.
///
/// # Errors
/// Why it does not.
pub(super) fn applies(pixel: &PixelDocument, link: &LinkDocument, owned: bool) -> Result<(), PixelReason> {
    if link.without_pixels {
        return Err(PixelReason::WithoutPixels);
    }
    if !pixel.default && !link.pixel_ids.contains(&pixel.pixel_id) {
        return Err(PixelReason::NotAttached);
    }
    if !owned && catalogue().get(&pixel.network).is_some_and(|network| network.custom_domain_only) {
        return Err(PixelReason::SharedDomain);
    }
    Ok(())
}

impl Filler<'_> {
    /// Prepares a pixel; `has_template` tells of which networks there is a script template. `None` for one that cannot
    /// fire: its network or its ids leave no way.
    pub(super) fn prepare(&self, pixel: &PixelDocument, has_template: impl Fn(&str) -> bool) -> Option<Pixel> {
        let network = catalogue().get(&pixel.network).filter(|network| network.is_its_own(&pixel.ids))?;
        let script = network.script.as_ref().filter(|_| has_template(&network.key));
        let form = match (network.image_for(&pixel.ids), script) {
            (Some(image), script) if pixel.mode == PixelMode::Auto || script.is_none() => {
                self.image(network, image, pixel)?
            }
            (_, Some(script)) => {
                let address = network.fill(&script.url, &pixel.ids, encode_value);
                Form::Script { address, family: script.family.as_deref() }
            }
            _ => Form::Inline { code: network.code(&pixel.ids)?.1.to_owned() },
        };
        Some(Pixel { id: pixel.pixel_id, network, ids: pixel.ids.clone(), form })
    }

    fn image(&self, network: &Network, image: &str, pixel: &PixelDocument) -> Option<Form> {
        // where the id is the address itself it is taken as it stands, else it is a value in the address
        let address = if image.starts_with('{') {
            network.fill(image, &pixel.ids, str::to_owned)
        } else {
            network.fill(image, &pixel.ids, encode_value)
        };
        let origin = sound_origin(&address, self.reach)?;
        let address = address
            .replace("{click_id}", &self.marks.of(Hole::ClickId))
            .replace("{timestamp}", &self.marks.of(Hole::Timestamp))
            .replace("{cachebuster}", &self.marks.of(Hole::CacheBuster))
            .replace("{destination}", &self.marks.of(Hole::DestinationValue))
            .replace("{consent}", &self.marks.of(Hole::ConsentQuery))
            .replace("{consent;}", &self.marks.of(Hole::ConsentMatrix))
            .replace("{limited}", &self.only(Hole::LimitedBegins, "1"))
            .replace("{link_id}", &self.link_id.to_string())
            .replace("{short_url}", &encode_value(self.short_url));
        let limited = network.image_limited.as_deref().map(|text| self.only(Hole::LimitedBegins, text));
        let granted = network.image_granted.as_deref().map(|text| self.only(Hole::GrantedBegins, text));
        let address = [Some(address), limited, granted].into_iter().flatten().collect();
        Some(Form::Image { address, origin })
    }

    /// A text that stands only in the pages of some visits.
    fn only(&self, begins: Hole, text: &str) -> String {
        format!("{}{text}{}", self.marks.of(begins), self.marks.of(Hole::Ends))
    }
}

/// The origin of an image's address, where it may be asked for: https, and a public host unless local ones are allowed.
fn sound_origin(address: &str, reach: Reach) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let authority = address.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let sound = (url.scheme() == "https" || url.scheme() == "http" && reach == Reach::Local)
        && (reach == Reach::Local || !is_local(&url))
        && url.username().is_empty()
        && url.password().is_none()
        && !authority.contains(['{', '}']);
    sound.then(|| url.origin().ascii_serialization())
}
