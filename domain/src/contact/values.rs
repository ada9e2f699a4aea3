//! Words about a contact, checked when made.

use serde::Serialize;

use crate::values::ValueError;

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident: $field:literal, $accepted:literal, $fits:expr;)+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
            #[serde(transparent)]
            pub struct $name(String);

            impl $name {
                /// Trims and checks.
                ///
                /// # Errors
                /// When it is not acceptable.
                pub fn try_new(text: &str) -> Result<Self, ValueError> {
                    let text = text.trim();
                    let fits: fn(&str) -> bool = $fits;
                    if fits(text) {
                        Ok(Self(text.to_owned()))
                    } else {
                        Err(ValueError::new($field, text, $accepted))
                    }
                }

                /// The text.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }
        )+
    };
}

texts! {
    /// What somebody or something is called: 1 to 200 characters in one line.
    Name: "name", "1 to 200 characters in one line", |it| is_line(it, 200);
    /// What staff should know: 1 to 5000 characters.
    Note: "note", "1 to 5000 characters, without NUL", |it| is_text(it, 5000);
    /// Why something was done: 1 to 500 characters.
    Reason: "reason", "1 to 500 characters, without NUL", |it| is_text(it, 500);
    /// Language and region, as BCP 47 writes them: `ru`, `ru-RU`.
    Locale: "locale", "a language such as ru or ru-RU", is_locale;
    /// A time zone by its IANA name; only its shape is checked.
    TimeZone: "timeZone", "a time zone such as Europe/Moscow", is_zone;
    /// What a consent is for: a key of 1 to 60 small Latin letters, digits, `_`, `-` and `.`.
    Purpose: "purpose", "1 to 60 small Latin letters, digits, _, - and .", is_key;
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.contains('\0')
}

fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let is = |part: &str, length: std::ops::RangeInclusive<usize>| {
        length.contains(&part.len()) && part.chars().all(|it| it.is_ascii_alphanumeric())
    };
    let language = parts
        .next()
        .is_some_and(|it| is(it, 2..=3) && it.chars().all(|it| it.is_ascii_alphabetic()));
    text.len() <= 35 && language && parts.all(|it| is(it, 2..=8))
}

fn is_zone(text: &str) -> bool {
    let shape = |it: char| it.is_ascii_alphanumeric() || "_+-".contains(it);
    text.len() <= 64 && text.split('/').all(|it| !it.is_empty() && it.chars().all(shape))
}

fn is_key(text: &str) -> bool {
    let shape = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "_-.".contains(it);
    (1..=60).contains(&text.len()) && text.chars().all(shape)
}
