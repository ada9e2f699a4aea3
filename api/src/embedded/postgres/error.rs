//! Why the private Postgres cannot run.

use std::io;
use std::path::PathBuf;

/// Why the private Postgres cannot start, or has stopped.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No directory holds initdb, postgres and `pg_ctl` together.
    #[error(
        "PostgreSQL 15 or newer is not installed (looked on PATH and in the usual places): run `apt-get install postgresql` on Debian, `brew install postgresql@17` on macOS, or set DATABASE_URL"
    )]
    Missing,
    /// Only releases before 15 were found.
    #[error(
        "PostgreSQL {found} in {} is too old, 15 or newer is needed: run `apt-get install postgresql` on Debian, `brew install postgresql@17` on macOS, or set DATABASE_URL", dir.display()
    )]
    TooOld {
        /// The newest major version found.
        found: u32,
        /// Where it lies.
        dir: PathBuf,
    },
    /// The cluster was made by a major version that is not installed.
    #[error("cluster {} is of PostgreSQL {cluster}, installed is {installed}: install postgresql-{cluster} again or convert the cluster with pg_upgrade", dir.display())]
    OtherMajor {
        /// The cluster.
        dir: PathBuf,
        /// Its major version.
        cluster: u32,
        /// Major versions found on this machine.
        installed: String,
    },
    /// There are foreign files where the cluster should be.
    #[error("{} holds files but no PostgreSQL cluster: move them away or choose another --data", dir.display())]
    NotACluster {
        /// The directory.
        dir: PathBuf,
    },
    /// The cluster belongs to another user, and we are not root.
    #[error("cluster {} belongs to user id {owner}, this process runs as {us}: start as its owner or choose another --data", dir.display())]
    ForeignOwner {
        /// The cluster.
        dir: PathBuf,
        /// User id of its owner.
        owner: u32,
        /// User id of this process.
        us: u32,
    },
    /// Root started us, and there is no other user to run Postgres as.
    #[error(
        "Postgres refuses to run as root, and there is no user `postgres` or `nobody`: add one with `useradd --system postgres` or start as another user"
    )]
    NoUser,
    /// The user that runs Postgres cannot pass through a directory above the data.
    #[error("Postgres runs as user id {uid}, which cannot enter {}: run `chmod o+x` on it or choose another --data", dir.display())]
    Unreachable {
        /// The directory that stops it.
        dir: PathBuf,
        /// The user.
        uid: u32,
    },
    /// The directory for the socket in the shared temporary folder is not ours.
    #[error("socket directory {} is not a directory of user id {uid}: remove it or choose a shorter --data", dir.display())]
    ForeignSocketDir {
        /// The directory.
        dir: PathBuf,
        /// Who should own it.
        uid: u32,
    },
    /// initdb failed.
    #[error("initdb could not make the cluster {} ({line}): mend that and start again", dir.display())]
    Init {
        /// The cluster.
        dir: PathBuf,
        /// The last meaningful line it printed.
        line: String,
    },
    /// A server of an earlier start does not go away.
    #[error("an earlier Postgres (process {pid}) still runs on {}: stop it with `kill -QUIT {pid}`", dir.display())]
    StillRunning {
        /// The cluster.
        dir: PathBuf,
        /// Its process id.
        pid: i32,
    },
    /// The server ended before it took connections.
    #[error("Postgres did not start ({line}): see {}", log.display())]
    Start {
        /// The last meaningful line of its log.
        line: String,
        /// Its log.
        log: PathBuf,
    },
    /// The server ended although nobody asked it to.
    #[error("Postgres stopped by itself, {status} ({line}): see {}", log.display())]
    Exited {
        /// How the process ended.
        status: String,
        /// The last meaningful line of its log.
        line: String,
        /// The last lines of its log, oldest first.
        tail: Vec<String>,
        /// Its log.
        log: PathBuf,
    },
    /// The server takes no connections, or did not stop, for too long.
    #[error("Postgres did not {what} within {seconds} s ({line}): see {}", log.display())]
    Slow {
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
        /// The last meaningful line of its log.
        line: String,
        /// Its log.
        log: PathBuf,
    },
    /// The server answers, but not as our own cluster should.
    #[error("Postgres in {} refuses the connection ({source}): move the cluster away or set DATABASE_URL", dir.display())]
    Connect {
        /// The cluster.
        dir: PathBuf,
        /// What it said.
        source: sqlx::Error,
    },
    /// A file or a program cannot be used.
    #[error("cannot use {} ({source}): check that it exists, its owner and its permissions", path.display())]
    File {
        /// The file or program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl PostgresError {
    /// For `map_err` at a file operation.
    pub(super) fn file(path: &std::path::Path) -> impl Fn(io::Error) -> Self + '_ {
        move |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
