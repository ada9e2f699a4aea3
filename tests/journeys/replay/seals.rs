//! What becomes of seals when a log moves to where its positions are others.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{open_log, run};

use super::{answer, exported, import, log, replay, respaced, tamper, text, verify};

#[test]
fn seals_that_would_not_fit_need_a_choice() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        let spaced = files.path().join("spaced.ndjson");
        respaced(&file, &spaced, |it| it * 100)?;
        let all = tamper::rows(data.path())?;
        let new = files.path().join("new");
        let said = import(&spaced, &new, &[]).await?;
        said.refused(&[
            "vouch for positions",
            "position 100 has position 1",
            "--seals drop",
            "--seals keep",
        ])?;
        ensure!(!new.exists(), "something was made");

        let kept = files.path().join("kept");
        let text_of = import(&spaced, &kept, &["--seals", "keep"]).await?.fine()?;
        ensure!(
            text_of.contains("what was at 100 is at 1") && text_of.contains("do not fit"),
            "{text_of}"
        );
        // Here they fit after all, since the log counts as the first one did.
        ensure!(tamper::rows(&kept)? == all && verify(&kept, data.path()).await?.0 == Some(0));

        let dropped = files.path().join("dropped");
        let imported: Value = serde_json::from_str(
            &import(&spaced, &dropped, &["--seals", "drop", "--json"])
                .await?
                .fine()?,
        )?;
        let rows = tamper::rows(&dropped)?;
        ensure!(
            imported["seals"] == all.len() - rows.len() && imported["moved"] == json!([100, 1]),
            "{imported}"
        );
        ensure!(rows.iter().all(|it| it.kind != "log_seal.sealed"));
        let (code, report) = verify(&dropped, data.path()).await?;
        ensure!(code == Some(0) && report["seals"] == 0, "{report}");
        ensure!(
            report["chains"].as_u64() == imported["chains"].as_u64().map(|it| it - 1),
            "{report}"
        );
        Ok(())
    })
}

#[test]
fn seals_of_moved_events_are_what_verify_finds() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        // The first event is left out, as a log without it would have been exported.
        let whole = fs::read_to_string(&file)?;
        let rows = tamper::rows(data.path())?;
        let alone = |it: &&tamper::Row| rows.iter().filter(|row| row.stream == it.stream).count() == 1;
        let Some(single) = rows.iter().find(alone) else {
            anyhow::bail!("every stream has more than one event")
        };
        let first = format!("{{\"position\":{},", single.position);
        let end = format!("{{\"events\":{},", rows.len());
        let less = format!("{{\"events\":{},", rows.len() - 1);
        let lines = whole.replacen(&end, &less, 1);
        let lines: Vec<&str> = lines.lines().filter(|it| !it.starts_with(&first)).collect();
        fs::write(&file, lines.join("\n") + "\n")?;
        let new = files.path().join("new");
        import(&file, &new, &[]).await?.refused(&["--seals keep"])?;
        import(&file, &new, &["--seals", "keep"]).await?.fine()?;
        let (code, report) = verify(&new, data.path()).await?;
        ensure!(
            code == Some(1) && report.to_string().contains("are not what was sealed"),
            "{report}"
        );
        Ok(())
    })
}

#[test]
fn server_that_counts_otherwise_stops_the_import_until_a_choice_is_made() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let (files, served) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let file = exported(data.path(), &files).await?;
        let spaced = files.path().join("spaced.ndjson");
        respaced(&file, &spaced, |it| it * 7 + 3)?;
        let (node, log) = open_log(served.path()).await?;
        let url = node.connection_string();
        let arguments = ["import", text(&spaced)?, "--url", &url];
        replay(&arguments)
            .await?
            .refused(&["vouch for positions", "--seals drop"])?;
        let begun = log.head().await?.0;
        ensure!(begun > 0 && begun < 10, "{begun}");
        replay(&arguments).await?.refused(&["vouch for positions"])?;
        ensure!(log.head().await?.0 == begun, "asked again it writes nothing");
        let imported = answer(&[&arguments[..], &["--seals", "drop"]].concat()).await?;
        ensure!(
            imported["complete"] == true && imported["recorded_kept"] == false,
            "{imported}"
        );
        let events = tamper::rows(data.path())?
            .iter()
            .filter(|it| it.kind != "log_seal.sealed")
            .count();
        ensure!(
            log.head().await?.0 == events as u64 && imported["events"] == events,
            "{imported}"
        );
        node.stop().await?;
        Ok(())
    })
}
