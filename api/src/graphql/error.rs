//! Turns what operations answer into what the contract promises. A caller's mistakes become `userErrors`; the rest
//! becomes top-level errors with a code, and the cause of a fault goes to the log alone, beside the request's id.

use super::mistakes::in_order;
use crate::{
    clicks::feed::SUBSCRIBERS,
    error::{Code, Error, Mistake},
};
use async_graphql::{Context, Enum, ErrorExtensions, SimpleObject};

/// `extensions.code` of top-level errors.
pub mod code {
    /// The caller is not known.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The caller's role does not allow it, or `extensions.scope` is one that the API key lacks.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// Too many attempts; `extensions.retryAfter` says how many seconds to wait.
    pub const RATE_LIMITED: &str = "RATE_LIMITED";
    /// A fault of this server; `extensions.requestId` finds it in the log.
    pub const INTERNAL: &str = "INTERNAL";
    /// Too many subscriptions are open for this tenant, this caller, this connection or this server; close one first.
    pub const TOO_MANY_STREAMS: &str = "TOO_MANY_STREAMS";
    /// What a subscription names does not exist, or not for this caller; the two answers are the same.
    pub const NOT_FOUND: &str = "NOT_FOUND";
    /// An argument outside an input object breaks a rule; the message names it.
    pub const BAD_USER_INPUT: &str = "BAD_USER_INPUT";
    /// The document cannot be parsed or does not fit the schema.
    pub const INVALID_DOCUMENT: &str = "GRAPHQL_VALIDATION_FAILED";
    /// The document nests too many fields.
    pub const TOO_DEEP: &str = "QUERY_TOO_DEEP";
    /// The document asks for too much at once.
    pub const TOO_COMPLEX: &str = "QUERY_TOO_COMPLEX";
    /// The document ran for too long.
    pub const TIMED_OUT: &str = "EXECUTION_TIMED_OUT";
    /// The request is not what this endpoint takes.
    pub const BAD_REQUEST: &str = "BAD_REQUEST";
    /// The body is larger than what it asks for allows.
    pub const BODY_TOO_LARGE: &str = "BODY_TOO_LARGE";
    /// The answer is larger than any that is sent.
    pub const ANSWER_TOO_LARGE: &str = "ANSWER_TOO_LARGE";
    /// No document with this hash is kept here: the client sends it along, and it is kept.
    pub const PERSISTED_QUERY_NOT_FOUND: &str = "PERSISTED_QUERY_NOT_FOUND";
}

/// What kind of mistake an input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum UserErrorCode {
    /// It breaks a rule; the message says which.
    Invalid,
    /// It is in use already.
    Taken,
    /// It does not exist, or not for this caller; the two answers are the same.
    NotFound,
    /// It is too long.
    TooLong,
    /// A limit is reached.
    LimitReached,
    /// The password is right, and a code of the authenticator app, or a recovery code, is needed beside it.
    SecondFactorRequired,
}

impl From<Code> for UserErrorCode {
    fn from(code: Code) -> Self {
        match code {
            Code::Invalid => Self::Invalid,
            Code::Taken => Self::Taken,
            Code::NotFound => Self::NotFound,
            Code::TooLong => Self::TooLong,
            Code::LimitReached => Self::LimitReached,
            Code::SecondFactorRequired => Self::SecondFactorRequired,
        }
    }
}

/// A mistake in an input. All the mistakes of one input come back at once, in the order of its fields, and then nothing
/// was changed.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct UserError {
    /// Path to the field within `input`, such as `["links", "3", "destination"]`; null when the mistake is in no one
    /// field.
    pub field: Option<Vec<String>>,
    /// The rule, as a sentence for people.
    pub message: String,
    /// What kind of mistake it is.
    pub code: UserErrorCode,
}

impl From<Mistake> for UserError {
    fn from(mistake: Mistake) -> Self {
        let field = (!mistake.field.is_empty()).then_some(mistake.field);
        Self { field, message: mistake.message, code: mistake.code.into() }
    }
}

/// What a mutation answers: its result, or the caller's mistakes.
///
/// # Errors
/// A top-level error for a caller who may not, and for a fault.
pub fn answer<T>(ctx: &Context<'_>, result: Result<T, Error>) -> async_graphql::Result<Result<T, Vec<UserError>>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Error::Mistakes(mistakes)) => Ok(Err(user_errors(ctx, mistakes))),
        Err(error) => Err(top_level(error)),
    }
}

