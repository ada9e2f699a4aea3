//! What the past says is what read models say that were made of the log cut there.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use event_store::Raw;
use serde_json::{Value, json};
use tests::{Client, poll, run};

use super::{
    cut::{Cut, all, difference, then_and_now},
    walk::Desk,
};
use crate::{conversation::MESSAGE, read_models::log_of};

const STEPS: usize = 220;
/// Instants of tickets that are compared.
const INSTANTS: usize = 1000;
/// Instants at which all there is is compared.
const WHOLE: usize = 6;

/// All that is said of a ticket, but colleagues, files and places in the log.
fn ticket() -> String {
    let message = MESSAGE
        .replace("editableUntil", "")
        .replace("{ seq body }", "{ id seq body redactedAt }");
    format!(
        "id number version type subject status priority categoryId subcategoryId assigneeId contactId inboxId branchId
        teamId holdReason holdUntil resolutionReason resolutionNote reopenCount channel openedAt updatedAt resolvedAt
        closedAt statusLabelId statusLabel {{ label {{ text }} version }} tagIds tags {{ name retired version }} followerIds
        fields {{ fieldId text field {{ key version }} }} snoozedAt snoozedUntil resolutionVerdict mergedIntoId splitFromId
        archivedAt trackedUntil eta categoryReason priorityReason category {{ name {{ text }} version }}
        branch {{ name version updatedAt createdAt history(first: 50) {{ totalCount nodes {{ what at }} }} }}
        contact {{ id name note version blocked consents handles {{ value verified contactId }}
            organization {{ name revision }} duplicates {{ id name }} mergedInto }}
        links {{ relation otherId other {{ status version }} }} mergedInto {{ id status }} mergedTickets {{ id version }}
        splitFrom {{ id status }} explain {{ about value sentence by actor at }}
        thread {{ needsAnswerSince lastMessageAt lastReceivedAt lastAnswerAt firstAnswerAt deliveredUpTo readUpTo }}
        messages(first: 100) {{ totalCount nodes {{ {message} }} pageInfo {{ hasNextPage }} }}
        newest: messages(last: 2) {{ nodes {{ id }} pageInfo {{ hasPreviousPage }} }}
        history(first: 100) {{ totalCount nodes {{ type at actor summary
            ticket {{ version status subject priority category {{ name {{ text }} }} }} }} }}
        recent: history(last: 2) {{ nodes {{ type }} }}"
    )
}

/// Lists, counts, configuration and contacts.
fn whole(contacts: &[String]) -> String {
    let filters = [
        ("all", "{}", "[]"),
        (
            "work",
            "{inWork: true, snoozed: false}",
            "[{field: UPDATED_AT, direction: DESC}]",
        ),
        ("merged", "{merged: true}", "[{field: PRIORITY}]"),
        (
            "tagged",
            "{or: [{tag: {isNull: false}}, {categoryId: {in: [\"mail\"]}}]}",
            "[{field: OPENED_AT}]",
        ),
        (
            "owned",
            "{assignee: {isNull: false}, not: {status: {eq: CLOSED}}}",
            "[{field: NUMBER}]",
        ),
    ];
    let lists: Vec<String> = filters
        .iter()
        .map(|(name, filter, order)| {
            format!(
                "{name}: tickets(first: 100, filter: {filter}, orderBy: {order}, {{at}}) {{
                    totalCount nodes {{ id version status priority updatedAt assigneeId branch {{ name }} }} }}
                {name}Sum: ticketStatistics(filter: {filter}, {{at}}) {{
                    total byStatus {{ status count }} byPriority {{ priority count }} byCategory {{ categoryId count }} }}"
            )
        })
        .collect();
    let people: Vec<String> = contacts
        .iter()
        .enumerate()
        .map(|(index, id)| {
            format!(
                "c{index}: contact(id: \"{id}\", {{at}}) {{ id name note version kind blocked blockReason consents mergedInto
                    handles {{ value written contactId }} organization {{ name version }} duplicates {{ id name version }}
                    tickets(first: 50) {{ totalCount nodes {{ id status }} }} }}"
            )
        })
        .collect();
    let items = "nodes { id version retired createdAt updatedAt } totalCount";
    format!(
        "{{ {} {}
        branches(first: 50, {{at}}) {{ {items} }} categories(first: 50, {{at}}) {{ {items} }}
        tags(first: 50, {{at}}) {{ {items} }} retired: tags(last: 50, filter: {{retired: true}}, {{at}}) {{ {items} }}
        statusLabels(first: 1, {{at}}) {{ {items} pageInfo {{ hasNextPage }} }} customFields(first: 50, {{at}}) {{ {items} }}
        vpn: categoryByKey(key: \"VPN\", {{at}}) {{ key name {{ text }} }} classification({{at}}) {{ version }}
        views({{at}}) {{ name version filter viewerCanChange }} }}",
        lists.join("\n"),
        people.join("\n")
    )
}

