//! Values of custom fields.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, InputObject, Result, SimpleObject};
use chrono::{Datelike, NaiveDate};
use domain::organisation::{FieldValue, Finite, Kind as ItemKind};
use projections::{
    Bound, Fields,
    ticket_list::filter::{Condition, FieldsColumn},
};
use uuid::Uuid;

use crate::{
    graphql::{
        filter::searchable,
        ids::{Kind, global, required},
        organisation::CustomField,
        related::Related,
    },
    problem::Problem,
};

/// What a custom field of a ticket says. One of the values is there, as the field's type has it.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct TicketFieldValue {
    /// Id of the field.
    field_id: ID,
    /// A text, an address, or the key of the chosen option.
    text: Option<String>,
    /// A number.
    number: Option<f64>,
    /// Yes or no.
    boolean: Option<bool>,
    /// A day.
    date: Option<NaiveDate>,
    /// Keys of the chosen options.
    options: Option<Vec<String>>,
    #[graphql(skip)]
    id: Uuid,
    #[graphql(skip)]
    related: Arc<Related>,
}

#[ComplexObject]
impl TicketFieldValue {
    /// The field; still there when it was retired since.
    async fn field(&self, ctx: &Context<'_>) -> Result<Option<CustomField>> {
        self.related.item(ctx, Some(self.id)).await
    }
}

/// The fields of a ticket that say something.
pub(in crate::graphql) fn values(fields: &Fields, related: &Arc<Related>) -> Vec<TicketFieldValue> {
    let value = |(id, value): (Uuid, &FieldValue)| {
        let mut shown = TicketFieldValue {
            field_id: global(Kind::Item(ItemKind::CustomField), id),
            text: None,
            number: None,
            boolean: None,
            date: None,
            options: None,
            id,
            related: Arc::clone(related),
        };
        match value {
            FieldValue::Text(text) | FieldValue::Select(text) | FieldValue::Url(text) | FieldValue::Email(text) => {
                shown.text = Some(text.clone());
            }
            FieldValue::Number(number) => shown.number = Some(number.get()),
            FieldValue::Boolean(boolean) => shown.boolean = Some(*boolean),
            FieldValue::Date(date) => shown.date = Some(*date),
            FieldValue::MultiSelect(keys) => shown.options = Some(keys.clone()),
        }
        shown
    };
    fields.iter().map(value).collect()
}

/// A value of a custom field: exactly one of these.
#[derive(Debug, Clone, InputObject)]
pub(in crate::graphql) struct TicketFieldInput {
    /// A text, an address, or the key of an option, as the field's type has it.
    text: Option<String>,
    /// A number.
    number: Option<f64>,
    /// Yes or no.
    boolean: Option<bool>,
    /// A day.
    date: Option<NaiveDate>,
    /// Keys of options.
    options: Option<Vec<String>>,
}

impl TicketFieldInput {
    pub(super) fn value(self) -> Result<FieldValue, Problem> {
        one_of("value", self.text, self.number, self.boolean, self.date, self.options)
    }
}

fn one_of(
    field: &'static str,
    text: Option<String>,
    number: Option<f64>,
    boolean: Option<bool>,
    date: Option<NaiveDate>,
    options: Option<Vec<String>>,
) -> Result<FieldValue, Problem> {
    let number = number.and_then(Finite::try_new);
    let given = [
        text.map(FieldValue::Text),
        number.map(FieldValue::Number),
        boolean.map(FieldValue::Boolean),
        date.map(FieldValue::Date),
        options.map(FieldValue::MultiSelect),
    ];
    let mut given = given.into_iter().flatten();
    if let (Some(value), None) = (given.next(), given.next()) {
        return Ok(value);
    }
    let (russian, english) = (
        "ровно одно из text, number, boolean, date, options",
        "exactly one of text, number, boolean, date, options",
    );
    Err(Problem::bad_input(field, "…", russian, english).about(field))
}

