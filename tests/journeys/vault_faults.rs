//! The vault under several servers at once, and with what an operator can get wrong: master keys, their files, damage.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use api::config::Config;
use domain::personal::DataSubject;
use event_store::{
    Key, Keys, SubjectKey, Vault,
    vault::{MasterKey, VaultError},
};
use futures_util::future::{join_all, try_join_all};
use sqlx::{PgPool, postgres::PgConnectOptions};
use tests::{Cluster, Program, run};
use uuid::Uuid;

use crate::vault::{close, reopen};

const CALLERS: u128 = 64;
const PATIENCE: Duration = Duration::from_millis(500);
/// The patience, and as long as a single connection may take on a busy machine.
const BOUND: Duration = Duration::from_secs(5);

fn master(number: u8) -> MasterKey {
    MasterKey::from_bytes([number; 32])
}

fn subjects(numbers: std::ops::Range<u128>) -> Vec<DataSubject> {
    numbers.map(|it| DataSubject(Uuid::from_u128(it + 1))).collect()
}

/// A database with empty tables: its address, and a way into it beside the vault.
async fn database() -> Result<(PgConnectOptions, PgPool)> {
    let url = Cluster::shared().await?.database().await?;
    Ok((url.parse()?, PgPool::connect(&url).await?))
}

async fn open(at: &PgConnectOptions, current: u8, previous: Option<u8>) -> Result<Vault, VaultError> {
    Vault::open(at.clone(), master(current), previous.map(master)).await
}

fn key(keys: &Keys, subject: DataSubject) -> Result<Key> {
    match keys.get(subject) {
        Some(SubjectKey::Known(key)) => Ok(key.clone()),
        Some(SubjectKey::Destroyed) => anyhow::bail!("the key of {subject} is destroyed"),
        None => anyhow::bail!("{subject} has no key"),
    }
}

fn all(keys: &Keys, of: &[DataSubject]) -> Result<Vec<Key>> {
    of.iter().map(|it| key(keys, *it)).collect()
}

fn refused(opened: Result<Vault, VaultError>, found: u8, expected: u8) -> Result<()> {
    let error = opened.err().context("a master key that does not fit was taken")?;
    ensure!(matches!(error, VaultError::WrongMasterKey { .. }), "{error}");
    let said = error.to_string();
    ensure!(said.contains(&master(found).fingerprint()), "{said}");
    ensure!(said.contains(&master(expected).fingerprint()), "{said}");
    ensure!(said.lines().count() == 1, "{said}");
    Ok(())
}

#[test]
fn only_one_of_several_first_starts_makes_its_master_key_the_vaults() -> Result<()> {
    run(async {
        for _ in 0..8 {
            let (at, _) = database().await?;
            let opened = join_all((1..=8).map(|number| open(&at, number, None))).await;
            let taken = opened.iter().filter(|it| it.is_ok()).count();
            ensure!(taken == 1, "{taken} different master keys were taken");
            let refused = opened
                .iter()
                .filter(|it| matches!(it, Err(VaultError::WrongMasterKey { .. })));
            ensure!(refused.count() == 7);
        }
        Ok(())
    })
}

#[test]
fn key_file_is_made_at_the_first_start_only() -> Result<()> {
    run(async {
        let (at, _) = database().await?;
        let data = tempfile::tempdir()?;
        let config = Config::default();
        let open = async |data: &Path| api::vault::open(&config, data, at.clone()).await;
        let of = subjects(0..1);
        let made = key(&open(data.path()).await?.keys_or_new(&of).await?, of[0])?;
        let (file, aside) = (data.path().join("keys/master.key"), data.path().join("aside"));
        std::fs::rename(&file, &aside)?;
        let said = open(data.path())
            .await
            .err()
            .context("it opened without its key")?
            .to_string();
        ensure!(said.contains("keys/master.key") && said.lines().count() == 1, "{said}");
        ensure!(!file.exists(), "another key was made in its place");
        std::fs::rename(&aside, &file)?;
        ensure!(key(&open(data.path()).await?.keys(&of).await?, of[0])? == made);
        Ok(())
    })
}

