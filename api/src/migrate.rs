//! `letopis migrate`: brings the tables to this version without serving.

use projections::MIGRATOR;
use sqlx::PgPool;

use crate::{
    ServeError,
    config::Config,
    database::options,
    embedded::{DataDir, Postgres},
};

/// Brings the tables of the configured Postgres, or of the embedded one, to this version.
///
/// # Errors
/// [`ServeError`] when Postgres does not answer, or has tables of a newer version.
pub async fn run(config: &Config) -> Result<(), ServeError> {
    if let Some(url) = &config.database_url {
        return migrate(url).await;
    }
    let data = DataDir::open(&config.data)?;
    let postgres = Postgres::start(data.root()).await?;
    let migrated = migrate(&postgres.url()).await;
    postgres.stop().await?;
    migrated
}

async fn migrate(url: &str) -> Result<(), ServeError> {
    let pool = PgPool::connect_with(options(url)?)
        .await
        .map_err(ServeError::Database)?;
    MIGRATOR.run(&pool).await.map_err(ServeError::Migrate)
}
