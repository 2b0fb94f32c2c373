//! The token of a receipt: the receipt as it will be stored, but for the results, signed with the secret of its day. So
//! a receipt needs no look-up, never waits for its click, and nobody can make one up for a click that was not theirs.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use contract::click::{Click, Event, PixelResult, PixelState, Receipt, decode, encode};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the signature: an HMAC-SHA-256, cut.
pub(super) const SIGNATURE: usize = 16;

/// Makes the token of a click's receipt: letters, digits, `-` and `_`. `watched` says of a pixel, by its place on the
/// page, whether the page waits to see its outcome.
pub(super) fn make(click: &Click, key: &[u8; 32], watched: impl Fn(usize) -> bool) -> String {
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
    let mut bytes = encode(&Event::Receipt(Box::new(receipt)), Vec::with_capacity(256)).unwrap_or_default();
    if let Some(mac) = mac(key, &bytes) {
        bytes.extend_from_slice(&mac.finalize().into_bytes()[..SIGNATURE]);
    }
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads what [`make`] made under one of the keys. Nothing is decoded before the signature was found good.
pub(super) fn read<'a>(token: &str, mut keys: impl Iterator<Item = &'a [u8; 32]>) -> Option<Receipt> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let (payload, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
    let signs = |key| mac(key, payload).is_some_and(|mac| mac.verify_truncated_left(signature).is_ok());
    if !keys.any(signs) {
        return None;
    }
    match decode(payload) {
        Ok(Event::Receipt(receipt)) => Some(*receipt),
        _ => None,
    }
}

fn mac(key: &[u8; 32], payload: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(b"receipt");
    mac.update(payload);
    Some(mac)
}
