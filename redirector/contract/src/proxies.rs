//! The address of whoever asks: the peer's, or, behind proxies that are trusted, the one they forward. Both servers read
//! it here. What is kept of an address is cut to /24 or /48.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// The request header that proxies write the addresses before them into, one more to the right each.
pub const FORWARDED_FOR: &str = "x-forwarded-for";

/// A network of addresses, such as 10.0.0.0/8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

/// The proxies whose `X-Forwarded-For` counts; by default none. Written as addresses and networks between commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// The text is no list of addresses and networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be IP addresses or networks between commas, such as 10.0.0.0/8,::1")]
pub struct NotProxies;

impl FromStr for TrustedProxies {
    type Err = NotProxies;
    fn from_str(text: &str) -> Result<Self, NotProxies> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(network).collect::<Result<_, _>>().map(Self)
    }
}

fn network(text: &str) -> Result<Network, NotProxies> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| NotProxies)?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| NotProxies)?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(longest);
    if bits > longest { Err(NotProxies) } else { Ok(Network { address: mask(address, bits), bits }) }
}

fn mask(address: IpAddr, bits: u8) -> IpAddr {
    let bits = u32::from(bits);
    match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(
            v4.to_bits() & u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0),
        )),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(
            v6.to_bits() & u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0),
        )),
    }
}

impl TrustedProxies {
    /// Whether an address is a trusted proxy's.
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| {
            network.address.is_ipv4() == address.is_ipv4() && mask(address, network.bits) == network.address
        })
    }

    /// The address of whoever asked: the peer, or, where that is a trusted proxy, the right-most forwarded hop that is
    /// not one. What stands left of that hop is the visitor's own claim and never looked at. `lines` are the values of
    /// [`FORWARDED_FOR`] in the order they came in.
    #[must_use]
    pub fn client<'a>(&self, peer: IpAddr, lines: impl IntoIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        if self.0.is_empty() || !self.trusts(client) {
            return client;
        }
        let lines: Vec<&str> = lines.into_iter().collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let Some(address) = forwarded(hop.trim()) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// Reads a hop: an address, some proxies add the port.
fn forwarded(hop: &str) -> Option<IpAddr> {
    let address: IpAddr = hop
        .parse()
        .ok()
        .or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

/// Cuts an address to /24 or /48: no longer one household's.
#[must_use]
pub fn cut(address: IpAddr) -> IpAddr {
    mask(address, if address.is_ipv4() { 24 } else { 48 })
}

/// The part of an address that one subscriber cannot change: all of an IPv4 address, the /64 of an IPv6 address.
#[must_use]
pub fn subscriber(address: IpAddr) -> IpAddr {
    mask(address, if address.is_ipv4() { 32 } else { 64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, lines: &[&str]) -> String {
        let proxies = proxies.parse::<TrustedProxies>().unwrap();
        proxies.client(peer.parse().unwrap(), lines.iter().copied()).to_string()
    }

    #[test]
    fn only_a_trusted_peer_forwards() {
        assert_eq!(client("", "192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &["198.51.100.9"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["198.51.100.9"]), "198.51.100.9");
        assert_eq!(client("10.0.0.0/8", "::ffff:10.1.2.3", &["198.51.100.9:4711"]), "198.51.100.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn the_right_most_untrusted_hop_counts() {
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["1.1.1.1, 198.51.100.9, 10.9.9.9"]), "198.51.100.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["1.1.1.1", "198.51.100.9", "10.9.9.9"]), "198.51.100.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["1.1.1.1, nonsense"]), "10.1.2.3");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["10.4.4.4, 10.5.5.5"]), "10.4.4.4");
        assert_eq!(client("fd00::/8,10.0.0.1", "fd00::1", &["[2001:db8::5]:99"]), "2001:db8::5");
    }

    #[test]
    fn lists_are_read_and_addresses_cut() {
        assert!("10.0.0.0/8, ::1 ,192.0.2.7/32,0.0.0.0/0".parse::<TrustedProxies>().is_ok());
        for bad in ["10.0.0.0/33", "::/129", "proxy.example", "10.0.0.0/x", "10.0.0.0/"] {
            assert_eq!(bad.parse::<TrustedProxies>(), Err(NotProxies), "{bad}");
        }
        let cut = |address: &str| cut(address.parse().unwrap()).to_string();
        assert_eq!(cut("203.0.113.77"), "203.0.113.0");
        assert_eq!(cut("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
        let subscriber = |address: &str| subscriber(address.parse().unwrap()).to_string();
        assert_eq!(subscriber("203.0.113.77"), "203.0.113.77");
        assert_eq!(subscriber("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
