//! The file that says what is to be tried: TOML, checked before anything is read.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    organisation::{ClassificationRule, Conditions, Flaw, Label, Rule, Thresholds},
    values::TicketType,
    what_if::{CategoryChange, ClassifierChange, Definition, DefinitionFault},
};
use serde::Deserialize;
use uuid::Uuid;

/// Why the file says nothing that can be tried. One line each.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there, or nobody may read it.
    #[error("{0}")]
    Read(std::io::Error),
    /// It is no TOML, or has fields that are not known here.
    #[error("{0}")]
    Form(String),
    /// A value is not acceptable.
    #[error("{field}: {value:?} is not accepted: {accepted}")]
    Value {
        /// Its path in the file.
        field: String,
        /// What came.
        value: String,
        /// What may stand there.
        accepted: String,
    },
    /// The period is none.
    #[error("until {until} is not later than from {from}: nothing lies between")]
    EmptyPeriod {
        /// As given.
        from: DateTime<Utc>,
        /// As given, or now.
        until: DateTime<Utc>,
    },
    /// An instant that has not come.
    #[error("{field} {at} has not come yet: give an instant in the past{}", if *.field == "until" { ", or leave it out for now" } else { "" })]
    NotYet {
        /// `from` or `until`.
        field: &'static str,
        /// As given.
        at: DateTime<Utc>,
    },
    /// It says nothing.
    #[error("nothing is changed: give [priority], [[rules]], [[categories]] or [classifier]")]
    NothingChanged,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    from: toml::Value,
    until: Option<toml::Value>,
    priority: Option<Priority>,
    rules: Option<Vec<FileRule>>,
    #[serde(default)]
    categories: Vec<FileCategory>,
    classifier: Option<FileClassifier>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Priority {
    #[serde(rename = "medium_from")]
    medium: i32,
    #[serde(rename = "high_from")]
    high: i32,
    #[serde(rename = "urgent_from")]
    urgent: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    name: Name,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    types: Vec<TicketType>,
    #[serde(default)]
    inbox_ids: Vec<String>,
    #[serde(default)]
    category_keys: Vec<String>,
    #[serde(default)]
    organization_ids: Vec<String>,
    #[serde(default)]
    languages: Vec<String>,
    category_key: Option<String>,
    #[serde(default)]
    points: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    ru: Option<String>,
    en: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCategory {
    key: String,
    #[serde(default)]
    retired: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileClassifier {
    #[serde(default)]
    off: bool,
    version: Option<u64>,
    threshold: Option<f64>,
}

/// What the file says is to be tried; a period without an end ends `now`.
///
/// # Errors
/// [`FileError`].
pub fn definition(path: &Path, now: DateTime<Utc>) -> Result<Definition, FileError> {
    let text = fs::read_to_string(path).map_err(FileError::Read)?;
    parse(&text, now)
}

fn parse(text: &str, now: DateTime<Utc>) -> Result<Definition, FileError> {
    let file: File = toml::from_str(text).map_err(|it| FileError::Form(in_one_line(&it, text)))?;
    let from = instant("from", &file.from)?;
    let until = file.until.as_ref().map_or(Ok(now), |it| instant("until", it))?;
    let rules = file.rules.map(|it| it.into_iter().enumerate().map(rule).collect());
    let definition = Definition {
        from,
        until,
        thresholds: file.priority.map(|it| Thresholds {
            medium: it.medium,
            high: it.high,
            urgent: it.urgent,
        }),
        rules: rules.transpose()?,
        categories: file.categories.into_iter().map(CategoryChange::from).collect(),
        classifier: file.classifier.as_ref().map(classifier).transpose()?,
    };
    definition.checked(now).map_err(|it| match it {
        DefinitionFault::EmptyPeriod => FileError::EmptyPeriod { from, until },
        DefinitionFault::NotYet { field } => {
            let at = if field == "from" { from } else { until };
            FileError::NotYet { field, at }
        }
        DefinitionFault::NothingChanged => FileError::NothingChanged,
        DefinitionFault::Flaws(flaws) => first(flaws),
    })
}

/// What the library says, on one line and with the place.
fn in_one_line(error: &toml::de::Error, text: &str) -> String {
    let said = error.message().replace('\n', ", ");
    let before = error.span().and_then(|it| text.get(..it.start));
    before.map_or_else(
        || said.clone(),
        |it| format!("line {}: {said}", it.bytes().filter(|it| *it == b'\n').count() + 1),
    )
}

fn instant(field: &str, value: &toml::Value) -> Result<DateTime<Utc>, FileError> {
    let text = match value {
        toml::Value::String(it) => it.clone(),
        toml::Value::Datetime(it) => it.to_string(),
        toml::Value::Integer(it) => it.to_string(),
        toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
            value.type_str().to_owned()
        }
    };
    let day = |it: &str| {
        it.parse::<NaiveDate>()
            .ok()?
            .and_hms_opt(0, 0, 0)
            .map(|it| it.and_utc())
    };
    let found = DateTime::parse_from_rfc3339(&text).ok().map(|it| it.to_utc());
    found.or_else(|| day(&text)).ok_or_else(|| {
        let accepted =
            "an instant such as 2026-03-01T00:00:00Z, or a day such as 2026-03-01, which begins at 00:00 UTC";
        refused(field.to_owned(), text, accepted)
    })
}

fn rule((index, it): (usize, FileRule)) -> Result<ClassificationRule, FileError> {
    let ids = |field: &str, kind: &str, ids: Vec<String>| -> Result<Vec<Uuid>, FileError> {
        let each = ids.into_iter().enumerate().map(|(place, it)| {
            id(kind, &it).ok_or_else(|| {
                let path = format!("rules.{index}.{field}.{place}");
                refused(path, it, "the uuid, or its id in the API")
            })
        });
        each.collect()
    };
    Ok(ClassificationRule {
        name: Label {
            ru: it.name.ru,
            en: it.name.en,
        },
        when: Conditions {
            words: it.words,
            types: it.types,
            inbox_ids: ids("inbox_ids", "Inbox", it.inbox_ids)?,
            category_keys: it.category_keys,
            organization_ids: ids("organization_ids", "Organization", it.organization_ids)?,
            languages: it.languages,
        },
        category_key: it.category_key,
        points: it.points,
    })
}

/// A uuid, or an id of the API: base64url of `Kind:uuid`.
fn id(kind: &str, text: &str) -> Option<Uuid> {
    if let Ok(id) = Uuid::parse_str(text) {
        return Some(id);
    }
    let decoded = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let named = String::from_utf8(decoded).ok()?;
    named.strip_prefix(kind)?.strip_prefix(':')?.parse().ok()
}

impl From<FileCategory> for CategoryChange {
    fn from(it: FileCategory) -> Self {
        let FileCategory { key, retired } = it;
        Self { key, retired }
    }
}

fn classifier(it: &FileClassifier) -> Result<ClassifierChange, FileError> {
    match (it.off, it.version, it.threshold) {
        (true, None, None) => Ok(ClassifierChange::Off),
        (false, Some(version), Some(threshold)) if (0.0..=1.0).contains(&threshold) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it lies between 0 and 1000"
            )]
            let threshold = (threshold * 1000.0).round() as u32;
            Ok(ClassifierChange::Use { version, threshold })
        }
        (_, _, Some(threshold)) if !(0.0..=1.0).contains(&threshold) => Err(refused(
            "classifier.threshold".to_owned(),
            threshold.to_string(),
            "0 to 1",
        )),
        _ => {
            let accepted = "either off = true, or both version and threshold";
            Err(FileError::Form(format!("classifier: give {accepted}")))
        }
    }
}

