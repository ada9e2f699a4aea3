//! A whole log in another place: the same events, chains and seals, and a server that goes on with it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::{App, open_log, run};

use super::{answer, exported, import, log, replay, tamper, text, verify};

#[test]
fn log_moves_to_a_fresh_folder_event_for_event_and_is_served_from_there() -> Result<()> {
    run(async {
        let (old, database, tickets) = log().await?;
        let (files, new) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let file = exported(old.path(), &files).await?;
        let before = tamper::rows(old.path())?;
        let said = import(&file, new.path(), &[]).await?.fine()?;
        ensure!(said.contains(&format!("has all {} events", before.len())), "{said}");
        // Positions, revisions, ids, bytes, and the instants at which the old log took them.
        ensure!(tamper::rows(new.path())? == before);
        let (code, report) = verify(new.path(), old.path()).await?;
        ensure!(code == Some(0) && report["seals"].as_u64() >= Some(2), "{report}");
        let checked = replay(&["log", "verify", "--data", text(new.path())?]).await?;
        ensure!(checked.fine()?.contains("everything fits"));

        let again: Value = serde_json::from_str(&import(&file, new.path(), &["--json"]).await?.fine()?)?;
        ensure!(again["written"] == 0 && again["complete"] == true, "{again}");

        tamper::copy(&old.path().join("keys"), &new.path().join("keys"))?;
        let app = App::start_on(new, database).await?;
        ensure!(app.client.look(&tickets[0]).await?["status"] == "RESOLVED");
        app.client.open("after-the-move", "Дальше").await?;
        app.finish().await
    })
}

#[test]
fn import_that_was_broken_off_goes_on() -> Result<()> {
    run(async {
        let (old, ..) = log().await?;
        let (files, new) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let file = exported(old.path(), &files).await?;
        let part = files.path().join("part.ndjson");
        let (out, data) = (text(&part)?, text(old.path())?);
        answer(&["export", "events", "--data", data, "--to", "7", "--out", out]).await?;
        import(&part, new.path(), &[]).await?.fine()?;
        let rest: Value = serde_json::from_str(&import(&file, new.path(), &["--json"]).await?.fine()?)?;
        let all = tamper::rows(old.path())?;
        ensure!(rest["written"] == all.len() - 7, "{rest}");
        ensure!(tamper::rows(new.path())? == all);
        ensure!(verify(new.path(), old.path()).await?.0 == Some(0));

        // The shorter file is the beginning of the log then, and not the other way round.
        let said = import(&part, new.path(), &[]).await?;
        said.refused(&["is not empty", "behind the end of the file", "position 8"])
    })
}

#[test]
fn log_moves_into_a_server_and_back() -> Result<()> {
    run(async {
        let (old, ..) = log().await?;
        let (files, served) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let file = exported(old.path(), &files).await?;
        let (node, _) = open_log(served.path()).await?;
        let url = node.connection_string();
        let arguments = ["import", text(&file)?, "--url", &url];
        let said = replay(&arguments).await?.fine()?;
        ensure!(said.contains("took them now"), "{said}");
        let again = answer(&arguments).await?;
        ensure!(again["written"] == 0 && again["moved"].is_null(), "{again}");

        let back = files.path().join("back.ndjson");
        answer(&["export", "events", "--url", &url, "--out", text(&back)?]).await?;
        let there = tempfile::tempdir()?;
        import(&back, there.path(), &[]).await?.fine()?;
        let (before, mut after) = (tamper::rows(old.path())?, tamper::rows(there.path())?);
        ensure!(before.len() == after.len());
        for (row, was) in after.iter_mut().zip(&before) {
            // The server has taken them anew.
            row.created = was.created;
        }
        ensure!(after == before);
        let key = old.path().join("keys/log-seal.pub.pem");
        let whole = replay(&["verify", "--url", &url, "--public-key", text(&key)?]).await?;
        ensure!(whole.fine()?.contains("everything fits"));
        node.stop().await?;
        Ok(())
    })
}

#[test]
fn folder_in_use_is_left_alone() -> Result<()> {
    run(async {
        let (old, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(old.path(), &files).await?;
        let used = tempfile::tempdir()?;
        let (node, _) = open_log(used.path()).await?;
        import(&file, used.path(), &[])
            .await?
            .refused(&["used by another running node"])?;
        node.stop().await?;
        ensure!(tamper::rows(used.path())?.is_empty());
        // An empty log that was served before takes it.
        import(&file, used.path(), &[])
            .await?
            .fine()
            .context("into an empty log")?;
        Ok(())
    })
}
