//! A real service desk's year: what lists and searches say of it is what SQL says that looks at the log alone.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tests::{App, Client, Cluster, run};
use zip::ZipArchive;

use super::{head, import};

/// Each ticket with what the newest of its events that say so say of it.
const TICKETS: &str = "WITH told AS (
        SELECT events.pos, streams.name AS stream, types.name AS type, CAST(events.data AS TEXT) AS data
        FROM events JOIN streams ON streams.id = events.sid JOIN types ON types.id = events.type_id
        WHERE types.name LIKE 'ticket.%' OR types.name LIKE 'assignment.%'
    ), priority AS (
        SELECT stream, MAX(pos),
            CASE type WHEN 'ticket.opened' THEN data ->> '$.priority' ELSE data ->> '$.to' END AS value
        FROM told WHERE type IN ('ticket.opened', 'ticket.prioritized') GROUP BY stream
    ), category AS (
        SELECT stream, MAX(pos), data ->> '$.category_id' AS value
        FROM told WHERE type IN ('ticket.opened', 'ticket.categorized') GROUP BY stream
    ), team AS (
        SELECT stream, MAX(pos), data ->> '$.team_id' AS value
        FROM told WHERE type IN ('ticket.opened', 'ticket.moved') GROUP BY stream
    ), owner AS (
        SELECT 'ticket-' || SUBSTR(stream, LENGTH('assignment-') + 1) AS stream, MAX(pos),
            data ->> '$.agent_id' AS value, type
        FROM told WHERE type LIKE 'assignment.%' GROUP BY stream
    )
    SELECT priority.value AS priority, category.value AS category, team.value AS team,
        CASE owner.type WHEN 'assignment.agent_assigned' THEN owner.value END AS owner
    FROM priority JOIN category USING (stream) JOIN team USING (stream) LEFT JOIN owner USING (stream)";
const HOLDS: &str = "SELECT CAST(events.data AS TEXT) ->> '$.reason', COUNT(*) FROM events
    JOIN types ON types.id = events.type_id WHERE types.name = 'ticket.put_on_hold' GROUP BY 1";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    priority: String,
    category: Option<String>,
    team: Option<String>,
    owner: Option<String>,
}

struct Log {
    tickets: Vec<Told>,
    holds: BTreeMap<String, i64>,
}

/// Reads the log's own file; no server may write it.
fn read(data: &Path) -> Result<Log> {
    let log = Connection::open_with_flags(data.join("log/events.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = log.prepare(TICKETS)?;
    let tickets = statement.query_map([], |row| {
        Ok(Told {
            priority: row.get(0)?,
            category: row.get(1)?,
            team: row.get(2)?,
            owner: row.get(3)?,
        })
    })?;
    let mut holds = log.prepare(HOLDS)?;
    let holds = holds.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Log {
        tickets: tickets.collect::<Result<_, _>>()?,
        holds: holds.collect::<Result<_, _>>()?,
    })
}

fn count_by<K: Ord>(values: impl Iterator<Item = K>) -> BTreeMap<K, i64> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts
}

/// Of each incident's last row: priority and category as the file has them.
fn last_rows(csv: &[u8]) -> Result<HashMap<String, (String, String)>> {
    let mut reader = csv::Reader::from_reader(csv);
    let header = reader.headers()?.clone();
    let column = |name: &str| header.iter().position(|it| it == name).context("a column is missing");
    // The second column called `category` is the subcategory.
    let (number, priority, category) = (column("number")?, column("priority")?, column("category")?);
    let mut last = HashMap::new();
    for record in reader.records() {
        let record = record?;
        let values = (record[priority].to_owned(), record[category].to_owned());
        last.insert(record[number].to_owned(), values);
    }
    Ok(last)
}

/// The log says what the file says.
fn log_is_of_file(log: &Log, csv: &[u8]) -> Result<()> {
    let named = |digit: &str| match digit {
        "1" => "urgent",
        "2" => "high",
        "3" => "medium",
        _ => "low",
    };
    let last = last_rows(csv)?;
    let file = count_by(last.values().map(|(priority, category)| {
        let category = (category != "?").then(|| category.clone());
        (named(priority).to_owned(), category)
    }));
    let told = count_by(log.tickets.iter().map(|it| (it.priority.clone(), it.category.clone())));
    ensure!(file == told, "{file:?} {told:?}");
    ensure!(log.holds.len() == 4, "{:?}", log.holds);
    Ok(())
}

fn global(kind: &str, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{id}"))
}

fn choice(field: &str, value: Option<Value>) -> Value {
    match value {
        Some(value) => json!({field: {"eq": value}}),
        None => json!({field: {"isNull": true}}),
    }
}

async fn agrees(client: &Client, what: &str, filter: Value, expected: i64) -> Result<()> {
    let count = client.count(&filter).await?;
    ensure!(count == expected, "{what} {filter}: {count}, the log says {expected}");
    Ok(())
}