/// What differs by intent: a text that was withdrawn later is not read in the past, which says when.
fn withdraw(answer: &mut Value, withdrawn: &BTreeMap<String, Value>) {
    match answer {
        Value::Object(fields) => {
            let known = fields
                .get("id")
                .and_then(Value::as_str)
                .and_then(|it| withdrawn.get(it));
            if let (Some(known), Some(true)) = (known, fields.get("id").map(|_| fields.contains_key("redactedAt"))) {
                for (name, value) in fields.iter_mut() {
                    match name.as_str() {
                        "body" | "bodyHtml" => *value = Value::Null,
                        "redactedAt" | "redactionReason" => *value = known[name].clone(),
                        _ => {}
                    }
                }
            }
            fields.values_mut().for_each(|it| withdraw(it, withdrawn));
        }
        Value::Array(all) => all.iter_mut().for_each(|it| withdraw(it, withdrawn)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The messages that are withdrawn now.
async fn withdrawn(client: &Client, tickets: &[String]) -> Result<BTreeMap<String, Value>> {
    let query = "query($id: ID!) { ticket(id: $id) { messages(first: 100) {
        nodes { id redactedAt redactionReason } } } }";
    let mut found = BTreeMap::new();
    for id in tickets {
        let read = client.data(query, json!({"id": id})).await?;
        for it in read["ticket"]["messages"]["nodes"].as_array().into_iter().flatten() {
            if let (Some(id), false) = (it["id"].as_str(), it["redactedAt"].is_null()) {
                found.insert(id.to_owned(), it.clone());
            }
        }
    }
    Ok(found)
}

/// The two servers, and what differs between them by intent.
struct Both {
    desk: Desk,
    cut: Cut,
    withdrawn: BTreeMap<String, Value>,
}

impl Both {
    /// Compares the answers to a document; the cut's tables may be a moment behind.
    async fn agree(&self, document: &str, at: DateTime<Utc>) -> Result<()> {
        let (then, now) = then_and_now(document, at);
        let past = self.desk.app.client.data(&then, json!({})).await?;
        let cut = async || {
            let mut answer = self.cut.app.client.data(&now, json!({})).await?;
            withdraw(&mut answer, &self.withdrawn);
            // Nothing of the past is changed.
            if let Some(views) = answer.get_mut("views").and_then(Value::as_array_mut) {
                for it in views {
                    it["viewerCanChange"] = json!(false);
                }
            }
            anyhow::Ok(answer)
        };
        if cut().await? == past {
            return Ok(());
        }
        let waited = poll("the past is not as the cut", async || {
            cut().await.is_ok_and(|it| it == past)
        })
        .await;
        let differs = difference(&past, &cut().await?, "").unwrap_or_default();
        waited.with_context(|| format!("as of {at}: {differs}"))
    }
}

/// Random instants, each with a ticket, by instant; some of them exactly at an event.
fn instants(desk: &mut Desk, events: &[(DateTime<Utc>, Raw)]) -> Result<Vec<(DateTime<Utc>, String)>> {
    let (first, last) = (events.first().context("no events")?.0, desk.now());
    let span = usize::try_from((last - first).num_seconds())?;
    let mut chosen = Vec::with_capacity(INSTANTS);
    for number in 0..INSTANTS {
        let at = if number % 4 == 0 {
            events[desk.dice.roll(events.len())].0
        } else {
            first + TimeDelta::seconds(i64::try_from(desk.dice.roll(span))?)
        };
        let ticket = desk.tickets[desk.dice.roll(desk.tickets.len())].clone();
        chosen.push((at, ticket));
    }
    chosen.sort();
    Ok(chosen)
}

#[test]
fn past_is_what_a_log_cut_there_says() -> Result<()> {
    run(async {
        let mut desk = Desk::open(7).await?;
        for number in 0..STEPS {
            desk.step(number).await.with_context(|| format!("step {number}"))?;
        }
        let events = all(&log_of(&desk.app)?).await?;
        ensure!(events.len() > STEPS, "{} events", events.len());
        // The clock never went back, so every cut is a beginning of the log.
        ensure!(events.is_sorted_by_key(|it| it.0));
        let chosen = instants(&mut desk, &events)?;
        let cut = Cut::empty(&desk.app).await?;
        let withdrawn = withdrawn(&desk.app.client, &desk.tickets).await?;
        ensure!(!withdrawn.is_empty(), "nothing was withdrawn");
        let mut both = Both { desk, cut, withdrawn };
        let fields = ticket();
        let everything = whole(&both.desk.contacts);
        let mut rest = &events[..];
        let mut compared = 0;
        for same in chosen.chunk_by(|one, other| passed(&events, one.0) == passed(&events, other.0)) {
            let at = same.first().context("no instant")?.0;
            let count = passed(rest, at);
            let (new, later) = rest.split_at(count);
            both.cut.take(&new.iter().map(|it| &it.1).collect::<Vec<_>>()).await?;
            rest = later;
            for (at, ticket) in same {
                both.agree(&format!("{{ ticket(id: \"{ticket}\", {{at}}) {{ {fields} }} }}"), *at)
                    .await?;
                compared += 1;
            }
            if compared * WHOLE / INSTANTS > (compared - same.len()) * WHOLE / INSTANTS {
                both.agree(&everything, at).await?;
            }
        }
        ensure!(compared == INSTANTS);
        both.desk.app.finish().await?;
        both.cut.app.finish().await
    })
}

/// How many of the events an instant has.
fn passed(events: &[(DateTime<Utc>, Raw)], at: DateTime<Utc>) -> usize {
    events.partition_point(|it| it.0 <= at)
}
