//! The program `letopis` as a process of its own: what only a process can show, such as being killed.

use std::{
    path::PathBuf,
    process::{ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{Client, KEY};

/// A running `letopis serve`.
#[derive(Debug)]
pub struct Program {
    /// Speaks to it.
    pub client: Client,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Program {
    /// `letopis` with these arguments, not started. The binary is the one this test was built with.
    ///
    /// # Errors
    /// When the binary is not where cargo puts it.
    pub fn command(arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary("letopis")?);
        command
            .args(arguments)
            .env("LETOPIS_BOOTSTRAP_API_KEY", KEY)
            .env("LETOPIS_COST_BUDGET", "0")
            .env("LETOPIS_ADDRESS_REQUESTS", "0")
            .env("LETOPIS_OPERATION_LIMITS", "*=0")
            .env_remove("DATABASE_URL")
            .env_remove("EVENT_STORE_URL")
            .env_remove("LETOPIS_CONFIG")
            .env_remove("LETOPIS_DATA")
            .env_remove("LETOPIS_LISTEN")
            .env_remove("LETOPIS_MASTER_KEY")
            .env_remove("LETOPIS_PREVIOUS_MASTER_KEY")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command.kill_on_drop(true);
        Ok(command)
    }

    /// Runs `letopis` with these arguments to its end.
    ///
    /// # Errors
    /// When it does not end within 60 s.
    pub async fn output(arguments: &[&str]) -> Result<Output> {
        Self::ended(Self::command(arguments)?).await
    }

    /// Runs `letopis-replay` with these arguments to its end.
    ///
    /// # Errors
    /// When it is not built, or does not end within 60 s.
    pub async fn replay(arguments: &[&str]) -> Result<Output> {
        Self::ended(Self::replay_command(arguments)?).await
    }

    /// `letopis-replay` with these arguments, not started.
    ///
    /// # Errors
    /// When it is not built.
    pub fn replay_command(arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary("letopis-replay")?);
        command
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env_remove("EVENT_STORE_URL")
            .env_remove("LETOPIS_DATA")
            .env_remove("LETOPIS_MASTER_KEY")
            .env_remove("LETOPIS_MASTER_KEY_FILE")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Runs a prepared command to its end.
    ///
    /// # Errors
    /// When it does not end within 60 s.
    pub async fn ended(mut command: Command) -> Result<Output> {
        Ok(timeout(Duration::from_mins(1), command.output())
            .await
            .context("letopis does not end")??)
    }

    /// Starts `letopis serve` with these further arguments on a port that was free a moment ago, and waits only until
    /// it answers at all.
    ///
    /// # Errors
    /// When it does not answer within 30 s.
    pub async fn unready(arguments: &[&str]) -> Result<Self> {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.to_string();
        let arguments = [&["serve", "--listen", &free], arguments].concat();
        let mut command = Self::command(&arguments)?;
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let client = Client::new(format!("http://{free}"), KEY)?;
        poll("letopis does not answer", async || {
            client.get("/health/live").await.is_ok()
        })
        .await?;
        let said = Arc::default();
        Ok(Self { client, child, said })
    }

    /// What it has logged since it was ready; nothing of one that was not waited for.
    pub fn log(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// When it cannot be signalled, or does not end within 60 s.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        let id = self.id().context("letopis has ended already")?.to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
        Ok(timeout(Duration::from_mins(1), self.child.wait())
            .await
            .context("letopis does not end")??)
    }

    /// Starts `letopis serve` with these further arguments, and waits until it says where it is ready.
    ///
    /// # Errors
    /// When it ends instead; the error holds what it said.
    pub async fn serve(arguments: &[&str]) -> Result<Self> {
        Self::serve_with(arguments, |_| {}).await
    }

    /// The same, with its environment changed.
    ///
    /// # Errors
    /// When it ends instead; the error holds what it said.
    pub async fn serve_with(arguments: &[&str], adjust: impl FnOnce(&mut Command)) -> Result<Self> {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut command = Self::command(&arguments)?;
        adjust(&mut command);
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await? {
            if let Some(base) = line
                .split("GraphiQL at ")
                .nth(1)
                .and_then(|it| it.split("/graphiql").next())
            {
                let client = Client::new(base.to_owned(), KEY)?;
                let kept: Arc<Mutex<String>> = Arc::default();
                let said = Arc::clone(&kept);
                // Nobody may leave the pipe full.
                tokio::spawn(async move {
                    while let Ok(Some(line)) = lines.next_line().await {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.push_str(&line);
                        kept.push('\n');
                    }
                });
                return Ok(Self { client, child, said });
            }
            said.push_str(&line);
            said.push('\n');
        }
        anyhow::bail!("letopis ended before it was ready:\n{said}")
    }

    /// SIGKILL, and waits for the end.
    ///
    /// # Errors
    /// When the process cannot be signalled.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// The process id.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }
}

/// Looks every 50 ms, for at most 30 s, whether something outside of this process has come about.
///
/// # Errors
/// `otherwise`, when it has not.
pub async fn poll(otherwise: &'static str, is_so: impl AsyncFn() -> bool) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so().await {
        ensure!(Instant::now() < end, otherwise);
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Looks every 50 ms, for at most 30 s, until what is seen is so; gives what was seen last, for whoever asserts.
///
/// # Errors
/// When a look fails.
pub async fn eventually<T>(look: impl AsyncFn() -> Result<T>, is_so: impl Fn(&T) -> bool) -> Result<T> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let seen = look().await?;
        if is_so(&seen) || Instant::now() > end {
            return Ok(seen);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn binary(name: &str) -> Result<PathBuf> {
    // Tests lie in target/<profile>/deps, binaries in target/<profile>.
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|it| it.join(name).is_file());
    let folder = folder.with_context(|| format!("{name} is not built: run the tests of the whole workspace"))?;
    Ok(folder.join(name))
}
