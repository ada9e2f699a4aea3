//! Values of custom fields.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, InputObject, Result, SimpleObject};
use chrono::NaiveDate;
use domain::organisation::{FieldValue, Finite, Kind as ItemKind};
use projections::{
    Fields,
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
    field_id: ID,
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
}

impl TicketFieldTest {
    pub(in crate::graphql) fn condition(self) -> Result<Condition, Problem> {
        let id = required(Kind::Item(ItemKind::CustomField), "fields", &self.field_id)?;
        let column = FieldsColumn::Fields;
        let plain = |it: Option<String>| it.map(|it| searchable("fields", it)).transpose();
        let words = [
            plain(self.option)?.map(FieldValue::Select),
            plain(self.url)?.map(FieldValue::Url),
            plain(self.email)?.map(FieldValue::Email),
        ];
        let mut words = words.into_iter().flatten();
        let text = plain(self.text)?;
        let rest = text.is_some()
            || self.number.is_some()
            || self.boolean.is_some()
            || self.date.is_some()
            || self.options.is_some();
        let (russian, english) = ("ровно одно условие на поле", "exactly one condition on a field");
        let bad = || Problem::bad_input("fields", "…", russian, english);
        match (self.is_null, words.next(), words.next()) {
            (Some(wanted), None, None) if !rest => Ok(Condition::IsEmpty(column, id, wanted)),
            (None, Some(value), None) if !rest => Ok(Condition::Says(column, id, value)),
            (None, None, None) => {
                let value = one_of("fields", text, self.number, self.boolean, self.date, self.options);
                Ok(Condition::Says(column, id, value.map_err(|_other| bad())?))
            }
            (Some(_) | None, _, _) => Err(bad()),
        }
    }
}
