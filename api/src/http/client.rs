//! Reads who is at the other end of a request: the address of the peer, or the one that a trusted proxy forwards, and the
//! user agent. Headers are a stranger's: whatever they hold, something comes out.

use crate::auth::Client;
use contract::proxies::{FORWARDED_FOR, TrustedProxies};
use poem::{Request, http::header};

/// The other end of a request.
pub(super) fn of(request: &Request, trusted: &TrustedProxies) -> Client {
    let headers = request.headers();
    let lines = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("?"));
    let peer = request.remote_addr().as_socket_addr();
    let address = peer.map(|peer| trusted.client(peer.ip(), lines));
    Client::new(address, headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()))
}
