//! Who is at the other end of a request, as far as it tells: shown to the owner of a session, and what attempts to log in
//! are counted by. What is kept is cut: a network instead of an address, the start of a long user agent.

use crate::scope::Caller;
use contract::proxies::{cut, subscriber};
use std::net::IpAddr;
use uuid::Uuid;

/// Most characters of a user agent that are kept.
pub const MAX_USER_AGENT: usize = 200;

/// The other end of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    address: Option<IpAddr>,
    user_agent: Option<String>,
    /// The request itself; nil outside of one.
    pub request_id: Uuid,
}

impl Client {
    /// `address` is the client's own, not a proxy's; `user_agent` is what it says of itself.
    #[must_use]
    pub fn new(address: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect::<String>();
        let user_agent = user_agent.map(plain).filter(|text| !text.trim().is_empty());
        Self { address, user_agent, request_id: Uuid::nil() }
    }

    /// The network of the address, such as 203.0.113.0/24 or 2001:db8:1::/48.
    #[must_use]
    pub fn network(&self) -> Option<String> {
        self.address.map(|address| format!("{}/{}", cut(address), if address.is_ipv4() { 24 } else { 48 }))
    }

    /// The user agent, at most [`MAX_USER_AGENT`] characters.
    #[must_use]
    pub fn user_agent(&self) -> Option<String> {
        self.user_agent.clone()
    }

    /// The user that this client proves to be, in a session.
    pub(super) const fn caller(&self, user_id: Uuid, session_id: Uuid) -> Caller {
        Caller { request_id: self.request_id, ..Caller::of_session(user_id, session_id) }
    }

    /// What attempts are counted by: the part of the address that its holder cannot change. All clients whose address is
    /// not known count as one.
    pub(super) fn origin(&self) -> String {
        self.address.map_or_else(String::new, |address| subscriber(address).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_client_is_cut() {
        let client = |address: &str, agent: &str| Client::new(address.parse().ok(), Some(agent));
        let v4 = client("203.0.113.77", "Mozilla/5.0\u{0}\n(X11)");
        assert_eq!(v4.network().as_deref(), Some("203.0.113.0/24"));
        assert_eq!(v4.user_agent().as_deref(), Some("Mozilla/5.0(X11)"));
        assert_eq!(client("2001:db8:1:2::9", "").network().as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(client("", " ").user_agent(), None);
        assert_eq!(client("", &"é".repeat(500)).user_agent().map(|text| text.chars().count()), Some(MAX_USER_AGENT));
        assert_ne!(v4.origin(), client("203.0.113.78", "").origin());
        assert_eq!(client("2001:db8:1:2::9", "").origin(), client("2001:db8:1:2:ffff::1", "").origin());
        assert_eq!((Client::default().network(), Client::default().origin()), (None, String::new()));
    }
}
