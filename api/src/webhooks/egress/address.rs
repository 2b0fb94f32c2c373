//! Which addresses a webhook's receiver may have. Decided of the address itself, after the look-up and before the
//! connection: whatever a name says, nothing inside the operator's network is reached. Pure.

use contract::destination::Reach;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a receiver may have this address. With [`Reach::Local`] only those stay out that serve no receiver: link-local
/// ones, among them the metadata services of clouds, and those of many or of none.
pub(super) fn is_allowed(address: IpAddr, reach: Reach) -> bool {
    match (reach, address) {
        (Reach::Public, IpAddr::V4(address)) => is_public_v4(address),
        (Reach::Public, IpAddr::V6(address)) => is_public_v6(address),
        (Reach::Local, IpAddr::V4(address)) => is_local_v4(address),
        (Reach::Local, IpAddr::V6(address)) => is_local_v6(address),
    }
}

/// Not in a block that the IANA registry of special-purpose addresses has as not globally reachable, nor multicast.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |[a, b, c, d]: [u8; 4], bits: u32| {
        let mask = u32::MAX << (32 - bits);
        address.to_bits() & mask == Ipv4Addr::new(a, b, c, d).to_bits()
    };
    const REFUSED: [([u8; 4], u32); 16] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        // carrier-grade NAT
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        // link-local, and the metadata services of clouds
        ([169, 254, 0, 0], 16),
        // a cloud's services for its own machines, at an address that looks public
        ([168, 63, 129, 16], 32),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        // relays of 6to4
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    !REFUSED.into_iter().any(|(block, bits)| within(block, bits))
}

/// Within 2000::/3, which is all that is given out, and not in a block of it that carries or stands for other addresses.
/// So unique local (fd00:ec2::254), IPv4-mapped and NAT64 (64:ff9b::/96) addresses are out as well.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let special = match first {
        // protocols (Teredo among them), and documentation
        0x2001 => second < 0x0200 || second == 0x0db8,
        // 6to4
        0x2002 => true,
        // documentation
        0x3fff => second < 0x1000,
        _ => false,
    };
    first & 0xe000 == 0x2000 && !special
}

fn is_local_v4(address: Ipv4Addr) -> bool {
    // metadata services too
    let metadata = [[100, 100, 100, 200], [168, 63, 129, 16], [192, 0, 0, 192]].map(Ipv4Addr::from_octets);
    let of_one = !address.is_link_local() && !address.is_multicast() && !address.is_broadcast();
    of_one && address.octets()[0] != 0 && !metadata.contains(&address)
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    if address.is_unspecified() || address.is_multicast() || address.is_unicast_link_local() {
        return false;
    }
    let segments = address.segments();
    let embeds = matches!(segments, [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0x64, 0xff9b, ..]);
    let loopback = address == Ipv6Addr::LOCALHOST;
    let metadata = segments[..2] == [0xfd00, 0x0ec2] || segments[..2] == [0xfd20, 0x00ce];
    loopback || !(embeds || metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str, reach: Reach) -> bool {
        is_allowed(text.parse().unwrap(), reach)
    }

    #[test]
    fn nothing_but_the_public_internet_is_reached() {
        for good in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
        ] {
            assert!(allowed(good, Reach::Public), "{good}");
        }
        for bad in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allowed(bad, Reach::Public), "{bad}");
        }
    }

    #[test]
    fn a_closed_network_has_its_own_receivers_but_no_metadata_service() {
        for good in ["127.0.0.1", "10.1.2.3", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "8.8.8.8"] {
            assert!(allowed(good, Reach::Local), "{good}");
        }
        for bad in [
            "0.0.0.0",
            "169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::ffff:169.254.169.254",
            "::a9fe:a9fe",
            "64:ff9b::a9fe:a9fe",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!allowed(bad, Reach::Local), "{bad}");
        }
    }
}
