//! A Postgres of our own: made, started and stopped with the program, reached through a unix socket only.
//!
//! `letopis serve` starts it when `DATABASE_URL` is not set, and the journeys start one each. Migrations and pools are
//! not here: callers get a URL like that of any other Postgres. Deliberately absent: TCP, passwords, tuning by the user.

mod account;
mod binaries;
mod cluster;
mod error;
mod predecessor;
mod ready;
mod server;
mod server_log;
mod socket;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use account::Account;
use binaries::Binaries;
pub use error::PostgresError;
use server::Server;

/// The superuser of the cluster, and its only user.
const USER: &str = "letopis";
/// The database of the read models.
const DATABASE: &str = "letopis";

/// A fast shutdown writes all changed pages first.
const STOP_PATIENCE: Duration = Duration::from_mins(1);
/// After a killed postmaster its backends notice within moments, and only then can a new one start.
const ORPHAN_ATTEMPTS: u32 = 25;
const ORPHAN_PAUSE: Duration = Duration::from_millis(200);

/// A running private server.
///
/// It stops when this is dropped, and when this process dies in any way, `kill -9` included; only [`Postgres::stop`]
/// waits until it has stopped.
#[derive(Debug)]
pub struct Postgres {
    socket_dir: PathBuf,
    server: Server,
}

impl Postgres {
    /// Starts the server on `<data>/postgres`, making the cluster on the first start, and waits until it answers.
    ///
    /// The caller holds the lock of `data` ([`super::DataDir`]): a server of an earlier start is stopped here.
    ///
    /// # Errors
    /// No PostgreSQL 15 or newer is installed, the cluster is of another major version or another user, the
    /// directory cannot be reached by the user that runs Postgres, or the server does not start.
    pub async fn start(data: &Path) -> Result<Self, PostgresError> {
        let data = fs::canonicalize(data).map_err(PostgresError::file(data))?;
        let dir = data.join("postgres");
        let made_by = cluster::major(&dir)?;
        let binaries = Binaries::find(&dir, made_by).await?;
        let account = Account::choose(&dir, &data).await?;
        if made_by.is_none() {
            cluster::create(&dir, &binaries, &account).await?;
        }
        cluster::adopt(&dir, &account)?;
        predecessor::end(&dir, &binaries, &account).await?;
        let socket_dir = socket::prepare(&data, &account)?;
        for _ in 1..ORPHAN_ATTEMPTS {
            match Self::attempt(&dir, &socket_dir, &binaries, &account).await {
                Err(PostgresError::Start { line, .. }) if line.contains("shared memory block") => {
                    sleep(ORPHAN_PAUSE).await;
                }
                done => return done,
            }
        }
        Self::attempt(&dir, &socket_dir, &binaries, &account).await
    }

    async fn attempt(
        dir: &Path,
        socket_dir: &Path,
        binaries: &Binaries,
        account: &Account,
    ) -> Result<Self, PostgresError> {
        let server = Server::spawn(dir, socket_dir, binaries, account)?;
        ready::wait(&server, dir, socket_dir).await?;
        Ok(Self {
            socket_dir: socket_dir.to_owned(),
            server,
        })
    }

    /// Where sqlx connects to: `postgres://letopis@localhost:5432/letopis?host=<socket directory>&sslmode=disable`.
    pub fn url(&self) -> String {
        socket::url(&self.socket_dir, USER, DATABASE)
    }

    /// The directory of the unix socket, as `psql -h` takes it.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Part of the socket's name, as `psql -p` takes it; no TCP port is open.
    pub fn port(&self) -> u16 {
        socket::PORT
    }

    /// Waits until the server ends by itself, and tells why; never ends while the server runs.
    pub async fn exited(&self) -> PostgresError {
        let status = self.server.ended().await.to_string();
        let log = self.server.log();
        PostgresError::Exited {
            status,
            line: log.line(),
            tail: log.tail(),
            log: log.path().to_owned(),
        }
    }

    /// Stops the server and waits until its files are at rest; open transactions are rolled back.
    ///
    /// # Errors
    /// It has not stopped within a minute; it goes on stopping.
    pub async fn stop(self) -> Result<(), PostgresError> {
        self.server.stop(STOP_PATIENCE).await
    }
}
