//! Each test has a cluster of its own, on the PostgreSQL of this machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::str::FromStr;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor, Row};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::*;

/// A folder anybody may pass through, as data directories usually are.
fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    folder
}

async fn connection(postgres: &Postgres) -> PgConnection {
    PgConnection::connect_with(&PgConnectOptions::from_str(&postgres.url()).unwrap())
        .await
        .unwrap()
}

async fn write(postgres: &Postgres) {
    connection(postgres)
        .await
        .execute("CREATE TABLE kept AS SELECT 7 AS number")
        .await
        .unwrap();
}

async fn read(postgres: &Postgres) -> i32 {
    connection(postgres)
        .await
        .fetch_one("SELECT number FROM kept")
        .await
        .unwrap()
        .get(0)
}

fn server_pid(data: &Path) -> Option<Pid> {
    let content = fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?;
    Some(Pid::from_raw(content.lines().next()?.parse().unwrap()))
}

async fn until_stopped(data: &Path) {
    let stopped = async {
        while server_pid(data).is_some() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), stopped)
        .await
        .expect("the server still runs");
}

#[tokio::test]
async fn second_start_finds_what_the_first_wrote() {
    let data = open_folder();
    let postgres = Postgres::start(data.path()).await.unwrap();
    write(&postgres).await;
    let row = connection(&postgres)
        .await
        .fetch_one("SELECT lower('ЗАЯВКА'), current_setting('jit')")
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), ("заявка", "off"));
    let mode = fs::metadata(postgres.socket_dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    postgres.stop().await.unwrap();
    assert_eq!(server_pid(data.path()), None, "stop() waits for the end");
    let postgres = Postgres::start(data.path()).await.unwrap();
    assert_eq!(read(&postgres).await, 7);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn dropping_stops_the_server_and_a_start_meanwhile_waits() {
    let data = open_folder();
    let postgres = Postgres::start(data.path()).await.unwrap();
    write(&postgres).await;
    drop(postgres);
    let postgres = Postgres::start(data.path()).await.unwrap();
    assert_eq!(read(&postgres).await, 7);
    drop(postgres);
    until_stopped(data.path()).await;
}

#[tokio::test]
async fn killed_server_is_reported_and_started_again() {
    let data = open_folder();
    let postgres = Postgres::start(data.path()).await.unwrap();
    write(&postgres).await;
    assert!(
        timeout(Duration::from_millis(50), postgres.exited()).await.is_err(),
        "it runs"
    );
    kill(server_pid(data.path()).unwrap(), Signal::SIGKILL).unwrap();
    let end = timeout(Duration::from_secs(10), postgres.exited())
        .await
        .unwrap()
        .to_string();
    assert!(
        end.starts_with("Postgres stopped by itself, exit status: 137 ("),
        "{end}"
    );
    assert!(end.ends_with("postgres.log"), "{end}");
    let postgres = Postgres::start(data.path()).await.unwrap();
    assert_eq!(read(&postgres).await, 7);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn server_without_its_supervisor_is_stopped_by_the_next_start() {
    let data = open_folder();
    let first = Postgres::start(data.path()).await.unwrap();
    write(&first).await;
    let old = server_pid(data.path()).unwrap();
    let output = std::process::Command::new("ps")
        .args(["-o", "ppid=", "-p", &old.to_string()])
        .output()
        .unwrap();
    let supervisor = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(supervisor), Signal::SIGKILL).unwrap();
    first.server.ended().await;
    assert!(kill(old, None).is_ok(), "the server has lost its supervisor only");
    let second = Postgres::start(data.path()).await.unwrap();
    assert_ne!(server_pid(data.path()), Some(old));
    assert_eq!(read(&second).await, 7);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn supervisor_takes_no_signal_meant_for_the_program() {
    let data = open_folder();
    let postgres = Postgres::start(data.path()).await.unwrap();
    let server = server_pid(data.path()).unwrap();
    let output = std::process::Command::new("ps")
        .args(["-o", "ppid=", "-p", &server.to_string()])
        .output()
        .unwrap();
    let supervisor = Pid::from_raw(String::from_utf8(output.stdout).unwrap().trim().parse().unwrap());
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        kill(supervisor, signal).unwrap();
    }
    assert!(timeout(Duration::from_millis(200), postgres.exited()).await.is_err());
    write(&postgres).await;
    postgres.stop().await.unwrap();
    assert_eq!(server_pid(data.path()), None);
}

#[tokio::test]
async fn two_clusters_run_side_by_side() {
    let (left, right) = (open_folder(), open_folder());
    let both = tokio::join!(Postgres::start(left.path()), Postgres::start(right.path()));
    let (left, right) = (both.0.unwrap(), both.1.unwrap());
    write(&left).await;
    assert!(
        connection(&right)
            .await
            .execute("SELECT number FROM kept")
            .await
            .is_err()
    );
    let both = tokio::join!(left.stop(), right.stop());
    both.0.unwrap();
    both.1.unwrap();
}

#[tokio::test]
async fn interrupted_initdb_and_lost_database_are_healed() {
    let data = open_folder();
    fs::create_dir_all(data.path().join("postgres.new/base")).unwrap();
    fs::write(data.path().join("postgres.new/PG_VERSION"), "15\n").unwrap();
    let postgres = Postgres::start(data.path()).await.unwrap();
    assert!(!data.path().join("postgres.new").exists());
    let url = socket::url(postgres.socket_dir(), USER, "postgres");
    let mut other = PgConnection::connect(&url).await.unwrap();
    other.execute("DROP DATABASE letopis").await.unwrap();
    postgres.stop().await.unwrap();
    let postgres = Postgres::start(data.path()).await.unwrap();
    write(&postgres).await;
    postgres.stop().await.unwrap();
}

/// Temporary folders are closed to others: started by root, Postgres has to get through to its files all the same.
#[tokio::test]
async fn closed_folder_above_the_data_is_passed() {
    let closed = tempfile::tempdir().unwrap();
    let data = closed.path().join("data");
    fs::create_dir(&data).unwrap();
    let postgres = Postgres::start(&data).await.unwrap();
    write(&postgres).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn long_path_with_odd_characters_works() {
    let folder = open_folder();
    let data = folder.path().join("данные, \"a b\" 100%").join("d".repeat(90));
    fs::create_dir_all(&data).unwrap();
    let postgres = Postgres::start(&data).await.unwrap();
    write(&postgres).await;
    let socket_dir = postgres.socket_dir().to_owned();
    postgres.stop().await.unwrap();
    fs::remove_dir_all(socket_dir).unwrap();
}

#[tokio::test]
async fn odd_characters_in_a_short_path_work() {
    let folder = open_folder();
    let data = folder.path().join("б, \"a\" 1%");
    fs::create_dir_all(&data).unwrap();
    let postgres = Postgres::start(&data).await.unwrap();
    assert!(postgres.socket_dir().ends_with("postgres-run"));
    write(&postgres).await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn process_id_reused_after_a_crash_harms_nobody() {
    let data = open_folder();
    Postgres::start(data.path()).await.unwrap().stop().await.unwrap();
    let cluster = data.path().join("postgres");
    let ours = format!("{}\n{}\n0\n5432\n\n\n", std::process::id(), cluster.display());
    fs::write(cluster.join("postmaster.pid"), ours).unwrap();
    Postgres::start(data.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn foreign_files_are_not_touched() {
    let data = open_folder();
    fs::create_dir(data.path().join("postgres")).unwrap();
    fs::write(data.path().join("postgres/letter"), "").unwrap();
    let refusal = Postgres::start(data.path()).await.unwrap_err().to_string();
    assert!(
        refusal.contains("postgres holds files but no PostgreSQL cluster"),
        "{refusal}"
    );
}

#[tokio::test]
async fn failed_start_quotes_the_complaint() {
    let data = open_folder();
    Postgres::start(data.path()).await.unwrap().stop().await.unwrap();
    fs::write(
        data.path().join("postgres/postgresql.auto.conf"),
        "no_such_setting = 1\n",
    )
    .unwrap();
    let refusal = Postgres::start(data.path()).await.unwrap_err().to_string();
    assert!(refusal.contains("FATAL:  configuration file"), "{refusal}");
    assert!(!refusal.contains('\n'), "{refusal}");
}
