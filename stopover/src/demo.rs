//! The demo: a folder of its own, made anew at each start, with an account, pixels of a stand-in ad network, links and a
//! month of clicks. Everything goes through the same operations and the same ingest as in earnest.

mod clicks;
mod network;

use crate::embedded::{Embedded, say};
use api::{
    auth::{Client, SignUp, sign_up},
    clicks::ingest::Ingest,
    error::Error,
    links::{self, IfThere, LinkChange},
    pixels::{self, NewPixel},
    scope::TenantScope,
};
use clicks::Popular;
use contract::{
    document::{PixelMode, Utm},
    network::catalogue,
};
use std::{fs, net::SocketAddr, path::Path};
use uuid::Uuid;

const FOLDER: &str = "stopover-demo";
/// Says that a folder is the demo's, and may be emptied.
const MARK: &str = "made-by-the-demo";
const EMAIL: &str = "demo@example.com";
const PASSWORD: &str = "demo-password";
/// Slug, title, campaign, clicks on an average day.
const LINKS: [(&str, &str, &str, f64); 4] = [
    ("spring", "How we halved our churn", "spring-launch", 62.0),
    ("report", "State of the industry, as reported", "spring-launch", 38.0),
    ("podcast", "Our founder on a podcast", "brand", 21.0),
    ("review", "A review of our product", "brand", 9.0),
];

/// Empties the demo's folder, starts the stand-in ad network and lays the demo's settings under the given ones.
///
/// # Errors
/// A text for the person who started it.
pub(crate) async fn prepare(
    given: Vec<(String, String)>,
) -> Result<(Vec<(String, String)>, Option<SocketAddr>), String> {
    let folder = Path::new(FOLDER);
    if folder.exists() && !folder.join(MARK).exists() {
        return Err(format!("{FOLDER} exists and was not made by the demo: move it away first"));
    }
    let fault = |error: std::io::Error| format!("cannot make {FOLDER} anew: {error}");
    fs::create_dir_all(folder).map_err(fault)?;
    let mark = fs::OpenOptions::new().append(true).create(true).open(folder.join(MARK)).map_err(fault)?;
    if mark.try_lock().is_err() {
        return Err(format!("a demo is running in {FOLDER} already"));
    }
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() {
            fs::remove_dir_all(&path).map_err(fault)?;
        } else if !path.ends_with(MARK) {
            fs::remove_file(&path).map_err(fault)?;
        }
    }
    // the lock holds for as long as this process lives
    std::mem::forget(mark);

    let network = network::start().await?;
    let own = [("STOPOVER_DATA_DIR", FOLDER), ("STOPOVER_ALLOW_LOCAL_TARGETS", "true"), ("STOPOVER_LOG", "warn")];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let variables = own.into_iter().chain(given.into_iter().filter(|(name, _)| {
        !["STOPOVER_DATA_DIR", "STOPOVER_DATABASE_URL", "STOPOVER_ALLOW_LOCAL_TARGETS"].contains(&name.as_str())
    }));
    Ok((variables.collect(), Some(network)))
}

/// Makes the tenant with its pixels, links and clicks, and prints what to do with them.
///
/// # Errors
/// A text for the person who started it.
pub(crate) async fn furnish(embedded: &Embedded, network: &SocketAddr) -> Result<(), String> {
    let made = make(embedded, network).await.map_err(|error| format!("the demo cannot be made: {error:?}"))?;
    let (records, events) = clicks::month(&made.popular, embedded.app.clock.now());
    let ingest = Ingest::new(embedded.app.db.clone(), embedded.app.clock.clone());
    ingest.store(Uuid::new_v4(), &records).await.map_err(|error| format!("the demo's clicks: {error}"))?;
    say(&told(embedded, &made, events));
    Ok(())
}

