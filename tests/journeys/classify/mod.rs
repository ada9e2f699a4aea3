//! New tickets get their category and priority by rules, and their customers are answered of themselves.

mod answer;
mod crash;
mod model;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, poll, run};

use crate::{
    conversation::{must, words},
    organisation::{made, refusal, tell},
};

/// Rules by words, phrases, type, language and category.
pub(crate) fn rules() -> Value {
    json!({
        "rules": [
            {"name": {"ru": "Деньги", "en": "Money"}, "words": ["двойное списание", "возврат", "refund"],
                "categoryKey": "payment"},
            {"name": {"ru": "Вход", "en": "Signing in"}, "words": ["пароль", "password"], "categoryKey": "access"},
            {"name": {"ru": "Оплата важна", "en": "Payment matters"}, "categoryKeys": ["payment"], "points": 25},
            {"name": {"ru": "Вопрос по входу", "en": "Access question"}, "categoryKeys": ["access"], "points": 5},
            {"name": {"ru": "Сбой", "en": "Outage"}, "types": ["INCIDENT"], "points": 30},
            {"name": {"ru": "По-казахски", "en": "In Kazakh"}, "languages": ["kk"], "points": 1},
        ],
        "mediumFrom": 0, "highFrom": 20, "urgentFrom": 50,
    })
}

/// Categories and rules.
pub(crate) async fn prepare(client: &Client) -> Result<()> {
    for (key, ru, en) in [("payment", "Оплата", "Payment"), ("access", "Вход", "Access")] {
        made(
            client,
            "Category",
            key,
            json!({"key": key, "name": {"ru": ru, "en": en}}),
        )
        .await?;
    }
    made(client, "Classification", "rules", rules()).await?;
    Ok(())
}

const FIELDS: &str = "categoryId priority categoryReason priorityReason version status";

/// What was chosen for a ticket.
pub(crate) async fn chosen(client: &Client, ticket: &str) -> Result<Value> {
    let query = format!("query($id: ID!) {{ ticket(id: $id) {{ {FIELDS} }} }}");
    Ok(client.data(&query, json!({"id": ticket})).await?["ticket"].take())
}

/// Waits until a ticket has this category and priority, and the reasons show.
pub(crate) async fn becomes(client: &Client, ticket: &str, category: &str, priority: &str) -> Result<Value> {
    let done = async || {
        chosen(client, ticket).await.is_ok_and(|it| {
            it["categoryId"] == category && it["priority"] == priority && it["priorityReason"] != Value::Null
        })
    };
    let waited = poll("the ticket is not classified", done).await;
    let found = chosen(client, ticket).await?;
    waited.with_context(|| format!("{found}, and not {category} {priority}"))?;
    Ok(found)
}

async fn history(client: &Client, ticket: &str) -> Result<Vec<String>> {
    let looked = client.look(ticket).await?;
    let nodes = looked["history"]["nodes"].as_array().context("no history")?;
    Ok(nodes
        .iter()
        .filter_map(|it| it["type"].as_str().map(str::to_owned))
        .collect())
}

#[test]
fn rules_choose_category_and_priority_and_say_why() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let before = client.ticket("before", &json!({"subject": "Верните деньги"})).await?;
        prepare(client).await?;
        let ticket = client
            .ticket("t", &json!({"subject": "Когда вернёте деньги?", "type": "INCIDENT"}))
            .await?;
        let found = becomes(client, &ticket, "payment", "URGENT").await?;
        assert_eq!(found["categoryReason"], "By version 1 of the rules: \"Money\"");
        assert_eq!(
            found["priorityReason"],
            "By version 1 of the rules: \"Payment matters\" +25, \"Outage\" +30; 55 in all, which is urgent priority"
        );
        let russian = chosen(&client.speaking("ru"), &ticket).await?;
        assert_eq!(russian["categoryReason"], "По правилам версии 1: «Деньги»");
        assert_eq!(
            russian["priorityReason"],
            "По правилам версии 1: «Оплата важна» +25, «Сбой» +30; вместе 55, это срочный приоритет"
        );
        assert_eq!(
            history(client, &ticket).await?,
            ["ticket.opened", "ticket.categorized", "ticket.prioritized"]
        );
        // Nothing looks back: what was opened before there were rules stays as it is.
        let old = chosen(client, &before).await?;
        assert_eq!(
            (&old["categoryId"], &old["priorityReason"]),
            (&Value::Null, &Value::Null)
        );
        // English words, and what the rules know nothing of.
        let english = client.ticket("e", &json!({"subject": "I forgot my passwords"})).await?;
        becomes(client, &english, "access", "MEDIUM").await?;
        let unknown = client.ticket("u", &json!({"subject": "Здравствуйте"})).await?;
        let last = client.ticket("l", &json!({"subject": "Забыл пароль"})).await?;
        becomes(client, &last, "access", "MEDIUM").await?;
        assert_eq!(history(client, &unknown).await?, ["ticket.opened"]);
        app.finish().await
    })
}

