//! Does the steps of the table one after the other in a world, as people or as programs, and keeps what they bring.

use super::{
    dump::{Dump, dump},
    steps::{By, Row, Step},
};
use crate::{
    api::{second_factor, tenants},
    world::{
        World,
        client::{Client, Reply, mutation, text},
        wait,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use entities::audit_event;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, Statement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Variables of worlds that the steps are done in.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("ALLOW_LOCAL_TARGETS", "true"),
    ("MAIL_FROM", "Stopover <no-reply@example.com>"),
    ("PUBLIC_URL", "https://app.example.com"),
];

/// Who does what a tenant's owner may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The owner, logged in.
    Person,
    /// A program, by a key of the owner's with the scopes that are needed and no other.
    Program,
}

/// The steps in a world.
pub(super) struct Play<'a> {
    /// For looking at all rows.
    pub(super) db: DatabaseConnection,
    /// Names of the table: global ids, and texts.
    pub(super) names: BTreeMap<String, String>,
    world: &'a World,
    owner: Owner,
    /// Ids of rows, by what the table calls them.
    keys: HashMap<Uuid, String>,
    log_ins: BTreeMap<&'static str, Client>,
    programs: BTreeMap<Vec<&'static str>, (Client, Uuid)>,
    seen: BTreeSet<Uuid>,
    /// Rows that are not as they should be.
    amiss: Vec<String>,
}

impl<'a> Play<'a> {
    /// Nothing is done yet.
    pub(super) async fn new(world: &'a World, owner: Owner) -> Self {
        world.dns().set_addresses("hooks.receiver.example", &["127.0.0.1"]);
        let hooks = format!("http://hooks.receiver.example:{}/", world.stand_in().port());
        let never = |kind: &str| BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{}", Uuid::now_v7().as_simple()));
        let names = [
            ("$owner_email", "owner@example.com".to_owned()),
            ("$guest_email", "guest@example.com".to_owned()),
            ("$$password", "a password that is kept".to_owned()),
            ("$$guest_password", "the password of the guest".to_owned()),
            ("$$new_password", "the second password of all".to_owned()),
            ("$$last_password", "the third password of all".to_owned()),
            ("$hooks", hooks),
            ("$never", never("Link")),
            ("$never_user", never("User")),
            ("$never_tenant", never("Tenant")),
        ];
        let db = world.database().await;
        let shared = entities::domain::Entity::find().filter(entities::domain::Column::TenantId.is_null());
        let shared = shared.one(&db).await.unwrap().unwrap().id;
        Self {
            db,
            names: names.map(|(name, text)| (name.to_owned(), text)).into(),
            world,
            owner,
            keys: HashMap::from([(shared, "$domain".to_owned())]),
            log_ins: BTreeMap::new(),
            programs: BTreeMap::new(),
            seen: BTreeSet::new(),
            amiss: Vec::new(),
        }
    }

    /// An input with the names filled in.
    fn filled(&self, input: &Value) -> Value {
        match input {
            Value::String(name) if name == "$$code" => json!(second_factor::code(&self.names["$$totp"], 0)),
            Value::String(name) => self.names.get(name).map_or_else(|| input.clone(), |text| json!(text)),
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect(),
            other => other.clone(),
        }
    }

    /// Who does a step, and by which key.
    async fn caller(&mut self, by: By) -> (Client, Option<Uuid>) {
        match (by, self.owner) {
            (By::Nobody(_), _) => (self.world.client(), None),
            (By::LogIn(name), _) => (self.log_ins[name].clone(), None),
            (By::Owner(_), Owner::Person) => (self.log_ins["$owner"].clone(), None),
            (By::Owner(scopes), Owner::Program) => {
                let (client, key) = self.program(scopes).await;
                (client, Some(key))
            }
        }
    }

