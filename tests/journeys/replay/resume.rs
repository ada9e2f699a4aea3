//! Exports that were cut off, and files that are not to be gone on with.

use std::fs;

use anyhow::{Context, Result, ensure};
use tests::run;

use super::{answer, exported, log, replay, text};

#[test]
fn cut_export_is_gone_on_with_wherever_it_was_cut() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        let whole = fs::read(&file)?;
        let arguments = ["export", "events", "--data", text(data.path())?, "--out", text(&file)?];
        let resume = [&arguments[..], &["--resume"]].concat();
        let ends: Vec<usize> = (0..whole.len())
            .filter(|it| whole[*it] == b'\n')
            .map(|it| it + 1)
            .collect();
        // Nothing, half a header, a header, half an event, some events, half of the last line, all but its end, all.
        let last = *ends.last().context("no lines")?;
        let before_last = ends[ends.len() - 2];
        for cut in [
            0,
            20,
            ends[0],
            ends[1] + 30,
            ends[4],
            before_last,
            before_last + 5,
            last - 1,
            last,
        ] {
            fs::write(&file, &whole[..cut])?;
            let exported = answer(&resume).await.with_context(|| format!("cut at {cut}"))?;
            ensure!(fs::read(&file)? == whole, "cut at {cut}: {exported}");
            let torn = cut > 0 && !ends.contains(&cut);
            ensure!(exported["cut_line"].is_null() != torn, "cut at {cut}: {exported}");
        }
        let said = replay(&arguments).await?;
        said.refused(&[text(&file)?, "is there already", "--resume"])
    })
}

#[test]
fn what_has_come_since_is_added() -> Result<()> {
    run(async {
        let (app, _) = super::running().await?;
        let files = tempfile::tempdir()?;
        let file = exported(app.data.path(), &files).await?;
        let before = fs::read_to_string(&file)?;
        let opened = app.client.open("later", "Позже").await?;
        let arguments = [
            "export",
            "events",
            "--data",
            text(app.data.path())?,
            "--out",
            text(&file)?,
            "--resume",
        ];
        let exported = answer(&arguments).await?;
        ensure!(exported["written"].as_u64() >= Some(1), "{exported}");
        let after = fs::read_to_string(&file)?;
        let events = before.rsplit_once("{\"end\"").context("no end")?.0;
        ensure!(after.starts_with(events) && after.len() > before.len());
        let position = opened["position"].as_str().context("no position")?;
        ensure!(after.contains(&format!("\n{{\"position\":{position},")), "{after}");
        app.finish().await
    })
}

#[test]
fn another_export_is_refused_by_name() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let (other, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        let whole = fs::read_to_string(&file)?;
        let resume = async |data: &std::path::Path, more: &[&str]| {
            let arguments = [
                "export",
                "events",
                "--data",
                text(data)?,
                "--out",
                text(&file)?,
                "--resume",
            ];
            replay(&[&arguments[..], more].concat()).await
        };
        resume(other.path(), &[])
            .await?
            .refused(&[text(&file)?, "of another log"])?;
        let filtered = resume(data.path(), &["--types", "ticket.,assignment."]).await?;
        filtered.refused(&["it holds everything", "--types assignment. --types ticket."])?;
        ensure!(fs::read_to_string(&file)? == whole);

        fs::write(&file, whole.replacen("ticket.opened", "ticket.Opened", 1))?;
        resume(data.path(), &[])
            .await?
            .refused(&["line ", "field crc", "export again"])?;
        fs::write(&file, format!("{whole}more\n"))?;
        resume(data.path(), &[]).await?.refused(&["follows the end"])?;
        fs::write(&file, "a letter\n")?;
        resume(data.path(), &[]).await?.refused(&["is no export of events"])?;
        ensure!(fs::read_to_string(&file)? == "a letter\n");
        Ok(())
    })
}

#[test]
fn logs_that_began_alike_are_told_apart() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        // The end of the log is lost, and other events have come in its place.
        let rows = super::tamper::rows(data.path())?;
        let mut other = rows.clone();
        let last = other.len() - 1;
        other[last].id.reverse();
        super::tamper::replace(data.path(), &other)?;
        let arguments = [
            "export",
            "events",
            "--data",
            text(data.path())?,
            "--out",
            text(&file)?,
            "--resume",
        ];
        replay(&arguments)
            .await?
            .refused(&["which this log does not have so", &format!("position {}", rows.len())])
    })
}
