//! The server process and the shell that sees to its end.

use std::fs::File;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::ChildStdin;
use tokio::sync::watch;
use tokio::time::timeout;

use super::PostgresError;
use super::account::Account;
use super::binaries::Binaries;
use super::server_log::ServerLog;
use super::socket::{self, PORT};

/// Runs its arguments until they end or its standard input does, whichever is first.
///
/// We hold the other end of that input, and the kernel closes it however we die. The watcher then asks for a fast
/// shutdown, which rolls open transactions back. Signals to the shell itself are taken and passed over: a service
/// manager sends them to all processes at once, and the server must live until we have finished with it.
const SUPERVISOR: &str = r#"
trap : HUP INT TERM
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _; kill -INT "$server"; } <&3 2>/dev/null &
watcher=$!
exec 3<&-
while :; do
  wait "$server"
  code=$?
  kill -0 "$server" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
exit "$code"
"#;

/// For one machine with one program; the log is what must survive, and it does not lie here.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=400",
    "shared_buffers=128MB",
    "max_wal_size=2GB",
    "checkpoint_timeout=15min",
    "wal_compression=on",
    // What is erased must not live on in old files under new names.
    "wal_recycle=off",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_checkpoints=off",
    "logging_collector=off",
];

/// A running server, or one that has ended and not been asked about yet.
#[derive(Debug)]
pub(super) struct Server {
    /// Dropping it is what stops the server.
    pipe: Option<ChildStdin>,
    ended: watch::Receiver<Option<ExitStatus>>,
    log: ServerLog,
}

impl Server {
    /// Starts the server on the cluster `dir`; it takes no connections yet.
    pub(super) fn spawn(
        dir: &Path,
        socket_dir: &Path,
        binaries: &Binaries,
        account: &Account,
    ) -> Result<Self, PostgresError> {
        let path = dir.with_added_extension("log");
        let (log, file) = ServerLog::open(path.clone()).map_err(PostgresError::file(&path))?;
        let errors = file.try_clone().map_err(PostgresError::file(&path))?;
        Self::supervise(log, file, errors, &arguments(dir, socket_dir, binaries), account)
    }

    fn supervise(
        log: ServerLog,
        output: File,
        errors: File,
        arguments: &[std::ffi::OsString],
        account: &Account,
    ) -> Result<Self, PostgresError> {
        let shell = Path::new("/bin/sh");
        let mut command = account.command(shell);
        command.args(["-c", SUPERVISOR, "letopis-postgres"]).args(arguments);
        // A group of its own, so that Ctrl-C in the terminal reaches us first.
        command
            .stdin(std::process::Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        let mut child = command.spawn().map_err(PostgresError::file(shell))?;
        let pipe = child.stdin.take();
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            // Waiting for one's own child fails only if somebody else has waited for it: it is gone then, too.
            let status = child.wait().await.unwrap_or_default();
            end.send_replace(Some(status));
        });
        Ok(Self { pipe, ended, log })
    }

    /// Waits for the end of the process, whatever has ended it.
    pub(super) async fn ended(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        status.unwrap_or_default()
    }

    /// Asks for a fast shutdown and waits for it.
    pub(super) async fn stop(mut self, patience: Duration) -> Result<(), PostgresError> {
        drop(self.pipe.take());
        match timeout(patience, self.ended()).await {
            Ok(_) => Ok(()),
            Err(_elapsed) => Err(self.slow("stop", patience)),
        }
    }

    pub(super) fn log(&self) -> &ServerLog {
        &self.log
    }

    pub(super) fn slow(&self, what: &'static str, patience: Duration) -> PostgresError {
        let (line, log) = (self.log.line(), self.log.path().to_owned());
        PostgresError::Slow {
            what,
            seconds: patience.as_secs(),
            line,
            log,
        }
    }
}

fn arguments(dir: &Path, socket_dir: &Path, binaries: &Binaries) -> Vec<std::ffi::OsString> {
    let mut arguments = vec![binaries.program("postgres").into(), "-D".into(), dir.into()];
    arguments.extend(["-p".into(), PORT.to_string().into()]);
    arguments.extend([
        "-c".into(),
        format!("unix_socket_directories={}", socket::setting(socket_dir)).into(),
    ]);
    for setting in SETTINGS {
        arguments.extend(["-c".into(), (*setting).into()]);
    }
    arguments
}
