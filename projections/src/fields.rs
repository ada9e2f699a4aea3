//! What the custom fields of a thing say, as one `jsonb` column keeps it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::organisation::{FieldValue, Finite};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{
    Decode, Postgres, Type,
    error::BoxDynError,
    postgres::{PgTypeInfo, PgValueFormat, PgValueRef, types::Oid},
};
use uuid::Uuid;

/// `jsonb`, in every Postgres.
const JSONB: Oid = Oid(3802);

/// What custom fields say, by their ids; an empty field is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fields(BTreeMap<Uuid, FieldValue>);

impl Fields {
    /// What a field says; `None` when it is empty.
    pub fn get(&self, id: Uuid) -> Option<&FieldValue> {
        self.0.get(&id)
    }

    /// The fields that are not empty, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (Uuid, &FieldValue)> {
        self.0.iter().map(|(id, value)| (*id, value))
    }

    pub(crate) fn set(&mut self, id: Uuid, value: Option<&FieldValue>) {
        match value {
            Some(value) => self.0.insert(id, value.clone()),
            None => self.0.remove(&id),
        };
    }

    pub(crate) fn to_json(&self) -> String {
        // Plain data always serialises.
        serde_json::to_string(&self.0).unwrap_or_else(|_never| "{}".to_owned())
    }
}

/// What a field must say: of a choice of several options, at least these.
pub(crate) fn holds(said: &FieldValue, wanted: &FieldValue) -> bool {
    match (said, wanted) {
        (FieldValue::MultiSelect(said), FieldValue::MultiSelect(wanted)) => wanted.iter().all(|it| said.contains(it)),
        (said, wanted) => said == wanted,
    }
}

/// The piece of JSON that `fields` holds when [`holds`] is true.
pub(crate) fn piece(id: Uuid, wanted: &FieldValue) -> String {
    let value = serde_json::to_value(wanted).unwrap_or(Value::Null);
    serde_json::json!({ id.to_string(): value }).to_string()
}

/// One end of a range of numbers or days; the end is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// This number or more.
    NumberFrom(Finite),
    /// This number or less.
    NumberTo(Finite),
    /// This day or later.
    DateFrom(NaiveDate),
    /// This day or earlier.
    DateTo(NaiveDate),
}

impl Bound {
    /// Whether a value lies on its side; one of another kind does not.
    pub(crate) fn holds(&self, said: &FieldValue) -> bool {
        match (self, said) {
            (Self::NumberFrom(bound), FieldValue::Number(said)) => said.get() >= bound.get(),
            (Self::NumberTo(bound), FieldValue::Number(said)) => said.get() <= bound.get(),
            (Self::DateFrom(bound), FieldValue::Date(said)) => said >= bound,
            (Self::DateTo(bound), FieldValue::Date(said)) => said <= bound,
            (Self::NumberFrom(_) | Self::NumberTo(_) | Self::DateFrom(_) | Self::DateTo(_), _) => false,
        }
    }

    /// What finds such a value in `fields`: it fails on no value of another kind. Days of our years sort as texts.
    pub(crate) fn path(&self, id: Uuid) -> String {
        let (kind, operator) = match self {
            Self::NumberFrom(_) => ("number", ">="),
            Self::NumberTo(_) => ("number", "<="),
            Self::DateFrom(_) => ("date", ">="),
            Self::DateTo(_) => ("date", "<="),
        };
        format!(r#"$."{id}" ? (@.kind == "{kind}" && @.value {operator} $bound)"#)
    }

    /// The values that the path names.
    pub(crate) fn vars(&self) -> String {
        match self {
            Self::NumberFrom(number) | Self::NumberTo(number) => serde_json::json!({ "bound": number.get() }),
            Self::DateFrom(day) | Self::DateTo(day) => serde_json::json!({ "bound": day }),
        }
        .to_string()
    }
}

impl Type<Postgres> for Fields {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSONB)
    }
}

impl<'r> Decode<'r, Postgres> for Fields {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let format = value.format();
        let bytes = value.as_bytes()?;
        let json = match format {
            // A number before it says in which way it is written; there is one way.
            PgValueFormat::Binary => bytes.get(1..).unwrap_or_default(),
            PgValueFormat::Text => bytes,
        };
        Ok(Self(serde_json::from_slice(json)?))
    }
}

#[cfg(test)]
mod tests {
    use domain::organisation::FieldValue;
    use uuid::Uuid;

    use super::{Fields, holds};

    #[test]
    fn choice_of_several_holds_some_of_them() {
        let of = |keys: &[&str]| FieldValue::MultiSelect(keys.iter().map(|it| (*it).to_owned()).collect());
        assert!(holds(&of(&["a", "b"]), &of(&["b"])));
        assert!(!holds(&of(&["a"]), &of(&["a", "b"])));
        assert!(!holds(
            &FieldValue::Text("a".to_owned()),
            &FieldValue::Select("a".to_owned())
        ));
    }

    #[test]
    fn emptied_field_is_absent() {
        let mut fields = Fields::default();
        fields.set(Uuid::from_u128(1), Some(&FieldValue::Boolean(true)));
        assert_eq!(
            fields.to_json(),
            r#"{"00000000-0000-0000-0000-000000000001":{"kind":"boolean","value":true}}"#
        );
        fields.set(Uuid::from_u128(1), None);
        assert_eq!(fields, Fields::default());
    }
}
