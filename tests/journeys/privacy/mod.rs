//! People's data: asked to be erased, held, erased when due, and looked for.

mod bytes;
mod retention;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{App, Client, Program, poll, run};

use crate::{
    contacts,
    conversation::{contact, must, words},
    erasure::forget_one,
    people::set_up,
};

const SEEN: &str =
    "personId version ground note requestedAt due cancelledAt holds { id reason until } erasedAt erasedBy
    keyFingerprint verifiedAt cleared { place remains }";

async fn tell(client: &Client, mutation: &str, key: &str, person: &str, more: Value) -> Result<Value> {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($i: {kind}!) {{ told: {mutation}(input: $i) {{ person {{ {SEEN} }} position stale
        userErrors {{ code message field }} }} }}"
    );
    let mut input = json!({"idempotencyKey": key, "personId": person});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    Ok(client.data(&query, json!({"i": input})).await?["told"].take())
}

async fn code(client: &Client, mutation: &str, key: &str, person: &str, more: Value) -> Result<String> {
    let told = tell(client, mutation, key, person, more).await?;
    let code = told["userErrors"][0]["code"].as_str();
    Ok(code.with_context(|| format!("{mutation}: {told}"))?.to_owned())
}

async fn stands(client: &Client, person: &str) -> Result<Value> {
    let query = format!("query($p: ID!) {{ personPrivacy(personId: $p) {{ {SEEN} }} }}");
    Ok(client.data(&query, json!({"p": person})).await?["personPrivacy"].take())
}

/// Waits until the erasure is certified.
async fn certified(client: &Client, person: &str) -> Result<Value> {
    let is_certified = async || {
        stands(client, person)
            .await
            .is_ok_and(|it| it["verifiedAt"].is_string())
    };
    poll("the erasure is never certified", is_certified).await?;
    stands(client, person).await
}

#[test]
fn person_is_erased_when_due_and_nothing_is_left() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария Помеченная").await?;
        let id = client
            .ticket("t", &json!({"contactId": maria, "subject": "Помеченная тема"}))
            .await?;
        must(client, "receiveMessage", &id, words("1", "Помеченное письмо")).await?;
        let request = json!({"ground": "CONSENT_WITHDRAWN", "note": "Помеченная причина"});
        let waiting = tell(client, "requestErasure", "r", &maria, request.clone()).await?;
        ensure!(
            waiting["userErrors"] == json!([]) && waiting["person"]["due"].is_string(),
            "{waiting}"
        );
        assert_eq!(
            code(client, "requestErasure", "r2", &maria, request).await?,
            "ALREADY_REQUESTED"
        );
        let cancelled = tell(client, "cancelErasure", "c", &maria, json!({"reason": "Передумала"})).await?;
        ensure!(cancelled["person"]["due"].is_null(), "{cancelled}");
        let now = json!({"ground": "CONSENT_WITHDRAWN", "executeAt": commands::Clock::System.now().to_rfc3339()});
        tell(client, "requestErasure", "r3", &maria, now.clone()).await?;
        let gone = certified(client, &maria).await?;
        for it in gone["cleared"].as_array().context("no places")? {
            assert_eq!(it["remains"], 0, "{gone}");
        }
        ensure!(gone["keyFingerprint"].is_string() && gone["note"].is_null(), "{gone}");
        let audit = "query($p: ID!) { auditEntries(first: 100, filter: {person: $p}) { nodes { type
            changes { before { text } after { text } } } } }";
        let told = client.data(audit, json!({"p": maria})).await?.to_string();
        ensure!(
            !told.contains("Помеченн") && told.contains("subject.erasure_verified"),
            "{told}"
        );
        assert_eq!(
            code(client, "requestErasure", "r4", &maria, now).await?,
            "ALREADY_ERASED"
        );
        app.finish().await
    })
}

