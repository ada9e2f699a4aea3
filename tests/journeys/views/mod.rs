//! Lists of tickets: what they are filtered by, saved views of them, and their counters.

mod counters;
mod filters;
mod saved;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::Client;

/// Numbers of the tickets that a filter lets pass, in an order.
async fn numbers(client: &Client, filter: &Value, order: Value) -> Result<Vec<i64>> {
    let query = "query($f: TicketFilter, $o: [TicketOrder!]) { tickets(first: 100, filter: $f, orderBy: $o) { nodes { number } } }";
    let list = client.data(query, json!({"f": filter, "o": order})).await?;
    let nodes = list["tickets"]["nodes"].as_array().context("no nodes")?;
    Ok(nodes.iter().filter_map(|it| it["number"].as_i64()).collect())
}

/// The number of a ticket.
async fn number(client: &Client, ticket: &str) -> Result<i64> {
    client.look(ticket).await?["number"].as_i64().context("no number")
}
