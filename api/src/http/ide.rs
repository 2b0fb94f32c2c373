//! The page to try queries with, and the schema as text. The page is one file of our own and asks nobody else for
//! anything: its content security policy allows its own script and style by their hashes, and this origin alone.

use base64::{Engine, prelude::BASE64_STANDARD};
use poem::{Response, http::header};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const PAGE: &str = include_str!("../../assets/ide.html");

/// The page and the schema.
pub(super) struct Ide {
    policy: Arc<str>,
    schema: Arc<str>,
}

impl Ide {
    pub(super) fn new() -> Self {
        let (script, style) = (hash_of("script"), hash_of("style"));
        let policy = format!(
            "default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        );
        Self { policy: policy.into(), schema: crate::graphql::sdl().into() }
    }

    pub(super) fn page(&self) -> Response {
        Response::builder()
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, &*self.policy)
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::VARY, "Accept")
            .body(PAGE)
    }

    pub(super) fn schema(&self) -> Response {
        Response::builder().header(header::CONTENT_TYPE, "text/plain; charset=utf-8").body(self.schema.to_string())
    }
}

/// `sha256-…` of what stands in the page's one element of this name.
fn hash_of(element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let text = PAGE.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map_or("", |(text, _)| text);
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        assert!(!PAGE.contains("://"), "an address of somebody else");
        for element in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{element}")).count(), 1);
            assert_ne!(hash_of(element), hash_of("none"));
        }
        // neither is covered by the policy
        assert!(!PAGE.contains(" style=") && !PAGE.contains(" onclick="));
    }
}
