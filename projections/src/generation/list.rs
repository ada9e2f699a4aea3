//! Which builds there are.

use event_store::Position;
use sqlx::PgExecutor;

use crate::{Model, checkpoint::from_column};

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Takes the log up to where it ended when the build began.
    Filling,
    /// Gets the indexes that only readers need.
    Indexing,
    /// Complete; moves with the log.
    Following,
}

impl State {
    /// As the table keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filling => "filling",
            Self::Indexing => "indexing",
            Self::Following => "following",
        }
    }

    pub(crate) fn from_column(text: &str) -> Self {
        match text {
            "filling" => Self::Filling,
            "indexing" => Self::Indexing,
            _complete => Self::Following,
        }
    }
}

/// One build of a read model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, as in the table"
)]
pub struct Generation {
    /// Names it; later builds have higher ones.
    pub id: i64,
    /// Name of the model.
    pub model: String,
    /// Shape of its tables.
    pub version: i32,
    /// Where its tables lie now.
    pub schema: String,
    /// How far it is.
    pub state: State,
    /// Programs made for this version read it.
    pub serving: bool,
    /// The views of analysts show it.
    pub current: bool,
    /// Takes the serving one's place when it has caught up.
    pub swaps: bool,
    /// Made for a comparison: never serves, and goes with whoever made it.
    pub scratch: bool,
    /// Parts that may be kept by different workers.
    pub partitions: i16,
    /// End of the log when it was begun.
    pub goal: Position,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, as in the table"
)]
struct Row {
    id: i64,
    model: String,
    version: i32,
    schema: String,
    state: String,
    serving: bool,
    current: bool,
    swaps: bool,
    scratch: bool,
    partitions: i16,
    goal: i64,
}

impl From<Row> for Generation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            model: row.model,
            version: row.version,
            schema: row.schema,
            state: State::from_column(&row.state),
            serving: row.serving,
            current: row.current,
            swaps: row.swaps,
            scratch: row.scratch,
            partitions: row.partitions,
            goal: from_column(row.goal),
        }
    }
}

/// All builds, the oldest first.
///
/// # Errors
/// When Postgres does not answer.
pub async fn all(executor: impl PgExecutor<'_>) -> Result<Vec<Generation>, sqlx::Error> {
    list(executor, None).await
}

/// Those of a model's version that serve or may come to serve.
pub(super) async fn of_version(model: &Model, executor: impl PgExecutor<'_>) -> Result<Vec<Generation>, sqlx::Error> {
    let mut all = list(executor, Some(model)).await?;
    all.retain(|it| !it.scratch);
    Ok(all)
}

async fn list(executor: impl PgExecutor<'_>, model: Option<&Model>) -> Result<Vec<Generation>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, model, version, schema, state, serving, current, swaps, scratch, partitions, goal
         FROM ops.generation WHERE $1::text IS NULL OR (model = $1 AND version = $2) ORDER BY id",
        model.map(|it| it.name),
        model.map(|it| it.version)
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Generation::from).collect())
}

/// How far the slowest part of a build is.
pub(crate) async fn reached(id: i64, executor: impl PgExecutor<'_>) -> Result<Position, sqlx::Error> {
    let least = sqlx::query_scalar!(
        r#"SELECT min(position) AS "least" FROM ops.checkpoint WHERE generation = $1"#,
        id
    );
    Ok(from_column(least.fetch_one(executor).await?.unwrap_or_default()))
}
