//! Pages by key, in every order and both directions, against a sorted list.

use std::cmp::Ordering;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use crate::lists::{PRIORITIES, compare, desk, list};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $order: [TicketOrder!]) {
    tickets(first: $first, after: $after, last: $last, before: $before, orderBy: $order) {
        edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}";

/// One page: the ids on it, and where it stands.
async fn page(client: &Client, arguments: Value) -> Result<(Vec<Value>, Value)> {
    let mut tickets = client.data(PAGE, arguments).await?["tickets"].take();
    let edges = tickets["edges"].as_array().context("no edges")?;
    let ids: Vec<Value> = edges.iter().map(|it| it["node"]["id"].clone()).collect();
    let nodes = tickets["nodes"].as_array().context("no nodes")?;
    ensure!(
        nodes.iter().map(|it| &it["id"]).eq(&ids),
        "nodes are not those of the edges"
    );
    let cursor = |edge: Option<&Value>| edge.map_or(json!(null), |it| it["cursor"].clone());
    ensure!(tickets["pageInfo"]["startCursor"] == cursor(edges.first()));
    ensure!(tickets["pageInfo"]["endCursor"] == cursor(edges.last()));
    Ok((ids, tickets["pageInfo"].take()))
}

fn orders() -> Vec<Value> {
    let fields = ["NUMBER", "OPENED_AT", "UPDATED_AT", "PRIORITY"];
    let mut orders = vec![json!([])];
    for field in fields {
        for direction in ["ASC", "DESC"] {
            let first = json!({"field": field, "direction": direction});
            orders.push(json!([first]));
            for second in fields.into_iter().filter(|it| *it != field) {
                orders.push(json!([first, {"field": second, "direction": "DESC"}]));
            }
        }
    }
    orders.push(json!([{"field": "PRIORITY"}, {"field": "NUMBER"}]));
    orders
}

/// The ids in an order, by a sort of our own: by its keys, then the newest number first.
fn sorted(tickets: &[Value], order: &Value) -> Vec<Value> {
    let mut tickets: Vec<&Value> = tickets.iter().collect();
    tickets.sort_by(|left, right| {
        let keys = order.as_array().into_iter().flatten().map(|key| {
            let field = match key["field"].as_str() {
                Some("NUMBER") => "number",
                Some("OPENED_AT") => "openedAt",
                Some("UPDATED_AT") => "updatedAt",
                Some(_) | None => "priority",
            };
            let order = compare(field, &left[field], &right[field]);
            if key["direction"] == "DESC" {
                order.reverse()
            } else {
                order
            }
        });
        keys.fold(Ordering::Equal, Ordering::then)
            .then(compare("number", &right["number"], &left["number"]))
    });
    tickets.into_iter().map(|it| it["id"].clone()).collect()
}

#[test]
fn pages_in_every_order_and_both_directions_make_up_the_whole_list() -> Result<()> {
    run(async {
        let app = desk().await?;
        let all = list(&app.client, &json!({}), &json!([])).await?;
        for order in orders() {
            let whole = sorted(&all, &order);
            let listed = list(&app.client, &json!({}), &order).await?;
            ensure!(listed.iter().map(|it| &it["id"]).eq(&whole), "{order}");
            for size in [7, 60] {
                let forwards = forwards(&app.client, &order, size).await?;
                ensure!(forwards == whole, "{order} forwards by {size}");
                let backwards = backwards(&app.client, &order, size).await?;
                ensure!(backwards == whole, "{order} backwards by {size}");
            }
        }
        app.finish().await
    })
}

async fn forwards(client: &Client, order: &Value, size: usize) -> Result<Vec<Value>> {
    let (mut whole, mut after) = (Vec::new(), json!(null));
    loop {
        let (ids, info) = page(client, json!({"first": size, "after": after, "order": order})).await?;
        ensure!(info["hasPreviousPage"] == !after.is_null(), "{info}");
        whole.extend(ids);
        after = info["endCursor"].clone();
        if info["hasNextPage"] == false {
            return Ok(whole);
        }
    }
}

async fn backwards(client: &Client, order: &Value, size: usize) -> Result<Vec<Value>> {
    let (mut whole, mut before) = (Vec::new(), json!(null));
    loop {
        let (ids, info) = page(client, json!({"last": size, "before": before, "order": order})).await?;
        ensure!(info["hasNextPage"] == !before.is_null(), "{info}");
        whole.splice(0..0, ids);
        before = info["startCursor"].clone();
        if info["hasPreviousPage"] == false {
            return Ok(whole);
        }
    }
}

#[test]
fn between_two_cursors_lies_what_lies_between_them() -> Result<()> {
    run(async {
        let app = desk().await?;
        let order = json!([{"field": "PRIORITY", "direction": "DESC"}]);
        let all = list(&app.client, &json!({}), &json!([])).await?;
        let whole = sorted(&all, &order);
        let (_, head) = page(&app.client, json!({"first": 10, "order": order})).await?;
        let (_, tail) = page(&app.client, json!({"last": 10, "order": order})).await?;
        for (count, expected) in [("first", &whole[10..15]), ("last", &whole[45..50])] {
            let arguments =
                json!({count: 5, "after": head["endCursor"], "before": tail["startCursor"], "order": order});
            assert_eq!(page(&app.client, arguments).await?.0, expected);
        }
        app.finish().await
    })
}

#[test]
fn tickets_opened_while_pages_are_turned_move_nothing() -> Result<()> {
    run(async {
        let app = desk().await?;
        for direction in ["ASC", "DESC"] {
            let order = json!([{"field": "PRIORITY", "direction": direction}]);
            let whole = sorted(&list(&app.client, &json!({}), &json!([])).await?, &order);
            let (mut seen, mut after) = (Vec::new(), json!(null));
            for turn in 0.. {
                let (ids, info) = page(&app.client, json!({"first": 9, "after": after, "order": order})).await?;
                seen.extend(ids);
                after = info["endCursor"].clone();
                if info["hasNextPage"] == false {
                    break;
                }
                let new = json!({"priority": PRIORITIES[turn % 4]});
                if turn < 6 {
                    app.client.ticket(&format!("{direction} {turn}"), &new).await?;
                }
            }
            let known: Vec<&Value> = seen.iter().filter(|it| whole.contains(it)).collect();
            ensure!(known.into_iter().eq(&whole), "{direction}: {seen:?}");
        }
        app.finish().await
    })
}

#[test]
fn cursor_of_another_order_is_refused() -> Result<()> {
    run(async {
        let app = desk().await?;
        let order = json!([{"field": "PRIORITY"}]);
        let (_, info) = page(&app.client, json!({"first": 3, "order": order})).await?;
        for other in [
            json!([]),
            json!([{"field": "PRIORITY", "direction": "DESC"}]),
            json!([{"field": "OPENED_AT"}]),
        ] {
            for (count, side) in [("first", "after"), ("last", "before")] {
                let arguments = json!({count: 3, side: info["endCursor"], "order": other});
                let error = app.client.error(PAGE, arguments).await?;
                assert_eq!(error, ("BAD_USER_INPUT".to_owned(), json!([side])));
            }
        }
        for garbage in ["", "курсор", "bjox", "Tjo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"] {
            let error = app.client.error(PAGE, json!({"first": 1, "after": garbage})).await?;
            assert_eq!(error, ("BAD_USER_INPUT".to_owned(), json!(["after"])), "{garbage:?}");
        }
        let twice = json!({"first": 1, "order": [{"field": "NUMBER"}, {"field": "NUMBER", "direction": "DESC"}]});
        assert_eq!(app.client.error(PAGE, twice).await?.1, json!(["orderBy"]));
        app.finish().await
    })
}

#[test]
fn page_needs_either_first_or_last_from_1_to_100_and_a_count_neither() -> Result<()> {
    run(async {
        let app = App::start().await?;
        app.client.ticket("t", &json!({})).await?;
        for (arguments, field) in [
            (json!({}), "first"),
            (json!({"first": 0}), "first"),
            (json!({"first": -1}), "first"),
            (json!({"first": 101}), "first"),
            (json!({"last": 0}), "last"),
            (json!({"last": 101}), "last"),
            (json!({"first": 1, "last": 1}), "last"),
        ] {
            let error = app.client.error(PAGE, arguments.clone()).await?;
            assert_eq!(error, ("BAD_USER_INPUT".to_owned(), json!([field])), "{arguments}");
        }
        assert_eq!(app.client.count(&json!({})).await?, 1);
        let history = "query($id: ID!) { ticket(id: $id) { history { totalCount } } }";
        let id = app.client.ticket("u", &json!({})).await?;
        assert_eq!(app.client.error(history, json!({"id": id})).await?.0, "BAD_USER_INPUT");
        app.finish().await
    })
}

#[test]
fn history_pages_make_up_the_whole_history() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({})).await?;
        for turn in 0..10 {
            let mutation = if turn % 2 == 0 {
                "putTicketOnHold"
            } else {
                "resumeTicket"
            };
            app.client.must(mutation, &turn.to_string(), &id, &json!({})).await?;
        }
        let query = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { ticket(id: $id) {
            history(first: $first, after: $after, last: $last, before: $before) {
                totalCount nodes { ticket { version } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        } } }";
        let (mut forwards, mut after) = (Vec::new(), json!(null));
        let (mut backwards, mut before) = (Vec::new(), json!(null));
        for _ in 0..3 {
            let arguments = json!({"id": id, "first": 4, "after": after});
            let history = app.client.data(query, arguments).await?["ticket"]["history"].take();
            after = history["pageInfo"]["endCursor"].clone();
            forwards.extend(versions(&history));
            let arguments = json!({"id": id, "last": 4, "before": before});
            let history = app.client.data(query, arguments).await?["ticket"]["history"].take();
            before = history["pageInfo"]["startCursor"].clone();
            backwards.splice(0..0, versions(&history));
            assert_eq!(history["totalCount"], 11);
        }
        let whole: Vec<i64> = (1..=11).collect();
        assert_eq!((forwards, backwards), (whole.clone(), whole));
        app.finish().await
    })
}

fn versions(history: &Value) -> Vec<i64> {
    let nodes = history["nodes"].as_array().into_iter().flatten();
    nodes.filter_map(|it| it["ticket"]["version"].as_i64()).collect()
}
