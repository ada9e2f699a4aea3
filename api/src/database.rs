//! Postgres, from the settings: its address, its connections, its tables.

use std::time::Duration;

use projections::{MIGRATOR, registry, search_path};
use sqlx::{
    Connection, PgPool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::error::ServeError;

/// Connections that queries share.
const CONNECTIONS: u32 = 16;
/// How long a connection may lie idle before it is asked whether it lives.
const IDLE: Duration = Duration::from_secs(1);
/// How long a query waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// On a connection of its own: what migrations make has its place, whatever builds serve.
pub(crate) async fn migrate(options: &PgConnectOptions) -> Result<(), MigrateError> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options.clone());
    let migrated = MIGRATOR.run(&pool).await;
    pool.close().await;
    migrated
}

/// Connections for queries, which find the tables of the builds that serve. One that has just been used lives; only an
/// idle one is asked first, for asking costs as much as a query.
pub(crate) fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection, usage| {
            Box::pin(async move { Ok(usage.idle_for < IDLE || connection.ping().await.is_ok()) })
        })
        .connect_lazy_with(options.options([("search_path", search_path(&registry()))]))
}

/// Where Postgres is, from its URL.
pub(crate) fn options(url: &str) -> Result<PgConnectOptions, ServeError> {
    if !["postgres://", "postgresql://"].iter().any(|it| url.starts_with(it)) {
        let source = sqlx::Error::Configuration("its scheme is not postgres".into());
        return Err(ServeError::DatabaseUrl { source });
    }
    url.parse().map_err(|source| ServeError::DatabaseUrl { source })
}

/// Whether waiting for Postgres may help: it cannot be reached, or is starting, stopping or full.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    let passing = |code: &str| ["08", "53", "57P"].iter().any(|it| code.starts_with(it));
    error
        .as_database_error()
        .is_none_or(|it| it.code().is_some_and(|code| passing(&code)))
}
