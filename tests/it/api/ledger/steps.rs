//! Every mutation with an input that is right, in an order in which each finds what it needs, and the rows that it writes
//! into audit logs. A text that starts with `$` stands for what an earlier step brought, and one with `$$` for a secret.

mod account;
mod members;
mod things;

use serde_json::{Value, json};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Nobody who has logged in; the rows name this user.
    Nobody(&'static str),
    /// This user, in a log-in.
    LogIn(&'static str),
    /// The owner: in a log-in, or where programs are tried with a key that has these scopes and no other.
    Owner(&'static [&'static str]),
}

/// What is wrong with an input that is refused.
#[derive(Debug, Clone)]
pub(super) enum Wrong {
    /// Its first id was never given out.
    Id,
    /// These fields.
    Fields(Value),
    /// Nothing can be.
    Nothing,
}

/// A row that a step writes.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The tenant or user whose log it is in.
    pub(super) log: &'static str,
    /// Type and id of what was changed; the type alone where it is many.
    pub(super) target: &'static str,
    /// What was there.
    pub(super) before: Value,
    /// What is there.
    pub(super) after: Value,
}

/// One mutation.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Its name, which is the action of its rows.
    pub(super) mutation: &'static str,
    /// Who asks.
    pub(super) by: By,
    /// Its input; null where it takes none.
    pub(super) input: Value,
    /// What is read of the payload.
    pub(super) selection: &'static str,
    /// What later steps need of the payload: names, and where it stands.
    pub(super) takes: &'static [(&'static str, &'static str)],
    /// A secret that comes by mail, to whom, and the path of its link.
    pub(super) mail: Option<(&'static str, &'static str, &'static str)>,
    /// In the order of their logs' names.
    pub(super) rows: Vec<Row>,
    /// How it is refused.
    pub(super) wrong: Wrong,
    /// Why its rows are not in the transaction of the mutation; `None` where they are.
    pub(super) apart: Option<&'static str>,
}

/// A step that takes nothing along, writes no row and is refused for its id.
fn step(mutation: &'static str, by: By, input: Value) -> Step {
    let (selection, takes, mail) = ("", &[] as &[_], None);
    Step { mutation, by, input, selection, takes, mail, rows: Vec::new(), wrong: Wrong::Id, apart: None }
}

impl Step {
    fn reads(self, selection: &'static str, takes: &'static [(&'static str, &'static str)]) -> Self {
        Self { selection, takes, ..self }
    }

    fn writes(mut self, log: &'static str, target: &'static str, before: Value, after: Value) -> Self {
        self.rows.push(Row { log, target, before, after });
        self
    }

    fn wrong(self, fields: Value) -> Self {
        Self { wrong: Wrong::Fields(fields), ..self }
    }

    /// The input that is refused, as it is written here; `None` where nothing can be wrong.
    pub(super) fn mistaken(&self) -> Option<Value> {
        let mut input = self.input.clone();
        match &self.wrong {
            Wrong::Id => {
                let ids = ["id", "tenantId"];
                let field = ids.into_iter().find(|field| input[field].is_string());
                input[field.unwrap_or_else(|| panic!("{} names no id", self.mutation))] = json!("$never");
            }
            Wrong::Fields(fields) => input = crate::world::client::with(input, fields.clone()),
            Wrong::Nothing => return None,
        }
        Some(input)
    }
}

/// The table.
pub(super) fn steps() -> Vec<Step> {
    [account::beginning(), things::all(), members::all(), account::all()].into_iter().flatten().collect()
}

/// A tenant as its log tells of it out of the box.
fn tenant(name: &str) -> Value {
    json!({
        "name": name,
        "policy": {
            "budgetMs": 1000,
            "confirmShare": 0.02,
            "honourGpc": true,
            "referrerPolicy": "strict-origin-when-cross-origin",
            "healthThreshold": 0.5,
            "consent": null,
        },
        "branding": null,
        "linkDefaults": null,
    })
}

/// A link as its log tells of it, with what is not as ever.
fn link(id: &str, slug: &str, extra: Value) -> Value {
    let link = json!({
        "id": id,
        "domainId": "$domain",
        "slug": slug,
        "externalId": null,
        "destination": "https://shop.example.com/",
        "title": null,
        "state": "ACTIVE",
        "startsAt": null,
        "expiresAt": null,
        "fallback": null,
        "queryForwarding": "all",
        "utm": utm(),
        "values": {},
        "withoutPixels": false,
        "card": null,
        "tags": [],
        "pixelIds": [],
    });
    crate::world::client::with(link, extra)
}

/// No UTM field.
fn utm() -> Value {
    json!({ "campaign": null, "content": null, "medium": null, "source": null, "term": null })
}
