//! Merging, unmerging, splitting, archiving.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

use super::{listed, must, refused, whole};

#[test]
fn merged_ticket_is_shown_with_the_last_of_a_chain_and_comes_back_as_it_was() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let mut ids = Vec::new();
        for key in ["a", "b", "c"] {
            ids.push(client.ticket(key, &json!({})).await?);
        }
        let [a, b, c] = ids.as_slice() else {
            anyhow::bail!("three")
        };
        must(client, "startTicket", a, json!({})).await?;
        must(client, "snoozeTicket", a, json!({"untilReply": true})).await?;
        let before = whole(client, a).await?;
        must(client, "mergeTickets", a, json!({"intoId": b})).await?;
        must(client, "mergeTickets", b, json!({"intoId": c})).await?;
        let merged = whole(client, a).await?;
        assert_eq!(
            (&merged["mergedIntoId"], &merged["mergedInto"]["id"]),
            (&json!(b), &json!(c))
        );
        assert_eq!(whole(client, c).await?["mergedTickets"], json!([{"id": b}]));
        assert_eq!(listed(client, json!({})).await?, std::slice::from_ref(c));
        assert_eq!(listed(client, json!({"merged": true})).await?, [a.clone(), b.clone()]);
        assert_eq!(
            listed(client, json!({"mergedInto": {"eq": b}})).await?,
            std::slice::from_ref(a)
        );
        for (mutation, more) in [
            ("startTicket", json!({})),
            ("tagTicket", json!({"tagIds": ["6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"]})),
            ("archiveTicket", json!({})),
            (
                "assignTicket",
                json!({"agentId": "0b3c1f2e-7c55-4b52-9c0f-0d7a7c4f1c11"}),
            ),
            ("mergeTickets", json!({"intoId": c})),
            ("splitTicket", json!({"fromMessageSeq": 1, "subject": "часть"})),
        ] {
            let (code, field) = refused(client, mutation, a, more).await?;
            assert_eq!(
                (code.as_str(), field),
                ("MERGED", json!(["input", "ticketId"])),
                "{mutation}"
            );
        }
        for (id, into, code) in [
            (c, c, "INTO_ITSELF"),
            (c, a, "MERGED"),
            (c, b, "MERGED"),
            (c, &"6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f".to_owned(), "NOT_FOUND"),
        ] {
            let (found, field) = refused(client, "mergeTickets", id, json!({"intoId": into})).await?;
            assert_eq!((found.as_str(), field), (code, json!(["input", "intoId"])));
        }
        // The same request again is the same answer.
        let again = client
            .must(
                "mergeTickets",
                &format!("mergeTickets {}", json!({"intoId": b})),
                a,
                &json!({"intoId": b}),
            )
            .await?;
        assert_eq!(again["ticket"]["id"], json!(a));
        must(client, "unmergeTicket", b, json!({})).await?;
        let apart = must(client, "unmergeTicket", a, json!({})).await?;
        assert_eq!(apart, before, "exactly as it was");
        assert_eq!(refused(client, "unmergeTicket", a, json!({})).await?.0, "NOT_MERGED");
        assert_eq!(listed(client, json!({})).await?, ids);
        assert_eq!(whole(client, c).await?["mergedTickets"], json!([]));
        app.finish().await
    })
}

#[test]
fn part_of_a_ticket_becomes_a_ticket_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let id = client.ticket("t", &json!({"priority": "HIGH", "type": "TASK"})).await?;
        for name in ["1", "2", "3", "4"] {
            let said = json!({"clientMessageId": name, "body": name});
            crate::conversation::must(client, "receiveMessage", &id, said).await?;
        }
        let query = "mutation($i: SplitTicketInput!) { splitTicket(input: $i) {
            ticket { id } newTicket { id number subject priority type splitFrom { id } splitFromId } position stale
            userErrors { code field } } }";
        let input =
            json!({"i": {"idempotencyKey": "s", "ticketId": id, "fromMessageSeq": 4, "subject": "Вторая просьба"}});
        let split = client.data(query, input.clone()).await?["splitTicket"].take();
        ensure!(split["userErrors"] == json!([]) && split["stale"] == false, "{split}");
        client.has_seen(&split["position"]);
        let new = &split["newTicket"];
        assert_eq!(new["splitFrom"]["id"], json!(id));
        assert_eq!(
            (&new["subject"], &new["priority"], &new["type"]),
            (&json!("Вторая просьба"), &json!("HIGH"), &json!("TASK"))
        );
        let again = client.data(query, input).await?["splitTicket"].take();
        assert_eq!(again["newTicket"], *new);
        assert_eq!(client.count(&json!({})).await?, 2);
        assert_eq!(
            listed(client, json!({"splitFrom": {"eq": id}})).await?,
            [new["id"].as_str().context("no id")?]
        );
        let history = client.look(&id).await?["history"]["nodes"].take();
        assert_eq!(history[1]["type"], "ticket.split");
        let bad = json!({"fromMessageSeq": 0, "subject": "x"});
        assert_eq!(refused(client, "splitTicket", &id, bad).await?.0, "BAD_USER_INPUT");
        app.finish().await
    })
}

#[test]
fn archived_ticket_leaves_the_lists_and_only_reopening_gets_it_back() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let id = client.ticket("t", &json!({})).await?;
        assert_eq!(refused(client, "archiveTicket", &id, json!({})).await?.0, "NOT_CLOSED");
        assert_eq!(
            refused(client, "closeTicket", &id, json!({})).await?.0,
            "RESOLUTION_MISSING"
        );
        must(client, "closeTicket", &id, json!({"reason": "SOLVED"})).await?;
        let away = must(client, "archiveTicket", &id, json!({})).await?;
        ensure!(away["archivedAt"].is_string(), "{away}");
        ensure!(
            listed(client, json!({})).await?.is_empty(),
            "the list shows what was put away"
        );
        assert_eq!(
            listed(client, json!({"archived": true})).await?,
            std::slice::from_ref(&id)
        );
        let other = client.ticket("o", &json!({})).await?;
        for (mutation, more) in [
            ("wakeTicket", json!({})),
            ("changeTicketType", json!({"type": "TASK"})),
            ("linkTickets", json!({"otherId": other, "relation": "BLOCKS"})),
            ("mergeTickets", json!({"intoId": other})),
            (
                "assignTicket",
                json!({"agentId": "0b3c1f2e-7c55-4b52-9c0f-0d7a7c4f1c11"}),
            ),
        ] {
            assert_eq!(refused(client, mutation, &id, more).await?.0, "ARCHIVED", "{mutation}");
        }
        let (code, field) = refused(client, "mergeTickets", &other, json!({"intoId": id})).await?;
        assert_eq!((code.as_str(), field), ("ARCHIVED", json!(["input", "intoId"])));
        let back = must(client, "reopenTicket", &id, json!({})).await?;
        assert_eq!((&back["archivedAt"], &back["status"]), (&Value::Null, &json!("OPEN")));
        assert_eq!(listed(client, json!({})).await?, [id, other]);
        app.finish().await
    })
}
