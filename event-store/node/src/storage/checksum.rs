//! CRC32C over everything an event is made of.
//!
//! SQLite's main file has no page checksums: without this a flipped bit would be served as the truth.

use crc32c::crc32c_append;

/// One row of `events` with its names resolved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) position: i64,
    pub(crate) revision: i64,
    pub(crate) created: i64,
    pub(crate) is_json: bool,
    pub(crate) id: &'a [u8],
    pub(crate) stream: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) meta: &'a [u8],
    pub(crate) data: &'a [u8],
}

/// The lengths go in as well, so that no byte can move from one field to the next unnoticed.
pub(crate) fn checksum(parts: &Parts<'_>) -> u32 {
    let mut fixed = [0_u8; 57];
    fixed[0..8].copy_from_slice(&parts.position.to_le_bytes());
    fixed[8..16].copy_from_slice(&parts.revision.to_le_bytes());
    fixed[16..24].copy_from_slice(&parts.created.to_le_bytes());
    fixed[24..32].copy_from_slice(&(parts.stream.len() as u64).to_le_bytes());
    fixed[32..40].copy_from_slice(&(parts.kind.len() as u64).to_le_bytes());
    fixed[40..48].copy_from_slice(&(parts.meta.len() as u64).to_le_bytes());
    fixed[48..56].copy_from_slice(&(parts.data.len() as u64).to_le_bytes());
    fixed[56] = u8::from(parts.is_json);
    [
        parts.id,
        parts.stream.as_bytes(),
        parts.kind.as_bytes(),
        parts.meta,
        parts.data,
    ]
    .into_iter()
    .fold(crc32c_append(0, &fixed), crc32c_append)
}

#[cfg(test)]
mod tests {
    use super::{Parts, checksum};

    const PARTS: Parts<'_> = Parts {
        position: 1,
        revision: 0,
        created: 7,
        is_json: true,
        id: &[1; 16],
        stream: "ticket-1",
        kind: "ticket.opened",
        meta: b"{}",
        data: b"{\"a\":1}",
    };

    /// Stored for ever: another formula would make every existing file look damaged.
    #[test]
    fn stored_form_is_stable() {
        assert_eq!(checksum(&PARTS), 0xfc59_8bc1);
    }

    #[test]
    fn every_part_counts() {
        let whole = checksum(&PARTS);
        let others = [
            Parts { position: 2, ..PARTS },
            Parts { revision: 1, ..PARTS },
            Parts { created: 8, ..PARTS },
            Parts {
                is_json: false,
                ..PARTS
            },
            Parts { id: &[2; 16], ..PARTS },
            Parts {
                stream: "ticket-2",
                ..PARTS
            },
            Parts {
                kind: "ticket.closed",
                ..PARTS
            },
            Parts {
                meta: b"{}{",
                data: b"\"a\":1}",
                ..PARTS
            },
            Parts {
                data: b"{\"a\":2}",
                ..PARTS
            },
        ];
        assert!(others.iter().all(|other| checksum(other) != whole));
    }
}
