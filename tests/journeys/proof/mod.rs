//! Proof of the log: seals appear by themselves, and whatever is done to a sealed log is found and placed.

mod evidence;
mod missing;
pub(crate) mod tamper;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::log_seal::Sealed;
use event_store::{SealFile, SealKey, SealRecord, statement};
use event_store_node::offline;
use serde_json::{Value, json};
use tamper::{Row, copy, edit, make_consistent, replace, rows};
use tempfile::TempDir;
use tests::{App, Program, poll, run};

/// Seals of a data folder, as they are copied out of the log.
pub(crate) fn copies(data: &Path) -> Vec<SealRecord> {
    SealFile::new(data.join("seals.ndjson")).read().unwrap_or_default()
}

/// Waits until everything up to this position is sealed.
pub(crate) async fn sealed(data: &Path, position: u64) -> Result<()> {
    let is_sealed = async || copies(data).last().is_some_and(|it| it.seal.last >= position);
    poll("the log is not sealed", is_sealed).await
}

/// A server with some history, sealed twice; the ids of its tickets.
pub(crate) async fn history() -> Result<(App, Vec<String>)> {
    let app = App::start_with(|config| api::config::Config {
        seal_interval_s: 1,
        ..config
    })
    .await?;
    let mut tickets = Vec::new();
    for round in 0..2 {
        let mut position = 0;
        for index in 0..3 {
            let id = app.client.ticket(&format!("open-{round}-{index}"), &json!({})).await?;
            let agent = json!({"agentId": "00000000-0000-4000-8000-000000000007"});
            app.client
                .must("assignTicket", &format!("assign-{round}-{index}"), &id, &agent)
                .await?;
            let key = format!("resolve-{round}-{index}");
            let payload = app.client.must("resolveTicket", &key, &id, &json!({})).await?;
            position = payload["position"].as_str().context("no position")?.parse()?;
            tickets.push(id);
        }
        sealed(app.data.path(), position).await?;
    }
    Ok((app, tickets))
}

/// Exit code and answer of `letopis-replay verify`.
async fn verify(data: &Path) -> Result<(Option<i32>, Value)> {
    let data = data.to_str().context("no path")?;
    let output = Program::replay(&["verify", "--data", data, "--json"]).await?;
    let answer =
        serde_json::from_slice(&output.stdout).with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code(), answer))
}

async fn is_whole(data: &Path) -> Result<Value> {
    let (code, report) = verify(data).await?;
    ensure!(code == Some(0) && report["problem_count"] == 0, "{report}");
    Ok(report)
}

/// A copy of `data` to which something is done must not pass, and the first problem is at this position.
async fn is_found(data: &Path, what: &str, position: u64, act: impl FnOnce(&Path) -> Result<()>) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    copy(data, folder.path())?;
    act(folder.path()).with_context(|| what.to_owned())?;
    let (code, report) = verify(folder.path()).await?;
    ensure!(code == Some(1), "{what}: not found: {report}");
    ensure!(
        report["problems"][0]["position"] == position,
        "{what}: not at {position}: {report}"
    );
    Ok(report)
}

/// Somebody edits the rows and makes everything but the seals fit again.
fn thoroughly(change: impl FnOnce(&mut Vec<Row>) -> Result<()>) -> impl FnOnce(&Path) -> Result<()> {
    move |data| {
        let mut rows = rows(data)?;
        change(&mut rows)?;
        make_consistent(&mut rows)?;
        replace(data, &rows)?;
        offline::accept(&data.join("log"), &mut |_, _| {})?;
        Ok(())
    }
}

fn at(rows: &[Row], kind: &str, which: usize) -> Result<usize> {
    let found = (0..rows.len()).filter(|it| rows[*it].kind == kind).nth(which);
    found.with_context(|| format!("no {kind}"))
}

