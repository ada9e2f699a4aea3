//! Changes of many tickets at once.

mod crash;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, KEY, Socket, run};

use crate::{
    organisation::made,
    people::{agent, set_up},
};

const OPERATION: &str =
    "id position state total done unchanged refused undone kept askedBy action { kind agentId tagIds priority }";

/// The payload of a mutation.
async fn tell(client: &Client, mutation: &str, input: Value) -> Result<Value> {
    let mut letters = mutation.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    let kind: String = first.into_iter().chain(letters).collect();
    let query = format!(
        "mutation($i: {kind}Input!) {{ told: {mutation}(input: $i) {{ operation {{ {OPERATION} }} position stale userErrors {{ code field }} }} }}"
    );
    Ok(client.data(&query, json!({"i": input})).await?["told"].take())
}

/// Begins an operation; gives its id.
async fn begin(client: &Client, key: &str, more: Value) -> Result<String> {
    let mut input = json!({"idempotencyKey": key});
    if let (Some(all), Some(more)) = (input.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    let told = tell(client, "bulkUpdateTickets", input).await?;
    ensure!(told["userErrors"] == json!([]), "{told}");
    Ok(told["operation"]["id"].as_str().context(told.to_string())?.to_owned())
}

/// Waits until an operation is in this state, and tells how it is.
async fn until(client: &Client, id: &str, state: &str) -> Result<Value> {
    let query = format!("subscription($id: ID!) {{ bulkOperationChanged(id: $id) {{ {OPERATION} }} }}");
    let mut socket = Socket::subscribe(&client.base, KEY, &query, json!({"id": id})).await?;
    loop {
        let mut message = socket.hear().await?;
        let operation = message["payload"]["data"]["bulkOperationChanged"].take();
        ensure!(operation.is_object(), "{message}");
        if operation["state"] == state {
            // What it changed shows in lists as well.
            client.has_seen(&operation["position"]);
            client.count(&json!({})).await?;
            return Ok(operation);
        }
    }
}

/// What became of each ticket: id, outcome, code, undo, code.
async fn items(client: &Client, id: &str, outcome: Option<&str>) -> Result<Vec<Value>> {
    let query = "query($id: ID!, $o: BulkOutcome, $a: String) { bulkOperation(id: $id) { items(first: 3, after: $a, outcome: $o) {
        nodes { ticketId outcome refusal { code message } undo kept { code } ticket { number } } pageInfo { hasNextPage endCursor } } } }";
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = client.data(query, json!({"id": id, "o": outcome, "a": after})).await?;
        let page = &page["bulkOperation"]["items"];
        all.extend(page["nodes"].as_array().context("no nodes")?.clone());
        if page["pageInfo"]["hasNextPage"] == false {
            return Ok(all);
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn tickets(client: &Client, count: usize, name: &str) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for index in 0..count {
        ids.push(client.ticket(&format!("{name}-{index}"), &json!({})).await?);
    }
    Ok(ids)
}

