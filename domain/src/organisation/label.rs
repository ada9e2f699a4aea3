use serde::{Deserialize, Serialize};

use super::{Rule, check::Check};

/// A name in Russian, in English, or in both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Label {
    /// По-русски.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ru: Option<String>,
    /// In English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Label {
    /// The Russian name, or with `false` the English one; the other one where it is missing.
    pub fn text(&self, russian: bool) -> &str {
        let (wanted, other) = if russian {
            (&self.ru, &self.en)
        } else {
            (&self.en, &self.ru)
        };
        wanted.as_ref().or(other.as_ref()).map_or("", String::as_str)
    }

    /// In both languages, the Russian first.
    pub fn both(&self) -> String {
        let words: Vec<&str> = [&self.ru, &self.en].into_iter().flatten().map(String::as_str).collect();
        words.join(" / ")
    }

    pub(super) fn check(&mut self, check: &mut Check, field: &str) {
        check.within(field, |check| {
            check.optional_line("ru", &mut self.ru, super::check::NAME);
            check.optional_line("en", &mut self.en, super::check::NAME);
        });
        if self.ru.is_none() && self.en.is_none() {
            check.flaw(field, "", Rule::SomeLanguage);
        }
    }
}
