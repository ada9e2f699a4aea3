//! From creation to retirement, with everything that stays readable.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tests::{App, run};

use super::{branch, create, made, refusal, tell};

#[test]
fn branch_is_created_revised_retired_and_stays_readable() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let id = made(
            client,
            "Branch",
            "c",
            json!({"name": " Центр ", "timeZone": "Asia/Yekaterinburg", "regions": ["ru-sve"], "isDefault": true}),
        )
        .await?;
        let definition = json!({"name": "Урал", "timeZone": "Asia/Omsk", "regions": ["RU-SVE", "RU-OMS"]});
        let input = json!({"idempotencyKey": "r", "id": id, "definition": definition, "expectedVersion": 1,
            "clientMutationId": "mine"});
        let revised = tell(client, "revise", "Branch", input).await?;
        ensure!(
            revised["thing"]["version"] == 2 && revised["clientMutationId"] == "mine",
            "{revised}"
        );
        let retired = tell(client, "retire", "Branch", json!({"idempotencyKey": "x", "id": id})).await?;
        ensure!(
            retired["thing"]["retired"] == true && retired["thing"]["version"] == 3,
            "{retired}"
        );

        let query = "query($id: ID!) { node(id: $id) { id ... on Branch {
            name timeZone regions isDefault retired version
            history(first: 10) { totalCount pageInfo { hasNextPage } nodes {
                what version actor before { name timeZone retired } after { name timeZone retired version }
            } }
        } } }";
        let node = client.data(query, json!({"id": id})).await?["node"].take();
        let before = json!({"name": "Центр", "timeZone": "Asia/Yekaterinburg", "retired": false});
        let after = json!({"name": "Урал", "timeZone": "Asia/Omsk", "retired": false});
        let with = |value: &Value, version: i64, retired: bool| {
            let mut value = value.clone();
            (value["version"], value["retired"]) = (json!(version), json!(retired));
            value
        };
        let actor = "api_key:bootstrap";
        assert_eq!(
            node,
            json!({
                "id": id, "name": "Урал", "timeZone": "Asia/Omsk", "regions": ["RU-SVE", "RU-OMS"], "isDefault": false,
                "retired": true, "version": 3,
                "history": {"totalCount": 3, "pageInfo": {"hasNextPage": false}, "nodes": [
                    {"what": "CREATED", "version": 1, "actor": actor, "before": null, "after": with(&before, 1, false)},
                    {"what": "REVISED", "version": 2, "actor": actor, "before": before,
                        "after": with(&after, 2, false)},
                    {"what": "RETIRED", "version": 3, "actor": actor, "before": after, "after": with(&after, 3, true)},
                ]},
            })
        );
        let restored = tell(client, "restore", "Branch", json!({"idempotencyKey": "y", "id": id})).await?;
        ensure!(
            restored["thing"]["retired"] == false && restored["thing"]["version"] == 4,
            "{restored}"
        );
        app.finish().await
    })
}

/// Texts and rules.
fn scripts(team: &str) -> Vec<(&'static str, Value, &'static str, Value)> {
    let label = json!({"ru": "Почта", "en": "Mail"});
    vec![
        (
            "CannedReply",
            json!({"key": "password_reset", "name": label, "body": {"ru": " Здравствуйте, {{ contact.name }}! "},
                "teamId": team}),
            "key name { text } body { ru en } teamId",
            json!({"key": "password_reset", "name": {"text": "Mail"},
                "body": {"ru": "Здравствуйте, {{ contact.name }}!", "en": null}, "teamId": team}),
        ),
        (
            "Macro",
            json!({"key": "close_up", "name": label, "steps": [{"reply": {"en": "#{{ticket.number}}"}}, {"take": true},
                {"teamId": team}, {"priority": "HIGH"}, {"hold": "CUSTOMER"}, {"close": "SOLVED"}]}),
            "key steps { deed body { en } teamId priority holdReason resolutionReason } teamId",
            json!({"key": "close_up", "teamId": null, "steps": [
                step("REPLY", "body", json!({"en": "#{{ticket.number}}"})), step("TAKE", "teamId", Value::Null),
                step("TEAM", "teamId", json!(team)), step("PRIORITIZE", "priority", json!("HIGH")),
                step("HOLD", "holdReason", json!("CUSTOMER")), step("CLOSE", "resolutionReason", json!("SOLVED"))]}),
        ),
        (
            "Classification",
            json!({"rules": [{"name": label, "words": ["возврат"], "types": ["INCIDENT"], "points": 20}], "urgentFrom": 60}),
            "rules { name { ru } words types inboxIds categoryKey points } mediumFrom highFrom urgentFrom",
            json!({"rules": [{"name": {"ru": "Почта"}, "words": ["возврат"], "types": ["INCIDENT"], "inboxIds": [],
                "categoryKey": null, "points": 20}], "mediumFrom": 0, "highFrom": 20, "urgentFrom": 60}),
        ),
    ]
}

