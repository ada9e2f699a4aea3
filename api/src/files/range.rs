//! Which part of a file a request asks for (RFC 9110, 14).

use std::ops::Range;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it.
    Whole,
    /// These bytes; never none.
    Part(Range<u64>),
    /// Bytes that are not there.
    Nothing,
}

/// What the header `Range` asks for of so many bytes; what does not read, and more than one range, is all of it.
pub(crate) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(set) = header.and_then(|it| it.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    let number = |it: &str| {
        it.bytes()
            .all(|it| it.is_ascii_digit())
            .then(|| it.parse::<u64>().ok())?
    };
    let Some((first, last)) = set.split_once('-').map(|(a, b)| (a.trim(), b.trim())) else {
        return Wanted::Whole;
    };
    let range = match (first, last) {
        ("", _) => match number(last) {
            Some(0) => return Wanted::Nothing,
            Some(count) => size.saturating_sub(count)..size,
            None => return Wanted::Whole,
        },
        (_, "") => match number(first) {
            Some(first) => first..size,
            None => return Wanted::Whole,
        },
        (_, _) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
            _ => return Wanted::Whole,
        },
    };
    if range.is_empty() {
        Wanted::Nothing
    } else {
        Wanted::Part(range)
    }
}

#[cfg(test)]
mod tests {
    use super::{Wanted, wanted};

    #[test]
    fn single_ranges_are_read_as_the_standard_says() {
        let of = |text| wanted(Some(text), 1000);
        for (text, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-499", 0..500),
            ("bytes=500-", 500..1000),
            ("bytes=-500", 500..1000),
            ("bytes=-5000", 0..1000),
            ("bytes=900-5000", 900..1000),
        ] {
            assert_eq!(of(text), Wanted::Part(range), "{text}");
        }
        for text in ["bytes=1000-", "bytes=-0", "bytes=1000-2000"] {
            assert_eq!(of(text), Wanted::Nothing, "{text}");
        }
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-1",
            "bytes=a-b",
            "bytes=0-1,5-6",
            "items=0-1",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(of(text), Wanted::Whole, "{text}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }
}
