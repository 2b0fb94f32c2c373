//! Where the tables are played: an account with one of everything that their inputs name, and others beside it. A wrong
//! input is told exactly its mistakes and leaves no trace; a good one leaves some.

use super::{
    kept::{Kept, changed},
    table::{Back, Case, Table, Told, changed_input},
};
use crate::world::{
    World,
    client::{Account, Client, pairs, text, with},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The stage.
pub(super) struct Stage {
    /// Texts by the names that tables have for them.
    pub(super) names: BTreeMap<&'static str, String>,
    /// Clients by the names that tables have for them.
    pub(super) clients: BTreeMap<&'static str, Client>,
    /// The owner of `$tenant`.
    pub(super) account: Account,
    /// Another account, with `$theirs...`.
    pub(super) other: Account,
    kept: Kept,
}

impl Stage {
    /// Two accounts, and of the first one the key `$used`, which a call of its has used.
    pub(super) async fn new(world: &World) -> Self {
        let (account, other) = (world.sign_up().await, world.sign_up().await);
        let kept = Kept::of(world.database().await).await;
        let clients =
            [("$account", account.client.clone()), ("$other", other.client.clone()), ("$nobody", world.client())];
        let mut stage = Self { names: BTreeMap::new(), clients: clients.into(), account, other, kept };
        let (tenant, theirs) = (stage.account.tenant.clone(), stage.other.tenant.clone());
        stage.name("$tenant", tenant.clone());
        stage.name("$nobodys", super::super::tenants::never_given_out(&tenant));
        stage.name("$theirs", theirs);
        stage.name("$used", "used".to_owned());
        stage.name("$shared-host", world.domain().to_owned());
        // by the user, and in the tenant
        let second = json!({ "name": "Second", "idempotencyKey": "used" });
        let second = stage.account.client.done("createTenant", second, "tenant { id }").await;
        stage.name("$second", text(&second["tenant"]["id"]).to_owned());
        let link = json!({ "tenantId": tenant, "destination": "https://used.example.com/", "idempotencyKey": "used" });
        let link = stage.account.client.done("createLink", link, "link { id domain { id } }").await;
        stage.name("$link", text(&link["link"]["id"]).to_owned());
        stage.name("$shared", text(&link["link"]["domain"]["id"]).to_owned());
        stage
    }

    /// Gives a text a name.
    pub(super) fn name(&mut self, name: &'static str, text: impl Into<String>) {
        self.names.insert(name, text.into());
    }

    /// Makes something in the account's name, or in the other's for a name that says so, and gives its id the name.
    pub(super) async fn make(&mut self, name: &'static str, mutation: &str, input: Value, pointer: &str) {
        let parts: Vec<&str> = pointer.split('/').filter(|part| !part.is_empty()).collect();
        let selection = format!("{}{}", parts.join(" { "), " }".repeat(parts.len() - 1));
        let who = if name.starts_with("$their") { &self.other } else { &self.account };
        let made = who.client.done(mutation, self.filled(&input), &selection).await;
        self.name(name, text(made.pointer(pointer).unwrap()));
    }

    /// An input with its names filled in.
    pub(super) fn filled(&self, input: &Value) -> Value {
        match input {
            Value::String(text) => {
                let known = self.names.iter().rev().fold(text.clone(), |text, (name, value)| text.replace(name, value));
                json!(if text.contains('$') { &known } else { text })
            }
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect())
            }
            other => other.clone(),
        }
    }

    /// Plays tables: of each the wrong inputs first, since good ones may change what the others name.
    pub(super) async fn play(&self, tables: &[Table]) {
        for table in tables {
            for case in table.cases.iter().filter(|case| !case.told.is_empty()) {
                self.refused(table, case).await;
            }
            self.refuse_what_was_undone(table).await;
            for case in table.cases.iter().filter(|case| case.told.is_empty()) {
                let input = self.filled(&changed_input(table, &case.change));
                self.taken(table, &format!("{}: {}", table.mutation, case.name), input).await;
            }
            if table.is_refused_always {
                continue;
            }
            let input = self.filled(&table.good);
            let answer = self.taken(table, &format!("{}: the good input", table.mutation), input.clone()).await;
            if let Some(back) = &table.back {
                self.seen(table, back, &json!({ "input": input, "answer": answer, "names": self.names })).await;
            }
        }
    }

    async fn call(&self, table: &Table, input: Value) -> Value {
        self.kept.forget_attempts().await;
        let client = &self.clients[table.who];
        if input.is_null() {
            let (name, selection) = (table.mutation, table.selection);
            let document = format!("mutation {{ {name} {{ {selection} userErrors {{ field message code }} }} }}");
            return client.query(&document, json!({})).await[name].take();
        }
        client.mutate(table.mutation, input, table.selection).await
    }

    /// Sends a wrong input.
    async fn refused(&self, table: &Table, case: &Case) {
        let what = format!("{}: {}", table.mutation, case.name);
        let input = self.filled(&changed_input(table, &case.change));
        let before = self.kept.look().await;
        let answer = self.call(table, input).await;
        assert_eq!(told(&answer), case.told, "{what}");
        assert_eq!(changed(&before, &self.kept.look().await), [""; 0], "{what} has changed something");
    }

    /// Sends a good input.
    async fn taken(&self, table: &Table, what: &str, input: Value) -> Value {
        let before = self.kept.look().await;
        let answer = self.call(table, input).await;
        assert_eq!(told(&answer), [], "{what}");
        assert_ne!(changed(&before, &self.kept.look().await), [""; 0], "{what} has changed nothing");
        answer
    }

    /// A call that is sent again after what it made is gone.
    async fn refuse_what_was_undone(&self, table: &Table) {
        let Some((undo, pointer)) = table.undone_by else { return };
        let key = json!({ "idempotencyKey": format!("gone: {}", table.mutation) });
        let input = self.filled(&with(table.good.clone(), key.clone()));
        let made = self.taken(table, table.mutation, input).await;
        let id = made.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {made}"));
        self.clients[table.who].done(undo, json!({ "id": id }), "").await;
        let gone = Told { path: "idempotencyKey".to_owned(), code: "NOT_FOUND".to_owned() };
        let case = Case { name: "a call whose effect is gone".to_owned(), change: key, told: vec![gone] };
        self.refused(table, &case).await;
    }

    async fn seen(&self, table: &Table, back: &Back, held: &Value) {
        let (declared, variables) = match back.id {
            "" => ("", json!({})),
            pointer => ("($id: ID!)", json!({ "id": held.pointer(pointer).unwrap_or_else(|| panic!("{held}")) })),
        };
        let seen = self.clients[table.who].query(&format!("query{declared} {{ {} }}", back.selection), variables).await;
        assert_within(table.mutation, &self.filled(&back.shows), &seen);
    }
}

/// What an answer tells, of its links as well.
fn told(answer: &Value) -> Vec<Told> {
    let each = answer["results"].as_array().into_iter().flatten().map(|result| &result["userErrors"]);
    let all = [&answer["userErrors"]].into_iter().chain(each).flat_map(pairs);
    all.map(|(path, code)| Told { path, code }).collect()
}

/// Whether all that is expected is there, whatever else is.
fn assert_within(what: &str, expected: &Value, found: &Value) {
    match (expected, found) {
        (Value::Object(fields), Value::Object(_)) => {
            fields.iter().for_each(|(name, value)| assert_within(&format!("{what}.{name}"), value, &found[name]));
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            items.iter().zip(others).for_each(|(one, other)| assert_within(what, one, other));
        }
        _ => assert_eq!(found, expected, "{what}"),
    }
}
