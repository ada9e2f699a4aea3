//! The import of a service desk's year, and of a file made up here, beside a running server and without one.

mod whole;

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Output,
};

use anyhow::{Context, Result, ensure};
use event_store::Position;
use serde_json::{Value, json};
use tests::{App, Client, Cluster, Program, open_log, run};

const HEADER: &str = "number,ident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,category,category,priority,\
     assigned_to,closed_code,assignment_group";

pub(crate) async fn import(file: &Path, data: &Path, database: &str, rejects: &Path) -> Result<String> {
    let text = |it: &Path| it.to_str().map(str::to_owned).context("a path that is no text");
    let (file, data, rejects) = (text(file)?, text(data)?, text(rejects)?);
    let arguments = [
        "import",
        "servicenow-csv",
        &file,
        "--data",
        &data,
        "--rejects",
        &rejects,
        "--database-url",
        database,
    ];
    let mut command = Program::command(&arguments)?;
    let Output { status, stdout, stderr } = command.kill_on_drop(true).output().await?;
    let (said, wrong) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    ensure!(status.success(), "{said}{wrong}");
    Ok(said.into_owned())
}

/// The end of a log that no server uses.
async fn head(data: &Path) -> Result<Position> {
    let (node, log) = open_log(data).await?;
    let head = log.head().await?;
    node.stop().await?;
    Ok(head)
}

pub(crate) fn made_up(folder: &Path, rows: &[&str]) -> Result<PathBuf> {
    let path = folder.join("made-up.csv");
    let mut file = File::create(&path)?;
    for line in [HEADER].iter().chain(rows) {
        writeln!(file, "{line}")?;
    }
    Ok(path)
}

pub(crate) const ROWS: &[&str] = &[
    "INC1,New,0,7,29/2/2016 01:16,29/2/2016 01:23,net,vpn,3,?,?,56",
    "INC1,Active,1,7,29/2/2016 01:16,29/2/2016 02:00,net,vpn,1,42,?,56",
    "INC1,Awaiting Vendor,2,7,29/2/2016 01:16,29/2/2016 03:00,net,vpn,1,42,?,Сеть",
    "INC1,Resolved,3,7,29/2/2016 01:16,1/3/2016 09:00,net,vpn,1,42,code 6,Сеть",
    "INC1,Closed,4,7,29/2/2016 01:16,5/3/2016 12:00,net,vpn,1,42,code 6,Сеть",
    "INC2,New,0,?,1/3/2016 10:00,1/3/2016 10:00,?,?,4,?,?,?",
    "INC2,-100,1,?,1/3/2016 10:00,1/3/2016 11:00,?,?,4,?,?,?",
    "INC2,Closed,2,?,1/3/2016 10:00,2/3/2016 10:00,mail,?,4,?,?,?",
    "INC3,New,0,?,31/31/2016 10:00,1/3/2016 10:00,?,?,4,?,?,?",
];

async fn ticket(client: &Client, external_id: &str) -> Result<Value> {
    let query = "query($filter: TicketFilter) { tickets(first: 2, filter: $filter) { nodes { id } } }";
    let filter = json!({"externalId": {"eq": external_id}, "channel": {"eq": "servicenow"}});
    let data = client.data(query, json!({"filter": filter})).await?;
    ensure!(
        data["tickets"]["nodes"].as_array().is_some_and(|it| it.len() == 1),
        "{external_id}: {data}"
    );
    client
        .look(data["tickets"]["nodes"][0]["id"].as_str().context("no id")?)
        .await
}

/// What `ROWS` mean.
async fn is_told(client: &Client) -> Result<()> {
    assert_eq!(client.count(&json!({})).await?, 2);
    let first = ticket(client, "INC1").await?;
    let history = first["history"]["nodes"].as_array().context("no history")?;
    let types: Vec<_> = history
        .iter()
        .map(|it| (it["type"].as_str(), it["at"].as_str()))
        .collect();
    let expected = [
        ("ticket.opened", "2016-02-29T01:16:00+00:00"),
        ("ticket.prioritized", "2016-02-29T02:00:00+00:00"),
        ("ticket.started", "2016-02-29T02:00:00+00:00"),
        ("ticket.moved", "2016-02-29T03:00:00+00:00"),
        ("ticket.put_on_hold", "2016-02-29T03:00:00+00:00"),
        ("ticket.resolved", "2016-03-01T09:00:00+00:00"),
        ("ticket.closed", "2016-03-05T12:00:00+00:00"),
        ("assignment.agent_assigned", "2016-02-29T02:00:00+00:00"),
    ];
    assert_eq!(types, expected.map(|(name, at)| (Some(name), Some(at))));
    ensure!(history.iter().all(|it| it["actor"] == "import:servicenow"), "{first}");
    for (field, value) in [
        ("status", "CLOSED"),
        ("priority", "URGENT"),
        ("categoryId", "net"),
        ("subcategoryId", "vpn"),
        ("type", "INCIDENT"),
        ("closedAt", "2016-03-05T12:00:00+00:00"),
        ("openedAt", "2016-02-29T01:16:00+00:00"),
    ] {
        ensure!(first[field] == value, "{field}: {first}");
    }
    ensure!(first["assignee"].is_string() && first["contact"].is_string(), "{first}");
    let second = ticket(client, "INC2").await?;
    ensure!(
        second["status"] == "CLOSED" && second["categoryId"] == "mail" && second["priority"] == "LOW",
        "{second}"
    );
    let desk = client.data(DESK, json!({})).await?;
    let names = |list: &Value, pointer: &str| {
        let nodes = list["nodes"].as_array().into_iter().flatten();
        let mut names: Vec<String> = nodes
            .filter_map(|it| it.pointer(pointer)?.as_str().map(str::to_owned))
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&desk["teams"], "/name"), ["Group 56", "Сеть"]);
    assert_eq!(names(&desk["categories"], "/key"), ["mail", "net"]);
    assert_eq!(names(&desk["users"], "/name"), ["Resolver 42"]);
    let query = "query($id: ID!) { ticket(id: $id) { team { name } assignee { name } } }";
    let shown = client.data(query, json!({"id": first["id"]})).await?["ticket"].take();
    assert_eq!(shown["team"]["name"], "Сеть", "{shown}");
    Ok(())
}

