use std::cmp::Ordering;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::organisation::{Label, Rule, check::Check};

/// A number that is neither infinite nor no number at all.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Finite(f64);

impl Finite {
    /// The number, if it is finite; minus zero becomes zero.
    pub fn try_new(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Finite {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Finite {}

impl PartialOrd for Finite {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Finite {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// One of the values that a field offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldOption {
    /// The word that is stored.
    pub key: String,
    /// What people read.
    pub label: Label,
}

/// What the values of a field are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldType {
    /// A text.
    Text {
        /// Characters at most, 1 to 10,000; 10,000 when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_length: Option<u32>,
    },
    /// A number.
    Number {
        /// The least; any when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Finite>,
        /// The greatest; any when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Finite>,
    },
    /// Yes or no.
    Boolean {},
    /// A day.
    Date {
        /// The earliest; any when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<NaiveDate>,
        /// The latest; any when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<NaiveDate>,
    },
    /// One of some options.
    Select {
        /// In the order in which they are shown. One that is taken out stays readable where it was chosen.
        options: Vec<FieldOption>,
    },
    /// Any of some options.
    MultiSelect {
        /// In the order in which they are shown. One that is taken out stays readable where it was chosen.
        options: Vec<FieldOption>,
        /// How many at most; any number when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_chosen: Option<u32>,
    },
    /// An address on the web.
    Url {},
    /// A mail address.
    Email {},
}

/// Characters of a value of text.
pub(super) const LONGEST_TEXT: u32 = 10_000;
/// Options of a field.
const MOST_OPTIONS: usize = 500;

impl FieldType {
    pub(super) fn check(&mut self, check: &mut Check) {
        match self {
            Self::Text { max_length: Some(most) } if !(1..=LONGEST_TEXT).contains(most) => {
                check.flaw("maxLength", &most.to_string(), Rule::UpTo(LONGEST_TEXT));
            }
            Self::Number {
                min: Some(min),
                max: Some(max),
            } if *min > *max => check.flaw("max", &max.get().to_string(), Rule::NotBelowLeast),
            Self::Date {
                min: Some(min),
                max: Some(max),
            } if *min > *max => check.flaw("maxDate", &max.to_string(), Rule::NotBelowLeast),
            Self::Select { options } => check_options(options, check),
            Self::MultiSelect { options, max_chosen } => {
                check_options(options, check);
                if let Some(0) = max_chosen {
                    check.flaw("maxChosen", "0", Rule::UpTo(u32::MAX));
                }
            }
            Self::Text { .. }
            | Self::Number { .. }
            | Self::Boolean {}
            | Self::Date { .. }
            | Self::Url {}
            | Self::Email {} => {}
        }
    }
}

fn check_options(options: &mut [FieldOption], check: &mut Check) {
    if options.is_empty() {
        check.flaw("options", "", Rule::AtLeastOne);
    }
    let option = |check: &mut Check, index: &str, option: &mut FieldOption| {
        check.within(index, |check| {
            check.line("key", &mut option.key, 100);
            option.label.check(check, "label");
        });
    };
    check.each("options", options, MOST_OPTIONS, option, |it| &it.key);
}
