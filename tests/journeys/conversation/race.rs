//! Many at once.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;
use tests::{App, poll, run};

use super::{read, tell, words};

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
                    tell(&client, mutation, &ticket, words(&name, &text)),
                    tell(&client, mutation, &ticket, words(&name, &text))
                );
                for told in [one?, two?] {
                    ensure!(told["userErrors"] == json!([]), "{told}");
                }
                Ok::<_, anyhow::Error>(())
            }
        });
        try_join_all(writers).await?;
        let all = async || {
            let shown = read(&app.client, &ticket).await.unwrap_or_default();
            shown["messages"]["totalCount"] == 50 && shown["status"] == "OPEN"
        };
        poll("not all messages show", all).await?;
        let shown = read(&app.client, &ticket).await?;
        let nodes = shown["messages"]["nodes"].as_array().into_iter().flatten();
        let seqs: Vec<Option<i64>> = nodes.clone().map(|it| it["seq"].as_i64()).collect();
        assert_eq!(seqs, (1..=50).map(Some).collect::<Vec<_>>());
        let names: BTreeSet<Option<&str>> = nodes.map(|it| it["clientMessageId"].as_str()).collect();
        ensure!(names.len() == 50, "a message is there twice: {shown}");
        app.finish().await
    })
}
