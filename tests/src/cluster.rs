//! One Postgres for all tests of a process; each test gets a database of its own, copied from a migrated template.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use api::embedded::{DataDir, DataDirError, Postgres};
use event_store::Position;
use projections::{MIGRATOR, generation, registry};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep},
};

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A running Postgres with a template.
#[derive(Debug)]
pub struct Cluster {
    // Dropped when the process ends, which stops the server and frees the folder.
    _postgres: Postgres,
    _data: DataDir,
    url: String,
    log: PathBuf,
}

impl Cluster {
    /// The cluster of this process, started when first asked for.
    ///
    /// # Errors
    /// When Postgres cannot be started.
    pub async fn shared() -> Result<&'static Self> {
        CLUSTER.get_or_try_init(Self::start).await
    }

    async fn start() -> Result<Self> {
        let data = lock(&folder()).await?;
        let postgres = Postgres::start(data.root()).await?;
        let url = postgres.url();
        let cluster = Self {
            log: data.root().join("postgres.log"),
            _postgres: postgres,
            _data: data,
            url,
        };
        cluster.be_quick().await?;
        cluster.sweep().await?;
        let template = cluster.url_of("template_letopis");
        let pool = PgPool::connect(&template).await?;
        MIGRATOR.run(&pool).await?;
        generation::ensure(&pool, &registry(), Position::START).await?;
        // A template that somebody is connected to cannot be copied.
        cluster
            .admin()
            .await?
            .execute("ALTER DATABASE template_letopis ALLOW_CONNECTIONS false")
            .await?;
        cluster
            .admin()
            .await?
            .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'template_letopis'")
            .await?;
        Ok(cluster)
    }

    /// URL of a new database with all tables, empty.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn database(&self) -> Result<String> {
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let statement = format!("CREATE DATABASE {name} TEMPLATE template_letopis");
        self.admin().await?.execute(AssertSqlSafe(statement)).await?;
        Ok(self.url_of(&name))
    }

    /// Nobody misses this data after a power cut, and hundreds of databases that live for seconds need no tidying up.
    async fn be_quick(&self) -> Result<()> {
        let mut admin = self.admin().await?;
        for setting in ["fsync", "full_page_writes", "autovacuum"] {
            let statement = format!("ALTER SYSTEM SET {setting} = off");
            admin.execute(AssertSqlSafe(statement)).await?;
        }
        admin.execute("SELECT pg_reload_conf()").await?;
        Ok(())
    }

    /// With the settings that the product gives its own server: what is measured is to be what people get.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn be_as_served(&self) -> Result<()> {
        let mut admin = self.admin().await?;
        admin.execute("ALTER SYSTEM RESET ALL").await?;
        admin.execute("SELECT pg_reload_conf()").await?;
        Ok(())
    }

    /// Removes what an earlier run left, and makes an empty template.
    async fn sweep(&self) -> Result<()> {
        let mut admin = self.admin().await?;
        let left: Vec<String> = sqlx::query_scalar(
            "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%' OR datname = 'template_letopis'",
        )
        .fetch_all(&mut admin)
        .await?;
        for name in left {
            admin
                .execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
                .await?;
        }
        admin.execute("CREATE DATABASE template_letopis").await?;
        Ok(())
    }

    /// Does away with a database that no test needs any more: hundreds of them would fill a disk.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn drop(&self, url: &str) -> Result<()> {
        let name = url.rsplit('/').next().and_then(|it| it.split('?').next());
        let name = name
            .filter(|it| it.starts_with("test_"))
            .with_context(|| format!("no test's database: {url}"))?;
        let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        self.admin().await?.execute(AssertSqlSafe(statement)).await?;
        Ok(())
    }

    /// Waits while Postgres recovers from what befell it in another test, and tells what its log says when it stays away.
    async fn admin(&self) -> Result<PgConnection> {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            match PgConnection::connect(&self.url).await {
                Ok(connection) => return Ok(connection),
                Err(_) if Instant::now() < end => sleep(Duration::from_millis(200)).await,
                Err(error) => {
                    let log = grave(&self.log);
                    return Err(error).context(format!("the test cluster does not answer; its log says:\n{log}"));
                }
            }
        }
    }

    fn url_of(&self, database: &str) -> String {
        self.url.replacen("/letopis?", &format!("/{database}?"), 1)
    }
}

/// The last lines of a server's log that tell of more than a client's mistake.
fn grave(log: &Path) -> String {
    const SIGNS: [&str; 4] = ["PANIC", "FATAL", "terminated", "LOG:  database system"];
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text
        .lines()
        .filter(|it| SIGNS.iter().any(|sign| it.contains(sign)))
        .collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// Kept between runs, so that `initdb` runs once.
fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    target.join("test-cluster")
}

/// The folder's lock, waited for while another test process has it.
async fn lock(folder: &Path) -> Result<DataDir> {
    loop {
        match DataDir::open(folder) {
            Err(DataDirError::InUse { .. }) => sleep(Duration::from_millis(200)).await,
            other => return Ok(other?),
        }
    }
}
