//! A server on a log of its own, into which another's events are put in their order: whatever it shows is what read models
//! say that were made of the log cut there.

use std::{collections::HashMap, fs};

use anyhow::Result;
use api::config::Config;
use chrono::{DateTime, Utc};
use domain::organisation::Kind;
use event_store::{EventLog, Expected, NewEvent, Position, Raw, decode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, poll};
use uuid::Uuid;

use crate::read_models::log_of;

/// A server that decides nothing by itself.
pub(super) fn still(config: Config) -> Config {
    let roles = "api,projections".parse().unwrap_or_default();
    Config { roles, ..config }
}

/// All events of a log with the instants at which they were decided, in its order, but those about who read what: the cut
/// is read as well, and writes its own.
pub(super) async fn all(log: &EventLog) -> Result<Vec<(DateTime<Utc>, Raw)>> {
    let raws = log.read_unfiltered(Position::START, 1_000_000).await?;
    let done = raws.into_iter().filter(|it| !it.stream.starts_with("reading-"));
    let dated = done.map(|raw| Ok((decode(&raw)?.metadata.at, raw)));
    dated.collect()
}

/// A log that is cut, and the server on it.
pub(super) struct Cut {
    pub(super) app: App,
    log: EventLog,
    /// Next revisions of streams.
    revisions: HashMap<String, u64>,
    /// The last event of each category of streams.
    last: HashMap<String, Position>,
}

impl Cut {
    /// Empty so far; opens what the other server's vault opens.
    pub(super) async fn empty(of: &App) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let keys = data.path().join("keys");
        fs::create_dir(&keys)?;
        fs::copy(of.data.path().join("keys/master.key"), keys.join("master.key"))?;
        let app = App::start_in(data, still).await?;
        copy_keys(&of.database_url, &app.database_url).await?;
        Ok(Self {
            log: log_of(&app)?,
            app,
            revisions: HashMap::new(),
            last: HashMap::new(),
        })
    }

    /// Takes these events up, and waits until they show.
    pub(super) async fn take(&mut self, events: &[&Raw]) -> Result<()> {
        let mut rest = events;
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|it| it.stream == first.stream).count();
            let (of_stream, others) = rest.split_at(same);
            let next = self.revisions.entry(first.stream.clone()).or_default();
            let expected = Expected::after(next.checked_sub(1));
            let new: Vec<NewEvent> = of_stream.iter().map(|it| again(it)).collect();
            let appended = self.log.append(&first.stream, expected, &new).await?;
            let category = first.stream.split('-').next().unwrap_or_default();
            self.last.insert(category.to_owned(), appended.position);
            *next += u64::try_from(new.len())?;
            rest = others;
        }
        let is_shown = async || {
            let shown = self.app.client.data(&self.shown(), json!({})).await;
            let lists = ["tickets", "contacts", "organizations", "branches"];
            shown.is_ok_and(|it| lists.iter().all(|list| it[list]["stale"] == false))
        };
        poll("the lists do not show the end of the log", is_shown).await
    }

    /// Asks whether each list has come to the last event that concerns it: others move no list.
    fn shown(&self) -> String {
        let at = |concerns: fn(&str) -> bool| {
            let last = self.last.iter().filter(|it| concerns(it.0)).map(|it| it.1.0).max();
            last.unwrap_or_default()
        };
        let tickets = at(|it| ["ticket", "assignment", "conversation", "subject", "bulk"].contains(&it));
        let contacts = at(|it| ["contact", "subject"].contains(&it));
        let organizations = at(|it| it == "organization");
        let items = at(|it| Kind::parse(it).is_some());
        let views = at(|it| it == "view");
        format!(
            "{{ tickets(first: 1, minPosition: \"{tickets}\") {{ stale }}
            contacts(first: 1, minPosition: \"{contacts}\") {{ stale }}
            organizations(first: 1, minPosition: \"{organizations}\") {{ stale }}
            branches(first: 1, minPosition: \"{items}\") {{ stale }} views(minPosition: \"{views}\") {{ id }} }}"
        )
    }
}

fn again(raw: &Raw) -> NewEvent {
    NewEvent {
        id: raw.id,
        event_type: raw.event_type.clone(),
        payload: raw.payload.to_vec(),
        metadata: raw.metadata.to_vec(),
    }
}

type Key = (Uuid, String, Option<Vec<u8>>, String, Option<DateTime<Utc>>);

async fn copy_keys(from: &str, to: &str) -> Result<()> {
    let (from, to) = (PgPool::connect(from).await?, PgPool::connect(to).await?);
    let keys: Vec<Key> =
        sqlx::query_as("SELECT subject, master, wrapped, fingerprint, destroyed_at FROM vault.subject_key")
            .fetch_all(&from)
            .await?;
    for (subject, master, wrapped, fingerprint, destroyed_at) in keys {
        sqlx::query(
            "INSERT INTO vault.subject_key (subject, master, wrapped, fingerprint, destroyed_at)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(subject)
        .bind(master)
        .bind(wrapped)
        .bind(fingerprint)
        .bind(destroyed_at)
        .execute(&to)
        .await?;
    }
    from.close().await;
    to.close().await;
    Ok(())
}

/// What a document says of the past in one server, and of now in the other: `{at}` in it stands for the argument.
pub(super) fn then_and_now(document: &str, at: DateTime<Utc>) -> (String, String) {
    let argument = format!("asOf: \"{}\"", at.to_rfc3339());
    (
        document.replace("{at}", &argument),
        document.replace(", {at}", "").replace("({at})", ""),
    )
}

/// The first place at which two answers differ.
pub(super) fn difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => one.iter().find_map(|(key, value)| {
            let missing = Value::Null;
            difference(value, other.get(key).unwrap_or(&missing), &format!("{path}.{key}"))
        }),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => one
            .iter()
            .zip(other)
            .enumerate()
            .find_map(|(index, (one, other))| difference(one, other, &format!("{path}[{index}]"))),
        (one, other) => (one != other).then(|| format!("{path}: {one} as of then, {other} in the cut")),
    }
}
