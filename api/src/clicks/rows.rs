//! Clicks and receipts as rows and back: what is stored can be counted again as it was counted first. Exact but for
//! what a row does not know, a receipt's state that this version has no name for.

use contract::{
    click::{Click, Consent, Device, EventId, Exclusion, PixelResult, PixelState, Receipt},
    clock::day_of,
    document::Utm,
};
use entities::{click, receipt};
use sea_orm::{ActiveValue::Set, prelude::Uuid};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The row of a click.
#[must_use]
pub fn click_row(event: EventId, click: Click) -> click::ActiveModel {
    let Utm { source, medium, campaign, term, content } = click.utm;
    click::ActiveModel {
        day: Set(day_of(click.at)),
        boot_id: Set(event.boot_id),
        seq: Set(place(event.seq)),
        id: Set(click.id),
        at: Set(click.at),
        tenant_id: Set(click.tenant_id),
        link_id: Set(click.link_id),
        visitor: Set(click.visitor.cast_signed()),
        exclusion: Set(click.exclusion.map(|exclusion| exclusion.name().to_owned())),
        country: Set(click.country),
        region: Set(click.region),
        city: Set(click.city),
        referrer: Set(click.referrer),
        device: Set(click.device.name().to_owned()),
        browser: Set(click.browser),
        os: Set(click.os),
        language: Set(click.language),
        utm_source: Set(source),
        utm_medium: Set(medium),
        utm_campaign: Set(campaign),
        utm_term: Set(term),
        utm_content: Set(content),
        uid: Set(click.uid),
        parameters: Set(json!(click.parameters)),
        pixels: Set(json!(click.pixels)),
        refused: Set(json!(click.refused)),
        consent: Set(click.consent.name().map(str::to_owned)),
    }
}

/// The click in a row.
#[must_use]
pub fn click_of(row: click::Model) -> Click {
    let utm = Utm {
        source: row.utm_source,
        medium: row.utm_medium,
        campaign: row.utm_campaign,
        term: row.utm_term,
        content: row.utm_content,
    };
    Click {
        id: row.id,
        at: row.at,
        tenant_id: row.tenant_id,
        link_id: row.link_id,
        visitor: row.visitor.cast_unsigned(),
        exclusion: row.exclusion.and_then(|name| Exclusion::named(&name)),
        country: row.country,
        region: row.region,
        city: row.city,
        referrer: row.referrer,
        device: Device::ALL.into_iter().find(|device| device.name() == row.device).unwrap_or(Device::Other),
        browser: row.browser,
        os: row.os,
        language: row.language,
        utm,
        uid: row.uid,
        parameters: list(row.parameters),
        refused: list(row.refused),
        pixels: list(row.pixels),
        consent: Consent::named(row.consent.as_deref()),
    }
}

/// The row of a receipt.
#[must_use]
pub fn receipt_row(event: EventId, receipt: Receipt) -> receipt::ActiveModel {
    let result =
        |result: &PixelResult| json!([result.pixel_id, result.state.name(), result.milliseconds, result.watched]);
    receipt::ActiveModel {
        day: Set(day_of(receipt.at)),
        click_id: Set(receipt.click_id),
        boot_id: Set(event.boot_id),
        seq: Set(place(event.seq)),
        at: Set(receipt.at),
        tenant_id: Set(receipt.tenant_id),
        link_id: Set(receipt.link_id),
        country: Set(receipt.country),
        browser: Set(receipt.browser),
        results: Set(Value::Array(receipt.results.iter().map(result).collect())),
    }
}

/// The receipt in a row.
#[must_use]
pub fn receipt_of(row: receipt::Model) -> Receipt {
    let results: Vec<(Uuid, String, u32, bool)> = list(row.results);
    let result = |(pixel_id, state, milliseconds, watched): (Uuid, String, u32, bool)| {
        PixelState::named(&state).map(|state| PixelResult { pixel_id, state, milliseconds, watched })
    };
    Receipt {
        click_id: row.click_id,
        at: row.at,
        tenant_id: row.tenant_id,
        link_id: row.link_id,
        country: row.country,
        browser: row.browser,
        results: results.into_iter().filter_map(result).collect(),
    }
}

/// Places are checked to fit when a batch is read.
fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn list<T: DeserializeOwned>(value: Value) -> Vec<T> {
    serde_json::from_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clicks::batch::tests::click;
    use sea_orm::TryIntoModel;

    const EVENT: EventId = EventId { boot_id: Uuid::nil(), seq: 7 };

    #[test]
    fn a_click_comes_back_from_its_row() {
        let mut click = click(1_700_000_000_000, 1, 2, u64::MAX - 5);
        click.exclusion = Some(Exclusion::Expired);
        click.utm.term = Some("t".to_owned());
        click.parameters = vec![("a".to_owned(), "b".to_owned())];
        click.pixels = vec![Uuid::from_u128(9)];
        click.refused = vec![Uuid::from_u128(8)];
        for consent in Consent::ALL {
            click.consent = consent;
            assert_eq!(click_of(click_row(EVENT, click.clone()).try_into_model().unwrap()), click);
        }
    }

    #[test]
    fn a_receipt_comes_back_from_its_row() {
        let result = |state| PixelResult { pixel_id: Uuid::from_u128(3), state, milliseconds: 12, watched: true };
        let receipt = Receipt {
            click_id: Uuid::from_u128(4),
            at: 1_700_000_000_000,
            tenant_id: Uuid::from_u128(1),
            link_id: Uuid::from_u128(2),
            country: None,
            browser: Some("Firefox".to_owned()),
            results: PixelState::ALL.map(result).to_vec(),
        };
        assert_eq!(receipt_of(receipt_row(EVENT, receipt.clone()).try_into_model().unwrap()), receipt);
    }
}
