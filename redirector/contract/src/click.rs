//! What a visit leaves behind: a click, and later the receipt of its pixels. Both travel the same way, as events of the
//! local click log, and are identified by the log that holds them: (boot id, sequence number).

use crate::document::Utm;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// First byte of an encoded event: the version of its encoding.
const FORMAT: u8 = 2;
/// Versions that are read as well, each with the zero bytes that its clicks lack at their end: a click only ever gets
/// fields there, and what a zero reads as (the first case, nothing, none) is what holds of a click without the field.
const OLDER: [(u8, usize); 1] = [(1, 1)];

/// Where an event stands in the click logs of this world: its identity, whatever happens on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// Random per start of a redirector.
    pub boot_id: Uuid,
    /// Counts from 1 without a gap within the boot.
    pub seq: u64,
}

/// An event of the click log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Somebody came.
    Click(Box<Click>),
    /// What became of the pixels of a click.
    Receipt(Box<Receipt>),
}

/// Why a visit was not counted as a person's click. Written as a number: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Exclusion {
    /// A messenger or social network fetched the link for a preview.
    PreviewCrawler,
    /// A crawler, monitor or library that names itself, or a page that loaded the link by itself.
    Bot,
    /// No user agent at all.
    NoUserAgent,
    /// The link was archived.
    Archived,
    /// The link or its tenant was disabled.
    Disabled,
    /// The link had expired.
    Expired,
    /// The link had not started.
    NotStarted,
}

impl Exclusion {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::PreviewCrawler,
        Self::Bot,
        Self::NoUserAgent,
        Self::Archived,
        Self::Disabled,
        Self::Expired,
        Self::NotStarted,
    ];

    /// The name in SQL and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreviewCrawler => "preview_crawler",
            Self::Bot => "bot",
            Self::NoUserAgent => "no_user_agent",
            Self::Archived => "archived",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::NotStarted => "not_started",
        }
    }

    /// The exclusion of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|exclusion| exclusion.name() == name)
    }

    /// Whether it was a machine (counted as a bot's click) and not a person who was turned away.
    #[must_use]
    pub const fn is_bot(self) -> bool {
        matches!(self, Self::PreviewCrawler | Self::Bot | Self::NoUserAgent)
    }
}

/// What is known of a pixel on one visit. Written as a number: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PixelState {
    /// Handed to the browser, which delivers it whether or not the page lives.
    Sent,
    /// The network answered, or the hit of a script was seen to start on a transport that survives the page.
    Fired,
    /// Refused within milliseconds.
    Blocked,
    /// The request failed.
    Failed,
    /// Nothing was seen within the budget.
    TimedOut,
    /// Not fired: the visitor's signal or the tenant's policy.
    Refused,
}

impl PixelState {
    /// All of them, in the order of the counts in rollups.
    pub const ALL: [Self; 6] = [Self::Sent, Self::Fired, Self::Blocked, Self::Failed, Self::TimedOut, Self::Refused];

    /// The name in the beacon, in SQL and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Fired => "fired",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// One pixel on one visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelResult {
    /// The pixel.
    pub pixel_id: Uuid,
    /// What became of it.
    pub state: PixelState,
    /// Milliseconds from the page's start to this state; 0 where it was never tried.
    pub milliseconds: u32,
    /// Whether the page waited to see the outcome: only among such visits do `Fired` and `Blocked` make a rate.
    pub watched: bool,
}

/// What the visitor agreed to, as far as pixels depended on it. Written as a number: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Consent {
    /// No pixel depended on the visitor's consent.
    #[default]
    Unasked,
    /// The visitor agreed.
    Granted,
    /// The visitor refused when asked.
    Refused,
    /// It was needed, and nobody asked.
    Missing,
    /// The visitor's Global Privacy Control signal refused.
    Gpc,
    /// The signal came along, and the tenant's policy fires all the same.
    Limited,
}

impl Consent {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Unasked, Self::Granted, Self::Refused, Self::Missing, Self::Gpc, Self::Limited];

    /// The name in SQL; `None` where there is nothing to tell.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Unasked => None,
            Self::Granted => Some("granted"),
            Self::Refused => Some("refused"),
            Self::Missing => Some("missing"),
            Self::Gpc => Some("gpc"),
            Self::Limited => Some("limited"),
        }
    }

    /// The consent of that name; [`Consent::Unasked`] for any other.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|consent| consent.name() == name).unwrap_or_default()
    }
}

/// The kind of device. Written as a number: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Device {
    /// A phone.
    Phone,
    /// A tablet.
    Tablet,
    /// A desktop or laptop computer.
    Desktop,
    /// Something else, or unknown.
    Other,
}

impl Device {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Phone, Self::Tablet, Self::Desktop, Self::Other];

    /// The name in SQL, in reports and in the merge field `{device}`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Desktop => "desktop",
            Self::Other => "other",
        }
    }
}