/// Mistakes as they are told, in the order of the input's fields.
pub fn user_errors(ctx: &Context<'_>, mistakes: Vec<Mistake>) -> Vec<UserError> {
    in_order(ctx, mistakes).into_iter().map(UserError::from).collect()
}

/// What a query answers: null for what does not exist.
///
/// # Errors
/// A top-level error for everything else.
pub fn value<T>(result: Result<T, Error>) -> async_graphql::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Mistakes(mistakes)) if mistakes.iter().all(|mistake| mistake.code == Code::NotFound) => Ok(None),
        Err(error) => Err(top_level(error)),
    }
}

/// The top-level error for what an operation answered; the cause of a fault is logged here and nowhere told.
#[must_use]
pub fn top_level(error: Error) -> async_graphql::Error {
    match error {
        Error::Mistakes(mistakes) => coded(lines(&mistakes), code::BAD_USER_INPUT),
        Error::Unauthenticated => coded("log in first", code::UNAUTHENTICATED),
        Error::Forbidden => coded("your role in this tenant does not allow this", code::FORBIDDEN),
        Error::MissingScope(scope) => {
            let error = coded(format!("your API key lacks the scope {scope}"), code::FORBIDDEN);
            error.extend_with(|_, extensions| extensions.set("scope", scope.name()))
        }
        Error::KeyForbidden => {
            coded("an API key may not do this: log in, and send the access token instead", code::FORBIDDEN)
        }
        Error::RateLimited { retry_after } => {
            let message = format!("too many requests or attempts: try again in {retry_after} s");
            coded(message, code::RATE_LIMITED).extend_with(|_, extensions| extensions.set("retryAfter", retry_after))
        }
        Error::TooManyStreams => {
            let message = format!("{SUBSCRIBERS} subscriptions are open for this tenant: close one first");
            coded(message, code::TOO_MANY_STREAMS)
        }
        Error::Fault(cause) => {
            tracing::error!(%cause, "an operation failed");
            coded(INTERNAL_MESSAGE, code::INTERNAL)
        }
    }
}

/// Why a subscription does not begin or does not go on: it has no null to answer and no `userErrors`.
#[must_use]
pub fn streamed(error: Error) -> async_graphql::Error {
    match error {
        Error::Mistakes(mistakes) if mistakes.iter().all(|mistake| mistake.code == Code::NotFound) => {
            coded(lines(&mistakes), code::NOT_FOUND)
        }
        other => top_level(other),
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|m| format!("{}: {}", m.field.join("."), m.message)).collect::<Vec<_>>().join("; ")
}

/// A top-level error for an argument that breaks a rule.
#[must_use]
pub fn bad_argument(argument: &str, rule: &str) -> async_graphql::Error {
    coded(format!("{argument}: {rule}"), code::BAD_USER_INPUT)
}

/// What a client is told of a fault.
pub(super) const INTERNAL_MESSAGE: &str = "this server failed to answer; its log has the cause under the request's id";

fn coded(message: impl Into<String>, code: &'static str) -> async_graphql::Error {
    async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(error: &async_graphql::Error) -> String {
        error.extensions.as_ref().and_then(|values| values.get("code")).map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn a_mistake_keeps_its_field_and_a_denial_its_code() {
        let told = UserError::from(Mistake::new("slug", Code::Taken, "is in use"));
        assert_eq!((told.field, told.code), (Some(vec!["slug".into()]), UserErrorCode::Taken));
        assert_eq!(code_of(&top_level(Error::Forbidden)), "\"FORBIDDEN\"");
        assert_eq!(code_of(&top_level(Error::Unauthenticated)), "\"UNAUTHENTICATED\"");
    }

    #[test]
    fn a_query_answers_null_for_what_does_not_exist_and_never_tells_a_cause() {
        assert_eq!(value::<()>(Err(Error::not_found("id"))).unwrap(), None);
        let error = value::<()>(Err(Error::mistake("after", Code::Invalid, "is no cursor"))).unwrap_err();
        assert_eq!((error.message.as_str(), code_of(&error).as_str()), ("after: is no cursor", "\"BAD_USER_INPUT\""));
        let fault = value::<()>(Err(Error::Fault("password of the database".to_owned()))).unwrap_err();
        assert!(!format!("{fault:?}").contains("password") && fault.source.is_none());
    }
}
