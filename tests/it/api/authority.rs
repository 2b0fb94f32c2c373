//! Every field against everybody: strangers, members with a lower role, keys without the scope, and every id that the
//! schema takes, found by program, with another tenant's id and with one that nobody was ever given.

mod table;

use super::tenants::never_given_out;
use crate::world::{
    World,
    client::{Account, Client, Reply, text},
    in_both,
    stream::Stream,
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use table::{Entry, NESTED, Needs, table};

in_both!(
    every_field_stands_in_the_table,
    strangers_and_keys_without_the_scope_are_refused,
    members_with_a_lower_role_are_refused,
    another_tenants_ids_are_nobodys
);

pub(super) const ROLES: [&str; 4] = ["OWNER", "ADMIN", "EDITOR", "VIEWER"];
pub(super) const SCOPES: [&str; 8] = [
    "links:read",
    "links:write",
    "pixels:read",
    "pixels:write",
    "reports:read",
    "members:write",
    "tenant:admin",
    "schema:read",
];

/// Ids by the names that the table has for them.
type Ids = BTreeMap<&'static str, String>;

/// An account with one of everything.
async fn furnished(world: &World, name: &str) -> (Account, Ids) {
    let account = world.sign_up().await;
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let slug = format!("authority-{name}");
    let link = account.create_link("https://shop.example.com/", json!({ "slug": slug, "pixelIds": [pixel] })).await;
    let host = json!({ "tenantId": account.tenant, "host": format!("go.{name}.example.com") });
    let own = account.client.done("createDomain", host, "domain { id }").await["domain"]["id"].clone();
    let key = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": [account.tenant] });
    let key = account.client.done("createApiKey", key, "apiKey { id }").await["apiKey"]["id"].clone();
    let invited = json!({ "tenantId": account.tenant, "email": format!("{name}@example.com"), "role": "VIEWER" });
    let invited = account.client.done("inviteMember", invited, "invitation { id }").await;
    let webhook = json!({ "tenantId": account.tenant, "url": format!("https://{name}.example.com/"), "events": ["LINK_CREATED"] });
    let webhook = account.client.done("createWebhook", webhook, "webhook { id }").await["webhook"]["id"].clone();
    let delivery = account.client.done("sendTestWebhook", json!({ "id": webhook }), "delivery { id }").await;
    let more =
        "query($id: ID!) { viewer { user { id } sessions { id } } tenant(id: $id) { domains { nodes { id host } } } }";
    let more = account.client.query(more, json!({ "id": account.tenant })).await;
    let shared =
        more["tenant"]["domains"]["nodes"].as_array().unwrap().iter().find(|row| row["host"] == world.domain());
    let ids = [
        ("$tenant", account.tenant.clone()),
        ("$link", link.id),
        ("$pixel", pixel),
        ("$own", text(&own).to_owned()),
        ("$domain", text(&shared.unwrap()["id"]).to_owned()),
        ("$key", text(&key).to_owned()),
        ("$webhook", text(&webhook).to_owned()),
        ("$delivery", text(&delivery["delivery"]["id"]).to_owned()),
        ("$session", text(&more["viewer"]["sessions"][0]["id"]).to_owned()),
        ("$user", text(&more["viewer"]["user"]["id"]).to_owned()),
        ("$member", member(world, &account).await),
        ("$invitation", text(&invited["invitation"]["id"]).to_owned()),
        ("$host", world.domain().to_owned()),
        ("$slug", slug),
    ];
    (account, ids.into_iter().collect())
}

/// The id of another member of an account's tenant.
async fn member(world: &World, account: &Account) -> String {
    let other = world.sign_up().await;
    let invited = json!({ "tenantId": account.tenant, "email": other.email, "role": "VIEWER" });
    let link = account.client.done("inviteMember", invited, "link").await;
    let token = text(&link["link"]).rsplit('/').next().unwrap();
    other.client.done("acceptInvitation", json!({ "token": token }), "").await;
    let data = other.client.query("{ viewer { user { id } } }", json!({})).await;
    text(&data["viewer"]["user"]["id"]).to_owned()
}

/// An input with its ids filled in.
fn filled(input: &Value, ids: &Ids) -> Value {
    match input {
        Value::String(text) => ids.get(text.as_str()).map_or_else(|| input.clone(), |id| json!(id)),
        Value::Array(items) => items.iter().map(|item| filled(item, ids)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), filled(value, ids))).collect())
        }
        other => other.clone(),
    }
}

