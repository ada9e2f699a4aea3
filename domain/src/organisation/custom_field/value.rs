use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    CustomField, FieldOption, FieldType,
    types::{Finite, LONGEST_TEXT},
};
use crate::organisation::check::host_name;

/// A value of a custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum FieldValue {
    /// A text.
    Text(String),
    /// A number.
    Number(Finite),
    /// Yes or no.
    Boolean(bool),
    /// A day.
    Date(NaiveDate),
    /// Key of an option.
    Select(String),
    /// Keys of options.
    MultiSelect(Vec<String>),
    /// An address on the web.
    Url(String),
    /// A mail address.
    Email(String),
}

/// Why a value does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// There must be one.
    #[error("a value is needed")]
    Missing,
    /// It is of another sort.
    #[error("the value is not of the field's type")]
    WrongType,
    /// It is too long.
    #[error("the text is longer than {0} characters")]
    TooLong(u32),
    /// It holds characters that cannot be kept.
    #[error("the text holds control characters")]
    Unprintable,
    /// It lies outside of the field's limits.
    #[error("the value lies outside of the field's limits")]
    OutOfRange,
    /// No option has this key.
    #[error("{0:?} is none of the field's options")]
    NotAnOption(String),
    /// The same option was chosen twice.
    #[error("{0:?} is chosen twice")]
    Twice(String),
    /// Too many options were chosen.
    #[error("at most {0} options can be chosen")]
    TooMany(u32),
    /// It is no address on the web.
    #[error("the value is no address that begins with http:// or https://")]
    NotAUrl,
    /// It is no mail address.
    #[error("the value is no mail address")]
    NotAnEmail,
}

/// Characters of a web address.
const LONGEST_URL: u32 = 2000;

impl CustomField {
    /// The value as it is to be stored; `None` when there is none. A blank text is none.
    ///
    /// # Errors
    /// Why it does not fit.
    pub fn validate(&self, value: Option<FieldValue>) -> Result<Option<FieldValue>, ValueFault> {
        let value = value.map(|it| self.field_type.validate(it)).transpose()?;
        match value.filter(|it| !it.is_blank()) {
            None if self.required => Err(ValueFault::Missing),
            value => Ok(value),
        }
    }
}

impl FieldValue {
    /// What sort of value it is, in a word.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Boolean(_) => "yes or no",
            Self::Date(_) => "a day",
            Self::Select(_) => "an option",
            Self::MultiSelect(_) => "options",
            Self::Url(_) => "a web address",
            Self::Email(_) => "a mail address",
        }
    }

    /// The same value as a field of that type has it: what is written as a text may be a key or an address.
    #[must_use]
    pub fn meant_for(self, field_type: &FieldType) -> Self {
        let Self::Text(text) = self else { return self };
        match field_type {
            FieldType::Select { .. } => Self::Select(text.trim().to_owned()),
            FieldType::Url {} => Self::Url(text),
            FieldType::Email {} => Self::Email(text),
            FieldType::Text { .. }
            | FieldType::Number { .. }
            | FieldType::Boolean {}
            | FieldType::Date { .. }
            | FieldType::MultiSelect { .. } => Self::Text(text),
        }
    }

    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) | Self::Select(text) | Self::Url(text) | Self::Email(text) => text.is_empty(),
            Self::MultiSelect(chosen) => chosen.is_empty(),
            Self::Number(_) | Self::Boolean(_) | Self::Date(_) => false,
        }
    }
}

