//! Counters of views: what they say equals a count of our own, whatever happens, for everybody.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, KEY, Socket, run};

use super::saved::create;
use crate::{
    conversation::{must as say, words},
    freshness::{release_all, swap_all},
    organisation::made,
    people::{agent, set_up},
};

/// Pseudo-random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}

/// What the counter of each view says, and what its list counts.
async fn agree(client: &Client) -> Result<Vec<i64>> {
    let query = "{ views { name count { value position } tickets { totalCount } } }";
    let list = client.data(query, json!({})).await?;
    let views = list["views"].as_array().context("no views")?;
    for it in views {
        ensure!(it["count"]["value"] == it["tickets"]["totalCount"], "{it}");
    }
    Ok(views.iter().filter_map(|it| it["count"]["value"].as_i64()).collect())
}

/// One step of one ticket; refused steps change nothing.
async fn step(
    client: &Client,
    dice: &mut Dice,
    tickets: &mut Vec<String>,
    things: &[&str; 3],
    name: &str,
) -> Result<()> {
    let [branch, tag, field] = things;
    let priority = ["LOW", "URGENT"][dice.roll(2)];
    let ticket = tickets[dice.roll(tickets.len())].clone();
    let tell = async |mutation: &str, more: Value| client.tell(mutation, name, &ticket, &more).await;
    match dice.roll(13) {
        0 => {
            let more = if dice.roll(2) == 0 {
                json!({})
            } else {
                json!({"branchId": branch})
            };
            tickets.push(client.ticket(name, &more).await?);
        }
        1 => drop(
            tell(
                "assignTicket",
                json!({"agentId": "00000000-0000-4000-8000-000000000001"}),
            )
            .await?,
        ),
        2 => drop(tell("unassignTicket", json!({})).await?),
        3 => drop(tell("changeTicketPriority", json!({"priority": priority})).await?),
        4 => drop(tell("closeTicket", json!({"reason": "SPAM"})).await?),
        5 => drop(tell("resolveTicket", json!({"reason": "SOLVED"})).await?),
        6 => drop(tell("reopenTicket", json!({})).await?),
        7 => drop(tell("putTicketOnHold", json!({"reason": "VENDOR"})).await?),
        8 => drop(tell("tagTicket", json!({"tagIds": [tag]})).await?),
        9 => drop(tell("setTicketField", json!({"fieldId": field, "value": {"number": 7.0}})).await?),
        10 => drop(tell("snoozeTicket", json!({})).await?),
        11 => drop(tell("moveTicket", json!({"branchId": branch})).await?),
        _ => {
            let received = dice.roll(2) == 0;
            let mutation = if received { "receiveMessage" } else { "postMessage" };
            drop(crate::conversation::tell(client, mutation, &ticket, words(name, "слово")).await?);
        }
    }
    Ok(())
}

