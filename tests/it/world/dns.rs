//! Plays the DNS: a name server over UDP that knows the TXT records and the addresses a test gives it, says of every other
//! name that it does not exist, and fails for the names that it is told to.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};
use tokio::net::UdpSocket;

/// What is said of a name. RFC 1035 section 4.1.1 has the codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has TXT records of these values.
    Texts(Vec<String>),
    /// It has these addresses.
    Addresses(Vec<IpAddr>),
    /// The server failed.
    Fails,
}

/// The name server.
#[derive(Clone)]
pub(crate) struct Dns {
    address: SocketAddr,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
}

impl Dns {
    /// Starts it; it ends with the runtime of the test.
    pub(crate) async fn start() -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let dns = Self { address: socket.local_addr().unwrap(), answers: Arc::default() };
        let answering = dns.clone();
        tokio::spawn(async move {
            let mut buffer = [0_u8; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                if let Some(answer) = answering.answer(&buffer[..length]) {
                    drop(socket.send_to(&answer, from).await);
                }
            }
        });
        dns
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says this of a name from now on.
    pub(crate) fn set(&self, name: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(name.to_owned(), answer);
    }

    /// Gives a name one TXT record.
    pub(crate) fn set_text(&self, name: &str, value: &str) {
        self.set(name, Answer::Texts(vec![value.to_owned()]));
    }

    /// Gives a name addresses.
    pub(crate) fn set_addresses(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.set(name, Answer::Addresses(addresses));
    }

    /// Says of a name that it does not exist.
    pub(crate) fn remove(&self, name: &str) {
        self.answers.lock().unwrap().remove(name);
    }

    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let (name, end) = question(query)?;
        let answer = self.answers.lock().unwrap().get(&name).cloned();
        let asked = u16::from_be_bytes([query[end - 4], query[end - 3]]);
        let (code, records) = match answer {
            Some(Answer::Texts(texts)) => (0, texts.iter().map(|text| text_record(text)).collect()),
            Some(Answer::Addresses(addresses)) => {
                let records = addresses.iter().map(|address| address_record(*address));
                (0, records.filter(|(kind, _)| *kind == asked).collect())
            }
            Some(Answer::Fails) => (2, Vec::new()),
            None => (3, Vec::new()),
        };
        let mut reply = query[..2].to_vec();
        // a response to a recursive question, by a server that recurs; one question, the answers, nothing else
        reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
        reply.extend(&query[12..end]);
        for (kind, data) in records {
            let length = u8::try_from(data.len()).unwrap();
            // the name of the question, the type, IN, 60 seconds
            reply.extend([0xc0, 12, 0, u8::try_from(kind).unwrap(), 0, 1, 0, 0, 0, 60, 0, length]);
            reply.extend(data);
        }
        Some(reply)
    }
}

/// Type and data of a TXT record.
fn text_record(text: &str) -> (u16, Vec<u8>) {
    let length = u8::try_from(text.len()).unwrap();
    (16, [&[length], text.as_bytes()].concat())
}

/// Type and data of an A or AAAA record.
fn address_record(address: IpAddr) -> (u16, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (1, address.octets().to_vec()),
        IpAddr::V6(address) => (28, address.octets().to_vec()),
    }
}

/// The name that is asked about, in lower case, and where the question ends.
fn question(query: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut labels) = (12, Vec::new());
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(query.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
    let end = at + 4;
    (end <= query.len()).then(|| (labels.join("."), end))
}
