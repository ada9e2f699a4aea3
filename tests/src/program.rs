//! The program `letopis` as a process of its own: what only a process can show, such as being killed.

use std::{
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{Client, KEY};

/// A running `letopis serve`.
#[derive(Debug)]
pub struct Program {
    /// Speaks to it.
    pub client: Client,
    child: Child,
}

impl Program {
    /// `letopis` with these arguments, not started. The binary is the one this test was built with.
    ///
    /// # Errors
    /// When the binary is not where cargo puts it.
    pub fn command(arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.args(arguments).env("LETOPIS_BOOTSTRAP_API_KEY", KEY).env_remove("DATABASE_URL").stdin(Stdio::null());
        command.kill_on_drop(true);
        Ok(command)
    }

    /// Runs `letopis` with these arguments to its end.
    ///
    /// # Errors
    /// When it does not end within 60 s.
    pub async fn output(arguments: &[&str]) -> Result<Output> {
        let running = Self::command(arguments)?.output();
        Ok(timeout(Duration::from_secs(60), running).await.context("letopis does not end")??)
    }

    /// Starts `letopis serve` with these further arguments, and waits until it says where it is ready.
    ///
    /// # Errors
    /// When it ends instead; the error holds what it said.
    pub async fn serve(arguments: &[&str]) -> Result<Self> {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut child = Self::command(&arguments)?.stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
        let mut said = String::new();
        while let Some(line) = lines.next_line().await? {
            if let Some(base) = line.split("GraphiQL at ").nth(1).and_then(|it| it.split("/graphiql").next()) {
                let client = Client::new(base.to_owned(), KEY)?;
                // Nobody may leave the pipe full.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { client, child });
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

fn binary() -> Result<PathBuf> {
    // Tests lie in target/<profile>/deps, binaries in target/<profile>.
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|it| it.join("letopis").is_file());
    Ok(folder.context("letopis is not built: run the tests of the whole workspace")?.join("letopis"))
}
