//! A month of clicks that look like life: more on weekday evenings, mostly phones, a few bots, some pixels blocked. Made
//! from a fixed seed, so that the demo's reports have the same shape every time.

use contract::{
    click::{self, Click, Consent, Device, Event, Exclusion, PixelResult, PixelState, Receipt},
    clock::{DAY, HOUR},
    document::Utm,
    frame,
};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use uuid::{NoContext, Timestamp, Uuid};

/// Days that the clicks cover.
const DAYS: i64 = 30;
/// Share of an hour's clicks, midnight first.
const HOURS: [f64; 24] = [
    0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 0.9, 1.2, 1.3, 1.2, 1.1, 1.3, 1.2, 1.1, 1.1, 1.2, 1.4, 1.7, 2.0, 2.1, 1.8, 1.2,
    0.6,
];
const COUNTRIES: [(&str, u32); 8] =
    [("US", 40), ("GB", 14), ("DE", 12), ("FR", 9), ("BR", 8), ("JP", 7), ("NL", 6), ("PL", 4)];
const REFERRERS: [(&str, u32); 6] = [
    ("", 34),
    ("www.linkedin.com", 22),
    ("t.co", 16),
    ("www.facebook.com", 12),
    ("news.ycombinator.com", 9),
    ("www.google.com", 7),
];
const AGENTS: [((Device, &str, &str), u32); 6] = [
    ((Device::Phone, "Safari", "iPhone"), 34),
    ((Device::Phone, "Chrome", "Android"), 30),
    ((Device::Desktop, "Chrome", "Windows 10"), 18),
    ((Device::Desktop, "Safari", "Mac OSX"), 8),
    ((Device::Desktop, "Firefox", "Linux"), 6),
    ((Device::Tablet, "Safari", "iPad"), 4),
];

/// A link of the demo, and how many clicks it gets on an average day.
pub(super) struct Popular {
    pub(super) tenant_id: Uuid,
    pub(super) link_id: Uuid,
    pub(super) campaign: &'static str,
    pub(super) daily: f64,
    pub(super) pixels: Vec<Uuid>,
}

/// The records of a click log with the clicks and receipts of a month up to `now`, and their count.
pub(super) fn month(links: &[Popular], now: i64) -> (Vec<u8>, u64) {
    let mut random = StdRng::seed_from_u64(2_026);
    let mut log = Log { records: Vec::new(), seq: 0 };
    let first = (now - DAYS * DAY) / HOUR * HOUR;
    for start in (first..now).step_by(usize::try_from(HOUR).unwrap_or(1)) {
        let weekend = matches!((start / DAY + 4) % 7, 0 | 6);
        let hour = usize::try_from(start / HOUR % 24).unwrap_or(0);
        for link in links {
            let expected = link.daily / 24.0 * HOURS[hour] * if weekend { 0.6 } else { 1.1 };
            let mut count = expected.floor();
            count += if random.random_bool(expected - count) { 1.0 } else { 0.0 };
            while count >= 1.0 {
                count -= 1.0;
                let at = start + random.random_range(0..HOUR);
                if at < now {
                    visit(&mut log, &mut random, link, at);
                }
            }
        }
    }
    (log.records, log.seq)
}

struct Log {
    records: Vec<u8>,
    seq: u64,
}

impl Log {
    fn add(&mut self, event: &Event) {
        if let Ok(payload) = click::encode(event, Vec::new())
            && frame::append(&mut self.records, self.seq + 1, &payload)
        {
            self.seq += 1;
        }
    }
}

fn visit(log: &mut Log, random: &mut StdRng, link: &Popular, at: i64) {
    let id = Uuid::new_v7(Timestamp::from_unix(NoContext, at.unsigned_abs() / 1_000, 0));
    let (device, browser, os) = *pick(random, &AGENTS);
    let country = (*pick(random, &COUNTRIES)).to_owned();
    let referrer = *pick(random, &REFERRERS);
    let bot = random.random_bool(0.07);
    let click = Click {
        id,
        at,
        tenant_id: link.tenant_id,
        link_id: link.link_id,
        visitor: random.next_u64() % 4_000,
        exclusion: bot.then_some(if random.random_bool(0.6) { Exclusion::PreviewCrawler } else { Exclusion::Bot }),
        country: Some(country.clone()),
        region: None,
        city: None,
        referrer: Some(referrer.to_owned()).filter(|referrer| !referrer.is_empty()),
        device: if bot { Device::Other } else { device },
        browser: (!bot).then(|| browser.to_owned()),
        os: (!bot).then(|| os.to_owned()),
        language: Some(language(&country).to_owned()),
        utm: Utm { source: Some("newsletter".to_owned()), campaign: Some(link.campaign.to_owned()), ..Utm::default() },
        uid: None,
        parameters: Vec::new(),
        refused: Vec::new(),
        pixels: if bot { Vec::new() } else { link.pixels.clone() },
        consent: Consent::Unasked,
    };
    let watched = random.random_bool(0.02);
    let results = click.pixels.iter().map(|pixel_id| result(random, *pixel_id, watched)).collect::<Vec<_>>();
    log.add(&Event::Click(Box::new(click)));
    if !results.is_empty() && random.random_bool(0.98) {
        let (tenant_id, link_id) = (link.tenant_id, link.link_id);
        let (country, browser) = (Some(country), Some(browser.to_owned()));
        let receipt = Receipt { click_id: id, at, tenant_id, link_id, country, browser, results };
        log.add(&Event::Receipt(Box::new(receipt)));
    }
}

/// One visit in fifty waits to see what became of its pixels.
fn result(random: &mut StdRng, pixel_id: Uuid, watched: bool) -> PixelResult {
    let (state, milliseconds) = match random.random_range(0..100) {
        0..=6 => (PixelState::Blocked, random.random_range(1..5)),
        _ if !watched => (PixelState::Sent, random.random_range(1..6)),
        7..=8 => (PixelState::Failed, random.random_range(40..400)),
        9 => (PixelState::TimedOut, 1_000),
        _ => (PixelState::Fired, random.random_range(35..260)),
    };
    PixelResult { pixel_id, state, milliseconds, watched }
}

fn language(country: &str) -> &'static str {
    match country {
        "DE" => "de",
        "FR" => "fr",
        "BR" => "pt",
        "JP" => "ja",
        "NL" => "nl",
        "PL" => "pl",
        _ => "en",
    }
}

fn pick<'a, T>(random: &mut StdRng, choices: &'a [(T, u32)]) -> &'a T {
    let total: u32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut at = random.random_range(0..total);
    for (choice, weight) in choices {
        if at < *weight {
            return choice;
        }
        at -= weight;
    }
    &choices[0].0
}
