//! A classifier learns from what agents chose, says how good it is, and chooses what no rule does.

use anyhow::{Context, Result, ensure};
use event_store::Position;
use serde_json::{Value, json};
use tests::{App, Client, poll, run};

use super::{chosen, contact, history, prepare};
use crate::{
    conversation::{must, words},
    erasure::forget_one,
    organisation::made,
    people::{agent, set_up},
    read_models::log_of,
    search::uuid_of,
};

const TEXTS: [(&str, [&str; 4]); 3] = [
    (
        "payment",
        [
            "Верните деньги за оплату",
            "Списали деньги дважды",
            "Оплата не прошла, деньги списали",
            "Прошу вернуть оплату",
        ],
    ),
    (
        "access",
        [
            "Не могу войти, забыл пароль",
            "Пароль не подходит",
            "Вход закрыт, пароль не принимают",
            "Как войти без пароля",
        ],
    ),
    (
        "delivery",
        [
            "Курьер не привёз посылку",
            "Где моя посылка",
            "Посылка потеряна курьером",
            "Когда привезут посылку, где курьер",
        ],
    ),
];
/// Tickets of each category.
const EACH: usize = 14;
const SHOWN: &str = "classifiers { version active threshold examples tried accuracy vocabulary
    categories { categoryId examples tried precision recall } }";

/// Categories, customers, and tickets whose category was chosen at opening; the first customer.
async fn taught(client: &Client) -> Result<String> {
    for (key, _) in TEXTS {
        let definition = json!({"key": key, "name": {"ru": key, "en": key}});
        made(client, "Category", key, definition).await?;
    }
    let mut customers = Vec::new();
    for number in 0..5 {
        let input = json!({"idempotencyKey": format!("c{number}"), "name": "Мария"});
        customers.push(contact(client, input).await?);
    }
    for (key, texts) in TEXTS {
        for number in 0..EACH {
            let customer = &customers[number % customers.len()];
            // What one customer signs with, and what few wrote.
            let rare = if number % customers.len() == 0 {
                ". Тугаринов"
            } else {
                ""
            };
            let rarer = if key == "payment" && number < 4 {
                ". Кржижановский"
            } else {
                ""
            };
            let text = format!("{}{rare}{rarer}", texts[number % texts.len()]);
            let name = format!("{key} {number}");
            let subject = if key == "access" {
                "Здравствуйте"
            } else {
                &text
            };
            let input = json!({"subject": subject, "contactId": customer, "categoryId": key});
            let ticket = client.ticket(&name, &input).await?;
            if key == "access" {
                must(client, "receiveMessage", &ticket, words(&name, &text)).await?;
            }
        }
    }
    Ok(customers.swap_remove(0))
}

/// What a mutation of the classifier answers.
async fn told(client: &Client, mutation: &str, input: Value) -> Result<Value> {
    let of = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($i: {of}Input!) {{ {mutation}(input: $i) {{ {SHOWN} position stale
            userErrors {{ code message field }} }} }}"
    );
    Ok(client.data(&query, json!({"i": input})).await?[mutation].take())
}

async fn trained(client: &Client, key: &str) -> Result<Value> {
    let payload = told(client, "trainClassifier", json!({"idempotencyKey": key})).await?;
    ensure!(payload["userErrors"] == json!([]), "{payload}");
    Ok(payload["classifiers"].clone())
}

async fn activate(client: &Client, key: &str, version: i32, threshold: f64) -> Result<Value> {
    let input = json!({"idempotencyKey": key, "version": version, "threshold": threshold});
    told(client, "activateClassifier", input).await
}

/// Waits until a ticket has this category.
async fn gets(client: &Client, ticket: &str, category: &str) -> Result<Value> {
    let done = async || {
        let found = chosen(client, ticket).await;
        found.is_ok_and(|it| it["categoryId"] == category && it["categoryReason"] != Value::Null)
    };
    let waited = poll("the ticket is in no category", done).await;
    let found = chosen(client, ticket).await?;
    waited.with_context(|| format!("{found}, and not {category}"))?;
    Ok(found)
}

/// The payloads of the trainings in the log.
async fn trainings(app: &App) -> Result<Vec<String>> {
    let raw = log_of(app)?
        .read_all(Position::START, &["classifier.trained"], 10)
        .await?;
    Ok(raw
        .iter()
        .map(|it| String::from_utf8_lossy(&it.payload).into_owned())
        .collect())
}

