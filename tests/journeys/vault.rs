//! The vault: keys made once, wrapped anew, destroyed for ever; and what happens while it is away.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::personal::DataSubject;
use event_store::{
    SubjectKey, Vault,
    vault::{MasterKey, VaultError},
};
use futures_util::future::try_join_all;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgConnectOptions};
use tests::{Cluster, run};
use uuid::Uuid;

const MASTER: [u8; 32] = [1; 32];
const NEXT: [u8; 32] = [2; 32];

fn subject(number: u128) -> DataSubject {
    DataSubject(Uuid::from_u128(number))
}

fn subjects(numbers: std::ops::Range<u128>) -> Vec<DataSubject> {
    numbers.map(subject).collect()
}

async fn database() -> Result<PgConnectOptions> {
    Ok(Cluster::shared().await?.database().await?.parse()?)
}

async fn open(database: &PgConnectOptions, current: [u8; 32], previous: Option<[u8; 32]>) -> Result<Vault, VaultError> {
    let previous = previous.map(MasterKey::from_bytes);
    Vault::open(database.clone(), MasterKey::from_bytes(current), previous).await
}

#[test]
fn keys_are_made_once_however_many_ask() -> Result<()> {
    run(async {
        let database = database().await?;
        let (one, other) = (
            open(&database, MASTER, None).await?,
            open(&database, MASTER, None).await?,
        );
        let wanted = subjects(0..16);
        let asks = (0..64).map(|it| {
            let vault = if it % 2 == 0 { one.clone() } else { other.clone() };
            let wanted = wanted[it % 8..].to_vec();
            async move { vault.keys_or_new(&wanted).await }
        });
        let answers = try_join_all(asks).await?;
        for subject in &wanted {
            let mut keys = answers.iter().filter_map(|it| it.get(*subject));
            let first = keys.next().context("no key")?;
            ensure!(
                matches!(first, SubjectKey::Known(_)) && keys.all(|it| it == first),
                "{subject}"
            );
        }
        assert_eq!(one.status().await?.keys, 16);
        let nobody = one.keys(&[subject(99)]).await?;
        ensure!(nobody.get(subject(99)).is_none(), "asking alone makes no key");
        Ok(())
    })
}

#[test]
fn keys_lie_wrapped() -> Result<()> {
    run(async {
        let database = database().await?;
        let vault = open(&database, MASTER, None).await?;
        let keys = vault.keys_or_new(&subjects(0..3)).await?;
        let pool = PgPool::connect_with(database).await?;
        let wrapped: Vec<Vec<u8>> = sqlx::query_scalar("SELECT wrapped FROM vault.subject_key")
            .fetch_all(&pool)
            .await?;
        for number in 0..3 {
            let Some(SubjectKey::Known(key)) = keys.get(subject(number)) else {
                anyhow::bail!("no key");
            };
            ensure!(
                wrapped
                    .iter()
                    .all(|it| !it.windows(32).any(|bytes| bytes == key.as_bytes()))
            );
        }
        pool.execute("UPDATE vault.subject_key SET wrapped = set_byte(wrapped, 40, get_byte(wrapped, 40) # 1)")
            .await?;
        let fresh = open(&pool.connect_options(), MASTER, None).await?;
        let damaged = fresh.keys(&[subject(0)]).await;
        ensure!(matches!(damaged, Err(VaultError::Damaged(_))), "{damaged:?}");
        Ok(())
    })
}

#[test]
fn destroyed_key_never_comes_back() -> Result<()> {
    run(async {
        let database = database().await?;
        let vault = open(&database, MASTER, None).await?;
        vault.keys_or_new(&subjects(0..2)).await?;
        let fingerprint = vault.fingerprint(subject(0)).await?;
        assert_eq!(vault.destroy(subject(0)).await?, fingerprint);
        assert_eq!(vault.destroy(subject(0)).await?, fingerprint);
        assert_eq!(vault.destroy(subject(7)).await?, "none");
        for vault in [&vault, &open(&database, MASTER, None).await?] {
            let keys = vault.keys_or_new(&[subject(0), subject(1), subject(7)]).await?;
            assert_eq!(keys.get(subject(0)), Some(&SubjectKey::Destroyed));
            assert_eq!(keys.get(subject(7)), Some(&SubjectKey::Destroyed));
            ensure!(matches!(keys.get(subject(1)), Some(SubjectKey::Known(_))));
        }
        Ok(())
    })
}

