//! A disk that is full in the middle: the build waits and says why, what serves goes on.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, ensure};
use api::embedded::{DataDir, Postgres};
use projections::{MIGRATOR, Model, generation, status};
use sqlx::{AssertSqlSafe, PgPool};
use tempfile::TempDir;
use tests::{poll, run, tallies::TALLIES};

use super::Bench;

/// A small disk of its own, in memory.
struct Disk(TempDir);

impl Disk {
    /// `None` where this may not be mounted; says why.
    fn mount() -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs"])
            .arg(folder.path());
        let why = match mount.output() {
            Ok(done) if done.status.success() => return Ok(Some(Self(folder))),
            Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        writeln!(std::io::stderr(), "SKIPPED, there is no disk to fill: {why}")?;
        Ok(None)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.path().join("ballast"))?;
        loop {
            match ballast.write(&[0; 4096]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn free(&self) -> Result<()> {
        Ok(fs::remove_file(self.path().join("ballast"))?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whatever still holds it open keeps it until then.
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

/// Lets the tables that are made from now on lie on the disk.
async fn settle(url: &str, cluster: &Path, disk: &Disk) -> Result<()> {
    let space = disk.path().join("space");
    fs::create_dir(&space)?;
    let owner = fs::metadata(cluster)?;
    chown(&space, Some(owner.uid()), Some(owner.gid()))?;
    let pool = PgPool::connect(url).await?;
    let place = space.to_str().context("a path that is no text")?;
    for statement in [
        format!("CREATE TABLESPACE small LOCATION '{place}'"),
        "ALTER DATABASE letopis SET default_tablespace TO small".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await?;
    }
    pool.close().await;
    Ok(())
}

#[test]
fn build_on_a_full_disk_waits_and_says_why_while_the_serving_one_goes_on() -> Result<()> {
    run(async {
        let Some(disk) = Disk::mount()? else { return Ok(()) };
        // A cluster of its own: one that loses a disk is of no use to other tests.
        let folder = tempfile::tempdir()?;
        let data = DataDir::open(folder.path())?;
        let postgres = Postgres::start(data.root()).await?;
        let pool = PgPool::connect(&postgres.url()).await?;
        MIGRATOR.run(&pool).await?;
        pool.close().await;
        let bench = Bench::on(postgres.url()).await?;
        let models: &[Model] = &[TALLIES[0]];
        let working = bench.work(models)?;
        let position = bench.tickets(0..20).await?;
        bench.shows(models, position).await?;
        let old = bench.serving(&models[0]).await?;
        settle(&bench.url, &data.root().join("postgres"), &disk).await?;
        let pool = PgPool::connect(&bench.url).await?;
        let new = generation::begin(&pool, &models[0], 1, position, false).await?;
        let is_filled = |it: &status::Status| it.generation == new && it.position >= position;
        let filled = async || status::all(&pool).await.is_ok_and(|all| all.iter().any(is_filled));
        poll("it is not filled", filled).await?;
        disk.fill()?;
        // More than fits into the pages that it has.
        let position = bench.tickets(20..400).await?;
        let says = |it: &status::Status| {
            it.generation == new
                && it
                    .fault
                    .as_deref()
                    .is_some_and(|it| it.contains("No space left on device"))
        };
        let said = async || status::all(&pool).await.is_ok_and(|all| all.iter().any(says));
        poll("it does not say that the disk is full", said).await?;
        bench.shows(models, position).await?;
        ensure!(bench.serving(&models[0]).await? == old);
        disk.free()?;
        generation::destine(&pool, new, true).await?;
        let serves = async || bench.serving(&models[0]).await.is_ok_and(|it| it == new);
        poll("it does not go on", serves).await?;
        working.stop().await?;
        bench.equals_rebuild(models).await?;
        pool.close().await;
        bench.node.stop().await?;
        Ok(postgres.stop().await?)
    })
}
