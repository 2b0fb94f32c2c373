//! The way of a click from a frame into a report, on a SQLite file with the real migrations.

use super::{
    batch::tests::{click, frame_of},
    ingest::Ingest,
    rebuild, recent,
    report::{
        Filter, Line, Question, Report,
        calendar::{self, Interval},
        delivery::By,
        reading::Scope,
    },
    rollup::{dimension::Dimension, outcomes::Outcomes},
};
use crate::{
    db::Db,
    error::Error,
    page::Page,
    scope::{Caller, Permission, TenantScope},
};
use contract::{
    click::{Click, Event, Exclusion, PixelResult, PixelState, Receipt},
    clock::{Clock, DAY, HOUR, MINUTE},
    frame,
};
use entities::{click as clicks, dead_letter, membership, receipt, rollup, tenant, user};
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait, QueryOrder, prelude::Uuid};
use tempfile::TempDir;

/// 2026-11-23T00:00:00Z, a Monday.
pub(crate) const MONDAY: i64 = 20_780 * DAY;
pub(crate) const BOOT: Uuid = Uuid::from_u128(77);
pub(crate) const TENANT: u128 = 1;
const PIXEL: Uuid = Uuid::from_u128(5);

/// A database with one tenant, and an ingest into it.
pub(crate) struct World {
    _folder: TempDir,
    pub(crate) db: Db,
    pub(crate) ingest: Ingest,
    pub(crate) scope: TenantScope,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let db = Db::connect(&url.into(), 4).await.unwrap();
        migration::up(db.pool()).await.unwrap();
        let scope = scope_of(&db).await;
        let ingest = Ingest::new(db.clone(), Clock::fixed(MONDAY + DAY));
        Self { _folder: folder, db, ingest, scope }
    }

    fn report(&self, scope: Scope, question: &Question) -> Report {
        Report::new(self.db.clone(), scope, Filter::new(question, MONDAY + DAY).unwrap())
    }

    /// All rollups, in order.
    async fn rollups(&self) -> Vec<rollup::Model> {
        let mut rows = rollup::Entity::find().order_by_asc(rollup::Column::StartsAt).all(self.db.read()).await.unwrap();
        rows.sort_by_key(|row| (row.tenant_id, row.scope_id, row.period, row.starts_at));
        rows
    }
}

/// A tenant with a member.
async fn scope_of(db: &Db) -> TenantScope {
    let (tenant_id, user_id) = (Uuid::from_u128(TENANT), Uuid::from_u128(9));
    let tenant = tenant::ActiveModel {
        id: Set(tenant_id),
        name: Set("T".to_owned()),
        active: Set(true),
        ver: Set(1),
        budget_ms: Set(1_000),
        confirm_share: Set(0),
        honour_gpc: Set(true),
        referrer_policy: Set(String::new()),
        health_threshold: Set(5_000),
        consent: Set(None),
        branding: Set(None),
        link_defaults: Set(None),
        created_at: Set(0),
        updated_at: Set(0),
    };
    tenant::Entity::insert(tenant).exec_without_returning(db.write()).await.unwrap();
    let user = user::ActiveModel {
        id: Set(user_id),
        email: Set("a@b.example".to_owned()),
        password_hash: Set(String::new()),
        created_at: Set(0),
    };
    user::Entity::insert(user).exec_without_returning(db.write()).await.unwrap();
    let role = membership::Role::Owner;
    let row = membership::ActiveModel {
        tenant_id: Set(tenant_id),
        user_id: Set(user_id),
        role: Set(role),
        created_at: Set(0),
    };
    membership::Entity::insert(row).exec_without_returning(db.write()).await.unwrap();
    let caller = Caller::of_session(user_id, Uuid::nil());
    TenantScope::of(db, caller, tenant_id, Permission::Own, "id").await.unwrap()
}

fn clicked(click: Click) -> Event {
    Event::Click(Box::new(click))
}

fn receipt_for(click: &Click, state: PixelState) -> Event {
    Event::Receipt(Box::new(Receipt {
        click_id: click.id,
        at: click.at,
        tenant_id: click.tenant_id,
        link_id: click.link_id,
        country: click.country.clone(),
        browser: click.browser.clone(),
        results: vec![PixelResult { pixel_id: PIXEL, state, milliseconds: 8, watched: state != PixelState::Sent }],
    }))
}

