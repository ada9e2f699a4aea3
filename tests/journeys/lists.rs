//! Lists: filters against an evaluation of our own; single tickets; reads of one's own writes.

use std::cmp::Ordering;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, TICKET, run};

pub(crate) const PRIORITIES: [&str; 4] = ["LOW", "MEDIUM", "HIGH", "URGENT"];
const TYPES: [&str; 5] = ["QUESTION", "INCIDENT", "PROBLEM", "TASK", "APPLICATION"];
const REASONS: [&str; 5] = ["SOLVED", "NOT_SOLVED", "DUPLICATE", "SPAM", "NO_RESPONSE"];
const CATEGORIES: [Option<&str>; 5] = [None, Some("net"), Some("Net"), Some("Сеть и VPN"), Some("net-vpn")];

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

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// A server with 60 tickets of all sorts, several of them at the same instant.
pub(crate) async fn desk() -> Result<App> {
    let clock = Clock::manual("2026-11-21T12:00:00.123456Z".parse()?);
    let app = App::start_at(clock.clone()).await?;
    let mut dice = Dice(7);
    for index in 0..60 {
        if dice.roll(4) == 0 {
            clock.advance(TimeDelta::milliseconds(1500));
        }
        let mut input = json!({"priority": dice.pick(&PRIORITIES), "type": dice.pick(&TYPES)});
        if let Some(category) = dice.pick(&CATEGORIES) {
            input["categoryId"] = json!(category);
            if dice.roll(2) == 0 {
                input["subcategoryId"] = json!("sub");
            }
        }
        if dice.roll(2) == 0 {
            input["contactId"] = json!(person(dice.roll(3)));
        }
        let id = app.client.ticket(&format!("{index}"), &input).await?;
        for (mutation, more) in fate(&mut dice) {
            app.client
                .must(mutation, &format!("{index} {more}"), &id, &more)
                .await?;
        }
    }
    Ok(app)
}

fn person(number: usize) -> String {
    format!("00000000-0000-4000-8000-00000000000{number}")
}

/// What happens to one ticket.
fn fate(dice: &mut Dice) -> Vec<(&'static str, Value)> {
    let mut fate = Vec::new();
    if dice.roll(2) == 0 {
        fate.push(("assignTicket", json!({"agentId": person(dice.roll(3))})));
    }
    let reason = json!({"reason": dice.pick(&REASONS)});
    match dice.roll(6) {
        0 => {}
        1 => fate.push(("startTicket", json!({}))),
        2 => fate.push(("putTicketOnHold", json!({"reason": dice.pick(&["CUSTOMER", "VENDOR"])}))),
        3 => fate.push(("resolveTicket", reason)),
        4 => fate.push(("closeTicket", reason)),
        _ => fate.extend([("closeTicket", reason), ("reopenTicket", json!({}))]),
    }
    fate
}

pub(crate) async fn list(client: &Client, filter: &Value, order: &Value) -> Result<Vec<Value>> {
    let query = format!(
        "query($filter: TicketFilter, $order: [TicketOrder!]) {{
            tickets(first: 100, filter: $filter, orderBy: $order) {{ totalCount nodes {{ {TICKET} }} }}
        }}"
    );
    let mut data = client.data(&query, json!({"filter": filter, "order": order})).await?;
    let count = data["tickets"]["totalCount"].take();
    let nodes = data["tickets"]["nodes"].as_array().context("no nodes")?.clone();
    ensure!(
        count == nodes.len(),
        "{filter}: {count} are counted, {} listed",
        nodes.len()
    );
    Ok(nodes)
}

// An evaluation of filters of our own: over what the API shows, by the words of its documentation.

fn holds(filter: &Value, ticket: &Value) -> bool {
    filter.as_object().into_iter().flatten().all(|(field, test)| {
        let nested = || test.as_array().into_iter().flatten();
        match field.as_str() {
            "and" => nested().all(|it| holds(it, ticket)),
            "or" => nested().any(|it| holds(it, ticket)),
            "not" => !holds(test, ticket),
            field => test
                .as_object()
                .into_iter()
                .flatten()
                .all(|(operator, wanted)| passes(field, operator, wanted, &ticket[field])),
        }
    })
}

