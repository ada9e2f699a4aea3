//! What ends by itself: snoozes and holds.

use anyhow::{Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, poll, run};

use super::{listed, must, refused, whole};

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default()
}

#[test]
fn snooze_and_hold_end_when_their_time_has_come_even_if_no_server_ran_then() -> Result<()> {
    run(async {
        let clock = Clock::manual(noon());
        let app = App::start_at(clock.clone()).await?;
        let client = &app.client;
        let (a, b) = (
            client.ticket("a", &json!({})).await?,
            client.ticket("b", &json!({})).await?,
        );
        let c = client.ticket("c", &json!({})).await?;
        let hour = (noon() + TimeDelta::hours(1)).to_rfc3339();
        let asleep = must(client, "snoozeTicket", &a, json!({"until": hour})).await?;
        ensure!(asleep["snoozedAt"].is_string() && asleep["status"] == "NEW", "{asleep}");
        must(client, "snoozeTicket", &c, json!({"untilReply": true})).await?;
        must(client, "putTicketOnHold", &b, json!({"until": hour})).await?;
        assert_eq!(listed(client, json!({"snoozed": true})).await?, [a.clone(), c.clone()]);
        assert_eq!(
            listed(client, json!({"snoozed": false})).await?,
            std::slice::from_ref(&b)
        );
        clock.advance(TimeDelta::hours(2));
        let over = async || {
            let (a, b) = (whole(client, &a).await, whole(client, &b).await);
            a.is_ok_and(|it| it["snoozedAt"].is_null()) && b.is_ok_and(|it| it["status"] == "OPEN")
        };
        poll("what is due does not end", over).await?;
        ensure!(
            whole(client, &c).await?["snoozedAt"].is_string(),
            "only the customer ends it"
        );
        let history = client.look(&a).await?["history"]["nodes"].take();
        let last = history.as_array().and_then(|it| it.last()).cloned().unwrap_or_default();
        assert_eq!(
            (&last["type"], &last["actor"]),
            (&json!("ticket.woke_up"), &json!("system:timers"))
        );
        let count = history.as_array().map_or(0, Vec::len);
        assert_eq!(count, 3, "opened, snoozed, woken up once: {history}");
        let woken = must(client, "wakeTicket", &c, json!({})).await?;
        assert_eq!(woken["snoozedAt"], Value::Null);
        // What falls due while no server runs is ended by the next one: the machine's clock is ahead of that instant.
        let past = noon() + TimeDelta::hours(3);
        must(client, "snoozeTicket", &a, json!({"until": past.to_rfc3339()})).await?;
        let app = app.restart().await?;
        let client = &app.client;
        let over = async || whole(client, &a).await.is_ok_and(|it| it["snoozedAt"].is_null());
        poll("what fell due meanwhile does not end", over).await?;
        app.finish().await
    })
}

#[test]
fn snooze_needs_a_later_instant_or_a_reply_to_wait_for() -> Result<()> {
    run(async {
        let app = App::start_at(Clock::manual(noon())).await?;
        let client = &app.client;
        let id = client.ticket("t", &json!({})).await?;
        let later = (noon() + TimeDelta::hours(1)).to_rfc3339();
        for (more, code) in [
            (json!({"until": noon().to_rfc3339()}), "SNOOZE_ENDS_IN_PAST"),
            (json!({}), "BAD_USER_INPUT"),
            (json!({"until": later, "untilReply": true}), "BAD_USER_INPUT"),
            (json!({"until": "+010000-01-01T00:00:00Z"}), "BAD_USER_INPUT"),
        ] {
            let answer = refused(client, "snoozeTicket", &id, more.clone()).await;
            match answer {
                Ok((found, field)) => assert_eq!((found.as_str(), field), (code, json!(["input", "until"])), "{more}"),
                // An instant that no calendar of the schema has is refused before.
                Err(error) => ensure!(more["until"].as_str().is_some_and(|it| it.starts_with('+')), "{error}"),
            }
        }
        app.finish().await
    })
}

#[test]
fn customer_who_writes_wakes_a_snoozed_ticket_and_ends_the_wait_for_them() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let say = async |id: &str, name: &str| {
            let said = json!({"clientMessageId": name, "body": name});
            crate::conversation::must(client, "receiveMessage", id, said).await
        };
        for (key, hold, status) in [
            ("plain", None, "NEW"),
            ("customer", Some("CUSTOMER"), "OPEN"),
            ("vendor", Some("VENDOR"), "ON_HOLD"),
        ] {
            let id = client.ticket(key, &json!({})).await?;
            if let Some(reason) = hold {
                must(client, "putTicketOnHold", &id, json!({"reason": reason})).await?;
            }
            must(client, "snoozeTicket", &id, json!({"untilReply": true})).await?;
            crate::conversation::must(client, "addNote", &id, json!({"clientMessageId": "n", "body": "n"})).await?;
            ensure!(
                whole(client, &id).await?["snoozedAt"].is_string(),
                "a note wakes nobody"
            );
            say(&id, "1").await?;
            let awake = whole(client, &id).await?;
            assert_eq!(
                (&awake["snoozedAt"], &awake["status"]),
                (&Value::Null, &json!(status)),
                "{key}"
            );
        }
        let id = client.ticket("again", &json!({})).await?;
        must(client, "snoozeTicket", &id, json!({"untilReply": true})).await?;
        say(&id, "1").await?;
        must(client, "snoozeTicket", &id, json!({"until": "2100-01-01T00:00:00Z"})).await?;
        // The same message again is no new word.
        say(&id, "1").await?;
        ensure!(
            whole(client, &id).await?["snoozedAt"].is_string(),
            "an old message wakes nobody"
        );
        app.finish().await
    })
}
