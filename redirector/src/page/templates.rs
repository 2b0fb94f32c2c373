//! The templates, compiled once at start, and the pages that are the same for every visit. A plain `{{value}}` is
//! escaped for HTML; `{{js value}}` is a JavaScript string; `{{{value}}}` is for our own pieces alone.

use super::{
    brand::{self, Forms},
    escape,
    pieces::{Hole, Marks, Pieces, Values},
    voice::Voice,
};
use contract::branding::PageText;
use handlebars::{Context, Handlebars, Helper, HelperResult, JsonRender, Output, RenderContext};
use include_dir::{Dir, include_dir};
use poem::http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;
use std::{collections::BTreeMap, fmt};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Prefix of the names of networks' script templates.
const NETWORKS: &str = "networks/";

/// A template is damaged or a page cannot be rendered: a mistake of this program, never of a visit.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file is not there or no UTF-8.
    #[error("the template {0} is missing")]
    Missing(&'static str),
    /// It does not compile.
    #[error(transparent)]
    Unreadable(Box<handlebars::TemplateError>),
    /// It does not render.
    #[error(transparent)]
    Render(Box<handlebars::RenderError>),
}

impl From<handlebars::RenderError> for TemplateError {
    fn from(error: handlebars::RenderError) -> Self {
        Self::Render(Box::new(error))
    }
}

impl From<handlebars::TemplateError> for TemplateError {
    fn from(error: handlebars::TemplateError) -> Self {
        Self::Unreadable(Box::new(error))
    }
}

/// Why there is nothing to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unavailable {
    /// The request names no host.
    BadRequest,
    /// There is no such link.
    Unknown,
    /// The link has not started.
    NotStarted,
    /// The link was put away, switched off or has expired.
    Gone,
    /// The link cannot be looked up just now.
    Busy,
}

impl Unavailable {
    const ALL: [Self; 5] = [Self::BadRequest, Self::Unknown, Self::NotStarted, Self::Gone, Self::Busy];

    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unknown | Self::NotStarted => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn texts(self) -> [PageText; 2] {
        match self {
            Self::BadRequest => [PageText::BadRequestTitle, PageText::BadRequestText],
            Self::Unknown => [PageText::UnknownTitle, PageText::UnknownText],
            Self::NotStarted => [PageText::NotStartedTitle, PageText::NotStartedText],
            Self::Gone => [PageText::GoneTitle, PageText::GoneText],
            Self::Busy => [PageText::BusyTitle, PageText::BusyText],
        }
    }
}

/// A page that is the same for every visit.
#[derive(Clone)]
pub struct Still {
    /// Its text.
    pub body: Box<[u8]>,
    /// Its content security policy.
    pub policy: HeaderValue,
}

impl fmt::Debug for Still {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Still")
    }
}

/// The templates.
pub struct Pages {
    registry: Handlebars<'static>,
    marks: Marks,
    style: String,
    runtime: String,
    watch: String,
    buttons: String,
    parts: serde_json::Value,
    unavailable: BTreeMap<Unavailable, Pieces>,
}

impl Pages {
    /// Compiles the templates.
    ///
    /// # Errors
    /// [`TemplateError`] where one is damaged, which a test rules out.
    pub fn new() -> Result<Self, TemplateError> {
        let mut marks = Marks::new();
        let mut pages = Self {
            registry: registry()?,
            style: marks.share(&tight(file("style.css")?)),
            runtime: marks.share(&tight(file("runtime.js")?)),
            watch: marks.share(&tight(file("watch.js")?)),
            buttons: marks.share(&tight(file("consent.css")?)),
            parts: marks.parts(),
            marks,
            unavailable: BTreeMap::new(),
        };
        for reason in Unavailable::ALL {
            let [title, text] = reason.texts().map(|text| pages.parts[text.key()].clone());
            let page = pages.render("unavailable", json!({ "title": title, "text": text }))?;
            pages.unavailable.insert(reason, pages.marks.cut(&page));
        }
        Ok(pages)
    }

    /// The page that says why there is nothing to see.
    #[must_use]
    pub fn unavailable(&self, reason: Unavailable, voice: Voice<'_>) -> Option<Still> {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let values = Values { nonce: &nonce, voice, ..Values::default() };
        let policy = brand::policy(&nonce, voice.has_logo(), Forms::Closed);
        let body = self.unavailable.get(&reason)?.fill(&values).into();
        Some(Still { body, policy: HeaderValue::try_from(policy).ok()? })
    }