#[test]
fn classifier_learns_from_agents_and_says_how_good_it_is() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let first_customer = taught(client).await?;
        let versions = trained(client, "t1").await?;
        let first = &versions[0];
        assert_eq!(
            (
                &first["version"],
                &first["active"],
                &first["threshold"],
                &first["examples"]
            ),
            (&json!(1), &json!(false), &Value::Null, &json!(42))
        );
        let tried = first["tried"].as_u64().context("nothing was tried")?;
        ensure!((1..=25).contains(&tried), "{first}");
        ensure!(first["accuracy"].as_f64().is_some_and(|it| it > 0.7), "{first}");
        let categories = first["categories"].as_array().context("no categories")?;
        let keys: Vec<_> = categories
            .iter()
            .map(|it| (&it["categoryId"], &it["examples"]))
            .collect();
        assert_eq!(
            keys,
            [("access", 14), ("delivery", 14), ("payment", 14)]
                .map(|it| (json!(it.0), json!(it.1)))
                .iter()
                .map(|it| (&it.0, &it.1))
                .collect::<Vec<_>>()
        );
        // The same log teaches the same: nothing new is kept, and the same wish is one wish.
        assert_eq!(trained(client, "t2").await?, versions);
        assert_eq!(trained(client, "t1").await?, versions);
        let kept = trainings(&app).await?;
        assert_eq!(kept.len(), 1);
        let known = |text: &str| {
            domain::classifier::stems([text])
                .iter()
                .all(|it| kept[0].contains(&format!("\"{it}\"")))
        };
        ensure!(known("пароль") && known("посылка"), "{}", kept[0]);
        for personal in ["тугарин", "кржижановск", "мари"] {
            ensure!(!kept[0].contains(personal), "{personal} is in {}", kept[0]);
        }
        // An agent's word is in the next training, and so are not those of somebody who is forgotten.
        let ticket = client.ticket("n", &json!({"subject": "Забыл пароль"})).await?;
        let choice = json!({"categoryId": "access"});
        client.must("categorizeTicket", "n1", &ticket, &choice).await?;
        let next = trained(client, "t3").await?;
        assert_eq!((&next[0]["version"], &next[0]["examples"]), (&json!(2), &json!(43)));
        assert_eq!(next[1], versions[0]);
        forget_one(&app, "--contact", &uuid_of(&first_customer)?).await?;
        let app = app.restart().await?;
        let left = trained(&app.client, "t4").await?;
        assert_eq!((&left[0]["version"], &left[0]["examples"]), (&json!(3), &json!(34)));
        // Read from the log anew, it is what it was.
        let app = app.restart().await?;
        let read = app.client.data(&format!("{{ {SHOWN} }}"), json!({})).await?;
        assert_eq!(read["classifiers"], left);
        app.finish().await
    })
}

