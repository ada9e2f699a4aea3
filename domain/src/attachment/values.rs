use serde::Serialize;

use super::media::canonical;
use crate::values::ValueError;

/// Name of a file as people see it: 1 to 255 characters in one line, no path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Most characters.
    pub const LONGEST: usize = 255;
    const ACCEPTED: &'static str = "1 to 255 characters in one line, without / and \\, not . or ..";

    /// Checks, and takes blanks off both ends.
    ///
    /// # Errors
    /// When it is empty, too long, no single line, or names another folder.
    pub fn try_new(text: &str) -> Result<Self, ValueError> {
        let name = text.trim();
        // Marks that turn the direction of writing hide what a name ends with.
        let forbidden = |it: char| {
            it.is_control()
                || matches!(it, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        };
        let fits = (1..=Self::LONGEST).contains(&name.chars().count())
            && !name.contains(forbidden)
            && name != "."
            && name != "..";
        if fits {
            Ok(Self(name.to_owned()))
        } else {
            Err(ValueError::new("name", text, Self::ACCEPTED))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a file is, by RFC 6838: `image/png`; in small letters, without parameters, in the usual spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MediaType(String);

impl MediaType {
    const ACCEPTED: &'static str = "a media type such as image/png or application/pdf";

    /// Checks, and drops parameters such as `charset`.
    ///
    /// # Errors
    /// When it is no media type.
    pub fn try_new(text: &str) -> Result<Self, ValueError> {
        let bare = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_part = |it: &str| {
            (1..=100).contains(&it.len())
                && it
                    .bytes()
                    .all(|it| it.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&it))
        };
        match bare.split_once('/') {
            Some((kind, rest)) if is_part(kind) && is_part(rest) => Ok(Self(canonical(&bare).to_owned())),
            Some(_) | None => Err(ValueError::new("contentType", text, Self::ACCEPTED)),
        }
    }

    /// The type.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
