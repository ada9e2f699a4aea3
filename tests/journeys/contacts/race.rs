//! The same person arriving many times at once is one contact.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

use super::{email, must, refused, tell};

/// Three handles, each in three spellings.
const SPELLINGS: [[(&str, &str); 3]; 3] = [
    [
        ("EMAIL", "maria@example.ru"),
        ("EMAIL", " Maria@Example.RU"),
        ("EMAIL", "MARIA@example.ru "),
    ],
    [
        ("PHONE", "+79123456789"),
        ("PHONE", "+7 (912) 345-67-89"),
        ("PHONE", "+7 912 345 67 89"),
    ],
    [
        ("TELEGRAM", "@maria_iv"),
        ("TELEGRAM", "https://t.me/Maria_Iv"),
        ("TELEGRAM", "Maria_Iv"),
    ],
];

/// Every mix of at least two of the three handles, in every order and spelling.
fn arrival(number: usize) -> Value {
    let order = [[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1], [1, 2, 0], [2, 1, 0]][number % 6];
    let handles: Vec<Value> = order
        .into_iter()
        .take(2 + number % 2)
        .map(|handle| {
            let (channel, value) = SPELLINGS[handle][(number / 6) % 3];
            json!({"channel": channel, "value": value})
        })
        .collect();
    json!({"idempotencyKey": format!("arrival-{number}"), "name": "Мария", "handles": handles})
}

#[test]
fn sixty_four_arrivals_at_once_are_one_contact() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let arrivals: Vec<_> = (0..64)
            .map(|number| {
                let client = app.client.clone();
                tokio::spawn(async move { must(&client, "findOrCreateContact", arrival(number)).await })
            })
            .collect();
        let mut ids = Vec::new();
        for it in arrivals {
            ids.push(it.await??["id"].clone());
        }
        ids.dedup();
        ensure!(ids.len() == 1, "{ids:?}");
        let count = "{ contacts { totalCount } }";
        assert_eq!(app.client.data(count, json!({})).await?["contacts"]["totalCount"], 1);
        // From now on each of the handles alone leads there, and none of them is there twice.
        for (number, spellings) in SPELLINGS.iter().enumerate() {
            let (channel, value) = spellings[number];
            let input = json!({"idempotencyKey": format!("alone-{number}"),
                "handles": [{"channel": channel, "value": value}]});
            let found = must(&app.client, "findOrCreateContact", input).await?;
            ensure!(
                found["id"] == ids[0] && found["handles"].as_array().map(Vec::len) == Some(3),
                "{found}"
            );
            let by = "query($handle: ContactHandleInput!) { contactByHandle(handle: $handle) { id name } }";
            let seen = app
                .client
                .data(by, json!({"handle": {"channel": channel, "value": value}}))
                .await?;
            assert_eq!(seen["contactByHandle"], json!({"id": ids[0], "name": "Мария"}));
        }
        // The same wish again gives the same answer; another wish under its key does not.
        let again = must(&app.client, "findOrCreateContact", arrival(0)).await?;
        assert_eq!(again["id"], ids[0]);
        let app = app.restart().await?;
        let again = must(&app.client, "findOrCreateContact", arrival(7)).await?;
        assert_eq!(again["id"], ids[0]);
        app.finish().await
    })
}

#[test]
fn handle_has_one_owner_whoever_is_first() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let tries: Vec<_> = (0..16)
            .map(|number| {
                let client = app.client.clone();
                let input = json!({"idempotencyKey": format!("{number}"), "handles": [email("one@example.ru")]});
                tokio::spawn(async move { tell(&client, "createContact", input).await })
            })
            .collect();
        let (mut created, mut taken) = (0, 0);
        for it in tries {
            let payload = it.await??;
            created += usize::from(payload["userErrors"] == json!([]));
            taken += usize::from(payload["userErrors"][0]["code"] == "HANDLE_TAKEN");
        }
        assert_eq!((created, taken), (1, 15));
        let two = must(
            &app.client,
            "createContact",
            json!({"idempotencyKey": "x", "handles": [email("two@example.ru")]}),
        );
        let two = two.await?;
        let both = json!({"idempotencyKey": "b", "handles": [email("two@example.ru"), email("one@example.ru"),
            email("three@example.ru")]});
        let payload = tell(&app.client.speaking("ru"), "findOrCreateContact", both).await?;
        assert_eq!(payload["userErrors"][0]["code"], "HANDLES_OF_SEVERAL");
        let message = payload["userErrors"][0]["message"].as_str().unwrap_or_default();
        ensure!(
            two["id"].as_str().is_some_and(|it| message.contains(it)),
            "both are named: {message}"
        );
        let taken = json!({"idempotencyKey": "a", "contactId": two["id"], "handle": email("one@example.ru")});
        assert_eq!(refused(&app.client, "addContactHandle", taken).await?, "HANDLE_TAKEN");
        // What was refused has taken nothing.
        let three = json!({"idempotencyKey": "three", "handles": [email("three@example.ru")]});
        must(&app.client, "createContact", three).await?;
        app.finish().await
    })
}
