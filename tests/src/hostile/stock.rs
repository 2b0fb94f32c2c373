//! A tenant that has something to ask for: links with all that a link can have, pixels, visits, and who may ask.

use serde_json::{Value, json};
use std::time::Duration;

/// Links of the tenant.
pub const LINKS: usize = 100;
/// Visits of its links.
const VISITS: usize = 60;
/// Every password here.
const PASSWORD: &str = "correct horse battery";
/// A person's browser.
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// A tenant with data.
#[derive(Debug, Clone)]
pub struct Stock {
    /// An access token of its owner.
    pub token: String,
    /// Its id.
    pub tenant: String,
    /// One of its links.
    pub link: String,
    /// Its pixels.
    pub pixels: Vec<String>,
}

/// Makes one, through the doors of a program: `endpoint` answers GraphQL, `visits` short links.
pub async fn make(endpoint: &str, visits: &str) -> Stock {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut asked = Asking { http, endpoint: endpoint.to_owned(), token: None };
    let email = format!("owner{}@example.com", uuid::Uuid::now_v7().as_simple());
    let newcomer = json!({ "email": email, "password": PASSWORD, "tenantName": "Stock" });
    let made = asked.change("signUp", &newcomer, "session { accessToken } tenant { id }").await;
    let token = text(&made["session"]["accessToken"]);
    asked.token = Some(token.clone());
    let tenant = text(&made["tenant"]["id"]);
    let mut pixels = Vec::new();
    for number in 0..20 {
        let ids = json!([{ "key": "pixel_id", "value": format!("2468135790246{number:02}") }]);
        let input = json!({ "tenantId": tenant, "network": "META", "name": format!("P{number}"), "ids": ids });
        pixels.push(text(&asked.change("createPixel", &input, "pixel { id }").await["pixel"]["id"]));
    }
    let links: Vec<Value> = (0..LINKS).map(|at| link(at, &pixels)).collect();
    let input = json!({ "tenantId": tenant, "links": links });
    let made = asked.change("createLinks", &input, "results { link { id slug } userErrors { message } }").await;
    let results = made["results"].as_array().unwrap().clone();
    for at in 0..VISITS {
        let slug = text(&results[at % 10]["link"]["slug"]);
        let address = format!("{visits}/{slug}?uid=u{at}&a=1&b=2&utm_campaign=c{at}");
        asked.http.get(address).header("user-agent", AGENT).send().await.unwrap();
    }
    let stock = Stock { token, link: text(&results[0]["link"]["id"]), tenant, pixels };
    stored(&asked, &stock).await;
    stock
}

fn link(at: usize, pixels: &[String]) -> Value {
    let all = |count: usize, part: &str| (0..count).map(|number| format!("{part}{number}")).collect::<Vec<_>>();
    let values: Vec<Value> = all(20, "v").iter().map(|name| json!({ "name": name, "value": "x".repeat(40) })).collect();
    json!({
        "destination": format!("https://shop.example.com/{at}"),
        "externalId": format!("external {at}"),
        "title": "x".repeat(200),
        "tags": all(20, "tag "),
        "pixelIds": pixels,
        "values": values,
        "utm": { "campaign": format!("campaign {at}"), "source": "newsletter" },
    })
}

/// Waits until the visits are in the reports.
async fn stored(asked: &Asking, stock: &Stock) {
    let query = "query($id: ID!) { tenant(id: $id) { report { totals { humanClicks } } } }";
    for _ in 0..300 {
        let told = asked.send(query, &json!({ "id": stock.tenant })).await;
        if told["data"]["tenant"]["report"]["totals"]["humanClicks"].as_u64() >= Some(VISITS as u64) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the visits are in no report");
}

struct Asking {
    http: reqwest::Client,
    endpoint: String,
    token: Option<String>,
}

impl Asking {
    async fn send(&self, query: &str, variables: &Value) -> Value {
        let request = self.http.post(&self.endpoint).json(&json!({ "query": query, "variables": variables }));
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn change(&self, name: &str, input: &Value, selection: &str) -> Value {
        let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let document = format!(
            "mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection} userErrors {{ field message }} }} }}"
        );
        let mut told = self.send(&document, &json!({ "input": input })).await;
        let payload = told["data"][name].take();
        assert_eq!(payload["userErrors"], json!([]), "{name}: {told}");
        payload
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