fn refused(field: String, value: String, accepted: &str) -> FileError {
    FileError::Value {
        field,
        value,
        accepted: accepted.to_owned(),
    }
}

/// The first of the flaws, by the names that the file has for things.
fn first(flaws: Vec<Flaw>) -> FileError {
    let Some(flaw) = flaws.into_iter().next() else {
        return FileError::NothingChanged;
    };
    let path: Vec<&str> = flaw.path.iter().map(|it| step(it)).collect();
    FileError::Value {
        field: path.join("."),
        value: flaw.value,
        accepted: accepted(flaw.rule),
    }
}

fn step(name: &str) -> &str {
    match name {
        "categoryKey" => "category_key",
        "categoryKeys" => "category_keys",
        "highFrom" => "priority.high_from",
        "urgentFrom" => "priority.urgent_from",
        other => other,
    }
}

fn accepted(rule: Rule) -> String {
    match rule {
        Rule::Line(most) => format!("a line of 1 to {most} characters"),
        Rule::Text(most) => format!("at most {most} characters"),
        Rule::SomeLanguage => "a name in Russian (ru), in English (en), or both".to_owned(),
        Rule::Language => "a language by BCP 47, such as ru or en-GB".to_owned(),
        Rule::Word => "small letters, digits and _".to_owned(),
        Rule::Once => "each only once".to_owned(),
        Rule::AtMost(most) => format!("at most {most}"),
        Rule::AtLeastOne => {
            "at least one test: words, types, inbox_ids, category_keys, organization_ids, languages".to_owned()
        }
        Rule::Needed => "category_key, or points other than 0".to_owned(),
        Rule::NotHere => "nothing".to_owned(),
        Rule::NotBelowLeast => {
            "not below the priority before it: medium_from, high_from, urgent_from must not fall".to_owned()
        }
        Rule::Phrase(most) => format!("1 to {most} characters, a letter or a digit among them"),
        Rule::Within(most) => format!("-{most} to {most}"),
        Rule::UpTo(most) => format!("1 to {most}"),
        Rule::TimeZone => "a time zone of the IANA database".to_owned(),
        Rule::Region => "a country or region by ISO 3166".to_owned(),
        Rule::Domain => "a host name".to_owned(),
        Rule::Colour => "#RRGGBB".to_owned(),
        Rule::MediaTypes => "a media type".to_owned(),
        Rule::Variable => "a place for something known of tickets".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn said(text: &str) -> String {
        let now = "2026-05-01T00:00:00Z".parse().unwrap();
        match parse(text, now) {
            Ok(it) => format!("{} {}", it.from.to_rfc3339(), it.until.to_rfc3339()),
            Err(error) => error.to_string(),
        }
    }

    const PRIORITY: &str = "\n[priority]\nmedium_from = 1\nhigh_from = 2\nurgent_from = 3";

    #[test]
    fn instants_are_given_in_several_ways() {
        let whole = "2026-03-01T00:00:00+00:00 2026-05-01T00:00:00+00:00";
        for from in [
            "2026-03-01",
            "\"2026-03-01\"",
            "2026-03-01T03:00:00+03:00",
            "\"2026-03-01T00:00:00Z\"",
        ] {
            assert_eq!(said(&format!("from = {from}{PRIORITY}")), whole, "{from}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_accepted() {
        for (text, words) in [
            ("x = 1", "line 1: unknown field `x`, expected one of `from`, `until`"),
            ("until = 2026-03-01", "missing field `from`"),
            ("from = 2026-03-01", "nothing is changed"),
            ("from = 3", "from: \"3\" is not accepted: an instant such as"),
            (
                "from = 2026-03-01\nuntil = 2026-03-01\n[classifier]\noff = true",
                "nothing lies between",
            ),
            (
                "from = 2026-03-01\nuntil = 2027-03-01\n[classifier]\noff = true",
                "until 2027-03-01",
            ),
            (
                "from = 2026-03-01\n[priority]\nlow_from = 1",
                "line 3: unknown field `low_from`, expected one of `medium_from`",
            ),
            (
                "from = 2026-03-01\n[priority]\nmedium_from = 5\nhigh_from = 1\nurgent_from = 9",
                "priority.high_from: \"1\"",
            ),
            (
                "from = 2026-03-01\n[[rules]]\nname = {en = \"a\"}\npoints = 3",
                "rules.0.words: \"\" is not accepted: at least one test",
            ),
            (
                "from = 2026-03-01\n[[rules]]\nname = {en = \"a\"}\nwords = [\"b\"]",
                "rules.0.category_key",
            ),
            (
                "from = 2026-03-01\n[[rules]]\nname = {en = \"a\"}\nwords = [\"b\"]\npoints = 300",
                "rules.0.points: \"300\" is not accepted: -100 to 100",
            ),
            (
                "from = 2026-03-01\n[[rules]]\nname = {en = \"a\"}\ninbox_ids = [\"b\"]\npoints = 3",
                "rules.0.inbox_ids.0: \"b\"",
            ),
            (
                "from = 2026-03-01\n[[rules]]\nname = {en = \"a\"}\ntypes = [\"b\"]\npoints = 3",
                "unknown variant `b`",
            ),
            (
                "from = 2026-03-01\n[classifier]\nversion = 1\nthreshold = 2.0",
                "classifier.threshold: \"2\"",
            ),
            ("from = 2026-03-01\n[classifier]\nversion = 1", "either off = true"),
        ] {
            let said = said(text);
            assert!(said.contains(words), "{text:?}: {said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }
}
