//! How events are shown to people: language, colour, and texts that cannot play tricks on a terminal.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use projections::words;
use serde_json::Value;

#[derive(Debug, Args)]
pub(super) struct Look {
    /// Language of what happened [default: Russian when `LC_ALL`, `LC_MESSAGES` or `LANG` say so, else English]
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Colours: `auto` on a terminal only, and not when `NO_COLOR` is set
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Russian
    Ru,
    /// English
    En,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

/// Texts as they are shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) language: Language,
    coloured: bool,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ink {
    Heading,
    Aside,
    Added,
    Removed,
    Changed,
}

impl Look {
    pub(super) fn style(&self) -> Style {
        let coloured = match self.color {
            Colour::Auto => std::io::stdout().is_terminal() && is_unset("NO_COLOR"),
            Colour::Always => true,
            Colour::Never => false,
        };
        Style {
            language: self.lang.unwrap_or_else(of_system),
            coloured,
        }
    }
}

fn is_unset(variable: &str) -> bool {
    std::env::var_os(variable).is_none_or(|it| it.is_empty())
}

/// The first of these that says something counts, as for every program.
fn of_system() -> Language {
    let said = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find(|it| !is_unset(it));
    let said = said.and_then(std::env::var_os).unwrap_or_default();
    if said.to_string_lossy().starts_with("ru") {
        Language::Ru
    } else {
        Language::En
    }
}

impl Style {
    /// What an event of this stored type says; the type itself when nobody knows.
    pub(super) fn words(self, event_type: &str) -> &str {
        match (words(event_type), self.language) {
            (Some(words), Language::Ru) => words.russian,
            (Some(words), Language::En) => words.english,
            (None, Language::Ru | Language::En) => event_type,
        }
    }

    /// Text in the colour of what it is.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.coloured {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Heading => 1,
            Ink::Aside => 2,
            Ink::Added => 32,
            Ink::Removed => 31,
            Ink::Changed => 33,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A value of a payload in one line.
    pub(super) fn value(self, value: &Value) -> String {
        let is = |name: &str| value.get(name).is_some_and(|it| *it == Value::Bool(true));
        match (self.language, is("sealed"), is("forgotten")) {
            (Language::Ru, true, _) => "запечатано".to_owned(),
            (Language::En, true, _) => "sealed".to_owned(),
            (Language::Ru, _, true) => "забыто".to_owned(),
            (Language::En, _, true) => "forgotten".to_owned(),
            (Language::Ru | Language::En, false, false) => {
                value.as_str().map_or_else(|| plain(&value.to_string()), plain)
            }
        }
    }
}

/// Text of others without what a terminal would obey: control characters are written as `\u{1b}`.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            plain.extend(letter.escape_default());
        } else {
            plain.push(letter);
        }
    }
    plain
}
