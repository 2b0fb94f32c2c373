//! What a stand-in host answers: a network's script, a dot for an image or a hit, a page for somebody who arrives.

use super::{Behaviour, Hit};
use include_dir::{Dir, File, include_dir};
use regex::Regex;
use std::sync::LazyLock;

const DOT: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Path under which any host gives its visitor a cookie that it can read as a third party.
pub(crate) const COOKIE: &str = "/_cookie";

const IMAGES: &str = "for (var i = 0; i < 3; i++) new Image().src = \"https://a\" + (\"\" + Math.random()).slice(2) + \".far.example/p.gif\";";

/// Page of any host that only leaves for the address in its query.
pub(crate) const LEAVE: &str = "/_leave";
/// The same, after it began three plain images, each of another host below `far.example`.
pub(crate) const LEAVE_WITH_IMAGES: &str = "/_images";

/// The bytes of the answer.
pub(super) fn to(hit: &Hit, behaviour: &Behaviour) -> Vec<u8> {
    match behaviour {
        Behaviour::Fails => response("500 Internal Server Error", "text/plain", &[], b"no"),
        Behaviour::Gone => response("410 Gone", "text/plain", &[], b"no more"),
        Behaviour::Redirects(to) if !hit.is_navigation() => {
            response("302 Found", "text/plain", &[format!("Location: {to}")], b"")
        }
        _ => usual(hit),
    }
}

fn usual(hit: &Hit) -> Vec<u8> {
    let origin = hit.header("origin");
    let mut extra = Vec::new();
    if !origin.is_empty() {
        extra.push(format!("Access-Control-Allow-Origin: {origin}"));
        extra.push("Access-Control-Allow-Credentials: true".to_owned());
        extra.push("Access-Control-Allow-Headers: content-type".to_owned());
    }
    if hit.path() == COOKIE {
        extra.push("Set-Cookie: known=visitor; Secure; SameSite=None; Path=/; Max-Age=3600".to_owned());
    }
    if let (LEAVE | LEAVE_WITH_IMAGES, Some(to)) = (hit.path(), hit.parameter("to")) {
        let images = if hit.path() == LEAVE { "" } else { IMAGES };
        let page = format!("<!doctype html><title>x</title><script>{images}location.replace(\"{to}\")</script>");
        return response("200 OK", "text/html; charset=utf-8", &extra, page.as_bytes());
    }
    if hit.is_navigation() {
        let page = format!("<!doctype html><title>{}</title><h1>{}</h1>", hit.host, hit.host);
        return response("200 OK", "text/html; charset=utf-8", &extra, page.as_bytes());
    }
    if hit.header("sec-fetch-dest") == "script" {
        return response("200 OK", "text/javascript", &extra, script(hit).as_bytes());
    }
    if hit.method != "GET" {
        return response("204 No Content", "text/plain", &extra, b"");
    }
    response("200 OK", "image/gif", &extra, DOT)
}

/// Scripts of networks, each with the addresses that it is served for.
static SCRIPTS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let read = |file: &'static File<'_>| {
        let text = file.contents_utf8().unwrap();
        let serves = text.lines().next().unwrap().strip_prefix("// serves: ").unwrap();
        (Regex::new(serves).unwrap(), text)
    };
    FILES.files().map(read).collect()
});
static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/it/world/stand_in/scripts");

fn script(hit: &Hit) -> &'static str {
    let url = hit.url();
    SCRIPTS.iter().find(|(serves, _)| serves.is_match(&url)).map_or("", |(_, text)| text)
}

fn response(status: &str, kind: &str, extra: &[String], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nCache-Control: no-cache\r\n");
    if !status.starts_with("204") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for line in extra {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}