async fn lists_agree(client: &Client, tickets: &[Told]) -> Result<()> {
    for (priority, expected) in count_by(tickets.iter().map(|it| it.priority.to_uppercase())) {
        agrees(client, "priority", choice("priority", Some(json!(priority))), expected).await?;
    }
    let teams = count_by(tickets.iter().map(|it| it.team.clone()));
    ensure!(teams.len() > 60, "{teams:?}");
    for (team, expected) in teams {
        let id = team.map(|it| json!(global("Team", &it)));
        agrees(client, "team", choice("team", id), expected).await?;
    }
    let owners = count_by(tickets.iter().map(|it| it.owner.clone()));
    ensure!(owners.len() > 150, "{owners:?}");
    for (owner, expected) in owners {
        let id = owner.map(|it| json!(global("Agent", &it)));
        agrees(client, "assignee", choice("assignee", id), expected).await?;
    }
    Ok(())
}

/// Searches of a word that all tickets have, within a category and a priority; all pages of each.
async fn searches_agree(client: &Client, tickets: &[Told]) -> Result<()> {
    const SEARCH: &str = "query($f: TicketFilter, $after: String) { searchTickets(text: \"incident\", first: 100,
        after: $after, filter: $f) { nodes { id } pageInfo { hasNextPage endCursor } } }";
    let groups = count_by(
        tickets
            .iter()
            .map(|it| (it.category.clone(), it.priority.to_uppercase())),
    );
    let mut compared = 0;
    for ((category, priority), expected) in groups {
        let categories = choice("categoryId", category.map(Value::from));
        agrees(
            client,
            "category",
            json!({"and": [categories, {"priority": {"eq": priority}}]}),
            expected,
        )
        .await?;
        // A search shows no more.
        if expected > 500 {
            continue;
        }
        let (mut found, mut after) = (0, Value::Null);
        loop {
            let filter = json!({"and": [categories, {"priority": {"eq": priority}}]});
            let page = client.data(SEARCH, json!({"f": filter, "after": after})).await?["searchTickets"].take();
            found += page["nodes"].as_array().map_or(0, Vec::len);
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        ensure!(
            i64::try_from(found)? == expected,
            "{categories} {priority}: found {found}, the log says {expected}"
        );
        compared += 1;
    }
    ensure!(compared > 30, "only {compared} searches were compared");
    Ok(())
}

/// What only earlier rows name was made too, so there may be more of each than tickets point at now.
async fn desk_agrees(client: &Client, tickets: &[Told]) -> Result<()> {
    let total = "{ teams(first: 1) { totalCount } categories(first: 1) { totalCount } }";
    let desk = client.data(total, json!({})).await?;
    for (kind, known) in [
        (
            "teams",
            count_by(tickets.iter().filter_map(|it| it.team.as_ref())).len(),
        ),
        (
            "categories",
            count_by(tickets.iter().filter_map(|it| it.category.as_ref())).len(),
        ),
    ] {
        let made = desk[kind]["totalCount"].as_u64().context("no count")?;
        ensure!(
            (known..known * 2).contains(&usize::try_from(made)?),
            "{kind}: {made}, of {known}"
        );
    }
    let named =
        "{ tickets(first: 100, filter: {assignee: {isNull: false}}) { nodes { assignee { name } team { name } } } }";
    let page = client.data(named, json!({})).await?;
    for ticket in page["tickets"]["nodes"].as_array().context("no tickets")? {
        let name = ticket["assignee"]["name"]
            .as_str()
            .context("an owner who is nobody here")?;
        ensure!(name.starts_with("Resolver "), "{ticket}");
        ensure!(
            ticket["team"].is_null() || ticket["team"]["name"].is_string(),
            "{ticket}"
        );
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "who runs the tests has to know that one did not run")]
#[test]
fn a_service_desks_year_is_counted_as_in_its_file() -> Result<()> {
    let Some(shared) = std::env::var_os("LETOPIS_SHARED_DATA") else {
        println!("skipped: LETOPIS_SHARED_DATA is not set");
        return Ok(());
    };
    run(async {
        let mut archive = ZipArchive::new(File::open(Path::new(&shared).join("incidents/incident_event_log.zip"))?)?;
        let mut csv = Vec::new();
        archive
            .by_name("incident_event_log/incident_event_log.csv")?
            .read_to_end(&mut csv)?;
        let folder = tempfile::tempdir()?;
        let (file, out) = (folder.path().join("log.csv"), folder.path().join("rejects.csv"));
        std::fs::write(&file, &csv)?;
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let said = import(&file, data.path(), &database, &out).await?;
        ensure!(
            said.contains("141712 rows, 24918 incidents") && said.contains("24918 imported"),
            "{said}"
        );
        let position = head(data.path()).await?;
        let said = import(&file, data.path(), &database, &out).await?;
        ensure!(
            said.contains("24918 there before") && said.contains("0 events appended"),
            "{said}"
        );
        assert_eq!(head(data.path()).await?, position);
        let log = read(data.path())?;
        log_is_of_file(&log, &csv)?;
        let app = App::start_on(data, database).await?;
        assert_eq!(app.client.count(&json!({})).await?, 24_918);
        assert_eq!(app.client.count(&json!({"status": {"eq": "CLOSED"}})).await?, 24_918);
        lists_agree(&app.client, &log.tickets).await?;
        searches_agree(&app.client, &log.tickets).await?;
        desk_agrees(&app.client, &log.tickets).await?;
        app.finish().await
    })
}
