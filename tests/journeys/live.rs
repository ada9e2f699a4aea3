//! Subscriptions: everything once, in order, across a cut, until the server says good-bye.

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tests::{App, Client, KEY, Socket, poll, run};
use tokio_tungstenite::tungstenite::Message;

const CHANGES: &str = "subscription($after: Position, $filter: TicketFilter) {
    ticketChanged(after: $after, filter: $filter) {
        position type at actor
        ticket { id version status priority subject } previous { version status priority }
    }
}";

fn position(change: &Value) -> Result<u64> {
    let text = change["position"].as_str().context("no position")?;
    Ok(text.parse()?)
}

async fn next(socket: &mut Socket) -> Result<Value> {
    Ok(socket.next().await?["ticketChanged"].take())
}

/// Opens a ticket and changes it so many times, one change after the other; returns its id.
async fn write(client: Client, name: String, changes: usize) -> Result<String> {
    let id = client.ticket(&name, &json!({})).await?;
    for index in 0..changes {
        let subject = json!({"subject": format!("{name}, {index}")});
        client
            .must("changeTicketSubject", &format!("{name}-{index}"), &id, &subject)
            .await?;
    }
    Ok(id)
}

/// Positions of everything that happened to these tickets, in order.
async fn positions(client: &Client, ids: &[String]) -> Result<Vec<u64>> {
    let mut positions = Vec::new();
    for id in ids {
        let ticket = client.look(id).await?;
        let nodes = ticket["history"]["nodes"].as_array().context("no history")?.clone();
        positions.extend(nodes.iter().map(position).collect::<Result<Vec<_>>>()?);
    }
    positions.sort_unstable();
    Ok(positions)
}

#[test]
fn subscriber_gets_every_change_once_and_in_order() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut socket = Socket::introduced(&app.client.base).await?;
        socket.ask("1", CHANGES, json!({"after": "0"})).await?;
        let writers = (0..4).map(|it| tokio::spawn(write(app.client.clone(), format!("writer-{it}"), 20)));
        let ids = try_join_all(writers).await?.into_iter().collect::<Result<Vec<_>>>()?;
        let mut heard = Vec::new();
        for _ in 0..4 * 21 {
            let change = next(&mut socket).await?;
            let before = &change["previous"]["version"];
            match change["ticket"]["version"].as_i64().context("no version")? {
                1 => ensure!(
                    change["type"] == "ticket.opened" && change["previous"].is_null(),
                    "{change}"
                ),
                version => ensure!(
                    *before == version - 1 && change["actor"] == "api_key:bootstrap",
                    "{change}"
                ),
            }
            heard.push(position(&change)?);
        }
        assert_eq!(heard, positions(&app.client, &ids).await?);
        socket.ping().await?;
        app.finish().await
    })
}

#[test]
fn subscriber_without_a_position_gets_only_what_is_new() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let old = app.client.ticket("old", &json!({})).await?;
        // Its history is what subscriptions follow, and may show later than the answer.
        app.client.look(&old).await?;
        let mut socket = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({})).await?;
        // The server begins an operation before it sleeps, and it has slept when it has answered twice.
        for _ in 0..3 {
            socket.ping().await?;
        }
        let new = app.client.ticket("new", &json!({})).await?;
        assert_eq!(next(&mut socket).await?["ticket"]["id"], json!(new));
        app.finish().await
    })
}

#[test]
fn subscriber_cut_off_while_others_write_goes_on_without_gap_or_repetition() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut socket = Socket::introduced(&app.client.base).await?;
        socket.ask("1", CHANGES, json!({"after": "0"})).await?;
        let writers: Vec<_> = (0..4)
            .map(|it| tokio::spawn(write(app.client.clone(), format!("writer-{it}"), 40)))
            .collect();
        let mut heard = Vec::new();
        // Cut off five times on the way.
        while heard.len() < 100 {
            for _ in 0..20 {
                heard.push(position(&next(&mut socket).await?)?);
            }
            drop(socket);
            let missed = app.client.count(&json!({})).await?;
            ensure!(missed > 0);
            let after = heard.last().context("nothing heard")?.to_string();
            socket = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": after})).await?;
        }
        while heard.len() < 4 * 41 {
            heard.push(position(&next(&mut socket).await?)?);
        }
        let ids = try_join_all(writers).await?.into_iter().collect::<Result<Vec<_>>>()?;
        assert_eq!(heard, positions(&app.client, &ids).await?);
        app.finish().await
    })
}

#[test]
fn subscriber_goes_on_after_a_restart_of_the_server() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let first = write(app.client.clone(), "first".to_owned(), 3).await?;
        let mut socket = Socket::subscribe(&app.client.base, KEY, CHANGES, json!({"after": "0"})).await?;
        let last = position(&next(&mut socket).await?)?;
        let app = app.restart().await?;
        let second = write(app.client.clone(), "second".to_owned(), 3).await?;
        let after = json!({"after": last.to_string()});
        let mut socket = Socket::subscribe(&app.client.base, KEY, CHANGES, after).await?;
        let mut heard = vec![last];
        for _ in 0..7 {
            heard.push(position(&next(&mut socket).await?)?);
        }
        assert_eq!(heard, positions(&app.client, &[first, second]).await?);
        app.finish().await
    })
}

