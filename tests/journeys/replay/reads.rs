//! What a log consists of, and whether the program reads it.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, ensure};
use event_store::{Expected, NewEvent};
use serde_json::Value;
use tests::{open_log, run};
use uuid::Uuid;

use super::{answer, log, replay, tamper, text};

#[test]
fn stats_count_every_event_once_in_each_way() -> Result<()> {
    run(async {
        let (data, ..) = log().await?;
        let rows = tamper::rows(data.path())?;
        let place = ["stats", "--data", text(data.path())?];
        for more in [&[][..], &["--by", "day", "--time", "decided"]] {
            let stats = answer(&[&place[..], more].concat()).await?;
            let bytes: usize = rows.iter().map(|it| it.meta.len() + it.data.len()).sum();
            ensure!(stats["events"] == rows.len() && stats["bytes"] == bytes, "{stats}");
            let streams: BTreeSet<_> = rows.iter().map(|it| &it.stream).collect();
            ensure!(
                stats["streams"] == streams.len() && stats["last_position"] == rows.len(),
                "{stats}"
            );
            for part in ["types", "categories", "times"] {
                let counts = stats[part].as_object().context("no counts")?;
                let sum: u64 = counts.values().filter_map(|it| it["events"].as_u64()).sum();
                ensure!(sum == rows.len() as u64, "{part}: {stats}");
            }
            ensure!(
                stats["types"]["ticket.opened"]["events"] == 6 && stats["timeless"] == 0,
                "{stats}"
            );
            let longest = stats["longest"].as_array().context("no streams")?;
            ensure!(
                longest.len() == 10 && longest[0]["events"].as_u64() >= longest[9]["events"].as_u64(),
                "{stats}"
            );
        }
        let opened = answer(&[&place[..], &["--types", "ticket.opened", "--longest", "2"]].concat()).await?;
        ensure!(
            opened["events"] == 6 && opened["longest"].as_array().is_some_and(|it| it.len() == 2),
            "{opened}"
        );
        let said = replay(&place).await?.fine()?;
        ensure!(
            said.contains("ticket.opened") && said.contains("hours (UTC)") && said.contains("longest streams"),
            "{said}"
        );
        Ok(())
    })
}

#[test]
fn log_of_this_program_reads_from_a_folder_and_from_a_server() -> Result<()> {
    run(async {
        let (app, _) = super::running().await?;
        let data = text(app.data.path())?;
        let checked = answer(&["decode-check", "--data", data]).await?;
        ensure!(
            checked["unread"] == serde_json::json!([]) && checked["complete"] == true,
            "{checked}"
        );
        let read = checked["read"].as_array().context("no types")?;
        let opened = read
            .iter()
            .find(|it| it["type"] == "ticket.opened")
            .context("no tickets")?;
        ensure!(opened["events"] == 6 && opened["schema"] == "2", "{opened}");
        let url = std::fs::read_to_string(app.data.path().join("node.url"))?;
        let said = replay(&["decode-check", "--url", url.trim()]).await?.fine()?;
        ensure!(said.contains("this program reads all of it"), "{said}");
        app.finish().await
    })
}

/// Everything that was ever written, in the form of then: the golden files, an event each.
fn golden() -> Result<Vec<(String, NewEvent)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let mut all = Vec::new();
    for (number, entry) in (1..).zip(std::fs::read_dir(folder)?) {
        let stored: Value = serde_json::from_slice(&std::fs::read(entry?.path())?)?;
        let event_type = stored["type"].as_str().context("no type")?.to_owned();
        let category = event_type.split('.').next().unwrap_or_default().to_owned();
        let event = NewEvent {
            id: Uuid::from_u128(number),
            event_type,
            payload: stored["payload"].to_string().into_bytes(),
            metadata: stored["metadata"].to_string().into_bytes(),
        };
        all.push((format!("{category}-{}", Uuid::from_u128(number)), event));
    }
    Ok(all)
}

#[test]
fn everything_ever_written_reads_and_what_another_program_wrote_is_named() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let (node, log) = open_log(data.path()).await?;
        let mut good = 0;
        for (stream, event) in golden()? {
            log.append(&stream, Expected::NoStream, &[event]).await?;
            good += 1;
        }
        let place = ["decode-check", "--data", text(data.path())?];
        let checked = answer(&place).await?;
        ensure!(checked["events"] == good && good > 100, "{checked}");

        let metadata = golden()?.swap_remove(0).1.metadata;
        let strange = [
            (
                "ticket-00000000-0000-4000-8000-000000000001",
                "ticket.levitated",
                "{}",
                &metadata[..],
            ),
            (
                "ticket-00000000-0000-4000-8000-000000000002",
                "ticket.opened",
                "{\"number\":\"x\"}",
                &metadata[..],
            ),
            (
                "ticket-00000000-0000-4000-8000-000000000003",
                "ticket.started",
                "{}",
                b"{}",
            ),
            ("ticket-three", "ticket.started", "{}", &metadata[..]),
            (
                "ticket-00000000-0000-4000-8000-000000000004",
                "ticket.levitated",
                "{}",
                &metadata[..],
            ),
        ];
        for (number, (stream, event_type, payload, metadata)) in (1000..).zip(strange) {
            let event = NewEvent {
                id: Uuid::from_u128(number),
                event_type: event_type.to_owned(),
                payload: payload.as_bytes().to_vec(),
                metadata: metadata.to_vec(),
            };
            log.append(stream, Expected::NoStream, &[event]).await?;
        }
        let said = replay(&place).await?;
        ensure!(said.code == Some(1), "{said:?}");
        let first = format!(
            "2 events ticket.levitated, schema \"1\", the first at position {}",
            good + 1
        );
        for words in [
            &*first,
            "UNREAD: 1 events ticket.opened",
            "ticket-three",
            "5 do not read",
        ] {
            ensure!(said.out.contains(words), "{words} is not in: {}", said.out);
        }
        let said = replay(&[&place[..], &["--json"]].concat()).await?;
        let checked: Value = serde_json::from_str(&said.out)?;
        ensure!(
            said.code == Some(1) && checked["unread"].as_array().is_some_and(|it| it.len() == 4),
            "{checked}"
        );
        // What is not asked for does not count.
        replay(&[&place[..], &["--types", "assignment."]].concat())
            .await?
            .fine()?;
        node.stop().await?;
        Ok(())
    })
}
