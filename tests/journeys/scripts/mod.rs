//! Scripts: those that Letopis comes with, canned replies filled, macros run and taken back.

mod bad_input;
mod crash;
mod undo;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, run};

use crate::{
    conversation::{contact, read, texts},
    people::{agent, set_up},
};

const RUN: &str = "run { id steps { deed done text undone } succeeded stoppedAt stoppedBecause undone macroVersion }
    ticket { id status priority categoryId tagIds assignee { name } } position stale userErrors { code message field }";

/// The payload of `runMacro`.
pub(crate) async fn run_macro(client: &Client, key: &str, ticket: &str, script: &str, values: Value) -> Result<Value> {
    let query = format!("mutation($i: RunMacroInput!) {{ told: runMacro(input: $i) {{ {RUN} }} }}");
    let input = json!({"idempotencyKey": key, "ticketId": ticket, "macroId": script, "values": values});
    let payload = client.data(&query, json!({"i": input})).await?["told"].take();
    client.has_seen(&payload["position"]);
    Ok(payload)
}

/// The same of one that must be carried out.
pub(crate) async fn must_run(client: &Client, key: &str, ticket: &str, script: &str) -> Result<Value> {
    let payload = run_macro(client, key, ticket, script, json!([])).await?;
    ensure!(
        payload["userErrors"] == json!([]) && payload["stale"] == false,
        "{payload}"
    );
    Ok(payload)
}

/// The payload of `installStarterScripts`.
pub(crate) async fn install(client: &Client, key: &str, locales: Value) -> Result<Value> {
    let query = "mutation($i: InstallStarterScriptsInput!) { told: installStarterScripts(input: $i) {
        cannedReplyIds macroIds added position stale userErrors { code message field } } }";
    let input = json!({"idempotencyKey": key, "locales": locales});
    Ok(client.data(query, json!({"i": input})).await?["told"].take())
}

/// The id of a macro by its key, from an answer of `installStarterScripts`.
pub(crate) fn script(installed: &Value, key: &str) -> Result<String> {
    let keys = [
        "greeting",
        "ask_more_info",
        "escalation",
        "close_with_solution",
        "close_without_solution",
    ];
    let place = keys.iter().position(|it| *it == key).context("no such key")?;
    Ok(installed["macroIds"][place].as_str().context("no id")?.to_owned())
}

#[test]
fn starter_scripts_are_installed_once_and_what_people_changed_stays() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let first = install(client, "a", json!(["RU"])).await?;
        assert_eq!((&first["added"], &first["userErrors"]), (&json!(8), &json!([])));
        let same = install(client, "a", json!(["RU"])).await?;
        assert_eq!(same["added"], 0);
        let again = install(client, "b", json!(null)).await?;
        assert_eq!((&again["added"], &again["macroIds"]), (&json!(0), &first["macroIds"]));
        let query = "{ macros(first: 10) { nodes { key name { ru en } steps { deed } } }
            cannedReplies(first: 10) { nodes { key body { ru en } } } }";
        let listed = client.data(query, json!({})).await?;
        let mut keys: Vec<&str> = ["macros", "cannedReplies"]
            .iter()
            .filter_map(|it| listed[it]["nodes"].as_array())
            .flatten()
            .filter_map(|it| it["key"].as_str())
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "ask_more_info",
                "certificate_issue",
                "close_with_solution",
                "close_without_solution",
                "course_access",
                "escalation",
                "greeting",
                "password_reset"
            ]
        );
        assert_eq!(listed["macros"]["nodes"][0]["name"]["en"], Value::Null);
        let none = install(client, "c", json!([])).await?;
        assert_eq!(none["userErrors"][0]["code"], "BAD_USER_INPUT");
        app.finish().await
    })
}

#[test]
fn first_administrator_may_begin_with_the_starter_scripts() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let query = "mutation($i: SetUpInput!) { setUp(input: $i) { session { accessToken } userErrors { code } } }";
        let input = json!({"token": app.set_up_token().await?, "email": "boss@example.com", "name": "Начальник",
            "password": "сорок тысяч обезьян", "starterScripts": ["RU", "EN"]});
        let answer = app.client.anonymous().data(query, json!({"i": input})).await?;
        let token = answer["setUp"]["session"]["accessToken"].as_str();
        let boss = app.client.with_key(token.with_context(|| answer.to_string())?);
        let listed = boss
            .data("{ macros { totalCount } cannedReplies { totalCount } }", json!({}))
            .await?;
        assert_eq!(
            (&listed["macros"]["totalCount"], &listed["cannedReplies"]["totalCount"]),
            (&json!(5), &json!(3))
        );
        let revisions = boss
            .data(
                "{ macros(first: 1) { nodes { history(first: 1) { nodes { actor } } } } }",
                json!({}),
            )
            .await?;
        let actor = &revisions["macros"]["nodes"][0]["history"]["nodes"][0]["actor"];
        ensure!(actor.as_str().is_some_and(|it| it.starts_with("agent:")), "{revisions}");
        app.finish().await
    })
}

