//! Plays every host of the internet for the browser of a test: the ad networks, by scripts of our own that behave as
//! theirs do, and the destinations. One port takes both TLS and plain HTTP. It writes down every request, and a test may
//! make a host slow, refusing, failing or redirecting.

mod answer;
mod distance;
mod request;

pub(crate) use answer::{LEAVE, LEAVE_WITH_IMAGES};
pub(crate) use request::Hit;

use super::wait;
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    LazyConfigAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivatePkcs8KeyDer},
        server::Acceptor,
    },
};

/// How a host behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Behaviour {
    /// Answers at once.
    #[default]
    Answers,
    /// Answers after a while.
    Slow(Duration),
    /// Takes the connection and hangs up before a request can be made, as a filter on the way does.
    Refuses,
    /// Answers 500.
    Fails,
    /// Answers 410.
    Gone,
    /// Sends its visitor on: the first request to `/` + anything gets 302 to this address.
    Redirects(String),
}

/// The hosts.
#[derive(Clone)]
pub(crate) struct StandIn {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    hits: Mutex<Vec<Hit>>,
    behaviours: Mutex<HashMap<String, Behaviour>>,
    usual: Mutex<(String, Behaviour)>,
}

impl StandIn {
    /// Starts it; it ends with the runtime of the test.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let tls = Arc::new(certificate());
        let served = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (served.clone(), tls.clone());
                tokio::spawn(async move { state.welcome(stream, tls).await });
            }
        });
        Self { port, state }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Opens a second door to the same hosts that is as far away as this: what goes in or out arrives half of it later.
    pub(crate) async fn far(&self, round_trip: Duration) -> u16 {
        distance::proxy(self.port, round_trip / 2).await
    }

    /// Makes a host behave.
    pub(crate) fn behave(&self, host: &str, behaviour: Behaviour) {
        self.state.behaviours.lock().unwrap().insert(host.to_owned(), behaviour);
    }

    /// Makes every host but one behave; those of [`StandIn::behave`] go before.
    pub(crate) fn behave_all_but(&self, host: &str, behaviour: Behaviour) {
        *self.state.usual.lock().unwrap() = (host.to_owned(), behaviour);
    }

    /// Forgets what was asked so far.
    pub(crate) fn forget(&self) {
        self.state.hits.lock().unwrap().clear();
    }

    /// Everything that was asked so far.
    pub(crate) fn all_hits(&self) -> Vec<Hit> {
        self.state.hits.lock().unwrap().clone()
    }

    /// What a host was asked so far.
    pub(crate) fn hits(&self, host: &str) -> Vec<Hit> {
        self.state.hits.lock().unwrap().iter().filter(|hit| hit.host == host).cloned().collect()
    }

    /// Every host that was asked so far, and how often.
    pub(crate) fn hosts(&self) -> HashMap<String, usize> {
        let mut hosts = HashMap::new();
        for hit in self.state.hits.lock().unwrap().iter() {
            *hosts.entry(hit.host.clone()).or_default() += 1;
        }
        hosts
    }

    /// Waits for the first request to a host that `is_it` accepts.
    pub(crate) async fn hit(&self, host: &str, is_it: impl Fn(&Hit) -> bool) -> Hit {
        let found = async || self.hits(host).into_iter().find(|hit| is_it(hit));
        wait::until(&format!("a request to {host}; asked were {:?}", self.hosts()), Duration::from_secs(15), found)
            .await
    }
}

impl State {
    async fn welcome(&self, stream: TcpStream, tls: Arc<ServerConfig>) {
        let mut first = [0];
        // 22 opens a TLS handshake
        match stream.peek(&mut first).await {
            Ok(1) if first[0] == 22 => {
                let Ok(start) = LazyConfigAcceptor::new(Acceptor::default(), stream).await else { return };
                let host = start.client_hello().server_name().unwrap_or_default().to_owned();
                if self.behaviour(&host) == Behaviour::Refuses {
                    return;
                }
                if let Ok(stream) = start.into_stream(tls).await {
                    self.serve(stream, true).await;
                }
            }
            Ok(1) => self.serve(stream, false).await,
            _ => {}
        }
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin, tls: bool) {
        let mut stream = BufReader::new(stream);
        while stream.fill_buf().await.is_ok_and(|bytes| !bytes.is_empty()) {
            let Some(hit) = request::read(&mut stream, tls).await else { return };
            let behaviour = self.behaviour(&hit.host);
            if behaviour == Behaviour::Refuses {
                return;
            }
            let answer = answer::to(&hit, &behaviour);
            self.hits.lock().unwrap().push(hit);
            if let Behaviour::Slow(delay) = behaviour {
                tokio::time::sleep(delay).await;
            }
            if stream.write_all(&answer).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }

    fn behaviour(&self, host: &str) -> Behaviour {
        if let Some(behaviour) = self.behaviours.lock().unwrap().get(host) {
            return behaviour.clone();
        }
        let (but, usual) = &*self.usual.lock().unwrap();
        if host == but { Behaviour::Answers } else { usual.clone() }
    }
}

/// The name that the certificate of all hosts is for; browsers are told to take it for any.
pub(crate) const CERTIFIED: &str = "stand-in.example";

/// The certificate, as PEM and as it is, and its key.
static CERTIFICATE: LazyLock<(String, CertificateDer<'static>, Vec<u8>)> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(vec![CERTIFIED.to_owned()]).unwrap();
    let text = BASE64_STANDARD.encode(made.cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    (pem, made.cert.der().clone(), made.signing_key.serialize_der())
});

/// What a program is to trust so that it takes [`CERTIFIED`] for who it is.
pub(crate) fn authority() -> &'static str {
    &CERTIFICATE.0
}

fn certificate() -> ServerConfig {
    let (_, certificate, key) = &*CERTIFICATE;
    let key = PrivatePkcs8KeyDer::from(key.clone());
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate.clone()], key.into()).unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
