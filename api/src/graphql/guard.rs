//! The guard before the library: whatever of a document's size or cost can be known without running it is known here, and
//! refused before anything that unfolds fragments sees it: in time linear in the document, and for its cost, once it has
//! passed those limits, in the fields that it unfolds to. Bounds stand in [`limits`]. What passed is then held to the rules of
//! the language that the library does not hold, or not before a part of a mutation has run.

mod actual;
mod argument;
mod cost;
mod document;
mod merging;
mod part;
mod prices;
mod repeated;
mod rules;
mod text;
mod twice;
mod types;
mod value;

pub(super) use self::types::named;

use self::{prices::Prices, types::Types};
use super::{
    error::code,
    limits::{BODY, BULK_BODY, CONTENT_BODY, COST, Limit, grouped},
    order::Shape,
};
use async_graphql::{
    Pos, Request, ServerError, Value, Variables,
    parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
};

/// How a request was refused; the transport makes a status of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not what this endpoint takes.
    Request,
    /// Its body is larger than what it asks for allows.
    Body,
    /// Its document cannot be parsed, or is not known by its hash.
    Unreadable,
    /// Its document does not fit the schema or exceeds a limit, or has no such operation.
    Document,
    /// Who sent it has no more of what its document costs; the guard does not ask that.
    Rate,
}

/// Why a document is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) fault: Fault,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Where in the document, where that is one place.
    pub(super) at: Option<Pos>,
}

impl Refusal {
    /// Refuses what is over a limit.
    fn unless(limit: Limit, found: u64) -> Result<(), Self> {
        if found <= limit.most {
            return Ok(());
        }
        let Limit { what, most, code, .. } = limit;
        let message = format!("the document has {} {what}; the limit is {}", grouped(found), grouped(most));
        Err(Self { fault: Fault::Document, code, message, at: None })
    }

    fn unreadable(message: &str) -> Self {
        Self { fault: Fault::Unreadable, code: code::INVALID_DOCUMENT, message: message.to_owned(), at: None }
    }

    /// Of what the parser says, which draws the line of the document with what it expected below.
    fn unparsed(error: &ServerError) -> Self {
        let at = error.locations.first().copied();
        let expected = error.message.lines().find_map(|line| line.trim_start().strip_prefix("= "));
        // how the parser calls the end of the text
        let told = expected.unwrap_or(&error.message).replace("EOI", "the end");
        let place = at.map(|at| format!(" at line {}, column {}", at.line, at.column)).unwrap_or_default();
        Self { at, ..Self::unreadable(&format!("the document cannot be parsed{place}: {told}")) }
    }

    fn invalid(message: &str) -> Self {
        Self { fault: Fault::Document, code: code::INVALID_DOCUMENT, message: shortened(message.to_owned()), at: None }
    }

    fn of_variable(message: &str) -> Self {
        Self { code: code::BAD_USER_INPUT, ..Self::invalid(message) }
    }

    fn at(self, place: Pos) -> Self {
        Self { at: Some(place), ..self }
    }
}

impl From<Refusal> for ServerError {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.message, refusal.at);
        error.extensions.get_or_insert_default().set("code", refusal.code);
        error
    }
}

/// Most bytes of a message that may repeat what was sent.
const MESSAGE: usize = 500;

/// A message with no more of what it may repeat than is told.
pub(super) fn shortened(mut message: String) -> String {
    if message.len() > MESSAGE {
        message.truncate(message.floor_char_boundary(MESSAGE));
        message.push('…');
    }
    message
}

/// What a request may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    /// Ask for the schema.
    pub(super) introspect: bool,
    /// Bytes of the body.
    pub(super) body: usize,
}

/// The guard of one schema.
#[derive(Debug)]
pub(super) struct Guard {
    prices: Prices,
    types: Types,
}

impl Guard {
    /// For the schema with this text.
    pub(super) fn new(schema: &str) -> Self {
        Self { prices: Prices::of(schema), types: Types::of(schema) }
    }