/// What a custom field must say: exactly one value, or whether it is empty.
#[derive(Debug, Clone, InputObject)]
pub(in crate::graphql) struct TicketFieldTest {
    /// Id of the field.
    pub(in crate::graphql) field_id: ID,
    /// Is this text.
    text: Option<String>,
    /// Is this option.
    option: Option<String>,
    /// Is this web address.
    url: Option<String>,
    /// Is this mail address.
    email: Option<String>,
    /// Is this number.
    number: Option<f64>,
    /// Is this.
    boolean: Option<bool>,
    /// Is this day.
    date: Option<NaiveDate>,
    /// Are at least these options.
    options: Option<Vec<String>>,
    /// Is empty, or with `false` filled.
    is_null: Option<bool>,
    /// Is this number or more; beside `numberLte` alone.
    number_gte: Option<f64>,
    /// Is this number or less; beside `numberGte` alone.
    number_lte: Option<f64>,
    /// Is this day or later; beside `dateLte` alone.
    date_gte: Option<NaiveDate>,
    /// Is this day or earlier; beside `dateGte` alone.
    date_lte: Option<NaiveDate>,
}

impl TicketFieldTest {
    pub(in crate::graphql) fn condition(self) -> Result<Condition, Problem> {
        let id = required(Kind::Item(ItemKind::CustomField), "fields", &self.field_id)?;
        let column = FieldsColumn::Fields;
        let plain = |it: Option<String>| it.map(|it| searchable("fields", it)).transpose();
        let words = [
            plain(self.option.clone())?.map(FieldValue::Select),
            plain(self.url.clone())?.map(FieldValue::Url),
            plain(self.email.clone())?.map(FieldValue::Email),
        ];
        let text = plain(self.text.clone())?;
        let each = |it: Vec<String>| it.into_iter().map(|it| searchable("fields", it)).collect();
        let options: Option<Vec<String>> = self.options.clone().map(each).transpose()?;
        let rest = text.is_some()
            || self.number.is_some()
            || self.boolean.is_some()
            || self.date.is_some()
            || options.is_some();
        let (russian, english) = ("ровно одно условие на поле", "exactly one condition on a field");
        let bad = || Problem::bad_input("fields", "…", russian, english);
        let others = rest || self.is_null.is_some() || words.iter().any(Option::is_some);
        let ranges = self.ranges(id)?;
        if !ranges.is_empty() {
            return if others { Err(bad()) } else { Ok(Condition::And(ranges)) };
        }
        let mut words = words.into_iter().flatten();
        match (self.is_null, words.next(), words.next()) {
            (Some(wanted), None, None) if !rest => Ok(Condition::IsEmpty(column, id, wanted)),
            (None, Some(value), None) if !rest => Ok(Condition::Says(column, id, value)),
            (None, None, None) => {
                let value = one_of("fields", text, self.number, self.boolean, self.date, options);
                Ok(Condition::Says(column, id, value.map_err(|_other| bad())?))
            }
            (Some(_) | None, _, _) => Err(bad()),
        }
    }

    /// The ends of the range that is asked for, if one is: of numbers or of days, not of both.
    fn ranges(&self, id: Uuid) -> Result<Vec<Condition>, Problem> {
        let (russian, english) = (
            "границы чисел или границы дней с 0001 по 9999 год",
            "bounds of numbers, or of days of the years 0001 to 9999",
        );
        let bad = || Problem::bad_input("fields", "…", russian, english);
        let number = |it: Option<f64>| it.map(|it| Finite::try_new(it).ok_or_else(bad)).transpose();
        let days = [self.date_gte, self.date_lte];
        let storable = days.iter().flatten().all(|it| (1..=9999).contains(&it.year()));
        let both = days.iter().any(Option::is_some) && (self.number_gte.is_some() || self.number_lte.is_some());
        if both || !storable {
            return Err(bad());
        }
        let bounds = [
            number(self.number_gte)?.map(Bound::NumberFrom),
            number(self.number_lte)?.map(Bound::NumberTo),
            self.date_gte.map(Bound::DateFrom),
            self.date_lte.map(Bound::DateTo),
        ];
        let reaches = |it| Condition::Reaches(FieldsColumn::Fields, id, it);
        Ok(bounds.into_iter().flatten().map(reaches).collect())
    }
}