#[test]
fn many_are_changed_and_put_back_but_those_changed_since() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let all = tickets(client, 7, "t").await?;
        client
            .must("changeTicketPriority", "p", &all[0], &json!({"priority": "URGENT"}))
            .await?;
        client
            .must("changeTicketPriority", "p", &all[1], &json!({"priority": "LOW"}))
            .await?;
        client
            .must("closeTicket", "c", &all[2], &json!({"reason": "SPAM"}))
            .await?;
        let mut ids = all.clone();
        ids.extend([all[3].clone(), "00000000-0000-4000-8000-000000000009".to_owned()]);
        let wish = json!({"ids": ids, "action": {"priority": "URGENT"}, "expectedCount": 8});
        let id = begin(client, "b", wish.clone()).await?;
        assert_eq!(begin(client, "b", wish).await?, id, "the same wish begins once");
        let over = until(client, &id, "FINISHED").await?;
        assert_eq!((&over["total"], &over["unchanged"]), (&json!(8), &json!(1)), "{over}");
        let refused = items(client, &id, Some("REFUSED")).await?;
        ensure!(
            refused.iter().all(|it| it["refusal"]["message"].is_string()),
            "{refused:?}"
        );
        let done = over["done"].as_i64().context("no figure")?;
        assert_eq!(done + over["refused"].as_i64().context("no figure")?, 7, "{over}");
        ensure!(
            refused.iter().any(|it| it["refusal"]["code"] == "NOT_FOUND"),
            "{refused:?}"
        );
        for it in [&all[1], &all[3], &all[6]] {
            assert_eq!(client.look(it).await?["priority"], "URGENT");
        }
        // Somebody goes on with one of them.
        client.must("startTicket", "s", &all[4], &json!({})).await?;
        let undo = json!({"idempotencyKey": "u", "id": id});
        ensure!(tell(client, "undoBulkOperation", undo.clone()).await?["userErrors"] == json!([]));
        let undone = until(client, &id, "UNDONE").await?;
        assert_eq!(
            (&undone["undone"], &undone["kept"]),
            (&json!(done - 1), &json!(1)),
            "{undone}"
        );
        let kept = items(client, &id, Some("KEPT")).await?;
        assert_eq!(
            (&kept[0]["ticketId"], &kept[0]["kept"]["code"]),
            (&json!(all[4]), &json!("CHANGED_SINCE"))
        );
        assert_eq!(client.look(&all[1]).await?["priority"], "LOW");
        assert_eq!(client.look(&all[4]).await?["priority"], "URGENT");
        assert_eq!(client.look(&all[0]).await?["priority"], "URGENT", "it was so already");
        ensure!(
            tell(client, "undoBulkOperation", undo).await?["userErrors"] == json!([]),
            "a repetition"
        );
        app.finish().await
    })
}

#[test]
fn every_action_is_carried_out_and_put_back() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let vip = made(client, "Tag", "vip", json!({"name": "VIP"})).await?;
        made(client, "Category", "net", json!({"key": "net", "name": {"ru": "Сеть"}})).await?;
        let ids = tickets(client, 3, "t").await?;
        let fields = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Ticket { status assigneeId categoryId tagIds priority resolutionReason } } }";
        let look = async || client.data(fields, json!({"ids": ids})).await;
        let owner = "00000000-0000-4000-8000-000000000001";
        client.must("startTicket", "s", &ids[0], &json!({})).await?;
        client.must("startTicket", "s", &ids[1], &json!({})).await?;
        client.must("startTicket", "s", &ids[2], &json!({})).await?;
        client
            .must("assignTicket", "a", &ids[0], &json!({"agentId": owner}))
            .await?;
        client
            .must("tagTicket", "t", &ids[0], &json!({"tagIds": [vip]}))
            .await?;
        let before = look().await?;
        for (index, action) in [
            json!({"assign": "00000000-0000-4000-8000-000000000002"}),
            json!({"unassign": true}),
            json!({"resolve": "SOLVED"}),
            json!({"close": {"reason": "SPAM"}}),
            json!({"priority": "LOW"}),
            json!({"tag": [vip]}),
            json!({"untag": [vip]}),
            json!({"category": {"categoryId": "net"}}),
        ]
        .into_iter()
        .enumerate()
        {
            let filter = json!({"inWork": true});
            let id = begin(client, &index.to_string(), json!({"filter": filter, "action": action})).await?;
            let over = until(client, &id, "FINISHED").await?;
            assert_eq!(
                (&over["total"], &over["refused"]),
                (&json!(3), &json!(0)),
                "{action}: {over}"
            );
            ensure!(look().await? != before, "{action}");
            tell(client, "undoBulkOperation", json!({"idempotencyKey": "u", "id": id})).await?;
            let undone = until(client, &id, "UNDONE").await?;
            ensure!(
                undone["kept"] == 0 && undone["undone"] == over["done"],
                "{action}: {undone}"
            );
            assert_eq!(look().await?, before, "{action}");
        }
        app.finish().await
    })
}