#[test]
fn keys_that_many_ask_for_are_made_in_few_commits() -> Result<()> {
    run(async {
        let (at, pool) = database().await?;
        let vaults = [open(&at, 1, None).await?, open(&at, 1, None).await?];
        // Each caller has a subject of its own, which the same caller of the other vault wants as well, and a common one.
        let asked = vaults.iter().flat_map(|vault| {
            (1..=CALLERS).map(|caller| {
                let (vault, of) = (vault.clone(), [subjects(0..1), subjects(caller..caller + 1)].concat());
                tokio::spawn(async move { anyhow::Ok(all(&vault.keys_or_new(&of).await?, &of)?) })
            })
        });
        let told = try_join_all(asked.collect::<Vec<_>>()).await?;
        let told = told.into_iter().collect::<Result<Vec<_>>>()?;
        let (left, right) = told.split_at(told.len() / 2);
        ensure!(left == right, "two vaults tell different keys");
        ensure!(
            told.iter().all(|it| it[0] == told[0][0]),
            "the common subject has several keys"
        );
        let (rows, commits): (i64, i64) =
            sqlx::query_as("SELECT count(*), count(DISTINCT xmin::text) FROM vault.subject_key")
                .fetch_one(&pool)
                .await?;
        ensure!(rows == i64::try_from(CALLERS)? + 1, "{rows} rows");
        ensure!(commits <= 16, "{commits} commits for {rows} keys");
        let of = subjects(0..CALLERS + 1);
        let again = all(&open(&at, 1, None).await?.keys(&of).await?, &of)?;
        ensure!(
            again[1..].iter().eq(left.iter().map(|it| &it[1])),
            "what was told is not what was stored"
        );
        Ok(())
    })
}

#[test]
fn absence_is_not_remembered() -> Result<()> {
    run(async {
        let (at, _) = database().await?;
        let (one, other) = (open(&at, 1, None).await?, open(&at, 1, None).await?);
        let of = subjects(0..1);
        ensure!(one.keys(&of).await?.get(of[0]).is_none());
        let made = key(&other.keys_or_new(&of).await?, of[0])?;
        ensure!(key(&one.keys(&of).await?, of[0])? == made);
        Ok(())
    })
}

#[test]
fn server_that_was_not_given_the_new_master_key_is_told_so_and_not_that_keys_are_damaged() -> Result<()> {
    run(async {
        let (at, _) = database().await?;
        let of = subjects(0..1);
        let unaware = open(&at, 1, None).await?;
        unaware.keys_or_new(&of).await?;
        open(&at, 2, Some(1)).await?.rotate(|_| {}).await?;
        let error = unaware
            .with_patience(PATIENCE)
            .keys(&of)
            .await
            .err()
            .context("it opened")?;
        ensure!(matches!(error, VaultError::WrongMasterKey { .. }), "{error}");
        Ok(())
    })
}

#[test]
fn callers_who_wait_together_for_a_vault_that_is_away_wait_no_longer_than_one() -> Result<()> {
    run(async {
        let (at, _) = database().await?;
        let vault = open(&at, 1, None).await?.with_patience(PATIENCE);
        let mut admin = close(&at).await?;
        let since = Instant::now();
        let asked = (0..CALLERS).map(|caller| {
            let (vault, of) = (vault.clone(), subjects(caller..caller + 1));
            async move { vault.keys_or_new(&of).await }
        });
        let told = join_all(asked).await;
        ensure!(told.iter().all(|it| matches!(it, Err(VaultError::Away(_)))));
        ensure!(
            since.elapsed() < BOUND,
            "{CALLERS} callers waited {:?}",
            since.elapsed()
        );
        reopen(&mut admin, &at).await
    })
}

#[test]
fn vault_that_keeps_silent_is_away_after_the_patience() -> Result<()> {
    run(async {
        let (at, pool) = database().await?;
        let of = subjects(0..2);
        open(&at, 1, None).await?.keys_or_new(&of[..1]).await?;
        let vault = open(&at, 1, None).await?.with_patience(PATIENCE);
        let mut holder = pool.begin().await?;
        sqlx::query("LOCK TABLE vault.subject_key IN ACCESS EXCLUSIVE MODE")
            .execute(&mut *holder)
            .await?;
        let since = Instant::now();
        let read = vault.keys(&of[..1]).await;
        ensure!(matches!(read, Err(VaultError::Away(_))), "{read:?}");
        let made = vault.keys_or_new(&of[1..]).await;
        ensure!(matches!(made, Err(VaultError::Away(_))), "{made:?}");
        ensure!(since.elapsed() < BOUND, "two questions waited {:?}", since.elapsed());
        holder.rollback().await?;
        key(&vault.keys_or_new(&of).await?, of[0]).map(drop)
    })
}