    /// Parses the document of a request unless it exceeds a limit, and gives the cost of what is to run.
    ///
    /// # Errors
    /// Why it is not run.
    pub(super) fn check(&self, request: &mut Request, rights: Rights) -> Result<u64, Refusal> {
        text::check(&request.query)?;
        with_document(request, |document, name, variables| self.parsed(document, name, variables, rights))?
    }

    /// Holds a request that passed to the rules that the library does not hold, or not before it runs.
    ///
    /// # Errors
    /// Why it is not run, in each place where that is so.
    pub(super) fn hold(&self, request: &mut Request) -> Result<(), Vec<Refusal>> {
        repeated::check(&request.query).map_err(|refusal| vec![refusal])?;
        with_document(request, |document, name, variables| {
            rules::check(&self.types, document, find(document, name), variables)
        })
        .map_err(|refusal| vec![refusal])?
    }

    fn parsed(
        &self,
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &Variables,
        rights: Rights,
    ) -> Result<u64, Refusal> {
        // one that is not there is reported by the library
        let runs = find(document, name);
        let findings = document::check(document, runs)?;
        if rights.body as u64 > findings.body.max(BODY.most) {
            let message = format!(
                "the body has {} bytes; the limit is {}, {} for what makes many things at once, and {} for `trackContent`",
                grouped(rights.body as u64),
                grouped(BODY.most),
                grouped(BULK_BODY.most),
                grouped(CONTENT_BODY.most)
            );
            return Err(Refusal { fault: Fault::Body, code: BODY.code, message, at: None });
        }
        if findings.introspects && !rights.introspect {
            return Err(Refusal::invalid("the schema is not told here: `__schema` and `__type` are off"));
        }
        let Some(operation) = runs else { return Ok(0) };
        let cost = cost::requested(&self.prices, document, operation, variables);
        Refusal::unless(COST, cost).map(|()| cost)
    }

    /// What the answer of an operation looks like, where it is there.
    pub(super) fn shape(&self, document: &ExecutableDocument, name: Option<&str>) -> Shape {
        let kind = |on: &str, field: &str| self.types.field(on, field).map(|field| &field.answers);
        let shape = |operation| Shape::of(document, operation, cost::root(operation.ty), &kind);
        find(document, name).map(shape).unwrap_or_default()
    }

    /// Whether what is to run is a subscription.
    pub(super) fn is_subscription(document: &ExecutableDocument, name: Option<&str>) -> bool {
        find(document, name).is_some_and(|operation| operation.ty == OperationType::Subscription)
    }

    /// What an answer came to.
    pub(super) fn actual(&self, document: &ExecutableDocument, name: Option<&str>, answer: &Value) -> u64 {
        find(document, name).map_or(0, |operation| actual::actual(&self.prices, document, operation, answer))
    }
}

/// Looks at the parsed document of a request, and at its variables.
pub(super) fn with_document<T>(
    request: &mut Request,
    look: impl FnOnce(&ExecutableDocument, Option<&str>, &Variables) -> T,
) -> Result<T, Refusal> {
    if let Err(error) = request.parsed_query() {
        return Err(Refusal::unparsed(&error));
    }
    // parsed above, so that this has no error
    let (name, variables) = (request.operation_name.clone(), std::mem::take(&mut request.variables));
    let seen = match request.parsed_query() {
        Ok(document) => Ok(look(document, name.as_deref(), &variables)),
        Err(error) => Err(Refusal::unparsed(&error)),
    };
    request.variables = variables;
    seen
}

