use serde::Serialize;

use crate::values::ValueError;

/// Text of a message as its author wrote it, in Markdown: 1 to 100,000 characters, of control characters only line ends
/// and tabs, and something else than white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Body(String);

impl Body {
    /// Most characters.
    pub const LONGEST: usize = 100_000;
    const ACCEPTED: &'static str =
        "1 to 100000 characters, not only white space, of control characters only line ends and tabs";

    /// Checks, and changes nothing: leading spaces mean something in Markdown.
    ///
    /// # Errors
    /// When there is nothing to read, too much, or a control character.
    pub fn try_new(text: &str) -> Result<Self, ValueError> {
        let forbidden = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
        let fits = !text.trim().is_empty() && text.chars().count() <= Self::LONGEST && !text.contains(forbidden);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new("body", text, Self::ACCEPTED))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn markdown_is_taken_as_it_is() {
        let text = "    код\r\n\tи ещё :+1:\n";
        assert_eq!(Body::try_new(text).unwrap().as_str(), text);
    }

    #[test]
    fn nothing_too_much_and_control_characters_are_refused() {
        assert!(Body::try_new(" \n\t ").is_err());
        assert!(Body::try_new(&"ж".repeat(Body::LONGEST)).is_ok());
        assert!(Body::try_new(&"ж".repeat(Body::LONGEST + 1)).is_err());
        for bad in ["a\0b", "a\u{1b}[31m", "a\u{85}b"] {
            assert!(Body::try_new(bad).is_err(), "{bad:?}");
        }
    }
}
