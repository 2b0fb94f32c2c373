//! Runs one document and makes its answer fit for strangers: every error has a code, a fault has the request's id and
//! never a cause, and an answer to a document that could not be run has no `data`, as the specification asks.

use super::{
    Schema,
    context::RequestId,
    error::{INTERNAL_MESSAGE, code},
    limits::{self, COMPLEXITY, DEPTH},
    order::Shape,
};
use crate::scope::Caller;
use async_graphql::{Request, Response, ServerError, Value};
use serde::Serialize;

/// What a document came to.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The result; `None` when the document was not run at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
}

impl Answer {
    /// Whether the document could not be run: it does not parse, does not fit the schema or exceeds a limit.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.data.is_none()
    }

    /// How many seconds a client that tried too often is to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        let told = |error: &ServerError| match error.extensions.as_ref()?.get("retryAfter")? {
            Value::Number(seconds) => seconds.as_u64(),
            _ => None,
        };
        self.errors.iter().filter_map(told).max()
    }

    fn refused(error: ServerError) -> Self {
        Self { data: None, errors: vec![error] }
    }
}

/// Runs a document on behalf of `caller`.
pub async fn execute(schema: &Schema, mut request: Request, caller: Option<Caller>, id: RequestId) -> Answer {
    if let Err(error) = limits::check_text(&request.query) {
        return Answer::refused(error);
    }
    let operation = request.operation_name.clone();
    let shape = match request.parsed_query() {
        Ok(document) => limits::check_document(document).map(|()| Shape::of(document, operation.as_deref())),
        Err(mut error) => {
            set_code(&mut error, code::INVALID_DOCUMENT);
            Err(error)
        }
    };
    let shape = match shape {
        Ok(shape) => shape,
        Err(error) => return Answer::refused(error),
    };
    if let Some(caller) = caller {
        request = request.data(caller);
    }
    let mut response = schema.execute(request.data(id.clone())).await;
    shape.apply(&mut response.data);
    tell(response, &id)
}

/// Makes a response fit for strangers.
fn tell(response: Response, id: &RequestId) -> Answer {
    let mut errors = response.errors;
    // what fails while a document runs has the path of its field
    let ran = response.data != Value::Null || errors.iter().any(|error| !error.path.is_empty());
    for error in &mut errors {
        complete(error, id);
    }
    Answer { data: ran.then_some(response.data), errors }
}

fn complete(error: &mut ServerError, id: &RequestId) {
    let coded = error.extensions.as_ref().and_then(|values| values.get("code")).cloned();
    let fault = match &coded {
        Some(found) => *found == Value::from(code::INTERNAL),
        // a Rust error that came through no mapping of ours: whatever it says is not for strangers
        None => error.source.is_some(),
    };
    if fault {
        if coded.is_none() {
            tracing::error!(cause = %error.message, "a resolver failed");
            error.message = INTERNAL_MESSAGE.to_owned();
        }
        set_code(error, code::INTERNAL);
        error.extensions.get_or_insert_default().set("requestId", id.0.clone());
    } else if coded.is_none() {
        let code = code_of(error);
        set_code(error, code);
        match code {
            code::TOO_COMPLEX => {
                error.message = format!("the document costs more than {COMPLEXITY}: ask for fewer rows");
            }
            code::TOO_DEEP => error.message = format!("the document nests deeper than {DEPTH}"),
            _ => {}
        }
    }
    error.source = None;
}

/// The code of an error that the GraphQL library made.
fn code_of(error: &ServerError) -> &'static str {
    match error.message.as_str() {
        "Query is too complex." => code::TOO_COMPLEX,
        "Query is nested too deep." => code::TOO_DEEP,
        message if message.starts_with("The recursion depth of the query") => code::TOO_DEEP,
        _ if error.path.is_empty() => code::INVALID_DOCUMENT,
        _ => code::BAD_USER_INPUT,
    }
}

fn set_code(error: &mut ServerError, code: &'static str) {
    error.extensions.get_or_insert_default().set("code", code);
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::PathSegment;

    fn told(response: Response) -> String {
        serde_json::to_string(&tell(response, &RequestId("r1".to_owned()))).unwrap()
    }

    #[test]
    fn a_cause_is_never_told() {
        let mut error =
            async_graphql::Error::new_with_source("secret").into_server_error(async_graphql::Pos::default());
        error.path = vec![PathSegment::Field("viewer".to_owned())];
        let text = told(Response::from_errors(vec![error]));
        assert!(!text.contains("secret") && text.contains(r#""code":"INTERNAL","requestId":"r1""#), "{text}");
        assert!(text.starts_with(r#"{"data":null,"#), "{text}");
    }

    #[test]
    fn a_document_that_was_not_run_has_no_data() {
        let text = told(Response::from_errors(vec![ServerError::new("Query is too complex.", None)]));
        assert!(text.starts_with(r#"{"errors":[{"message":"the document costs more than 10000"#), "{text}");
        assert!(text.ends_with(r#""extensions":{"code":"QUERY_TOO_COMPLEX"}}]}"#), "{text}");
    }
}
