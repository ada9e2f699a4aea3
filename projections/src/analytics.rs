//! The views of analysts: which build they show, what their columns say, who may read them.

use sqlx::{AssertSqlSafe, Executor, PgConnection, PgPool};

use crate::{
    Model, ProjectError,
    generation::{GenerationError, within},
};

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
/// What it says when a view would lose columns: on the way back to an older version.
const INVALID_TABLE_DEFINITION: &str = "42P16";

/// Makes the model's views show the tables in `schema`, whatever that is called later.
///
/// # Errors
/// [`GenerationError::Watched`] while somebody reads one of them.
pub(crate) async fn show(model: &Model, schema: &str, tx: &mut PgConnection) -> Result<(), ProjectError> {
    tx.execute(PATIENCE).await?;
    tx.execute("SAVEPOINT views").await?;
    let mut shown = within(schema, model.analytics, tx).await;
    if says(&shown, INVALID_TABLE_DEFINITION) {
        tx.execute("ROLLBACK TO SAVEPOINT views").await?;
        // What others have built on the wider view keeps it from being dropped, and Postgres names that.
        for view in views(model.analytics) {
            tx.execute(AssertSqlSafe(format!("DROP VIEW IF EXISTS {view}"))).await?;
        }
        shown = within(schema, model.analytics, tx).await;
    }
    if says(&shown, LOCK_NOT_AVAILABLE) {
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

/// The views that a model's SQL makes.
fn views(sql: &'static str) -> impl Iterator<Item = &'static str> {
    let after = sql.split("OR REPLACE VIEW ").skip(1);
    after.filter_map(|it| it.split_whitespace().next())
}

fn says(outcome: &Result<(), ProjectError>, wanted: &str) -> bool {
    let Err(ProjectError::Postgres(error)) = outcome else {
        return false;
    };
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some(wanted)
}
