//! What is refused, with which code, about which field, and in which language.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

use super::{branch, create, made, refusal, tell};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000009";

fn at(path: &[&str]) -> Value {
    let mut whole = vec!["input", "definition"];
    whole.extend(path);
    json!(whole)
}

/// Texts and rules that are none.
fn scripts() -> Vec<(&'static str, Value, Value)> {
    vec![
        (
            "CannedReply",
            json!({"key": "a", "name": {"ru": "А"}, "body": {"ru": "{{contact.nmae}}"}}),
            at(&["body", "ru"]),
        ),
        (
            "CannedReply",
            json!({"key": "A b", "name": {"ru": "А"}, "body": {"en": "x"}}),
            at(&["key"]),
        ),
        (
            "Macro",
            json!({"key": "a", "name": {"ru": "А"}, "steps": []}),
            at(&["steps"]),
        ),
        (
            "Macro",
            json!({"key": "a", "name": {"ru": "А"}, "steps": [{"take": true}, {"note": {"en": "{{x}}"}}]}),
            at(&["steps", "1", "body", "en"]),
        ),
        (
            "Macro",
            json!({"key": "a", "name": {"ru": "А"}, "steps": [{"tagId": "?"}]}),
            at(&["steps", "0", "tagId"]),
        ),
        (
            "Classification",
            json!({"rules": [{"name": {"ru": "А"}, "points": 1}]}),
            at(&["rules", "0", "words"]),
        ),
        (
            "Classification",
            json!({"rules": [{"name": {"ru": "А"}, "words": [".*"], "points": 1}]}),
            at(&["rules", "0", "words", "0"]),
        ),
        (
            "Classification",
            json!({"rules": [], "highFrom": 60}),
            at(&["urgentFrom"]),
        ),
    ]
}

#[test]
fn texts_and_rules_that_are_none_are_told_and_nothing_is_done() -> Result<()> {
    run(async {
        let app = App::start().await?;
        for (kind, definition, path) in scripts() {
            let payload = create(&app.client, kind, "k", definition.clone()).await?;
            assert_eq!(
                refusal(&payload)?,
                ("BAD_USER_INPUT".to_owned(), path),
                "{kind} {definition}"
            );
            ensure!(payload["thing"].is_null(), "{payload}");
        }
        app.finish().await
    })
}

#[test]
fn bad_definition_is_told_field_by_field_and_nothing_is_done() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let bad = "BAD_USER_INPUT";
        let select = json!({"key": "a", "label": {"ru": "А"}, "appliesTo": "TICKET", "type": "SELECT"});
        let mut text = select.clone();
        (text["type"], text["maxChosen"]) = (json!("TEXT"), json!(1));
        for (kind, definition, path) in [
            ("Branch", json!({"name": "", "timeZone": "UTC"}), at(&["name"])),
            ("Branch", json!({"name": "а\u{0}", "timeZone": "UTC"}), at(&["name"])),
            ("Branch", json!({"name": "А", "timeZone": "Moscow"}), at(&["timeZone"])),
            (
                "Branch",
                json!({"name": "А", "timeZone": "UTC", "regions": ["RU", "Урал"]}),
                at(&["regions", "1"]),
            ),
            ("Team", json!({"name": "А", "branchId": "нет"}), at(&["branchId"])),
            ("Skill", json!({"name": "А", "kind": "LANGUAGE"}), at(&["language"])),
            (
                "Skill",
                json!({"name": "А", "kind": "LANGUAGE", "language": "по-русски"}),
                at(&["language"]),
            ),
            (
                "Inbox",
                json!({"name": "А", "channel": "SMS", "allowedDomains": ["*.com"]}),
                at(&["allowedDomains", "0"]),
            ),
            ("Category", json!({"key": "a", "name": {}}), at(&["name"])),
            (
                "Category",
                json!({"key": "a", "name": {"ru": "А"}, "assignToTeamId": UNKNOWN, "assignToAgentId": UNKNOWN}),
                at(&["assignToAgentId"]),
            ),
            ("Tag", json!({"name": "а", "colour": "red"}), at(&["colour"])),
            ("CustomField", select, at(&["options"])),
            ("CustomField", text, at(&["maxChosen"])),
            (
                "RegionMap",
                json!({"regions": [{"region": "RU", "branchId": "?"}]}),
                at(&["regions", "0", "branchId"]),
            ),
        ] {
            let payload = create(&app.client, kind, "k", definition.clone()).await?;
            assert_eq!(refusal(&payload)?, (bad.to_owned(), path), "{kind} {definition}");
            ensure!(payload["thing"].is_null(), "{payload}");
        }
        let many = json!({"name": " ", "timeZone": "?", "regions": ["?"]});
        let payload = create(&app.client, "Branch", "", many).await?;
        let fields: Vec<Value> = payload["userErrors"]
            .as_array()
            .context("no errors")?
            .iter()
            .map(|it| it["field"].clone())
            .collect();
        let expected = [
            json!(["input", "idempotencyKey"]),
            at(&["name"]),
            at(&["regions", "0"]),
            at(&["timeZone"]),
        ];
        assert_eq!(fields, expected);
        let data = app
            .client
            .data("{ branches { totalCount } tags { totalCount } }", json!({}))
            .await?;
        assert_eq!(data, json!({"branches": {"totalCount": 0}, "tags": {"totalCount": 0}}));
        app.finish().await
    })
}

