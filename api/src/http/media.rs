//! Media types of a request and of its answer, as the GraphQL-over-HTTP specification has them. Pure.

use poem::http::{HeaderMap, HeaderName, header};

/// What old clients read.
pub(super) const JSON: &str = "application/json; charset=utf-8";
/// What new clients read: its status says whether the document could be run.
pub(super) const GRAPHQL: &str = "application/graphql-response+json; charset=utf-8";

/// What clients read that wait for events.
pub(super) const EVENTS: &str = "text/event-stream; charset=utf-8";

/// What an answer is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `application/json`: 200 for whatever a well-formed request comes to, since its clients trust no other status.
    Json,
    /// `application/graphql-response+json`: the status says whether the document could be run.
    GraphQl,
}

impl Form {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::GraphQl => GRAPHQL,
        }
    }
}

/// Chooses by `Accept`, of which the range that names most counts; RFC 9110 section 12.5.1. `None` when the client reads
/// neither. Without the header, and for `*/*`, it is plain JSON.
pub(super) fn choose(headers: &HeaderMap) -> Option<Form> {
    let ranges: Vec<(String, u32)> = accepted(headers).collect();
    if ranges.is_empty() {
        return Some(Form::Json);
    }
    let quality = |name: &str| {
        let place = |range: &str| ranges.iter().position(|(known, _)| known == range);
        let at = place(name).or_else(|| place("application/*")).or_else(|| place("*/*"))?;
        Some((ranges[at].1, at)).filter(|(quality, _)| *quality > 0)
    };
    match (quality("application/json"), quality("application/graphql-response+json")) {
        (Some((json, at)), Some((graphql, first))) => {
            // of equals the first one, and plain JSON where the other is not named
            let is_named = ranges[first].0 == "application/graphql-response+json";
            let is_first = graphql == json && is_named && first < at;
            Some(if graphql > json || is_first { Form::GraphQl } else { Form::Json })
        }
        (Some(_), None) => Some(Form::Json),
        (None, graphql) => graphql.map(|_| Form::GraphQl),
    }
}

/// Whether a browser asks for a page.
pub(super) fn wants_html(headers: &HeaderMap) -> bool {
    accepted(headers).any(|(name, quality)| name == "text/html" && quality > 0)
}

/// Whether a client reads events, as they come.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    accepted(headers).any(|(name, quality)| name == "text/event-stream" && quality > 0)
}

/// Whether a body comes as it is; compressed ones are not taken, since a few bytes of them can be very many.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    listed(headers, header::CONTENT_ENCODING).all(|(coding, _)| coding == "identity")
}

/// Whether a request says more than once what its body is: which of them somebody in front has looked at, nobody knows.
pub(super) fn is_ambiguous(headers: &HeaderMap) -> bool {
    headers.get_all(header::CONTENT_TYPE).iter().nth(1).is_some()
}

/// Whether a body is JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let charsets =
        parts.filter_map(|part| part.split_once('=')).filter(|(name, _)| name.eq_ignore_ascii_case("charset"));
    json && charsets.map(|(_, value)| value.trim_matches('"')).all(|value| value.eq_ignore_ascii_case("utf-8"))
}

/// Media ranges in lower case with their quality in thousandths.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = (String, u32)> + '_ {
    listed(headers, header::ACCEPT)
}

/// What a header lists, in lower case with its quality in thousandths; RFC 9110 section 12.4.2.
pub(super) fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = (String, u32)> + '_ {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|range| !range.is_empty()).map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))).next_back();
        (name, quality.map_or(1_000, thousandths))
    })
}

/// `0.35` is 350; what cannot be read is 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000 before")]
fn thousandths(quality: &str) -> u32 {
    (quality.parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0) * 1_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn accept(value: &str) -> HeaderMap {
        [(header::ACCEPT, HeaderValue::from_str(value).unwrap())].into_iter().collect()
    }

    #[test]
    fn an_answer_is_written_as_its_client_reads_it() {
        assert_eq!(choose(&HeaderMap::new()), Some(Form::Json));
        for (value, form) in [
            ("*/*", Some(Form::Json)),
            ("*/*, application/json", Some(Form::Json)),
            ("application/json", Some(Form::Json)),
            ("application/graphql-response+json", Some(Form::GraphQl)),
            ("application/graphql-response+json, application/json;q=0.9", Some(Form::GraphQl)),
            ("application/json, Application/GraphQL-Response+JSON; charset=utf-8; q=0.5", Some(Form::Json)),
            ("application/graphql-response+json;q=0, */*;q=0.1", Some(Form::Json)),
            ("application/graphql-response+json;q=0.5, */*", Some(Form::Json)),
            ("application/json;q=0, */*", Some(Form::GraphQl)),
            ("application/json;q=0, application/*;q=0.2", Some(Form::GraphQl)),
            ("application/json;q=0.1, application/graphql-response+json;q=0.2, */*", Some(Form::GraphQl)),
            ("application/*;q=0, */*", None),
            ("application/graphql-response+json;q=0", None),
            ("application/graphql-response+json;q=0, application/json;q=0, */*", None),
            ("*/*;q=0", None),
            ("*/*;q=0.000, application/json; q=0.001", Some(Form::Json)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=NaN", None),
        ] {
            assert_eq!(choose(&accept(value)), form, "{value}");
        }
    }

    #[test]
    fn only_json_in_utf_8_is_read() {
        let is = |value: &str| {
            is_json(&[(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap())].into_iter().collect())
        };
        assert!(is("application/json") && is("Application/JSON; charset=\"UTF-8\""));
        assert!(!is("application/json; charset=utf-16") && !is("text/plain") && !is("application/graphql"));
        assert!(!is("application/x-www-form-urlencoded") && !is_json(&HeaderMap::new()));
    }
}