impl FieldType {
    /// What sort of value it takes, in a word.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Text { .. } => "a text",
            Self::Number { .. } => "a number",
            Self::Boolean {} => "yes or no",
            Self::Date { .. } => "a day",
            Self::Select { .. } => "an option",
            Self::MultiSelect { .. } => "options",
            Self::Url {} => "a web address",
            Self::Email {} => "a mail address",
        }
    }

    fn validate(&self, value: FieldValue) -> Result<FieldValue, ValueFault> {
        match (self, value) {
            (Self::Text { max_length }, FieldValue::Text(text)) => {
                let most = max_length.unwrap_or(LONGEST_TEXT);
                printable(&text, most).map(|it| FieldValue::Text(it.to_owned()))
            }
            (Self::Number { min, max }, FieldValue::Number(number)) => {
                within(*min, *max, number).map(FieldValue::Number)
            }
            (Self::Boolean {}, FieldValue::Boolean(value)) => Ok(FieldValue::Boolean(value)),
            (Self::Date { min, max }, FieldValue::Date(day)) => within(*min, *max, day).map(FieldValue::Date),
            (Self::Select { options }, FieldValue::Select(key)) => {
                if !key.is_empty() {
                    offered(options, &key)?;
                }
                Ok(FieldValue::Select(key))
            }
            (Self::MultiSelect { options, max_chosen }, FieldValue::MultiSelect(keys)) => {
                choice(options, *max_chosen, keys).map(FieldValue::MultiSelect)
            }
            (Self::Url {}, FieldValue::Url(text)) => web_address(&text).map(FieldValue::Url),
            (Self::Email {}, FieldValue::Email(text)) => mail_address(&text).map(FieldValue::Email),
            (
                Self::Text { .. }
                | Self::Number { .. }
                | Self::Boolean {}
                | Self::Date { .. }
                | Self::Select { .. }
                | Self::MultiSelect { .. }
                | Self::Url {}
                | Self::Email {},
                _other,
            ) => Err(ValueFault::WrongType),
        }
    }
}

fn printable(text: &str, most: u32) -> Result<&str, ValueFault> {
    let text = text.trim();
    if text.chars().count() > usize::try_from(most).unwrap_or(usize::MAX) {
        return Err(ValueFault::TooLong(most));
    }
    let control = |it: char| it.is_control() && it != '\n' && it != '\t';
    if text.chars().any(control) {
        Err(ValueFault::Unprintable)
    } else {
        Ok(text)
    }
}

fn within<T: Ord>(min: Option<T>, max: Option<T>, value: T) -> Result<T, ValueFault> {
    let fits = min.is_none_or(|it| value >= it) && max.is_none_or(|it| value <= it);
    if fits { Ok(value) } else { Err(ValueFault::OutOfRange) }
}

fn offered(options: &[FieldOption], key: &str) -> Result<(), ValueFault> {
    if options.iter().any(|it| it.key == key) {
        Ok(())
    } else {
        Err(ValueFault::NotAnOption(key.to_owned()))
    }
}

/// In the order of the options, so that the same choice is the same value.
fn choice(options: &[FieldOption], most: Option<u32>, keys: Vec<String>) -> Result<Vec<String>, ValueFault> {
    let mut chosen = BTreeSet::new();
    for key in keys {
        offered(options, &key)?;
        if let Some(twice) = chosen.replace(key) {
            return Err(ValueFault::Twice(twice));
        }
    }
    match most {
        Some(most) if chosen.len() > usize::try_from(most).unwrap_or(usize::MAX) => Err(ValueFault::TooMany(most)),
        Some(_) | None => {
            let in_order = options.iter().filter_map(|it| chosen.take(&it.key));
            Ok(in_order.collect())
        }
    }
}

fn web_address(text: &str) -> Result<String, ValueFault> {
    let text = printable(text, LONGEST_URL)?;
    if text.is_empty() {
        return Ok(String::new());
    }
    match Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.has_host() => Ok(url.into()),
        Ok(_) | Err(_) => Err(ValueFault::NotAUrl),
    }
}

/// The part before the `@` as it is, for only its own server knows what capitals mean there; the host in ASCII.
fn mail_address(text: &str) -> Result<String, ValueFault> {
    let text = printable(text, 320)?;
    if text.is_empty() {
        return Ok(String::new());
    }
    let (local, host) = text.rsplit_once('@').ok_or(ValueFault::NotAnEmail)?;
    let plain = |it: char| !it.is_whitespace() && it != '@' && it != '"' && it != '<' && it != '>' && it != ',';
    let local_fits = (1..=64).contains(&local.len()) && local.chars().all(plain);
    match host_name(host) {
        Some(host) if local_fits && !host.starts_with('*') => Ok(format!("{local}@{host}")),
        Some(_) | None => Err(ValueFault::NotAnEmail),
    }
}
