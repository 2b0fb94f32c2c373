//! A stand-in for an ad network and for the pages that the demo's links lead to. It runs on this machine, so that nothing
//! leaves it, and prints each hit of a pixel as it arrives.

use poem::{
    EndpointExt, Route, Server, get, handler,
    http::Uri,
    listener::{Acceptor, Listener, TcpListener},
    web::Html,
};
use std::{io::Write, net::SocketAddr};

/// A transparent GIF of one pixel.
const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Starts it on a free port, or on 8082 when that is free.
///
/// # Errors
/// Why it cannot listen.
pub(super) async fn start() -> Result<SocketAddr, String> {
    let acceptor = match TcpListener::bind("127.0.0.1:8082").into_acceptor().await {
        Ok(acceptor) => acceptor,
        Err(_) => TcpListener::bind("127.0.0.1:0").into_acceptor().await.map_err(|error| error.to_string())?,
    };
    let address = acceptor.local_addr().first().and_then(|address| address.0.as_socket_addr().copied());
    let address = address.ok_or_else(|| "the stand-in ad network has no address".to_owned())?;
    let routes = Route::new().at("/pixel", get(pixel)).at("/*page", get(page)).catch_all_error(|_| async { "?" });
    tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
    Ok(address)
}

#[handler]
fn pixel(uri: &Uri) -> poem::Response {
    let query = uri.query().unwrap_or_default();
    drop(writeln!(std::io::stdout(), "  ad network: a pixel fired   {query}"));
    poem::Response::builder().content_type("image/gif").header("cache-control", "no-store").body(GIF)
}

#[handler]
fn page(uri: &Uri) -> Html<String> {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let (path, query) = (escaped(uri.path()), escaped(uri.query().unwrap_or_default()));
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Destination</title><style>body{{font:1rem/1.5 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}}\
         code{{overflow-wrap:anywhere}}:root{{color-scheme:light dark}}</style>\
         <h1>You have arrived</h1><p>This page stands for the content behind the link: <code>{path}</code></p>\
         <p>What was passed along: <code>{query}</code></p>"
    ))
}
