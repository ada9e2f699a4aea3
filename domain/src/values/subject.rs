use std::fmt;

use serde::Serialize;

use super::ValueError;

/// What a ticket is about, in one line: 1 to 300 characters, no control characters, trimmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Subject(String);

impl Subject {
    const ACCEPTED: &'static str = "1 to 300 characters in one line";

    /// Trims and checks.
    ///
    /// # Errors
    /// When nothing is left, when it is longer than 300 characters, or holds control characters.
    pub fn try_new(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        let fits = (1..=300).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new("subject", text, Self::ACCEPTED))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Subject;

    #[test]
    fn is_trimmed_and_may_be_russian() {
        assert_eq!(
            Subject::try_new("  Не приходит письмо ").unwrap().as_str(),
            "Не приходит письмо"
        );
    }

    #[test]
    fn nothing_too_long_and_control_characters_are_refused() {
        assert!(Subject::try_new(" \t ").is_err());
        assert!(Subject::try_new(&"ж".repeat(300)).is_ok());
        assert!(Subject::try_new(&"ж".repeat(301)).is_err());
        assert!(Subject::try_new("a\nb").is_err());
    }
}
