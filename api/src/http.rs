//! The API's door. `POST /graphql` runs one document, or streams the events of a subscription, as a WebSocket there does; `/health` tells whether this process can answer; `/tls/ask`
//! whether a host may have a certificate; and where
//! introspection is on, `/` is a page to try queries with and `/schema.graphql` the schema. Whatever comes in, something
//! comes out with an `X-Request-Id`: a panic is a 500 and nothing more.

mod body;
mod client;
mod graphql;
mod gzip;
mod health;
mod ide;
mod limits;
mod listener;
mod media;
mod reply;
mod scan;
mod tls;

use self::{
    graphql::{Documents, places::Streams},
    ide::Ide,
    listener::Acceptor,
    reply::plain,
};
use crate::{app::App, graphql::context::RequestId};
use poem::{
    Endpoint, EndpointExt, IntoResponse, Request, Response, Server,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::CatchPanic,
};
use std::{future::Future, io, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tracing::Instrument;
use uuid::Uuid;

/// How long requests that are under way at a stop may take.
const DRAIN: Duration = Duration::from_secs(10);
/// The header that carries [`RequestId`].
const REQUEST_ID: &str = "x-request-id";

/// Serves until `stop`, then lets what is under way finish, for at most 10 s. `introspection` also serves the page to try
/// queries with.
///
/// # Errors
/// Of the listener.
pub async fn serve(
    app: App,
    introspection: bool,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let acceptor = Acceptor::new(listener)?;
    let server = Server::new_with_acceptor(acceptor).name("api");
    let streams = Arc::new(Streams::default());
    let endpoint = endpoint_with(app, introspection, Arc::clone(&streams));
    let stop = async {
        stop.await;
        streams.stop();
    };
    server.run_with_graceful_shutdown(endpoint, stop, Some(DRAIN)).await?;
    streams.ended().await;
    Ok(())
}

/// Everything that [`serve`] answers.
pub fn endpoint(app: App, introspection: bool) -> impl Endpoint<Output = Response> {
    endpoint_with(app, introspection, Arc::default())
}

fn endpoint_with(app: App, introspection: bool, streams: Arc<Streams>) -> impl Endpoint<Output = Response> {
    let documents = Documents::new(app.clone(), introspection, streams);
    let rooms = Rooms { app, documents, ide: introspection.then(Ide::new) };
    // outermost: whatever happens inside, the answer has its id
    Door { inner: rooms.with(CatchPanic::new().with_handler(|_| reply::internal())) }
}

/// Gives every request an id.
struct Door<E> {
    inner: E,
}

impl<E: Endpoint<Output = Response>> Endpoint for Door<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let id = Uuid::now_v7().as_simple().to_string();
        request.set_data(RequestId(id.clone()));
        let span = tracing::info_span!("request", %id);
        let mut response = match self.inner.call(request).instrument(span).await {
            Ok(response) => response,
            Err(error) => error.into_response(),
        };
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

/// Leads a request to who answers it.
struct Rooms {
    app: App,
    documents: Arc<Documents>,
    ide: Option<Ide>,
}

impl Endpoint for Rooms {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        Ok(match (request.uri().path(), &self.ide) {
            // a browser that opens the address gets the page; a client that sends its query by GET does not
            ("/graphql", Some(ide)) if reads && media::wants_html(request.headers()) => ide.page(),
            ("/graphql", _) => self.documents.answer(request).await,
            ("/health", _) if reads => health::answer(&self.app).await,
            ("/tls/ask", _) if reads => tls::answer(&self.app, &request).await,
            ("/", Some(ide)) if reads => ide.page(),
            ("/schema.graphql", Some(ide)) if reads => ide.schema(),
            ("/health" | "/tls/ask", _) | ("/" | "/schema.graphql", Some(_)) => {
                plain(StatusCode::METHOD_NOT_ALLOWED, "this address is read with GET")
                    .with_header(header::ALLOW, "GET, HEAD")
                    .into_response()
            }
            _ => plain(StatusCode::NOT_FOUND, "there is nothing here; the API is at POST /graphql"),
        })
    }
}

#[cfg(test)]
mod tests;
