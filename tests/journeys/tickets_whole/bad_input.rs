//! What cannot be, refused by name, with nothing changed.

use anyhow::Result;
use serde_json::json;
use tests::{App, run};

use super::refused;
use crate::organisation::{made, tell};

const NOBODY: &str = "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f";

#[test]
#[expect(clippy::too_many_lines, reason = "one line a wish")]
fn marks_that_fit_nothing_are_refused_by_name() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let tag = made(client, "Tag", "t", json!({"name": "старая"})).await?;
        let known = made(client, "Tag", "k", json!({"name": "новая"})).await?;
        tell(client, "retire", "Tag", json!({"idempotencyKey": "x", "id": tag})).await?;
        let sum = json!({"key": "sum", "label": {"en": "sum"}, "appliesTo": "TICKET", "type": "NUMBER", "max": 10.0});
        let sum = made(client, "CustomField", "sum", sum).await?;
        let must =
            json!({"key": "must", "label": {"en": "m"}, "appliesTo": "TICKET", "type": "TEXT", "required": true});
        let must = made(client, "CustomField", "must", must).await?;
        let other = json!({"key": "other", "label": {"en": "o"}, "appliesTo": "CONTACT", "type": "TEXT"});
        let other = made(client, "CustomField", "other", other).await?;
        let id = client.ticket("t", &json!({})).await?;
        let set = |field: &str, value| json!({"fieldId": field, "value": value});
        let link = |to: &str| json!({"otherId": to, "relation": "BLOCKS"});
        for (mutation, more, code, path) in [
            (
                "tagTicket",
                json!({"tagIds": [known, tag]}),
                "REFERENCE_UNKNOWN",
                json!(["input", "tagIds", "1"]),
            ),
            (
                "tagTicket",
                json!({"tagIds": [NOBODY]}),
                "REFERENCE_UNKNOWN",
                json!(["input", "tagIds", "0"]),
            ),
            (
                "tagTicket",
                json!({"tagIds": []}),
                "BAD_USER_INPUT",
                json!(["input", "tagIds"]),
            ),
            (
                "tagTicket",
                json!({"tagIds": ["не id"]}),
                "BAD_USER_INPUT",
                json!(["input", "tagIds"]),
            ),
            (
                "setTicketField",
                set(&sum, json!({"text": "много"})),
                "FIELD_VALUE",
                json!(["input", "value"]),
            ),
            (
                "setTicketField",
                set(&sum, json!({"number": 11.0})),
                "FIELD_VALUE",
                json!(["input", "value"]),
            ),
            (
                "setTicketField",
                set(&sum, json!({})),
                "BAD_USER_INPUT",
                json!(["input", "value"]),
            ),
            (
                "setTicketField",
                set(&must, json!(null)),
                "FIELD_VALUE",
                json!(["input", "value"]),
            ),
            (
                "setTicketField",
                set(&must, json!({"text": " \u{0} "})),
                "FIELD_VALUE",
                json!(["input", "value"]),
            ),
            (
                "setTicketField",
                set(&other, json!({"text": "x"})),
                "FIELD_OF_OTHER",
                json!(["input", "fieldId"]),
            ),
            (
                "setTicketField",
                set(NOBODY, json!({"text": "x"})),
                "REFERENCE_UNKNOWN",
                json!(["input", "fieldId"]),
            ),
            (
                "setTicketStatusLabel",
                json!({"statusLabelId": NOBODY}),
                "REFERENCE_UNKNOWN",
                json!(["input", "statusLabelId"]),
            ),
            (
                "linkTickets",
                link(&id),
                "LINKED_WITH_ITSELF",
                json!(["input", "otherId"]),
            ),
            ("linkTickets", link(NOBODY), "NOT_FOUND", json!(["input", "otherId"])),
            ("confirmResolution", json!({}), "NOT_RESOLVED", json!(null)),
        ] {
            let found = refused(client, mutation, &id, more.clone()).await?;
            assert_eq!(found, (code.to_owned(), path), "{mutation} {more}");
        }
        let absent = client
            .tell("tagTicket", "absent", NOBODY, &json!({"tagIds": [known]}))
            .await?;
        assert_eq!(absent["userErrors"][0]["code"], "NOT_FOUND");
        let query = "query($f: TicketFilter) { tickets(first: 1, filter: $f) { nodes { id } } }";
        for filter in [
            json!({"tag": {"eq": "x"}}),
            json!({"fields": [{"fieldId": sum}]}),
            json!({"fields": [{"fieldId": sum, "number": 1.0, "isNull": true}]}),
            json!({"fields": [{"fieldId": sum, "option": "a\u{0}"}]}),
        ] {
            assert_eq!(
                client.error(query, json!({"f": filter})).await?.0,
                "BAD_USER_INPUT",
                "{filter}"
            );
        }
        app.finish().await
    })
}