#[test]
fn macro_says_and_does_all_in_one_batch_and_its_use_is_counted() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let installed = install(&boss, "a", json!(["RU", "EN"])).await?;
        let greeting = script(&installed, "greeting")?;
        let maria = contact(&boss, "Мария").await?;
        let ticket = boss
            .ticket("t", &json!({"subject": "Не работает почта", "contactId": maria}))
            .await?;
        let preview = "query($t: ID!, $m: ID!) { previewMacro(ticketId: $t, macroId: $m) {
            missing steps { deed done text } } }";
        let preview = boss.data(preview, json!({"t": ticket, "m": greeting})).await?;
        assert_eq!(preview["previewMacro"]["missing"], json!([]));
        assert!(texts(&read(&boss, &ticket).await?).is_empty(), "a preview says nothing");
        let done = must_run(&boss, "r", &ticket, &greeting).await?;
        let number = boss.look(&ticket).await?["number"].clone();
        let text = format!("Здравствуйте, Мария!\n\nМеня зовут Начальник, я занимаюсь вашей заявкой № {number}.");
        assert_eq!(preview["previewMacro"]["steps"][1]["text"], text);
        assert_eq!(done["run"]["succeeded"], true);
        assert_eq!(
            (&done["ticket"]["status"], &done["ticket"]["assignee"]["name"]),
            (&json!("OPEN"), &json!("Начальник"))
        );
        let said = read(&boss, &ticket).await?;
        assert_eq!(texts(&said), [Some(text.as_str())]);
        assert_eq!(said["messages"]["nodes"][0]["via"], "macro");
        let same = must_run(&boss, "r", &ticket, &greeting).await?;
        assert_eq!(same["run"], done["run"]);
        assert_eq!(
            texts(&read(&boss, &ticket).await?).len(),
            1,
            "the same key runs nothing twice"
        );
        let closing = script(&installed, "close_without_solution")?;
        let closed = must_run(&boss, "c", &ticket, &closing).await?;
        assert_eq!(closed["ticket"]["status"], "CLOSED");
        let usage = "query($m: ID!, $t: ID!, $to: DateTime) { macroUsage(macroId: $m) { runs succeeded stopped undone }
            before: macroUsage(macroId: $m, to: $to) { runs lastRunAt } macroRuns(ticketId: $t) { done steps actor } }";
        let variables = json!({"m": greeting, "t": ticket, "to": "2020-01-01T00:00:00Z"});
        let usage = boss.data(usage, variables).await?;
        assert_eq!(
            usage["macroUsage"],
            json!({"runs": 1, "succeeded": 1, "stopped": 0, "undone": 0})
        );
        assert_eq!(usage["before"], json!({"runs": 0, "lastRunAt": null}));
        assert_eq!(usage["macroRuns"].as_array().map(Vec::len), Some(2));
        let (data, database) = app.stop().await?;
        one_correlation(data.path()).await?;
        tests::assert_replay_equals_live(data.path(), &database).await
    })
}

#[test]
fn run_that_has_ended_is_not_taken_again_under_its_key() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let steps = json!([{"priority": "URGENT"}, {"note": {"ru": "Срочно"}}]);
        let definition = json!({"key": "urgent", "name": {"ru": "Срочно"}, "steps": steps});
        let script = crate::organisation::made(client, "Macro", "m", definition).await?;
        let ticket = client.ticket("t", &json!({"priority": "URGENT"})).await?;
        let done = must_run(client, "r", &ticket, &script).await?;
        let calm = json!({"priority": "LOW"});
        client.must("changeTicketPriority", "p", &ticket, &calm).await?;
        let same = must_run(client, "r", &ticket, &script).await?;
        assert_eq!((&same["run"], &same["position"]), (&done["run"], &done["position"]));
        assert_eq!(client.look(&ticket).await?["priority"], "LOW");
        app.finish().await
    })
}

/// All that a run led to carries the id of the wish.
async fn one_correlation(data: &std::path::Path) -> Result<()> {
    let (node, log) = tests::open_log(data).await?;
    let raws = log.read_unfiltered(event_store::Position::START, 10_000).await?;
    let mut of_run = Vec::new();
    for raw in &raws {
        let metadata: Value = serde_json::from_slice(&raw.metadata).unwrap_or_default();
        of_run.push((raw.event_type.clone(), metadata["$correlationId"].clone()));
    }
    let begun = of_run.iter().find(|it| it.0 == "macro_run.started").context("no run")?;
    let types: Vec<&str> = of_run
        .iter()
        .filter(|it| it.1 == begun.1)
        .map(|it| it.0.as_str())
        .collect();
    assert_eq!(
        types,
        [
            "macro_run.started",
            "assignment.agent_assigned",
            "conversation.started",
            "conversation.message_posted",
            "ticket.started",
            "macro_run.finished"
        ]
    );
    Ok(node.stop().await?)
}

#[test]
fn canned_reply_is_filled_and_says_what_is_missing() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let body = json!({"ru": "Здравствуйте, {{contact.name}}! {{ticket.number}}: {{estimate}}", "en": "Hello"});
        let definition = json!({"key": "hello", "name": {"ru": "Привет"}, "body": body});
        let reply = crate::organisation::made(&boss, "CannedReply", "hello", definition).await?;
        let ticket = boss.ticket("t", &json!({"subject": "Почта"})).await?;
        let query = "query($t: ID!, $r: ID!, $v: [TemplateValueInput!]) {
            previewCannedReply(ticketId: $t, cannedReplyId: $r, values: $v) { text missing } }";
        let filled = boss.data(query, json!({"t": ticket, "r": reply})).await?["previewCannedReply"].take();
        assert_eq!(filled["missing"], json!(["contact.name", "estimate"]));
        let values =
            json!([{"name": "contact.name", "value": "{{agent.name}}"}, {"name": "estimate", "value": "завтра"}]);
        let variables = json!({"t": ticket, "r": reply, "v": values});
        let filled = boss.data(query, variables.clone()).await?["previewCannedReply"].take();
        let number = boss.look(&ticket).await?["number"].clone();
        assert_eq!(
            filled["text"],
            format!("Здравствуйте, {{{{agent.name}}}}! {number}: завтра")
        );
        let stranger = agent(&app, &boss, "nobody@example.com").await?;
        let (code, _) = app.client.with_key(&stranger.access).error(query, variables).await?;
        assert_eq!(code, "FORBIDDEN");
        app.finish().await
    })
}
