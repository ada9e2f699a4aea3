//! `letopis read-models`: what the read models hold, as their comments in the database say it.

use anyhow::Result;
use projections::{MIGRATOR, catalogue, registry};
use sqlx::PgPool;

use crate::{
    config::Config,
    database::options,
    embedded::{DataDir, Postgres},
};

/// The document, out of the configured Postgres, that of the running server, or the data folder's own.
///
/// # Errors
/// When Postgres does not answer, or has tables of a newer version.
pub async fn document(config: &Config) -> Result<String> {
    let running = DataDir::running_database(&config.data)?;
    if let Some(url) = config.database_url.clone().or(running) {
        return print(&url).await;
    }
    let data = DataDir::open(&config.data)?;
    let postgres = Postgres::start(data.root()).await?;
    let printed = print(&postgres.url()).await;
    postgres.stop().await?;
    printed
}

async fn print(url: &str) -> Result<String> {
    let pool = PgPool::connect_with(options(url)?).await?;
    MIGRATOR.run(&pool).await?;
    Ok(catalogue::document(&pool, &registry()).await?)
}
