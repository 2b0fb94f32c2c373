//! How a table of inputs is written: for each mutation its good input and the ways in which that can be changed, each with
//! the mistakes that are told of it. `$link` and the like stand for ids, which the stage fills in.

use crate::world::client::with;
use serde_json::{Value, json};

/// A mutation, and what becomes of its inputs.
pub(super) struct Table {
    /// Its name.
    pub(super) mutation: &'static str,
    /// Whose token is sent: a name that the stage has for it.
    pub(super) who: &'static str,
    /// An input without mistakes.
    pub(super) good: Value,
    /// What is read of the answer.
    pub(super) selection: &'static str,
    /// What is read back when the good input was taken.
    pub(super) back: Option<Back>,
    /// The mutation that deletes what was made, and where its id stands in the answer: with both, a call that is sent again
    /// after that is refused.
    pub(super) undone_by: Option<(&'static str, &'static str)>,
    /// Whether the good input is no better than the others, as things are then.
    pub(super) is_refused_always: bool,
    /// Changes of the good input.
    pub(super) cases: Vec<Case>,
}

/// How the effect of the good input is seen.
pub(super) struct Back {
    /// Where the id that is asked for stands in `{"input", "answer", "names"}`; empty for a document that asks for none.
    pub(super) id: &'static str,
    /// A selection in which `$id` is that.
    pub(super) selection: &'static str,
    /// What it gives, as far as it is looked at.
    pub(super) shows: Value,
}

/// One input.
pub(super) struct Case {
    /// What is special about it.
    pub(super) name: String,
    /// Fields that take the place of those of the good input.
    pub(super) change: Value,
    /// What is told of it; nothing for an input that is taken.
    pub(super) told: Vec<Told>,
}

/// A mistake as it is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Its path, joined by dots; empty for none.
    pub(super) path: String,
    /// Its code.
    pub(super) code: String,
}

impl Told {
    /// The path without the numbers of items.
    pub(super) fn field(&self) -> String {
        let parts = self.path.split('.').filter(|part| part.parse::<usize>().is_err());
        parts.collect::<Vec<_>>().join(".")
    }
}

/// One row of a table: what is special, the change, and `path CODE` of each mistake with commas between them; `- CODE` for
/// one in no field, and an empty text for an input that is taken.
pub(super) type Row = (&'static str, Value, &'static str);

impl Table {
    /// A table without rows, of an owner's calls.
    pub(super) fn new(mutation: &'static str, good: Value, selection: &'static str) -> Self {
        let (who, is_refused_always) = ("$account", false);
        Self { mutation, who, good, selection, back: None, undone_by: None, is_refused_always, cases: Vec::new() }
    }

    /// A table of a mutation that takes nothing as things are.
    pub(super) fn refused(mutation: &'static str, good: Value, told: &'static str) -> Self {
        let table = Self { is_refused_always: true, ..Self::new(mutation, good, "") };
        table.rows([("as things are", json!({}), told)])
    }

    /// The same with another's token.
    pub(super) fn by(self, who: &'static str) -> Self {
        Self { who, ..self }
    }

    /// The same, and what is seen of the good input afterwards.
    pub(super) fn shows(self, id: &'static str, selection: &'static str, shows: Value) -> Self {
        Self { back: Some(Back { id, selection, shows }), ..self }
    }

    /// The same with more rows.
    pub(super) fn rows(mut self, rows: impl IntoIterator<Item = Row>) -> Self {
        self.cases.extend(rows.into_iter().map(|(name, change, told)| case(name, change, told)));
        self
    }

    /// The same with rows about a part of the input, which stands at `path`; an item of a list has the number 0 there.
    pub(super) fn rows_within(mut self, path: &str, base: &Value, rows: impl IntoIterator<Item = Row>) -> Self {
        for (name, change, told) in rows {
            let mut case = case(name, change, told);
            case.change = path.rsplit('.').fold(with(base.clone(), case.change), |inner, part| match part {
                "0" => json!([inner]),
                name => json!({ name: inner }),
            });
            case.told.iter_mut().for_each(|told| told.path = format!("{path}.{}", told.path));
            self.cases.push(case);
        }
        self
    }

    /// The same with rows about its `idempotencyKey`. Of what it makes, `undone_by` deletes one whose id stands in the answer
    /// at the pointer.
    pub(super) fn once(self, undone_by: Option<(&'static str, &'static str)>) -> Self {
        let key = |length: usize| format!("{:x<length$}", self.mutation);
        let (longest, too_long) = (key(255), key(256));
        let table = self.rows([
            ("an empty key", json!({ "idempotencyKey": "" }), "idempotencyKey INVALID"),
            ("a key with a control character", json!({ "idempotencyKey": "a\u{1}" }), "idempotencyKey INVALID"),
            ("a key of 256 characters", json!({ "idempotencyKey": too_long }), "idempotencyKey TOO_LONG"),
            ("a key of 255 characters", json!({ "idempotencyKey": longest }), ""),
            ("another call's key", json!({ "idempotencyKey": "$used" }), "idempotencyKey INVALID"),
        ]);
        Self { undone_by, ..table }
    }

    /// The same, and of what it makes the mutation deletes one whose id stands in the answer at the pointer.
    pub(super) fn undone_by(self, mutation: &'static str, pointer: &'static str) -> Self {
        Self { undone_by: Some((mutation, pointer)), ..self }
    }
}

/// The good input with a change laid over it; null for a mutation without an input.
pub(super) fn changed_input(table: &Table, change: &Value) -> Value {
    if table.good.is_null() { Value::Null } else { with(table.good.clone(), change.clone()) }
}

fn case(name: &str, change: Value, told: &str) -> Case {
    let told = told.split(", ").filter(|told| !told.is_empty()).map(|told| {
        let (path, code) = told.split_once(' ').unwrap_or_else(|| panic!("{told} has no code"));
        Told { path: path.trim_start_matches('-').to_owned(), code: code.to_owned() }
    });
    Case { name: name.to_owned(), told: told.collect(), change }
}

/// Many of a letter.
pub(super) fn x(length: usize) -> String {
    "x".repeat(length)
}

/// That many texts, each another one.
pub(super) fn many(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("t{at}")).collect()
}
