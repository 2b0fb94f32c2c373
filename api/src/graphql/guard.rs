//! The guard before the library: whatever of a document's size or cost can be known without running it is known here, in time
//! linear in the document, and refused before anything that unfolds fragments sees it. Bounds stand in [`limits`].

mod actual;
mod cost;
mod document;
mod prices;
mod text;

use self::prices::Prices;
use super::{
    error::code,
    limits::{BODY, BULK_BODY, CONTENT_BODY, COST, Limit, grouped},
};
use async_graphql::{
    Request, ServerError, Value,
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
}

impl Refusal {
    /// Refuses what is over a limit.
    fn unless(limit: Limit, found: u64) -> Result<(), Self> {
        if found <= limit.most {
            return Ok(());
        }
        let Limit { what, most, code, .. } = limit;
        let message = format!("the document has {} {what}; the limit is {}", grouped(found), grouped(most));
        Err(Self { fault: Fault::Document, code, message })
    }

    fn unreadable(message: &str) -> Self {
        Self { fault: Fault::Unreadable, code: code::INVALID_DOCUMENT, message: message.to_owned() }
    }

    fn invalid(message: &str) -> Self {
        Self { fault: Fault::Document, code: code::INVALID_DOCUMENT, message: message.to_owned() }
    }
}

impl From<Refusal> for ServerError {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.message, None);
        error.extensions.get_or_insert_default().set("code", refusal.code);
        error
    }
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
}

impl Guard {
    /// For the schema with this text.
    pub(super) fn new(schema: &str) -> Self {
        Self { prices: Prices::of(schema) }
    }

    /// Parses the document of a request unless it exceeds a limit, and gives the cost of what is to run.
    ///
    /// # Errors
    /// Why it is not run.
    pub(super) fn check(&self, request: &mut Request, rights: Rights) -> Result<u64, Refusal> {
        text::check(&request.query)?;
        if let Err(error) = request.parsed_query() {
            return Err(Refusal::unreadable(&error.message));
        }
        // parsed above, so that this has no error
        let (name, variables) = (request.operation_name.clone(), std::mem::take(&mut request.variables));
        let checked = match request.parsed_query() {
            Ok(document) => self.parsed(document, name.as_deref(), &variables, rights),
            Err(error) => Err(Refusal::unreadable(&error.message)),
        };
        request.variables = variables;
        checked
    }

    fn parsed(
        &self,
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &async_graphql::Variables,
        rights: Rights,
    ) -> Result<u64, Refusal> {
        let findings = document::check(document)?;
        if rights.body as u64 > findings.body.max(BODY.most) {
            let message = format!(
                "the body has {} bytes; the limit is {}, {} for what makes many things at once, and {} for `trackContent`",
                grouped(rights.body as u64),
                grouped(BODY.most),
                grouped(BULK_BODY.most),
                grouped(CONTENT_BODY.most)
            );
            return Err(Refusal { fault: Fault::Body, code: BODY.code, message });
        }
        if findings.introspects && !rights.introspect {
            return Err(Refusal::invalid("the schema is not told here: `__schema` and `__type` are off"));
        }
        // an operation that is not there is reported by the library
        let Some(operation) = find(document, name) else { return Ok(0) };
        let cost = cost::requested(&self.prices, document, operation, variables);
        Refusal::unless(COST, cost).map(|()| cost)
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

/// The operation that a request runs.
fn find<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
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
