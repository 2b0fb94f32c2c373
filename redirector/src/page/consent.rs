//! The question for consent: who asks, for which networks, and where one goes either way. Rendered once a link, where its
//! tenant asks at all, and cut at what only a visit knows. It needs no script: its form is sent to the link's own
//! address.

use super::{
    brand::{self, Forms},
    pieces::{Hole, Pieces, Values},
    pixels::{Form, Pixel},
    templates::{Pages, TemplateError},
};
use contract::network::Network;
use serde_json::json;
use std::fmt;

/// A question, cut at its holes.
pub struct Question(Pieces);

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Question")
    }
}

impl Question {
    /// The page for one visit; the token of `values` is the question's.
    #[must_use]
    pub fn body(&self, values: &Values<'_>) -> Vec<u8> {
        self.0.fill(values)
    }

    /// The content security policy for the same visit.
    #[must_use]
    pub fn policy(&self, values: &Values<'_>) -> String {
        brand::policy(values.nonce, values.voice.has_logo(), Forms::Own)
    }
}

/// Renders and cuts the question of a link with these pixels; each who would learn of the visit is named once.
pub(super) fn compile(pixels: &[Pixel], pages: &Pages) -> Result<Question, TemplateError> {
    let mut networks: Vec<&str> = Vec::new();
    for name in pixels.iter().flat_map(names) {
        if !networks.contains(&name) {
            networks.push(name);
        }
    }
    let marks = pages.marks();
    let token = marks.of(Hole::Token);
    let page = pages.question(json!({ "networks": networks, "token": token }))?;
    Ok(Question(marks.cut(&page)))
}

/// Who learns of a visit by a pixel: its network, or, for a tenant's own picture or code, the hosts that it reaches, whose
/// kind of pixel would tell a visitor nothing.
fn names(pixel: &Pixel) -> Vec<&str> {
    let hosts = Network::own_hosts(&pixel.ids);
    match &pixel.form {
        Form::Image { origin, .. } if pixel.network.hosts.img.is_empty() => {
            vec![origin.split_once("://").map_or(origin.as_str(), |(_, host)| host)]
        }
        Form::Inline { .. } if pixel.ids.contains_key("hosts") => hosts.collect(),
        Form::Image { .. } | Form::Script { .. } | Form::Inline { .. } => {
            [pixel.network.name.as_str()].into_iter().chain(hosts).collect()
        }
    }
}
