//! The token of a receipt: the receipt as it will be stored, but for the results, sealed with the secret of its day. So
//! a receipt needs no look-up, never waits for its click, and nobody can make one up for a click that was not theirs.

use contract::{
    click::{Click, Event, PixelResult, PixelState, Receipt, decode, encode},
    seal::{Key, open, seal},
};

/// What it is sealed for.
const PURPOSE: &[u8] = b"receipt";
/// The same for a visit that leaves no click: as long, and good for nothing.
const NO_CLICK: &[u8] = b"preview of a receipt";

/// Makes the token of a click's receipt: letters, digits, `-` and `_`. With `counts` false the click is not recorded, and
/// [`read`] refuses the token: there are no receipts without clicks. `watched` says of a pixel, by its place on the page,
/// whether the page waits to see its outcome.
pub(super) fn make(click: &Click, key: &Key, counts: bool, watched: impl Fn(usize) -> bool) -> String {
    let sent = |(place, pixel_id): (usize, &uuid::Uuid)| PixelResult {
        pixel_id: *pixel_id,
        state: PixelState::Sent,
        milliseconds: 0,
        watched: watched(place),
    };
    let receipt = Receipt {
        click_id: click.id,
        at: click.at,
        tenant_id: click.tenant_id,
        link_id: click.link_id,
        country: click.country.clone(),
        browser: click.browser.clone(),
        results: click.pixels.iter().enumerate().map(sent).collect(),
    };
    let bytes = encode(&Event::Receipt(Box::new(receipt)), Vec::with_capacity(256)).unwrap_or_default();
    seal(if counts { PURPOSE } else { NO_CLICK }, bytes, key)
}

/// Reads what [`make`] made under one of the keys. Nothing is decoded before the signature was found good.
pub(super) fn read<'a>(token: &str, keys: impl Iterator<Item = &'a Key>) -> Option<Receipt> {
    match decode(&open(PURPOSE, token, keys)?) {
        Ok(Event::Receipt(receipt)) => Some(*receipt),
        _ => None,
    }
}
