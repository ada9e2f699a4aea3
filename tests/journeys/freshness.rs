//! What was changed shows, and changes come once and in order, although parts of a read model move by themselves and
//! another build takes its place.

use anyhow::{Context, Result, ensure};
use event_store::EventLog;
use futures_util::future::try_join_all;
use projections::{Model, generation, registry};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, KEY, Socket, poll, run};

const CHANGES: &str = "subscription($after: Position) {
    ticketChanged(after: $after) { position ticket { id version } previous { version } }
}";

fn position(change: &Value) -> Result<u64> {
    let text = change["position"].as_str().context("no position")?;
    Ok(text.parse()?)
}

/// The next change, which must fit the one before it.
async fn next(socket: &mut Socket) -> Result<u64> {
    let change = socket.next().await?["ticketChanged"].take();
    let version = change["ticket"]["version"].as_i64().context("no version")?;
    let before = change["previous"]["version"].as_i64().unwrap_or_default();
    ensure!(before == version - 1, "{change}");
    position(&change)
}

/// The log of a server that runs.
fn log(app: &App) -> Result<EventLog> {
    let url = std::fs::read_to_string(app.data.path().join("node.url"))?;
    Ok(EventLog::new(url.trim())?)
}

/// Begins a build of so many parts of each model, which the server's worker fills and swaps, and waits for that.
pub(crate) async fn swap_all(app: &App, pool: &PgPool, partitions: i16) -> Result<()> {
    let head = log(app)?.head().await?;
    let mut begun = Vec::new();
    for model in registry() {
        begun.push(generation::begin(pool, &model, partitions, head, true).await?);
    }
    poll("the builds do not come to serve", async || {
        let all = generation::all(pool).await.unwrap_or_default();
        begun.iter().all(|id| all.iter().any(|it| it.id == *id && it.serving))
    })
    .await
}

/// Removes what serves no longer, so that the worker has less to do.
pub(crate) async fn release_all(pool: &PgPool) -> Result<()> {
    for model in registry() {
        generation::release(pool, &model).await?;
    }
    Ok(())
}

/// Opens tickets and changes each so many times; what it has changed must show to it.
async fn write(client: Client, name: String, tickets: usize, changes: usize) -> Result<Vec<u64>> {
    let mut positions = Vec::new();
    for ticket in 0..tickets {
        let key = format!("{name}-{ticket}");
        let opened = client.open(&key, &key).await?;
        let id = opened["ticket"]["id"].as_str().context("no id")?.to_owned();
        positions.push(position(&opened)?);
        for change in 0..changes {
            let key = format!("{key}-{change}");
            let payload = client
                .must("changeTicketSubject", &key, &id, &json!({"subject": key}))
                .await?;
            positions.push(position(&payload)?);
        }
        let seen = client.look(&id).await?;
        ensure!(seen["version"] == json!(changes + 1), "{seen}");
        ensure!(seen["history"]["totalCount"] == json!(changes + 1), "{seen}");
    }
    Ok(positions)
}

fn writers(app: &App, count: usize, tickets: usize, changes: usize) -> Vec<tokio::task::JoinHandle<Result<Vec<u64>>>> {
    (0..count)
        .map(|it| tokio::spawn(write(app.client.clone(), format!("writer-{it}"), tickets, changes)))
        .collect()
}

async fn written(writers: Vec<tokio::task::JoinHandle<Result<Vec<u64>>>>) -> Result<Vec<u64>> {
    let mut written: Vec<u64> = try_join_all(writers)
        .await?
        .into_iter()
        .collect::<Result<Vec<_>>>()?
        .concat();
    written.sort_unstable();
    Ok(written)
}

#[test]
fn change_of_one_part_shows_at_once_although_the_other_has_nothing_to_do() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let pool = PgPool::connect(&app.database_url).await?;
        swap_all(&app, &pool, 2).await?;
        release_all(&pool).await?;
        let mut socket = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": "0"})).await?;
        // One ticket after the other, so one part after the other.
        for key in 0..8 {
            let opened = app.client.open(&key.to_string(), "Одна").await?;
            ensure!(opened["stale"] == false, "{opened}");
            assert_eq!(next(&mut socket).await?, position(&opened)?);
            assert_eq!(app.client.count(&json!({})).await?, key + 1);
        }
        pool.close().await;
        app.finish().await
    })
}

#[test]
fn build_begun_behind_events_that_concern_nobody_is_completed_and_swapped() -> Result<()> {
    run(async {
        // The reservation of numbers, and seals, lie in the log before, between and behind the tickets' events.
        let app = App::start_with(|it| api::config::Config {
            seal_interval_s: 1,
            ..it
        })
        .await?;
        let pool = PgPool::connect(&app.database_url).await?;
        let log = log(&app)?;
        let opened = app.client.open("1", "Одна").await?;
        let last = position(&opened)?;
        poll("no seal is set", async || log.head().await.is_ok_and(|it| it.0 > last)).await?;
        swap_all(&app, &pool, 1).await?;
        pool.close().await;
        app.finish().await
    })
}

#[test]
fn subscribers_lose_and_repeat_nothing_over_two_parts() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let pool = PgPool::connect(&app.database_url).await?;
        swap_all(&app, &pool, 2).await?;
        let mut live = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": "0"})).await?;
        let mut cut = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": "0"})).await?;
        let writers = writers(&app, 4, 5, 7);
        let (mut heard, mut heard_in_pieces) = (Vec::new(), Vec::new());
        while heard.len() < 4 * 5 * 8 {
            heard.push(next(&mut live).await?);
            heard_in_pieces.push(next(&mut cut).await?);
            if heard.len() % 40 == 0 {
                let after = heard_in_pieces.last().context("nothing heard")?.to_string();
                cut = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": after})).await?;
            }
        }
        let written = written(writers).await?;
        assert_eq!(heard, written);
        assert_eq!(heard_in_pieces, written);
        live.ping().await?;
        pool.close().await;
        app.finish().await
    })
}

#[test]
fn subscribers_lose_and_repeat_nothing_while_builds_are_swapped() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let pool = PgPool::connect(&app.database_url).await?;
        let mut socket = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": "0"})).await?;
        let writers = writers(&app, 3, 6, 9);
        let all = 3 * 6 * 10;
        let listening = tokio::spawn(async move {
            let mut heard = Vec::new();
            while heard.len() < all {
                heard.push(next(&mut socket).await?);
            }
            socket.ping().await?;
            anyhow::Ok(heard)
        });
        for partitions in [2, 1, 3] {
            swap_all(&app, &pool, partitions).await?;
            release_all(&pool).await?;
        }
        let written = written(writers).await?;
        assert_eq!(listening.await??, written);
        // From the table alone it is the same.
        let mut again = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": "0"})).await?;
        for expected in written {
            assert_eq!(next(&mut again).await?, expected);
        }
        let served: Vec<Model> = registry();
        let builds = generation::all(&pool).await?;
        assert_eq!(builds.len(), served.len(), "{builds:?}");
        pool.close().await;
        app.finish().await
    })
}
