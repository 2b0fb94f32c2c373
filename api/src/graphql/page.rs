//! Connections: the four arguments of a list become a [`Page`] that an operation takes, and the [`Window`] that it gives
//! becomes `edges`, `nodes`, `pageInfo` and `totalCount`.

use super::error;
use crate::{
    error::Error,
    page::{Cursor, DEFAULT, End, MAX, Page, Window},
};
use async_graphql::{
    Object, OutputType, TypeName,
    connection::{CursorType, PageInfo},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{borrow::Cow, future::Future, pin::Pin};

/// Longest cursor, in bytes.
const MAX_CURSOR: usize = 4_096;

/// The arguments of a list, as they came.
#[derive(Debug, Clone, Default)]
pub struct PageArgs {
    /// At most this many from the start; at most 100, 20 when neither `first` nor `last` is given.
    pub first: Option<i32>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
    /// At most this many from the end; at most 100.
    pub last: Option<i32>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
}

impl PageArgs {
    /// The arguments `first`, `after`, `last`, `before` of a field.
    #[must_use]
    pub const fn new(first: Option<i32>, after: Option<String>, last: Option<i32>, before: Option<String>) -> Self {
        Self { first, after, last, before }
    }

    /// Checks the arguments.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, naming the argument.
    pub fn page(&self) -> async_graphql::Result<Page> {
        let (size, end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(error::bad_argument("last", "cannot be combined with first")),
            (Some(first), None) => (size("first", first)?, End::Start),
            (None, Some(last)) => (size("last", last)?, End::Finish),
            (None, None) => (DEFAULT, End::Start),
        };
        let after = cursor("after", self.after.as_deref())?;
        let before = cursor("before", self.before.as_deref())?;
        Ok(Page::new(size, end, after, before))
    }
}

fn size(argument: &str, size: i32) -> async_graphql::Result<u32> {
    let rule = || error::bad_argument(argument, &format!("must be a number from 0 to {MAX}"));
    u32::try_from(size).ok().filter(|size| *size <= MAX).ok_or_else(rule)
}

fn cursor(argument: &str, text: Option<&str>) -> async_graphql::Result<Option<Cursor>> {
    let decode = |text: &str| Cursor::decode_cursor(text).map_err(|rule| error::bad_argument(argument, rule));
    text.map(decode).transpose()
}

impl CursorType for Cursor {
    type Error = &'static str;

    fn decode_cursor(text: &str) -> Result<Self, Self::Error> {
        let wrong = "must be a cursor that this server gave out";
        if text.len() > MAX_CURSOR {
            return Err(wrong);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong)?;
        serde_json::from_slice(&bytes).map_err(|_| wrong)
    }

    fn encode_cursor(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

type Counting = Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>>;

/// Counts a whole list, when a query asks for it.
pub struct TotalCount(Box<dyn Fn() -> Counting + Send + Sync>);

impl TotalCount {
    /// `count` runs once for each time that `totalCount` is asked for, and not before.
    pub fn new<F, C>(count: F) -> Self
    where
        F: Fn() -> C + Send + Sync + 'static,
        C: Future<Output = Result<u64, Error>> + Send + 'static,
    {
        Self(Box::new(move || Box::pin(count())))
    }
}

/// A page of `Node`s, named after them.
pub struct Connection<Node> {
    edges: Vec<Edge<Node>>,
    has_previous: bool,
    has_next: bool,
    total: TotalCount,
}

/// One item of a page, named after it.
pub struct Edge<Node> {
    cursor: Cursor,
    node: Node,
}

impl<Node: OutputType> TypeName for Connection<Node> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", Node::type_name()).into()
    }
}

impl<Node: OutputType> TypeName for Edge<Node> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", Node::type_name()).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<Node: OutputType> Connection<Node> {
    /// The items of this page, each with its cursor.
    async fn edges(&self) -> &[Edge<Node>] {
        &self.edges
    }

    /// The items of this page.
    async fn nodes(&self) -> Vec<&Node> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// What lies before and after this page.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.edges.first().map(|edge| edge.cursor.encode_cursor()),
            end_cursor: self.edges.last().map(|edge| edge.cursor.encode_cursor()),
        }
    }

    /// How many items there are on all pages together; counted when it is asked for.
    async fn total_count(&self) -> async_graphql::Result<u64> {
        (self.total.0)().await.map_err(error::top_level)
    }
}

/// One item of a page.
#[Object(name_type)]
impl<Node: OutputType> Edge<Node> {
    /// The item's place in its list, for `after` and `before`.
    async fn cursor(&self) -> String {
        self.cursor.encode_cursor()
    }

    /// The item.
    async fn node(&self) -> &Node {
        &self.node
    }
}

/// The connection of a window; `total` counts the whole list when it is asked for.
pub fn connect<T, Node>(window: Window<T>, total: TotalCount, mut node: impl FnMut(T) -> Node) -> Connection<Node> {
    let Window { rows, has_previous, has_next } = window;
    let edges = rows.into_iter().map(|(cursor, row)| Edge { cursor, node: node(row) }).collect();
    Connection { edges, has_previous, has_next, total }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Key;
    use uuid::Uuid;

    fn message(args: &PageArgs) -> String {
        args.page().unwrap_err().message
    }

    #[test]
    fn a_cursor_reads_back_and_anything_else_names_its_argument() {
        for key in [Key::Id, Key::Number(-7)] {
            let cursor = Cursor("created".to_owned(), key, Uuid::from_u128(9));
            assert_eq!(Cursor::decode_cursor(&cursor.encode_cursor()), Ok(cursor));
        }
        let long = "A".repeat(MAX_CURSOR + 4);
        let text = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"["created","a","{}"]"#, Uuid::nil()));
        for bad in ["", "x", "WzFd", "bnVsbA", "🦀", &long, &text] {
            let args = PageArgs { before: Some(bad.to_owned()), ..PageArgs::default() };
            assert!(message(&args).starts_with("before: must be a cursor"), "{bad}");
        }
    }

    #[test]
    fn sizes_are_from_0_to_100_and_20_by_default() {
        assert_eq!(PageArgs::default().page().map(|page| page.size()), Ok(DEFAULT));
        assert_eq!(PageArgs { last: Some(100), ..PageArgs::default() }.page().map(|page| page.size()), Ok(MAX));
        let first = PageArgs { first: Some(101), ..PageArgs::default() };
        assert_eq!(message(&first), "first: must be a number from 0 to 100");
        let last = PageArgs { last: Some(-1), ..PageArgs::default() };
        assert_eq!(message(&last), "last: must be a number from 0 to 100");
        let both = PageArgs { first: Some(1), last: Some(1), ..PageArgs::default() };
        assert_eq!(message(&both), "last: cannot be combined with first");
    }
}