#[test]
fn tickets_that_waited_wait_again_when_their_closing_is_undone() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ids = tickets(client, 4, "t").await?;
        let later = "2100-01-01T00:00:00Z";
        let hold = json!({"reason": "VENDOR", "until": later});
        client.must("putTicketOnHold", "h", &ids[0], &hold).await?;
        client
            .must("snoozeTicket", "z", &ids[1], &json!({"until": later}))
            .await?;
        client
            .must("resolveTicket", "r", &ids[2], &json!({"reason": "SOLVED"}))
            .await?;
        let fields = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Ticket { status holdReason holdUntil snoozedUntil resolutionReason } } }";
        let look = async || client.data(fields, json!({"ids": ids})).await;
        let mut before = look().await?;
        let close = json!({"close": {"reason": "SPAM"}});
        let id = begin(client, "b", json!({"ids": ids, "action": close})).await?;
        until(client, &id, "FINISHED").await?;
        ensure!(
            look().await?["nodes"]
                .as_array()
                .context("no nodes")?
                .iter()
                .all(|it| it["status"] == "CLOSED")
        );
        tell(client, "undoBulkOperation", json!({"idempotencyKey": "u", "id": id})).await?;
        let undone = until(client, &id, "UNDONE").await?;
        assert_eq!((&undone["undone"], &undone["kept"]), (&json!(4), &json!(0)), "{undone}");
        for new in [1, 3] {
            // Nobody can make it new again.
            before["nodes"][new]["status"] = json!("OPEN");
        }
        assert_eq!(look().await?, before);
        app.finish().await
    })
}

#[test]
fn rights_of_whoever_asked_count_for_each_ticket() -> Result<()> {
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
        let anna = agent(&app, &boss, "anna@example.com").await?;
        let query = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let grant = json!({"idempotencyKey": "g", "userId": anna.user, "role": "agent", "scope": {"kind": "BRANCH", "id": branch}});
        boss.data(query, json!({"i": grant})).await?;
        let her_key = anna.access;
        let anna = client.with_key(&her_key);
        let here = client.ticket("here", &json!({"branchId": branch})).await?;
        let there = client.ticket("there", &json!({})).await?;
        let id = begin(
            &anna,
            "b",
            json!({"ids": [here, there], "action": {"assign": "me-not"}}),
        )
        .await;
        ensure!(id.is_err(), "no id of an agent");
        let id = begin(
            &anna,
            "b",
            json!({"ids": [here, there], "action": {"priority": "HIGH"}}),
        )
        .await?;
        let query = format!("subscription($id: ID!) {{ bulkOperationChanged(id: $id) {{ {OPERATION} }} }}");
        let mut socket = Socket::subscribe(&client.base, &her_key, &query, json!({"id": id})).await?;
        while socket.hear().await?["payload"]["data"]["bulkOperationChanged"]["state"] != "FINISHED" {}
        let items = items(&anna, &id, None).await?;
        assert_eq!(items[0]["outcome"], "DONE");
        assert_eq!(
            (&items[1]["outcome"], &items[1]["refusal"]["code"]),
            (&json!("REFUSED"), &json!("FORBIDDEN"))
        );
        assert_eq!(items[1]["ticket"], Value::Null, "she does not see it");
        assert_eq!(client.look(&there).await?["priority"], "MEDIUM");
        let by_filter = begin(
            &anna,
            "f",
            json!({"filter": {}, "action": {"priority": "LOW"}, "expectedCount": 1}),
        )
        .await?;
        until(client, &by_filter, "FINISHED").await?;
        let undo = json!({"idempotencyKey": "c", "id": by_filter});
        let told = tell(client, "undoBulkOperation", undo).await?;
        assert_eq!(
            told["userErrors"][0]["code"], "NOT_FOUND",
            "only whoever asked for it undoes it"
        );
        let cancel = json!({"idempotencyKey": "c", "id": by_filter});
        let told = tell(&boss, "cancelBulkOperation", cancel).await?;
        assert_eq!(
            told["userErrors"][0]["code"], "BULK_OVER",
            "who runs the organisation may stop it in time"
        );
        app.finish().await
    })
}