/// Kind, a definition, and what its object must then show.
fn kinds(branch: &str, team: &str) -> Vec<(&'static str, Value, &'static str, Value)> {
    let label = json!({"ru": "Почта", "en": "Mail"});
    let option = json!({"key": "red", "label": label});
    vec![
        (
            "Team",
            json!({"name": "Вторая линия", "branchId": branch}),
            "name description branchId",
            json!({"name": "Вторая линия", "description": null, "branchId": branch}),
        ),
        (
            "Skill",
            json!({"kind": "LANGUAGE", "name": "Татарский", "language": "TT"}),
            "kind name language",
            json!({"kind": "LANGUAGE", "name": "Татарский", "language": "tt"}),
        ),
        (
            "Inbox",
            json!({"name": "Сайт", "channel": "WEB_WIDGET", "branchId": branch, "allowedDomains": ["*.пример.рф"],
                "featureFlags": ["typing"]}),
            "name channel branchId allowedDomains featureFlags active",
            json!({"name": "Сайт", "channel": "WEB_WIDGET", "branchId": branch,
                "allowedDomains": ["*.xn--e1afmkfd.xn--p1ai"], "featureFlags": ["typing"], "active": true}),
        ),
        (
            "Category",
            json!({"key": "mail", "name": label, "icon": "✉", "assignToTeamId": team}),
            "key name { ru en text } description icon parentKey assignTo { teamId agentId }",
            json!({"key": "mail", "name": {"ru": "Почта", "en": "Mail", "text": "Mail"}, "description": null,
                "icon": "✉", "parentKey": null, "assignTo": {"teamId": team, "agentId": null}}),
        ),
        (
            "Tag",
            json!({"name": "VIP", "colour": "#FF0000"}),
            "name colour",
            json!({"name": "VIP", "colour": "#ff0000"}),
        ),
        (
            "CustomField",
            json!({"key": "colour", "label": label, "appliesTo": "TICKET", "type": "MULTI_SELECT",
                "options": [option], "maxChosen": 1, "required": true}),
            "key label { ru } appliesTo type options { key label { en } } maxChosen maxLength min max minDate required",
            json!({"key": "colour", "label": {"ru": "Почта"}, "appliesTo": "TICKET", "type": "MULTI_SELECT",
                "options": [{"key": "red", "label": {"en": "Mail"}}], "maxChosen": 1, "maxLength": null, "min": null,
                "max": null, "minDate": null, "required": true}),
        ),
        (
            "StatusLabel",
            json!({"label": label, "category": "ON_HOLD", "order": 3, "isDefault": true}),
            "label { text } category order isDefault",
            json!({"label": {"text": "Mail"}, "category": "ON_HOLD", "order": 3, "isDefault": true}),
        ),
        (
            "RegionMap",
            json!({"regions": [{"region": "RU-SVE", "branchId": branch}], "defaultBranchId": branch}),
            "regions { region branchId } defaultBranchId",
            json!({"regions": [{"region": "RU-SVE", "branchId": branch}], "defaultBranchId": branch}),
        ),
    ]
}

