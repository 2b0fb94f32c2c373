//! Reports and clicks as a query meets them.

use super::{ReportFilter, of_link, of_tenant};
use crate::{
    app::App,
    clicks::tests::{BOOT, MONDAY, World, many},
    config::Config,
    graphql::{click, link::Group, loaders, page::PageArgs},
    invalidation::Publisher,
    scope::TenantScope,
};
use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Result, Schema, value};
use contract::clock::{Clock, DAY};
use uuid::Uuid;

const LINK: Uuid = Uuid::from_u128(10);

struct Query(TenantScope);

#[Object]
impl Query {
    async fn tenant(&self, ctx: &Context<'_>, filter: Option<ReportFilter>) -> Result<super::Report> {
        of_tenant(ctx, &self.0, filter)
    }

    async fn link(&self, ctx: &Context<'_>, filter: Option<ReportFilter>) -> Result<super::Report> {
        of_link(ctx, &self.0, (LINK, Group::alone(self.0, LINK)), filter)
    }

    async fn clicks(&self, ctx: &Context<'_>, first: i32) -> Result<click::ClickConnection> {
        click::clicks_of(ctx, &self.0, LINK, PageArgs::new(Some(first), None, None, None)).await
    }
}

async fn ask(text: &str) -> async_graphql::Response {
    let world = World::new().await;
    let events = many();
    let frame = crate::clicks::batch::tests::frame_of(events);
    world.ingest.store(BOOT, &frame).await.unwrap();
    let variables = [
        ("STOPOVER_DATABASE_URL", "sqlite::memory:"),
        ("STOPOVER_REDIS_URL", "redis://localhost"),
        ("STOPOVER_JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ];
    let config = Config::read(variables.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
    let publisher = Publisher::Local(tokio::sync::broadcast::Sender::new(1));
    let app = App::new(&config, world.db.clone(), Clock::fixed(MONDAY + 2 * DAY), publisher);
    let schema = Schema::build(Query(world.scope), EmptyMutation, EmptySubscription);
    schema.data(loaders::loader(world.db.clone())).data(app).finish().execute(text).await
}

#[tokio::test]
async fn a_report_answers_what_is_asked() {
    let text = "{ tenant(filter: {includeBots: true}) {
        from to
        totals { clicks humanClicks botClicks pixelsSent pixelsFired pixelsBlocked }
        series(interval: DAY, timeZone: \"Europe/Paris\") { at clicks }
        breakdown(by: COUNTRY) { line value clicks share }
        links: breakdown(by: LINK, first: 1) { line value clicks }
        delivery { pixel { id } expected sent fired blocked confirmedRate medianMs }
        excluded { reason clicks }
    } }";
    let answer = ask(text).await;
    assert_eq!(answer.errors, Vec::new());
    let report = answer.data.into_json().unwrap()["tenant"].take();
    assert_eq!(report["from"], "2026-10-26T00:00:00.000Z");
    assert_eq!(report["totals"]["clicks"], 180);
    let series = report["series"].as_array().unwrap();
    assert_eq!((series.len(), &series[0]["at"]), (31, &"2026-10-25T23:00:00.000Z".into()));
    assert_eq!(series.iter().filter_map(|point| point["clicks"].as_u64()).sum::<u64>(), 180);
    let country = serde_json::json!([{"line": "VALUE", "value": "FR", "clicks": 180, "share": 1.0}]);
    assert_eq!(report["breakdown"], country);
    assert_eq!((report["links"].as_array().unwrap().len(), &report["links"][1]["line"]), (2, &"OTHER".into()));
    let delivery = &report["delivery"][0];
    assert_eq!((&delivery["pixel"], &delivery["expected"]), (&serde_json::Value::Null, &200.into()));
    assert_eq!((&delivery["confirmedRate"], &delivery["medianMs"]), (&0.5.into(), &8.into()));
    assert_eq!(report["excluded"][0], serde_json::json!({"reason": "BOT", "clicks": 20}));
}

#[tokio::test]
async fn rules_that_are_broken_are_named() {
    for (text, message) in [
        ("{ link { breakdown(by: LINK) { clicks } } }", "by: LINK breaks down the report of a tenant, not of a link"),
        ("{ tenant { breakdown(by: OS, first: -1) { clicks } } }", "first: must be from 1 to 1000"),
        (
            "{ tenant { series(interval: DAY, timeZone: \"../etc\") { clicks } } }",
            "timeZone: must be a name of the IANA time zone database, such as Europe/Paris",
        ),
        (
            "{ tenant(filter: {from: \"2026-01-01T00:00:00Z\"}) { series(interval: HOUR) { clicks } } }",
            "interval: HOUR takes a range of at most 62 days",
        ),
    ] {
        let answer = ask(text).await;
        assert_eq!(answer.errors.first().map(|error| error.message.as_str()), Some(message), "{text}");
    }
}

#[tokio::test]
async fn clicks_are_a_connection() {
    let answer =
        ask("{ clicks(first: 2) { totalCount nodes { excluded device pixels { state milliseconds } } } }").await;
    assert_eq!(answer.errors, Vec::new());
    let pixel = value!({"state": "SENT", "milliseconds": 8});
    let expected = value!({"clicks": {"totalCount": 67, "nodes": [
        {"excluded": null, "device": "PHONE", "pixels": [pixel.clone()]},
        {"excluded": null, "device": "PHONE", "pixels": [{"state": null, "milliseconds": null}]},
    ]}});
    assert_eq!(answer.data, expected);
}