#[test]
fn model_chooses_what_no_rule_does_and_never_over_an_agent() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        taught(client).await?;
        trained(client, "t").await?;
        let on = activate(client, "on", 1, 0.6).await?;
        assert_eq!(on["userErrors"], json!([]));
        assert_eq!(
            (&on["classifiers"][0]["active"], &on["classifiers"][0]["threshold"]),
            (&json!(true), &json!(0.6))
        );
        let ticket = client.ticket("1", &json!({"subject": "Курьеры с посылками"})).await?;
        let found = gets(client, &ticket, "delivery").await?;
        let reason = found["categoryReason"].as_str().context("no reason")?;
        ensure!(
            reason.starts_with("Chosen by the learned model 1, ") && reason.ends_with(" % sure"),
            "{reason}"
        );
        let russian = chosen(&client.speaking("ru"), &ticket).await?;
        let reason = russian["categoryReason"].as_str().context("no reason")?;
        ensure!(
            reason.starts_with("Выбрала обученная модель 1, уверенность "),
            "{reason}"
        );
        // The first message counts; what the model has never heard of stays without a category.
        let by_message = client.ticket("2", &json!({"subject": "Помогите"})).await?;
        must(
            client,
            "receiveMessage",
            &by_message,
            words("m", "Забыла пароль, не могу войти"),
        )
        .await?;
        gets(client, &by_message, "access").await?;
        let unknown = client.ticket("3", &json!({"subject": "Погода"})).await?;
        // An agent says otherwise, and that stays.
        let choice = json!({"categoryId": "payment"});
        client.must("categorizeTicket", "c", &ticket, &choice).await?;
        let subject = json!({"subject": "Где посылка и курьер"});
        client.must("changeTicketSubject", "s", &ticket, &subject).await?;
        // A rule goes before the model, and gives points by what the model chose.
        prepare_rules(client).await?;
        let ruled = client.ticket("4", &json!({"subject": "Пароль от возврата"})).await?;
        let found = gets(client, &ruled, "payment").await?;
        assert_eq!(found["categoryReason"], "By version 1 of the rules: \"Money\"");
        let both = client.ticket("5", &json!({"subject": "Списали деньги"})).await?;
        let found = gets(client, &both, "payment").await?;
        ensure!(
            found["categoryReason"]
                .as_str()
                .is_some_and(|it| it.contains("model 1")),
            "{found}"
        );
        assert_eq!(found["priority"], "HIGH");
        assert_eq!(chosen(client, &ticket).await?["categoryReason"], "Chosen by an agent");
        assert_eq!(history(client, &unknown).await?, ["ticket.opened"]);
        // Switched off, it says nothing any more.
        let off = told(client, "deactivateClassifier", json!({"idempotencyKey": "off"})).await?;
        assert_eq!(off["classifiers"][0]["active"], false);
        let later = client.ticket("6", &json!({"subject": "Где курьер с посылкой"})).await?;
        let last = client.ticket("7", &json!({"subject": "Возврат"})).await?;
        gets(client, &last, "payment").await?;
        assert_eq!(chosen(client, &later).await?["categoryId"], Value::Null);
        app.finish().await
    })
}

/// The usual rules without the one for passwords.
async fn prepare_rules(client: &Client) -> Result<()> {
    let mut rules = super::rules();
    let all = rules["rules"].as_array_mut().context("no rules")?;
    all.retain(|it| it["name"]["en"] != "Signing in");
    made(client, "Classification", "rules", rules).await?;
    Ok(())
}

#[test]
fn what_cannot_be_learnt_or_used_is_refused() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        prepare(&boss).await?;
        let errors = |payload: &Value| payload["userErrors"][0].clone();
        let few = told(&boss, "trainClassifier", json!({"idempotencyKey": "t"})).await?;
        assert_eq!(errors(&few)["code"], "TOO_FEW_EXAMPLES");
        let said =
            "too few examples: agents must have chosen at least 2 categories for at least 10 readable tickets each";
        assert_eq!(errors(&few)["message"], said);
        assert_eq!(few["classifiers"], json!([]));
        for threshold in [-0.1, 1.5] {
            let bad = activate(&boss, "a", 1, threshold).await?;
            assert_eq!(
                (&errors(&bad)["code"], &errors(&bad)["field"]),
                (&json!("BAD_USER_INPUT"), &json!(["input", "threshold"]))
            );
        }
        for version in [-1, 0, 1, i32::MAX] {
            let none = activate(&boss, "a", version, 0.5).await?;
            assert_eq!(
                (&errors(&none)["code"], &errors(&none)["field"]),
                (&json!("NOT_FOUND"), &json!(["input", "version"]))
            );
        }
        let off = told(&boss, "deactivateClassifier", json!({"idempotencyKey": "o"})).await?;
        assert_eq!(off["userErrors"], json!([]), "it is off already");
        let first = boss.respond("{ classifiers(first: 0) { version } }", json!({})).await?;
        assert_eq!(first["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        let nobody = agent(&app, &boss, "nobody@example.com").await?;
        let nobody = app.client.with_key(&nobody.access);
        for query in [
            "mutation { trainClassifier(input: {idempotencyKey: \"t\"}) { stale } }",
            "mutation { activateClassifier(input: {idempotencyKey: \"t\", version: 1, threshold: 2}) { stale } }",
            "mutation { deactivateClassifier(input: {idempotencyKey: \"t\"}) { stale } }",
            "{ classifiers { version } }",
        ] {
            let answer = nobody.respond(query, json!({})).await?;
            assert_eq!(
                answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
                "{query}: {answer}"
            );
        }
        ensure!(trainings(&app).await?.is_empty(), "something was learnt");
        app.finish().await
    })
}
