//! What is sealed of an event: text that people and standard tools can read, and that no other event has.
//!
//! ```text
//! position 17
//! stream ticket-2513a464-18d5-5124-9637-3fc8edf6b751
//! revision 0
//! id 454295e6-cadc-5735-8c23-07eb77995295
//! type ticket.opened
//! metadata 123
//! <123 bytes, as stored>
//! data 45
//! <45 bytes, as stored>
//! ```
//!
//! A backslash in a name is doubled, and a control character is written `\x0a`, so that a name is always one line and
//! two names never look alike. The instant at which the store took the event is not part of it: clients round it. The
//! form is signed, so it never changes.

use std::io::Write;

use uuid::Uuid;

use crate::{Digest, Raw};

/// An event's parts that are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// Place in the log.
    pub position: u64,
    /// Stream it belongs to.
    pub stream: &'a str,
    /// Place in its stream.
    pub revision: u64,
    /// Its id.
    pub id: Uuid,
    /// Stored type.
    pub event_type: &'a str,
    /// Stored bytes.
    pub metadata: &'a [u8],
    /// Stored bytes.
    pub payload: &'a [u8],
}

impl<'a> From<&'a Raw> for Leaf<'a> {
    fn from(raw: &'a Raw) -> Self {
        Self {
            position: raw.position.0,
            stream: &raw.stream,
            revision: raw.revision,
            id: raw.id,
            event_type: &raw.event_type,
            metadata: &raw.metadata,
            payload: &raw.payload,
        }
    }
}

impl Leaf<'_> {
    /// Whether the event is sealed: the store's own events are not, since a store may remove them.
    pub fn is_sealed(&self) -> bool {
        !self.stream.starts_with('$') && !self.event_type.starts_with('$')
    }

    /// Appends the leaf's bytes to `to`.
    pub fn write(&self, to: &mut Vec<u8>) {
        number(to, "position", self.position);
        name(to, "stream", self.stream);
        number(to, "revision", self.revision);
        // Writing to a vector does not fail.
        drop(writeln!(to, "id {}", self.id));
        name(to, "type", self.event_type);
        block(to, "metadata", self.metadata);
        block(to, "data", self.payload);
    }

    /// What a leaf's bytes say; `None` when they are no leaf, or one in whose names something is written otherwise.
    pub fn parse(bytes: &[u8]) -> Option<Leaf<'_>> {
        let (position, rest) = line(bytes, "position ")?;
        let (stream, rest) = line(rest, "stream ")?;
        let (revision, rest) = line(rest, "revision ")?;
        let (id, rest) = line(rest, "id ")?;
        let (event_type, rest) = line(rest, "type ")?;
        let (metadata, rest) = read_block(rest, "metadata ")?;
        let (payload, _) = read_block(rest, "data ")?;
        let leaf = Leaf {
            position: position.parse().ok()?,
            stream,
            revision: revision.parse().ok()?,
            id: id.parse().ok()?,
            event_type,
            metadata,
            payload,
        };
        // Written again it must be the same: nothing in it goes unread.
        let mut again = Vec::new();
        leaf.write(&mut again);
        (again == bytes).then_some(leaf)
    }

    /// Hash of the leaf. `buffer` is overwritten, so that a long run needs no memory for each.
    pub fn digest(&self, buffer: &mut Vec<u8>) -> Digest {
        buffer.clear();
        buffer.push(0);
        self.write(buffer);
        Digest::of(&[buffer])
    }
}

fn number(to: &mut Vec<u8>, key: &str, value: u64) {
    drop(writeln!(to, "{key} {value}"));
}

fn name(to: &mut Vec<u8>, key: &str, name: &str) {
    to.extend_from_slice(key.as_bytes());
    to.push(b' ');
    for &byte in name.as_bytes() {
        match byte {
            b'\\' => to.extend_from_slice(b"\\\\"),
            0..0x20 | 0x7f => drop(write!(to, "\\x{byte:02x}")),
            _ => to.push(byte),
        }
    }
    to.push(b'\n');
}

fn block(to: &mut Vec<u8>, key: &str, bytes: &[u8]) {
    number(to, key, bytes.len() as u64);
    to.extend_from_slice(bytes);
    to.push(b'\n');
}

fn line<'a>(bytes: &'a [u8], key: &str) -> Option<(&'a str, &'a [u8])> {
    let rest = bytes.strip_prefix(key.as_bytes())?;
    let end = rest.iter().position(|it| *it == b'\n')?;
    Some((std::str::from_utf8(rest.get(..end)?).ok()?, rest.get(end + 1..)?))
}

fn read_block<'a>(bytes: &'a [u8], key: &str) -> Option<(&'a [u8], &'a [u8])> {
    let (size, rest) = line(bytes, key)?;
    let size: usize = size.parse().ok()?;
    Some((rest.get(..size)?, rest.get(size..)?.strip_prefix(b"\n")?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::Leaf;
    use crate::Digest;

    const LEAF: Leaf<'_> = Leaf {
        position: 17,
        stream: "ticket-1",
        revision: 0,
        id: Uuid::from_u128(0x4542),
        event_type: "ticket.opened",
        metadata: b"{\"a\":\"b\"}",
        payload: "{\"ё\":1}".as_bytes(),
    };

    fn text(leaf: &Leaf<'_>) -> String {
        let mut bytes = Vec::new();
        leaf.write(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    /// Signed for ever: another form would make every existing seal look broken.
    #[test]
    fn signed_form_is_stable() {
        let expected = "position 17\nstream ticket-1\nrevision 0\nid 00000000-0000-0000-0000-000000004542\n\
                        type ticket.opened\nmetadata 9\n{\"a\":\"b\"}\ndata 8\n{\"ё\":1}\n";
        assert_eq!(text(&LEAF), expected);
        assert_eq!(LEAF.digest(&mut Vec::new()), Digest::of_leaf(expected.as_bytes()));
        assert_eq!(Leaf::parse(expected.as_bytes()), Some(LEAF));
        for wrong in [
            &expected[1..],
            &expected[..expected.len() - 1],
            &format!("{expected}x"),
            "",
        ] {
            assert_eq!(Leaf::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn names_with_line_ends_stay_one_line() {
        let forged = Leaf {
            stream: "ticket-1\nrevision 7\\x0a\u{7f}",
            ..LEAF
        };
        assert!(text(&forged).contains("\nstream ticket-1\\x0arevision 7\\\\x0a\\x7f\nrevision 0\n"));
    }

    #[test]
    fn events_of_the_store_itself_are_not_sealed() {
        assert!(LEAF.is_sealed());
        assert!(
            !Leaf {
                stream: "$$ticket-1",
                ..LEAF
            }
            .is_sealed()
        );
        assert!(
            !Leaf {
                event_type: "$metadata",
                ..LEAF
            }
            .is_sealed()
        );
    }

    proptest! {
        #[test]
        fn no_two_events_look_alike(
            one in ("[a\\\\\nx0 ]{0,6}", "[a\\\\\nx0 ]{0,6}", "[a\n ]{0,6}", "[a\n ]{0,6}"),
            two in ("[a\\\\\nx0 ]{0,6}", "[a\\\\\nx0 ]{0,6}", "[a\n ]{0,6}", "[a\n ]{0,6}"),
        ) {
            let leaf = |it: &(String, String, String, String)| text(&Leaf {
                stream: &it.0,
                event_type: &it.1,
                metadata: it.2.as_bytes(),
                payload: it.3.as_bytes(),
                ..LEAF
            });
            prop_assert_eq!(leaf(&one) == leaf(&two), one == two);
        }
    }
}