#[test]
fn log_seals_itself_and_verifies_while_it_grows_and_after() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let data = app.data.path().to_owned();
        let seals = copies(&data);
        ensure!(seals.len() >= 2, "{seals:?}");
        ensure!(
            seals[0].seal.first == 1 && seals[1].seal.first == seals[0].seal.last + 1,
            "{seals:?}"
        );
        let report = is_whole(&data).await?;
        ensure!(
            report["seals"].as_u64() >= Some(2) && report["compared_with_copy"] == true,
            "{report}"
        );
        let url = std::fs::read_to_string(data.join("node.url"))?;
        let key = data.join("keys/log-seal.pub.pem");
        let key = key.to_str().context("no path")?;
        let output = Program::replay(&["verify", "--url", url.trim(), "--public-key", key]).await?;
        let said = String::from_utf8(output.stdout)?;
        ensure!(output.status.success() && said.contains("everything fits"), "{said}");
        // Without the key nothing is believed.
        let output = Program::replay(&["verify", "--url", url.trim()]).await?;
        ensure!(output.status.code() == Some(1), "{output:?}");
        ensure!(String::from_utf8(output.stdout)?.contains("unknown key"));

        // An idle log is left alone, and a new start goes on behind the last seal.
        let app = app.restart().await?;
        app.finish().await
    })
}

#[test]
fn two_sealers_of_one_log_make_one_row_of_seals() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let (node, log) = tests::open_log(data.path()).await?;
        let stopped = tokio_util::sync::CancellationToken::new();
        let files = ["one", "two"].map(|name| data.path().join(name).join("seals.ndjson"));
        let mut sealers = Vec::new();
        for file in &files {
            let key = SealKey::load_or_make(&file.with_file_name("key.pem"))?;
            let seals = SealFile::new(file.clone());
            let interval = std::time::Duration::from_millis(20);
            let sealer = commands::processes::Sealer::new(log.clone(), commands::Clock::System, key, seals, interval);
            sealers.push(tokio::spawn(sealer.run(stopped.clone())));
        }
        let mut last = 0;
        for index in 0..200_u128 {
            let event = event_store::NewEvent {
                id: uuid::Uuid::from_u128(index + 1),
                event_type: "order.placed".to_owned(),
                payload: b"{}".to_vec(),
                metadata: Vec::new(),
            };
            let stream = format!("order-{index}");
            last = log
                .append(&stream, event_store::Expected::NoStream, &[event])
                .await?
                .position
                .0;
        }
        let read = |file: &Path| SealFile::new(file.to_owned()).read().unwrap_or_default();
        poll("the two do not agree", async || {
            let (one, two) = (read(&files[0]), read(&files[1]));
            one == two && one.last().is_some_and(|it| it.seal.last >= last)
        })
        .await?;
        let seals = read(&files[0]);
        ensure!(seals.len() > 1 && seals[0].seal.first == 1, "{seals:?}");
        ensure!(
            seals.windows(2).all(|it| it[1].seal.first == it[0].seal.last + 1),
            "{seals:?}"
        );
        stopped.cancel();
        for sealer in sealers {
            sealer.await?;
        }
        node.stop().await?;
        Ok(())
    })
}

#[test]
fn a_restarted_server_goes_on_sealing_with_another_key() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let before = copies(app.data.path());
        let (data, url) = app.stop().await?;
        let key = data.path().join("keys/second.pem");
        let config = api::config::Config {
            data: data.path().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            database_url: Some(url),
            bootstrap_api_key: Some(tests::KEY.to_owned()),
            seal_key_file: Some(key),
            seal_interval_s: 1,
            ..api::config::Config::default()
        };
        let server = api::server::Server::start(config, commands::Clock::System).await?;
        ensure!(server.ready().await);
        let client = tests::Client::new(format!("http://{}", server.address()), tests::KEY)?;
        let opened = client.open("later", "Позже").await?;
        let position = opened["position"].as_str().context("no position")?.parse()?;
        sealed(data.path(), position).await?;
        server.stop();
        server.ended().await?;
        let after = copies(data.path());
        ensure!(after[..before.len()] == before);
        ensure!(after[before.len()].seal.key != before[0].seal.key);
        is_whole(data.path()).await?;
        Ok(())
    })
}