#[test]
fn bad_wishes_begin_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let ticket = client.ticket("t", &json!({})).await?;
        let act = json!({"priority": "LOW"});
        for (wish, code, field) in [
            (json!({"action": act}), "BAD_USER_INPUT", json!(["input", "ids"])),
            (
                json!({"ids": [ticket], "filter": {}, "action": act}),
                "BAD_USER_INPUT",
                json!(["input", "ids"]),
            ),
            (json!({"ids": [], "action": act}), "NOTHING_CHOSEN", Value::Null),
            (
                json!({"ids": ["?"], "action": act}),
                "BAD_USER_INPUT",
                json!(["input", "ids"]),
            ),
            (
                json!({"filter": {"status": {"eq": "CLOSED"}}, "action": act}),
                "NOTHING_CHOSEN",
                Value::Null,
            ),
            (
                json!({"filter": {"assignee": {"eq": "?"}}, "action": act}),
                "BAD_USER_INPUT",
                json!(["input", "filter", "assignee"]),
            ),
            (
                json!({"ids": [ticket], "action": {}}),
                "BAD_USER_INPUT",
                json!(["input", "action"]),
            ),
            (
                json!({"ids": [ticket], "action": {"unassign": true, "priority": "LOW"}}),
                "BAD_USER_INPUT",
                json!(["input", "action"]),
            ),
            (
                json!({"ids": [ticket], "action": {"unassign": false}}),
                "BAD_USER_INPUT",
                json!(["input", "action", "unassign"]),
            ),
            (
                json!({"ids": [ticket], "action": {"category": {"categoryId": "net\u{0}"}}}),
                "BAD_USER_INPUT",
                json!(["input", "action", "category", "categoryId"]),
            ),
            (
                json!({"ids": [ticket], "action": {"tag": []}}),
                "BAD_USER_INPUT",
                json!(["input", "action", "tag"]),
            ),
            (
                json!({"ids": [ticket], "action": act, "expectedCount": 2}),
                "COUNT_CHANGED",
                json!(["input", "expectedCount"]),
            ),
        ] {
            let mut input = wish.clone();
            input["idempotencyKey"] = json!(format!("{code} {field}"));
            let told = tell(client, "bulkUpdateTickets", input).await?;
            assert_eq!(told["userErrors"][0]["code"], code, "{told}");
            assert_eq!(told["userErrors"][0]["field"], field, "{told}");
            ensure!(told["operation"].is_null() && told["position"].is_null(), "{told}");
        }
        assert_eq!(client.look(&ticket).await?["version"], 1);
        for mutation in ["cancelBulkOperation", "undoBulkOperation"] {
            let input = json!({"idempotencyKey": "x", "id": "00000000-0000-4000-8000-000000000001"});
            assert_eq!(
                tell(client, mutation, input).await?["userErrors"][0]["code"],
                "NOT_FOUND"
            );
        }
        app.finish().await
    })
}

#[test]
fn more_than_a_hundred_thousand_are_refused_whole() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let path = projections::search_path(&projections::registry());
        let options: sqlx::postgres::PgConnectOptions = app.database_url.parse()?;
        let pool = sqlx::PgPool::connect_with(options.options([("search_path", path)])).await?;
        // As many rows as no log is needed for: nothing may come of them.
        let rows = "INSERT INTO ticket_list (ticket_id, version, number, ticket_type, priority, status, reopen_count, channel,
                opened_at, updated_at)
            SELECT gen_random_uuid(), 1, it, 'question', 2, 'new', 0, 'api', now(), now() FROM generate_series(1, 100001) AS it";
        sqlx::query(rows).execute(&pool).await?;
        let input = json!({"idempotencyKey": "many", "filter": {}, "action": {"priority": "LOW"}});
        let told = tell(&app.client, "bulkUpdateTickets", input).await?;
        assert_eq!(told["userErrors"][0]["code"], "TOO_MANY_TICKETS", "{told}");
        ensure!(told["operation"].is_null() && told["position"].is_null(), "{told}");
        pool.close().await;
        // Named one by one they do not even fit in a request.
        let ids: Vec<String> = (0..100_001_u128)
            .map(|it| uuid::Uuid::from_u128(it).to_string())
            .collect();
        let query = "mutation($i: BulkUpdateTicketsInput!) { bulkUpdateTickets(input: $i) { position } }";
        let input = json!({"idempotencyKey": "named", "ids": ids, "action": {"priority": "LOW"}});
        let answer = app.client.respond(query, json!({"i": input})).await?;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
        app.stop().await?;
        Ok(())
    })
}
