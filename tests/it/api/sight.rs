//! What each may see: every field of every type that a query can come to, asked for by strangers, members of each role and
//! keys of each scope. The answer is the field, or the one error that says what is missing, to the letter.

mod table;

use super::{
    authority::{ROLES, SCOPES},
    tenants::key_of,
};
use crate::world::{
    World,
    client::{Account, Client, Reply, text},
    in_both, wait,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use table::{ANSWERS, Demand, Entry, NO_SECRETS, Sees, TOLD_ONCE, table};

in_both!(every_type_stands_in_the_table, each_sees_what_is_theirs_to_see);

/// The types of a schema: for each its fields, with the type that each comes down to, and what it may be.
struct Schema(BTreeMap<String, Value>);

impl Schema {
    async fn read(world: &World) -> Self {
        let reference = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
        let document = format!(
            "{{ __schema {{ types {{ name kind possibleTypes {{ name }} fields {{ name type {{ {reference} }} }} }} }} }}"
        );
        let data = world.schema_reader().await.query(&document, json!({})).await;
        let types = data["__schema"]["types"].as_array().unwrap().iter();
        Self(types.map(|kind| (text(&kind["name"]).to_owned(), kind.clone())).collect())
    }

    /// The fields of a type, with the name of the type that each comes down to.
    fn fields(&self, kind: &str) -> Vec<(String, String)> {
        let fields = self.0[kind]["fields"].as_array().cloned().unwrap_or_default();
        let named = |field: &Value| {
            let mut reference = &field["type"];
            while reference["name"].is_null() {
                reference = &reference["ofType"];
            }
            (text(&field["name"]).to_owned(), text(&reference["name"]).to_owned())
        };
        fields.iter().map(named).collect()
    }

    fn is_leaf(&self, kind: &str) -> bool {
        !["OBJECT", "INTERFACE", "UNION"].contains(&text(&self.0[kind]["kind"]))
    }

    /// The types with fields that one comes to from a type.
    fn reached(&self, from: &str) -> BTreeSet<String> {
        let (mut found, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(kind) = open.pop() {
            let possible = self.0[&kind]["possibleTypes"].as_array().cloned().unwrap_or_default();
            open.extend(possible.iter().map(|kind| text(&kind["name"]).to_owned()));
            for (_, named) in self.fields(&kind) {
                if !self.is_leaf(&named) && found.insert(named.clone()) {
                    open.push(named);
                }
            }
        }
        found.retain(|kind| self.0[kind]["kind"] == "OBJECT");
        found
    }

    /// Types that no entry is about, and entries about no type.
    fn unlisted(&self) -> BTreeSet<String> {
        let seen = self.reached("Query");
        let listed: BTreeSet<String> = table().into_iter().map(|entry| entry.kind).collect();
        let mut unlisted: BTreeSet<String> = seen.symmetric_difference(&listed).cloned().collect();
        let answers = self.reached("Mutation").into_iter().filter(|kind| !seen.contains(kind));
        let parts: BTreeSet<String> = answers.filter(|kind| !kind.ends_with("Payload")).collect();
        unlisted.extend(parts.symmetric_difference(&ANSWERS.map(str::to_owned).into()).cloned());
        unlisted
    }

    /// Fields of answers that sound like a secret.
    fn secrets(&self) -> BTreeSet<String> {
        let words = ["secret", "token", "password", "recovery", "otpauth", "salt", "hash"];
        let answers = self.reached("Query").into_iter().chain(self.reached("Mutation"));
        let fields = answers.flat_map(|kind| {
            let fields = self.fields(&kind).into_iter();
            fields.map(move |(field, _)| format!("{kind}.{field}")).collect::<Vec<_>>()
        });
        let sounds = |field: &String| {
            let name = field.split_once('.').unwrap().1.to_lowercase();
            words.iter().any(|word| name.contains(word))
        };
        fields.filter(sounds).collect()
    }
}

async fn every_type_stands_in_the_table(world: &mut World) {
    let mut schema = Schema::read(world).await;
    assert_eq!(schema.unlisted(), BTreeSet::new());
    let known: BTreeSet<String> = TOLD_ONCE.iter().chain(&NO_SECRETS).map(|field| (*field).to_owned()).collect();
    assert_eq!(schema.secrets(), known, "what tells a secret, and what sounds like it");
    let new = json!({ "name": "plans", "type": { "kind": "OBJECT", "name": "Plan" } });
    schema.0.get_mut("Tenant").unwrap()["fields"].as_array_mut().unwrap().push(new);
    schema.0.insert("Plan".to_owned(), json!({ "kind": "OBJECT", "name": "Plan", "fields": [] }));
    assert_eq!(schema.unlisted(), BTreeSet::from(["Plan".to_owned()]));
}

/// One question of the table: what is asked for, and what becomes of it.
struct Question {
    document: String,
    fields: Vec<String>,
    demands: Vec<Demand>,
    sees: Sees,
}

/// The questions of an entry: one for all plain fields together, and one for each that demands more.
fn questions(schema: &Schema, entry: &Entry, ids: &BTreeMap<&str, String>) -> Vec<Question> {
    let demands = |sees: Sees| if let Sees::Members(demands) = sees { demands.to_vec() } else { Vec::new() };
    let ask = |field: &str, arguments: &str, kind: &str| {
        let inner = if schema.is_leaf(kind) { "" } else { " { __typename }" };
        format!("{field}{arguments}{inner}")
    };
    let document = |selection: &str| {
        let mut document = format!("{{ {} }}", entry.way.replace('@', selection));
        ids.iter().for_each(|(name, id)| document = document.replace(name, id));
        document
    };
    let (special, plain): (Vec<_>, Vec<_>) = schema
        .fields(&entry.kind)
        .into_iter()
        .partition(|(field, _)| entry.special.iter().any(|(special, ..)| special == field));
    assert_eq!(special.len(), entry.special.len(), "{}: a field that is not there", entry.kind);
    let mut questions = Vec::new();
    if !plain.is_empty() {
        let selection: Vec<String> = plain.iter().map(|(field, kind)| ask(field, "", kind)).collect();
        let fields = plain.into_iter().map(|(field, _)| field).collect();
        let (document, sees) = (document(&selection.join(" ")), entry.sees);
        questions.push(Question { document, fields, demands: demands(sees), sees });
    }
    for (field, kind) in special {
        let (_, arguments, more) = entry.special.iter().find(|(special, ..)| *special == field).unwrap();
        let demands = [demands(entry.sees), demands(*more)].concat();
        let document = document(&ask(&field, arguments, &kind));
        questions.push(Question { document, fields: vec![field], demands, sees: *more });
    }
    questions
}

/// Who asks.
#[derive(Debug, Clone)]
enum Who {
    Stranger,
    Member(&'static str),
    Key(BTreeSet<&'static str>),
}

impl Question {
    /// What it must come to.
    fn expected(&self, who: &Who) -> String {
        match (self.sees, who) {
            (Sees::Anybody, _) => "seen".to_owned(),
            (_, Who::Stranger) => "UNAUTHENTICATED: log in first".to_owned(),
            (Sees::Person, Who::Key(_)) => {
                "FORBIDDEN: an API key may not do this: log in, and send the access token instead".to_owned()
            }
            (Sees::PersonAlone, Who::Key(_)) | (Sees::KeyAlone, Who::Member(_)) => "nothing there".to_owned(),
            (_, Who::Member(role)) => {
                let rank = |role: &str| ROLES.iter().position(|known| *known == role).unwrap();
                let low = self.demands.iter().any(|(least, _)| rank(role) > rank(least));
                if low { "FORBIDDEN: your role in this tenant does not allow this" } else { "seen" }.to_owned()
            }
            (_, Who::Key(scopes)) => {
                let lacks = self.demands.iter().find(|(_, scope)| !allow(scopes, scope));
                lacks.map_or_else(
                    || "seen".to_owned(),
                    |(_, scope)| format!("FORBIDDEN {scope}: your API key lacks the scope {scope}"),
                )
            }
        }
    }

    /// What it came to.
    fn found(&self, reply: &Reply) -> String {
        let error = &reply.body["errors"][0];
        if error.is_object() {
            let scope = error["extensions"]["scope"].as_str().map(|scope| format!(" {scope}")).unwrap_or_default();
            return format!("{}{scope}: {}", reply.code(), text(&error["message"]));
        }
        let seen = self.fields.iter().all(|field| stands_in(&reply.body["data"], field));
        if seen { "seen" } else { "nothing there" }.to_owned()
    }
}

/// Whether keys of these scopes may do what needs this one: to write includes to read.
fn allow(scopes: &BTreeSet<&str>, scope: &str) -> bool {
    scopes.contains(scope) || scopes.contains(scope.replace(":read", ":write").as_str())
}

/// Whether a field is anywhere in an answer.
fn stands_in(value: &Value, field: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| stands_in(item, field)),
        Value::Object(fields) => fields.iter().any(|(name, inner)| name == field || stands_in(inner, field)),
        _ => false,
    }
}

/// An account with one of everything that a field can tell of.
async fn furnished(world: &World) -> (Account, BTreeMap<&'static str, String>) {
    let account = world.sign_up().await;
    let of_tenant = |extra: Value| crate::world::client::with(json!({ "tenantId": account.tenant }), extra);
    let pixel = account.create_pixel("META", &[("pixel_id", "246813579024680")], json!({})).await;
    let card = json!({ "title": "T", "description": "D" });
    let values = json!([{ "name": "a", "value": "b" }]);
    let link = json!({ "slug": "sight", "pixelIds": [pixel], "tags": ["a"], "card": card, "values": values });
    let link = account.create_link("https://shop.example.com/", link).await;
    let done = async |name: &str, input: Value, selection: &str| account.client.done(name, input, selection).await;
    done("createDomain", of_tenant(json!({ "host": "go.sight.example" })), "domain { id }").await;
    done("inviteMember", of_tenant(json!({ "email": "x@example.com", "role": "VIEWER" })), "invitation { id }").await;
    let webhook = of_tenant(json!({ "url": "https://sight.example.com/", "events": ["LINK_CREATED"] }));
    let webhook = done("createWebhook", webhook, "webhook { id }").await;
    done("sendTestWebhook", json!({ "id": webhook["webhook"]["id"] }), "delivery { id }").await;
    let texts = json!([{ "key": "ACCEPT", "language": "EN", "text": "Fine" }]);
    // visitors from nowhere in particular get their pixels
    let policy = json!({ "consent": { "default": "NONE", "regions": [{ "countries": ["DE"], "mode": "OPT_OUT" }] } });
    let change = json!({ "id": account.tenant, "branding": { "texts": texts }, "policy": policy });
    done("updateTenant", change, "tenant { id }").await;
    world.visit("sight?colour=red").send().await.unwrap();
    world.visit_as("sight", "curl/8.0").send().await.unwrap();
    let counted = async || account.clicks(&link).await;
    wait::until_equal("the clicks are stored", wait::PATIENCE, &(1, 1), counted).await;
    let ids = [("$tenant", account.tenant.clone()), ("$link", link.id), ("$pixel", pixel)];
    (account, ids.into())
}

/// Keys of the account's, by their scopes.
struct Keys<'a> {
    account: &'a Account,
    made: BTreeMap<BTreeSet<&'static str>, Client>,
}

impl Keys<'_> {
    async fn of(&mut self, scopes: &BTreeSet<&'static str>) -> Client {
        if let Some(known) = self.made.get(scopes) {
            return known.clone();
        }
        let names: Vec<String> = scopes.iter().map(|scope| scope.replace(':', "_").to_uppercase()).collect();
        let input = json!({ "name": "k", "scopes": names, "tenantIds": [self.account.tenant] });
        let made = self.account.client.done("createApiKey", input, "secret").await;
        let client = self.account.client.with_token(text(&made["secret"]));
        self.made.insert(scopes.clone(), client.clone());
        client
    }
}

