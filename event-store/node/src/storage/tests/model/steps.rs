//! What a test does to the log, chosen at random.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::storage::metadata::METADATA_TYPE;
use crate::storage::{Deletion, Direction, Field};

/// Streams that are written to; each has its metastream, too.
pub(super) const STREAMS: [&str; 5] = ["ticket-1", "ticket-2", "agent-1", "$settings", "tick"];

/// What is written into metastreams; the last ones are no metadata.
const METADATA: [&str; 16] = [
    "{}",
    r#"{"$acl":{"$r":"x"},"note":[1.50,null]}"#,
    r#"{"$maxCount":1}"#,
    r#"{"$maxCount":2,"$acl":"y"}"#,
    r#"{"$maxCount":9223372036854775807,"$tb":1}"#,
    r#"{"$maxCount":0,"$tb":-1}"#,
    r#"{"$maxCount":"2","$tb":null}"#,
    r#"{"$maxAge":3600}"#,
    r#"{"$maxAge":0,"$maxCount":3}"#,
    r#"{"$tb":0}"#,
    r#"{"$tb":3,"$maxCount":2}"#,
    r#"{"$tb":9223372036854775806}"#,
    r#"{"$tb":9223372036854775807}"#,
    "",
    "[]",
    r#"{"$tb":2"#,
];

/// Numbers are choices among what is there when the step is taken.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Append {
        stream: usize,
        expected: Wish,
        ids: Vec<u128>,
    },
    /// To the metastream of a stream.
    Metadata {
        stream: usize,
        expected: Wish,
        drafts: Vec<Draft>,
    },
    /// An earlier append again: cut, longer, or as it was.
    Again {
        which: usize,
        expected: Option<Wish>,
        length: i8,
    },
    Delete {
        stream: usize,
        expected: Wish,
        kind: Deletion,
    },
    ReadStream {
        name: String,
        direction: Direction,
        from: i64,
        count: usize,
    },
    ReadAll {
        direction: Direction,
        from: i64,
        count: usize,
        filter: Option<Chosen>,
    },
    /// Stopped, or as after a kill.
    Restart { stopped: bool },
}

/// An event to append.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) id: u128,
    pub(super) kind: String,
    pub(super) data: String,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    Any,
    NoStream,
    StreamExists,
    /// So far from the current revision.
    Near(i64),
}

/// A filter of `$all`.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) field: Field,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Prefixes(Vec<String>),
    /// As the official client asks for it.
    NoSystemNames,
    /// The same as an expression with a look-ahead.
    NotDollar,
    /// An expression that is bound to the end.
    Ends(&'static str),
}

impl Draft {
    pub(super) fn plain(stream: &str, id: u128) -> Self {
        let category = stream.split('-').next().unwrap();
        Self {
            id,
            kind: format!("{category}.happened"),
            data: format!("{{\"id\":{id}}}"),
        }
    }
}

fn draft() -> impl Strategy<Value = Draft> {
    let kind = prop_oneof![9 => Just(METADATA_TYPE), 1 => Just("other")];
    let data = (0..METADATA.len()).prop_map(|which| METADATA[which].to_owned());
    (id(), kind, data).prop_map(|(id, kind, data)| Draft {
        id,
        kind: kind.to_owned(),
        data,
    })
}

fn id() -> impl Strategy<Value = u128> {
    prop_oneof![0..30_u128, 1000..2000_u128]
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        2 => Just(Wish::Any),
        2 => Just(Wish::NoStream),
        2 => Just(Wish::StreamExists),
        5 => Just(Wish::Near(0)),
        2 => (-3_i64..3).prop_map(Wish::Near),
    ]
}

fn filter() -> impl Strategy<Value = Option<Chosen>> {
    let field = prop_oneof![Just(Field::StreamName), Just(Field::EventType)];
    let prefixes = vec(
        prop_oneof!["ti", "ticket-1", "ticket.", "agent", "\\$", "\\$m", "x", ""],
        0..3,
    );
    let shape = prop_oneof![
        Just(Shape::NoSystemNames),
        Just(Shape::NotDollar),
        prop_oneof![Just("1"), Just("ed"), Just("metadata")].prop_map(Shape::Ends),
        prefixes.prop_map(Shape::Prefixes),
    ];
    proptest::option::of((field, shape).prop_map(|(field, shape)| Chosen { field, shape }))
}

fn name() -> impl Strategy<Value = String> {
    let stream = || (0..STREAMS.len()).prop_map(|which| STREAMS[which]);
    prop_oneof![3 => stream().prop_map(str::to_owned), 1 => stream().prop_map(|stream| format!("$${stream}"))]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let stream = || 0..STREAMS.len();
    let direction = || prop_oneof![Just(Direction::Forwards), Just(Direction::Backwards)];
    let count = || prop_oneof![1..6_usize, Just(usize::MAX)];
    let deletion = prop_oneof![5 => Just(Deletion::Soft), 1 => Just(Deletion::Tombstone)];
    prop_oneof![
        8 => (stream(), wish(), vec(id(), 0..6))
            .prop_map(|(stream, expected, ids)| Step::Append { stream, expected, ids }),
        4 => (any::<usize>(), proptest::option::of(wish()), -2_i8..3)
            .prop_map(|(which, expected, length)| Step::Again { which, expected, length }),
        3 => (stream(), wish(), vec(draft(), 0..3))
            .prop_map(|(stream, expected, drafts)| Step::Metadata { stream, expected, drafts }),
        3 => (stream(), wish(), deletion)
            .prop_map(|(stream, expected, kind)| Step::Delete { stream, expected, kind }),
        4 => (name(), direction(), 0_i64..20, count())
            .prop_map(|(name, direction, from, count)| Step::ReadStream { name, direction, from, count }),
        3 => (direction(), 0_i64..60, count(), filter())
            .prop_map(|(direction, from, count, filter)| Step::ReadAll { direction, from, count, filter }),
        1 => any::<bool>().prop_map(|stopped| Step::Restart { stopped }),
    ]
}
