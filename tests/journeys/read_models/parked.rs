//! Events that cannot be applied: listed, tried again, left out, and every decision in the log.

use anyhow::{Context, Result, ensure};
use domain::{decider::Decider, ids::stream_name, read_model::ReadModel};
use event_store::{EventLog, Expected, NewEvent, Position, Raw};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, KEY, Socket, assert_replay_equals_live, poll, run};
use uuid::Uuid;

use super::{log_of, refused, replay, said, tickets, well};

/// Appends an event behind the end of a stream; tells where it stands.
async fn append(log: &EventLog, stream: &str, event_type: &str, like: &Raw, id: u128) -> Result<Position> {
    let last = log.read_stream(stream, 0).await?.last().map(|it| it.revision);
    let event = NewEvent {
        id: Uuid::from_u128(id),
        event_type: event_type.to_owned(),
        payload: like.payload.to_vec(),
        metadata: like.metadata.to_vec(),
    };
    Ok(log.append(stream, Expected::after(last), &[event]).await?.position)
}

/// What waits, as the program tells it.
async fn waiting(app: &App, name: &str) -> Result<Vec<Value>> {
    Ok(serde_json::from_str(
        &well(&["parked", "list", name, "--json"], app).await?,
    )?)
}

/// A server with a ticket whose second event nobody knows, and whose third waits behind it; positions of the two.
async fn poisoned() -> Result<(App, EventLog, String, [u64; 2])> {
    let app = App::start().await?;
    let ids = tickets(&app, 2).await?;
    app.client.must("startTicket", "s", &ids[1], &json!({})).await?;
    let log = log_of(&app)?;
    let events = log.read_all(Position::START, &["ticket."], 10).await?;
    let stream = events.first().context("no event")?.stream.clone();
    let started = events.last().context("no event")?.clone();
    let unknown = append(&log, &stream, "ticket.from_the_future", &started, 1).await?;
    let behind = append(&log, &stream, &started.event_type, &started, 2).await?;
    poll("nothing is parked", async || {
        waiting(&app, "ticket_list").await.is_ok_and(|it| it.len() == 2)
            && waiting(&app, "ticket_history").await.is_ok_and(|it| it.len() == 2)
    })
    .await?;
    Ok((app, log, stream, [unknown.0, behind.0]))
}

#[test]
fn event_of_an_unknown_type_is_listed_tried_again_and_left_out() -> Result<()> {
    run(async {
        let (app, log, stream, [unknown, behind]) = poisoned().await?;
        let (data, url) = (app.data.path(), app.database_url.as_str());
        let listed = well(&["parked", "list"], &app).await?;
        ensure!(
            listed.contains("ticket.from_the_future") && listed.contains("waits behind"),
            "{listed}"
        );
        let why = ["--reason", "новая версия"];
        let told = well(
            &[&["parked", "retry", "ticket_list", "--stream", &stream][..], &why].concat(),
            &app,
        )
        .await?;
        ensure!(
            told.contains(&format!("position {unknown}, ticket.from_the_future")),
            "{told}"
        );
        ensure!(told.contains("waits: ") && !told.contains("freed: "), "{told}");
        for name in ["ticket_list", "ticket_history"] {
            let skip = ["parked", "skip", name, "--position", &unknown.to_string()];
            let told = well(&[&skip[..], &why].concat(), &app).await?;
            ensure!(told.contains("freed: generation"), "{told}");
            ensure!(
                told.contains(&format!("position {behind}, ")) && !told.contains("waits: "),
                "{told}"
            );
            ensure!(waiting(&app, name).await?.is_empty());
        }
        let decisions = log
            .read_stream(&stream_name(ReadModel::CATEGORY, ReadModel::id("ticket_list")), 0)
            .await?;
        let types: Vec<&str> = decisions.iter().map(|it| it.event_type.as_str()).collect();
        ensure!(
            types == ["read_model.parked_retried", "read_model.event_skipped"],
            "{types:?}"
        );
        let last = decisions.last().context("no decision")?;
        ensure!(String::from_utf8_lossy(&last.payload).contains("новая версия"));
        ensure!(String::from_utf8_lossy(&last.metadata).contains("system:operator"));
        // A rebuild leaves out the same one.
        well(&["diff"], &app).await?;
        refused(
            &replay(&["parked", "retry", "ticket_list", "--reason", "x"], data, url).await?,
            &["nothing is parked"],
        )?;
        app.finish().await
    })
}

