//! The server of an earlier start, which may outlive the process that started it for a while.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::PostgresError;
use super::account::Account;
use super::binaries::Binaries;

/// A fast shutdown writes all changed pages first.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Waits until no server runs on the cluster, and stops one that does not go by itself.
pub(super) async fn end(dir: &Path, binaries: &Binaries, account: &Account) -> Result<(), PostgresError> {
    let Some(pid) = recorded(dir) else { return Ok(()) };
    if !serves(pid, dir).await {
        return forget_reused(pid, dir).await;
    }
    tracing::info!(
        pid = pid.as_raw(),
        "waiting for the Postgres of an earlier start to stop"
    );
    // Its supervisor may be dead; a server that is stopping already takes this for a repetition.
    let _gone_meanwhile = kill(pid, Signal::SIGINT);
    if timeout(PATIENCE, gone(pid, dir)).await.is_ok() {
        return Ok(());
    }
    let pg_ctl = binaries.program("pg_ctl");
    let mut stop = account.command(&pg_ctl);
    stop.args(["stop", "-m", "immediate", "-t", "10", "-D"]).arg(dir);
    let answer = stop.output().await.map_err(PostgresError::file(&pg_ctl))?;
    if answer.status.success() || !serves(pid, dir).await {
        return Ok(());
    }
    Err(PostgresError::StillRunning {
        dir: dir.to_owned(),
        pid: pid.as_raw(),
    })
}

async fn gone(pid: Pid, dir: &Path) {
    while recorded(dir) == Some(pid) && serves(pid, dir).await {
        sleep(PAUSE).await;
    }
}

/// Process id of the last server, as it wrote it down; it removes the file when it stops in good order.
fn recorded(dir: &Path) -> Option<Pid> {
    let content = fs::read_to_string(dir.join("postmaster.pid")).ok()?;
    // A stand-alone backend writes its id negated.
    content
        .lines()
        .next()?
        .trim()
        .parse::<i32>()
        .ok()
        .map(|pid| Pid::from_raw(pid.saturating_abs()))
}

/// Postgres refuses to start while any process has the recorded id, even one that has come by it after a reboot.
async fn forget_reused(pid: Pid, dir: &Path) -> Result<(), PostgresError> {
    if kill(pid, None) == Err(Errno::ESRCH) {
        // Postgres itself does best with a stale file: it also looks for backends that are still alive.
        return Ok(());
    }
    let deserted = async {
        while inhabited(dir) {
            sleep(PAUSE).await;
        }
    };
    if timeout(PATIENCE, deserted).await.is_err() {
        return Err(PostgresError::StillRunning {
            dir: dir.to_owned(),
            pid: pid.as_raw(),
        });
    }
    let file = dir.join("postmaster.pid");
    fs::remove_file(&file).map_err(PostgresError::file(&file))
}

/// Does any backend outlive its server here? Known on Linux only; it takes a backend moments to notice.
fn inhabited(dir: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    processes
        .flatten()
        .any(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == dir))
}

/// Is this process a server of this very cluster? A server's working directory is its cluster.
async fn serves(pid: Pid, dir: &Path) -> bool {
    if pid.as_raw() <= 1 || kill(pid, None) == Err(Errno::ESRCH) {
        return false;
    }
    if cfg!(target_os = "linux") {
        // Unreadable means that it is not ours: we run as its user or as root. A zombie has none either.
        return fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == dir);
    }
    let mut ps = Command::new("ps");
    ps.args(["-o", "command=", "-p"]).arg(pid.to_string());
    ps.output()
        .await
        .is_ok_and(|answer| String::from_utf8_lossy(&answer.stdout).contains(&*dir.to_string_lossy()))
}