fn passes(field: &str, operator: &str, wanted: &Value, value: &Value) -> bool {
    let order = |wanted: &Value| (!value.is_null()).then(|| compare(field, value, wanted));
    match operator {
        "isNull" => *wanted == value.is_null(),
        "eq" => order(wanted) == Some(Ordering::Equal),
        "in" => wanted
            .as_array()
            .into_iter()
            .flatten()
            .any(|it| order(it) == Some(Ordering::Equal)),
        "gte" => order(wanted).is_some_and(Ordering::is_ge),
        "lte" => order(wanted).is_some_and(Ordering::is_le),
        _ => false,
    }
}

pub(crate) fn compare(field: &str, left: &Value, right: &Value) -> Ordering {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return left.cmp(&right);
    }
    let (left, right) = (left.as_str().unwrap_or_default(), right.as_str().unwrap_or_default());
    match field {
        "priority" => rank(left).cmp(&rank(right)),
        "openedAt" | "updatedAt" | "resolvedAt" | "closedAt" => instant(left).cmp(&instant(right)),
        _ => left.cmp(right),
    }
}

fn rank(priority: &str) -> Option<usize> {
    PRIORITIES.iter().position(|it| *it == priority)
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok()
}

const FIELDS: &[&str] = &[
    "id",
    "number",
    "status",
    "priority",
    "type",
    "categoryId",
    "subcategoryId",
    "assignee",
    "contact",
    "resolutionReason",
    "channel",
    "externalId",
    "reopenCount",
    "openedAt",
    "updatedAt",
    "resolvedAt",
    "closedAt",
];

/// A value that some ticket has in a field.
fn value(dice: &mut Dice, field: &str, tickets: &[Value]) -> Value {
    let present: Vec<&Value> = tickets.iter().map(|it| &it[field]).filter(|it| !it.is_null()).collect();
    if present.is_empty() {
        json!("нет")
    } else {
        (*dice.pick(&present)).clone()
    }
}

/// The tests of a field that mean something: words and ids have no order.
fn operators(field: &str) -> &'static [&'static str] {
    match field {
        "number" | "priority" | "reopenCount" | "openedAt" | "updatedAt" | "resolvedAt" | "closedAt" => {
            &["eq", "in", "isNull", "gte", "lte"]
        }
        _ => &["eq", "in", "isNull"],
    }
}

fn leaf(dice: &mut Dice, field: &str, operator: &str, tickets: &[Value]) -> Value {
    let wanted = match operator {
        "isNull" => json!(dice.roll(2) == 0),
        "in" => (0..dice.roll(4)).map(|_| value(dice, field, tickets)).collect(),
        _ => value(dice, field, tickets),
    };
    json!({ field: { operator: wanted } })
}

fn random_filter(dice: &mut Dice, depth: usize, tickets: &[Value]) -> Value {
    let some = |dice: &mut Dice| -> Value {
        (0..dice.roll(4))
            .map(|_| random_filter(dice, depth - 1, tickets))
            .collect()
    };
    match if depth == 0 { 3 } else { dice.roll(5) } {
        0 => json!({"and": some(dice)}),
        1 => json!({"or": some(dice)}),
        2 => json!({"not": random_filter(dice, depth - 1, tickets)}),
        _ => {
            let (first, second) = (*dice.pick(FIELDS), *dice.pick(FIELDS));
            let operator = *dice.pick(operators(first));
            let mut both = leaf(dice, first, operator, tickets);
            if first != second && dice.roll(3) == 0 {
                both[second] = leaf(dice, second, "isNull", tickets)[second].take();
            }
            both
        }
    }
}

