//! The checks that definitions are made of. Each puts its value in the usual spelling.

use std::{collections::BTreeSet, str::FromStr};

use icu_locale_core::LanguageIdentifier;
use unicode_normalization::UnicodeNormalization;

use super::{Flaw, Rule};
use crate::{attachment::MediaType, text::words};

/// Characters of a name.
pub(super) const NAME: usize = 100;
/// Characters of a description.
pub(super) const DESCRIPTION: usize = 1000;

/// Notes what is not acceptable, and where.
#[derive(Debug, Default)]
pub struct Check {
    flaws: Vec<Flaw>,
    path: Vec<String>,
}

impl Check {
    pub(super) fn flaws(self) -> Vec<Flaw> {
        self.flaws
    }

    pub(super) fn flaw(&mut self, field: &str, value: &str, rule: Rule) {
        let mut path = self.path.clone();
        path.push(field.to_owned());
        let value = value.chars().take(80).collect();
        self.flaws.push(Flaw { path, value, rule });
    }

    /// Checks what lies deeper.
    pub(super) fn within(&mut self, step: &str, check: impl FnOnce(&mut Check)) {
        self.path.push(step.to_owned());
        check(self);
        self.path.pop();
    }

    /// One line, neither empty nor longer than `most`.
    pub(super) fn line(&mut self, field: &str, text: &mut String, most: usize) {
        trim(text);
        let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !fits {
            self.flaw(field, text, Rule::Line(most));
        }
    }

    /// The same, or nothing; a blank one is nothing.
    pub(super) fn optional_line(&mut self, field: &str, text: &mut Option<String>, most: usize) {
        drop_blank(text);
        if let Some(text) = text {
            self.line(field, text, most);
        }
    }

    /// Any text, or nothing; a blank one is nothing.
    pub(super) fn text(&mut self, field: &str, text: &mut Option<String>, most: usize) {
        drop_blank(text);
        if let Some(text) = text {
            trim(text);
            let control = |it: char| it.is_control() && it != '\n' && it != '\t';
            if text.chars().count() > most || text.chars().any(control) {
                self.flaw(field, text, Rule::Text(most));
            }
        }
    }

    /// A word or a phrase to look for.
    pub(super) fn phrase(&mut self, field: &str, phrase: &mut String) {
        trim(phrase);
        if phrase.chars().count() > NAME || words(phrase).next().is_none() {
            self.flaw(field, phrase, Rule::Phrase(NAME));
        }
    }

    /// The key of a category.
    pub(super) fn key_line(&mut self, field: &str, key: &mut String) {
        self.line(field, key, NAME);
    }

    pub(super) fn time_zone(&mut self, field: &str, name: &mut String) {
        trim(name);
        if chrono_tz::Tz::from_str(name).is_err() {
            self.flaw(field, name, Rule::TimeZone);
        }
    }

    pub(super) fn language(&mut self, field: &str, tag: &mut String) {
        trim(tag);
        match LanguageIdentifier::from_str(tag) {
            Ok(known) if known.to_string() != "und" => *tag = known.to_string(),
            Ok(_) | Err(_) => self.flaw(field, tag, Rule::Language),
        }
    }

    pub(super) fn colour(&mut self, field: &str, colour: &mut Option<String>) {
        drop_blank(colour);
        if let Some(colour) = colour {
            *colour = colour.trim().to_ascii_lowercase();
            let digits = colour.strip_prefix('#').unwrap_or_default();
            if digits.len() != 6 || !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
                self.flaw(field, colour, Rule::Colour);
            }
        }
    }

    /// ISO 3166-1 (`RU`) or 3166-2 (`RU-SVE`).
    pub(super) fn region(&mut self, field: &str, code: &mut String) {
        *code = code.trim().to_ascii_uppercase();
        if !is_region(code) {
            self.flaw(field, code, Rule::Region);
        }
    }

    /// A host name as browsers send it: international ones in their ASCII form. `*.` before it stands for all under it.
    pub(super) fn domain(&mut self, field: &str, domain: &mut String) {
        trim(domain);
        match host_name(domain) {
            Some(name) => *domain = name,
            None => self.flaw(field, domain, Rule::Domain),
        }
    }

    /// `vip`, `serial_number`.
    pub(super) fn word(&mut self, field: &str, word: &mut String) {
        trim(word);
        let mut bytes = word.bytes();
        let begins = bytes.next().is_some_and(|it| it.is_ascii_lowercase());
        let goes_on = bytes.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
        if !begins || !goes_on || word.len() > 50 {
            self.flaw(field, word, Rule::Word);
        }
    }

    /// `image/png`, `image/*`, `application/vnd.ms-*`.
    pub(super) fn media_types(&mut self, field: &str, pattern: &mut String) {
        *pattern = pattern.trim().to_ascii_lowercase();
        let whole = match pattern.strip_suffix('*') {
            Some("*/") => "any/thing".to_owned(),
            Some(beginning) => format!("{beginning}x"),
            None => pattern.clone(),
        };
        if MediaType::try_new(&whole).is_err() || whole.contains(';') {
            self.flaw(field, pattern, Rule::MediaTypes);
        }
    }

    /// Checks each of a list; none may come twice, more than `most` are too many.
    pub(super) fn each<T>(
        &mut self,
        field: &str,
        list: &mut [T],
        most: usize,
        check: impl Fn(&mut Check, &str, &mut T),
        key: impl Fn(&T) -> &str,
    ) {
        if list.len() > most {
            self.flaw(field, &list.len().to_string(), Rule::AtMost(most));
            return;
        }
        self.within(field, |inner| {
            let mut seen = BTreeSet::new();
            for (index, it) in list.iter_mut().enumerate() {
                check(inner, &index.to_string(), it);
                if !seen.insert(key(it).to_owned()) {
                    inner.flaw(&index.to_string(), key(it), Rule::Once);
                }
            }
        });
    }
}

/// The form in which keys are compared: letters that look alike are alike, capitals count as small ones, and space is
/// one blank.
pub fn normal_key(key: &str) -> String {
    let folded: String = key.nfkc().collect::<String>().to_lowercase().nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn trim(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}

fn drop_blank(text: &mut Option<String>) {
    if text.as_ref().is_some_and(|it| it.trim().is_empty()) {
        *text = None;
    }
}

fn is_region(code: &str) -> bool {
    let (country, part) = code.split_once('-').map_or((code, None), |(it, part)| (it, Some(part)));
    let country = country.len() == 2 && country.bytes().all(|it| it.is_ascii_uppercase());
    let part = part.is_none_or(|it| (1..=3).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric()));
    country && part
}

pub(super) fn host_name(text: &str) -> Option<String> {
    let (wildcard, host) = text.strip_prefix("*.").map_or(("", text), |host| ("*.", host));
    let host = idna::domain_to_ascii_strict(host).ok()?;
    let labels: Vec<&str> = host.split('.').collect();
    let last_is_number = labels.last()?.bytes().all(|it| it.is_ascii_digit());
    let enough = if wildcard.is_empty() {
        labels.len() > 1 || host == "localhost"
    } else {
        labels.len() > 1
    };
    (enough && !last_is_number && labels.iter().all(|it| !it.is_empty())).then(|| format!("{wildcard}{host}"))
}
