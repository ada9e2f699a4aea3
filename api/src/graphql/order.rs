//! In which order lists come.

use async_graphql::{Enum, InputObject};
use projections::{
    list::{
        Table,
        page::{self, complete},
    },
    ticket_list::filter::{OrderColumn, Tickets},
};

use crate::problem::Problem;

/// What tickets can be sorted by.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum TicketOrderField {
    /// By number.
    Number,
    /// By the instant of opening.
    OpenedAt,
    /// By the instant of the newest change.
    UpdatedAt,
    /// By urgency.
    Priority,
    /// By how long the customer has been waiting for an answer: `ASC` begins with whoever has waited longest, those who
    /// wait for none come last.
    WaitingSince,
}

impl From<TicketOrderField> for OrderColumn {
    fn from(field: TicketOrderField) -> Self {
        match field {
            TicketOrderField::Number => Self::Number,
            TicketOrderField::OpenedAt => Self::OpenedAt,
            TicketOrderField::UpdatedAt => Self::UpdatedAt,
            TicketOrderField::Priority => Self::Priority,
            TicketOrderField::WaitingSince => Self::WaitingSince,
        }
    }
}

/// A direction.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderDirection {
    /// Least first.
    Asc,
    /// Greatest first.
    Desc,
}

/// One key of an order.
#[derive(Debug, Clone, InputObject)]
pub(super) struct TicketOrder {
    /// By what.
    pub(super) field: TicketOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    pub(super) direction: OrderDirection,
}

/// The order asked for, newest number first by default.
pub(super) fn order(asked: Option<Vec<TicketOrder>>) -> Result<Vec<page::Order<Tickets>>, Problem> {
    let asked = asked.unwrap_or_default().into_iter();
    ordered(asked.map(|it| (format!("{:?}", it.field), OrderColumn::from(it.field), it.direction)))
}

/// An order of columns, each with its name in the API; it ends with the unique one.
pub(super) fn ordered<T: Table>(
    asked: impl Iterator<Item = (String, T::Order, OrderDirection)>,
) -> Result<Vec<page::Order<T>>, Problem> {
    let mut order: Vec<page::Order<T>> = Vec::new();
    for (name, column, direction) in asked {
        if order.iter().any(|it| it.column == column) {
            return Err(Problem::bad_input(
                "orderBy",
                &name,
                "каждое поле один раз",
                "each field once",
            ));
        }
        order.push(page::Order {
            column,
            descending: direction == OrderDirection::Desc,
        });
    }
    Ok(complete(order))
}