struct Made {
    tenant: String,
    token: String,
    short: Vec<(String, &'static str)>,
    popular: Vec<Popular>,
}

async fn make(embedded: &Embedded, network: &SocketAddr) -> Result<Made, Error> {
    let app = &embedded.app;
    let (email, password) = (EMAIL.to_owned(), PASSWORD.to_owned());
    let tenant_name = Some("Demo company".to_owned());
    let account = sign_up(app, SignUp { email, password, tenant_name, invitation: None }, &Client::default()).await?;
    let (scope, tenant_id) = (account.scope, account.tenant.id);
    let mut pixel_ids = Vec::new();
    for (name, audience, is_default) in [("Everybody who clicked", "all", true), ("Spring readers", "spring", false)] {
        pixel_ids.push(pixel(embedded, scope, network, name, audience, is_default).await?);
    }
    let mut made = Made {
        tenant: api::graphql::id::encode(api::graphql::id::Kind::Tenant, tenant_id).to_string(),
        token: account.session.access_token,
        short: Vec::new(),
        popular: Vec::new(),
    };
    for (slug, title, campaign, daily) in LINKS {
        let own_pixels = if campaign == "spring-launch" { vec![pixel_ids[1]] } else { Vec::new() };
        let pixels = [vec![pixel_ids[0]], own_pixels.clone()].concat();
        let utm = Utm { source: Some("newsletter".to_owned()), campaign: Some(campaign.to_owned()), ..Utm::default() };
        let given = LinkChange {
            destination: Some(format!("http://{network}/articles/{slug}?click={{click_id}}")),
            slug: Some(slug.to_owned()),
            title: Some(Some(title.to_owned())),
            tags: Some(vec![campaign.to_owned()]),
            pixel_ids: Some(own_pixels),
            utm: Some(utm),
            ..LinkChange::default()
        };
        let link = links::create(app, scope, given, IfThere::Refuse, None).await?;
        made.short.push((format!("http://{}/{slug}", app.rules.default_domain), title));
        made.popular.push(Popular { tenant_id, link_id: link.id, campaign, daily, pixels });
    }
    Ok(made)
}

async fn pixel(
    embedded: &Embedded,
    scope: TenantScope,
    network: &SocketAddr,
    name: &str,
    audience: &str,
    is_default: bool,
) -> Result<Uuid, Error> {
    let kind = catalogue().get("custom_image").ok_or_else(|| Error::Fault("no custom image pixels".to_owned()))?;
    let address = format!("http://{network}/pixel?audience={audience}&click={{click_id}}&cb={{cachebuster}}");
    let ids = vec![("url".to_owned(), address)];
    let new = NewPixel { network: kind, name: name.to_owned(), ids, mode: PixelMode::Auto, is_default };
    pixels::create(&embedded.app, scope, new, None).await.map(|saved| saved.pixel.id)
}

fn told(embedded: &Embedded, made: &Made, events: u64) -> String {
    let links = made.short.iter().map(|(url, title)| format!("  {url:<34} {title}\n")).collect::<String>();
    let (api, tenant, token) = (embedded.api, &made.tenant, &made.token);
    let query = |text: &str| {
        let body = serde_json::json!({ "query": text }).to_string();
        format!(
            "  curl -s http://{api}/graphql -H 'content-type: application/json' \\\n    -H \"authorization: Bearer $TOKEN\" \\\n    -d '{body}'\n"
        )
    };
    let totals = query(&format!(
        "{{ tenant(id: \"{tenant}\") {{ report {{ totals {{ clicks botClicks uniqueVisitors pixelsSent pixelsFired pixelsBlocked }} breakdown(by: COUNTRY, first: 5) {{ value clicks share }} }} }} }}"
    ));
    let series = query(&format!(
        "{{ tenant(id: \"{tenant}\") {{ report(filter: {{timeZone: \"Europe/Berlin\"}}) {{ series(interval: DAY) {{ at clicks uniqueVisitors }} delivery {{ pixel {{ name }} sent fired blocked confirmedRate medianMs }} }} }} }}"
    ));
    format!(
        "The demo holds {events} generated clicks and receipts. Log in with {EMAIL} / {PASSWORD}.

Click these in a browser; each hit of the stand-in ad network is printed here:

{links}
Try these reports (the token lasts 15 minutes; the IDE at http://{api}/graphql takes it too):

  TOKEN={token}

{totals}
{series}"
    )
}