/// A visit, after everything personal was reduced: the address cut and then only hashed, the user agent in families.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// UUID version 7, made by the redirector: the `{click_id}` that travels on.
    pub id: Uuid,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Whose link.
    pub tenant_id: Uuid,
    /// Which link.
    pub link_id: Uuid,
    /// The visitor of this day: a keyed hash of cut address and user agent; the key changes daily.
    pub visitor: u64,
    /// Why it is not a person's click; `None` for a person's.
    pub exclusion: Option<Exclusion>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// ISO 3166-2 part after the dash, or the region's name.
    pub region: Option<String>,
    /// City, in English.
    pub city: Option<String>,
    /// Host of the `Referer`.
    pub referrer: Option<String>,
    /// Kind of device.
    pub device: Device,
    /// Family of the browser.
    pub browser: Option<String>,
    /// Family of the operating system.
    pub os: Option<String>,
    /// First language of `Accept-Language`, without region.
    pub language: Option<String>,
    /// The visit's own UTM fields, else the link's.
    pub utm: Utm,
    /// Who was sent this link, by the sender's own name for them.
    pub uid: Option<String>,
    /// Other named parameters of the visit.
    pub parameters: Vec<(String, String)>,
    /// Pixels that were refused before there was a page; the rest is in the receipt.
    pub refused: Vec<Uuid>,
    /// Pixels that the page was to fire.
    pub pixels: Vec<Uuid>,
    /// What the visitor agreed to.
    pub consent: Consent,
}

/// What became of the pixels of one click. It carries what ingest needs, so that it never waits for its click.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The click it belongs to.
    pub click_id: Uuid,
    /// When that click was.
    pub at: i64,
    /// Whose link.
    pub tenant_id: Uuid,
    /// Which link.
    pub link_id: Uuid,
    /// Country of the visit.
    pub country: Option<String>,
    /// Browser of the visit.
    pub browser: Option<String>,
    /// One entry a pixel of the page.
    pub results: Vec<PixelResult>,
}

/// The bytes are no event of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read")]
pub struct BadEvent;

/// Appends the encoded event to `out`.
///
/// # Errors
/// [`BadEvent`], which no event of these types causes.
pub fn encode(event: &Event, mut out: Vec<u8>) -> Result<Vec<u8>, BadEvent> {
    out.push(FORMAT);
    postcard::to_extend(event, out).map_err(|_| BadEvent)
}

/// Reads what [`encode`] wrote, in this version or an older one.
///
/// # Errors
/// [`BadEvent`] for a format that this version does not know, and for damaged bytes.
pub fn decode(bytes: &[u8]) -> Result<Event, BadEvent> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => postcard::from_bytes(rest).map_err(|_| BadEvent),
        Some((format, rest)) => {
            let (_, lacking) = OLDER.iter().find(|(older, _)| older == format).ok_or(BadEvent)?;
            let padded = [rest, &vec![0; *lacking]].concat();
            postcard::from_bytes(&padded).map_err(|_| BadEvent)
        }
        None => Err(BadEvent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_whatever_is_missing_in_it() {
        let click = |utm: Utm| {
            Event::Click(Box::new(Click {
                id: Uuid::from_u128(1),
                at: 1_700_000_000_000,
                tenant_id: Uuid::from_u128(2),
                link_id: Uuid::from_u128(3),
                visitor: 4,
                exclusion: Some(Exclusion::Expired),
                country: Some("DE".to_owned()),
                region: None,
                city: None,
                referrer: None,
                device: Device::Tablet,
                browser: None,
                os: None,
                language: None,
                utm,
                uid: Some("ann".to_owned()),
                parameters: vec![("k".to_owned(), "v".to_owned())],
                refused: vec![Uuid::from_u128(5)],
                pixels: Vec::new(),
                consent: Consent::Gpc,
            }))
        };
        let receipt = Event::Receipt(Box::new(Receipt {
            click_id: Uuid::from_u128(1),
            at: 5,
            tenant_id: Uuid::from_u128(2),
            link_id: Uuid::from_u128(3),
            country: None,
            browser: None,
            results: vec![PixelResult {
                pixel_id: Uuid::from_u128(6),
                state: PixelState::TimedOut,
                milliseconds: 7,
                watched: true,
            }],
        }));
        for event in [click(Utm::default()), click(Utm { term: Some("t".to_owned()), ..Utm::default() }), receipt] {
            let bytes = encode(&event, Vec::new()).unwrap();
            assert_eq!(decode(&bytes), Ok(event));
            assert_eq!(decode(&bytes[..bytes.len() - 1]), Err(BadEvent));
        }
        assert_eq!(decode(&[9, 0]), Err(BadEvent));
        assert_eq!(decode(&[]), Err(BadEvent));
    }

    #[test]
    fn events_of_older_formats_are_read() {
        let mut click = vec![1, 0, 16];
        click.extend([1; 16]);
        click.extend([14, 16]);
        click.extend([2; 16]);
        click.push(16);
        click.extend([3; 16]);
        // visitor, no exclusion, country, and nothing more but a device
        click.extend([5, 0, 1, 2, b'C', b'H', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let Ok(Event::Click(read)) = decode(&click) else { panic!("a click of the first format") };
        assert_eq!((read.at, read.visitor, read.country.as_deref()), (7, 5, Some("CH")));
        assert_eq!((read.device, read.consent), (Device::Tablet, Consent::Unasked));
        let again = encode(&Event::Click(read), Vec::new()).unwrap();
        assert_eq!((again[0], again.len()), (2, click.len() + 1));
        assert!(decode(&click[..click.len() - 2]).is_err());

        let mut receipt = vec![1, 1, 16];
        receipt.extend([1; 16]);
        receipt.extend([14, 16]);
        receipt.extend([2; 16]);
        receipt.push(16);
        receipt.extend([3; 16]);
        receipt.extend([0, 0, 0]);
        let Ok(Event::Receipt(read)) = decode(&receipt) else { panic!("a receipt of the first format") };
        assert_eq!((read.at, read.results.len()), (7, 0));
    }

    #[test]
    fn a_consent_comes_back_from_its_name() {
        for consent in Consent::ALL {
            assert_eq!(Consent::named(consent.name()), consent);
        }
        assert_eq!(Consent::named(Some("later")), Consent::Unasked);
    }
}
