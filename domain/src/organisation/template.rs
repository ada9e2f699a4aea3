//! Texts with places for what is known of a ticket: `Здравствуйте, {{contact.name}}!`

use serde::{Deserialize, Serialize};

use super::{Rule, check::Check};

/// Characters of a template at most.
const LONGEST: usize = 10_000;

/// What can stand between `{{` and `}}`.
pub const VARIABLES: [&str; 11] = [
    "agent.name",
    "branch.name",
    "category.name",
    "contact.name",
    "estimate",
    "inbox.name",
    "promise",
    "ticket.number",
    "ticket.priority",
    "ticket.status",
    "ticket.subject",
];

/// A text with places in Russian, in English, or in both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Template {
    /// По-русски.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ru: Option<String>,
    /// In English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Template {
    /// The Russian text, or with `false` the English one; the other one where it is missing.
    pub fn text(&self, russian: bool) -> &str {
        let (wanted, other) = if russian {
            (&self.ru, &self.en)
        } else {
            (&self.en, &self.ru)
        };
        wanted.as_ref().or(other.as_ref()).map_or("", String::as_str)
    }

    pub(super) fn check(&mut self, check: &mut Check, field: &str) {
        check.within(field, |check| {
            for (language, text) in [("ru", &mut self.ru), ("en", &mut self.en)] {
                check.text(language, text, LONGEST);
                if let Some(unknown) = text.as_deref().and_then(unknown) {
                    check.flaw(language, &unknown, Rule::Variable);
                }
            }
        });
        if self.ru.is_none() && self.en.is_none() {
            check.flaw(field, "", Rule::SomeLanguage);
        }
    }
}

/// A piece of a template.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
    /// `{{` without its end.
    Open(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("{{") {
        pieces.push(Piece::Text(before));
        let Some((name, behind)) = from.split_once("}}") else {
            pieces.push(Piece::Open(from));
            return pieces;
        };
        pieces.push(Piece::Variable(name.trim()));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The first place that nothing can be put in.
fn unknown(text: &str) -> Option<String> {
    pieces(text).into_iter().find_map(|it| match it {
        Piece::Variable(name) if !VARIABLES.contains(&name) => Some(name.to_owned()),
        Piece::Open(from) => Some(format!("{{{{{from}")),
        Piece::Text(_) | Piece::Variable(_) => None,
    })
}

/// The places in a text, each once, in their order.
pub fn places(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        if let Piece::Variable(name) = piece
            && !found.contains(&name)
        {
            found.push(name);
        }
    }
    found
}

/// A text with its places filled; what is not known leaves its place empty. Values are put in as they are and never read as
/// templates.
pub fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Variable(name) => filled.push_str(&value(name).unwrap_or_default()),
            Piece::Open(from) => {
                filled.push_str("{{");
                filled.push_str(from);
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::{filled, unknown};

    #[test]
    fn places_are_filled_once_and_with_what_is_known() {
        let value = |name: &str| (name == "contact.name").then(|| "{{agent.name}}".to_owned());
        let text = filled("Здравствуйте, {{ contact.name }}! {{ticket.number}}.", value);
        assert_eq!(text, "Здравствуйте, {{agent.name}}! .");
        assert_eq!(filled("{{contact.name", value), "{{contact.name");
    }

    #[test]
    fn place_for_nothing_is_found_before_it_is_saved() {
        assert_eq!(unknown("{{contact.name}} {{ticket.number}}"), None);
        assert_eq!(unknown("{{contact.nmae}}").as_deref(), Some("contact.nmae"));
        assert_eq!(unknown("{{}}").as_deref(), Some(""));
        assert!(unknown("до {{contact.name").is_some_and(|it| it.starts_with("{{")));
    }
}
