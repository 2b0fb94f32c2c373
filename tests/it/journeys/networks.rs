//! Pixels of the networks that the stand-in plays: making them, seeing their hits, and reading what became of them.

use crate::world::{
    World,
    client::{Account, Link},
    stand_in::Hit,
    wait,
};
use serde_json::{Value, json};
use std::time::Duration;

/// The pixels of a tenant, by network.
pub(super) struct Pixels {
    pub(super) meta: String,
    pub(super) google_ads: String,
    pub(super) linkedin: String,
    pub(super) tiktok: String,
    pub(super) custom_image: String,
}

impl Pixels {
    /// Makes one pixel of each network, which fire on every link; `mode` where there is a choice.
    pub(super) async fn create(account: &Account, mode: &str) -> Self {
        let with_image = json!({ "isDefault": true, "mode": mode });
        let default = json!({ "isDefault": true });
        let image = "https://t.example.com/p.gif?c=1&cb={cachebuster}&k={click_id}";
        Self {
            meta: account.create_pixel("META", &[("pixel_id", "246813579024680")], with_image.clone()).await,
            google_ads: account
                .create_pixel("GOOGLE_ADS", &[("conversion_id", "AW-946162814")], with_image.clone())
                .await,
            linkedin: account.create_pixel("LINKEDIN", &[("partner_id", "2503796")], with_image).await,
            tiktok: account.create_pixel("TIKTOK", &[("pixel_code", "C97F14JC77U63IDI7U40")], default.clone()).await,
            custom_image: account.create_pixel("CUSTOM_IMAGE", &[("url", image)], default).await,
        }
    }

    /// Their ids.
    pub(super) fn all(&self) -> [&str; 5] {
        [&self.meta, &self.google_ads, &self.linkedin, &self.tiktok, &self.custom_image]
    }
}

/// Waits for the hit of each network, with its own id.
pub(super) async fn every_network_is_hit(world: &World) -> Vec<Hit> {
    let internet = world.stand_in();
    let of_meta = |hit: &Hit| hit.parameter("id").as_deref() == Some("246813579024680");
    let meta =
        |hit: &Hit| hit.path().starts_with("/tr") && of_meta(hit) && hit.parameter("ev").as_deref() == Some("PageView");
    let of_tiktok = |hit: &Hit| hit.body.contains("Pageview") && hit.body.contains("C97F14JC77U63IDI7U40");
    let linkedin = |hit: &Hit| hit.path().starts_with("/collect") && hit.parameter("pid").as_deref() == Some("2503796");
    vec![
        internet.hit("www.facebook.com", meta).await,
        internet.hit("googleads.g.doubleclick.net", |hit| hit.path().contains("/946162814/")).await,
        internet.hit("px.ads.linkedin.com", linkedin).await,
        internet.hit("analytics.tiktok.com", |hit| hit.path() == "/api/v2/pixel" && of_tiktok(hit)).await,
        internet.hit("t.example.com", |hit| hit.path() == "/p.gif").await,
    ]
}

/// Waits until every pixel of a link has as many receipts, and gives the link's delivery.
pub(super) async fn delivery(account: &Account, link: &Link, receipts: u64) -> Vec<Value> {
    let selection = "delivery { pixel { id } sent fired blocked failed timedOut refused confirmedRate }";
    let look = async || {
        let mut report = account.report(link, selection).await;
        let rows = report["delivery"].take().as_array().cloned().unwrap_or_default();
        let sum = |row: &Value| {
            ["sent", "fired", "blocked", "failed", "timedOut"]
                .iter()
                .map(|state| row[state].as_u64().unwrap())
                .sum::<u64>()
        };
        (!rows.is_empty() && rows.iter().all(|row| sum(row) == receipts)).then_some(rows)
    };
    wait::until("the receipts in the report", Duration::from_secs(10), look).await
}

/// The row of a pixel.
pub(super) fn row<'a>(delivery: &'a [Value], pixel: &str) -> &'a Value {
    delivery
        .iter()
        .find(|row| row["pixel"]["id"] == pixel)
        .unwrap_or_else(|| panic!("{pixel} is missing in {delivery:#?}"))
}