/// 300 events over three days, with odd texts, bots, people who were turned away, and two receipts for some clicks.
pub(crate) fn many() -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    for number in 0..200_u32 {
        let at = MONDAY - DAY + i64::from(number) * 20 * MINUTE;
        let mut click = click(at, TENANT, u128::from(10 + number % 3), u64::from(number % 60));
        click.referrer = Some(format!("r{}\0.example", number % 7));
        click.exclusion = match number % 10 {
            0 => Some(Exclusion::Bot),
            1 => Some(Exclusion::Expired),
            _ => None,
        };
        click.pixels = vec![PIXEL];
        click.browser = Some(["Firefox", "Chrome", "Firefox", "Safari", "Firefox"][number as usize % 5].to_owned());
        let states = [PixelState::Sent, PixelState::Fired, PixelState::Blocked];
        if number % 2 == 0 {
            events.push(receipt_for(&click, states[number as usize % 3]));
        }
        events.push(clicked(click));
    }
    (1..).zip(events).collect()
}

#[tokio::test]
async fn any_order_and_any_repetition_counts_each_event_once() {
    let world = World::new().await;
    let events = many();
    let frames: Vec<Vec<u8>> = events.chunks(7).map(|events| frame_of(events.to_vec())).collect();
    // overlapping, backwards, twice, and several at a time
    let wide: Vec<Vec<u8>> = events.chunks(19).map(|events| frame_of(events.to_vec())).collect();
    let mut contiguous = 0;
    for frame in wide.iter().step_by(2).rev().chain(frames.iter().rev()).chain(&wide) {
        let progress = world.ingest.store(BOOT, frame).await.unwrap();
        assert!(progress >= contiguous);
        contiguous = progress;
    }
    let both = (world.ingest.store(BOOT, &frames[3]), world.ingest.store(BOOT, &frames[3]));
    assert_eq!(tokio::join!(both.0, both.1).0.unwrap(), events.len() as u64);
    assert!(world.ingest.gaps().await.unwrap().is_empty());
    assert_eq!(clicks::Entity::find().count(world.db.read()).await.unwrap(), 200);
    assert_eq!(receipt::Entity::find().count(world.db.read()).await.unwrap(), 100);

    let counted = world.rollups().await;
    let days = counted.iter().filter(|row| row.scope_id.as_u128() == TENANT && row.period == rollup::Period::Day);
    assert_eq!(days.map(|row| (row.human_clicks, row.bot_clicks)).collect::<Vec<_>>(), [(56, 8), (58, 7), (46, 5)]);
    assert_eq!(rebuild::all(&world.db).await.unwrap(), 3);
    assert_eq!(world.rollups().await, counted);
}

#[tokio::test]
async fn a_gap_is_seen_and_closed_and_unreadable_records_stop_nothing() {
    let world = World::new().await;
    let event = |seq: u64| (seq, clicked(click(MONDAY, TENANT, 10, seq)));
    assert_eq!(world.ingest.store(BOOT, &frame_of([event(1), event(4)])).await.unwrap(), 1);
    let gaps = world.ingest.gaps().await.unwrap();
    assert_eq!(gaps.iter().map(|gap| (gap.boot_id, gap.missing)).collect::<Vec<_>>(), [(BOOT, 2)]);
    let mut rubbish = Vec::new();
    assert!(frame::append(&mut rubbish, 2, b"rubbish"));
    rubbish.extend(frame_of([(3, clicked(click(-1, TENANT, 10, 3)))]));
    assert_eq!(world.ingest.store(BOOT, &rubbish).await.unwrap(), 4);
    assert_eq!(world.ingest.store(BOOT, &rubbish).await.unwrap(), 4);
    assert!(world.ingest.gaps().await.unwrap().is_empty());
    let letters =
        dead_letter::Entity::find().order_by_asc(dead_letter::Column::Seq).all(world.db.read()).await.unwrap();
    let letters: Vec<_> = letters.iter().map(|letter| (letter.seq, letter.payload.starts_with(b"rubbish"))).collect();
    assert_eq!(letters, [(2, true), (3, false)]);
}