/// Asks a field of the table with this input.
async fn ask(client: &Client, entry: &Entry, input: &Value) -> Reply {
    let (parent, name) = entry.field.split_once('.').unwrap();
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    let (declared, passed, variables) = match (parent, input) {
        (_, Value::Null) => (String::new(), String::new(), json!({})),
        ("Query" | "Subscription", input) => {
            let fields = input.as_object().unwrap();
            let of = |field: &str| if matches!(field, "slug" | "domain" | "externalId") { "String!" } else { "ID!" };
            let declared: Vec<String> = fields.keys().map(|field| format!("${field}: {}", of(field))).collect();
            let passed: Vec<String> = fields.keys().map(|field| format!("{field}: ${field}")).collect();
            (format!("({})", declared.join(", ")), format!("({})", passed.join(", ")), input.clone())
        }
        (_, input) => (format!("($input: {kind}!)"), "(input: $input)".to_owned(), json!({ "input": input })),
    };
    let selection = if parent != "Mutation" {
        entry.selection.to_owned()
    } else {
        format!("{{ {} userErrors {{ field message code }} }}", entry.selection)
    };
    let operation = parent.to_lowercase();
    let document = format!("{operation}{declared} {{ {name}{passed} {selection} }}");
    if parent != "Subscription" {
        return client.reply(&document, variables).await;
    }
    // whoever is refused gets an ordinary answer
    let streamed = Stream::open(client, &document, variables).await;
    streamed.err().unwrap_or_else(|| panic!("{} is streamed to whom it should not", entry.field))
}

/// The schema's types, by name.
async fn types(client: &Client) -> Map<String, Value> {
    let reference = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let document = format!(
        "{{ __schema {{ types {{ name kind inputFields {{ name type {{ {reference} }} }} \
         fields {{ name args {{ name type {{ {reference} }} }} }} }} }} }}"
    );
    let data = client.query(&document, json!({})).await;
    let types = data["__schema"]["types"].as_array().unwrap().iter();
    types.map(|kind| (text(&kind["name"]).to_owned(), kind.clone())).collect()
}

/// The name of the type that a reference comes down to.
fn named(reference: &Value) -> &str {
    if reference["name"].is_string() { text(&reference["name"]) } else { named(&reference["ofType"]) }
}

/// Paths of the ids within an argument or input field.
fn ids_in(types: &Map<String, Value>, path: &str, reference: &Value) -> Vec<String> {
    match named(reference) {
        "ID" => vec![path.to_owned()],
        name => {
            let fields = types[name]["inputFields"].as_array().cloned().unwrap_or_default();
            let within = |field: &Value| ids_in(types, &format!("{path}.{}", text(&field["name"])), &field["type"]);
            fields.iter().flat_map(within).collect()
        }
    }
}

/// Every id that a field of the schema takes: `Mutation.updateLink.input.id`.
fn ids_taken(types: &Map<String, Value>) -> BTreeSet<String> {
    let fields = |kind: &Value| kind["fields"].as_array().cloned().unwrap_or_default();
    let mut found = BTreeSet::new();
    for kind in types.values().filter(|kind| !text(&kind["name"]).starts_with("__")) {
        for field in fields(kind) {
            for argument in field["args"].as_array().unwrap() {
                let names = [&kind["name"], &field["name"], &argument["name"]].map(text);
                found.extend(ids_in(types, &names.join("."), &argument["type"]));
            }
        }
    }
    found
}

