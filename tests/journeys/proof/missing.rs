//! Copies, keys and ends that are missing: what is told of them, and what is looked at all the same.

use std::{fs, path::Path, process::Output};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{Program, run};

use super::{copies, copy, history, rows, tamper, verify};

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

/// Exit code, standard output and standard error.
fn said(output: Output) -> Result<(Option<i32>, String, String)> {
    let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    Ok((output.status.code(), out, err))
}

async fn replay(arguments: &[&str]) -> Result<(Option<i32>, String, String)> {
    said(Program::replay(arguments).await?)
}

#[test]
fn copy_without_whole_seals_is_no_comparison() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let (data, _) = app.stop().await?;
        let elsewhere = tempfile::tempdir()?;
        let file = elsewhere.path().join("copy.ndjson");
        let seals = copies(data.path());
        let lines = fs::read_to_string(data.path().join("seals.ndjson"))?;
        let arguments = ["verify", "--data", text(data.path())?, "--seals", text(&file)?];
        let as_json = [&arguments[..], &["--json"]].concat();

        for content in ["", &lines[..20]] {
            fs::write(&file, content)?;
            let (code, out, _) = replay(&arguments).await?;
            ensure!(code == Some(1) && out.contains("NOTHING WAS COMPARED"), "{out}");
            let report: Value = serde_json::from_str(&replay(&as_json).await?.1)?;
            ensure!(
                report["compared_with_copy"] == false && report["compared_seals"] == 0,
                "{report}"
            );
            ensure!(content.is_empty() == report["copy_cut_at_line"].is_null(), "{report}");
        }

        let first = lines.lines().next().context("no line")?.len() + 1;
        fs::write(&file, &lines[..first + 30])?;
        let (code, out, _) = replay(&arguments).await?;
        let up_to = format!(
            "compared with 1 seals of the copy, up to position {}",
            seals[0].seal.last
        );
        ensure!(
            code == Some(0) && out.contains(&up_to) && out.contains("line 2 of the copy"),
            "{out}"
        );
        let report: Value = serde_json::from_str(&replay(&as_json).await?.1)?;
        ensure!(
            report["compared_seals"] == 1 && report["compared_up_to"] == seals[0].seal.last,
            "{report}"
        );
        ensure!(
            report["compared_with_copy"] == true && report["copy_cut_at_line"] == 2,
            "{report}"
        );

        for rubbish in ["rubbish", "rubbish\n", "\n"] {
            fs::write(&file, format!("{}{rubbish}", &lines[..first]))?;
            let (code, _, err) = replay(&arguments).await?;
            ensure!(
                code == Some(2) && err.contains("line 2 of ") && err.contains(text(&file)?),
                "{err}"
            );
        }

        // The folder's own copy may be younger than the first seal: it is told, and no fault of the log.
        fs::write(data.path().join("seals.ndjson"), "")?;
        let (code, report) = verify(data.path()).await?;
        ensure!(code == Some(0) && report["compared_with_copy"] == false, "{report}");

        for (path, what) in [("/dev/null", "a device"), (text(elsewhere.path())?, "a folder")] {
            let (code, _, err) = replay(&["verify", "--data", arguments[2], "--seals", path]).await?;
            ensure!(
                code == Some(2) && err.contains(what) && err.contains("--seals"),
                "{err}"
            );
        }
        let (code, _, err) = replay(&["verify", "--url", "garbage"]).await?;
        ensure!(
            code == Some(2) && err.contains("--url \"garbage\"") && !err.contains("EVENT_STORE_URL"),
            "{err}"
        );
        Ok(())
    })
}

#[test]
fn lost_end_hides_no_earlier_damage() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let (data, _) = app.stop().await?;
        let folder = tempfile::tempdir()?;
        copy(data.path(), folder.path())?;
        let last = i64::try_from(rows(folder.path())?.len())?;
        let file = tamper::open(folder.path())?;
        file.execute("UPDATE events SET data = x'7b7d' WHERE pos IN (3, 5)", [])?;
        file.execute("DELETE FROM events WHERE pos >= ?1", [last - 1])?;
        drop(file);

        let (code, report) = verify(folder.path()).await?;
        let places = [&report["problems"][0]["position"], &report["problems"][1]["position"]];
        ensure!(code == Some(1) && places == [&json!(3), &json!(5)], "{report}");
        ensure!(report["whole"] == true && report["events"] == last - 4, "{report}");
        let ends = report["problems"].as_array().context("no problems")?;
        ensure!(
            ends.iter().any(|it| it.to_string().contains("acknowledged")),
            "{report}"
        );

        let (code, out, _) = replay(&["verify", "--data", text(folder.path())?, "--problems", "1"]).await?;
        ensure!(
            code == Some(1) && out.contains("at position 3") && out.contains("acknowledged"),
            "{out}"
        );

        let (code, out, _) = replay(&["log", "verify", "--data", text(folder.path())?]).await?;
        let lines: Vec<&str> = out.lines().collect();
        ensure!(code == Some(1) && lines.len() == 3, "{out}");
        ensure!(
            lines[0].contains("position 3 of") && lines[1].contains("position 5 of"),
            "{out}"
        );
        ensure!(lines[2].contains("acknowledged"), "{out}");
        Ok(())
    })
}

#[test]
fn empty_file_is_no_whole_log() -> Result<()> {
    run(async {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("log"))?;
        fs::write(folder.path().join("log/events.db"), "")?;
        for command in [&["verify"][..], &["log", "verify"]] {
            let (code, out, _) = replay(&[command, &["--data", text(folder.path())?]].concat()).await?;
            ensure!(code == Some(1) && out.contains("empty file, not an event log"), "{out}");
        }
        Ok(())
    })
}

/// A server on `data` until it has said all of this, and what it said.
async fn hears(data: &Path, database: &str, words: &[&str]) -> Result<String> {
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        text(data)?,
        "--database-url",
        database,
    ];
    let mut child = Program::command(&arguments)?
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take().context("no pipe")?;
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stderr));
    let listen = async {
        let mut heard = String::new();
        while let Some(line) = lines.next_line().await? {
            heard.push_str(&line);
            heard.push('\n');
            if words.iter().all(|it| heard.contains(it)) {
                return Ok(heard);
            }
        }
        anyhow::bail!("it ended without {words:?}: {heard}")
    };
    let heard = tokio::time::timeout(std::time::Duration::from_mins(1), listen).await??;
    child.kill().await?;
    Ok(heard)
}

#[test]
fn lost_key_and_lost_copy_are_told_at_the_start() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let before = copies(app.data.path());
        let (data, database) = app.stop().await?;
        let data = data.path();
        let key = &before[0].seal.key;
        fs::remove_file(data.join("seals.ndjson"))?;
        fs::remove_file(data.join("keys/log-seal.pem"))?;
        let kept = data.join("keys").join(format!("{}.pub.pem", &key[..16]));
        let words = [
            "was made anew: publish",
            text(&kept)?,
            "seals.ndjson is missing",
            "from position 1 to ",
        ];
        hears(data, &database, &words).await?;
        ensure!(copies(data) == before);

        fs::remove_file(&kept)?;
        hears(data, &database, &["WARN", key, "--public-key"]).await?;
        Ok(())
    })
}