/// The scopes of the keys that ask a question: each alone, all, all but one with what includes it, and just what it needs.
fn sets(question: &Question) -> BTreeSet<BTreeSet<&'static str>> {
    let all = BTreeSet::from(SCOPES);
    let but = |scope: &str| all.iter().copied().filter(|other| !allow(&BTreeSet::from([*other]), scope)).collect();
    let mut sets: BTreeSet<BTreeSet<_>> = SCOPES.iter().map(|scope| BTreeSet::from([*scope])).collect();
    sets.extend(SCOPES.iter().map(|scope| but(scope)));
    sets.insert(question.demands.iter().map(|(_, scope)| *scope).collect());
    sets.insert(all);
    // a key has a scope
    sets.retain(|scopes| !scopes.is_empty());
    sets
}

async fn each_sees_what_is_theirs_to_see(world: &mut World) {
    let schema = Schema::read(world).await;
    let (account, ids) = furnished(world).await;
    let questions: Vec<Question> = table().iter().flat_map(|entry| questions(&schema, entry, &ids)).collect();
    let mut amiss = BTreeSet::new();
    let mut seen = 0;
    let mut judge = |question: &Question, who: Who, reply: &Reply| {
        let (expected, found) = (question.expected(&who), question.found(reply));
        seen += usize::from(found == "seen");
        if expected != found {
            amiss.insert(format!("{who:?} {}\n    {found}, and should be: {expected}", question.document));
        }
    };
    let mut keys = Keys { account: &account, made: BTreeMap::new() };
    for question in &questions {
        judge(question, Who::Stranger, &world.client().reply(&question.document, json!({})).await);
        for scopes in sets(question) {
            let key = keys.of(&scopes).await;
            judge(question, Who::Key(scopes), &key.reply(&question.document, json!({})).await);
        }
    }
    let db = world.database().await;
    for role in ROLES {
        set_role(&db, &account, role).await;
        for question in &questions {
            judge(question, Who::Member(role), &account.client.reply(&question.document, json!({})).await);
        }
    }
    let found: Vec<_> = amiss.iter().take(40).cloned().collect();
    assert!(amiss.is_empty(), "{} of {} answers:\n{}", amiss.len(), questions.len(), found.join("\n"));
    assert!(questions.len() > 80 && seen > 500, "{} questions, {seen} times seen", questions.len());
}

async fn set_role(db: &DatabaseConnection, account: &Account, role: &str) {
    let text = "UPDATE memberships SET role = $1 WHERE tenant_id = $2";
    let values = [role.into(), key_of(&account.tenant).into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), text, values);
    assert_eq!(db.execute_raw(statement).await.unwrap().rows_affected(), 1);
}

#[test]
fn the_model_refuses_what_is_missing() {
    let question = Question {
        document: String::new(),
        fields: Vec::new(),
        demands: vec![table::LINKS, table::ADMIN],
        sees: Sees::Members(&[]),
    };
    let key = |scopes: &[&'static str]| question.expected(&Who::Key(scopes.iter().copied().collect()));
    assert_eq!(key(&["links:write", "tenant:admin"]), "seen");
    assert!(key(&["tenant:admin"]).starts_with("FORBIDDEN links:read"));
    assert!(key(&["links:read"]).starts_with("FORBIDDEN tenant:admin"));
    assert_eq!(question.expected(&Who::Member("ADMIN")), "seen");
    assert!(question.expected(&Who::Member("EDITOR")).starts_with("FORBIDDEN: your role"));
    assert_eq!(sets(&question).len(), 8 + 8 + 2, "each alone, all but each, what is needed, and all");
}
