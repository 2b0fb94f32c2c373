//! The laws of the packing, tried on clicks and receipts at random, and what damaged bytes do.

use super::{
    Rollup, Scope, Totals,
    breakdown::{Breakdown, MOST_VALUES},
    bytes::Damaged,
    delivery::{MOST_BROWSERS, MOST_COUNTRIES},
    dimension::Dimension,
    outcomes::Outcomes,
    packing::{QUARTERS_LENGTH, TOTALS_LENGTH, deliveries_of},
    quarters::{QUARTER, Quarters},
    sketch::Sketch,
};
use contract::{
    click::{Click, Consent, Device, Event, Exclusion, PixelResult, PixelState, Receipt},
    document::Utm,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use uuid::Uuid;

/// A word out of few, so that clicks share values.
fn word() -> impl Strategy<Value = Option<String>> {
    option::of(select(
        vec!["", "a", "b", "Zürich", "x".repeat(300).as_str()].into_iter().map(str::to_owned).collect::<Vec<_>>(),
    ))
}

fn few() -> impl Strategy<Value = Uuid> {
    (0_u128..3).prop_map(Uuid::from_u128)
}

fn click() -> impl Strategy<Value = Event> {
    let who = (0_u64..200, option::weighted(0.3, select(Exclusion::ALL.to_vec())), select(Device::ALL.to_vec()));
    let pixels = (vec(few(), 0..3), vec(few(), 0..3));
    (who, few(), vec(word(), 12), pixels, 0..4_i64).prop_map(
        |((visitor, exclusion, device), link_id, words, (pixels, refused), quarter)| {
            let mut words = words.into_iter();
            let mut next = || words.next().flatten();
            Event::Click(Box::new(Click {
                id: Uuid::nil(),
                at: quarter * QUARTER,
                tenant_id: Uuid::nil(),
                link_id,
                visitor,
                exclusion,
                country: next(),
                region: next(),
                city: next(),
                referrer: next(),
                device,
                browser: next(),
                os: next(),
                language: next(),
                utm: Utm { source: next(), medium: next(), campaign: next(), term: next(), content: next() },
                uid: None,
                parameters: Vec::new(),
                refused,
                pixels,
                consent: Consent::Unasked,
            }))
        },
    )
}

fn receipt() -> impl Strategy<Value = Event> {
    let result =
        (few(), select(PixelState::ALL.to_vec()), 0_u32..70_000).prop_map(|(pixel_id, state, milliseconds)| {
            PixelResult { pixel_id, state, milliseconds, watched: milliseconds % 3 == 0 }
        });
    (vec(result, 0..4), word(), word()).prop_map(|(results, country, browser)| {
        Event::Receipt(Box::new(Receipt {
            click_id: Uuid::nil(),
            at: 0,
            tenant_id: Uuid::nil(),
            link_id: Uuid::nil(),
            country,
            browser,
            results,
        }))
    })
}

fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    vec(prop_oneof![4 => click(), 1 => receipt()], 0..most)
}

fn rollup(scope: Scope, events: &[Event]) -> Rollup {
    let mut rollup = Rollup::default();
    for event in events {
        match event {
            Event::Click(click) => rollup.add_click(scope, click),
            Event::Receipt(receipt) => rollup.add_receipt(receipt),
        }
    }
    rollup
}