#[test]
fn only_the_vaults_own_master_key_fits() -> Result<()> {
    run(async {
        let database = database().await?;
        open(&database, MASTER, None)
            .await?
            .keys_or_new(&subjects(0..1))
            .await?;
        for (current, previous) in [(NEXT, None), (NEXT, Some([3; 32]))] {
            let refused = open(&database, current, previous)
                .await
                .err()
                .context("it fits")?
                .to_string();
            let name = MasterKey::from_bytes(MASTER).fingerprint();
            ensure!(refused.contains(&name) && refused.contains("does not fit"), "{refused}");
        }
        open(&database, MASTER, None).await?;
        Ok(())
    })
}

#[test]
fn rotation_goes_on_where_it_was_broken_off_while_both_keys_read() -> Result<()> {
    run(async {
        let database = database().await?;
        let old = open(&database, MASTER, None).await?;
        let all = subjects(0..2500);
        let before = old.keys_or_new(&all).await?;
        let both = open(&database, NEXT, Some(MASTER)).await?;
        let mut batches = 0;
        // Dropped after its first batch, as a killed process would leave it.
        tokio::select! {
            biased;
            done = async {
                let (sender, first) = tokio::sync::oneshot::channel();
                let mut sender = Some(sender);
                let rotating = both.rotate(|_| {
                    sender.take().map(|it| it.send(()));
                });
                tokio::select! { _ = rotating => false, _ = first => true }
            } => ensure!(done, "it ended before it was broken off"),
        }
        let left = both.status().await?.to_rotate;
        ensure!((1..2500).contains(&left), "{left} left");
        let early = open(&database, NEXT, None).await;
        ensure!(
            matches!(early, Err(VaultError::WrongMasterKey { .. })),
            "the old key is still needed"
        );
        let during = open(&database, NEXT, Some(MASTER)).await?.keys(&all).await?;
        both.rotate(|_| batches += 1).await?;
        ensure!(batches >= 1);
        let after = open(&database, NEXT, None).await?.keys(&all).await?;
        for subject in all {
            ensure!(before.get(subject) == during.get(subject) && before.get(subject) == after.get(subject));
        }
        let late = open(&database, MASTER, None).await;
        ensure!(
            matches!(late, Err(VaultError::WrongMasterKey { .. })),
            "the old key fits nothing any more"
        );
        Ok(())
    })
}

#[test]
fn vault_that_is_away_says_so_and_comes_back() -> Result<()> {
    run(async {
        let database = database().await?;
        let vault = open(&database, MASTER, None)
            .await?
            .with_patience(Duration::from_millis(300));
        vault.keys_or_new(&subjects(0..1)).await?;
        let mut admin = close(&database).await?;
        let away = vault.keys_or_new(&subjects(1..2)).await;
        ensure!(matches!(away, Err(VaultError::Away(_))), "{away:?}");
        ensure!(
            vault.keys(&subjects(0..1)).await?.get(subject(0)).is_some(),
            "what is known stays so"
        );
        reopen(&mut admin, &database).await?;
        ensure!(vault.keys_or_new(&subjects(1..2)).await?.get(subject(1)).is_some());
        Ok(())
    })
}

/// Cuts everybody off from a database.
pub(crate) async fn close(database: &PgConnectOptions) -> Result<PgConnection> {
    let name = database.get_database().context("no name")?.to_owned();
    let mut admin = PgConnection::connect_with(&database.clone().database("postgres")).await?;
    admin
        .execute(AssertSqlSafe(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")))
        .await?;
    let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    admin.execute(AssertSqlSafe(cut)).await?;
    Ok(admin)
}

/// Lets everybody in again.
pub(crate) async fn reopen(admin: &mut PgConnection, database: &PgConnectOptions) -> Result<()> {
    let name = database.get_database().context("no name")?;
    admin
        .execute(AssertSqlSafe(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")))
        .await?;
    Ok(())
}
