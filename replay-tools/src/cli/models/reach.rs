//! Where log, database and vault are: as told, or as the server that runs on the data folder publishes it.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use event_store::{EventLog, Vault, vault::MasterKey};
use event_store_node::{Node, NodeConfig};
use projections::MIGRATOR;
use replay_tools::Folder;
use sqlx::{
    PgPool,
    migrate::MigrateError,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// How long a connection may take to come about.
const PATIENCE: Duration = Duration::from_secs(3);
const CONNECTIONS: u32 = 4;

#[derive(Debug, Args)]
pub(in crate::cli) struct Reach {
    /// Data folder of Letopis: where its running server publishes its addresses, and where the log and the master key
    /// lie
    #[arg(long, value_name = "DIR", env = "LETOPIS_DATA", default_value = "data")]
    data: PathBuf,
    /// Postgres with the read models [default: that of the server running on the data folder]
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Event store with the log [default: that of the server running on the data folder, else the folder's own log]
    #[arg(long, value_name = "URL", env = "EVENT_STORE_URL", hide_env_values = true)]
    event_store_url: Option<String>,
    #[command(flatten)]
    keys: MasterKeys,
}

#[derive(Debug, Args)]
struct MasterKeys {
    /// File with the master key of personal data [default: keys/master.key of the data folder]
    #[arg(long, value_name = "FILE", env = "LETOPIS_MASTER_KEY_FILE")]
    master_key_file: Option<PathBuf>,
    /// File with the master key before it, while keys are wrapped anew
    #[arg(long, value_name = "FILE", env = "LETOPIS_PREVIOUS_MASTER_KEY_FILE")]
    previous_master_key_file: Option<PathBuf>,
}

/// The vault alone, for commands that read a log and open what is sealed in it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Vault, for --open")]
pub(in crate::cli) struct VaultPlace {
    /// Postgres with the vault [default: that of the server running on the data folder]
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    #[command(flatten)]
    keys: MasterKeys,
}

/// The database, its tables of this program's version.
#[derive(Debug)]
pub(in crate::cli) struct Tables {
    pub(in crate::cli) pool: PgPool,
    options: PgConnectOptions,
}

/// Everything a worker needs.
#[derive(Debug)]
pub(in crate::cli) struct Target {
    pub(in crate::cli) log: EventLog,
    pub(in crate::cli) vault: Vault,
    pub(in crate::cli) database: PgConnectOptions,
    pub(in crate::cli) pool: PgPool,
    /// Started for as long as the command runs.
    node: Option<Node>,
}

impl Reach {
    /// The database alone.
    pub(in crate::cli) async fn tables(&self) -> Result<Tables> {
        let options = options(&database(self.database_url.as_deref(), &self.data)?)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_with(options.clone())
            .await
            .context("Postgres does not answer: start it, or give another --database-url")?;
        MIGRATOR.run(&pool).await.map_err(explain)?;
        Ok(Tables { pool, options })
    }

    /// Database, log and vault.
    pub(in crate::cli) async fn target(&self) -> Result<Target> {
        let Tables { pool, options } = self.tables().await?;
        let vault = self.keys.open(Some(&self.data), &options).await?;
        let (url, node) = self.log().await?;
        Ok(Target {
            log: EventLog::new(&url)?,
            vault,
            database: options,
            pool,
            node,
        })
    }

    async fn log(&self) -> Result<(String, Option<Node>)> {
        let running = match given(self.event_store_url.as_deref()) {
            Some(url) => Some(url.to_owned()),
            None => published(&self.data, "node.url")?,
        };
        if let Some(url) = running {
            return Ok((url, None));
        }
        let folder = Folder::new(&self.data).log().to_owned();
        if !folder.join("events.db").is_file() {
            let data = self.data.display();
            bail!("there is no log in {data}: give the --data of a server, or --event-store-url");
        }
        let listen = ([127, 0, 0, 1], 0).into();
        let node = Node::start(NodeConfig { data: folder, listen }).await?;
        Ok((node.connection_string(), Some(node)))
    }
}

impl MasterKeys {
    async fn open(&self, data: Option<&Path>, options: &PgConnectOptions) -> Result<Vault> {
        let previous = key(self.previous_master_key_file.as_deref(), "LETOPIS_PREVIOUS_MASTER_KEY")?;
        let file = data.map(|it| it.join("keys/master.key"));
        let current = match (key(self.master_key_file.as_deref(), "LETOPIS_MASTER_KEY")?, &file) {
            (Some(key), _) => Some(key),
            (None, Some(file)) => MasterKey::read(file)?,
            (None, None) => None,
        };
        let Some(current) = current else {
            let file = file.map_or_else(String::new, |it| format!("{} ", it.display()));
            bail!(
                "master key file {file}is missing: give --master-key-file or LETOPIS_MASTER_KEY; without it no personal \
                 data can be read"
            );
        };
        Ok(Vault::open(options.clone(), current, previous).await?)
    }
}

impl VaultPlace {
    /// The vault that belongs to a log in `data`, or the one that is named.
    pub(in crate::cli) async fn open(&self, data: Option<&Path>) -> Result<Vault> {
        let options = match (given(self.database_url.as_deref()), data) {
            (None, None) => {
                bail!("a server of events does not name its vault: give --database-url and --master-key-file")
            }
            (named, data) => options(&database(named, data.unwrap_or(Path::new("")))?)?,
        };
        let is_new = Vault::is_new(&options).await;
        if is_new.context("there is no vault in that database, or it does not answer: give another --database-url")? {
            bail!("the vault in that database is empty: give the --database-url of the server that wrote this log");
        }
        self.keys.open(data, &options).await
    }
}

/// The address that is given, or that of the server that runs on the data folder.
fn database(named: Option<&str>, data: &Path) -> Result<String> {
    match given(named) {
        Some(url) => Ok(url.to_owned()),
        None => published(data, "database.url")?.with_context(|| {
            let data = data.display();
            format!("no server with a Postgres of its own runs on {data}: start it, or give --database-url")
        }),
    }
}

impl Target {
    pub(in crate::cli) async fn close(self) -> Result<()> {
        self.pool.close().await;
        if let Some(node) = self.node {
            node.stop().await?;
        }
        Ok(())
    }
}

/// An empty variable says nothing.
fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|it| !it.is_empty())
}