    /// Whether there is a script template for the network.
    pub(super) fn has_script(&self, network: &str) -> bool {
        self.registry.has_template(&format!("{NETWORKS}{network}"))
    }

    /// The marks of holes.
    pub(super) const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Renders the script of a network's pixels.
    pub(super) fn script(&self, network: &str, data: &impl Serialize) -> Result<String, TemplateError> {
        Ok(tight(&self.registry.render(&format!("{NETWORKS}{network}"), data)?))
    }

    /// Renders the interstitial, with marks for the holes.
    pub(super) fn interstitial(&self, mut data: serde_json::Value) -> Result<String, TemplateError> {
        data["runtime"] = self.runtime.as_str().into();
        data["watch"] = self.watch.as_str().into();
        data["destination_attribute"] = self.marks.of(Hole::DestinationAttribute).into();
        self.render("interstitial", data)
    }

    /// Renders the question for consent, with marks for the holes.
    pub(super) fn question(&self, mut data: serde_json::Value) -> Result<String, TemplateError> {
        data["buttons"] = self.buttons.as_str().into();
        self.render("consent", data)
    }

    /// Renders a link's card, with marks for the holes.
    pub(super) fn card(&self, data: serde_json::Value) -> Result<String, TemplateError> {
        self.render("card", data)
    }

    /// Renders a page; `data` need not name what all of them have.
    fn render(&self, template: &str, mut data: serde_json::Value) -> Result<String, TemplateError> {
        data["style"] = self.style.as_str().into();
        data["nonce"] = self.marks.of(Hole::Nonce).into();
        data["part"] = self.parts.clone();
        Ok(self.registry.render(template, &data)?)
    }
}

fn registry() -> Result<Handlebars<'static>, TemplateError> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(escape::text);
    registry.register_helper("js", Box::new(js));
    for name in ["interstitial", "consent", "unavailable", "card"] {
        registry.register_template_string(name, text(name, &format!("{name}.hbs"))?)?;
    }
    for file in ["networks", "partials"].into_iter().filter_map(|name| FILES.get_dir(name)).flat_map(Dir::files) {
        let (Some(name), Some(text)) = (file.path().file_stem().and_then(|name| name.to_str()), file.contents_utf8())
        else {
            return Err(TemplateError::Missing("networks/*.hbs"));
        };
        let folder = if file.path().starts_with("partials") { "partials/" } else { NETWORKS };
        registry.register_template_string(&format!("{folder}{name}"), text)?;
    }
    Ok(registry)
}

fn file(name: &'static str) -> Result<&'static str, TemplateError> {
    text(name, name)
}

fn text(name: &'static str, path: &str) -> Result<&'static str, TemplateError> {
    FILES.get_file(path).and_then(|file| file.contents_utf8()).ok_or(TemplateError::Missing(name))
}

/// Takes indents and lines that are comments out of a script or a style; line breaks stay, so that no statement
/// changes.
fn tight(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn js(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let value = helper.param(0).map(|value| value.value().render()).unwrap_or_default();
    out.write(&escape::script(&value))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{branding::Language, network::catalogue};

    #[test]
    fn every_network_with_a_script_has_a_template_and_every_reason_a_page() {
        let pages = Pages::new().unwrap();
        for network in catalogue().values() {
            assert_eq!(pages.has_script(&network.key), network.script.is_some(), "{}", network.key);
        }
        for reason in Unavailable::ALL {
            let voice = |language| Voice { language, ..Voice::default() };
            let still = pages.unavailable(reason, voice(Language::En)).unwrap();
            let text = std::str::from_utf8(&still.body).unwrap();
            assert!(text.starts_with("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">"), "{text}");
            assert_eq!(text.matches("<h1></h1>").count() + text.matches("<p>").count(), 1, "{text}");
            let nonce = text.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
            assert!(still.policy.to_str().unwrap().contains(&format!("style-src 'nonce-{nonce}'")));
            let german = pages.unavailable(reason, voice(Language::De)).unwrap();
            assert!(std::str::from_utf8(&german.body).unwrap().contains("<html lang=\"de\""));
        }
    }
}