const DESK: &str = "{ teams(first: 10) { nodes { name } } categories(first: 10) { nodes { key } }
    users(first: 10) { nodes { name } } }";

/// Line, number, column and value of each reject.
fn rejects(path: &Path) -> Result<Vec<[String; 4]>> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut rejects = Vec::new();
    for record in reader.records() {
        let record = record?;
        ensure!(record.len() == 5 && !record[4].is_empty(), "{record:?}");
        rejects.push([0, 1, 2, 3].map(|it| record[it].to_owned()));
    }
    Ok(rejects)
}

fn expected_rejects() -> Vec<[String; 4]> {
    [
        ["8", "INC2", "incident_state", "-100"],
        ["10", "INC3", "opened_at", "31/31/2016 10:00"],
    ]
    .map(|it| it.map(str::to_owned))
    .to_vec()
}

#[test]
fn file_is_imported_beside_a_running_server_and_shows_at_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let folder = tempfile::tempdir()?;
        let file = made_up(folder.path(), ROWS)?;
        let out = folder.path().join("rejects.csv");
        let said = import(&file, app.data.path(), &app.database_url, &out).await?;
        ensure!(
            said.contains("9 rows, 3 incidents") && said.contains("2 imported"),
            "{said}"
        );
        ensure!(said.contains("ident_state") && said.contains("by its place"), "{said}");
        ensure!(
            said.contains("2 rows rejected") && said.contains("rejects.csv"),
            "{said}"
        );
        assert_eq!(rejects(&out)?, expected_rejects());
        // Opens no ticket, but what it answers lies behind the import.
        let after = app.client.open("after", "После импорта").await?;
        app.client
            .must(
                "resolveTicket",
                "r",
                after["ticket"]["id"].as_str().context("no id")?,
                &json!({}),
            )
            .await?;
        assert_eq!(app.client.count(&json!({"channel": {"eq": "api"}})).await?, 1);
        assert_eq!(app.client.count(&json!({"channel": {"eq": "servicenow"}})).await?, 2);
        let said = import(&file, app.data.path(), &app.database_url, &out).await?;
        ensure!(
            said.contains("0 imported") && said.contains("2 there before") && said.contains("0 events"),
            "{said}"
        );
        app.finish().await
    })
}

#[test]
fn file_is_imported_without_a_server_and_a_longer_one_goes_on() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let folder = tempfile::tempdir()?;
        let out = folder.path().join("rejects.csv");
        let said = import(&made_up(folder.path(), &ROWS[..3])?, data.path(), &database, &out).await?;
        ensure!(said.contains("1 imported") && !out.exists(), "{said}");
        let said = import(&made_up(folder.path(), ROWS)?, data.path(), &database, &out).await?;
        ensure!(said.contains("1 imported") && said.contains("1 extended"), "{said}");
        let before = head(data.path()).await?;
        let said = import(&made_up(folder.path(), ROWS)?, data.path(), &database, &out).await?;
        ensure!(said.contains("0 events appended"), "{said}");
        assert_eq!(rejects(&out)?, expected_rejects());
        assert_eq!(head(data.path()).await?, before);
        let app = App::start_on(data, database).await?;
        ensure!(app.client.count(&json!({})).await? == 2);
        let first = ticket(&app.client, "INC1").await?;
        ensure!(
            first["history"]["totalCount"] == 8 && first["status"] == "CLOSED",
            "{first}"
        );
        app.finish().await
    })
}

#[test]
fn imported_tickets_have_the_history_that_the_file_tells() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let folder = tempfile::tempdir()?;
        import(
            &made_up(folder.path(), ROWS)?,
            data.path(),
            &database,
            &folder.path().join("rejects.csv"),
        )
        .await?;
        let app = App::start_on(data, database).await?;
        is_told(&app.client).await?;
        app.finish().await
    })
}