#[test]
fn filter_lets_through_exactly_what_it_says() -> Result<()> {
    run(async {
        let app = desk().await?;
        let all = list(&app.client, &json!({}), &json!([])).await?;
        ensure!(all.len() == 60);
        let mut dice = Dice(11);
        let mut filters = vec![
            json!({"or": []}),
            json!({"and": []}),
            json!({"not": {"or": []}}),
            json!(null),
        ];
        for field in FIELDS {
            for operator in operators(field) {
                let plain = leaf(&mut dice, field, operator, &all);
                filters.push(json!({"not": plain}));
                filters.push(plain);
            }
        }
        filters.extend((0..150).map(|_| random_filter(&mut dice, 3, &all)));
        let mut hits = 0;
        for filter in filters {
            let expected: Vec<&Value> = all.iter().filter(|it| holds(&filter, it)).collect();
            let listed = list(&app.client, &filter, &json!([])).await?;
            let same = listed.iter().eq(expected.iter().copied());
            ensure!(same, "{filter}: {} listed, {} expected", listed.len(), expected.len());
            hits += usize::from(!expected.is_empty() && expected.len() < all.len());
        }
        ensure!(hits > 100, "only {hits} filters tell tickets apart");
        app.finish().await
    })
}

#[test]
fn filter_that_is_malformed_is_bad_input_with_its_field() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let many: Vec<String> = (0..501).map(|it| it.to_string()).collect();
        let deep = (0..101).fold(json!({}), |inner, _| json!({"not": inner}));
        let wide: Vec<Value> = vec![json!({}); 101];
        for (filter, field) in [
            (json!({"assignee": {"eq": "никто"}}), "assignee"),
            (json!({"id": {"in": ["17"]}}), "id"),
            (json!({"status": {"eq": null}}), "status"),
            (json!({"number": {"gte": null}}), "number"),
            (json!({"categoryId": {"in": many}}), "categoryId"),
            (json!({"categoryId": {"eq": "a\u{0}"}}), "categoryId"),
            (json!({"and": wide}), "filter"),
            (deep, "variables"),
        ] {
            let query = "query($filter: TicketFilter) { tickets(filter: $filter) { totalCount } }";
            let error = app.client.error(query, json!({"filter": filter})).await?;
            assert_eq!(error, ("BAD_USER_INPUT".to_owned(), json!([field])));
        }
        app.finish().await
    })
}

#[test]
fn nodes_come_in_the_order_of_their_ids_and_null_where_there_is_none() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let first = app.client.ticket("1", &json!({})).await?;
        let second = app.client.ticket("2", &json!({})).await?;
        let nobody = "00000000-0000-4000-8000-00000000dead";
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Ticket { number } } }";
        let ids = json!([second, "не id", first, nobody, second]);
        let one = json!({"id": first, "number": 1});
        let two = json!({"id": second, "number": 2});
        let nodes = app.client.data(query, json!({"ids": ids})).await?;
        assert_eq!(nodes["nodes"], json!([two, null, one, null, two]));
        let query_one = "query($id: ID!) { node(id: $id) { id } }";
        for (id, expected) in [
            (first.as_str(), json!({"id": first})),
            (nobody, json!(null)),
            ("x", json!(null)),
        ] {
            assert_eq!(app.client.data(query_one, json!({"id": id})).await?["node"], expected);
        }
        let error = app.client.error(query, json!({"ids": vec![first; 101]})).await?;
        assert_eq!(error, ("BAD_USER_INPUT".to_owned(), json!(["ids"])));
        app.finish().await
    })
}

#[test]
fn list_shows_its_min_position_or_says_that_it_does_not() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let opened = app.client.open("k", "Видна").await?;
        let query = "query($at: Position) { tickets(first: 1, minPosition: $at) { stale nodes { subject } } }";
        let list = app.client.data(query, json!({"at": opened["position"]})).await?;
        assert_eq!(
            list["tickets"],
            json!({"stale": false, "nodes": [{"subject": "Видна"}]})
        );
        let single = "query($id: ID!, $at: Position) { ticket(id: $id, minPosition: $at) { number } }";
        let variables = json!({"id": opened["ticket"]["id"], "at": "1000000"});
        let (list, single) = tokio::join!(
            app.client.data(query, json!({"at": "1000000"})),
            app.client.error(single, variables)
        );
        assert_eq!(list?["tickets"]["stale"], true);
        assert_eq!(single?.0, "STALE");
        app.finish().await
    })
}
