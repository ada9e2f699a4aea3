//! What the newest event of a metastream says about its stream.
//!
//! The metadata of stream `x` is the newest event of stream `$$x`, if it is of type `$metadata`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::clock;

pub(crate) const METADATA_TYPE: &str = "$metadata";
/// As "truncate before" it hides whatever is in the stream: the stream is deleted, but may begin anew.
pub(crate) const DELETED: i64 = i64::MAX;

/// Metastreams have no metastreams.
pub(crate) const METASTREAM_PREFIX: &str = "$$";

type Keys = BTreeMap<String, Box<RawValue>>;

/// What shortens reads of a stream; other keys are of no concern to the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) max_count: Option<i64>,
    /// In ticks.
    pub(crate) max_age: Option<i64>,
    /// The first revision that is still shown.
    pub(crate) truncate_before: Option<i64>,
}

impl Metadata {
    /// `None` when it is no JSON object. A value that is no positive number counts as not set.
    pub(crate) fn parse(kind: &str, data: &[u8]) -> Option<Self> {
        let keys = (kind == METADATA_TYPE).then(|| object(data)).flatten()?;
        let number = |key: &str| keys.get(key).and_then(|raw| raw.get().parse::<i64>().ok());
        Some(Self {
            max_count: number("$maxCount").filter(|count| *count > 0),
            max_age: number("$maxAge")
                .filter(|seconds| *seconds > 0)
                .map(|seconds| seconds.saturating_mul(clock::TICKS_PER_SECOND)),
            truncate_before: number("$tb").filter(|revision| *revision >= 0),
        })
    }
}

/// The stream whose metadata `name` holds.
pub(crate) fn original(name: &str) -> Option<&str> {
    name.strip_prefix(METASTREAM_PREFIX)
}

pub(crate) fn metastream(name: &str) -> String {
    format!("{METASTREAM_PREFIX}{name}")
}

/// The same metadata with another `$tb`; all other keys keep the very text they have. What is no object is replaced.
pub(crate) fn with_truncate_before(data: &[u8], revision: i64) -> Vec<u8> {
    let alone = format!("{{\"$tb\":{revision}}}").into_bytes();
    let (Some(mut keys), Some(key)) = (object(data), object(&alone)) else {
        return alone;
    };
    keys.extend(key);
    serde_json::to_vec(&keys).unwrap_or(alone)
}

fn object(data: &[u8]) -> Option<Keys> {
    serde_json::from_slice(data).ok()
}

#[cfg(test)]
mod tests {
    use super::{DELETED, METADATA_TYPE, Metadata, with_truncate_before};

    fn parse(data: &str) -> Option<Metadata> {
        Metadata::parse(METADATA_TYPE, data.as_bytes())
    }

    #[test]
    fn known_keys_are_read_and_senseless_values_count_as_not_set() {
        let whole = Metadata {
            max_count: Some(3),
            max_age: Some(20_000_000),
            truncate_before: Some(DELETED),
        };
        assert_eq!(
            parse(r#"{"$maxCount":3,"$maxAge":2,"$tb":9223372036854775807,"x":[{}]}"#),
            Some(whole)
        );
        for senseless in [
            r#"{"$maxCount":0,"$maxAge":-1,"$tb":-1}"#,
            r#"{"$maxCount":"3","$maxAge":null,"$tb":1.5}"#,
            r#"{"$tb":18446744073709551616}"#,
            "{}",
        ] {
            assert_eq!(parse(senseless), Some(Metadata::default()), "{senseless}");
        }
    }

    #[test]
    fn other_data_is_no_metadata() {
        for data in ["", "[]", "{", "null", "\u{1}"] {
            assert_eq!(parse(data), None);
        }
        assert_eq!(Metadata::parse("other", br#"{"$tb":1}"#), None);
    }

    #[test]
    fn other_keys_keep_their_text() {
        let merged = with_truncate_before(br#"{"a" : 1.50, "$tb":3, "$acl":{"$r": "x"}}"#, DELETED);
        let expected = r#"{"$acl":{"$r": "x"},"$tb":9223372036854775807,"a":1.50}"#;
        assert_eq!(String::from_utf8(merged).unwrap(), expected);
        assert_eq!(with_truncate_before(b"no json", 7), br#"{"$tb":7}"#);
    }
}