#[test]
fn clumsy_changes_are_found_where_they_are() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let (data, _) = app.stop().await?;
        let data = data.path();
        let all = rows(data)?;
        let resolved = at(&all, "ticket.resolved", 1)?;
        let place = all[resolved].position.unsigned_abs();
        for (column, from, to) in [("meta", "api_key:bootstrap", "api_key:somebody!"), ("data", "{", "[")] {
            is_found(data, column, place, |data| {
                let sql = format!(
                    "UPDATE events SET {column} = CAST(replace(CAST({column} AS TEXT), ?1, ?2) AS BLOB) WHERE pos = ?3"
                );
                let changed = tamper::open(data)?.execute(&sql, (from, to, all[resolved].position))?;
                ensure!(changed == 1);
                Ok(())
            })
            .await?;
        }
        is_found(data, "with a checksum that fits", place, |data| {
            let mut rows = rows(data)?;
            edit(&mut rows[resolved].meta, "api_key:bootstrap", "api_key:somebody!")?;
            replace(data, &rows)
        })
        .await?;
        is_found(data, "missing", place, |data| {
            tamper::open(data)?.execute("DELETE FROM events WHERE pos = ?1", [all[resolved].position])?;
            Ok(())
        })
        .await?;
        let opened = at(&all, "ticket.opened", 1)?;
        is_found(
            data,
            "two of a stream exchanged",
            all[opened].position.unsigned_abs(),
            |data| {
                let mut rows = rows(data)?;
                let (one, two) = (rows[opened].clone(), rows[resolved].clone());
                let place = |row: &Row, of: &Row| Row {
                    position: of.position,
                    revision: of.revision,
                    ..row.clone()
                };
                rows[opened] = place(&two, &one);
                rows[resolved] = place(&one, &two);
                replace(data, &rows)
            },
        )
        .await?;
        let last = all.len();
        is_found(data, "end cut off", last as u64, |data| {
            tamper::open(data)?.execute("DELETE FROM events WHERE pos >= ?1", [i64::try_from(last)?])?;
            Ok(())
        })
        .await?;
        is_whole(data).await?;
        Ok(())
    })
}

#[test]
fn thorough_changes_are_found_in_the_range_that_no_longer_fits() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let (data, _) = app.stop().await?;
        let data = data.path();
        let seals = copies(data);
        let range_of = |position: i64| {
            let found = seals.iter().find(|it| it.seal.last >= position.unsigned_abs());
            found.map(|it| it.seal.first).context("not sealed")
        };
        let all = rows(data)?;
        let resolved = at(&all, "ticket.resolved", 4)?;
        let range = range_of(all[resolved].position)?;
        ensure!(range > 1, "it is meant to lie in a later range: {seals:?}");
        is_found(
            data,
            "changed",
            range,
            thoroughly(|rows| edit(&mut rows[resolved].meta, "api_key:bootstrap", "api_key:somebody!")),
        )
        .await?;
        is_found(
            data,
            "removed",
            range,
            thoroughly(|rows| {
                rows.remove(resolved);
                Ok(())
            }),
        )
        .await?;
        is_found(
            data,
            "inserted",
            range,
            thoroughly(|rows| {
                let mut more = rows[resolved].clone();
                more.id.reverse();
                rows.insert(resolved, more);
                Ok(())
            }),
        )
        .await?;
        is_found(
            data,
            "reordered",
            range,
            thoroughly(|rows| {
                rows.swap(resolved, resolved - 1);
                Ok(())
            }),
        )
        .await?;
        Ok(())
    })
}