#[test]
fn counters_equal_an_independent_count_after_anything() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let boss = client.with_key(&set_up(&app).await?.access);
        let branch = made(
            &boss,
            "Branch",
            "b",
            json!({"name": "Казань", "timeZone": "Europe/Moscow"}),
        )
        .await?;
        let tag = made(&boss, "Tag", "vip", json!({"name": "VIP"})).await?;
        let sum = json!({"key": "sum", "label": {"en": "Sum"}, "appliesTo": "TICKET", "type": "NUMBER"});
        let field = made(&boss, "CustomField", "sum", sum).await?;
        let anna = agent(&app, &boss, "anna@example.com").await?;
        let query = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let grant = json!({"idempotencyKey": "g", "userId": anna.user, "role": "agent", "scope": {"kind": "BRANCH", "id": branch}});
        boss.data(query, json!({"i": grant})).await?;
        let anna = client.with_key(&anna.access);
        for (name, filter) in [
            ("VIP", json!({"tag": {"eq": tag}})),
            (
                "Семь",
                json!({"fields": [{"fieldId": field, "numberGte": 7.0}], "inWork": true}),
            ),
            (
                "Не срочные",
                json!({"not": {"priority": {"gte": "URGENT"}}, "or": [{"inWork": true}, {"needsAnswer": true}]}),
            ),
        ] {
            create(client, name, json!({"filter": filter})).await?;
        }
        let mut dice = Dice(11);
        let mut tickets = vec![client.ticket("first", &json!({})).await?];
        agree(client).await?;
        agree(&anna).await?;
        for round in 0..12 {
            for index in 0..25 {
                step(
                    client,
                    &mut dice,
                    &mut tickets,
                    &[&branch, &tag, &field],
                    &format!("{round}-{index}"),
                )
                .await?;
            }
            let (all, hers) = (agree(client).await?, agree(&anna).await?);
            ensure!(all.len() == 10 && hers.len() == 10, "{all:?} {hers:?}");
            ensure!(all.iter().zip(&hers).all(|(all, hers)| hers <= all), "{all:?} {hers:?}");
        }
        let pool = PgPool::connect(&app.database_url).await?;
        let before = agree(client).await?;
        ensure!(before.iter().any(|it| *it > 0), "{before:?}");
        let counters: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM ops.counter WHERE base IS NOT NULL")
            .fetch_one(&pool)
            .await?;
        ensure!(counters == 20, "each was made once for each reach: {counters}");
        // Counted anew by others, they say the same.
        sqlx::query("DELETE FROM ops.counter").execute(&pool).await?;
        ensure!(agree(client).await? == before);
        pool.close().await;
        app.finish().await
    })
}

async fn told(socket: &mut Socket) -> Result<Value> {
    let mut message = socket.hear().await?;
    Ok(message["payload"]["data"]["viewCountsChanged"]["counts"].take())
}

#[test]
fn counters_stay_true_over_builds_of_several_parts_and_joined_tickets() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let pool = PgPool::connect(&app.database_url).await?;
        create(client, "Заявки без меток", json!({"filter": {"tag": {"isNull": true}}})).await?;
        for parts in [2, 3, 1] {
            agree(client).await?;
            swap_all(&app, &pool, parts).await?;
            let mut all = Vec::new();
            for index in 0..6 {
                all.push(client.ticket(&format!("{parts}-{index}"), &json!({})).await?);
            }
            let before = agree(client).await?;
            let [first, second, third, ..] = all.as_slice() else {
                bail!("no tickets");
            };
            let into = json!({"intoId": second});
            client.must("mergeTickets", "m", first, &into).await?;
            client
                .must("closeTicket", "c", third, &json!({"reason": "SPAM"}))
                .await?;
            client.must("archiveTicket", "a", third, &json!({})).await?;
            ensure!(agree(client).await? != before, "{before:?}");
            client.must("unmergeTicket", "u", first, &json!({})).await?;
            agree(client).await?;
            release_all(&pool).await?;
        }
        pool.close().await;
        app.finish().await
    })
}

#[test]
fn counts_are_told_when_they_change() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let list = client.data("{ views { id name } }", json!({})).await?;
        let id = |at: usize| list["views"][at]["id"].clone();
        let query =
            "subscription($ids: [ID!]!) { viewCountsChanged(viewIds: $ids) { position counts { viewId value } } }";
        let ids = json!({"ids": [id(2), id(3)]});
        let mut socket = Socket::subscribe(&client.base, KEY, query, ids).await?;
        let first = told(&mut socket).await?;
        assert_eq!(first.as_array().map(Vec::len), Some(2), "{first}");
        let ticket = client.ticket("t", &json!({})).await?;
        assert_eq!(told(&mut socket).await?, json!([{"viewId": id(3), "value": 1}]));
        say(client, "receiveMessage", &ticket, words("in", "Где?")).await?;
        assert_eq!(told(&mut socket).await?, json!([{"viewId": id(2), "value": 1}]));
        for (ids, field) in [
            (json!([]), "viewIds"),
            (json!(["00000000-0000-4000-8000-000000000001"]), "viewIds"),
        ] {
            let mut socket = Socket::subscribe(&client.base, KEY, query, json!({"ids": ids})).await?;
            let refused = socket.hear().await?;
            ensure!(refused.to_string().contains(field), "{refused}");
        }
        app.finish().await
    })
}
