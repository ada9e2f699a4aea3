//! Ways to look into a log, to take its events out and to put them into another: `letopis-replay` as a program.

mod bad_input;
mod filters;
mod inspect;
mod moving;
mod reads;
mod resume;
mod seals;
mod table;
mod tail;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tests::{App, Program};

use crate::proof::{history, tamper};

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// What the program said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn fine(self) -> Result<String> {
        ensure!(self.code == Some(0), "{self:?}");
        Ok(self.out)
    }

    /// One line on standard error with all these words, nothing on standard output.
    fn refused(&self, words: &[&str]) -> Result<()> {
        ensure!(self.code == Some(2) && self.out.is_empty(), "{self:?}");
        ensure!(self.err.trim_end().lines().count() == 1, "{}", self.err);
        for word in words {
            ensure!(self.err.contains(word), "{word} is not in: {}", self.err);
        }
        Ok(())
    }

    fn lines(&self) -> Result<Vec<Value>> {
        Ok(self.out.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }
}

async fn replay(arguments: &[&str]) -> Result<Said> {
    let output = Program::replay(arguments).await?;
    Ok(Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// The answer of a command with `--json`, which must go well.
async fn answer(arguments: &[&str]) -> Result<Value> {
    let said = replay(&[arguments, &["--json"]].concat()).await?;
    Ok(serde_json::from_str(&said.fine()?)?)
}

/// The log of a server that was sealed twice and has been stopped, its database, and its tickets.
async fn log() -> Result<(TempDir, String, Vec<String>)> {
    let (app, tickets) = history().await?;
    let (data, database) = app.stop().await?;
    Ok((data, database, tickets))
}

/// Everything of a log as lines, in this folder.
async fn exported(data: &Path, to: &TempDir) -> Result<PathBuf> {
    let file = to.path().join("log.ndjson");
    let exported = answer(&["export", "events", "--data", text(data)?, "--out", text(&file)?]).await?;
    ensure!(exported["complete"] == true, "{exported}");
    Ok(file)
}

async fn import(file: &Path, data: &Path, more: &[&str]) -> Result<Said> {
    replay(&[&["import", text(file)?, "--data", text(data)?], more].concat()).await
}

/// Exit code and report of `verify` with the keys of another folder.
async fn verify(data: &Path, keys: &Path) -> Result<(Option<i32>, Value)> {
    let key = keys.join("keys/log-seal.pub.pem");
    let said = replay(&["verify", "--data", text(data)?, "--public-key", text(&key)?, "--json"]).await?;
    Ok((said.code, serde_json::from_str(&said.out)?))
}

/// A copy of an export in which every event has another position, with checksums that fit, as a server that counts
/// bytes would give it.
fn respaced(file: &Path, to: &Path, position: impl Fn(u64) -> u64) -> Result<()> {
    let mut lines = Vec::new();
    for line in fs::read_to_string(file)?.lines() {
        let said: Value = serde_json::from_str(line)?;
        let moved = |said: &Value| said["position"].as_u64().map(&position);
        lines.push(match (moved(&said), moved(&said["end"])) {
            (Some(here), _) => checked(&line.replacen(&format!("{}", said["position"]), &here.to_string(), 1))?,
            (None, Some(here)) => {
                serde_json::json!({"end": {"events": said["end"]["events"], "position": here}}).to_string()
            }
            (None, None) => line.to_owned(),
        });
    }
    Ok(fs::write(to, lines.join("\n") + "\n")?)
}

/// A line with a checksum that fits.
fn checked(line: &str) -> Result<String> {
    let (before, _) = line.rsplit_once(",\"crc\":").context("no checksum")?;
    Ok(format!(
        "{before},\"crc\":\"{:08x}\"}}",
        crc32c::crc32c(before.as_bytes())
    ))
}

async fn running() -> Result<(App, Vec<String>)> {
    history().await
}
