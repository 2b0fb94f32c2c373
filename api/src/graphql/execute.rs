//! Runs one document and makes its answer fit for strangers: every error has a code, a fault has the request's id and
//! never a cause, and an answer to a document that could not be run has no `data`, as the specification asks.

pub mod stream;

use super::{
    Schema,
    context::RequestId,
    error::{INTERNAL_MESSAGE, code, top_level},
    guard::{Fault, Guard, Refusal, Rights, shortened},
    left_out,
    limits::{COST, ERRORS, NESTING, SECONDS},
    loaders::loader,
    persisted::Persisted,
    skipped, zeros,
};
use crate::{app::App, auth::Client, error::Error, rate_limits::Meter, scope::Caller};
use async_graphql::{Request, Response, ServerError, Value};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// The schema with all that a document needs to be run.
pub struct Engine {
    schema: Schema,
    app: App,
    guard: Guard,
    persisted: Persisted,
}

impl Engine {
    /// Over the API's parts; `suggestions` says whether a mistyped name is answered with those that are there.
    #[must_use]
    pub fn new(app: App, suggestions: bool) -> Self {
        let schema = super::build(suggestions);
        Self { schema, app, guard: Guard::new(&super::sdl()), persisted: Persisted::default() }
    }
}

/// Who asks, and for what besides the document.
#[derive(Clone)]
pub struct Asking {
    /// Who; `None` without a token.
    pub caller: Option<Caller>,
    /// What the document's cost is taken from; `None` for who is not weighed.
    pub meter: Option<Arc<Meter>>,
    /// The other end.
    pub client: Client,
    /// The id of the request.
    pub id: RequestId,
    /// Whether the schema may be asked for.
    pub may_introspect: bool,
    /// Whether the cost is to be told, as the request's extension `cost` says as well.
    pub wants_cost: bool,
    /// Bytes of the body that the document came in.
    pub body: usize,
}

/// What a document came to.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The result; `None` when the document was not run at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Told>,
    #[serde(skip)]
    fault: Option<Fault>,
}

/// What is told besides the result.
#[derive(Debug, Serialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Costs>,
    /// Clicks that were left out before this event, since their reader was too slow.
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<u64>,
}

/// What a document cost, in the units of the limit.
#[derive(Debug, Serialize)]
struct Costs {
    /// By the document.
    requested: u64,
    /// By the answer.
    actual: u64,
    limit: u64,
}

impl Answer {
    /// Why the document was not run; `None` when it was.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        self.fault
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

    /// The code of the first error; empty where there is none.
    #[must_use]
    pub fn code(&self) -> &str {
        let found = self.errors.first().and_then(|error| error.extensions.as_ref()?.get("code"));
        match found {
            Some(Value::String(code)) => code,
            _ => "",
        }
    }

    /// The errors alone, as a message that has no place for anything else takes them.
    pub fn errors(&self) -> impl Serialize + '_ {
        &self.errors
    }

    fn refused(refusal: Refusal) -> Self {
        Self { fault: Some(refusal.fault), data: None, errors: vec![refusal.into()], extensions: None }
    }

    /// Of a document that breaks rules of the language.
    fn invalid(refusals: Vec<Refusal>) -> Self {
        let errors = refusals.into_iter().map(Into::into).collect();
        Self { fault: Some(Fault::Document), data: None, errors, extensions: None }
    }

    /// Of a document that its sender has no more for.
    pub(crate) fn limited(error: Error) -> Self {
        Self { fault: Some(Fault::Rate), data: None, errors: vec![whole(top_level(error))], extensions: None }
    }

    /// Of a document with an argument that no field takes.
    fn with_bad_argument(error: async_graphql::Error) -> Self {
        Self { fault: None, data: Some(Value::Null), errors: vec![whole(error)], extensions: None }
    }
}

/// Runs a document, for at most 5 seconds.
///
/// # Errors
/// It ran for longer; what was under way is taken back.
pub async fn execute(engine: &Engine, request: Request, asking: Asking) -> Result<Answer, TimedOut> {
    let answer = tokio::time::timeout(Duration::from_secs(SECONDS.most), run(engine, request, asking));
    answer.await.map_err(|_| TimedOut)
}

/// A document ran for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut;

