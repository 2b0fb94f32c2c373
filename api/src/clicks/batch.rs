//! Records of a click log, read: clicks, receipts and what could not be read, each with its place in the log. Pure.
//! `ingest` stores what comes out; nothing in it can be refused by the database for its content.

use contract::{
    click::{Click, Event, Receipt, decode},
    frame,
};
use std::collections::BTreeSet;

/// First instant that an event can bear: 2020-01-01. What lies before says that a clock was wrong.
const EARLIEST: i64 = 1_577_836_800_000;
/// First instant that an event cannot bear: 2100-01-01.
const LATEST: i64 = 4_102_444_800_000;

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its place in the log.
    pub seq: u64,
    /// What it carries.
    pub payload: Vec<u8>,
    /// What is wrong with it.
    pub reason: String,
}

/// Records of one click log, in the order of their places, each place once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// Clicks.
    pub clicks: Vec<(u64, Click)>,
    /// Receipts.
    pub receipts: Vec<(u64, Receipt)>,
    /// The rest.
    pub unreadable: Vec<Unreadable>,
    /// Bytes at the end of frames that hold no whole record: not stored, so that the log sends them again.
    pub torn: usize,
}

impl Batch {
    /// Reads the records of frames.
    #[must_use]
    pub fn read(frames: &[&[u8]]) -> Self {
        let mut batch = Self::default();
        let mut seen = BTreeSet::new();
        for frame in frames {
            let mut records = frame::records(frame);
            for record in records.by_ref() {
                // no log counts from 0 or that far
                let is_place = (1..=i64::MAX as u64).contains(&record.seq);
                if is_place && seen.insert(record.seq) {
                    batch.push(record.seq, record.payload);
                }
            }
            batch.torn += frame.len() - records.position();
        }
        batch.clicks.sort_unstable_by_key(|(seq, _)| *seq);
        batch.receipts.sort_unstable_by_key(|(seq, _)| *seq);
        batch
    }

    fn push(&mut self, seq: u64, payload: &[u8]) {
        match decode(payload) {
            Ok(Event::Click(mut click)) if is_possible(click.at) => {
                clean_click(&mut click);
                self.clicks.push((seq, *click));
            }
            Ok(Event::Receipt(mut receipt)) if is_possible(receipt.at) => {
                [&mut receipt.country, &mut receipt.browser].into_iter().flatten().for_each(clean);
                self.receipts.push((seq, *receipt));
            }
            Ok(_) => self.give_up(seq, payload, "its time is out of range"),
            Err(error) => self.give_up(seq, payload, &error.to_string()),
        }
    }

    /// The same records, none of which is read: each is put away with its reason.
    #[must_use]
    pub fn condemned(frames: &[&[u8]], reason: &str) -> Self {
        let mut batch = Self::default();
        for record in frames.iter().flat_map(|frame| frame::records(frame)) {
            batch.give_up(record.seq, record.payload, reason);
        }
        batch
    }

    /// Leaves out the records at places that are stored already.
    pub fn leave_out(&mut self, is_stored: impl Fn(u64) -> bool) {
        self.clicks.retain(|(seq, _)| !is_stored(*seq));
        self.receipts.retain(|(seq, _)| !is_stored(*seq));
        self.unreadable.retain(|record| !is_stored(record.seq));
    }

    fn give_up(&mut self, seq: u64, payload: &[u8], reason: &str) {
        self.unreadable.push(Unreadable { seq, payload: payload.to_vec(), reason: reason.to_owned() });
    }

    /// How many records there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.clicks.len() + self.receipts.len() + self.unreadable.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The places of all records.
    pub fn places(&self) -> impl Iterator<Item = u64> {
        let clicks = self.clicks.iter().map(|(seq, _)| *seq);
        let receipts = self.receipts.iter().map(|(seq, _)| *seq);
        clicks.chain(receipts).chain(self.unreadable.iter().map(|record| record.seq))
    }

    /// When the clicks were that these records are about.
    pub fn instants(&self) -> impl Iterator<Item = i64> {
        let clicks = self.clicks.iter().map(|(_, click)| click.at);
        clicks.chain(self.receipts.iter().map(|(_, receipt)| receipt.at))
    }
}

const fn is_possible(at: i64) -> bool {
    EARLIEST <= at && at < LATEST
}

/// PostgreSQL's texts cannot hold U+0000, and nobody means one.
fn clean(text: &mut String) {
    if text.contains('\0') {
        text.retain(|letter| letter != '\0');
    }
}

fn clean_click(click: &mut Click) {
    let Click { country, region, city, referrer, browser, os, language, utm, uid, parameters, .. } = click;
    [country, region, city, referrer, browser, os, language, uid].into_iter().flatten().for_each(clean);
    utm.fields_mut().into_iter().flatten().for_each(clean);
    for (name, value) in parameters {
        clean(name);
        clean(value);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use contract::{
        click::{Consent, Device, encode},
        document::Utm,
    };
    use uuid::Uuid;

    /// A person's click on a link of a tenant.
    pub(crate) fn click(at: i64, tenant: u128, link: u128, visitor: u64) -> Click {
        Click {
            id: Uuid::now_v7(),
            at,
            tenant_id: Uuid::from_u128(tenant),
            link_id: Uuid::from_u128(link),
            visitor,
            exclusion: None,
            country: Some("FR".to_owned()),
            region: None,
            city: None,
            referrer: None,
            device: Device::Phone,
            browser: None,
            os: None,
            language: None,
            utm: Utm::default(),
            uid: None,
            parameters: Vec::new(),
            refused: Vec::new(),
            pixels: Vec::new(),
            consent: Consent::Unasked,
        }
    }

    /// The records of events at places.
    pub(crate) fn frame_of(events: impl IntoIterator<Item = (u64, Event)>) -> Vec<u8> {
        let mut out = Vec::new();
        for (seq, event) in events {
            assert!(frame::append(&mut out, seq, &encode(&event, Vec::new()).unwrap()));
        }
        out
    }

    #[test]
    fn records_are_read_once_and_cleaned_and_the_rest_is_kept() {
        let mut odd = click(EARLIEST, 1, 2, 3);
        odd.utm.source = Some("a\0b".to_owned());
        odd.parameters = vec![("\0n".to_owned(), "v\0".to_owned())];
        let early = click(EARLIEST - 1, 1, 2, 3);
        let known = click(EARLIEST, 1, 2, 4);
        let events = [(2, odd.clone()), (1, known), (2, odd.clone()), (3, early)];
        let mut bytes = frame_of(events.map(|(seq, click)| (seq, Event::Click(Box::new(click)))));
        assert!(frame::append(&mut bytes, 4, b"rubbish"));
        bytes.extend_from_slice(b"torn");
        let mut batch = Batch::read(&[&bytes, &bytes]);
        batch.leave_out(|seq| seq == 1);
        let [(2, cleaned)] = batch.clicks.as_slice() else { panic!("{batch:?}") };
        assert_eq!((cleaned.utm.source.as_deref(), cleaned.parameters[0].0.as_str()), (Some("ab"), "n"));
        assert_eq!(batch.unreadable.iter().map(|record| record.seq).collect::<Vec<_>>(), [3, 4]);
        assert_eq!((batch.places().collect::<Vec<_>>(), batch.torn, batch.len()), (vec![2, 3, 4], 8, 3));
    }
}