#[test]
fn master_key_comes_from_the_environment_as_well() -> Result<()> {
    run(async {
        let url = Cluster::shared().await?.database().await?;
        let data = tempfile::tempdir()?;
        let folder = data.path().to_str().context("a path that is no text")?.to_owned();
        let digits = "a7".repeat(32);
        let status = async |variables: &[(&str, &str)]| {
            let mut command = Program::command(&["vault", "status", "--data", &folder, "--database-url", &url])?;
            command.envs(variables.iter().copied());
            Program::ended(command).await
        };
        let output = status(&[("LETOPIS_MASTER_KEY", &digits)]).await?;
        let said = String::from_utf8(output.stdout)?;
        let fingerprint = MasterKey::from_bytes([0xa7; 32]).fingerprint();
        ensure!(output.status.success() && said.contains(&fingerprint), "{said}");
        ensure!(!data.path().join("keys/master.key").exists(), "a file was made besides");
        let wrong = [
            vec![("LETOPIS_MASTER_KEY", "a7a7")],
            vec![
                ("LETOPIS_MASTER_KEY", digits.as_str()),
                ("LETOPIS_MASTER_KEY_FILE", "elsewhere"),
            ],
            vec![],
        ];
        for variables in wrong {
            let output = status(&variables).await?;
            let said = String::from_utf8(output.stderr)?;
            ensure!(!output.status.success() && !said.contains("a7a7"), "{said}");
        }
        Ok(())
    })
}

#[test]
fn wrapped_key_that_was_changed_is_damaged_and_not_destroyed() -> Result<()> {
    run(async {
        let (at, pool) = database().await?;
        let of = subjects(0..2);
        open(&at, 1, None).await?.keys_or_new(&of).await?;
        let statement = "UPDATE vault.subject_key SET wrapped = set_byte(wrapped, 40, get_byte(wrapped, 40) # 1)
                         WHERE subject = $1";
        sqlx::query(statement).bind(of[0].0).execute(&pool).await?;
        let vault = open(&at, 1, None).await?;
        let error = vault.keys(&of[..1]).await.err().context("changed bytes opened")?;
        ensure!(matches!(error, VaultError::Damaged(it) if it == of[0]), "{error}");
        ensure!(matches!(vault.keys_or_new(&of[..1]).await, Err(VaultError::Damaged(_))));
        key(&vault.keys(&of[1..]).await?, of[1])?;
        // A key moved to somebody else's row is no key of theirs.
        let statement =
            "UPDATE vault.subject_key SET wrapped = (SELECT wrapped FROM vault.subject_key WHERE subject = $2)
                         WHERE subject = $1";
        sqlx::query(statement)
            .bind(of[0].0)
            .bind(of[1].0)
            .execute(&pool)
            .await?;
        let moved = open(&at, 1, None).await?.keys(&of[..1]).await;
        ensure!(matches!(moved, Err(VaultError::Damaged(_))));
        Ok(())
    })
}

#[test]
fn server_that_makes_keys_under_the_old_master_reads_those_under_the_new_one() -> Result<()> {
    run(async {
        let (at, _) = database().await?;
        let of = subjects(0..2);
        let first = key(&open(&at, 1, None).await?.keys_or_new(&of[..1]).await?, of[0])?;
        open(&at, 2, Some(1)).await?.rotate(|_| {}).await?;
        let behind = open(&at, 1, Some(2)).await?;
        ensure!(key(&behind.keys(&of).await?, of[0])? == first);
        let second = key(&behind.keys_or_new(&of).await?, of[1])?;
        refused(open(&at, 2, None).await, 2, 1)?;
        let last = open(&at, 2, Some(1)).await?;
        ensure!(last.rotate(|_| {}).await? == 1);
        ensure!(key(&open(&at, 2, None).await?.keys(&of).await?, of[1])? == second);
        Ok(())
    })
}
