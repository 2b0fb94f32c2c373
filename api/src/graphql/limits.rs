//! Every bound on a document, its body and its answer, in one table: `guard` and `http` enforce it, and `api/LIMITS.md` prints
//! it, which a test holds.

pub mod connections;
pub mod streams;

use super::error::code;

/// A bound on a document or on its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is counted, as refusals name it.
    pub what: &'static str,
    /// The most that is let through.
    pub most: u64,
    /// `extensions.code` of the refusal; empty where there is none.
    pub code: &'static str,
    /// How it is counted.
    pub how: &'static str,
}

const fn limit(what: &'static str, most: u64, code: &'static str, how: &'static str) -> Limit {
    Limit { what, most, code, how }
}

const SIZE: &str = code::TOO_COMPLEX;

/// Largest body.
pub const BODY: Limit =
    limit("bytes in the body", 64 * 1024, code::BODY_TOO_LARGE, "as they come, whatever the length header says");
/// Largest body of a member whose operation makes many things at once.
pub const BULK_BODY: Limit = limit(
    "bytes in a body of many",
    1024 * 1024,
    code::BODY_TOO_LARGE,
    "with a good token, for `createLinks` and imports",
);
/// Largest body of a member who brings a whole content: 512 KiB, each byte of which may be some in JSON.
pub const CONTENT_BODY: Limit = limit(
    "bytes in a body of a content",
    2 * 1024 * 1024,
    code::BODY_TOO_LARGE,
    "with a good token, for `trackContent`",
);
/// Deepest nesting of brackets in a body.
pub const JSON_NESTING: Limit =
    limit("levels of brackets in the body", 64, code::BAD_REQUEST, "of JSON, outside strings");
/// Most values in a body: each takes many times its own byte.
pub const JSON_VALUES: Limit =
    limit("values in the body", 10_000, code::BAD_REQUEST, "commas and opening brackets, outside strings");
/// Most values in a body that is larger than most may be.
pub const BULK_VALUES: Limit =
    limit("values in a body of many", 50_000, code::BAD_REQUEST, "the same in a body of more than 65,536 bytes");
/// Longest document.
pub const DOCUMENT: Limit = limit("bytes", 64 * 1024, SIZE, "of the document itself; variables do not count");
/// Most tokens.
pub const TOKENS: Limit = limit("tokens", 2_000, SIZE, "names, numbers, strings and punctuation");
/// Longest name or number.
pub const WORD: Limit = limit("bytes in a name or number", 256, SIZE, "each");
/// Deepest nesting of brackets of any kind.
pub const NESTING: Limit =
    limit("levels of brackets", 64, code::TOO_DEEP, "of any kind; also of selections, through fragments");
/// Most aliases.
pub const ALIASES: Limit = limit("aliases", 30, SIZE, "as they are written");
/// Most directives at one place.
pub const DIRECTIVES: Limit = limit("directives at one place", 5, SIZE, "on a field, fragment, operation or variable");
/// Most root fields.
pub const ROOTS: Limit = limit("root fields", 20, SIZE, "of one operation, fragments unfolded");
/// Most root fields of a mutation.
pub const MUTATIONS: Limit = limit("root fields of a mutation", 5, SIZE, "fragments unfolded");
/// Most log-ins.
pub const LOG_INS: Limit = limit(
    "log-ins",
    1,
    SIZE,
    "whatever is given a password, a code or a token to check, or sends a link for a password",
);
/// Most fields.
pub const FIELDS: Limit = limit("fields", 1_000, SIZE, "of all operations, fragments unfolded");
/// Deepest nesting of fields.
pub const DEPTH: Limit = limit("levels of fields", 10, code::TOO_DEEP, "fragments unfolded");
/// Most fields below `__schema` and `__type`, which no other limit but that of the text counts.
pub const SCHEMA_FIELDS: Limit =
    limit("fields below `__schema` and `__type`", 500, SIZE, "fragments unfolded; they count nowhere else");
/// Deepest nesting below `__schema` and `__type`: the query of the usual tools has 13 levels.
pub const SCHEMA_DEPTH: Limit = limit("levels below `__schema` and `__type`", 15, code::TOO_DEEP, "fragments unfolded");
/// Deepest nesting of lists below `__schema` and `__type`, whose rows multiply.
pub const SCHEMA_NESTING: Limit = limit(
    "lists nested below `__schema` and `__type`",
    2,
    code::TOO_DEEP,
    "`types`, `fields`, `inputFields`, `interfaces`, `possibleTypes`",
);
/// Most lists below `__schema` and `__type`, since each is as long as the schema: the query of the usual tools has five.
pub const SCHEMA_LISTS: Limit =
    limit("lists below `__schema` and `__type`", 10, code::TOO_COMPLEX, "the same ones, fragments unfolded");
/// Highest cost.
pub const COST: Limit = limit(
    "units of cost",
    1_000,
    SIZE,
    "a tenth for each field, as often as rows may come, and what a field costs on its own; ask for it with the header \
     `X-GraphQL-Cost: 1`",
);
/// Longest run.
pub const SECONDS: Limit = limit("seconds of running", 5, code::TIMED_OUT, "then what is under way is taken back");
/// Longest answer. What a field may answer is bounded by the rules of its input and how many fields by the cost, so that only a
/// document made for it comes here.
pub const ANSWER: Limit = limit(
    "bytes in the answer",
    8 * 1024 * 1024,
    code::ANSWER_TOO_LARGE,
    "before compression; a mutation has run by then",
);
/// Most mistakes of a document that are told at once.
pub const ERRORS: Limit = limit("errors told of a document", 20, code::INVALID_DOCUMENT, "the first ones");

/// All of them, in the order in which they are looked at.
pub const TABLE: [Limit; 25] = [
    BODY,
    BULK_BODY,
    CONTENT_BODY,
    JSON_NESTING,
    JSON_VALUES,
    BULK_VALUES,
    DOCUMENT,
    TOKENS,
    WORD,
    NESTING,
    ALIASES,
    DIRECTIVES,
    ROOTS,
    MUTATIONS,
    LOG_INS,
    FIELDS,
    DEPTH,
    SCHEMA_FIELDS,
    SCHEMA_DEPTH,
    SCHEMA_NESTING,
    SCHEMA_LISTS,
    COST,
    SECONDS,
    ANSWER,
    ERRORS,
];

/// `1234567` is `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table as Markdown.
    fn printed(table: &[Limit]) -> String {
        let mut text = "| at most | what | how it is counted | code |\n|---:|---|---|---|\n".to_owned();
        for Limit { what, most, code, how } in table {
            let code = if code.is_empty() { "none".to_owned() } else { format!("`{code}`") };
            text.push_str(&format!("| {} | {what} | {how} | {code} |\n", grouped(*most)));
        }
        text
    }

    #[test]
    fn the_printed_tables_are_the_codes() {
        let text = include_str!("../../LIMITS.md");
        for table in [printed(&TABLE), printed(&streams::TABLE), printed(&connections::TABLE)] {
            assert!(text.contains(&table), "api/LIMITS.md is stale; it must hold this table:\n{table}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_048_576].map(grouped), ["0", "999", "1,000", "1,048,576"]);
    }
}
