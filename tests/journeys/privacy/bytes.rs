//! One of a thousand is erased while others work: no byte of what was theirs is left anywhere.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, future::join_all, stream};
use serde_json::{Value, json};
use tests::{Client, Program, run};

use super::{certified, code, tell};
use crate::{
    contacts,
    conversation::{contact, must, words},
    files::{attached, bring},
    organisation::made,
};

const CONTACTS: usize = 1000;
const MARKS: usize = 40;
const TICKETS: usize = 5;

/// Words that stand nowhere else.
fn mark(number: usize) -> String {
    format!("zqmark{number:02}wvx")
}

/// Gives out one mark after another.
#[derive(Default)]
struct Marks(usize);

impl Marks {
    fn next(&mut self) -> String {
        self.0 += 1;
        mark(self.0)
    }
}

/// All the places that take words about a customer; returns the customer.
async fn plant(client: &Client) -> Result<String> {
    let mut marks = Marks::default();
    let maria = contact(client, &marks.next()).await?;
    let address = json!({"channel": "EMAIL", "value": format!("{}@example.com", marks.next())});
    for (mutation, more) in [
        ("changeContactProfile", json!({"note": marks.next()})),
        ("addContactHandle", json!({"handle": address})),
        ("blockContact", json!({"reason": marks.next()})),
        ("unblockContact", json!({})),
    ] {
        let mut input = json!({"idempotencyKey": mutation, "contactId": maria});
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        contacts::must(client, mutation, input).await?;
    }
    let field =
        json!({"key": "order", "label": {"en": "Order"}, "appliesTo": "TICKET", "type": "TEXT", "maxLength": 50});
    let field = made(client, "CustomField", "order", field).await?;
    for number in 0..TICKETS {
        plant_ticket(client, &maria, &field, number, &mut marks).await?;
    }
    // The last stands in the request.
    assert_eq!(marks.0, MARKS - 1);
    Ok(maria)
}

async fn plant_ticket(client: &Client, maria: &str, field: &str, number: usize, marks: &mut Marks) -> Result<()> {
    let name = format!("m{number}");
    let ticket = client
        .ticket(&name, &json!({"contactId": maria, "subject": marks.next()}))
        .await?;
    must(client, "receiveMessage", &ticket, words("q", &marks.next())).await?;
    must(client, "addNote", &ticket, words("n", &marks.next())).await?;
    let value = json!({"fieldId": field, "value": {"text": marks.next()}});
    client.must("setTicketField", "f", &ticket, &value).await?;
    let urgent = json!({"priority": "URGENT", "reason": marks.next()});
    client.must("changeTicketPriority", "p", &ticket, &urgent).await?;
    if number < 2 {
        let file = format!("{}.txt", marks.next());
        let file = bring(client, &ticket, &file, "text/plain", marks.next().as_bytes()).await?;
        attached(client, &ticket, "file", &file).await?;
        must(client, "postMessage", &ticket, words("a", &marks.next())).await?;
        return Ok(());
    }
    if number == 2 {
        let agent = json!({"agentId": "00000000-0000-4000-8000-000000000007"});
        client.must("assignTicket", "a", &ticket, &agent).await?;
        let reason = json!({"reason": marks.next()});
        client.must("unassignTicket", "u", &ticket, &reason).await?;
    }
    let note = json!({"note": marks.next(), "reason": "SOLVED"});
    client.must("resolveTicket", "r", &ticket, &note).await?;
    Ok(())
}

/// What reports say of everything up to a number.
async fn report(client: &Client, number: i64) -> Result<Value> {
    let query = "query($n: Int!) {
        ticketStatistics(filter: {number: {lte: $n}}) {
            total byStatus { status count } byPriority { priority count } byCategory { categoryId count } }
        tickets(filter: {number: {lte: $n}}) { totalCount }
        resolved: tickets(filter: {number: {lte: $n}, status: {eq: RESOLVED}}) { totalCount } }";
    client.data(query, json!({"n": number})).await
}

