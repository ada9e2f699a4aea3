//! Which events are meant, and places that a log does not have.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::run;

use super::{Said, log, replay, tamper, text};

/// Events between the first and the last line of an export.
fn events(said: &Said) -> Result<Vec<Value>> {
    ensure!(said.code == Some(0), "{said:?}");
    let mut lines = said.lines()?;
    let end = lines.pop().context("no end")?;
    ensure!(end["end"]["events"] == lines.len() - 1, "{end}");
    Ok(lines.split_off(1))
}

#[test]
fn export_holds_what_is_asked_for_and_nothing_else() -> Result<()> {
    run(async {
        let (data, _, tickets) = log().await?;
        let export = async |more: &[&str]| {
            let arguments = ["export", "events", "--data", text(data.path())?, "--out", "-"];
            replay(&[&arguments[..], more].concat()).await
        };
        let rows = tamper::rows(data.path())?;
        let count = |is: &dyn Fn(&tamper::Row) -> bool| rows.iter().filter(|&it| is(it)).count();

        let all = events(&export(&[]).await?)?;
        ensure!(all.len() == rows.len());
        for (line, row) in all.iter().zip(&rows) {
            ensure!(
                line["position"] == row.position && line["stream"] == row.stream && line["revision"] == row.revision
            );
            ensure!(line["payload"].as_str() == std::str::from_utf8(&row.data).ok());
            ensure!(line["metadata"].as_str() == std::str::from_utf8(&row.meta).ok());
        }
        let some = events(&export(&["--types", "ticket.opened,assignment."]).await?)?;
        ensure!(some.len() == count(&|it| it.kind == "ticket.opened" || it.kind.starts_with("assignment.")));
        let stream = some[0]["stream"].as_str().context("no stream")?;
        let one = events(&export(&["--stream", stream]).await?)?;
        ensure!(one.len() == count(&|it| it.stream == stream));
        // By number, by id of the API: the ticket's own stream, its assignment, its conversation.
        let payload: Value = serde_json::from_str(some[0]["payload"].as_str().context("no payload")?)?;
        let number = payload["number"].to_string();
        let whole = events(&export(&["--ticket", &number]).await?)?;
        let id = stream.split_once('-').context("no id")?.1;
        ensure!(
            whole.len() > one.len() && whole.len() == count(&|it| it.stream.ends_with(id)),
            "{whole:?}"
        );
        let by_id = events(&export(&["--ticket", tickets.first().context("no ticket")?]).await?)?;
        ensure!(by_id == whole);

        let middle = events(&export(&["--from", "3", "--to", "7"]).await?)?;
        ensure!(middle.len() == 5 && middle[0]["position"] == 3);
        let at = all[5]["recorded"].as_str().context("no instant")?;
        let until = events(&export(&["--to", at]).await?)?;
        let is_last = until.last().is_some_and(|it| it["position"].as_u64() >= Some(6));
        ensure!(
            is_last && until.iter().all(|it| it["recorded"].as_str() <= Some(at)),
            "{until:?}"
        );
        let since = events(&export(&["--from", at, "--types", "ticket."]).await?)?;
        ensure!(since.iter().all(|it| it["recorded"].as_str() >= Some(at)), "{since:?}");
        // Before everything is the same as no beginning.
        ensure!(events(&export(&["--from", "2001-01-01"]).await?)? == all);
        Ok(())
    })
}

#[test]
fn places_and_names_that_the_log_does_not_have_are_refused_by_name() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let head = tamper::rows(data.path())?.len();
        for command in [&["stats"][..], &["export", "events", "--out", "-"]] {
            let ask = async |more: &[&str]| replay(&[command, &["--data", text(data.path())?], more].concat()).await;
            let last = format!("which ends at position {head}");
            ask(&["--to", "2001-01-01"]).await?.refused(&[
                "--to 2001-01-01T00:00:00Z",
                "before the log",
                "position 1",
            ])?;
            ask(&["--to", "0"])
                .await?
                .refused(&["--to position 0", "before the log"])?;
            ask(&["--to", "99999"])
                .await?
                .refused(&["--to position 99999", "behind the log", &last])?;
            ask(&["--from", "99999"])
                .await?
                .refused(&["--from position 99999", "behind the log", &last])?;
            ask(&["--from", "2200-01-01"])
                .await?
                .refused(&["--from 2200-01-01T00:00:00Z", "behind the log", &last])?;
            ask(&["--to", "2200-01-01"])
                .await?
                .refused(&["--to 2200-01-01T00:00:00Z", "has not come yet"])?;
            ask(&["--from", "7", "--to", "3"])
                .await?
                .refused(&["--from position 7 lies behind --to position 3"])?;
            ask(&["--stream", "ticket-1"])
                .await?
                .refused(&["no stream \"ticket-1\""])?;
            ask(&["--ticket", "4711"])
                .await?
                .refused(&["ticket \"4711\" is not in this log"])?;
            ask(&["--ticket", "00000000-0000-4000-8000-000000000001"])
                .await?
                .refused(&["is not in this log"])?;
            let said = ask(&["--from", "yesterday"]).await?;
            ensure!(
                said.code == Some(2) && said.err.contains("\"yesterday\" is no place"),
                "{said:?}"
            );
            let said = ask(&["--types", ""]).await?;
            ensure!(said.code == Some(2) && said.err.contains("--types"), "{said:?}");
        }
        replay(&["stats", "--data", "/nowhere"])
            .await?
            .refused(&["no event log at /nowhere"])?;
        replay(&["tail", "--url", "garbage"])
            .await?
            .refused(&["--url \"garbage\""])
    })
}