/// The ids of an entry's input: path and place.
fn ids_of(entry: &Entry) -> Vec<(String, String)> {
    fn walk(path: &str, pointer: &str, value: &Value, found: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    walk(&format!("{path}.{name}"), &format!("{pointer}/{name}"), value, found);
                }
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| walk(path, &format!("{pointer}/{at}"), item, found));
            }
            Value::String(text) if text.starts_with('$') && text != "$host" && text != "$slug" => {
                found.push((path.to_owned(), pointer.to_owned()));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    let input = if entry.field.starts_with("Mutation") { ".input" } else { "" };
    walk(&format!("{}{input}", entry.field), "", &entry.input, &mut found);
    found
}

async fn every_field_stands_in_the_table(world: &mut World) {
    let client = world.schema_reader().await;
    let types = types(&client).await;
    let table = table();
    let fields: BTreeSet<String> = ["Query", "Mutation", "Subscription"]
        .iter()
        .flat_map(|parent| {
            let fields = types[*parent]["fields"].as_array().unwrap().iter();
            fields.map(move |field| format!("{parent}.{}", text(&field["name"])))
        })
        .collect();
    let entries: BTreeSet<String> = table.iter().map(|entry| entry.field.to_owned()).collect();
    assert_eq!((&fields - &entries, &entries - &fields), (BTreeSet::new(), BTreeSet::new()), "no entry, or no field");
    assert_eq!(entries.len(), table.len(), "one entry a field");

    let taken = ids_taken(&types);
    assert!(taken.contains("Mutation.createLinks.input.links.pixelIds") && taken.len() > 30, "{taken:?}");
    let tried: BTreeSet<String> = table.iter().flat_map(ids_of).map(|(path, _)| path).collect();
    let tried = &tried | &NESTED.iter().map(|(path, ..)| (*path).to_owned()).collect();
    assert_eq!((&taken - &tried, &tried - &taken), (BTreeSet::new(), BTreeSet::new()), "ids without a try, or no ids");
}

async fn strangers_and_keys_without_the_scope_are_refused(world: &mut World) {
    let (account, ids) = furnished(world, "keys").await;
    let key = async |scopes: Vec<String>| {
        let input = json!({ "name": "k", "scopes": scopes, "tenantIds": [account.tenant] });
        let made = account.client.done("createApiKey", input, "secret").await;
        account.client.with_token(text(&made["secret"]))
    };
    let names = |but: &str| -> Vec<String> {
        // what includes the scope goes with it
        let wider = but.replace(":read", ":write");
        let kept = SCOPES.iter().filter(|scope| **scope != but && **scope != wider);
        kept.map(|scope| scope.replace(':', "_").to_uppercase()).collect()
    };
    let every = key(names("")).await;
    for entry in table() {
        let input = filled(&entry.input, &ids);
        let stranger = ask(&world.client(), &entry, &input).await;
        let code = if entry.needs == Needs::Nothing { "" } else { "UNAUTHENTICATED" };
        assert_eq!(stranger.code(), code, "{}: {}", entry.field, stranger.body);
        match entry.needs {
            Needs::Nothing | Needs::Caller { .. } => {
                let reply = ask(&every, &entry, &input).await;
                let code = if entry.needs == (Needs::Caller { keys: false }) { "FORBIDDEN" } else { "" };
                assert_eq!(reply.code(), code, "{}: {}", entry.field, reply.body);
            }
            Needs::Member(_, None) => {}
            Needs::Member(_, Some(scope)) => {
                let refused = ask(&key(names(scope)).await, &entry, &input).await;
                let told = &refused.body["errors"][0]["extensions"];
                assert_eq!(
                    (refused.code(), &told["scope"]),
                    ("FORBIDDEN", &json!(scope)),
                    "{}: {}",
                    entry.field,
                    refused.body
                );
            }
        }
    }
}