#[test]
fn subscribers_who_ask_the_same_begin_each_at_its_own_position_and_keep_their_own_filters() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = write(app.client.clone(), "many".to_owned(), 5).await?;
        let positions_so_far = positions(&app.client, std::slice::from_ref(&id)).await?;
        let mut sockets = Vec::new();
        for (index, position) in positions_so_far.iter().enumerate() {
            let variables = json!({"after": position.to_string()});
            let socket = Socket::subscribe(&app.client.base, KEY, CHANGES, variables).await?;
            sockets.push((positions_so_far[index + 1..].to_vec(), socket));
        }
        let urgent = json!({"after": "0", "filter": {"priority": {"eq": "URGENT"}}});
        let mut filtered = Socket::subscribe(&app.client.base, KEY, CHANGES, urgent).await?;
        let subject = json!({"subject": "для всех"});
        app.client.must("changeTicketSubject", "all", &id, &subject).await?;
        let urgent = json!({"priority": "URGENT"});
        app.client.must("changeTicketPriority", "some", &id, &urgent).await?;
        let new = positions(&app.client, std::slice::from_ref(&id)).await?.split_off(6);
        for (mut expected, mut socket) in sockets {
            expected.extend(&new);
            for expected in expected {
                assert_eq!(position(&next(&mut socket).await?)?, expected);
            }
            socket.ping().await?;
        }
        assert_eq!(position(&next(&mut filtered).await?)?, new[1]);
        filtered.ping().await?;
        app.finish().await
    })
}

#[test]
fn filter_sees_tickets_enter_and_leave() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let filter = json!({"status": {"in": ["NEW", "OPEN"]}, "priority": {"gte": "HIGH"}});
        let mut socket = Socket::introduced(&app.client.base).await?;
        socket
            .ask("1", CHANGES, json!({"after": "0", "filter": filter}))
            .await?;
        let id = app.client.ticket("low", &json!({"priority": "LOW"})).await?;
        for (mutation, more) in [
            ("changeTicketSubject", json!({"subject": "невидимое"})),
            ("changeTicketPriority", json!({"priority": "URGENT"})),
            ("changeTicketSubject", json!({"subject": "видимое"})),
            ("putTicketOnHold", json!({})),
            ("changeTicketSubject", json!({"subject": "снова невидимое"})),
            ("resumeTicket", json!({})),
            ("resolveTicket", json!({})),
            ("closeTicket", json!({})),
        ] {
            app.client.must(mutation, &more.to_string(), &id, &more).await?;
        }
        app.client.ticket("end", &json!({"priority": "HIGH"})).await?;
        let mut heard = Vec::new();
        for _ in 0..6 {
            let change = next(&mut socket).await?;
            heard.push(json!([
                change["type"],
                change["previous"]["status"],
                change["previous"]["priority"],
                change["ticket"]["status"],
                change["ticket"]["priority"]
            ]));
        }
        let expected = vec![
            json!(["ticket.prioritized", "NEW", "LOW", "NEW", "URGENT"]),
            json!(["ticket.subject_changed", "NEW", "URGENT", "NEW", "URGENT"]),
            json!(["ticket.put_on_hold", "NEW", "URGENT", "ON_HOLD", "URGENT"]),
            json!(["ticket.resumed", "ON_HOLD", "URGENT", "OPEN", "URGENT"]),
            json!(["ticket.resolved", "OPEN", "URGENT", "RESOLVED", "URGENT"]),
            json!(["ticket.opened", null, null, "NEW", "HIGH"]),
        ];
        assert_eq!(heard, expected);
        app.finish().await
    })
}

#[test]
fn complete_ends_one_of_two_operations_on_a_socket() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut socket = Socket::introduced(&app.client.base).await?;
        for id in ["a", "b"] {
            socket.ask(id, CHANGES, json!({"after": "0"})).await?;
        }
        app.client.ticket("1", &json!({})).await?;
        let mut heard = vec![socket.hear().await?["id"].take(), socket.hear().await?["id"].take()];
        heard.sort_by_key(Value::to_string);
        assert_eq!(heard, [json!("a"), json!("b")]);
        socket.say(json!({"type": "complete", "id": "a"})).await?;
        socket.ping().await?;
        for key in ["2", "3"] {
            app.client.ticket(key, &json!({})).await?;
            let message = socket.hear().await?;
            ensure!(message["id"] == "b" && message["type"] == "next", "{message}");
        }
        socket.ping().await?;
        // The id is free again.
        socket.ask("a", CHANGES, json!({"after": "0"})).await?;
        assert_eq!(socket.hear().await?["id"], "a");
        app.finish().await
    })
}

