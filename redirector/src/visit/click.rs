//! The click that a visit leaves behind: made of what is known of the visitor, with everything personal reduced.

use crate::{page::Route, visitor::Visitor};
use contract::{
    click::{Click, Consent, Exclusion},
    document::Utm,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
};
use uuid::{Builder, Uuid};

/// What was decided of the visit, as the click tells it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcome<'a> {
    /// Why it is not a person's click.
    pub exclusion: Option<Exclusion>,
    /// Pixels that may not fire.
    pub refused: &'a [Uuid],
    /// Pixels that the page is to fire.
    pub pixels: &'a [Uuid],
    /// What the visitor agreed to.
    pub consent: Consent,
}

/// Draws the ids of clicks: UUIDs of version 7, and those of one process in the order they were drawn, within one
/// millisecond as well (RFC 9562 section 6.2, method 1).
#[derive(Debug, Default)]
pub struct Ids {
    /// The last one's millisecond, and how many came before it within that: the lowest 12 bits.
    last: AtomicU64,
}

impl Ids {
    /// Most ids of one millisecond that keep their order.
    const ORDERED: u64 = 1 << 12;

    /// Draws the id of a click at `at`.
    #[must_use]
    pub fn draw(&self, at: i64) -> Uuid {
        let at = u64::try_from(at).unwrap_or(0);
        let next = |last: u64| {
            let place = if last / Self::ORDERED == at { (last + 1) % Self::ORDERED } else { 0 };
            at * Self::ORDERED + place
        };
        let drawn = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        let place = next(drawn.unwrap_or_else(|last| last)) % Self::ORDERED;
        let mut bytes: [u8; 10] = rand::random();
        bytes[..2].copy_from_slice(&u16::try_from(place).unwrap_or_default().to_be_bytes());
        Builder::from_unix_timestamp_millis(at, &bytes).into_uuid()
    }
}

/// Makes the click; `key` is the secret of its day.
#[must_use]
pub fn make(id: Uuid, at: i64, route: &Route, visitor: &Visitor<'_>, key: &[u8; 32], outcome: Outcome<'_>) -> Click {
    let kept = visitor.query.keep();
    Click {
        id,
        at,
        tenant_id: route.link.tenant_id,
        link_id: route.link.link_id,
        visitor: visitor_key(key, visitor.address, visitor.user_agent),
        exclusion: outcome.exclusion,
        country: visitor.place.country.clone(),
        region: visitor.place.region.clone(),
        city: visitor.place.city.clone(),
        referrer: visitor.referrer.clone(),
        device: visitor.agent.device,
        browser: visitor.agent.browser.clone(),
        os: visitor.agent.os.clone(),
        language: visitor.language.clone(),
        utm: merged(kept.utm, &route.link.utm),
        uid: kept.uid,
        parameters: kept.parameters,
        refused: outcome.refused.to_vec(),
        pixels: outcome.pixels.to_vec(),
        consent: outcome.consent,
    }
}

/// The visit's own UTM fields, each else the link's.
fn merged(mut visit: Utm, link: &Utm) -> Utm {
    for (field, of_link) in visit.fields_mut().into_iter().zip(link.fields()) {
        if field.is_none() {
            field.clone_from(of_link);
        }
    }
    visit
}

/// The visitor of a day: nobody can tell it without the day's secret, which is deleted after two days.
fn visitor_key(key: &[u8; 32], address: Option<IpAddr>, user_agent: &[u8]) -> u64 {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return 0 };
    mac.update(b"visitor");
    match address {
        Some(IpAddr::V4(v4)) => mac.update(&v4.octets()),
        Some(IpAddr::V6(v6)) => mac.update(&v6.octets()),
        None => {}
    }
    mac.update(user_agent);
    let mut first = [0; 8];
    first.copy_from_slice(&mac.finalize().into_bytes()[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_the_same_all_day_and_another_one_tomorrow() {
        let address = "203.0.113.0".parse().ok();
        let today = visitor_key(&[1; 32], address, b"agent");
        assert_eq!(today, visitor_key(&[1; 32], address, b"agent"));
        assert_ne!(today, visitor_key(&[2; 32], address, b"agent"));
        assert_ne!(today, visitor_key(&[1; 32], None, b"agent"));
        assert_ne!(today, visitor_key(&[1; 32], address, b"another"));
    }

    #[test]
    fn utm_of_the_visit_comes_before_the_links() {
        let visit = Utm { source: Some("visit".to_owned()), ..Utm::default() };
        let link = Utm { source: Some("link".to_owned()), medium: Some("link".to_owned()), ..Utm::default() };
        let both = merged(visit, &link);
        assert_eq!((both.source.as_deref(), both.medium.as_deref()), (Some("visit"), Some("link")));
    }

    #[test]
    fn ids_keep_the_order_they_were_drawn_in() {
        let ids = Ids::default();
        let at = 1_700_000_000_000;
        let drawn: Vec<Uuid> = (0..4_096).map(|_| ids.draw(at)).chain([ids.draw(at + 1)]).collect();
        assert!(drawn.is_sorted_by(|a, b| a < b));
        let first = drawn[0];
        assert_eq!((first.get_version_num(), first.as_u128() >> 80), (7, at.unsigned_abs().into()));
        // a clock that was set back, and more than a millisecond has room for, repeat no id
        assert_ne!(first, ids.draw(at));
    }
}