/// The operation that a request runs.
pub(super) fn find<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(only), None) => Some(&only.node),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name).map(|operation| &operation.node),
        (DocumentOperations::Multiple(all), None) if all.len() == 1 => all.values().next().map(|only| &only.node),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(query: &str, rights: Rights) -> Result<u64, Refusal> {
        Guard::new(&crate::graphql::sdl()).check(&mut Request::new(query), rights)
    }

    #[test]
    fn what_a_request_may_do_is_asked_of_the_document() {
        let rights = Rights { introspect: false, body: 65_536 };
        assert_eq!(checked("{ viewer { id } }", rights), Ok(1));
        let large = Rights { body: 65_537, ..rights };
        let refusal = checked("{ viewer { id } }", large).unwrap_err();
        assert_eq!((refusal.fault, refusal.code), (Fault::Body, "BODY_TOO_LARGE"));
        assert!(refusal.message.starts_with("the body has 65,537 bytes; the limit is 65,536"), "{}", refusal.message);
        let (many, content) = (Rights { body: 1_048_576, ..rights }, Rights { body: 2_097_152, ..rights });
        for (field, most) in [("createLinks", many), ("trackContent", content)] {
            let text = format!("mutation {{ {field}(input: {{}}) {{ userErrors {{ code }} }} }}");
            assert!(checked(&text, most).is_ok());
            let over = Rights { body: most.body + 1, ..rights };
            assert_eq!(checked(&text, over).unwrap_err().fault, Fault::Body, "{field}");
        }
        let schema = "{ __schema { queryType { name } } }";
        assert_eq!(checked(schema, rights).unwrap_err().code, "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(checked(schema, Rights { introspect: true, ..rights }), Ok(0));
    }

    #[test]
    fn what_cannot_be_parsed_is_told_in_one_line_with_its_place() {
        let rights = Rights { introspect: false, body: 0 };
        for (text, message, at) in [
            ("{ a(", "the document cannot be parsed at line 1, column 5: expected name", Some((1, 5))),
            ("{ a }\n }", "the document cannot be parsed at line 2, column 2: expected the end", Some((2, 2))),
            (
                "{ a } { b }",
                "the document cannot be parsed at line 1, column 7: document contains multiple operations",
                Some((1, 7)),
            ),
            ("fragment f on A { b }", "the document cannot be parsed: document does not contain an operation", None),
        ] {
            let refusal = checked(text, rights).unwrap_err();
            assert_eq!(
                (refusal.fault, refusal.at.map(|at| (at.line, at.column))),
                (Fault::Unreadable, at),
                "{refusal:?}"
            );
            assert!(refusal.message.starts_with(message) && !refusal.message.contains('\n'), "{}", refusal.message);
        }
    }

    #[test]
    fn a_body_is_as_large_as_what_runs_allows() {
        let both = "mutation Many { createLinks(input: {}) { userErrors { code } } } query Little { viewer { id } } \
                    mutation Content { trackContent(input: {}) { userErrors { code } } }";
        for (name, most) in [("Many", 1_048_576), ("Little", 65_536), ("Content", 2_097_152)] {
            let guard = Guard::new(&crate::graphql::sdl());
            let ask =
                |body| guard.check(&mut Request::new(both).operation_name(name), Rights { introspect: false, body });
            assert!(ask(most).is_ok(), "{name}");
            assert_eq!(ask(most + 1).unwrap_err().fault, Fault::Body, "{name}");
        }
        // what is not there allows nothing more
        let large = Rights { introspect: false, body: 65_537 };
        assert_eq!(checked(both, large).unwrap_err().fault, Fault::Body);
    }

    #[test]
    fn a_cost_holds_at_its_limit_and_over_it() {
        let rights = Rights { introspect: false, body: 0 };
        let links = |first: u32| {
            format!(
                "{{ tenant(id: 1) {{ links {{ nodes {{ clicks(first: {first}) {{ nodes {{ id at country }} }} }} }} }} }}"
            )
        };
        // tenant, links, nodes, and 20 times clicks, nodes and three of each click, in tenths
        assert_eq!(checked(&links(100), rights), Ok(605));
        assert_eq!(checked(&links(165), rights), Ok(995));
        let refusal = checked(&links(166), rights).unwrap_err();
        assert_eq!((refusal.fault, refusal.code), (Fault::Document, "QUERY_TOO_COMPLEX"));
        assert_eq!(refusal.message, "the document has 1,001 units of cost; the limit is 1,000");
    }
}
