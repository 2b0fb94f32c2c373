//! Receipts: what a page says became of its pixels, sent once when it is left. A body in, a receipt out, if its token
//! is ours, fresh and unused, and it speaks of exactly the pixels of that page. Whoever forges or repeats one learns
//! nothing.

use super::token;
use crate::memory::bounded;
use contract::{
    click::{PixelState, Receipt},
    clock::{MINUTE, SECOND},
};
use poem::Request;
use quick_cache::sync::Cache;
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use uuid::Uuid;

/// Where receipts are sent.
pub(super) const PATH: &str = "/_receipt";

/// Most bytes of a body.
const MAX_BODY: usize = 4 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
/// How old a token may be.
const MAX_AGE: i64 = 10 * MINUTE;
/// How far ahead the clock of the redirector that made it may be.
const MAX_AHEAD: i64 = 5 * SECOND;
/// Longest time of a pixel that is stored, in milliseconds.
const MAX_MILLISECONDS: u64 = 60_000;
/// How many used tokens are remembered; storage counts a receipt once per click all the same.
const REMEMBERED: usize = 100_000;

/// Receipts taken so far, by their clicks, and answers for consent, by their questions.
pub struct Spent(Cache<Uuid, ()>);

impl Default for Spent {
    fn default() -> Self {
        Self::new()
    }
}

impl Spent {
    /// Has taken none.
    #[must_use]
    pub fn new() -> Self {
        Self(bounded(REMEMBERED))
    }

    /// Whether this is the first receipt of the click, or answer to the question; from now on there was one.
    pub(super) fn spend(&self, click_id: Uuid) -> bool {
        let mut first = false;
        let taken: Result<(), Infallible> = self.0.get_or_insert_with(&click_id, || {
            first = true;
            Ok(())
        });
        first && taken.is_ok()
    }
}

/// Why a receipt is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not what a page sends.
    Malformed,
    /// The token is not ours, too old or used.
    Forbidden,
}

/// What a page sends, as `templates/runtime.js` writes it.
#[derive(Deserialize)]
struct Sent {
    /// The token.
    t: String,
    /// State and milliseconds, in the order of the page's pixels.
    p: Vec<(String, u64)>,
}

/// Reads a receipt from a request.
pub(super) async fn read<'a>(
    request: Request,
    keys: impl Iterator<Item = &'a [u8; 32]>,
    now: i64,
    spent: &Spent,
) -> Result<Receipt, Refused> {
    let body = tokio::time::timeout(PATIENCE, request.into_body().into_bytes_limit(MAX_BODY)).await;
    let body = body.map_err(|_| Refused::Malformed)?.map_err(|_| Refused::Malformed)?;
    check(&body, keys, now, spent)
}

fn check<'a>(
    body: &[u8],
    keys: impl Iterator<Item = &'a [u8; 32]>,
    now: i64,
    spent: &Spent,
) -> Result<Receipt, Refused> {
    let sent: Sent = serde_json::from_slice(body).map_err(|_| Refused::Malformed)?;
    let mut receipt = token::read(&sent.t, keys).ok_or(Refused::Forbidden)?;
    if !(receipt.at - MAX_AHEAD..=receipt.at + MAX_AGE).contains(&now) {
        return Err(Refused::Forbidden);
    }
    if sent.p.len() != receipt.results.len() {
        return Err(Refused::Malformed);
    }
    for (result, (state, milliseconds)) in receipt.results.iter_mut().zip(&sent.p) {
        result.state = PixelState::named(state).ok_or(Refused::Malformed)?;
        result.milliseconds = u32::try_from((*milliseconds).min(MAX_MILLISECONDS)).unwrap_or_default();
    }
    if spent.spend(receipt.click_id) { Ok(receipt) } else { Err(Refused::Forbidden) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{
        click::{Click, Consent, Device},
        document::Utm,
    };

    const AT: i64 = 1_700_000_000_000;
    const KEY: [u8; 32] = [7; 32];

    fn click() -> Click {
        Click {
            id: Uuid::from_u128(1),
            at: AT,
            tenant_id: Uuid::from_u128(2),
            link_id: Uuid::from_u128(3),
            visitor: 4,
            exclusion: None,
            country: Some("CH".to_owned()),
            region: None,
            city: None,
            referrer: None,
            device: Device::Phone,
            browser: Some("Firefox".to_owned()),
            os: None,
            language: None,
            utm: Utm::default(),
            uid: None,
            parameters: Vec::new(),
            refused: Vec::new(),
            pixels: vec![Uuid::from_u128(5), Uuid::from_u128(6)],
            consent: Consent::Unasked,
        }
    }

    fn checked(token: &str, pixels: &str, now: i64, spent: &Spent) -> Result<Receipt, Refused> {
        check(format!(r#"{{"t":"{token}","p":{pixels}}}"#).as_bytes(), [&[1; 32], &KEY].into_iter(), now, spent)
    }

    #[test]
    fn a_receipt_is_taken_once_and_carries_what_storage_needs() {
        let (token, spent) = (token::make(&click(), &KEY, true, |_| false), Spent::new());
        let pixels = r#"[["sent",12],["timed_out",99999999]]"#;
        let receipt = checked(&token, pixels, AT + MAX_AGE, &spent).unwrap();
        assert_eq!((receipt.click_id, receipt.at, receipt.country.as_deref()), (Uuid::from_u128(1), AT, Some("CH")));
        let results: Vec<_> = receipt
            .results
            .iter()
            .map(|result| (result.pixel_id.as_u128(), result.state, result.milliseconds))
            .collect();
        assert_eq!(results, [(5, PixelState::Sent, 12), (6, PixelState::TimedOut, 60_000)]);
        assert_eq!(checked(&token, pixels, AT, &spent), Err(Refused::Forbidden));
    }

    #[test]
    fn anything_else_is_refused() {
        let (token, spent) = (token::make(&click(), &KEY, true, |_| false), Spent::new());
        let good = r#"[["sent",1],["sent",1]]"#;
        assert_eq!(checked(&token, good, AT + MAX_AGE + 1, &spent), Err(Refused::Forbidden));
        assert_eq!(checked(&token, good, AT - MAX_AHEAD - 1, &spent), Err(Refused::Forbidden));
        assert_eq!(
            checked(&token::make(&click(), &[9; 32], true, |_| false), good, AT, &spent),
            Err(Refused::Forbidden)
        );
        let uncounted = token::make(&click(), &KEY, false, |_| false);
        assert_eq!(checked(&uncounted, good, AT, &spent), Err(Refused::Forbidden));
        assert_eq!(uncounted.len(), token.len(), "HEAD tells the length of GET's page");
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(checked(&forged, good, AT, &spent), Err(Refused::Forbidden), "{at}");
        }
        for short in ["", "AAAA", "====", "\u{e4}"] {
            assert_eq!(checked(short, good, AT, &spent), Err(Refused::Forbidden), "{short}");
        }
        for bad in ["[]", r#"[["sent",1]]"#, r#"[["odd",1],["sent",1]]"#, r#"[["sent",-1],["sent",1]]"#, "3", "null"] {
            assert_eq!(checked(&token, bad, AT, &spent), Err(Refused::Malformed), "{bad}");
        }
        assert_eq!(check(b"\xff", [&KEY].into_iter(), AT, &spent), Err(Refused::Malformed));
        // none of these used it up
        assert!(checked(&token, good, AT, &spent).is_ok());
    }
}
