//! The views of analysts: which build they show, what their columns say, who may read them.

use std::borrow::Cow;

use sqlx::{Executor, PgConnection, PgPool};

use crate::{Model, ProjectError, generation::GenerationError};

/// Schema of the views.
pub(crate) const SCHEMA: &str = "analytics";
/// Gives the views' columns their comments.
const COMMENTS: &str = include_str!("../../migrations/read_models/comments.sql");
/// Gives the role its rights.
const GRANTS: &str = include_str!("../../migrations/read_models/grants.sql");
/// How long a swap waits for analysts who read: those who come meanwhile wait behind it.
const PATIENCE: &str = "SET LOCAL lock_timeout TO '500ms'";
/// What Postgres says when that was not enough.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Makes the model's views show the tables in `schema`, whatever that is called later.
///
/// # Errors
/// [`GenerationError::Watched`] while somebody reads one of them.
pub(crate) async fn show(model: &Model, schema: &str, tx: &mut PgConnection) -> Result<(), ProjectError> {
    tx.execute(PATIENCE).await?;
    let shown = crate::generation::within(schema, model.analytics, tx).await;
    if let Err(ProjectError::Postgres(error)) = &shown
        && is_locked(error)
    {
        return Err(GenerationError::Watched(model.name.to_owned()).into());
    }
    shown?;
    tx.execute("SET LOCAL lock_timeout TO DEFAULT").await?;
    tx.execute(sqlx::raw_sql(COMMENTS)).await?;
    tx.execute(sqlx::raw_sql(GRANTS)).await?;
    Ok(())
}

/// Gives the role of analysts its rights on the views that are there: the operator may have made it since.
///
/// # Errors
/// When Postgres does not answer.
pub(crate) async fn grant(pool: &PgPool) -> Result<(), sqlx::Error> {
    pool.execute(sqlx::raw_sql(GRANTS)).await?;
    Ok(())
}

fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code == Some(Cow::Borrowed(LOCK_NOT_AVAILABLE))
}
