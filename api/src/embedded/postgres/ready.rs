//! From a started process to a database that answers.

use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor};
use tokio::time::{sleep, timeout};

use super::server::Server;
use super::{DATABASE, PostgresError, USER, socket};

/// Recovery after a crash replays up to `max_wal_size` of changes, on a slow disk at that.
const PATIENCE: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Waits until our database takes connections, making it when it is missing.
pub(super) async fn wait(server: &Server, dir: &Path, socket_dir: &Path) -> Result<(), PostgresError> {
    tokio::select! {
        answer = timeout(PATIENCE, answers(socket_dir)) => match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(PostgresError::Connect { dir: dir.to_owned(), source }),
            Err(_elapsed) => Err(server.slow("start", PATIENCE)),
        },
        _ = server.ended() => {
            Err(PostgresError::Start { line: server.log().line(), log: server.log().path().to_owned() })
        }
    }
}

async fn answers(socket_dir: &Path) -> Result<(), sqlx::Error> {
    loop {
        match connect(socket_dir, DATABASE).await {
            Ok(connection) => return connection.close().await,
            Err(error) if starting(&error) => sleep(PAUSE).await,
            Err(error) if has_code(&error, "3D000") => create_database(socket_dir).await?,
            Err(error) => return Err(error),
        }
    }
}

async fn create_database(socket_dir: &Path) -> Result<(), sqlx::Error> {
    let mut connection = connect(socket_dir, "postgres").await?;
    connection.execute("CREATE DATABASE letopis").await?;
    connection.close().await
}

async fn connect(socket_dir: &Path, database: &str) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::from_str(&socket::url(socket_dir, USER, database))?;
    PgConnection::connect_with(&options).await
}

/// No socket yet, nobody behind it yet, or "the database system is starting up".
fn starting(error: &sqlx::Error) -> bool {
    let yet = [
        ErrorKind::NotFound,
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
        ErrorKind::UnexpectedEof,
    ];
    matches!(error, sqlx::Error::Io(error) if yet.contains(&error.kind())) || has_code(error, "57P03")
}

fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|found| found == code)
}