#[tokio::test]
async fn a_damaged_rollup_is_made_anew() {
    let world = World::new().await;
    let event = |seq: u64| (seq, clicked(click(MONDAY + HOUR, TENANT, 10, seq)));
    world.ingest.store(BOOT, &frame_of([event(1), event(2)])).await.unwrap();
    let damaged = rollup::ActiveModel { packed: Set(vec![1, 0xff]), ..Default::default() };
    rollup::Entity::update_many().set(damaged).exec(world.db.write()).await.unwrap();
    assert_eq!(world.ingest.store(BOOT, &frame_of([event(3)])).await.unwrap(), 3);
    let rows = world.rollups().await;
    assert!(rows.len() == 4 && rows.iter().all(|row| row.human_clicks == 3 && row.unique_visitors == 3));
}

#[tokio::test]
async fn a_report_adds_up() {
    let world = World::new().await;
    world.ingest.store(BOOT, &frame_of(many())).await.unwrap();
    let from = Some(MONDAY - DAY + 5 * HOUR + 1);
    let question = Question { from, to: Some(MONDAY + 2 * DAY), include_bots: true, ..Question::default() };
    let report = world.report(Scope::Tenant(world.scope), &question);
    assert_eq!(report.range(), (MONDAY - DAY + 5 * HOUR, MONDAY + 2 * DAY));
    let sum = report.sum().await.unwrap();
    let (human, bot) = (sum.totals.human, sum.totals.bot());
    assert_eq!((human, bot), (149, 18));
    for (interval, zone) in [
        (Interval::Hour, None),
        (Interval::Day, None),
        (Interval::Day, Some("Asia/Kolkata")),
        (Interval::Hour, Some("Asia/Kathmandu")),
        (Interval::Week, Some("America/New_York")),
        (Interval::Month, None),
    ] {
        let series = report.series(interval, zone).await.unwrap();
        assert_eq!(series.iter().map(|point| point.clicks).sum::<u64>(), human + bot, "{interval:?} {zone:?}");
        assert!(series.iter().all(|point| point.unique_visitors <= point.human_clicks));
    }
    for dimension in Dimension::ALL {
        let parts = report.breakdown(dimension, 2).await.unwrap();
        assert_eq!(parts.iter().map(|part| part.clicks).sum::<u64>(), human + bot, "{dimension:?}");
        assert!((parts.iter().map(|part| part.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    let referrers = report.breakdown(Dimension::Referrer, 2).await.unwrap();
    assert_eq!((referrers.len(), &referrers[2].line), (3, &Line::Other));
    assert_eq!(report.breakdown(Dimension::Os, 2).await.unwrap()[0].line, Line::Unknown);
    let excluded = report.excluded().await.unwrap();
    assert_eq!(excluded, [(Exclusion::Bot, bot), (Exclusion::Expired, 18)]);
    let rows = report.delivery(By::Pixel, None).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let outcomes = &row.outcomes;
    assert_eq!((row.pixel_id, outcomes.expected, outcomes.states.sum()), (Some(PIXEL), 185, 92));
    assert_eq!(outcomes.median_ms(), Some(8));
    for by in [By::Network, By::Browser, By::Country, By::Day] {
        let rows = report.delivery(by, Some(PIXEL)).await.unwrap();
        let mut sum = Outcomes::default();
        rows.iter().for_each(|row| sum.merge(&row.outcomes));
        assert_eq!(&sum, outcomes, "{by:?}");
        let lines: Vec<_> = rows.iter().map(|row| row.line.clone()).collect();
        let values = |values: &[&str]| values.iter().map(|value| Line::Value((*value).to_owned())).collect::<Vec<_>>();
        match by {
            By::Day => assert_eq!(lines, values(&["2026-11-22", "2026-11-23", "2026-11-24"])),
            By::Browser => assert_eq!(lines, values(&["Firefox", "Chrome", "Safari"])),
            By::Country => assert_eq!(lines, values(&["FR"])),
            // no row of the table `pixels` has this id
            _ => assert_eq!(lines, [Line::Unknown]),
        }
        assert_eq!(report.delivery(by, Some(Uuid::from_u128(6))).await.unwrap(), []);
    }

    let links = report.breakdown(Dimension::Link, 10).await.unwrap();
    let link_id = Uuid::from_u128(10);
    let one = world.report(Scope::Link { tenant: world.scope, link_id }, &question).sum().await.unwrap();
    let of_link = links.iter().find(|part| part.line == Line::Value(link_id.as_simple().to_string())).unwrap();
    assert_eq!((of_link.human_clicks, of_link.bot_clicks), (one.totals.human, one.totals.bot()));
    assert_eq!(of_link.unique_visitors, one.totals.visitors.count());
}

#[tokio::test]
async fn a_day_begins_at_midnight_where_clocks_are_half_an_hour_off() {
    let world = World::new().await;
    // midnight in Kolkata is 18:30 UTC
    let midnight = MONDAY + 18 * HOUR + 30 * MINUTE;
    let at = [midnight - 1, midnight, midnight + 1, midnight + HOUR];
    let events = (1..).zip(at.map(|at| clicked(click(at, TENANT, 10, 1))));
    world.ingest.store(BOOT, &frame_of(events)).await.unwrap();
    let question = Question { from: Some(MONDAY), to: Some(MONDAY + DAY), ..Question::default() };
    let report = world.report(Scope::Tenant(world.scope), &question);
    let series = report.series(Interval::Day, Some("Asia/Kolkata")).await.unwrap();
    let points: Vec<_> = series.iter().map(|point| (point.at - midnight, point.clicks)).collect();
    assert_eq!(points, [(-DAY, 1), (0, 3)]);
    let series = report.series(Interval::Hour, Some("Asia/Kolkata")).await.unwrap();
    let points: Vec<_> = series.iter().filter(|point| point.clicks > 0).collect();
    let points: Vec<_> = points.iter().map(|point| (point.at - midnight, point.clicks)).collect();
    assert_eq!(points, [(-HOUR, 1), (0, 2), (HOUR, 1)]);
}

#[tokio::test]
async fn each_click_of_a_long_series_is_in_its_bucket() {
    let world = World::new().await;
    let first = MONDAY - 58 * DAY;
    // at all hours, quarters and days; a person may come twice
    let at: Vec<i64> = (0..1_400).map(|at| first + at * (61 * MINUTE + 7_919)).collect();
    let people = (1..).zip(&at).map(|(visitor, at)| clicked(click(*at, TENANT, 10, visitor % 300)));
    for events in (1..).zip(people).collect::<Vec<_>>().chunks(200) {
        world.ingest.store(BOOT, &frame_of(events.iter().cloned())).await.unwrap();
    }
    for (from, to) in [(first, MONDAY + 2 * DAY), (first + 7 * MINUTE, MONDAY - 9 * MINUTE), (first + DAY, MONDAY)] {
        let question = Question { from: Some(from), to: Some(to), ..Question::default() };
        let report = world.report(Scope::Tenant(world.scope), &question);
        let (from, to) = report.range();
        for zone in ["UTC", "Europe/Paris", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"] {
            for interval in [Interval::Hour, Interval::Day, Interval::Week, Interval::Month] {
                let starts = calendar::buckets(from, to, interval, &jiff::tz::TimeZone::get(zone).unwrap()).unwrap();
                let mut expected: Vec<(i64, u64)> = starts.iter().map(|start| (*start, 0)).collect();
                for at in at.iter().filter(|at| (from..to).contains(at)) {
                    let bucket = starts.partition_point(|start| start <= at) - 1;
                    expected[bucket].1 += 1;
                }
                let series = report.series(interval, Some(zone)).await.unwrap();
                let found: Vec<(i64, u64)> = series.iter().map(|point| (point.at, point.clicks)).collect();
                assert_eq!(found, expected, "{interval:?} {zone} {from} {to}");
            }
        }
    }
}

#[tokio::test]
async fn a_day_of_half_past_an_hour_shows_nothing_of_its_neighbours() {
    let world = World::new().await;
    let midnight = MONDAY + 18 * HOUR + 30 * MINUTE;
    let at = [midnight - 1, midnight, midnight + 5 * HOUR, midnight + DAY - 1, midnight + DAY];
    let machine = Click { exclusion: Some(Exclusion::Bot), ..click(midnight + DAY, TENANT, 10, 9) };
    let people = (1..).zip(at).map(|(visitor, at)| click(at, TENANT, 10, visitor));
    let events = (1..).zip(people.chain([machine]).map(clicked));
    world.ingest.store(BOOT, &frame_of(events)).await.unwrap();
    let time_zone = Some("Asia/Kolkata".to_owned());
    let day = Question { from: Some(midnight), to: Some(midnight + DAY), time_zone, include_bots: true };
    let report = world.report(Scope::Tenant(world.scope), &day);
    assert_eq!(report.range(), (midnight, midnight + DAY));
    let totals = report.totals().await.unwrap();
    assert_eq!((totals.human, totals.bot(), totals.visitors.count()), (3, 0, 3));
    assert_eq!(report.excluded().await.unwrap(), []);
    for (interval, zone, buckets) in [
        (Interval::Day, None, 1),
        (Interval::Hour, None, 24),
        (Interval::Day, Some("UTC"), 2),
        (Interval::Hour, Some("Asia/Kathmandu"), 25),
        (Interval::Month, Some("Europe/Paris"), 1),
    ] {
        let series = report.series(interval, zone).await.unwrap();
        let clicks = series.iter().map(|point| point.clicks).sum::<u64>();
        assert_eq!((series.len(), clicks), (buckets, 3), "{interval:?} {zone:?}");
    }
    // what has no quarters counts whole hours, and its shares come to one
    let countries = report.breakdown(Dimension::Country, 10).await.unwrap();
    assert_eq!(countries.iter().map(|part| (part.clicks, part.share)).collect::<Vec<_>>(), [(6, 1.0)]);

    let within = Question { from: Some(midnight - 14 * MINUTE), to: Some(midnight + MINUTE), ..day };
    let report = world.report(Scope::Tenant(world.scope), &within);
    assert_eq!(report.range(), (midnight - 15 * MINUTE, midnight + 15 * MINUTE));
    assert_eq!(report.totals().await.unwrap().human, 2);
    let unsaid = world.report(Scope::Tenant(world.scope), &Question { to: None, from: None, ..within });
    let (from, to) = unsaid.range();
    assert_eq!((from % HOUR, to), (0, MONDAY + DAY));
}

#[test]
fn a_question_is_checked_whole() {
    let field = |question: Question| match Filter::new(&question, MONDAY) {
        Err(Error::Mistakes(mistakes)) => mistakes.into_iter().flat_map(|mistake| mistake.field).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let bad_zone = Some("Mars/Olympus".to_owned());
    let backwards = Question { from: Some(5), to: Some(5), time_zone: bad_zone, include_bots: false };
    assert_eq!(field(backwards), ["filter.to", "filter.timeZone"]);
    let long = Question { from: Some(MONDAY - 401 * DAY), ..Question::default() };
    assert_eq!(field(long), ["filter.from"]);
    let extreme = Question { from: Some(i64::MIN), to: Some(i64::MAX), ..Question::default() };
    assert_eq!(field(extreme), ["filter.from"]);
    assert_eq!(field(Question::default()), Vec::<String>::new());
}

#[tokio::test]
async fn clicks_are_listed_with_what_became_of_their_pixels() {
    let world = World::new().await;
    let first = click(MONDAY, TENANT, 10, 1);
    let second = click(MONDAY + 1, TENANT, 10, 2);
    let foreign = click(MONDAY + 1, TENANT + 1, 10, 3);
    let receipt = receipt_for(&first, PixelState::Fired);
    let again = receipt_for(&first, PixelState::Failed);
    let events = [receipt, again, clicked(first.clone()), clicked(second.clone()), clicked(foreign)];
    world.ingest.store(BOOT, &frame_of((1..).zip(events))).await.unwrap();
    let link_id = Uuid::from_u128(10);
    let window = recent::page(&world.db, &world.scope, link_id, &Page::first(10)).await.unwrap();
    let listed: Vec<_> = window.rows.into_iter().map(|(_, recorded)| recorded).collect();
    assert_eq!(listed.iter().map(|recorded| &recorded.click).collect::<Vec<_>>(), [&second, &first]);
    assert_eq!(listed[0].results, None);
    assert_eq!(listed[1].results.as_ref().map(|results| results[0].state), Some(PixelState::Fired));
    assert_eq!(recent::count(&world.db, &world.scope, link_id).await.unwrap(), 2);
}
