//! The newest events, and those that come.

use std::{process::ExitStatus, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::{Program, run};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::{replay, running, tamper, text};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running `tail -f`.
struct Tail {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tail {
    fn start(arguments: &[&str]) -> Result<Self> {
        let mut child = Program::replay_command(&[&["tail", "-f", "--json"], arguments].concat())?.spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        Ok(Self { child, lines })
    }

    async fn next(&mut self) -> Result<Value> {
        let line = timeout(PATIENCE, self.lines.next_line())
            .await
            .context("nothing comes")??;
        Ok(serde_json::from_str(&line.context("it has ended")?)?)
    }

    /// As Ctrl-C does.
    async fn interrupted(mut self) -> Result<ExitStatus> {
        let id = self.child.id().context("it has ended")?.to_string();
        Command::new("kill").args(["-INT", &id]).status().await?;
        Ok(timeout(PATIENCE, self.child.wait())
            .await
            .context("it does not end")??)
    }
}

#[test]
fn newest_events_are_told_oldest_first_one_a_line() -> Result<()> {
    run(async {
        let (app, tickets) = running().await?;
        let place = ["tail", "--data", text(app.data.path())?];
        let rows = tamper::rows(app.data.path())?;
        let ten = replay(&[&place[..], &["--json"]].concat()).await?.lines()?;
        let positions: Vec<_> = ten.iter().filter_map(|it| it["position"].as_i64()).collect();
        let expected: Vec<_> = rows[rows.len() - 10..].iter().map(|it| it.position).collect();
        ensure!(positions == expected, "{positions:?}");
        let opened = replay(&[&place[..], &["-n", "2", "--types", "ticket.opened", "--json"]].concat())
            .await?
            .lines()?;
        ensure!(
            opened.len() == 2 && opened.iter().all(|it| it["type"] == "ticket.opened"),
            "{opened:?}"
        );
        let said = replay(&[&place[..], &["-n", "3", "--lang", "en", "--ticket", &tickets[0]]].concat())
            .await?
            .fine()?;
        ensure!(
            said.lines().count() == 3 && said.contains("Resolved") && said.contains("ticket.resolved"),
            "{said}"
        );
        ensure!(replay(&[&place[..], &["-n", "0"]].concat()).await?.fine()?.is_empty());
        let all = replay(&[&place[..], &["-n", "100000"]].concat()).await?.fine()?;
        ensure!(all.lines().count() >= rows.len());
        app.finish().await
    })
}

#[test]
fn what_comes_is_told_of_a_folder_and_of_a_server_until_ctrl_c() -> Result<()> {
    run(async {
        let (app, _) = running().await?;
        let url = std::fs::read_to_string(app.data.path().join("node.url"))?;
        let data = text(app.data.path())?;
        for (number, place) in [["--data", data], ["--url", url.trim()]].into_iter().enumerate() {
            let arguments = [&place[..], &["-n", "1", "--types", "ticket.,assignment."]].concat();
            let mut tail = Tail::start(&arguments)?;
            let newest = tail.next().await?;
            let opened = app.client.open(&format!("tailed-{number}"), "Новая").await?;
            let event = tail.next().await?;
            ensure!(
                event["type"] == "ticket.opened" && event["position"].as_u64() > newest["position"].as_u64(),
                "{event}"
            );
            let position = opened["position"].as_str().context("no position")?;
            ensure!(event["position"].as_u64() == position.parse().ok(), "{event}");
            let status = tail.interrupted().await?;
            ensure!(status.code() == Some(130), "{place:?}: {status:?}");
        }
        app.finish().await
    })
}

#[test]
fn tail_whose_reader_has_gone_ends_without_a_word() -> Result<()> {
    run(async {
        let (app, _) = running().await?;
        let mut tail = Tail::start(&["--data", text(app.data.path())?, "-n", "1"])?;
        tail.next().await?;
        let Tail { mut child, lines } = tail;
        drop(lines);
        app.client.open("unheard", "Тихо").await?;
        let output = timeout(PATIENCE, async {
            let status = child.wait().await?;
            let mut said = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut said).await?;
            }
            anyhow::Ok((status, said))
        });
        let (status, said) = output.await.context("it does not end")??;
        ensure!(status.code() == Some(0) && said.is_empty(), "{status:?}: {said}");
        app.finish().await
    })
}