/// Opens tickets and writes to them until it is over.
async fn work(client: &Client, name: usize, contacts: &[String], over: &AtomicBool) -> Result<usize> {
    let mut done = 0;
    for (turn, contact) in contacts.iter().cycle().enumerate() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("w{name}-{turn}");
        let ticket = client
            .ticket(&key, &json!({"contactId": contact, "subject": "Работа"}))
            .await?;
        let told = crate::conversation::tell(client, "receiveMessage", &ticket, words("q", "Где мой заказ?")).await?;
        ensure!(told["userErrors"] == json!([]), "{told}");
        done += 1;
    }
    Ok(done)
}

/// The files under a folder in which some mark stands.
fn holding(folder: &Path) -> Result<Vec<String>> {
    let marks: Vec<String> = (1..=MARKS).map(mark).collect();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let kind = fs::symlink_metadata(&path)?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                // Postgres may have removed it meanwhile.
                let bytes = fs::read(&path).unwrap_or_default().to_ascii_lowercase();
                let held: Vec<&String> = marks.iter().filter(|it| stands(&bytes, it.as_bytes())).collect();
                if !held.is_empty() {
                    found.push(format!("{}: {held:?}", path.display()));
                }
            }
        }
    }
    Ok(found)
}

fn stands(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}

#[test]
fn nothing_is_left_of_one_of_a_thousand_erased_under_load() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let folder = data.path().to_str().context("a path that is no text")?;
        let program = Program::serve(&["--data", folder]).await?;
        let client = &program.client;
        let maria = plant(client).await?;
        let contacts: Vec<String> = stream::iter(1..CONTACTS)
            .map(|it| async move { contact(client, &format!("Клиент {it}")).await })
            .buffered(16)
            .try_collect()
            .await?;
        let newest = client.ticket("last", &json!({"contactId": contacts[0]})).await?;
        let last = client
            .data("query($id: ID!) { ticket(id: $id) { number } }", json!({"id": newest}))
            .await?;
        let last = last["ticket"]["number"].as_i64().context("no number")?;
        ensure!(!holding(data.path())?.is_empty(), "the search finds what is there");
        let before = report(client, last).await?;

        let over = AtomicBool::new(false);
        let working = join_all((0..4).map(|it| work(client, it, &contacts, &over)));
        let erasing = async {
            let now = json!({"ground": "CONSENT_WITHDRAWN", "note": mark(MARKS),
                "executeAt": commands::Clock::System.now().to_rfc3339()});
            let told = tell(client, "requestErasure", "r", &maria, now).await;
            let gone = certified(client, &maria).await;
            over.store(true, Ordering::Relaxed);
            told?;
            gone
        };
        let (done, gone) = tokio::join!(working, erasing);
        let (gone, done) = (gone?, done.into_iter().sum::<Result<usize>>()?);
        ensure!(done > 4, "others work meanwhile: {done}");
        for it in gone["cleared"].as_array().context("no places")? {
            ensure!(it["remains"] == 0, "{gone}");
        }
        assert_eq!(report(client, last).await?, before, "no figure of a report changes");
        let left = holding(data.path())?;
        ensure!(left.is_empty(), "{left:#?}");
        let said = program.log().to_ascii_lowercase();
        ensure!(!said.contains("zqmark"), "the process tells: {said}");

        let ground = json!({"ground": "OBJECTION"});
        let hold = json!({"reason": "Дело 2-17/2026"});
        assert_eq!(
            code(client, "requestErasure", "r2", &maria, ground.clone()).await?,
            "ALREADY_ERASED"
        );
        tell(client, "placeLegalHold", "h", &contacts[0], hold).await?;
        assert_eq!(
            code(client, "requestErasure", "r3", &contacts[0], ground).await?,
            "LEGAL_HOLD"
        );
        program.terminate().await?;
        let left = holding(data.path())?;
        ensure!(left.is_empty(), "after it stopped: {left:#?}");
        let verified = Program::replay(&["verify", "--data", folder]).await?;
        ensure!(
            verified.status.success(),
            "{}",
            String::from_utf8_lossy(&verified.stderr)
        );
        Ok(())
    })
}
