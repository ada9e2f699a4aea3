//! Time travel: things as they were, what differs between two moments, and why a ticket has what it has.

mod bad_input;
mod cut;
mod diff;
mod equal;
mod explain;
mod imported;
mod rights;
mod walk;

use anyhow::Result;
use serde_json::{Value, json};
use tests::Client;

/// A ticket at an instant, with these fields; null when it did not exist.
async fn at(client: &Client, id: &str, instant: &str, fields: &str) -> Result<Value> {
    let query = format!("query($id: ID!, $at: DateTime) {{ ticket(id: $id, asOf: $at) {{ {fields} }} }}");
    let mut answer = client.data(&query, json!({"id": id, "at": instant})).await?;
    Ok(answer["ticket"].take())
}