#[test]
fn lost_ends_and_forged_seals_are_found() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let (data, _) = app.stop().await?;
        let data = data.path();
        let seals = copies(data);
        let last = seals.last().context("no seals")?.clone();
        let all = rows(data)?;
        let seal_row = at(&all, "log_seal.sealed", seals.len() - 1)?;
        ensure!(seal_row + 1 == all.len(), "the seal is meant to be the last event");
        for (what, left) in [("last seal removed", seal_row), ("end cut off", seal_row - 2)] {
            let report = is_found(
                data,
                what,
                left as u64 + 1,
                thoroughly(|rows| {
                    rows.truncate(left);
                    Ok(())
                }),
            )
            .await?;
            ensure!(report.to_string().contains("copy outside of the log"), "{report}");
        }
        let forged = is_found(
            data,
            "forged seal",
            last.position,
            thoroughly(|rows| {
                let folder: TempDir = tempfile::tempdir()?;
                let key = SealKey::load_or_make(&folder.path().join("thief.pem"))?;
                let (mut statement, _) = statement(&last.seal)?;
                statement.key = key.public().fingerprint();
                let seal: Sealed = statement.seal(&key)?;
                rows[seal_row].data = serde_json::to_vec(&seal)?;
                Ok(())
            }),
        )
        .await?;
        ensure!(forged.to_string().contains("unknown key"), "{forged}");
        let unsigned = is_found(
            data,
            "seal under the old signature",
            last.position,
            thoroughly(|rows| {
                let mut seal = last.seal.clone();
                seal.signature.clone_from(&seals[0].seal.signature);
                rows[seal_row].data = serde_json::to_vec(&seal)?;
                Ok(())
            }),
        )
        .await?;
        ensure!(
            unsigned.to_string().contains("has a signature that is not of key"),
            "{unsigned}"
        );
        Ok(())
    })
}

#[test]
fn server_refuses_to_seal_a_log_that_lost_its_seals() -> Result<()> {
    run(async {
        let (app, _) = history().await?;
        let before = copies(app.data.path());
        let (data, url) = app.stop().await?;
        thoroughly(|rows| {
            let from = at(rows, "log_seal.sealed", before.len() - 1)?;
            rows.truncate(from);
            Ok(())
        })(data.path())?;
        let arguments = [
            "--data",
            data.path().to_str().context("no path")?,
            "--database-url",
            &url,
        ];
        let mut command = Program::command(&[&["serve", "--listen", "127.0.0.1:0"], &arguments[..]].concat())?;
        command
            .env("LETOPIS_SEAL_INTERVAL_S", "1")
            .stderr(std::process::Stdio::piped());
        let mut child = command.spawn()?;
        let mut lines =
            tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stderr.take().context("no pipe")?));
        let said = async {
            while let Some(line) = lines.next_line().await? {
                if line.contains("NO LONGER SEALED") {
                    return Ok(line);
                }
            }
            anyhow::bail!("it ended without a word")
        };
        let line = tokio::time::timeout(std::time::Duration::from_mins(1), said).await??;
        ensure!(line.contains("seals.ndjson"), "{line}");
        child.kill().await?;
        ensure!(copies(data.path()) == before);
        Ok(())
    })
}

#[test]
fn log_commands_check_count_and_copy() -> Result<()> {
    run(async {
        let (app, tickets) = history().await?;
        let data = app.data.path().to_str().context("no path")?.to_owned();
        let stats = Program::replay(&["log", "stats", "--data", &data, "--json"]).await?;
        let stats: Value = serde_json::from_slice(&stats.stdout)?;
        ensure!(stats["types"]["ticket.opened"]["events"] == tickets.len(), "{stats}");
        let target = tempfile::tempdir()?;
        let to = target.path().join("log");
        let to = to.to_str().context("no path")?;
        let copied = Program::replay(&["log", "backup", "--data", &data, "--to", to]).await?;
        ensure!(copied.status.success(), "{copied:?}");
        let checked = Program::replay(&["log", "verify", "--data", target.path().to_str().context("no path")?]).await?;
        ensure!(checked.status.success(), "{checked:?}");
        let stream = "ticket-00000000-0000-0000-0000-000000000000";
        let chain = Program::replay(&["verify", "--data", &data, "--stream", stream]).await?;
        ensure!(String::from_utf8(chain.stdout)?.contains("there is no stream"));
        let nowhere = Program::replay(&["log", "verify", "--data", "/nowhere"]).await?;
        ensure!(nowhere.status.code() == Some(2), "{nowhere:?}");
        app.finish().await
    })
}
