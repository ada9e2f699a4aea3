//! Tags, custom fields, followers, links, labels, type.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use super::{listed, must, refused, whole};
use crate::{
    organisation::made,
    people::{agent, set_up},
};

async fn field(client: &Client, key: &str, more: Value) -> Result<String> {
    let mut definition = json!({"key": key, "label": {"en": key}, "appliesTo": "TICKET"});
    if let (Some(all), Some(more)) = (definition.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    made(client, "CustomField", key, definition).await
}

#[test]
#[expect(clippy::too_many_lines, reason = "one journey")]
fn tags_and_fields_are_shown_and_found() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let vip = made(client, "Tag", "vip", json!({"name": "VIP"})).await?;
        let spam = made(client, "Tag", "spam", json!({"name": "спам"})).await?;
        let plan = field(
            client,
            "plan",
            json!({"type": "MULTI_SELECT", "options": [{"key": "a", "label": {"en": "A"}}, {"key": "b", "label": {"en": "B"}}]}),
        )
        .await?;
        let sum = field(client, "sum", json!({"type": "NUMBER", "min": 0.0})).await?;
        let site = field(client, "site", json!({"type": "URL"})).await?;
        let (one, two) = (
            client.ticket("1", &json!({})).await?,
            client.ticket("2", &json!({})).await?,
        );
        let tagged = must(client, "tagTicket", &one, json!({"tagIds": [vip, spam]})).await?;
        ensure!(tagged["tags"].as_array().is_some_and(|it| it.len() == 2), "{tagged}");
        must(client, "untagTicket", &one, json!({"tagIds": [spam]})).await?;
        must(
            client,
            "setTicketField",
            &one,
            json!({"fieldId": plan, "value": {"options": ["b", "a"]}}),
        )
        .await?;
        must(
            client,
            "setTicketField",
            &one,
            json!({"fieldId": sum, "value": {"number": 1e15}}),
        )
        .await?;
        let shown = must(
            client,
            "setTicketField",
            &one,
            json!({"fieldId": site, "value": {"text": "https://пример.рф/a"}}),
        )
        .await?;
        let said: Vec<&Value> = shown["fields"].as_array().context("no fields")?.iter().collect();
        let of = |key: &str| {
            said.iter()
                .find(|it| it["field"]["key"] == key)
                .copied()
                .context(shown.to_string())
        };
        assert_eq!(of("plan")?["options"], json!(["a", "b"]));
        assert_eq!(of("sum")?["number"].as_f64(), Some(1e15));
        assert_eq!(of("site")?["text"], "https://xn--e1afmkfd.xn--p1ai/a");
        for (filter, found) in [
            (json!({"tag": {"eq": vip}}), true),
            (json!({"tag": {"in": [spam]}}), false),
            (json!({"not": {"tag": {"isNull": true}}}), true),
            (json!({"fields": [{"fieldId": plan, "options": ["b"]}]}), true),
            (
                json!({"fields": [{"fieldId": sum, "number": 1e15}, {"fieldId": plan, "isNull": false}]}),
                true,
            ),
            (json!({"fields": [{"fieldId": sum, "number": 1.0}]}), false),
            (
                json!({"fields": [{"fieldId": site, "url": "https://xn--e1afmkfd.xn--p1ai/a"}]}),
                true,
            ),
        ] {
            let expected: &[String] = if found { std::slice::from_ref(&one) } else { &[] };
            assert_eq!(listed(client, filter.clone()).await?, expected, "{filter}");
        }
        assert_eq!(listed(client, json!({"tag": {"isNull": true}})).await?, [two]);
        let emptied = must(client, "setTicketField", &one, json!({"fieldId": sum, "value": null})).await?;
        ensure!(
            emptied["fields"].as_array().is_some_and(|it| it.len() == 2),
            "{emptied}"
        );
        let again = client
            .must("setTicketField", "again", &one, &json!({"fieldId": sum, "value": null}))
            .await?;
        assert_eq!(again["ticket"]["version"], client.look(&one).await?["version"]);
        app.finish().await
    })
}

