//! Which moment somebody looks at, and whether there was one.

use async_graphql::{Context, Error, Result};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    graphql::{filter::storable, parts, problem},
    problem::{Problem, internal},
};

/// A moment of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum When {
    /// An instant.
    Instant(DateTime<Utc>),
    /// After so many of its events.
    Version(i64),
}

/// The moment that is asked for, of an instant also that there was one; `None` for now. `path` leads to the two arguments.
pub(in crate::graphql) async fn moment(
    ctx: &Context<'_>,
    path: &[&str],
    as_of: Option<DateTime<Utc>>,
    at_version: Option<i64>,
) -> Result<Option<When>> {
    match (as_of, at_version) {
        (Some(_), Some(version)) => {
            let (russian, english) = (
                "либо asOf, либо atVersion, но не оба",
                "either asOf or atVersion, not both",
            );
            let bad = Problem::bad_input("atVersion", &version.to_string(), russian, english);
            Err(about(ctx, path, bad))
        }
        (Some(at), None) => Ok(Some(When::Instant(checked(ctx, path, at).await?))),
        (None, Some(version)) => Ok(Some(When::Version(version))),
        (None, None) => Ok(None),
    }
}

/// The instant that is asked for, of which there is a history.
pub(in crate::graphql) async fn instant(
    ctx: &Context<'_>,
    as_of: Option<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>> {
    match as_of {
        Some(at) => checked(ctx, &[], at).await.map(Some),
        None => Ok(None),
    }
}

/// A version that the ticket never had.
pub(super) fn no_version(ctx: &Context<'_>, path: &[&str], version: i64, last: usize) -> Error {
    let (russian, english) = (format!("версия от 1 до {last}"), format!("a version from 1 to {last}"));
    let bad = Problem::bad_input("atVersion", &version.to_string(), &russian, &english);
    about(ctx, path, bad)
}

async fn checked(ctx: &Context<'_>, path: &[&str], at: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let at = storable("asOf", at).map_err(|it| about(ctx, path, it))?;
    let parts = parts(ctx)?;
    let now = parts.handler.now();
    let first = parts.beginning.before(at).await;
    let first = first.map_err(|it| problem(ctx, internal(&it)))?;
    if at <= now && first.is_some_and(|it| it <= at) {
        return Ok(at);
    }
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let (russian, english) = match first {
        Some(first) => (
            format!(
                "момент от {}, когда начинается журнал, до {}, то есть сейчас",
                text(first),
                text(now)
            ),
            format!(
                "an instant from {}, where the log begins, to {}, which is now",
                text(first),
                text(now)
            ),
        ),
        None => (
            "никакой: в журнале ещё ничего нет".to_owned(),
            "none: nothing has happened yet".to_owned(),
        ),
    };
    Err(about(
        ctx,
        path,
        Problem::bad_input("asOf", &text(at), &russian, &english),
    ))
}

/// The problem with the whole way to its field.
pub(super) fn about(ctx: &Context<'_>, path: &[&str], it: Problem) -> Error {
    let way = path.iter().map(|it| (*it).to_owned());
    let field = way.chain(it.field.clone()).collect();
    problem(ctx, Problem { field, ..it })
}
