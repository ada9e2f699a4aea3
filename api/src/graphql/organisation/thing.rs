use async_graphql::{Context, ID, OutputType, Result};
use chrono::{DateTime, Utc};
use domain::organisation::Definition;
use projections::organisation::ItemRow;
use uuid::Uuid;

use crate::{
    graphql::{
        ids::{self, Kind},
        problem,
    },
    problem::internal,
};

/// What everything has beside its definition.
#[derive(Debug, Clone)]
pub(in crate::graphql) struct Frame {
    pub(in crate::graphql) id: ID,
    pub(in crate::graphql) uuid: Uuid,
    pub(in crate::graphql) version: i64,
    pub(in crate::graphql) retired: bool,
    pub(in crate::graphql) created_at: DateTime<Utc>,
    pub(in crate::graphql) updated_at: DateTime<Utc>,
    pub(in crate::graphql) as_of: Option<DateTime<Utc>>,
}

/// A kind of configuration as frontends see it.
pub(in crate::graphql) trait Thing: OutputType + Clone {
    /// What is stored of it.
    type Definition: Definition;

    fn of(frame: Frame, definition: Self::Definition) -> Self;
}

/// The thing in a row of the tables, or of the log.
pub(in crate::graphql) fn from_row<T: Thing>(ctx: &Context<'_>, row: &ItemRow) -> Result<T> {
    from_row_at(ctx, row, None)
}

/// The same of a row that says how it was at an instant.
pub(in crate::graphql) fn from_row_at<T: Thing>(
    ctx: &Context<'_>,
    row: &ItemRow,
    as_of: Option<DateTime<Utc>>,
) -> Result<T> {
    let definition = serde_json::from_str(&row.definition).map_err(|it| problem(ctx, internal(&it)))?;
    let frame = Frame {
        id: ids::global(Kind::Item(T::Definition::KIND), row.id),
        uuid: row.id,
        version: row.version,
        retired: row.retired,
        created_at: row.created_at,
        updated_at: row.updated_at,
        as_of,
    };
    Ok(T::of(frame, definition))
}