    /// A program of the owner's with these scopes.
    pub(super) async fn program(&mut self, scopes: &[&'static str]) -> (Client, Uuid) {
        if let Some(known) = self.programs.get(scopes) {
            return known.clone();
        }
        let owner = &self.log_ins["$owner"];
        let input = json!({ "name": "p", "scopes": scopes, "tenantIds": [self.names["$tenant"]] });
        let made = owner.done("createApiKey", input, "apiKey { id } secret").await;
        let program = (owner.with_token(text(&made["secret"])), tenants::key_of(text(&made["apiKey"]["id"])));
        self.names.insert(format!("$$program{}", self.programs.len()), text(&made["secret"]).to_owned());
        self.programs.insert(scopes.to_vec(), program.clone());
        program
    }

    /// Asks for a step with this input, which is filled in.
    pub(super) async fn ask(&self, client: &Client, step: &Step, input: &Value) -> Reply {
        if input.is_null() {
            let selection = format!("{} userErrors {{ field message code }}", step.selection);
            return client.reply(&format!("mutation {{ {} {{ {selection} }} }}", step.mutation), json!({})).await;
        }
        let input = json!({ "input": self.filled(input) });
        client.reply(&mutation(step.mutation, step.selection), input).await
    }

    /// Asks for a step as it is to be asked for, and leaves it to the caller what comes of it.
    pub(super) async fn attempt(&mut self, step: &Step) -> Reply {
        self.let_time_pass().await;
        let (client, _) = self.caller(step.by).await;
        self.ask(&client, step, &step.input).await
    }

    /// Does a step: it must go well, and write its rows and no other.
    pub(super) async fn perform(&mut self, step: &Step) {
        self.let_time_pass().await;
        self.rest().await;
        let (client, key) = self.caller(step.by).await;
        self.seen = self.rows().await.iter().map(|row| row.id).collect();
        let mails = step.mail.map(|(_, to, _)| self.world.mailbox().mails_to(&self.names[to]).len());
        let reply = self.ask(&client, step, &step.input).await;
        let payload = &reply.body["data"][step.mutation];
        assert_eq!(payload["userErrors"], json!([]), "{}: {}", step.mutation, reply.body);
        for (name, pointer) in step.takes {
            let taken = payload.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {payload}"));
            self.take(name, text(taken));
        }
        if let (Some((name, to, path)), Some(before)) = (step.mail, mails) {
            let mail = self.world.mailbox().mail_to(&self.names[to], before + 1).await;
            let token = mail.token(&format!("https://app.example.com/{path}/"));
            self.names.insert(name.to_owned(), token);
        }
        if let (Some(name), Some(value)) = (self.names.get("$record_name"), self.names.get("$record_value")) {
            self.world.dns().set_text(name, value);
        }
        let request = Uuid::try_parse(reply.headers["x-request-id"].to_str().unwrap()).unwrap();
        self.compare(step, (key, request)).await;
    }

    fn take(&mut self, name: &str, value: &str) {
        self.names.insert(name.to_owned(), value.to_owned());
        if let Some(whose) = name.strip_prefix("$$").and_then(|name| name.strip_suffix("_access")) {
            let claims = BASE64_URL_SAFE_NO_PAD.decode(value.split('.').nth(1).unwrap()).unwrap();
            let session = serde_json::from_slice::<Value>(&claims).unwrap()["sid"].as_str().unwrap().parse::<Uuid>();
            let (session, named) = (session.unwrap(), format!("${whose}_session"));
            let id = BASE64_URL_SAFE_NO_PAD.encode(format!("Session:{}", session.as_simple()));
            self.names.insert(named.clone(), id);
            self.keys.insert(session, named);
            if let Some(user) = ["$owner", "$guest"].into_iter().find(|user| user[1..] == *whose) {
                self.log_ins.insert(user, self.world.client().with_token(value));
            }
        } else if let Some(key) = key_in(value) {
            self.keys.insert(key, name.to_owned());
        }
    }

    /// Compares the rows that are new with those of a step.
    async fn compare(&mut self, step: &Step, (key, request): (Option<Uuid>, Uuid)) {
        let what = format!("{} writes its rows", step.mutation);
        let enough = async || {
            let new: Vec<_> = self.rows().await.into_iter().filter(|row| !self.seen.contains(&row.id)).collect();
            (new.len() >= step.rows.len()).then_some(new)
        };
        let new = wait::until(&what, wait::PATIENCE, enough).await;
        let by = match step.by {
            By::Nobody(name) | By::LogIn(name) => name.to_owned(),
            By::Owner(_) => format!("$owner{}", if key.is_some() { " by a key" } else { "" }),
        };
        let expected = |row: &Row| {
            let Row { log, target, before, after } = row;
            json!({ "log": log, "action": step.mutation, "by": by, "target": target, "before": before, "after": after })
        };
        let mut found: Vec<Value> = new.iter().map(|row| self.told(row, key)).collect();
        found.sort_by_key(|row| row["log"].to_string());
        let expected: Vec<Value> = step.rows.iter().map(expected).collect();
        if found != expected {
            let [found, expected] = [found, expected].map(|rows| format!("{:#}", Value::Array(rows)));
            self.amiss.push(format!("{} wrote {found} and should write {expected}", step.mutation));
        }
        for row in new {
            assert_eq!(row.request_id, row.user_id.map(|_| request), "{}: which request did it", step.mutation);
        }
    }

    /// A row in the words of the table.
    fn told(&self, row: &audit_event::Model, key: Option<Uuid>) -> Value {
        let name = |id: &Uuid| self.keys.get(id).cloned().unwrap_or_else(|| format!("<{id}>"));
        let user = row.user_id.as_ref().map(name).unwrap_or_default();
        let by = match row.api_key_id {
            Some(id) if Some(id) == key => format!("{user} by a key"),
            Some(id) => format!("{user} by another key, {id}"),
            None => user,
        };
        let target = row.target_id.as_ref().map(|id| format!("{} {}", row.target_kind, name(id)));
        let parsed = |json: &Option<String>| {
            json.as_ref().map_or(Value::Null, |json| self.named(&serde_json::from_str(json).unwrap()))
        };
        json!({
            "log": name(&row.chain_id),
            "action": row.action,
            "by": by,
            "target": target.unwrap_or_else(|| row.target_kind.clone()),
            "before": parsed(&row.before),
            "after": parsed(&row.after),
        })
    }

    /// A value with names in place of ids and texts that have one, and without instants.
    fn named(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let known = Uuid::try_parse(text).ok().and_then(|id| self.keys.get(&id));
                let known = known.or_else(|| self.names.iter().find(|(_, known)| *known == text).map(|(name, _)| name));
                known.map_or_else(|| value.clone(), |name| json!(name))
            }
            Value::Number(number) if number.as_u64().is_some_and(|at| at > 1_000_000_000_000) => json!("<at>"),
            Value::Array(items) => items.iter().map(|item| self.named(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), self.named(value))).collect(),
            other => other.clone(),
        }
    }

    /// The rows of all logs.
    async fn rows(&self) -> Vec<audit_event::Model> {
        audit_event::Entity::find().order_by_asc(audit_event::Column::Id).all(&self.db).await.unwrap()
    }

    /// Forgets which rows were not as they should be, and gives how many there were.
    pub(super) fn forget_amiss(&mut self) -> usize {
        std::mem::take(&mut self.amiss).len()
    }

    /// All rows that were not as they should be, at once.
    pub(super) fn assert_rows(&self) {
        assert!(self.amiss.is_empty(), "{}", self.amiss.join("\n"));
    }

    /// Everything that is stored, once nothing is on its way any more.
    pub(super) async fn at_rest(&self) -> Dump {
        self.rest().await;
        dump(&self.db).await
    }

    /// Waits until nothing is on its way any more.
    async fn rest(&self) {
        let waiting = "SELECT (SELECT count(*) FROM mails)
             + (SELECT count(*) FROM webhook_deliveries WHERE state = 'PENDING')";
        wait::until_equal("nothing is on its way", wait::PATIENCE, &0, async || {
            let statement = Statement::from_string(self.db.get_database_backend(), waiting);
            self.db.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index::<i64>(0).unwrap()
        })
        .await;
    }

    /// Forgets what was tried, as time does.
    async fn let_time_pass(&self) {
        for forget in ["DELETE FROM throttles", "UPDATE domains SET checked_at = NULL WHERE tenant_id IS NOT NULL"] {
            self.db.execute_unprepared(forget).await.unwrap();
        }
    }

    /// Does something while the owner is no more than a viewer of the tenant.
    pub(super) async fn as_viewer(&self, step: &Step) -> Reply {
        let (user, tenant) = (tenants::key_of(&self.names["$owner"]), tenants::key_of(&self.names["$tenant"]));
        let of = entities::membership::Entity::find_by_id((tenant, user));
        let role = of.one(&self.db).await.unwrap().unwrap().role;
        let set = async |role: entities::membership::Role| {
            let role = entities::membership::ActiveModel { role: sea_orm::Set(role), ..Default::default() };
            let own = entities::membership::Entity::update_many().set(role);
            let own = own.filter(entities::membership::Column::UserId.eq(user));
            own.filter(entities::membership::Column::TenantId.eq(tenant)).exec(&self.db).await.unwrap();
        };
        set(entities::membership::Role::Viewer).await;
        let reply = self.ask(&self.log_ins["$owner"], step, &step.input).await;
        set(role).await;
        reply
    }
}

/// The key of the row that a text names, if it is a global id.
fn key_in(text: &str) -> Option<Uuid> {
    let plain = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    Uuid::try_parse(plain.split_once(':')?.1).ok()
}
