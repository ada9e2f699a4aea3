//! Files and logs that do not fit: named exactly, and nothing is changed.

use std::fs;

use anyhow::{Context, Result, ensure};
use tests::run;

use super::{answer, checked, exported, import, log, replay, tamper, text};

#[test]
fn changed_byte_is_named_by_line_and_field_and_nothing_is_written() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        let whole = fs::read_to_string(&file)?;
        let lines: Vec<&str> = whole.lines().collect();
        let new = files.path().join("new");
        let refused = async |changed: &dyn Fn(&str) -> String, field: &str| -> Result<()> {
            let mut lines: Vec<String> = lines.iter().map(|&it| it.to_owned()).collect();
            lines[4] = changed(&lines[4]);
            fs::write(&file, lines.join("\n") + "\n")?;
            let said = import(&file, &new, &[]).await?;
            said.refused(&["line 5 of", text(&file)?, field, "nothing was written"])?;
            ensure!(!new.exists(), "{field}: something was made");
            Ok(())
        };
        let chained = "field stream, id, type, metadata or payload";
        refused(&|it| it.replacen("\\\"actor\\\"", "\\\"Actor\\\"", 1), chained).await?;
        refused(&|it| it.replacen("\"type\":\"", "\"type\":\"x", 1), chained).await?;
        refused(&|it| it.replacen("\"payload\":\"{", "\"payload\":\"{ ", 1), chained).await?;
        refused(
            &|it| it.replacen("\"revision\":", "\"revision\":1", 1),
            "field revision",
        )
        .await?;
        refused(
            &|it| it.replacen("\"position\":4", "\"position\":1", 1),
            "field position",
        )
        .await?;
        refused(
            &|it| it.replacen("\"recorded\":\"20", "\"recorded\":\"21", 1),
            "field crc",
        )
        .await?;
        refused(&|it| it.replacen("\"recorded\"", "\"recorder\"", 1), "recorder").await?;
        refused(&|it| it[..it.len() - 1].to_owned(), "does not read").await?;
        // Somebody who makes the checksum fit still meets the chain.
        let forged =
            |it: &str| checked(&it.replacen("\\\"request\\\":\\\"", "\\\"request\\\":\\\"0", 1)).unwrap_or_default();
        refused(&forged, chained).await
    })
}

#[test]
fn lines_that_are_missing_doubled_or_torn_are_named() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        let whole = fs::read_to_string(&file)?;
        let lines: Vec<&str> = whole.lines().collect();
        let new = files.path().join("new");
        let refused = async |content: String, words: &[&str]| -> Result<()> {
            fs::write(&file, content)?;
            import(&file, &new, &[]).await?.refused(words)?;
            ensure!(!new.exists(), "something was made");
            Ok(())
        };
        let without = |which: usize| [&lines[..which], &lines[which + 1..]].concat().join("\n") + "\n";
        let last = lines.len() - 1;
        refused(without(last), &["cut off after line", "--resume"]).await?;
        refused(
            whole[..whole.len() - 1].to_owned(),
            &[&format!("cut off after line {last}")],
        )
        .await?;
        refused(without(last - 1), &["field end", "lines are missing"]).await?;
        refused(
            [&lines[..3], &lines[2..]].concat().join("\n"),
            &["line 4 of", "field position", "2 follows 2"],
        )
        .await?;
        refused(format!("{whole}\n"), &["field end", "something follows"]).await?;
        refused(without(0), &["is no export of events"]).await?;
        refused(String::new(), &["is no export of events"]).await?;
        refused(
            whole.replacen("\"letopis_export\":1", "\"letopis_export\":2", 1),
            &["its form is 2"],
        )
        .await?;
        let nowhere = import(&files.path().join("nowhere"), &new, &[]).await?;
        nowhere.refused(&["nowhere"])?;
        import(files.path(), &new, &[]).await?.refused(&["a folder"])
    })
}

#[test]
fn log_that_holds_something_else_is_left_as_it_is() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let (other, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let file = exported(data.path(), &files).await?;
        let before = tamper::rows(other.path())?;
        let said = import(&file, other.path(), &[]).await?;
        said.refused(&[
            text(other.path())?,
            "is not empty",
            "at position ",
            "nothing was written",
        ])?;
        ensure!(tamper::rows(other.path())? == before);
        Ok(())
    })
}

#[test]
fn part_of_a_log_is_no_log() -> Result<()> {
    run(async {
        let (data, _, tickets) = log().await?;
        let files = tempfile::tempdir()?;
        let ticket = tickets.first().context("no ticket")?.as_str();
        let parts = [["--types", "ticket."], ["--ticket", ticket], ["--from", "3"]];
        for (number, part) in parts.into_iter().enumerate() {
            let file = files.path().join(format!("{number}.ndjson"));
            let arguments = ["export", "events", "--data", text(data.path())?, "--out", text(&file)?];
            answer(&[&arguments[..], &part].concat()).await?;
            let said = import(&file, &files.path().join("new"), &[]).await?;
            said.refused(&[text(&file)?, "streams are not whole"])?;
        }
        ensure!(!files.path().join("new").exists());
        Ok(())
    })
}

#[test]
fn options_that_do_not_go_together_are_refused() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let files = tempfile::tempdir()?;
        let table = files.path().join("log.parquet");
        let events = ["export", "events", "--data", text(data.path())?, "--out"];
        let said = replay(&[&events[..], &[text(&table)?, "--resume"]].concat()).await?;
        said.refused(&["--resume", "--format ndjson"])?;
        let said = replay(&[&events[..], &["-", "--format", "parquet"]].concat()).await?;
        said.refused(&["--format parquet needs a file"])?;
        let said = replay(&[&events[..], &["-", "--resume"]].concat()).await?;
        said.refused(&["--resume needs the file"])?;
        for nothing in [
            &["export"][..],
            &["export", "events"],
            &["export", "--out", "x"],
            &["import", "x"],
            &["inspect"],
        ] {
            let said = replay(nothing).await?;
            ensure!(said.code == Some(2) && said.err.contains("Usage"), "{said:?}");
        }
        for command in ["inspect", "import", "stats", "tail", "decode-check"] {
            let help = replay(&[command, "--help"]).await?.fine()?;
            ensure!(
                help.contains("Examples:\n  letopis-replay") && help.contains("Exit code"),
                "{help}"
            );
        }
        Ok(())
    })
}