#[test]
fn what_people_chose_stays_and_what_rules_chose_follows_the_ticket() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        prepare(client).await?;
        // Said at opening: it stays, and the other is chosen.
        let said = client
            .ticket(
                "s",
                &json!({"subject": "Возврат", "priority": "LOW", "type": "INCIDENT"}),
            )
            .await?;
        let kept = becomes(client, &said, "payment", "LOW").await?;
        assert_eq!(kept["priorityReason"], "Chosen by an agent");
        // A new subject is classified anew, until an agent says otherwise.
        let ticket = client.ticket("t", &json!({"subject": "Забыл пароль"})).await?;
        becomes(client, &ticket, "access", "MEDIUM").await?;
        let subject = |text: &str| json!({"subject": text});
        client
            .must("changeTicketSubject", "c1", &ticket, &subject("Нужен возврат"))
            .await?;
        becomes(client, &ticket, "payment", "HIGH").await?;
        client
            .must("changeTicketType", "c2", &ticket, &json!({"type": "INCIDENT"}))
            .await?;
        becomes(client, &ticket, "payment", "URGENT").await?;
        client
            .must(
                "changeTicketPriority",
                "c3",
                &ticket,
                &json!({"priority": "LOW", "reason": "это тест"}),
            )
            .await?;
        client
            .must("changeTicketSubject", "c4", &ticket, &subject("Опять пароль"))
            .await?;
        let found = becomes(client, &ticket, "access", "LOW").await?;
        assert_eq!(found["priorityReason"], "Chosen by an agent: это тест");
        client
            .must("categorizeTicket", "c5", &ticket, &json!({"categoryId": "access"}))
            .await?;
        let theirs = async || {
            chosen(client, &ticket)
                .await
                .is_ok_and(|it| it["categoryReason"] == "Chosen by an agent")
        };
        poll("the agent's choice does not show", theirs).await?;
        client
            .must("changeTicketSubject", "c6", &ticket, &subject("Возврат"))
            .await?;
        // Whatever comes behind it was looked at after it.
        let last = client.ticket("l", &json!({"subject": "Возврат"})).await?;
        becomes(client, &last, "payment", "HIGH").await?;
        let found = chosen(client, &ticket).await?;
        assert_eq!(
            (&found["categoryId"], &found["priority"]),
            (&json!("access"), &json!("LOW"))
        );
        app.finish().await
    })
}

async fn contact(client: &Client, input: Value) -> Result<String> {
    let query = "mutation($i: CreateContactInput!) { createContact(input: $i) { contact { id } userErrors { code } } }";
    let answer = client.data(query, json!({"i": input})).await?;
    let id = answer["createContact"]["contact"]["id"].as_str();
    Ok(id.with_context(|| answer.to_string())?.to_owned())
}

