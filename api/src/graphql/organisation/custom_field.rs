//! A custom field's type, taken apart for frontends and put together from what they give.

use async_graphql::{InputObject, SimpleObject};
use chrono::NaiveDate;
use domain::organisation::{FieldOption, FieldType, Finite};

use super::{
    label::{Label, LabelInput},
    words::Sort,
};
use crate::problem::Problem;

/// One of the values that a custom field offers.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct CustomFieldOption {
    /// The word that is stored.
    key: String,
    /// What people read.
    label: Label,
}

/// One of the values that a custom field offers.
#[derive(Debug, Clone, InputObject)]
pub(super) struct CustomFieldOptionInput {
    /// The word that is stored, 1 to 100 characters in one line.
    key: String,
    /// What people read.
    label: LabelInput,
}

pub(super) fn sort(field_type: &FieldType) -> Sort {
    match field_type {
        FieldType::Text { .. } => Sort::Text,
        FieldType::Number { .. } => Sort::Number,
        FieldType::Boolean {} => Sort::Boolean,
        FieldType::Date { .. } => Sort::Date,
        FieldType::Select { .. } => Sort::Select,
        FieldType::MultiSelect { .. } => Sort::MultiSelect,
        FieldType::Url {} => Sort::Url,
        FieldType::Email {} => Sort::Email,
    }
}

pub(super) fn max_length(field_type: &FieldType) -> Option<u32> {
    if let FieldType::Text { max_length } = field_type {
        *max_length
    } else {
        None
    }
}

pub(super) fn numbers(field_type: &FieldType) -> (Option<f64>, Option<f64>) {
    if let FieldType::Number { min, max } = field_type {
        (min.map(Finite::get), max.map(Finite::get))
    } else {
        (None, None)
    }
}

pub(super) fn days(field_type: &FieldType) -> (Option<NaiveDate>, Option<NaiveDate>) {
    if let FieldType::Date { min, max } = field_type {
        (*min, *max)
    } else {
        (None, None)
    }
}

pub(super) fn options(field_type: &FieldType) -> Vec<CustomFieldOption> {
    let (FieldType::Select { options } | FieldType::MultiSelect { options, .. }) = field_type else {
        return Vec::new();
    };
    let shown = |it: &FieldOption| CustomFieldOption {
        key: it.key.clone(),
        label: it.label.clone().into(),
    };
    options.iter().map(shown).collect()
}

pub(super) fn max_chosen(field_type: &FieldType) -> Option<u32> {
    if let FieldType::MultiSelect { max_chosen, .. } = field_type {
        *max_chosen
    } else {
        None
    }
}

/// What is given of a type: its sort, and limits of which each sort takes its own.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) sort: Sort,
    pub(super) max_length: Option<u32>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) min_date: Option<NaiveDate>,
    pub(super) max_date: Option<NaiveDate>,
    pub(super) options: Option<Vec<CustomFieldOptionInput>>,
    pub(super) max_chosen: Option<u32>,
}

impl Given {
    /// # Errors
    /// A limit that the sort does not have: it would be lost without a word.
    pub(super) fn field_type(self) -> Result<FieldType, Vec<Problem>> {
        let given: [(&str, bool, &[Sort]); 7] = [
            ("maxLength", self.max_length.is_some(), &[Sort::Text]),
            ("min", self.min.is_some(), &[Sort::Number]),
            ("max", self.max.is_some(), &[Sort::Number]),
            ("minDate", self.min_date.is_some(), &[Sort::Date]),
            ("maxDate", self.max_date.is_some(), &[Sort::Date]),
            ("options", self.options.is_some(), &[Sort::Select, Sort::MultiSelect]),
            ("maxChosen", self.max_chosen.is_some(), &[Sort::MultiSelect]),
        ];
        let strange: Vec<Problem> = given
            .iter()
            .filter(|(_, is_given, sorts)| *is_given && !sorts.contains(&self.sort))
            .map(|(field, ..)| {
                let (russian, english) = (
                    "ничего: у этого типа такого нет",
                    "nothing: this type has no such thing",
                );
                Problem::bad_input(field, "…", russian, english)
            })
            .collect();
        if !strange.is_empty() {
            return Err(strange);
        }
        let options = |given: Option<Vec<CustomFieldOptionInput>>| -> Vec<FieldOption> {
            let option = |it: CustomFieldOptionInput| FieldOption {
                key: it.key,
                label: it.label.into(),
            };
            given.unwrap_or_default().into_iter().map(option).collect()
        };
        Ok(match self.sort {
            Sort::Text => FieldType::Text {
                max_length: self.max_length,
            },
            // JSON and GraphQL have no number that is not finite.
            Sort::Number => FieldType::Number {
                min: self.min.and_then(Finite::try_new),
                max: self.max.and_then(Finite::try_new),
            },
            Sort::Boolean => FieldType::Boolean {},
            Sort::Date => FieldType::Date {
                min: self.min_date,
                max: self.max_date,
            },
            Sort::Select => FieldType::Select {
                options: options(self.options),
            },
            Sort::MultiSelect => FieldType::MultiSelect {
                options: options(self.options),
                max_chosen: self.max_chosen,
            },
            Sort::Url => FieldType::Url {},
            Sort::Email => FieldType::Email {},
        })
    }
}