#[test]
fn message_speaks_russian_or_english() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let wrong = || json!({"name": "А", "timeZone": "Moscow"});
        for (language, expected) in [
            (
                "ru",
                "timeZone: значение \"Moscow\" не подходит; принимается: часовой пояс из базы IANA, например \
                Asia/Yekaterinburg",
            ),
            (
                "en",
                "timeZone: \"Moscow\" is not acceptable; accepted: a time zone of the IANA database, such as \
                Asia/Yekaterinburg",
            ),
        ] {
            let payload = create(&app.client.speaking(language), "Branch", "k", wrong()).await?;
            assert_eq!(payload["userErrors"][0]["message"], expected);
        }
        made(&app.client, "Tag", "k", json!({"name": "vip"})).await?;
        let payload = create(&app.client.speaking("ru"), "Tag", "l", json!({"name": "VIP"})).await?;
        let said = "с таким ключом уже есть: измените его или выберите другой ключ";
        assert_eq!(payload["userErrors"][0]["message"], said);
        app.finish().await
    })
}

#[test]
fn reference_to_nothing_or_to_what_is_retired_is_refused_but_may_stay() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let unknown = "REFERENCE_UNKNOWN".to_owned();
        for (kind, definition, path) in [
            ("Team", json!({"name": "А", "branchId": UNKNOWN}), at(&["branchId"])),
            (
                "Category",
                json!({"key": "a", "name": {"ru": "А"}, "parentKey": "нет"}),
                at(&["parentKey"]),
            ),
            (
                "Category",
                json!({"key": "a", "name": {"ru": "А"}, "assignToTeamId": UNKNOWN}),
                at(&["assignToTeamId"]),
            ),
            (
                "RegionMap",
                json!({"regions": [{"region": "RU", "branchId": UNKNOWN}]}),
                at(&["regions", "0"]),
            ),
            (
                "RegionMap",
                json!({"defaultBranchId": UNKNOWN}),
                at(&["defaultBranchId"]),
            ),
        ] {
            let payload = create(client, kind, "k", definition).await?;
            assert_eq!(refusal(&payload)?, (unknown.clone(), path), "{kind}");
        }
        let branch = branch(client, "Центр").await?;
        let team = made(client, "Team", "k", json!({"name": "А", "branchId": branch})).await?;
        tell(client, "retire", "Branch", json!({"idempotencyKey": "x", "id": branch})).await?;
        let other = create(client, "Team", "l", json!({"name": "Б", "branchId": branch})).await?;
        assert_eq!(refusal(&other)?.0, unknown);
        let renamed = json!({"idempotencyKey": "r", "id": team, "definition": {"name": "В", "branchId": branch}});
        let renamed = tell(client, "revise", "Team", renamed).await?;
        ensure!(renamed["thing"]["version"] == 2, "{renamed}");
        app.finish().await
    })
}

#[test]
fn category_lies_neither_under_itself_nor_too_deep() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let category = |key: &str, parent: Option<&str>| json!({"key": key, "name": {"en": key}, "parentKey": parent});
        let own = create(client, "Category", "own", category("A", Some("a"))).await?;
        assert_eq!(refusal(&own)?, ("CIRCULAR".to_owned(), at(&["parentKey"])));
        let top = made(client, "Category", "0", category("l0", None)).await?;
        for level in 1..=8 {
            let (key, parent) = (format!("l{level}"), format!("l{}", level - 1));
            let payload = create(client, "Category", &key, category(&key, Some(&parent))).await?;
            ensure!(payload["userErrors"] == json!([]), "{level}: {payload}");
        }
        let deep = create(client, "Category", "9", category("l9", Some("l8"))).await?;
        assert_eq!(refusal(&deep)?, ("TOO_DEEP".to_owned(), at(&["parentKey"])));
        let input = json!({"idempotencyKey": "r", "id": top, "definition": category("l0", Some("L3"))});
        let circle = tell(client, "revise", "Category", input).await?;
        assert_eq!(refusal(&circle)?, ("CIRCULAR".to_owned(), at(&["parentKey"])));
        app.finish().await
    })
}

