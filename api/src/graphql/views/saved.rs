//! Filters and orders as they are kept: the JSON that a client would send.

use async_graphql::{InputType, InputValueError, InputValueResult, Pos, Scalar, ScalarType, Value};
use serde_json::Value as Json;

use crate::{
    graphql::filter::{TicketFilter, TicketOrder},
    problem::Problem,
};

/// A `TicketFilter` as JSON: give it back as the variable of a `TicketFilter` as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::graphql) struct SavedFilter(pub(in crate::graphql) Json);

/// A `TicketFilter` as JSON: give it back as the variable of a `TicketFilter` as it is.
#[Scalar(name = "SavedTicketFilter")]
impl ScalarType for SavedFilter {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value.into_json()?))
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or(Value::Null)
    }
}

impl SavedFilter {
    /// The filter as it is kept.
    pub(super) fn of(filter: &TicketFilter) -> Json {
        plain(filter)
    }

    /// The filter that was kept.
    pub(in crate::graphql) fn read(&self) -> Result<TicketFilter, Problem> {
        let filter = parse("filter", &self.0)?;
        // A field that this program does not know would widen the list in silence.
        if Self::of(&filter) != self.0 {
            return Err(unreadable("filter", "it holds what this program does not know"));
        }
        Ok(filter)
    }
}

/// An order as it is kept.
pub(super) fn kept_order(order: &[TicketOrder]) -> Json {
    plain(&order.to_vec())
}

/// The order that was kept.
pub(in crate::graphql) fn order_of(kept: &Json) -> Result<Vec<TicketOrder>, Problem> {
    parse("orderBy", kept)
}

fn plain(value: &impl InputType) -> Json {
    let json = value.to_value().into_json().unwrap_or_default();
    without_nulls(json)
}

/// What was not given. A null that was is refused before it comes here.
fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(fields) => {
            let given = fields.into_iter().filter(|(_, it)| !it.is_null());
            Json::Object(given.map(|(name, it)| (name, without_nulls(it))).collect())
        }
        Json::Array(all) => Json::Array(all.into_iter().map(without_nulls).collect()),
        plain @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => plain,
    }
}

fn parse<T: InputType>(field: &str, kept: &Json) -> Result<T, Problem> {
    let value = Value::from_json(kept.clone()).unwrap_or(Value::Null);
    T::parse(Some(value))
        .map_err(|error: InputValueError<T>| unreadable(field, &error.into_server_error(Pos::default()).message))
}

fn unreadable(field: &str, reason: &str) -> Problem {
    Problem {
        field: vec![field.to_owned()],
        ..Problem::new(
            "VIEW_UNREADABLE",
            format!("представление сохранено в виде, который эта программа не читает: {reason}"),
            format!("the view was saved in a form that this program does not read: {reason}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{SavedFilter, kept_order, order_of};

    #[test]
    fn filter_is_kept_as_it_came() {
        for filter in [
            json!({}),
            json!({"status": {"in": ["NEW", "OPEN"]}, "not": {"assignee": {"eq": "me"}}}),
            json!({"or": [{"openedAt": {"gte": "2026-01-01T00:00:00+00:00"}}, {"priority": {"gte": "HIGH"}}]}),
            json!({"fields": [{"fieldId": "abc", "numberGte": 1.5}], "tag": {"isNull": true}, "needsAnswer": false}),
        ] {
            let read = SavedFilter(filter.clone()).read().unwrap();
            assert_eq!(SavedFilter::of(&read), filter);
        }
        let order = json!([{"field": "WAITING_SINCE", "direction": "DESC"}]);
        assert_eq!(kept_order(&order_of(&order).unwrap()), order);
    }

    #[test]
    fn filter_that_does_not_read_is_told_by_its_field() {
        for bad in [json!({"colour": "red"}), json!({"status": {"eq": "LOST"}}), json!([1])] {
            let problem = SavedFilter(bad).read().unwrap_err();
            assert_eq!(
                (problem.code, problem.field),
                ("VIEW_UNREADABLE", vec!["filter".to_owned()])
            );
        }
    }
}
