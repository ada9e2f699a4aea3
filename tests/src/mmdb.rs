//! A MaxMind database written by hand, so that tests need no file of others.
//!
//! The format: <https://maxmind.github.io/MaxMind-DB/>. A tree over the bits of IPv4 addresses with records of 24 bits,
//! 16 zero bytes, the data, a marker, and the metadata.

use std::net::Ipv4Addr;

/// An address range and where it is: country, and part of the country if known.
pub type Range<'a> = (Ipv4Addr, u8, &'a str, Option<&'a str>);

#[derive(Debug, Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// The bytes of a database that knows these ranges, none of them within another.
pub fn mmdb(ranges: &[Range<'_>]) -> Vec<u8> {
    let mut nodes = vec![[Record::Nothing; 2]];
    let mut data = Vec::new();
    for (address, length, country, part) in ranges {
        let place = data.len();
        city(country, *part, &mut data);
        let mut node = 0;
        for depth in 0..*length {
            let bit = usize::from(u32::from(*address) >> (31 - u32::from(depth)) & 1 == 1);
            if depth + 1 == *length {
                nodes[node][bit] = Record::Data(place);
            } else if let Record::Node(next) = nodes[node][bit] {
                node = next;
            } else {
                nodes.push([Record::Nothing; 2]);
                let next = nodes.len() - 1;
                nodes[node][bit] = Record::Node(next);
                node = next;
            }
        }
    }
    let mut bytes = Vec::new();
    for record in nodes.iter().flatten() {
        let value = match record {
            Record::Nothing => nodes.len(),
            Record::Node(node) => *node,
            Record::Data(place) => nodes.len() + 16 + place,
        };
        bytes.extend_from_slice(&u32::try_from(value).unwrap_or_default().to_be_bytes()[1..]);
    }
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(&data);
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    metadata(nodes.len(), &mut bytes);
    bytes
}

fn city(country: &str, part: Option<&str>, to: &mut Vec<u8>) {
    map(if part.is_some() { 2 } else { 1 }, to);
    text("country", to);
    map(1, to);
    text("iso_code", to);
    text(country, to);
    if let Some(part) = part {
        text("subdivisions", to);
        array(1, to);
        map(1, to);
        text("iso_code", to);
        text(part, to);
    }
}

fn metadata(nodes: usize, to: &mut Vec<u8>) {
    map(9, to);
    for (name, value) in [("binary_format_major_version", 2), ("binary_format_minor_version", 0)] {
        text(name, to);
        short(value, to);
    }
    text("build_epoch", to);
    to.extend_from_slice(&[1, 2, 1]);
    text("database_type", to);
    text("Test-City", to);
    text("description", to);
    map(0, to);
    text("ip_version", to);
    short(4, to);
    text("languages", to);
    array(0, to);
    text("node_count", to);
    to.push(6 << 5 | 4);
    to.extend_from_slice(&u32::try_from(nodes).unwrap_or_default().to_be_bytes());
    text("record_size", to);
    short(24, to);
}

/// At most 28 bytes.
fn text(text: &str, to: &mut Vec<u8>) {
    to.push(2 << 5 | u8::try_from(text.len()).unwrap_or_default());
    to.extend_from_slice(text.as_bytes());
}

fn short(value: u8, to: &mut Vec<u8>) {
    to.extend_from_slice(&[5 << 5 | 1, value]);
}

fn map(entries: u8, to: &mut Vec<u8>) {
    to.push(7 << 5 | entries);
}

fn array(entries: u8, to: &mut Vec<u8>) {
    to.extend_from_slice(&[entries, 4]);
}
