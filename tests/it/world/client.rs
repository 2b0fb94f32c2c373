//! Speaks GraphQL as an integrator does. Top-level errors fail the test unless it asks for the whole reply.

use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// A reply in full.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// Status code.
    pub(crate) status: StatusCode,
    /// Header fields.
    pub(crate) headers: HeaderMap,
    /// Body; null where it is no JSON.
    pub(crate) body: Value,
}

impl Reply {
    /// The code of the first top-level error; empty where there is none.
    pub(crate) fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }
}

/// A client, logged in or not.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: String,
    token: Option<String>,
}

/// A user with a tenant.
#[derive(Clone)]
pub(crate) struct Account {
    /// Logged in.
    pub(crate) client: Client,
    /// The tenant's id.
    pub(crate) tenant: String,
    /// E-mail address.
    pub(crate) email: String,
    /// The session as it was given out.
    pub(crate) session: Value,
}

/// Every account's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

impl Client {
    /// Nobody yet, at this endpoint.
    pub(crate) fn new(endpoint: String) -> Self {
        Self { http: reqwest::Client::new(), endpoint, token: None }
    }

    /// The same with a token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Whether nobody is logged in.
    pub(crate) const fn is_nobody(&self) -> bool {
        self.token.is_none()
    }

    /// The token, if there is one.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.endpoint.trim_start_matches("http://").trim_end_matches("/graphql")
    }

    /// A POST to the endpoint, with the token if there is one.
    pub(crate) fn post(&self) -> RequestBuilder {
        let request = self.http.post(&self.endpoint);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Any request to another path of the same server.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.endpoint.replace("/graphql", path))
    }

    /// Sends a document and gives the whole reply.
    pub(crate) async fn reply(&self, document: &str, variables: Value) -> Reply {
        read(self.post().json(&json!({ "query": document, "variables": variables }))).await
    }

    /// Sends a document and gives its data.
    pub(crate) async fn query(&self, document: &str, variables: Value) -> Value {
        let mut reply = self.reply(document, variables).await;
        assert!(reply.body["errors"].is_null(), "{document}\n{:#}", reply.body["errors"]);
        reply.body["data"].take()
    }

    /// Calls a mutation with one input and gives its payload, which always has `userErrors`.
    pub(crate) async fn mutate(&self, name: &str, input: Value, selection: &str) -> Value {
        let mut data = self.query(&mutation(name, selection), json!({ "input": input })).await;
        data[name].take()
    }

    /// The same, for an input that must be right.
    pub(crate) async fn done(&self, name: &str, input: Value, selection: &str) -> Value {
        let payload = self.mutate(name, input, selection).await;
        assert_eq!(payload["userErrors"], json!([]), "{name}");
        payload
    }

    /// The mistakes of an input, as (field path joined by dots, code), in order.
    pub(crate) async fn mistakes(&self, name: &str, input: Value) -> Vec<(String, String)> {
        pairs(&self.mutate(name, input, "").await["userErrors"])
    }

    /// Makes an account with a tenant.
    pub(crate) async fn sign_up(&self, tenant: &str) -> Account {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let email = format!("user{}@example.com", NUMBER.fetch_add(1, Ordering::Relaxed));
        let input = json!({ "email": email, "password": PASSWORD, "tenantName": tenant });
        let made = self.done("signUp", input, "session { accessToken refreshToken expiresAt } tenant { id }").await;
        let client = self.with_token(text(&made["session"]["accessToken"]));
        Account { client, tenant: text(&made["tenant"]["id"]).to_owned(), email, session: made["session"].clone() }
    }
}

impl Account {
    /// Makes a pixel of a network, by the field and value of its ids, and gives its id.
    pub(crate) async fn create_pixel(&self, network: &str, ids: &[(&str, &str)], extra: Value) -> String {
        let ids: Vec<_> = ids.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let input = json!({ "tenantId": self.tenant, "network": network, "name": network, "ids": ids });
        let made = self.client.done("createPixel", with(input, extra), "pixel { id }").await;
        text(&made["pixel"]["id"]).to_owned()
    }

    /// Makes a link to a destination.
    pub(crate) async fn create_link(&self, destination: &str, extra: Value) -> Link {
        let input = json!({ "tenantId": self.tenant, "destination": destination });
        let made = self.client.done("createLink", with(input, extra), "link { id slug shortUrl }").await;
        let field = |name: &str| text(&made["link"][name]).to_owned();
        Link { id: field("id"), slug: field("slug"), short_url: field("shortUrl") }
    }

    /// A link's report, with this selection of its fields.
    pub(crate) async fn report(&self, link: &Link, selection: &str) -> Value {
        let document = format!("query($id: ID!) {{ link(id: $id) {{ report {{ {selection} }} }} }}");
        let mut data = self.client.query(&document, json!({ "id": link.id })).await;
        data["link"]["report"].take()
    }

    /// The tenant's report, with this selection of its fields.
    pub(crate) async fn tenant_report(&self, selection: &str) -> Value {
        let document = format!("query($id: ID!) {{ tenant(id: $id) {{ report {{ {selection} }} }} }}");
        let mut data = self.client.query(&document, json!({ "id": self.tenant })).await;
        data["tenant"]["report"].take()
    }

    /// How many clicks of people and of bots a link has.
    pub(crate) async fn clicks(&self, link: &Link) -> (u64, u64) {
        let totals = self.report(link, "totals { humanClicks botClicks }").await;
        let count = |name: &str| totals["totals"][name].as_u64().unwrap();
        (count("humanClicks"), count("botClicks"))
    }

    /// Turns the share of visits that wait for the networks' answers to 0 or 1, or anything between.
    pub(crate) async fn set_policy(&self, policy: Value) {
        self.client.done("updateTenant", json!({ "id": self.tenant, "policy": policy }), "tenant { id }").await;
    }
}

/// A link, as it was made.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Its id.
    pub(crate) id: String,
    /// Its slug.
    pub(crate) slug: String,
    /// Its address.
    pub(crate) short_url: String,
}

/// Sends a request and reads the reply.
pub(crate) async fn read(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    Reply { status, headers, body }
}

/// The text of a mutation with one input.
pub(crate) fn mutation(name: &str, selection: &str) -> String {
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    format!(
        "mutation($input: {kind}!) {{ {name}(input: $input) {{ {selection} userErrors {{ field message code }} }} }}"
    )
}

/// The mistakes of a payload, as (field path joined by dots, code).
pub(crate) fn pairs(user_errors: &Value) -> Vec<(String, String)> {
    let errors = user_errors.as_array().unwrap().iter();
    let pair = |error: &Value| {
        let path = error["field"].as_array().map(|path| path.iter().map(text).collect::<Vec<_>>().join("."));
        assert!(!text(&error["message"]).is_empty());
        (path.unwrap_or_default(), text(&error["code"]).to_owned())
    };
    errors.map(pair).collect()
}

/// Text of a value.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The fields of both, the second's first.
pub(crate) fn with(mut base: Value, extra: Value) -> Value {
    if let Value::Object(fields) = extra {
        base.as_object_mut().unwrap().extend(fields);
    }
    base
}