fn key(file: Option<&Path>, variable: &'static str) -> Result<Option<MasterKey>> {
    let hex = std::env::var(variable).ok().filter(|it| !it.is_empty());
    match (file.filter(|it| !it.as_os_str().is_empty()), hex) {
        (Some(_), Some(_)) => bail!("{variable} and {variable}_FILE are both given: give one of them"),
        (Some(file), None) => match MasterKey::read(file)? {
            Some(key) => Ok(Some(key)),
            None => bail!(
                "master key file {} is missing: put it back from its backup",
                file.display()
            ),
        },
        (None, Some(hex)) => match MasterKey::from_hex(&hex) {
            Some(key) => Ok(Some(key)),
            None => bail!("{variable} does not read: it must hold 64 hex digits and nothing else"),
        },
        (None, None) => Ok(None),
    }
}

fn options(url: &str) -> Result<PgConnectOptions> {
    let wanted = "give postgres://user:password@host:5432/database";
    if !["postgres://", "postgresql://"].iter().any(|it| url.starts_with(it)) {
        bail!("the address of Postgres does not read (its scheme is not postgres): {wanted}");
    }
    url.parse()
        .with_context(|| format!("the address of Postgres does not read: {wanted}"))
}

fn explain(error: MigrateError) -> anyhow::Error {
    let what = "the tables cannot be brought to this version";
    if let MigrateError::VersionMissing(version) = error {
        return anyhow::anyhow!(
            "{what}: the database has migration {version}, which this program does not know: run the letopis-replay of \
             the newer Letopis that made it; nothing was changed"
        );
    }
    anyhow::Error::new(error).context(what)
}

/// What the server that has the folder open says in this file; `None` when none has it open, or it says nothing.
fn published(data: &Path, name: &str) -> Result<Option<String>> {
    let lock = match File::open(data.join("lock")) {
        Ok(lock) => lock,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot use {}", data.join("lock").display())),
    };
    match lock.try_lock_shared() {
        Ok(()) => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot use {}", data.join("lock").display()));
        }
    }
    let file = data.join(name);
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot use {}", file.display())),
    }
}
