//! Whatever is merged, taken apart and split, in whatever order: every message and every file is where a plain model of
//! the rules says, once.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{must, read, texts, words};
use crate::files::{bring, files, say};

const STEPS: usize = 60;
const TICKETS: usize = 4;

/// A ticket as the rules have it: what was said under it, which are shown with it, and what it was split from.
#[derive(Debug, Default)]
struct Ticket {
    id: String,
    /// Orders of its messages.
    said: Vec<usize>,
    merged_into: Option<usize>,
    /// Ticket, place of the first message there, and only messages before this order.
    split_from: Option<(usize, usize, usize)>,
}

#[derive(Debug, Default)]
struct Model {
    tickets: Vec<Ticket>,
    /// Text and, of some, the name of a file, by order.
    messages: Vec<(String, Option<String>)>,
    /// Counts messages and splits together.
    order: usize,
    by_order: BTreeMap<usize, usize>,
}

impl Model {
    /// Orders of all messages that a ticket shows.
    fn shown(&self, ticket: usize) -> BTreeSet<usize> {
        let Some(it) = self.tickets.get(ticket) else {
            return BTreeSet::new();
        };
        let mut shown: BTreeSet<usize> = it.said.iter().copied().collect();
        if let Some((source, first, before)) = it.split_from {
            let said = self
                .tickets
                .get(source)
                .map(|it| it.said.as_slice())
                .unwrap_or_default();
            shown.extend(said.iter().skip(first - 1).filter(|it| **it < before));
        }
        for (other, absorbed) in self.tickets.iter().enumerate() {
            if absorbed.merged_into == Some(ticket) {
                shown.extend(self.shown(other));
            }
        }
        shown
    }

    async fn compare(&self, client: &Client) -> Result<()> {
        for (number, ticket) in self.tickets.iter().enumerate() {
            let messages: Vec<_> = self
                .shown(number)
                .iter()
                .filter_map(|it| self.messages.get(*self.by_order.get(it)?))
                .collect();
            let expected: Vec<_> = messages.iter().map(|it| Some(it.0.as_str())).collect();
            let found = read(client, &ticket.id).await?;
            ensure!(
                texts(&found) == expected,
                "ticket {number}: {:?}, not {expected:?}",
                texts(&found)
            );
            ensure!(found["messages"]["totalCount"] == expected.len(), "{found}");
            let expected: Vec<_> = messages.iter().filter_map(|it| it.1.as_deref()).collect();
            let found = files(client, &ticket.id).await?;
            let found: Vec<_> = found.iter().filter_map(|it| it["name"].as_str()).collect();
            ensure!(found == expected, "ticket {number}: files {found:?}, not {expected:?}");
        }
        Ok(())
    }

    /// One random step; those that the rules forbid are left out.
    async fn step(&mut self, client: &Client, key: usize, next: &mut impl FnMut(usize) -> usize) -> Result<()> {
        let ticket = next(self.tickets.len());
        let id = self.tickets[ticket].id.clone();
        let merged = self.tickets[ticket].merged_into;
        match (next(8), merged) {
            (0..4, _) => {
                let text = format!("text {key}");
                let file = (next(3) == 0).then(|| format!("file {key}.txt"));
                if let Some(name) = &file {
                    let file = bring(client, &id, name, "text/plain", b"text").await?;
                    let told = say(client, "receiveMessage", &id, &text, &[&file]).await?;
                    ensure!(told["userErrors"] == json!([]), "{told}");
                } else {
                    must(client, "receiveMessage", &id, words(&text, &text)).await?;
                }
                let text = if file.is_some() {
                    "Вот файл".to_owned()
                } else {
                    text
                };
                self.by_order.insert(self.order, self.messages.len());
                self.tickets[ticket].said.push(self.order);
                self.messages.push((text, file));
                self.order += 1;
            }
            (4 | 5, None) => {
                let into = next(self.tickets.len());
                if into != ticket && self.tickets[into].merged_into.is_none() {
                    let more = json!({"intoId": self.tickets[into].id});
                    client.must("mergeTickets", &format!("merge {key}"), &id, &more).await?;
                    self.tickets[ticket].merged_into = Some(into);
                }
            }
            (4..7, Some(_)) => {
                client
                    .must("unmergeTicket", &format!("unmerge {key}"), &id, &json!({}))
                    .await?;
                self.tickets[ticket].merged_into = None;
            }
            (6, None) if !self.tickets[ticket].said.is_empty() => {
                let first = 1 + next(self.tickets[ticket].said.len());
                let query =
                    "mutation($i: SplitTicketInput!) { it: splitTicket(input: $i) { newTicket { id } position } }";
                let input = json!({"idempotencyKey": format!("split {key}"), "ticketId": id, "fromMessageSeq": first,
                    "subject": "Часть"});
                let told: Value = client.data(query, json!({"i": input})).await?["it"].take();
                client.has_seen(&told["position"]);
                self.tickets.push(Ticket {
                    id: told["newTicket"]["id"].as_str().context("no ticket")?.to_owned(),
                    split_from: Some((ticket, first, self.order)),
                    ..Ticket::default()
                });
                self.order += 1;
            }
            _ => {}
        }
        Ok(())
    }
}

#[test]
fn every_message_and_file_is_where_the_rules_say_after_any_sequence() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let mut seed: u64 = 7;
        let mut next = |below: usize| {
            // Knuth's linear congruence; its upper bits are random enough to choose steps.
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap_or_default() % below
        };
        let mut model = Model::default();
        for number in 0..TICKETS {
            model.tickets.push(Ticket {
                id: client.ticket(&format!("t{number}"), &json!({})).await?,
                ..Ticket::default()
            });
        }
        for key in 0..STEPS {
            model.step(client, key, &mut next).await?;
            if key % 5 == 4 {
                model
                    .compare(client)
                    .await
                    .with_context(|| format!("after step {key}: {model:?}"))?;
            }
        }
        let merged = model.tickets.iter().filter(|it| it.merged_into.is_some()).count();
        ensure!(
            merged > 0 && model.tickets.len() > TICKETS,
            "nothing was tried: {model:?}"
        );
        app.finish().await
    })
}