#[test]
fn decision_without_sense_is_refused_and_leaves_no_trace() -> Result<()> {
    run(async {
        let (app, log, _, [unknown, _]) = poisoned().await?;
        let (data, url) = (app.data.path(), app.database_url.as_str());
        let head = log.head().await?;
        let at = unknown.to_string();
        let nobody = "00000000-0000-4000-8000-000000000009";
        for (words, reasons) in [
            (
                &["skip", "ticket_list", "--position", "1", "--reason", "x"][..],
                vec!["position 1 is not parked", &at],
            ),
            (
                &["skip", "ticket_list", "--position", &at, "--reason", " "],
                vec!["reason is empty"],
            ),
            (&["retry", "ticket_list", "--reason", ""], vec!["reason is empty"]),
            (
                &["retry", "ticket_list", "--stream", nobody, "--reason", "x"],
                vec![nobody, "does not wait"],
            ),
        ] {
            refused(&replay(&[&["parked"], words].concat(), data, url).await?, &reasons)?;
        }
        assert_eq!(log.head().await?, head);
        app.finish().await
    })
}

#[test]
fn decision_is_carried_out_when_no_server_runs() -> Result<()> {
    run(async {
        let (app, log, _, [unknown, _]) = poisoned().await?;
        // A newer program has decided something.
        let decisions = stream_name(ReadModel::CATEGORY, ReadModel::id("ticket_list"));
        let like = log.read_all(Position::START, &["ticket."], 1).await?;
        let like = like.first().context("no event")?;
        append(&log, &decisions, "read_model.event_moved", like, 3).await?;
        let (data, url) = app.stop().await?;
        let skip = [
            "parked",
            "skip",
            "ticket_list",
            "--position",
            &unknown.to_string(),
            "--reason",
            "x",
        ];
        let told = said(&replay(&skip, data.path(), &url).await?)?;
        ensure!(told.contains("freed: ") && !told.contains("waits: "), "{told}");
        assert_replay_equals_live(data.path(), &url).await
    })
}

#[test]
fn event_that_shows_in_another_build_cannot_be_left_out() -> Result<()> {
    run(async {
        let (app, log, _, [unknown, _]) = poisoned().await?;
        well(&["rebuild", "ticket_list", "--no-swap"], &app).await?;
        let pool = PgPool::connect(&app.database_url).await?;
        let applied =
            "DELETE FROM ops.parked WHERE generation = (SELECT max(id) FROM ops.generation) RETURNING generation";
        let newest: Vec<i64> = sqlx::query_scalar(applied).fetch_all(&pool).await?;
        pool.close().await;
        let newest = newest.first().context("it holds nothing back")?;
        let head = log.head().await?;
        let at = unknown.to_string();
        let skip = ["parked", "skip", "ticket_list", "--position", &at, "--reason", "x"];
        refused(
            &replay(&skip, app.data.path(), &app.database_url).await?,
            &[&format!("shows in generation {newest}"), "release ticket_list"],
        )?;
        assert_eq!(log.head().await?, head);
        well(&["release", "ticket_list"], &app).await?;
        well(&skip, &app).await?;
        app.finish().await
    })
}

const CHANGES: &str = "subscription($after: Position) {
    ticketChanged(after: $after) { position type ticket { version } previous { version } }
}";

async fn watch(app: &App, after: &Value) -> Result<Socket> {
    Socket::subscribe(&app.client.base, KEY, CHANGES, json!({ "after": after })).await
}

/// Types and positions of the next changes.
async fn hear(socket: &mut Socket, count: usize) -> Result<Vec<(Value, Value)>> {
    let mut heard = Vec::new();
    for _ in 0..count {
        let mut change = socket.next().await?["ticketChanged"].take();
        heard.push((change["type"].take(), change["position"].take()));
    }
    Ok(heard)
}

#[test]
fn change_that_was_parked_reaches_subscribers_once_whether_they_were_there_or_away() -> Result<()> {
    run(async {
        let (app, log, _, [unknown, behind]) = poisoned().await?;
        app.client.ticket("later", &json!({})).await?;
        let mut present = watch(&app, &json!("0")).await?;
        let mut all = hear(&mut present, 4).await?;
        let away = all.last().context("nothing heard")?.1.clone();
        let at = unknown.to_string();
        well(
            &["parked", "skip", "ticket_history", "--position", &at, "--reason", "x"],
            &app,
        )
        .await?;
        all.extend(hear(&mut present, 1).await?);
        let decision = log.head().await?;
        ensure!(
            all[4] == (json!("ticket.started"), json!(format!("{decision}-{behind}"))),
            "{all:?}"
        );
        app.client.ticket("last", &json!({})).await?;
        all.extend(hear(&mut present, 1).await?);
        present.ping().await?;
        for (after, missed) in [(json!("0"), 0), (away, 4), (all[4].1.clone(), 5)] {
            let mut socket = watch(&app, &after).await?;
            ensure!(hear(&mut socket, 6 - missed).await? == all[missed..], "after {after}");
            socket.ping().await?;
        }
        // It is as good as any other position.
        let query = "query($at: Position) { tickets(minPosition: $at) { stale totalCount } }";
        let shown = app.client.data(query, json!({"at": all[4].1})).await?;
        ensure!(
            shown == json!({"tickets": {"stale": false, "totalCount": 4}}),
            "{shown}"
        );
        app.finish().await
    })
}
