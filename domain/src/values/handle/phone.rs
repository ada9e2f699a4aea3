//! Telephone numbers in the form of E.164: `+`, country code, number; 7 to 15 digits in all.

use super::{HandleChannel, HandleError, malformed};

/// Country codes of two digits; those of one are 1 and 7, all others have three. ITU-T E.164, list of 2016.
const OF_TWO: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95", "98",
];
/// First two digits of country codes that belong to nobody.
const UNUSED: &[&str] = &["28", "83", "89"];

pub(super) fn normalise(text: &str) -> Result<String, HandleError> {
    let bad = || malformed(HandleChannel::Phone, text);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let spaced =
        |it: char| it.is_ascii_digit() || it.is_whitespace() || "+-().\u{2010}\u{2011}\u{2012}\u{2013}".contains(it);
    if !text.chars().all(spaced) || text.rfind('+').is_some_and(|it| it > 0) {
        return Err(bad());
    }
    let international = text.starts_with('+');
    if !international && (5..=15).contains(&digits.len()) {
        return Err(HandleError::PhoneWithoutCountry(text.to_owned()));
    }
    if international && fits(&digits) {
        Ok(format!("+{digits}"))
    } else {
        Err(bad())
    }
}

/// Whether these digits begin with a country code and are as many as it wants.
fn fits(digits: &str) -> bool {
    let length = digits.len();
    if !(7..=15).contains(&length) {
        return false;
    }
    match digits.as_bytes() {
        [b'1' | b'7', ..] => length == 11,
        [b'0', ..] => false,
        _other => OF_TWO.iter().any(|it| digits.starts_with(it)) || !UNUSED.iter().any(|it| digits.starts_with(it)),
    }
}