#[test]
fn customer_first_message_and_organization_count() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        prepare(client).await?;
        let query = "mutation($i: CreateOrganizationInput!) { createOrganization(input: $i) { organization { id }
            userErrors { code message } } }";
        let input = json!({"i": {"idempotencyKey": "o", "name": "Клиника"}});
        let answer = client.data(query, input).await?;
        let organization = answer["createOrganization"]["organization"]["id"].as_str();
        let organization = organization.with_context(|| answer.to_string())?.to_owned();
        let mut more = rules();
        more["rules"].as_array_mut().context("no rules")?.push(
            json!({"name": {"ru": "Важный клиент", "en": "Important"}, "organizationIds": [organization], "points": 50}),
        );
        let id = client.data("{ classification { id } }", json!({})).await?["classification"]["id"].clone();
        let revised = tell(
            client,
            "revise",
            "Classification",
            json!({"idempotencyKey": "r", "id": id, "definition": more}),
        );
        ensure!(revised.await?["userErrors"] == json!([]), "not revised");
        let person = contact(
            client,
            json!({"idempotencyKey": "p", "name": "Айгуль", "locale": "kk-KZ"}),
        )
        .await?;
        let ticket = client
            .ticket("t", &json!({"subject": "Помогите", "contactId": person}))
            .await?;
        let found = becomes_priority(client, &ticket, "MEDIUM").await?;
        assert_eq!(
            found["priorityReason"],
            "By version 2 of the rules: \"In Kazakh\" +1; 1 in all, which is medium priority"
        );
        must(client, "receiveMessage", &ticket, words("m1", "Не подходит пароль")).await?;
        becomes(client, &ticket, "access", "MEDIUM").await?;
        must(client, "receiveMessage", &ticket, words("m2", "И верните деньги")).await?;
        let query = "mutation($i: AssignContactToOrganizationInput!) { assignContactToOrganization(input: $i) {
            userErrors { code message } } }";
        let input = json!({"idempotencyKey": "a", "contactId": person, "organizationId": organization});
        let assigned = client.data(query, json!({"i": input})).await?;
        ensure!(
            assigned["assignContactToOrganization"]["userErrors"] == json!([]),
            "{assigned}"
        );
        becomes(client, &ticket, "access", "URGENT").await?;
        app.finish().await
    })
}

async fn becomes_priority(client: &Client, ticket: &str, priority: &str) -> Result<Value> {
    let done = async || {
        let found = chosen(client, ticket).await;
        found.is_ok_and(|it| it["priority"] == priority && it["priorityReason"] != Value::Null)
    };
    poll("the ticket has not that priority", done).await?;
    chosen(client, ticket).await
}

#[test]
fn rules_put_nothing_where_nothing_is_any_more_and_know_every_category() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let name = |key: &str| json!({"key": key, "name": {"ru": key}});
        let old = made(client, "Category", "old", name("old")).await?;
        made(client, "Category", "new", name("new")).await?;
        let by = |key: &str, field: &str, value: Value| {
            let mut rule = json!({"name": {"en": key}, "words": ["сертификат"]});
            rule[field] = value;
            rule
        };
        let definition = |known: &str| {
            let mut points = by("old matters", "points", json!(90));
            points["categoryKeys"] = json!([known]);
            let rules = json!([
                by("old", "categoryKey", json!("old")),
                points,
                by("new", "categoryKey", json!("new")),
                by("any", "points", json!(1))
            ]);
            json!({"rules": rules, "mediumFrom": 0, "highFrom": 20, "urgentFrom": 50})
        };
        let wrong = json!({"idempotencyKey": "w", "definition": definition("odl")});
        let refused = refusal(&tell(client, "create", "Classification", wrong).await?)?;
        assert_eq!(refused.1, json!(["input", "definition", "rules", "1"]));
        made(client, "Classification", "rules", definition("old")).await?;
        let ticket = client.ticket("1", &json!({"subject": "Сертификат"})).await?;
        becomes(client, &ticket, "old", "URGENT").await?;
        let retired = json!({"idempotencyKey": "r", "id": old});
        let retired = tell(client, "retire", "Category", retired).await?;
        ensure!(retired["userErrors"] == json!([]), "{retired}");
        let ticket = client.ticket("2", &json!({"subject": "Сертификат"})).await?;
        becomes(client, &ticket, "new", "MEDIUM").await?;
        app.finish().await
    })
}
