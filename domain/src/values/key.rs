use serde::Serialize;

use super::ValueError;

/// Key of a category or subcategory: 1 to 100 characters in one line, trimmed.
///
/// So wide because other systems use a category's words as its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CategoryKey(String);

impl CategoryKey {
    /// Trims and checks.
    ///
    /// # Errors
    /// When nothing is left, when it is longer than 100 characters, or holds control characters.
    pub fn try_new(field: &'static str, text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        let fits = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new(field, text, "1 to 100 characters in one line"))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The client's name of one wish: 1 to 200 characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks.
    ///
    /// # Errors
    /// When blank, longer than 200 characters, or holding control characters.
    pub fn try_new(text: &str) -> Result<Self, ValueError> {
        let fits = text.chars().count() <= 200 && !text.trim().is_empty() && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new(
                "idempotencyKey",
                text,
                "1 to 200 characters, not blank",
            ))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{CategoryKey, IdempotencyKey};

    #[test]
    fn category_key_may_be_words() {
        assert_eq!(
            CategoryKey::try_new("categoryId", " Оплата / карта ").unwrap().as_str(),
            "Оплата / карта"
        );
        for wrong in ["", " ", "a\tb", &"x".repeat(101)] {
            assert!(CategoryKey::try_new("categoryId", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn idempotency_key_is_not_blank() {
        assert!(IdempotencyKey::try_new("order 17 / try").is_ok());
        for wrong in ["", "  ", "a\u{0}b", &"x".repeat(201)] {
            assert!(IdempotencyKey::try_new(wrong).is_err(), "{wrong:?}");
        }
    }
}
