//! How the read models are doing: asked, watched, told to machines.

use anyhow::{Context, Result, ensure};
use projections::{generation, registry, ticket_history, ticket_list};
use serde_json::{Value, json};
use sqlx::{Executor, PgPool};
use tests::{App, KEY, Socket, poll, run};

const FIELDS: &str = "name version generation state serving current position head goal progress behind lagSeconds
    eventsPerSecond secondsLeft heartbeatAt fault parkedStreams parkedEvents
    parts { partition position behind lagSeconds events eventsPerSecond worker heartbeatAt fault parkedStreams parkedEvents }";

/// Keeps an event and one behind it from the ticket list, as a worker would.
const PARK: &str = "INSERT INTO ops.parked (generation, partition, stream_id, position, stream, revision, event_type, reason)
    SELECT id, 0, 'a3f1c0de-0000-4000-8000-000000000001', 1000000 + place, 'ticket-a3f1c0de-0000-4000-8000-000000000001',
        place, 'ticket.opened', CASE place WHEN 0 THEN 'it does not fit' END
    FROM ops.generation, generate_series(0, 1) AS place WHERE model = 'ticket_list' AND serving";

async fn builds(app: &App) -> Result<Value> {
    let query = format!("{{ projections {{ {FIELDS} }} }}");
    Ok(app.client.data(&query, json!({})).await?["projections"].take())
}

#[test]
fn builds_are_told_with_their_parts() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let opened = app.client.open("1", "Одна").await?;
        let at = opened["position"].as_str().context("no position")?.to_owned();
        poll("the worker gives no sign", async || {
            builds(&app).await.is_ok_and(|it| {
                it.as_array().is_some_and(|all| {
                    all.iter()
                        .all(|it| it["parts"][0]["worker"].is_string() && it["behind"] == 0)
                })
            })
        })
        .await?;
        let builds = builds(&app).await?;
        let names: Vec<&str> = builds
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it["name"].as_str())
            .collect();
        let mut expected: Vec<&str> = registry().iter().map(|it| it.name).collect();
        expected.sort_unstable();
        assert_eq!(names, expected);
        for build in builds.as_array().into_iter().flatten() {
            assert_eq!(build["state"], "FOLLOWING");
            ensure!(build["serving"] == true && build["current"] == true, "{build}");
            assert_eq!((&build["progress"], &build["secondsLeft"]), (&json!(1.0), &json!(0.0)));
            assert_eq!(build["fault"], Value::Null);
            assert_eq!(build["parts"].as_array().map(Vec::len), Some(1));
            ensure!(build["heartbeatAt"].is_string(), "{build}");
            // The others hear of nothing that concerns them.
            if [ticket_list::NAME, ticket_history::NAME]
                .iter()
                .any(|it| build["name"] == *it)
            {
                assert_eq!(build["position"], json!(at));
                ensure!(build["parts"][0]["events"] == 1, "{build}");
            }
        }
        app.finish().await
    })
}

#[test]
fn parked_events_are_told_to_people_and_machines() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let pool = PgPool::connect(&app.database_url).await?;
        let query = "query($model: String, $first: Int! = 50) { parkedEvents(model: $model, first: $first) {
            model version generation stream revision position type reason parkedAt } }";
        let asked = async |variables| anyhow::Ok(app.client.data(query, variables).await?["parkedEvents"].take());
        assert_eq!(asked(json!({})).await?, json!([]));
        pool.execute(PARK).await?;
        let parked = asked(json!({"model": "ticket_list"})).await?;
        assert_eq!(parked.as_array().map(Vec::len), Some(2));
        assert_eq!(
            (&parked[0]["reason"], &parked[1]["reason"]),
            (&json!("it does not fit"), &Value::Null)
        );
        assert_eq!(asked(json!({"first": 1})).await?.as_array().map(Vec::len), Some(1));
        assert_eq!(asked(json!({"model": "ticket_history"})).await?, json!([]));
        for bad in [json!({"model": "nothing"}), json!({"first": 0}), json!({"first": 101})] {
            assert_eq!(app.client.error(query, bad.clone()).await?.0, "BAD_USER_INPUT", "{bad}");
        }
        let (status, body) = app.client.get("/health/ready").await?;
        let body: Value = serde_json::from_str(&body)?;
        assert_eq!(status, 200);
        let parked = &body["parkedStreams"];
        assert_eq!(
            (&parked["ticket_list"], &parked["ticket_history"]),
            (&json!(1), &json!(0))
        );
        assert_eq!(body["faults"], json!({}));
        pool.execute("DELETE FROM ops.parked").await?;
        pool.close().await;
        app.finish().await
    })
}

#[test]
fn watcher_hears_what_changes_and_no_mere_signs_of_life() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let pool = PgPool::connect(&app.database_url).await?;
        let watch = "subscription { projectionsChanged { name state generation parkedStreams position } }";
        let mut sockets = Vec::new();
        for _ in 0..3 {
            sockets.push(Socket::subscribe(&app.client.base, KEY, watch, json!({})).await?);
        }
        for socket in &mut sockets {
            until(socket, |all| all.len() == registry().len()).await?;
        }
        pool.execute(PARK).await?;
        for socket in &mut sockets {
            until(socket, |all| all.iter().any(|it| it["parkedStreams"] == 1)).await?;
        }
        pool.execute("DELETE FROM ops.parked").await?;
        let id = generation::begin(&pool, &ticket_list::MODEL, 1, event_store::Position::START, false).await?;
        for socket in &mut sockets {
            until(socket, |all| {
                all.iter()
                    .any(|it| it["generation"] == id && it["state"] == "FOLLOWING")
            })
            .await?;
        }
        pool.close().await;
        app.finish().await
    })
}

/// Listens until the builds are so.
async fn until(socket: &mut Socket, are_so: impl Fn(&[Value]) -> bool) -> Result<()> {
    for _ in 0..30 {
        let all = socket.next().await?["projectionsChanged"].take();
        if are_so(all.as_array().context("no builds")?) {
            return Ok(());
        }
    }
    anyhow::bail!("it does not come about")
}

#[test]
fn gauges_say_what_they_mean() -> Result<()> {
    run(async {
        let app = App::start().await?;
        poll("the worker sets no gauge", async || {
            let text = app.client.get("/metrics").await.map(|it| it.1).unwrap_or_default();
            [
                "position",
                "behind",
                "lag_seconds",
                "events_per_second",
                "faulty",
                "parked_streams",
            ]
            .iter()
            .all(|it| {
                let name = format!("letopis_projection_{it}");
                text.contains(&format!("# HELP {name} ")) && text.contains(&format!("{name}{{model="))
            })
        })
        .await?;
        app.finish().await
    })
}