#[test]
fn version_that_is_not_the_newest_is_a_conflict_that_shows_the_newest() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let id = branch(client, "Центр").await?;
        let input = |name: &str, expected: i64| {
            let definition = json!({"name": name, "timeZone": "UTC"});
            json!({"idempotencyKey": name, "id": id, "definition": definition, "expectedVersion": expected})
        };
        tell(client, "revise", "Branch", input("Урал", 1)).await?;
        let conflict = tell(client, "revise", "Branch", input("Восток", 1)).await?;
        assert_eq!(
            refusal(&conflict)?,
            ("CONFLICT".to_owned(), json!(["input", "expectedVersion"]))
        );
        ensure!(conflict["thing"]["version"] == 2, "{conflict}");
        let retire = json!({"idempotencyKey": "x", "id": id, "expectedVersion": 7});
        assert_eq!(refusal(&tell(client, "retire", "Branch", retire).await?)?.0, "CONFLICT");
        let negative = json!({"idempotencyKey": "x", "id": id, "expectedVersion": -1});
        assert_eq!(
            refusal(&tell(client, "retire", "Branch", negative).await?)?.0,
            "BAD_USER_INPUT"
        );
        app.finish().await
    })
}

#[test]
fn what_is_fixed_taken_retired_or_absent_is_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let revise = |id: &str, definition: Value| json!({"idempotencyKey": "r", "id": id, "definition": definition});
        let absent = tell(client, "revise", "Tag", revise(UNKNOWN, json!({"name": "a"}))).await?;
        assert_eq!(refusal(&absent)?, ("NOT_FOUND".to_owned(), json!(["input", "id"])));
        let tag = made(client, "Tag", "t", json!({"name": "vip"})).await?;
        let renamed = tell(client, "revise", "Tag", revise(&tag, json!({"name": "wip"}))).await?;
        assert_eq!(refusal(&renamed)?, ("FIELD_FIXED".to_owned(), at(&["name"])));
        let foreign = tell(client, "retire", "Team", json!({"idempotencyKey": "x", "id": tag})).await?;
        assert_eq!(
            refusal(&foreign)?,
            ("BAD_USER_INPUT".to_owned(), json!(["input", "id"]))
        );
        tell(client, "retire", "Tag", json!({"idempotencyKey": "x", "id": tag})).await?;
        let retired = tell(
            client,
            "revise",
            "Tag",
            revise(&tag, json!({"name": "vip", "colour": "#000000"})),
        )
        .await?;
        assert_eq!(refusal(&retired)?.0, "RETIRED");
        let again = create(client, "Tag", "u", json!({"name": "VIP"})).await?;
        assert_eq!(refusal(&again)?.0, "EXISTS");
        ensure!(
            again["thing"]["id"] == tag.as_str() && again["thing"]["retired"] == true,
            "{again}"
        );
        app.finish().await
    })
}

#[test]
fn name_and_default_belong_to_one_in_use() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let branch = |name: &str, default: bool| json!({"name": name, "timeZone": "UTC", "isDefault": default});
        let first = made(client, "Branch", "a", branch("Центр", true)).await?;
        let named = create(client, "Branch", "b", branch(" ЦЕНТР", false)).await?;
        assert_eq!(refusal(&named)?, ("NAME_TAKEN".to_owned(), at(&["name"])));
        let default = create(client, "Branch", "c", branch("Урал", true)).await?;
        assert_eq!(refusal(&default)?, ("DEFAULT_TAKEN".to_owned(), at(&["isDefault"])));
        tell(client, "retire", "Branch", json!({"idempotencyKey": "x", "id": first})).await?;
        made(client, "Branch", "d", branch("центр", true)).await?;
        let restored = tell(client, "restore", "Branch", json!({"idempotencyKey": "y", "id": first})).await?;
        let codes: Vec<&Value> = restored["userErrors"]
            .as_array()
            .context("none")?
            .iter()
            .map(|it| &it["code"])
            .collect();
        assert_eq!(codes, ["NAME_TAKEN", "DEFAULT_TAKEN"]);
        let label = |category: &str| json!({"label": {"en": "A"}, "category": category, "isDefault": true});
        made(client, "StatusLabel", "a", label("OPEN")).await?;
        made(client, "StatusLabel", "b", label("CLOSED")).await?;
        let taken = create(client, "StatusLabel", "c", label("OPEN")).await?;
        assert_eq!(refusal(&taken)?, ("DEFAULT_TAKEN".to_owned(), at(&["isDefault"])));
        app.finish().await
    })
}
