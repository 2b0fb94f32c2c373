//! The card of a link: what preview crawlers show of it, as Open Graph fields, and the same for a person's eyes. Rendered
//! once a link, and cut at what only a visit knows. It has no words of ours, so that it speaks no other language than its
//! title.

use super::{
    brand::{self, Forms},
    pieces::{Pieces, Values},
    templates::{Pages, TemplateError},
};
use contract::document;
use serde_json::json;
use std::fmt;
use url::Url;

/// A card, cut at its holes.
pub struct Card(Pieces);

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card")
    }
}

impl Card {
    /// The page for one visit.
    #[must_use]
    pub fn body(&self, values: &Values<'_>) -> Vec<u8> {
        self.0.fill(values)
    }

    /// The content security policy for the same visit.
    #[must_use]
    pub fn policy(&self, values: &Values<'_>) -> String {
        brand::policy(values.nonce, values.voice.has_logo(), Forms::Closed)
    }
}

/// Renders and cuts a card of the link at this address of this host.
pub(super) fn compile(card: &document::Card, address: &str, host: &str, pages: &Pages) -> Result<Card, TemplateError> {
    let image =
        card.image.as_ref().filter(|image| Url::parse(image).is_ok_and(|url| matches!(url.scheme(), "http" | "https")));
    let page = pages.card(json!({
        "title": card.title, "description": card.description, "image": image, "address": address,
        "host": host,
    }))?;
    Ok(Card(pages.marks().cut(&page)))
}
