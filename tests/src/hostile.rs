//! What is made to do harm: documents, bodies and bytes for an API that knows nothing of them, and others for a tenant that
//! has data. The tests send all of it to the programs as they are built for tests, `make hostile` to those that are released.

pub mod contents;
pub mod documents;
pub mod memory;
pub mod stock;
pub mod stocked;

use serde_json::{Value, json};

/// Every client here reads the status.
pub const ACCEPT: &str = "application/graphql-response+json";

/// A body that is made to do harm.
#[derive(Debug, Clone)]
pub struct Harm {
    /// What it is.
    pub name: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// How it is answered.
    pub expected: Refused,
}

impl Harm {
    /// A body with its name.
    #[must_use]
    pub const fn new(name: &'static str, body: Vec<u8>, expected: Refused) -> Self {
        Self { name, body, expected }
    }
}

/// How a body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The document cannot be parsed.
    Unreadable,
    /// The document does not fit the schema, or asks for what is not there.
    Invalid,
    /// The document is too deep.
    TooDeep,
    /// The document is too large or costs too much.
    TooComplex,
    /// The body is no JSON, or too much of it.
    NoJson,
    /// The body is JSON and no request.
    NoRequest,
    /// The body is too large, whoever sends it.
    ForSize,
    /// It runs, and does no harm.
    Harmless,
}

impl Refused {
    /// Whether a status and a code say so.
    #[must_use]
    pub fn is(self, status: u16, code: &str) -> bool {
        let (expected, codes): (u16, &[&str]) = match self {
            Self::Unreadable => (400, &["GRAPHQL_VALIDATION_FAILED"]),
            Self::Invalid => (422, &["GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"]),
            Self::TooDeep => (422, &["QUERY_TOO_DEEP"]),
            Self::TooComplex => (422, &["QUERY_TOO_COMPLEX"]),
            Self::NoJson => (400, &["BAD_REQUEST"]),
            Self::NoRequest => (422, &["BAD_REQUEST"]),
            Self::ForSize => (413, &["BODY_TOO_LARGE"]),
            Self::Harmless => (200, &["", "BAD_USER_INPUT", "UNAUTHENTICATED"]),
        };
        status == expected && codes.contains(&code)
    }
}

fn with(text: &str, variables: &Value) -> Vec<u8> {
    json!({ "query": text, "variables": variables }).to_string().into_bytes()
}

/// An object of so many fields.
fn object(fields: usize) -> Value {
    Value::Object((0..fields).map(|at| (format!("m{at}"), json!(1))).collect())
}

/// Text with its number, so often.
fn times(count: usize, part: &str) -> String {
    (0..count).fold(String::new(), |mut text, at| {
        text.push_str(&part.replace('#', &at.to_string()));
        text
    })
}