async fn run(engine: &Engine, mut request: Request, asking: Asking) -> Answer {
    let kept = match engine.persisted.complete(&mut request.query, &request.extensions) {
        Ok(hash) => hash.map(|hash| (hash, request.query.clone())),
        Err(refusal) => return Answer::refused(refusal),
    };
    let rights = Rights { introspect: asking.may_introspect, body: asking.body };
    let requested = match engine.guard.check(&mut request, rights) {
        Ok(cost) => cost,
        Err(refusal) => return Answer::refused(refusal),
    };
    if let Some(meter) = asking.meter {
        if let Err(error) = meter.weigh(requested) {
            return Answer::limited(error);
        }
        request = request.data(meter);
    }
    let operation = request.operation_name.clone();
    let wants_cost = asking.wants_cost || request.extensions.get("cost") == Some(&Value::Boolean(true));
    // parsed by the guard
    let document = request.parsed_query().ok();
    let shape = document.map(|document| engine.guard.shape(document, operation.as_deref())).unwrap_or_default();
    let priced = document.filter(|_| wants_cost).cloned();
    if let Err(answer) = make_ready(engine, &mut request) {
        return *answer;
    }
    let app = engine.app.acting_for(asking.caller);
    request = request.data(asking.client).data(loader(app.db.clone())).data(app);
    if let Some(caller) = asking.caller {
        request = request.data(caller);
    }
    let mut response = engine.schema.execute(request.data(asking.id.clone())).await;
    shape.apply(&mut response.data, &response.errors);
    let mut answer = tell(response, &asking.id);
    if let (None, Some((hash, query))) = (answer.fault, kept) {
        engine.persisted.keep(hash, query);
    }
    answer.extensions = priced.zip(answer.data.as_ref()).map(|(document, data)| {
        let actual = engine.guard.actual(&document, operation.as_deref(), data).min(requested);
        Told { cost: Some(Costs { requested, actual, limit: COST.most }), missed: None }
    });
    answer
}

/// Looks at what the library would not see before it runs a request that passed the guard's limits, and writes what it would
/// read otherwise than the specification.
///
/// # Errors
/// Why it is not run.
fn make_ready(engine: &Engine, request: &mut Request) -> Result<(), Box<Answer>> {
    zeros::check(request).map_err(|error| Box::new(Answer::with_bad_argument(error)))?;
    engine.guard.hold(request).map_err(|refusals| Box::new(Answer::invalid(refusals)))?;
    left_out::take_out(request);
    skipped::fill(request);
    Ok(())
}

/// An error of a whole document.
fn whole(error: async_graphql::Error) -> ServerError {
    let async_graphql::Error { message, extensions, .. } = error;
    ServerError { extensions, ..ServerError::new(message, None) }
}

/// Makes a response fit for strangers.
fn tell(response: Response, id: &RequestId) -> Answer {
    let mut errors = response.errors;
    // what fails while a document runs has the path of its field
    let ran = response.data != Value::Null || errors.iter().any(|error| !error.path.is_empty());
    if !ran {
        errors.truncate(usize::try_from(ERRORS.most).unwrap_or(usize::MAX));
    }
    for error in &mut errors {
        complete(error, id);
    }
    let fault = (!ran).then_some(Fault::Document);
    Answer { data: ran.then_some(response.data), errors, extensions: None, fault }
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
        set_code(error, code_of(error));
        error.message = shortened(std::mem::take(&mut error.message));
    }
    error.source = None;
}

/// The code of an error that the GraphQL library made.
fn code_of(error: &ServerError) -> &'static str {
    if error.path.is_empty() { code::INVALID_DOCUMENT } else { code::BAD_USER_INPUT }
}

fn set_code(error: &mut ServerError, code: &'static str) {
    error.extensions.get_or_insert_default().set("code", code);
}

/// How deep the library may recurse: what the guard lets pass, it does as well.
pub(super) const RECURSION: usize = NESTING.most as usize + 1;

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
    fn a_document_that_was_not_run_has_no_data_and_few_errors() {
        let errors = vec![ServerError::new("é".repeat(300), None); 21];
        let text = told(Response::from_errors(errors));
        let error =
            format!(r#"{{"message":"{}…","extensions":{{"code":"GRAPHQL_VALIDATION_FAILED"}}}}"#, "é".repeat(250));
        assert_eq!(text, format!(r#"{{"errors":[{}]}}"#, vec![error; 20].join(",")));
    }
}
