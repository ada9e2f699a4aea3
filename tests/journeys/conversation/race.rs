//! Many at once.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;
use tests::{App, run};

use super::{must, read, words};

#[test]
fn fifty_writers_to_one_conversation_lose_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let ticket = app.client.ticket("t", &json!({})).await?;
        let writers = (0..50).map(|it| {
            let (client, ticket) = (app.client.clone(), ticket.clone());
            async move {
                let mutation = if it % 5 == 0 { "receiveMessage" } else { "postMessage" };
                // Each of them is impatient.
                let (name, text) = (format!("m{it}"), format!("текст {it}"));
                let (one, two) = tokio::join!(
                    must(&client, mutation, &ticket, words(&name, &text)),
                    must(&client, mutation, &ticket, words(&name, &text))
                );
                let (one, two) = (one?, two?);
                ensure!(one["message"]["seq"] == two["message"]["seq"], "{one} {two}");
                Ok::<_, anyhow::Error>(one["message"]["seq"].as_i64())
            }
        });
        let seqs: BTreeSet<Option<i64>> = try_join_all(writers).await?.into_iter().collect();
        assert_eq!(seqs, (1..=50).map(Some).collect());
        let shown = read(&app.client, &ticket).await?;
        assert_eq!(
            (&shown["messages"]["totalCount"], &shown["status"]),
            (&json!(50), &json!("OPEN"))
        );
        app.finish().await
    })
}
