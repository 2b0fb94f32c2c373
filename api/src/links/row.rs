//! A checked link as columns: the same for a new link and for a change of one.

use super::{check::Checked, json};
use crate::error::Error;
use entities::link;
use sea_orm::{ActiveValue::Set, prelude::Uuid};

/// The columns that a caller decides about, and the time of the change.
pub(super) fn columns(checked: &Checked, domain_id: Uuid, slug: &str, now: i64) -> Result<link::ActiveModel, Error> {
    let card = checked.card.as_ref().map(|card| json("links.card", card)).transpose()?;
    Ok(link::ActiveModel {
        domain_id: Set(domain_id),
        slug: Set(slug.to_owned()),
        external_id: Set(checked.external_id.clone()),
        destination: Set(checked.destination.clone()),
        title: Set(checked.title.clone()),
        starts_at: Set(checked.starts_at),
        expires_at: Set(checked.expires_at),
        fallback: Set(checked.fallback.clone()),
        forwarding: Set(json("links.forwarding", &checked.forwarding)?),
        utm_source: Set(checked.utm.source.clone()),
        utm_medium: Set(checked.utm.medium.clone()),
        utm_campaign: Set(checked.utm.campaign.clone()),
        utm_term: Set(checked.utm.term.clone()),
        utm_content: Set(checked.utm.content.clone()),
        merge_values: Set(json("links.merge_values", &checked.values)?),
        without_pixels: Set(checked.without_pixels),
        card: Set(card),
        search_text: Set(search_text(slug, checked)),
        updated_at: Set(now),
        ..Default::default()
    })
}

/// The columns of a new link.
pub(super) fn new(
    checked: &Checked,
    (tenant_id, id): (Uuid, Uuid),
    (domain_id, slug): (Uuid, &str),
    now: i64,
) -> Result<link::ActiveModel, Error> {
    Ok(link::ActiveModel {
        id: Set(id),
        tenant_id: Set(tenant_id),
        state: Set(link::State::Active),
        created_at: Set(now),
        ..columns(checked, domain_id, slug, now)?
    })
}

/// What the text filter searches.
fn search_text(slug: &str, checked: &Checked) -> String {
    format!("{slug} {} {}", checked.title.as_deref().unwrap_or_default(), checked.destination).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_filter_searches_slug_title_and_destination_in_lower_case() {
        let checked = Checked {
            title: Some("Frühlings-ANGEBOT".to_owned()),
            destination: "https://shop.example.com/A".to_owned(),
            ..Checked::default()
        };
        assert_eq!(search_text("Sale", &checked), "sale frühlings-angebot https://shop.example.com/a");
    }
}