#[test]
fn link_is_kept_once_and_seen_from_both_sides() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let (a, b) = (
            client.ticket("a", &json!({})).await?,
            client.ticket("b", &json!({})).await?,
        );
        for (relation, inverse) in [
            ("BLOCKS", "BLOCKED_BY"),
            ("CHILD_OF", "PARENT_OF"),
            ("DUPLICATED_BY", "DUPLICATE_OF"),
            ("RELATED", "RELATED"),
        ] {
            let more = |other: &str, relation: &str| json!({"otherId": other, "relation": relation});
            let from_a = must(client, "linkTickets", &a, more(&b, relation)).await?;
            assert_eq!(from_a["links"][0]["relation"], relation);
            let from_b = whole(client, &b).await?;
            assert_eq!(
                (&from_b["links"][0]["relation"], &from_b["links"][0]["otherId"]),
                (&json!(inverse), &json!(a))
            );
            // Said from the other side it is the same link.
            let twice = must(client, "linkTickets", &b, more(&a, inverse)).await?;
            assert_eq!(twice["links"].as_array().map(Vec::len), Some(1), "{twice}");
            let none = must(client, "unlinkTickets", &b, more(&a, inverse)).await?;
            assert_eq!(none["links"], json!([]));
            assert_eq!(whole(client, &a).await?["links"], json!([]));
        }
        app.finish().await
    })
}

#[test]
fn whoever_works_here_follows_for_themselves_and_for_others() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let pass = agent(&app, &boss, "maria@example.com").await?;
        let maria = app.client.with_key(&pass.access);
        let id = boss.ticket("t", &json!({})).await?;
        let (code, _) = maria
            .error(
                "mutation($i: FollowTicketInput!) { followTicket(input: $i) { position } }",
                json!({"i": {"idempotencyKey": "f", "ticketId": id}}),
            )
            .await?;
        assert_eq!(code, "FORBIDDEN", "without any right nobody follows");
        let followed = must(&boss, "followTicket", &id, json!({"userId": pass.user})).await?;
        assert_eq!(followed["followerIds"], json!([pass.user]));
        must(&boss, "followTicket", &id, json!({})).await?;
        assert_eq!(
            listed(&boss, json!({"follower": {"eq": pass.user}})).await?,
            std::slice::from_ref(&id)
        );
        let left = must(&boss, "unfollowTicket", &id, json!({"userId": pass.user})).await?;
        assert_eq!(left["followerIds"].as_array().map(Vec::len), Some(1));
        let nobody = json!({"userId": "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"});
        assert_eq!(
            refused(&boss, "followTicket", &id, nobody).await?.0,
            "REFERENCE_UNKNOWN"
        );
        let program = refused(&app.client, "followTicket", &id, json!({})).await?;
        assert_eq!(program, ("BAD_USER_INPUT".to_owned(), json!(["input", "userId"])));
        app.finish().await
    })
}

#[test]
fn label_is_of_the_status_and_another_status_drops_it() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let label = async |key: &str, category: &str, usual: bool| {
            let definition = json!({"label": {"en": key}, "category": category, "isDefault": usual});
            made(client, "StatusLabel", key, definition).await
        };
        label("In work", "OPEN", true).await?;
        let waits = label("Waits for parts", "OPEN", false).await?;
        let id = client.ticket("t", &json!({})).await?;
        let wrong = refused(client, "setTicketStatusLabel", &id, json!({"statusLabelId": waits})).await?;
        assert_eq!(
            wrong,
            ("LABEL_OF_OTHER_STATUS".to_owned(), json!(["input", "statusLabelId"]))
        );
        let agent = "0b3c1f2e-7c55-4b52-9c0f-0d7a7c4f1c11";
        // Whoever owns a new ticket sees it as open, so a word for "open" fits.
        must(client, "assignTicket", &id, json!({"agentId": agent})).await?;
        let chosen = must(client, "setTicketStatusLabel", &id, json!({"statusLabelId": waits})).await?;
        assert_eq!(chosen["statusLabel"]["label"]["text"], "Waits for parts");
        assert_eq!(
            listed(client, json!({"statusLabel": {"eq": waits}})).await?,
            std::slice::from_ref(&id)
        );
        must(client, "putTicketOnHold", &id, json!({})).await?;
        let back = must(client, "resumeTicket", &id, json!({})).await?;
        assert_eq!(
            (&back["statusLabelId"], &back["status"]),
            (&Value::Null, &json!("OPEN"))
        );
        assert_eq!(
            back["statusLabel"]["label"]["text"], "In work",
            "the usual word is shown again"
        );
        let changed = must(client, "changeTicketType", &id, json!({"type": "INCIDENT"})).await?;
        assert_eq!(changed["type"], "INCIDENT");
        let query = "query($id: ID!) { ticket(id: $id) { history(last: 1) { nodes { type summary } } } }";
        let told = client.speaking("ru").data(query, json!({"id": id})).await?;
        let last = json!({"type": "ticket.type_changed", "summary": "Изменён тип"});
        assert_eq!(told["ticket"]["history"]["nodes"], json!([last]));
        app.finish().await
    })
}