#[test]
fn query_and_mutation_work_over_a_socket_too() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut socket = Socket::introduced(&app.client.base).await?;
        let open = "mutation($input: OpenTicketInput!) { openTicket(input: $input) { ticket { number } } }";
        let input = json!({"input": {"idempotencyKey": "k", "subject": "Сокет"}});
        socket.ask("m", open, input).await?;
        assert_eq!(socket.next().await?, json!({"openTicket": {"ticket": {"number": 1}}}));
        assert_eq!(socket.hear().await?, json!({"type": "complete", "id": "m"}));
        socket.ask("q", "{ tickets { totalCount } }", json!({})).await?;
        assert_eq!(socket.next().await?, json!({"tickets": {"totalCount": 1}}));
        assert_eq!(socket.hear().await?, json!({"type": "complete", "id": "q"}));
        app.finish().await
    })
}

#[test]
fn operation_that_does_not_fit_is_answered_by_error_and_the_socket_stays() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let mut socket = Socket::introduced(&app.client.base).await?;
        let bad_id = json!({"filter": {"assignee": {"eq": "никто"}}});
        for (query, variables) in [
            ("subscription { ticketFlown { position } }", json!({})),
            ("subscription { ticketChanged(", json!({})),
            (
                "subscription { a: ticketChanged { position } b: ticketChanged { position } }",
                json!({}),
            ),
            (
                "subscription { ticketChanged { position } projectionsChanged { __typename } }",
                json!({}),
            ),
            (CHANGES, json!({"after": "завтра"})),
            (CHANGES, json!({"after": "-1"})),
            (CHANGES, bad_id),
        ] {
            socket.ask("1", query, variables.clone()).await?;
            let message = socket.hear().await?;
            ensure!(
                message["type"] == "error" && message["id"] == "1",
                "{query} {variables}: {message}"
            );
            let code = &message["payload"][0]["extensions"]["code"];
            ensure!(code == "BAD_USER_INPUT", "{message}");
            socket.ping().await?;
        }
        app.finish().await
    })
}

#[test]
fn broken_protocol_closes_the_socket_with_its_code() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let base = app.client.base.as_str();
        let init = json!({"type": "connection_init", "payload": {"authorization": format!("Bearer {KEY}")}});
        let wrong = json!({"type": "connection_init", "payload": {"authorization": "Bearer wrong"}});
        let subscribe = json!({"type": "subscribe", "id": "1", "payload": {"query": CHANGES}});
        let cases = [
            (4400, vec![json!({"type": "dance"})]),
            (4400, vec![init.clone(), json!({"type": "subscribe", "id": "1"})]),
            (4400, vec![init.clone(), json!("text")]),
            (4401, vec![subscribe.clone()]),
            (4403, vec![wrong]),
            (4403, vec![json!({"type": "connection_init"})]),
            (4409, vec![init.clone(), subscribe.clone(), subscribe]),
            (4429, vec![init.clone(), init]),
        ];
        for (code, messages) in cases {
            let mut socket = Socket::open(base).await?;
            for message in &messages {
                socket.say(message.clone()).await?;
            }
            ensure!(closed(&mut socket).await? == code, "{code}: {messages:?}");
        }
        for frame in [Message::text("{"), Message::binary(vec![1])] {
            let mut socket = Socket::introduced(base).await?;
            socket.send(frame).await?;
            assert_eq!(closed(&mut socket).await?, 4400);
        }
        let mut socket = Socket::speaking(base, None).await?;
        assert_eq!(closed(&mut socket).await?, 4406);
        app.finish().await
    })
}

/// The code of the close frame, whatever comes before it.
async fn closed(socket: &mut Socket) -> Result<u64> {
    loop {
        if let Some(code) = socket.hear().await?["close"].as_u64() {
            return Ok(code);
        }
    }
}

#[test]
fn stopping_server_finishes_what_was_accepted_and_closes_sockets_with_a_reason() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let (client, database_url) = (app.client.clone(), app.database_url.clone());
        let mut socket = Socket::introduced(&client.base).await?;
        // Holds the command half-way: it is in the log, and its ticket does not show.
        let mut blocker = PgConnection::connect(&database_url).await?;
        blocker.execute("BEGIN").await?;
        blocker
            .execute("LOCK TABLE read_ticket_list_v7.ticket_list IN ACCESS EXCLUSIVE MODE")
            .await?;
        let command = tokio::spawn(async move { client.open("k", "Последняя").await });
        let pool = PgPool::connect(&database_url).await?;
        poll("the command is not half-way", async || {
            let waiting =
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'read_ticket_list_v7.ticket_list'::regclass)";
            sqlx::query_scalar(waiting).fetch_one(&pool).await.unwrap_or(false)
        })
        .await?;
        let stopped = tokio::spawn(app.restart());
        let farewell = socket.hear().await?;
        ensure!(farewell["close"] == 1001, "{farewell}");
        ensure!(
            farewell["reason"]
                .as_str()
                .is_some_and(|it| it.contains("shutting down")),
            "{farewell}"
        );
        ensure!(!command.is_finished());
        blocker.execute("ROLLBACK").await?;
        let answer = command.await??;
        ensure!(
            answer["userErrors"] == json!([]) && answer["position"].is_string(),
            "{answer}"
        );
        pool.close().await;
        let app = stopped.await??;
        let again = app.client.open("k", "Последняя").await?;
        assert_eq!(again["position"], answer["position"]);
        assert_eq!(app.client.count(&json!({})).await?, 1);
        app.finish().await
    })
}