fn merged(parts: &[&Rollup]) -> Rollup {
    let mut all = Rollup::default();
    parts.iter().for_each(|part| all.merge(part));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_sum_is_the_same_in_any_order(events in events(150), cuts in (0_usize..150, 0_usize..150)) {
        let (low, high) = (cuts.0.min(cuts.1).min(events.len()), cuts.0.max(cuts.1).min(events.len()));
        for scope in [Scope::Tenant, Scope::Link] {
            let whole = rollup(scope, &events);
            let [a, b, c] = [&events[..low], &events[low..high], &events[high..]].map(|part| rollup(scope, part));
            prop_assert_eq!(&merged(&[&a, &b, &c]), &whole);
            prop_assert_eq!(&merged(&[&c, &a, &b]), &whole);
            prop_assert_eq!(&merged(&[&a, &merged(&[&b, &c])]), &whole);
            prop_assert_eq!(merged(&[&c, &b, &a]).pack(), whole.pack());
        }
    }

    #[test]
    fn what_is_packed_reads_back(events in events(150)) {
        let whole = rollup(Scope::Tenant, &events);
        let packed = whole.pack();
        prop_assert_eq!(Totals::unpack(&packed[..packed.len().min(TOTALS_LENGTH)]), Ok(whole.totals.clone()));
        let quarters = Quarters::of_hour(&packed[..packed.len().min(QUARTERS_LENGTH)]).unwrap();
        prop_assert_eq!(&quarters, &whole.quarters);
        let mut sum = Totals::default();
        quarters.into_parts().for_each(|(_, totals)| sum.merge(&totals));
        prop_assert_eq!(&sum, &whole.totals);
        prop_assert_eq!(deliveries_of(&packed), Ok(whole.deliveries.clone()));
        prop_assert_eq!(Rollup::unpack(&packed), Ok(whole));
    }

    #[test]
    fn a_breakdown_comes_to_the_totals(events in events(80)) {
        let whole = rollup(Scope::Tenant, &events);
        for dimension in Dimension::ALL {
            let counts = whole.breakdown(dimension).map(|breakdown| breakdown.values.values().collect::<Vec<_>>());
            let counts = counts.unwrap_or_default();
            prop_assert_eq!(counts.iter().map(|counts| counts.human).sum::<u64>(), whole.totals.human);
            prop_assert_eq!(counts.iter().map(|counts| counts.bot).sum::<u64>(), whole.totals.bot());
        }
    }

    #[test]
    fn deliveries_by_browser_and_country_come_to_the_whole(events in events(80)) {
        let whole = rollup(Scope::Link, &events);
        for delivery in whole.deliveries.values() {
            for split in [&delivery.browsers, &delivery.countries] {
                let mut sum = Outcomes::default();
                split.values.values().for_each(|outcomes| sum.merge(outcomes));
                prop_assert_eq!(&sum, &delivery.all);
            }
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_and_never_harm(
        events in events(60),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut packed = rollup(Scope::Tenant, &events).pack();
        prop_assert_eq!(Rollup::unpack(&packed[..cut.index(packed.len()).max(1)]), Err(Damaged));
        for (place, byte) in damage {
            let place = place.index(packed.len());
            packed[place] = byte;
        }
        if let Ok(mut read) = Rollup::unpack(&packed) {
            let again = read.clone();
            read.merge(&again);
            prop_assert!(read.pack().len() >= 2);
            for delivery in read.deliveries.values() {
                prop_assert!(delivery.all.confirmed_rate().is_none_or(|rate| rate <= 1.0));
                prop_assert_eq!(delivery.all.median_ms().is_some(), delivery.all.times.sum() > 0);
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in vec(any::<u8>(), 1..300)) {
        let _ = Totals::unpack(&bytes);
        let mut versioned = bytes;
        versioned[0] = 1 + versioned[0] % 3;
        let _ = Quarters::of_hour(&versioned);
        let _ = Rollup::unpack(&versioned);
    }

    #[test]
    fn sketches_merge_in_any_order(sets in vec(vec(0_u64..3_000, 0..400), 3), seed in any::<u64>()) {
        let of = |sets: &[&Vec<u64>]| {
            let mut sketch = Sketch::<10>::default();
            sets.iter().for_each(|set| set.iter().for_each(|hash| sketch.insert(hash.wrapping_mul(seed | 1))));
            sketch
        };
        let [a, b, c] = [&sets[0], &sets[1], &sets[2]];
        let whole = of(&[a, b, c]);
        let mut left = of(&[c]);
        left.merge(&of(&[a]));
        left.merge(&of(&[b]));
        let mut right = of(&[b, c]);
        right.merge(&of(&[a]));
        prop_assert_eq!(&left, &whole);
        prop_assert_eq!(&right, &whole);
    }
}

/// How each version writes the same: 2 people's clicks, 1 bot (index 1), one visitor 7; pixel 1 expected twice, watched and
/// fired once after 3 ms; dimension 2: FR with 2 people's clicks and the visitor, nothing in other.
fn packed(version: u8) -> Vec<u8> {
    let mut bytes = vec![version, 2, 2, 0, 1, 1, 7, 0, 0, 0, 0, 0, 0, 0];
    // all in the first quarter, which takes no more
    bytes.extend((version > 1).then_some(1));
    bytes.push(1);
    bytes.extend_from_slice(Uuid::from_u128(1).as_bytes());
    let old = [2, 2, 0, 1, 1, 1, 4, 0, 0, 0, 1];
    // sparse times, and one unknown browser and country
    let new = [2, 2, 0, 1, 2, 0, 1, 1, 3, 1, 0, 0, 0, 0];
    bytes.extend_from_slice(if version < 3 { &old[..] } else { &new });
    bytes.extend_from_slice(&[1, 2, 1, 2, b'F', b'R', 2, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn old_versions_are_read_for_ever() {
    for version in 1..=3 {
        let bytes = packed(version);
        let rollup = Rollup::unpack(&bytes).unwrap();
        assert_eq!(rollup.pack(), packed(3));
        assert_eq!((rollup.totals.human, rollup.totals.bot(), rollup.totals.visitors.count()), (2, 1, 1));
        let delivery = &rollup.deliveries[&Uuid::from_u128(1)];
        assert_eq!((delivery.all.median_ms(), delivery.all.confirmed_rate()), (Some(3), Some(1.0)));
        assert_eq!((&delivery.browsers.values[""], &delivery.countries.values[""]), (&delivery.all, &delivery.all));
        assert_eq!(rollup.breakdown(Dimension::Country).unwrap().values["FR"].human, 2);
        assert_eq!(deliveries_of(&bytes).as_ref(), Ok(&rollup.deliveries));
    }
    let mut none = packed(2);
    none[14] = 0;
    for bytes in [packed(1), packed(2), none] {
        let quarters = Quarters::of_hour(&bytes).unwrap();
        assert_eq!(Rollup::unpack(&bytes).unwrap().of_hour().quarters, quarters);
        assert_eq!(quarters.into_parts().map(|(at, totals)| (at, totals.human)).collect::<Vec<_>>(), [(0, 2)]);
    }
    assert_eq!(Rollup::unpack(&[4, 0]), Err(Damaged));
    assert_eq!(Rollup::unpack(&[]), Ok(Rollup::default()));
}

#[test]
fn what_waited_in_vain_is_no_better_known_than_an_old_version_knew_it() {
    let mut bytes = packed(2);
    let place = bytes.iter().rposition(|byte| *byte == 4).unwrap();
    // of three that waited one fired
    bytes[place - 2] = 3;
    let outcomes = &Rollup::unpack(&bytes).unwrap().deliveries[&Uuid::from_u128(1)].all.clone();
    assert_eq!((outcomes.watched_in(PixelState::Sent), outcomes.watched_in(PixelState::Fired)), (2, 1));
    bytes[place - 2] = 0;
    assert_eq!(Rollup::unpack(&bytes), Err(Damaged));
}

/// A visit of this browser and country that fires a pixel, and its receipt.
fn fired(browser: &str, country: &str) -> Rollup {
    let mut delivered = Rollup::default();
    let (browser, country) = (Some(browser.to_owned()), Some(country.to_owned()));
    let pixel_id = Uuid::from_u128(1);
    let mut click = crate::clicks::batch::tests::click(0, 1, 2, 3);
    click.pixels = vec![pixel_id];
    (click.browser, click.country) = (browser.clone(), country.clone());
    delivered.add_click(Scope::Link, &click);
    let (click_id, tenant_id, link_id) = (click.id, click.tenant_id, click.link_id);
    let results = vec![PixelResult { pixel_id, state: PixelState::Fired, milliseconds: 300, watched: true }];
    delivered.add_receipt(&Receipt { click_id, at: 0, tenant_id, link_id, country, browser, results });
    delivered
}

#[test]
fn a_visit_of_the_long_tail_takes_a_few_bytes_for_its_splits() {
    let with = fired("Chrome", "FR");
    let mut without = with.clone();
    without.deliveries.clear();
    // the id, 10 bytes of outcomes, and the names with two bytes each
    assert_eq!(with.pack().len() - without.pack().len(), 16 + 10 + (2 + 6) + (2 + 2));
}

#[test]
fn beyond_the_bounds_deliveries_still_come_to_the_whole() {
    let mut rollup = Rollup::default();
    for number in 0..300 {
        let (browser, country) = (format!("b{:03}", number % 60), format!("c{number:03}"));
        rollup.merge(&fired(&browser, &country));
    }
    let read = Rollup::unpack(&rollup.pack()).unwrap();
    let delivery = &read.deliveries[&Uuid::from_u128(1)];
    assert_eq!((delivery.browsers.values.len(), delivery.countries.values.len()), (MOST_BROWSERS, MOST_COUNTRIES));
    for split in [&delivery.browsers, &delivery.countries] {
        let mut sum = split.other.clone();
        assert_eq!(sum.expected, 50);
        split.values.values().for_each(|outcomes| sum.merge(outcomes));
        assert_eq!(sum, delivery.all);
    }
    assert_eq!(Rollup::unpack(&read.pack()), Ok(read));
}

#[test]
fn beyond_a_thousand_values_the_sums_stay_exact() {
    let mut rollup = Rollup::default();
    let breakdown: &mut Breakdown = rollup.breakdowns.entry(Dimension::Referrer.number()).or_default();
    for value in 0..MOST_VALUES + 200 {
        breakdown.change(&format!("{value:05}"), |counts| {
            counts.human = 1 + u64::from(value >= 200);
            counts.visitors.insert(value as u64);
        });
    }
    let read = Rollup::unpack(&rollup.pack()).unwrap();
    let breakdown = read.breakdown(Dimension::Referrer).unwrap();
    assert_eq!(breakdown.values.len(), MOST_VALUES);
    assert!(breakdown.values.values().all(|counts| counts.human == 2));
    assert_eq!((breakdown.other.human, breakdown.floor), (200, 1));
    assert_eq!(Rollup::unpack(&read.pack()), Ok(read));
}