#[test]
fn held_person_is_not_erased_by_anybody() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let placed = tell(
            client,
            "placeLegalHold",
            "h",
            &maria,
            json!({"reason": "Дело 2-17/2026"}),
        )
        .await?;
        let hold = placed["person"]["holds"][0]["id"].clone();
        let now = json!({"ground": "OBJECTION", "executeAt": commands::Clock::System.now().to_rfc3339()});
        assert_eq!(
            code(client, "requestErasure", "r", &maria, now.clone()).await?,
            "LEGAL_HOLD"
        );
        let refused = forget_one(&app, "--contact", &maria).await;
        ensure!(
            refused.is_err_and(|it| it.to_string().contains("legal hold")),
            "the hold counts for operators"
        );
        tell(
            client,
            "liftLegalHold",
            "l",
            &maria,
            json!({"holdId": hold, "reason": "Решение"}),
        )
        .await?;
        tell(client, "requestErasure", "r2", &maria, now).await?;
        certified(client, &maria).await?;
        app.finish().await
    })
}

#[test]
fn what_makes_no_sense_is_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let nobody = "00000000-0000-4000-8000-00000000abcd";
        let ground = json!({"ground": "OBJECTION"});
        assert_eq!(
            code(client, "requestErasure", "1", nobody, ground.clone()).await?,
            "NOT_FOUND"
        );
        assert_eq!(
            code(client, "requestErasure", "2", "no id", ground).await?,
            "BAD_USER_INPUT"
        );
        let past = json!({"ground": "OBJECTION", "executeAt": "2020-01-01T00:00:00Z"});
        assert_eq!(
            code(client, "requestErasure", "3", &maria, past).await?,
            "BAD_USER_INPUT"
        );
        assert_eq!(
            code(client, "cancelErasure", "4", &maria, json!({"reason": "x"})).await?,
            "NOT_REQUESTED"
        );
        assert_eq!(
            code(client, "cancelErasure", "5", &maria, json!({"reason": " "})).await?,
            "BAD_USER_INPUT"
        );
        let lift = json!({"holdId": nobody, "reason": "x"});
        assert_eq!(code(client, "liftLegalHold", "6", &maria, lift).await?, "NOT_FOUND");
        for (key, until) in [("7", "2020-01-01T00:00:00Z"), ("8", "+10000-01-01T00:00:00Z")] {
            let over = json!({"reason": "x", "until": until});
            assert_eq!(
                code(client, "placeLegalHold", key, &maria, over).await?,
                "BAD_USER_INPUT"
            );
        }
        app.finish().await
    })
}

#[test]
fn operator_erases_from_the_command_line_what_no_hold_forbids() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let placed = tell(
            client,
            "placeLegalHold",
            "h",
            &maria,
            json!({"reason": "Дело 2-17/2026"}),
        )
        .await?;
        let person = placed["person"]["personId"].as_str().context("no id")?.to_owned();
        let data = app.data.path().to_str().context("a path that is no text")?;
        let place = ["--data", data, "--database-url", &app.database_url, "--json"];
        let erase = async |more: &[&str]| Program::replay(&[&["erase", &person], more, &place[..]].concat()).await;
        let counted = erase(&["--dry-run"]).await?;
        ensure!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
        let counted: Value = serde_json::from_slice(&counted.stdout)?;
        ensure!(
            counted["rows"]["contact_card"] == 1 && counted["erased"] == false,
            "{counted}"
        );
        let refused = erase(&[]).await?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(
            refused.status.code() == Some(2) && said.contains("legal hold"),
            "{said}"
        );
        assert_eq!(stands(client, &maria).await?["erasedAt"], Value::Null);
        let hold = placed["person"]["holds"][0]["id"].clone();
        tell(
            client,
            "liftLegalHold",
            "l",
            &maria,
            json!({"holdId": hold, "reason": "Решение"}),
        )
        .await?;
        let erased = erase(&[]).await?;
        ensure!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
        let erased: Value = serde_json::from_slice(&erased.stdout)?;
        ensure!(
            erased["rows"]
                .as_object()
                .is_some_and(|it| it.values().all(|count| count == 0)),
            "{erased}"
        );
        certified(client, &maria).await?;
        let nobody = "00000000-0000-4000-8000-00000000abcd";
        let unknown = Program::replay(&[&["erase", nobody], &place[..]].concat()).await?;
        let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
        ensure!(unknown.status.code() == Some(2) && said.contains("no key of"), "{said}");
        app.finish().await
    })
}