#[test]
fn every_kind_goes_the_same_way() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let branch = branch(client, "Центр").await?;
        let team = made(client, "Team", "t", json!({"name": "Первая линия"})).await?;
        let mut ids = vec![branch.clone(), team.clone()];
        for (kind, definition, fields, expected) in kinds(&branch, &team).into_iter().chain(scripts(&team)) {
            let id = made(client, kind, "k", definition.clone()).await?;
            let query =
                format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id __typename ... on {kind} {{ {fields} }} }} }}");
            let mut node = client.data(&query, json!({"ids": [id]})).await?["nodes"][0].take();
            ensure!(
                node["id"] == id.as_str() && node["__typename"] == kind,
                "{kind}: {node}"
            );
            let node = node.as_object_mut().context("no node")?;
            node.remove("id");
            node.remove("__typename");
            assert_eq!(Value::Object(node.clone()), expected, "{kind}");
            for (verb, version) in [
                ("revise", 1),
                ("retire", 2),
                ("retire", 2),
                ("restore", 3),
                ("restore", 3),
            ] {
                let mut input = json!({"idempotencyKey": format!("{verb} {version}"), "id": id});
                if verb == "revise" {
                    input["definition"] = definition.clone();
                }
                let payload = tell(client, verb, kind, input).await?;
                let done = payload["userErrors"] == json!([]) && payload["thing"]["version"] == version;
                ensure!(done, "{verb} of {kind}: {payload}");
            }
            ids.push(id);
        }
        let nodes = client
            .data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({"ids": ids}))
            .await?;
        let found: Vec<Value> = ids.iter().map(|it| json!({"id": it})).collect();
        assert_eq!(nodes["nodes"], json!(found));
        app.finish().await
    })
}

#[test]
fn same_wish_again_is_the_same_thing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let definition = json!({"name": "Центр", "timeZone": "UTC", "isDefault": true});
        let first = create(&app.client, "Branch", "k", definition.clone()).await?;
        let same = try_join_all((0..8).map(|_| create(&app.client, "Branch", "k", definition.clone()))).await?;
        ensure!(same.iter().all(|it| *it == first), "{first} {same:?}");
        let id = first["thing"]["id"].clone();
        let renamed = json!({"name": "Урал", "timeZone": "UTC"});
        let input = json!({"idempotencyKey": "k", "id": id, "definition": renamed});
        ensure!(tell(&app.client, "revise", "Branch", input).await?["thing"]["version"] == 2);
        // The name is free again, and taken by another; the first wish is still the one that was carried out.
        made(&app.client, "Branch", "other", definition.clone()).await?;
        let again = create(&app.client, "Branch", "k", definition).await?;
        ensure!(
            again["position"] == first["position"] && again["thing"]["id"] == id,
            "{again}"
        );
        let reused = create(&app.client, "Branch", "k", json!({"name": "Третий", "timeZone": "UTC"})).await?;
        assert_eq!(refusal(&reused)?.0, "IDEMPOTENCY_KEY_REUSED");
        app.finish().await
    })
}

/// A step of a macro that says only this.
fn step(deed: &str, field: &str, value: Value) -> Value {
    let mut step = json!({"deed": deed, "body": null, "teamId": null, "priority": null, "holdReason": null,
        "resolutionReason": null});
    step[field] = value;
    step
}

#[test]
fn key_created_by_many_at_once_is_created_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for (kind, definition) in [
            ("Category", json!({"key": "Почта", "name": {"ru": "Почта"}})),
            ("Tag", json!({"name": "vip"})),
            (
                "CustomField",
                json!({"key": "serial", "label": {"en": "S"}, "appliesTo": "TICKET", "type": "TEXT"}),
            ),
            ("RegionMap", json!({})),
        ] {
            let wishes = (0..8).map(|wish| {
                let mut definition = definition.clone();
                if kind == "Category" && wish % 2 == 1 {
                    definition["key"] = json!(" ПОЧТА ");
                }
                let client = app.client.clone();
                async move { create(&client, kind, &format!("wish {wish}"), definition).await }
            });
            let payloads = try_join_all(wishes).await?;
            let ids: HashSet<String> = payloads.iter().map(|it| it["thing"]["id"].to_string()).collect();
            ensure!(ids.len() == 1, "{kind}: {ids:?}");
            let refused: Vec<&Value> = payloads.iter().filter(|it| it["position"].is_null()).collect();
            ensure!(refused.len() == 7, "{kind}: {payloads:?}");
            for payload in refused {
                assert_eq!(refusal(payload)?.0, "EXISTS", "{kind}");
            }
        }
        app.finish().await
    })
}
