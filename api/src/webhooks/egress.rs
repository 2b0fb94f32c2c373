//! The one door by which webhooks leave: one request on one connection, made to an address that was looked up here and
//! checked by [`address`]. There is no second look-up, no proxy and no redirect, and of the answer nothing but its status
//! is read. Every problem is a sentence that the webhook's owner may read.

mod address;

use super::check;
use crate::domains::Names;
use contract::destination::Reach;
use hyper::{
    Request, Uri,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use std::{
    fmt,
    future::Future,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};
use url::{Host, Url};

/// How long an attempt may take, from the look-up to the status.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// What the requests call themselves.
const AGENT: &str = concat!("Stopover/", env!("CARGO_PKG_VERSION"), " (webhooks)");

/// Sends messages.
#[derive(Clone)]
pub struct Egress {
    reach: Reach,
    names: Names,
    tls: Option<TlsConnector>,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("reach", &self.reach).field("tls", &self.tls.is_some()).finish()
    }
}

impl Egress {
    /// Reads the system's certificate authorities; names are asked of `names`.
    #[must_use]
    pub fn new(reach: Reach, names: Names) -> Self {
        Self { reach, names, tls: connector() }
    }

    /// Posts a JSON body and gives the status of the answer, whichever it is.
    ///
    /// # Errors
    /// A sentence for the webhook's owner: why there was no answer.
    pub async fn post(&self, url: &Url, headers: &[(&'static str, String)], body: String) -> Result<u16, String> {
        let attempt = timeout(PATIENCE, self.attempt(url, headers, body)).await;
        attempt.unwrap_or_else(|_| Err(format!("there was no answer within {} s", PATIENCE.as_secs())))
    }

    async fn attempt(&self, url: &Url, headers: &[(&'static str, String)], body: String) -> Result<u16, String> {
        if let Some(rule) = check::broken_by(url, self.reach) {
            return Err(format!("the address {rule}"));
        }
        let host = url.host_str().ok_or("the address has no host")?;
        let port = url.port_or_known_default().ok_or("the address has no port")?;
        let request = request(url, headers, body)?;
        let stream = connect(&self.addresses(url).await?, port).await?;
        if url.scheme() != "https" {
            return exchange(stream, request).await;
        }
        let tls = self.tls.as_ref().ok_or("this server has no certificate authorities to check the receiver by")?;
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|_| "the host is no name that a certificate could have")?;
        let stream = tls.connect(name, stream).await.map_err(|error| format!("TLS failed: {error}"))?;
        exchange(stream, request).await
    }

    /// The addresses of the receiver, if all of them are allowed: a name that leads inside as well as outside is not
    /// somebody's oversight.
    async fn addresses(&self, url: &Url) -> Result<Vec<IpAddr>, String> {
        let found = match url.host() {
            Some(Host::Domain(name)) => self.names.addresses(name).await?,
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            None => Vec::new(),
        };
        if found.is_empty() {
            return Err("the host has no address".to_owned());
        }
        if found.iter().all(|address| address::is_allowed(*address, self.reach)) {
            Ok(found)
        } else {
            Err("the host has an address that is not on the public internet".to_owned())
        }
    }
}

fn connector() -> Option<TlsConnector> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!(errors = ?found.errors, "there are no certificate authorities: no webhook reaches an https address");
        return None;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.inspect_err(|error| tracing::warn!(%error, "no webhook reaches an https address")).ok()?;
    Some(TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
}

fn request(url: &Url, headers: &[(&'static str, String)], body: String) -> Result<Request<String>, String> {
    let host = url.port().map_or_else(
        || url.host_str().unwrap_or_default().to_owned(),
        |port| format!("{}:{port}", url.host_str().unwrap_or_default()),
    );
    let target: Uri =
        url[url::Position::BeforePath..url::Position::AfterQuery].parse().map_err(|error| format!("{error}"))?;
    let mut request = Request::post(target).header(HOST, host).header(USER_AGENT, AGENT);
    request = request.header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(body).map_err(|error| format!("the request cannot be written: {error}"))
}

/// The first address that takes a connection.
async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, String> {
    let mut problem = String::new();
    for address in addresses {
        match timeout(PATIENCE / 2, TcpStream::connect(SocketAddr::new(*address, port))).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => problem = format!("the receiver takes no connection: {error}"),
            Err(_) => problem = "the receiver takes no connection in time".to_owned(),
        }
    }
    Err(problem)
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: S, request: Request<String>) -> Result<u16, String> {
    let told = |error: hyper::Error| format!("the connection failed: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    let answer = driven(sender.send_request(request), connection).await.map_err(told)?;
    // the body is left unread: whoever sends one without an end holds up nobody
    Ok(answer.status().as_u16())
}

/// What a request comes to, while its connection is kept going.
async fn driven<T, E>(
    request: impl Future<Output = Result<T, E>>,
    connection: impl Future<Output = Result<(), E>>,
) -> Result<T, E> {
    tokio::pin!(request, connection);
    tokio::select! {
        biased;
        answer = &mut request => answer,
        ended = &mut connection => match ended {
            Ok(()) => request.await,
            Err(error) => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_no_longer_allowed_is_not_even_looked_up() {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let egress = Egress::new(Reach::Public, Names::new(Some(nobody)));
        for (url, rule) in [
            ("http://hooks.example.com/", "must start with https://"),
            ("https://10.0.0.1/", "must name a public host"),
            ("https://hooks.example.com:22/", "must name port 443"),
        ] {
            let refused = egress.post(&Url::parse(url).unwrap(), &[], String::new()).await;
            assert!(refused.as_ref().is_err_and(|problem| problem.contains(rule)), "{url}: {refused:?}");
        }
    }
}
