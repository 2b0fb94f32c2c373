//! Reads one HTTP/1.1 request, as browsers send them.

use std::{borrow::Cow, collections::BTreeMap, time::Instant};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// A request that the stand-in met.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// When it was read.
    pub(crate) at: Instant,
    /// Host, without port.
    pub(crate) host: String,
    /// Whether it came over TLS.
    pub(crate) tls: bool,
    /// Method.
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// Header fields, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Body.
    pub(crate) body: String,
}

impl Hit {
    /// The path.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The absolute address.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}{}", if self.tls { "https" } else { "http" }, self.host, self.target)
    }

    /// The decoded value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(&self.url()).unwrap();
        let found = url.query_pairs().find(|(key, _)| key == name).map(|(_, value): (_, Cow<'_, str>)| value);
        found.map(Cow::into_owned)
    }

    /// A header field.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Whether the browser means to show the answer as a page.
    pub(crate) fn is_navigation(&self) -> bool {
        // plain addresses get no Sec-Fetch-Dest
        self.header("accept").starts_with("text/html")
    }
}

/// Reads a request; `None` when there is none in it.
pub(crate) async fn read(stream: &mut (impl AsyncBufRead + Unpin), tls: bool) -> Option<Hit> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    // a proxy is asked for the whole address
    let path = target.strip_prefix("http://").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    let target = path.unwrap_or(target).to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let host = headers.get("host")?.split(':').next()?.to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    Some(Hit { at: Instant::now(), host, tls, method, target, headers, body })
}
