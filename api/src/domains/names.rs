//! Asks the DNS whether a record holds a value, and which addresses a host has. The only file that knows the resolver. Nothing is remembered between two
//! questions, and a question never ends in an error: what cannot be told is a finding too.

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{RData, rdata::TXT},
    },
};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// How long a name server may take to answer, each time it is asked.
const ANSWER: Duration = Duration::from_secs(3);
/// How often it is asked before it counts as silent.
const ATTEMPTS: usize = 2;

/// What a look at a record found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The value is there.
    Present,
    /// The name server said that it is not; a sentence for people.
    Absent(String),
    /// Nobody could say; a sentence for people.
    Unknown(String),
}

/// Asks a name server.
#[derive(Clone)]
pub struct Names {
    resolver: Option<TokioResolver>,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("ready", &self.resolver.is_some()).finish()
    }
}

impl Names {
    /// Asks this name server, or those that the system is set up with. Where there are none, every answer is unknown.
    #[must_use]
    pub fn new(server: Option<SocketAddr>) -> Self {
        let resolver = build(server)
            .inspect_err(|error| tracing::warn!(%error, "no name server can be asked: no domain can be verified"))
            .ok();
        Self { resolver }
    }

    /// Looks up all addresses of a host.
    ///
    /// # Errors
    /// A sentence for people.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let resolver = self.resolver.as_ref().ok_or("this server knows no name server")?;
        match resolver.lookup_ip(format!("{}.", name.trim_end_matches('.'))).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(nothing)))
                if matches!(nothing.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
            {
                Ok(Vec::new())
            }
            Err(error) => {
                tracing::debug!(name, %error, "a host cannot be looked up");
                Err(format!("the name servers gave no answer about {name}"))
            }
        }
    }

    /// Looks whether a TXT record of this name holds a value.
    pub async fn look(&self, name: &str, value: &str) -> Finding {
        let unknown = |problem: &str| Finding::Unknown(format!("{problem}; it is looked up again"));
        let Some(resolver) = &self.resolver else { return unknown("this server knows no name server") };
        // the dot at the end keeps the system's search list out
        match resolver.txt_lookup(format!("{name}.")).await {
            Ok(found) => {
                let texts = found.answers().iter().filter_map(|record| match &record.data {
                    RData::TXT(text) => Some(joined(text)),
                    _ => None,
                });
                judge(name, value, texts)
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(nothing)))
                if matches!(nothing.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
            {
                judge(name, value, [])
            }
            Err(error) => {
                tracing::debug!(name, %error, "a record cannot be looked up");
                unknown(&format!("the name servers gave no answer about {name}"))
            }
        }
    }
}

fn build(server: Option<SocketAddr>) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        None => TokioResolver::builder_tokio()?,
        Some(server) => {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = server.port();
                connection
            });
            let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
            let config = ResolverConfig::from_name_servers(vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
    };
    let options = builder.options_mut();
    options.timeout = ANSWER;
    options.attempts = ATTEMPTS;
    // who has just made a record wants it seen
    options.cache_size = 0;
    builder.build()
}

/// A long value comes in several pieces; RFC 7208 section 3.3 joins them without a space.
fn joined(text: &TXT) -> Vec<u8> {
    text.txt_data.concat()
}

fn judge(name: &str, value: &str, texts: impl IntoIterator<Item = Vec<u8>>) -> Finding {
    let mut any = false;
    for text in texts {
        if text.trim_ascii() == value.as_bytes() {
            return Finding::Present;
        }
        any = true;
    }
    Finding::Absent(if any {
        format!("the TXT record {name} is there, but with another value")
    } else {
        format!("there is no TXT record {name}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_good_value_among_others_is_enough() {
        let text = |text: &str| text.as_bytes().to_vec();
        assert_eq!(judge("n", "v=1", [text("other"), text(" v=1 ")]), Finding::Present);
        assert_eq!(judge("n", "v=1", []), Finding::Absent("there is no TXT record n".to_owned()));
        let others = [text("v=11"), text("V=1"), text("")];
        let other = Finding::Absent("the TXT record n is there, but with another value".to_owned());
        assert_eq!(judge("n", "v=1", others), other);
        assert_eq!(joined(&TXT::new(vec!["v".to_owned(), "=1".to_owned()])), b"v=1");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_no_proof_of_absence() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let free = socket.local_addr().unwrap();
        drop(socket);
        let finding = Names::new(Some(free)).look("_stopover.go.example.com", "x").await;
        assert!(matches!(finding, Finding::Unknown(_)), "{finding:?}");
    }
}