async fn members_with_a_lower_role_are_refused(world: &mut World) {
    let (account, ids) = furnished(world, "roles").await;
    let db = world.database().await;
    let log = "query($id: ID!) { tenant(id: $id) { auditLog { totalCount } } }";
    let changes = async || account.client.query(log, json!({ "id": account.tenant })).await;
    let before = changes().await;
    let mut refused = 0;
    for (rank, role) in ROLES.iter().enumerate() {
        set_role(&db, &ids["$user"], role).await;
        for entry in table() {
            let Needs::Member(least, _) = entry.needs else { continue };
            if ROLES.iter().position(|role| *role == least).unwrap() < rank {
                let reply = ask(&account.client, &entry, &filled(&entry.input, &ids)).await;
                assert_eq!(reply.code(), "FORBIDDEN", "{role} {}: {}", entry.field, reply.body);
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused}");
    set_role(&db, &ids["$user"], "OWNER").await;
    assert_eq!(changes().await, before, "nothing of all that has done anything");
}

async fn set_role(db: &sea_orm::DatabaseConnection, user: &str, role: &str) {
    let key = super::tenants::key_of(user);
    let text = "UPDATE memberships SET role = $1 WHERE user_id = $2";
    let statement = Statement::from_sql_and_values(db.get_database_backend(), text, [role.into(), key.into()]);
    assert_eq!(db.execute_raw(statement).await.unwrap().rows_affected(), 1);
}

async fn another_tenants_ids_are_nobodys(world: &mut World) {
    let ((owner, theirs), (caller, own)) = (furnished(world, "owner").await, furnished(world, "caller").await);
    let mut clients = vec![("a person", caller.client.clone())];
    for (who, scopes) in
        [("a program that may do everything", &SCOPES[..]), ("a program that may do nothing", &SCOPES[7..])]
    {
        let scopes: Vec<String> = scopes.iter().map(|scope| scope.replace(':', "_").to_uppercase()).collect();
        let input = json!({ "name": "k", "scopes": scopes, "tenantIds": [caller.tenant] });
        let made = caller.client.done("createApiKey", input, "secret").await;
        clients.push((who, caller.client.with_token(text(&made["secret"]))));
    }
    let log = "query($id: ID!) { tenant(id: $id) { name auditLog { totalCount } links { totalCount } } viewer { sessions { id } apiKeys { nodes { id revokedAt } } } }";
    let look = async || owner.client.query(log, json!({ "id": owner.tenant })).await;
    let before = look().await;
    let told = |reply: &Reply, id: &str| (reply.status, reply.body.to_string().replace(id, "ID"));
    for entry in table() {
        for (path, pointer) in ids_of(&entry) {
            let name = entry.input.pointer(&pointer).and_then(Value::as_str).unwrap();
            // the shared domain is everybody's: the other tenant's own one is tried there
            let foreign = theirs[if name == "$domain" { "$own" } else { name }].clone();
            let nobodys = never_given_out(&foreign);
            for (caller, client) in &clients {
                let mut answers = Vec::new();
                for id in [&foreign, &nobodys] {
                    let mut input = filled(&entry.input, &own);
                    *input.pointer_mut(&pointer).unwrap() = json!(id);
                    let reply = ask(client, &entry, &input).await;
                    assert!(
                        ["NOT_FOUND", "FORBIDDEN", "null"].iter().any(|no| reply.body.to_string().contains(no)),
                        "{path}, {caller}: {}",
                        reply.body
                    );
                    answers.push(told(&reply, id));
                }
                assert_eq!(answers[0], answers[1], "{path}, {caller}");
            }
        }
    }
    for (path, query, name) in NESTED {
        let variables = if query.contains("$tenant") { "($id: ID!, $tenant: ID!)" } else { "($id: ID!)" };
        let foreign = &theirs[name];
        let nobodys = never_given_out(foreign);
        for (who, client) in &clients {
            let ask = async |id: &str| {
                let input = json!({ "id": id, "tenant": caller.tenant });
                let reply = client.reply(&format!("query{variables} {{ {query} }}"), input).await;
                told(&reply, id)
            };
            assert_eq!(ask(foreign).await, ask(&nobodys).await, "{path}, {who}");
        }
    }
    assert_eq!(look().await, before, "nothing of all that has done anything");
}
