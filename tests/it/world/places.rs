//! Writes a database of places in MaxMind's format, as large as a test needs it: the addresses that documentation may use
//! (RFC 5737, RFC 3849) lie in some country. The format: <https://maxmind.github.io/MaxMind-DB/>.

use std::net::IpAddr;

/// A network, and where it is: its country, and its region where that is known. Shorter prefixes first.
const NETWORKS: [(&str, u8, &str, &str); 4] = [
    ("192.0.2.0", 24, "DE", ""),
    ("198.51.100.0", 24, "US", ""),
    ("198.51.100.128", 25, "US", "CA"),
    ("2001:db8::", 32, "JP", ""),
];

/// An address in the country of that code; of a country that is not listed, one that the database does not know.
pub(crate) fn address_in(place: &str) -> &'static str {
    match place {
        "DE" => "192.0.2.7",
        "US" => "198.51.100.7",
        "US-CA" => "198.51.100.207",
        "JP" => "2001:db8::7",
        _ => "203.0.113.7",
    }
}

const TEXT: u8 = 2;
const U16: u8 = 5;
const U32: u8 = 6;
const MAP: u8 = 7;
const U64: u8 = 9;
const LIST: u8 = 11;

/// Where a bit of an address leads.
#[derive(Clone, Copy)]
enum Branch {
    Nowhere,
    Fork(usize),
    /// Where the place stands in the data.
    Place(usize),
}

/// The bytes of the database.
pub(crate) fn database() -> Vec<u8> {
    let mut forks = vec![[Branch::Nowhere; 2]];
    let mut places = Vec::new();
    for (address, prefix, country, region) in NETWORKS {
        let place = Branch::Place(places.len());
        match address.parse().unwrap() {
            IpAddr::V4(address) => insert(&mut forks, u128::from(address.to_bits()), prefix + 96, place),
            IpAddr::V6(address) => insert(&mut forks, address.to_bits(), prefix, place),
        }
        push_place(&mut places, country, region);
    }
    let mut out = Vec::new();
    for branch in forks.iter().flatten() {
        let record = match *branch {
            Branch::Nowhere => forks.len(),
            Branch::Fork(fork) => fork,
            Branch::Place(at) => forks.len() + 16 + at,
        };
        // records of 24 bits
        out.extend_from_slice(&u32::try_from(record).unwrap().to_be_bytes()[1..]);
    }
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(&places);
    out.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    push_metadata(&mut out, forks.len());
    out
}

/// Makes the first `length` bits of an address lead to a place.
fn insert(forks: &mut Vec<[Branch; 2]>, address: u128, length: u8, place: Branch) {
    let mut at = 0;
    for depth in 0..length {
        let side = usize::from(address >> (127 - depth) & 1 == 1);
        if depth + 1 == length {
            forks[at][side] = place;
        } else if let Branch::Fork(next) = forks[at][side] {
            at = next;
        } else {
            // what held for the whole holds for both halves until one is told otherwise
            forks.push([forks[at][side]; 2]);
            forks[at][side] = Branch::Fork(forks.len() - 1);
            at = forks.len() - 1;
        }
    }
}

fn push_place(out: &mut Vec<u8>, country: &str, region: &str) {
    push_head(out, MAP, if region.is_empty() { 1 } else { 2 });
    push_text(out, "country");
    push_code(out, country);
    if !region.is_empty() {
        push_text(out, "subdivisions");
        push_head(out, LIST, 1);
        push_code(out, region);
    }
}

fn push_code(out: &mut Vec<u8>, code: &str) {
    push_head(out, MAP, 1);
    push_text(out, "iso_code");
    push_text(out, code);
}

fn push_metadata(out: &mut Vec<u8>, forks: usize) {
    push_head(out, MAP, 9);
    for (name, kind, value) in [
        ("binary_format_major_version", U16, 2),
        ("binary_format_minor_version", U16, 0),
        ("build_epoch", U64, 1_700_000_000),
        ("ip_version", U16, 6),
        ("node_count", U32, forks as u64),
        ("record_size", U16, 24),
    ] {
        push_text(out, name);
        let bytes = value.to_be_bytes();
        let significant = &bytes[value.leading_zeros() as usize / 8..];
        push_head(out, kind, significant.len());
        out.extend_from_slice(significant);
    }
    push_text(out, "database_type");
    push_text(out, "Documentation-City");
    push_text(out, "description");
    push_head(out, MAP, 0);
    push_text(out, "languages");
    push_head(out, LIST, 0);
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    push_head(out, TEXT, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// The control byte of a value: its kind and its size. Kinds above 7 have a byte of their own.
fn push_head(out: &mut Vec<u8>, kind: u8, size: usize) {
    let size = u8::try_from(size).unwrap();
    assert!(size < 29, "longer ones are written differently");
    if kind > 7 { out.extend_from_slice(&[size, kind - 7]) } else { out.push(kind << 5 | size) }
}