#[test]
fn merged_records_are_erased_as_the_one_person_they_are() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let (maria, same) = (contact(client, "Мария").await?, contact(client, "Маша").await?);
        let merge = json!({"idempotencyKey": "m", "contactId": same, "intoId": maria});
        contacts::must(client, "mergeContacts", merge).await?;
        let later = json!({"ground": "OBJECTION"});
        tell(client, "requestErasure", "q", &same, later.clone()).await?;
        assert_eq!(
            code(client, "requestErasure", "q2", &maria, later).await?,
            "ALREADY_REQUESTED"
        );
        tell(client, "cancelErasure", "c", &maria, json!({"reason": "Передумала"})).await?;
        for it in [&maria, &same] {
            ensure!(
                stands(client, it).await?["due"].is_null(),
                "it is taken back under each id"
            );
        }
        let hold = json!({"reason": "Дело 2-17/2026"});
        let placed = tell(client, "placeLegalHold", "h", &same, hold).await?;
        let now = json!({"ground": "OBJECTION", "executeAt": commands::Clock::System.now().to_rfc3339()});
        assert_eq!(
            code(client, "requestErasure", "r", &maria, now.clone()).await?,
            "LEGAL_HOLD"
        );
        let hold = placed["person"]["holds"][0]["id"].clone();
        tell(
            client,
            "liftLegalHold",
            "l",
            &same,
            json!({"holdId": hold, "reason": "Решение"}),
        )
        .await?;
        tell(client, "requestErasure", "r2", &maria, now).await?;
        certified(client, &maria).await?;
        certified(client, &same).await?;
        app.finish().await
    })
}

#[test]
fn request_before_a_merge_is_taken_back_with_the_whole_person() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let mut others = Vec::new();
        for name in ["Маша", "Маруся"] {
            let same = contact(client, name).await?;
            tell(client, "requestErasure", "q", &same, json!({"ground": "OBJECTION"})).await?;
            let merge = json!({"idempotencyKey": name, "contactId": same, "intoId": maria});
            contacts::must(client, "mergeContacts", merge).await?;
            others.push(same);
        }
        let told = tell(client, "cancelErasure", "c", &maria, json!({"reason": "Передумала"})).await?;
        ensure!(told["userErrors"] == json!([]), "{told}");
        let again = tell(client, "cancelErasure", "c", &maria, json!({"reason": "Передумала"})).await?;
        ensure!(again["userErrors"] == json!([]), "once more is the same: {again}");
        let tables = PgPool::connect(&app.database_url).await?;
        let due = "SELECT COUNT(*) FROM analytics.person_privacy WHERE due IS NOT NULL";
        let is_none_due = async || {
            sqlx::query_scalar(due)
                .fetch_one(&tables)
                .await
                .is_ok_and(|it: i64| it == 0)
        };
        poll("a record is still due", is_none_due).await?;
        tables.close().await;
        assert_eq!(
            code(client, "cancelErasure", "c2", &maria, json!({"reason": "x"})).await?,
            "NOT_REQUESTED"
        );
        app.finish().await
    })
}

#[test]
fn repeated_request_is_the_same_and_who_works_here_is_not_erased() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let maria = contact(client, "Мария").await?;
        let later = json!({"ground": "OBJECTION"});
        let first = tell(client, "requestErasure", "q", &maria, later.clone()).await?;
        let again = tell(client, "requestErasure", "q", &maria, later.clone()).await?;
        assert_eq!(
            (&first["userErrors"], &first["position"]),
            (&json!([]), &again["position"]),
            "{again}"
        );
        let boss = client.with_key(&set_up(&app).await?.access);
        let me = boss.data("{ viewer { user { id } } }", json!({})).await?;
        let me = me["viewer"]["user"]["id"].as_str().context(me.to_string())?;
        assert_eq!(code(client, "requestErasure", "u", me, later).await?, "ACCOUNT_IN_USE");
        app.finish().await
    })
}
