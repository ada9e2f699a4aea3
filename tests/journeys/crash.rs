//! The program killed in the middle of its work: nothing acknowledged is lost, nothing happens twice.

use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result, ensure};
use api::embedded::{DataDir, Postgres};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Client, Program, assert_replay_equals_live, run};
use tokio::{sync::mpsc, task::JoinHandle};

const CLIENTS: usize = 16;
const ROUNDS: usize = 3;
/// Acknowledged commands after which the program is killed.
const UNTIL_KILLED: usize = 120;

/// One command, as it can be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sent {
    mutation: &'static str,
    /// Of the ticket: opened under this key, changed under it too.
    key: String,
    /// Of the ticket; none for the command that opens it.
    ticket: Option<String>,
}

impl Sent {
    async fn send(&self, client: &Client) -> Result<Value> {
        let payload = match &self.ticket {
            None => client.open(&self.key, &format!("Заявка {}", self.key)).await?,
            Some(id) if self.mutation == "assignTicket" => {
                let agent = json!({"agentId": "00000000-0000-4000-8000-000000000007"});
                client.tell(self.mutation, &self.key, id, &agent).await?
            }
            Some(id) => client.tell(self.mutation, &self.key, id, &json!({})).await?,
        };
        ensure!(payload["userErrors"] == json!([]), "{self:?} is refused: {payload}");
        Ok(payload)
    }

    fn event(&self) -> &'static str {
        match self.mutation {
            "openTicket" => "ticket.opened",
            "assignTicket" => "assignment.agent_assigned",
            _ => "ticket.resolved",
        }
    }
}

/// What came of a command.
struct Told {
    sent: Sent,
    /// Id of its ticket and its position; none when the server was gone.
    answer: Option<(String, String)>,
}

/// Opens, assigns and resolves ticket after ticket until the server is gone.
async fn client(client: Client, name: String, tell: mpsc::UnboundedSender<Told>) -> Result<()> {
    for index in 0.. {
        let mut ticket = None;
        for mutation in ["openTicket", "assignTicket", "resolveTicket"] {
            let sent = Sent {
                mutation,
                key: format!("{name}-{index}"),
                ticket: ticket.clone(),
            };
            let payload = sent.send(&client).await.ok();
            let answer = payload.as_ref().and_then(|it| {
                Some((
                    it["ticket"]["id"].as_str()?.to_owned(),
                    it["position"].as_str()?.to_owned(),
                ))
            });
            ticket = answer.as_ref().map(|(id, _)| id.clone());
            let gone = answer.is_none();
            tell.send(Told { sent, answer })?;
            if gone {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Lets all clients work, kills the program in the middle, and returns what was sent and what was answered.
async fn round(program: Program, round: usize) -> Result<Vec<Told>> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let clients: Vec<JoinHandle<Result<()>>> = (0..CLIENTS)
        .map(|it| tokio::spawn(client(program.client.clone(), format!("{round}-{it}"), tell.clone())))
        .collect();
    drop(tell);
    let mut all = Vec::new();
    while all.len() < UNTIL_KILLED {
        all.push(
            told.recv()
                .await
                .context("the clients ended before the program was killed")?,
        );
    }
    program.kill().await?;
    for ended in join_all(clients).await {
        ended??;
    }
    while let Some(last) = told.recv().await {
        all.push(last);
    }
    Ok(all)
}

/// Everything acknowledged is there once; what was not is there once or not at all, and once when it is sent again.
async fn check(client: &Client, all: &[Told]) -> Result<()> {
    for told in all {
        let position = told.answer.as_ref().map(|(_, position)| json!(position));
        client.has_seen(&position.unwrap_or_default());
    }
    let opened = |it: &&Told| it.sent.mutation == "openTicket";
    let acknowledged = all.iter().filter(opened).filter(|it| it.answer.is_some()).count();
    let sent = all.iter().filter(opened).count();
    let there = usize::try_from(client.count(&json!({})).await?)?;
    ensure!(
        (acknowledged..=sent).contains(&there),
        "{there} tickets of {acknowledged} acknowledged, {sent} sent"
    );
    let mut events: HashMap<String, Vec<(&'static str, String)>> = HashMap::new();
    for told in all {
        let payload = told.sent.send(client).await?;
        let id = payload["ticket"]["id"].as_str().context("no ticket")?;
        let position = payload["position"].as_str().context("no position")?;
        let now = (id.to_owned(), position.to_owned());
        ensure!(
            told.answer.as_ref().is_none_or(|it| *it == now),
            "{:?}: {now:?} now, {:?} before",
            told.sent,
            told.answer
        );
        events.entry(now.0).or_default().push((told.sent.event(), now.1));
    }
    for (id, expected) in events {
        let ticket = client.look(&id).await?;
        let nodes = ticket["history"]["nodes"].as_array().context("no history")?;
        // What the program adds by itself comes when enough tickets were resolved.
        let asked = nodes.iter().filter(|it| it["type"] != "ticket.resolution_estimated");
        let history = asked.map(|it| (it["type"].as_str(), it["position"].as_str()));
        let same = history.eq(expected
            .iter()
            .map(|(event, position)| (Some(*event), Some(position.as_str()))));
        ensure!(same, "{id}: {nodes:?} instead of {expected:?}");
    }
    ensure!(usize::try_from(client.count(&json!({})).await?)? == sent);
    Ok(())
}

/// The read models in the killed program's own Postgres, against a rebuild.
async fn compare(data: &Path) -> Result<()> {
    let folder = DataDir::open(data)?;
    let postgres = Postgres::start(folder.root()).await?;
    assert_replay_equals_live(folder.root(), &postgres.url()).await?;
    Ok(postgres.stop().await?)
}

#[test]
fn killed_program_loses_nothing_acknowledged_and_repeats_nothing() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let arguments = ["--data", data.path().to_str().context("a path that is no text")?];
        let mut all = Vec::new();
        for index in 0..ROUNDS {
            let program = Program::serve(&arguments).await?;
            all.extend(round(program, index).await?);
            let program = Program::serve(&arguments).await?;
            check(&program.client, &all)
                .await
                .with_context(|| format!("round {index}"))?;
            program.kill().await?;
        }
        compare(data.path()).await
    })
}
