//! Bad input: a stable code, a sentence that names the field, nothing half done.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

use super::{email, must, refused, tell};

fn created(key: usize, more: &Value) -> Value {
    let mut input = json!({"idempotencyKey": format!("bad-{key}")});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    input
}

#[test]
fn bad_contacts_are_refused_with_a_code_and_leave_nothing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let handle = |channel: &str, value: &str| json!({"handles": [{"channel": channel, "value": value}]});
        let long = "я".repeat(10_000);
        let nobody = "00000000-0000-4000-8000-000000000001";
        let many: Vec<Value> = (0..21).map(|it| email(&format!("{it}@example.ru"))).collect();
        for (index, (input, code)) in [
            (handle("EMAIL", "maria@g\u{43e}ogle.com"), "LOOK_ALIKE_LETTERS"),
            (
                handle("EMAIL", "a@\u{430}\u{440}\u{440}\u{4cf}\u{435}.com"),
                "LOOK_ALIKE_LETTERS",
            ),
            (handle("EMAIL", "maria"), "BAD_USER_INPUT"),
            (handle("EMAIL", ""), "BAD_USER_INPUT"),
            (handle("EMAIL", &long), "BAD_USER_INPUT"),
            (handle("EMAIL", "a\u{0}b@example.ru"), "BAD_USER_INPUT"),
            (handle("PHONE", "8 (912) 345-67-89"), "PHONE_WITHOUT_COUNTRY"),
            (handle("PHONE", "+8 912 345 67 89"), "BAD_USER_INPUT"),
            (handle("WHATSAPP", "9123456789"), "PHONE_WITHOUT_COUNTRY"),
            (handle("TELEGRAM", "мария"), "BAD_USER_INPUT"),
            (handle("EXTERNAL", "no namespace"), "BAD_USER_INPUT"),
            (json!({"handles": many}), "BAD_USER_INPUT"),
            (json!({"name": ""}), "BAD_USER_INPUT"),
            (json!({"name": long}), "BAD_USER_INPUT"),
            (json!({"name": "a\u{0}b"}), "BAD_USER_INPUT"),
            (json!({"note": "a\u{0}b"}), "BAD_USER_INPUT"),
            (json!({"locale": "по-русски"}), "BAD_USER_INPUT"),
            (json!({"timeZone": "Europe//Moscow"}), "BAD_USER_INPUT"),
            (json!({"organizationId": "мимо"}), "BAD_USER_INPUT"),
            (json!({"organizationId": nobody}), "NOT_FOUND"),
        ]
        .into_iter()
        .enumerate()
        {
            for language in ["ru", "en"] {
                let payload = tell(&app.client.speaking(language), "createContact", created(index, &input)).await?;
                assert_eq!(payload["userErrors"][0]["code"], code, "{input} {payload}");
                ensure!(
                    payload["userErrors"][0]["field"].is_array() && payload["contact"].is_null(),
                    "{payload}"
                );
            }
        }
        let nothing = json!({"idempotencyKey": "nothing", "handles": []});
        assert_eq!(
            refused(&app.client, "findOrCreateContact", nothing).await?,
            "BAD_USER_INPUT"
        );
        let count = "{ contacts(includeMerged: true) { totalCount } }";
        assert_eq!(app.client.data(count, json!({})).await?["contacts"]["totalCount"], 0);
        // Handles of what was refused are free.
        must(
            &app.client,
            "createContact",
            created(99, &json!({"handles": [email("0@example.ru")]})),
        )
        .await?;
        app.finish().await
    })
}

#[test]
fn bad_wishes_about_contacts_are_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let made = must(client, "createContact", json!({"idempotencyKey": "c", "name": "Мария"})).await?;
        let id = made["id"].clone();
        let nobody = "00000000-0000-4000-8000-000000000001";
        for (index, (mutation, more, code)) in [
            (
                "changeContactProfile",
                json!({"contactId": nobody, "name": "x"}),
                "NOT_FOUND",
            ),
            ("changeContactProfile", json!({"contactId": "мимо"}), "BAD_USER_INPUT"),
            (
                "changeContactProfile",
                json!({"contactId": id, "name": "x", "expectedVersion": 7}),
                "CONFLICT",
            ),
            (
                "changeContactProfile",
                json!({"contactId": id, "expectedVersion": -1}),
                "BAD_USER_INPUT",
            ),
            (
                "removeContactHandle",
                json!({"contactId": id, "handleId": nobody}),
                "NOT_FOUND",
            ),
            (
                "verifyContactHandle",
                json!({"contactId": id, "handleId": "?"}),
                "BAD_USER_INPUT",
            ),
            (
                "blockContact",
                json!({"contactId": id, "reason": " "}),
                "BAD_USER_INPUT",
            ),
            (
                "giveConsent",
                json!({"contactId": id, "purpose": "Рассылка"}),
                "BAD_USER_INPUT",
            ),
            (
                "assignContactToOrganization",
                json!({"contactId": id, "organizationId": nobody}),
                "NOT_FOUND",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(
                refused(client, mutation, created(index, &more)).await?,
                code,
                "{mutation} {more}"
            );
        }
        let again = json!({"idempotencyKey": "c", "name": "Анна"});
        assert_eq!(refused(client, "createContact", again).await?, "IDEMPOTENCY_KEY_REUSED");
        app.finish().await
    })
}

#[test]
fn bad_questions_about_contacts_are_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        for (query, code) in [
            ("{ contact(id: \"мимо\") { id } }", "BAD_USER_INPUT"),
            (
                "{ contactByHandle(handle: {channel: PHONE, value: \"8 912 345 67 89\"}) { id } }",
                "PHONE_WITHOUT_COUNTRY",
            ),
            ("{ contacts { nodes { id } } }", "BAD_USER_INPUT"),
            ("{ contacts(first: 101) { nodes { id } } }", "BAD_USER_INPUT"),
            (
                "{ contacts(first: 1, after: \"bjox\") { nodes { id } } }",
                "BAD_USER_INPUT",
            ),
            (
                "{ contacts(first: 1, filter: {name: \"a\\u0000\"}) { nodes { id } } }",
                "BAD_USER_INPUT",
            ),
            (
                "{ contacts(first: 1, filter: {kind: {eq: null}}) { nodes { id } } }",
                "BAD_USER_INPUT",
            ),
            (
                "{ contacts(first: 1, orderBy: [{field: NAME}, {field: NAME}]) { nodes { id } } }",
                "BAD_USER_INPUT",
            ),
            ("{ organizations(first: 0) { nodes { id } } }", "BAD_USER_INPUT"),
        ] {
            assert_eq!(client.error(query, json!({})).await?.0, code, "{query}");
        }
        assert_eq!(
            client
                .data(
                    "{ contact(id: \"00000000-0000-4000-8000-000000000001\") { id } }",
                    json!({})
                )
                .await?["contact"],
            Value::Null
        );
        app.finish().await
    })
}
