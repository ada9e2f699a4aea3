//! A ticket beyond the steps of its life: marks, snoozes, verdicts, merging, splitting, archiving, tracking.

mod bad_input;
mod customer;
mod join;
mod marks;
mod pause;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::Client;

/// What a ticket shows beyond its plain fields.
const WHOLE: &str = "id number status statusLabelId statusLabel { label { text } } tagIds tags { name } followerIds \
     fields { fieldId field { key } text number boolean date options } links { relation otherId other { number } } \
     snoozedAt snoozedUntil resolutionVerdict mergedIntoId mergedInto { id } mergedTickets { id } splitFromId \
     splitFrom { id } archivedAt trackedUntil type reopenCount";

/// A ticket with all that can be said about it.
async fn whole(client: &Client, id: &str) -> Result<Value> {
    let query = format!("query($id: ID!) {{ ticket(id: $id) {{ {WHOLE} }} }}");
    Ok(client.data(&query, json!({"id": id})).await?["ticket"].take())
}

/// The ticket of a mutation that must be carried out, as queries show it then.
async fn must(client: &Client, mutation: &str, id: &str, more: Value) -> Result<Value> {
    let key = format!("{mutation} {more}");
    let payload = client.must(mutation, &key, id, &more).await?;
    ensure!(payload["stale"] == false, "{payload}");
    whole(client, id).await
}

/// Code and field of a mutation that must be refused, and changes nothing.
async fn refused(client: &Client, mutation: &str, id: &str, more: Value) -> Result<(String, Value)> {
    let before = client.look(id).await?;
    let payload = client
        .tell(mutation, &format!("refused {mutation} {more}"), id, &more)
        .await?;
    let error = &payload["userErrors"][0];
    ensure!(payload["position"].is_null(), "{mutation} {more}: {payload}");
    ensure!(
        client.look(id).await? == before,
        "{mutation} {more} has changed something"
    );
    let code = error["code"]
        .as_str()
        .with_context(|| format!("{mutation} {more}: {payload}"))?;
    Ok((code.to_owned(), error["field"].clone()))
}

/// Ids of the tickets that a filter lets pass, by number.
async fn listed(client: &Client, filter: Value) -> Result<Vec<String>> {
    let query =
        "query($f: TicketFilter) { tickets(first: 50, filter: $f, orderBy: [{field: NUMBER}]) { nodes { id } } }";
    let list = client.data(query, json!({"f": filter})).await?;
    let nodes = list["tickets"]["nodes"].as_array().context("no nodes")?;
    Ok(nodes
        .iter()
        .filter_map(|it| it["id"].as_str().map(str::to_owned))
        .collect())
}
