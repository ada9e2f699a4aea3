use std::{io, net::SocketAddr, path::PathBuf};

use commands::CommandError;
use event_store::{KeyError, LogError, vault::InventoryError};
use event_store_node::NodeError;
use projections::ProjectError;
use sqlx::migrate::MigrateError;
use tokio::task::JoinError;

use crate::{
    auth::{OpenIdError, SecretError},
    embedded::{DataDirError, PostgresError},
    files::StoreError,
    geo::GeoError,
    http::{PersistedError, TlsError},
    vault::VaultSetupError,
};

/// Why the server does not start, or does not go on. One line each, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file that says where addresses are.
    #[error(transparent)]
    Geo(#[from] GeoError),
    /// The API's address.
    #[error("cannot listen on {address} ({source}): stop the program that does, or choose another with --listen")]
    Port {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate of the API.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The list of persisted operations.
    #[error(transparent)]
    Persisted(#[from] PersistedError),
    /// The file with the administrator's key.
    #[error(
        "{file} cannot be read or written ({source}): make it a file of this user, or set LETOPIS_BOOTSTRAP_API_KEY"
    )]
    Key {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The key that signs the seals of the log.
    #[error(transparent)]
    SealKey(#[from] KeyError),
    /// The embedded node.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The embedded Postgres.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The address of Postgres.
    #[error("DATABASE_URL does not read ({source}): give postgres://user:password@host:5432/database")]
    DatabaseUrl {
        /// What is wrong with it.
        source: sqlx::Error,
    },
    /// Postgres failed while the parts were started.
    #[error("postgres: {0}")]
    Database(#[source] sqlx::Error),
    /// The tables.
    #[error("the tables cannot be brought to this version: {}", explain(.0))]
    Migrate(#[source] MigrateError),
    /// The storage of files.
    #[error(transparent)]
    Files(#[from] StoreError),
    /// The read models.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The vault of personal data.
    #[error(transparent)]
    Vault(#[from] VaultSetupError),
    /// An OpenID Connect provider.
    #[error(transparent)]
    OpenId(#[from] OpenIdError),
    /// The installation's own secrets.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Vault and log do not belong together.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// What a crash left of an erasure could not be finished.
    #[error("an erasure that was begun cannot be finished: {0}")]
    Erasure(#[source] CommandError),
    /// A defect of this program.
    #[error("a part of the server broke down: {0}")]
    Panicked(#[source] JoinError),
}

fn explain(error: &MigrateError) -> String {
    if let MigrateError::VersionMissing(version) = error {
        return format!(
            "the database has migration {version}, which this program does not know: start the newer Letopis that made it"
        );
    }
    error.to_string()
}
