//! What a customer may see and say: their own tickets, and never a note.

use anyhow::{Context, Result, ensure};
use api::config::Config;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tests::{App, Client, Socket, run};

use super::{document, must, read, reading, tell, texts, words};

const NODE: &str = "query($id: ID!) { node(id: $id) { ... on Message { body inReplyTo { body } } } }";
const HISTORY: &str = "query($id: ID!) { ticket(id: $id) { history(first: 100) { nodes { type } } } }";
const WATCH: &str = "subscription($id: ID!, $after: Position) { messageChanged(ticketId: $id, after: $after) {
    type actor position message { seq body visibility } } }";

pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) customer: Client,
    key: String,
    pub(crate) contact: String,
    pub(crate) inbox: String,
    _listed: NamedTempFile,
}

async fn desk() -> Result<Desk> {
    desk_with(&[]).await
}

/// A desk with a customer who came by way of an inbox, and may ask for these documents too.
pub(crate) async fn desk_with(documents: &[&str]) -> Result<Desk> {
    let listed = NamedTempFile::new()?;
    let mutations = [
        "postMessage",
        "addNote",
        "receiveMessage",
        "editMessage",
        "redactMessage",
        "markRead",
    ];
    let mut operations: serde_json::Map<String, Value> = mutations
        .iter()
        .map(|it| ((*it).to_owned(), json!(document(it))))
        .collect();
    for (name, text) in [
        ("reading", reading()),
        ("node", NODE.to_owned()),
        ("history", HISTORY.to_owned()),
        ("watch", WATCH.to_owned()),
    ] {
        operations.insert(name.to_owned(), json!(text));
    }
    for text in documents {
        operations.insert(format!("more{}", operations.len()), json!(text));
    }
    std::fs::write(listed.path(), Value::Object(operations).to_string())?;
    let app = App::start_with(|it| Config {
        persisted_operations_file: Some(listed.path().to_owned()),
        ..it
    })
    .await?;
    let query = "mutation($i: CreateInboxInput!) { it: createInbox(input: $i) { inbox { id } } }";
    let input = json!({"idempotencyKey": "i", "definition": {"name": "Сайт", "channel": "WEB_WIDGET"}});
    let inbox = app.client.data(query, json!({"i": input})).await?["it"]["inbox"]["id"].take();
    let query = "mutation($i: IssueVisitorSecretInput!) { it: issueVisitorSecret(input: $i) { secret } }";
    let input = json!({"idempotencyKey": "s", "inboxId": inbox, "keepFormerS": 0});
    let secret = app.client.data(query, json!({"i": input})).await?["it"]["secret"].take();
    let now = commands::Clock::System.now().timestamp();
    let claims = json!({"sub": "42", "aud": inbox, "exp": now + 600, "name": "Анна"});
    let signing = EncodingKey::from_secret(secret.as_str().context("no secret")?.as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &claims, &signing)?;
    let query = "mutation($i: StartVisitInput!) { it: startVisit(input: $i) { session { accessToken contactId } } }";
    let input = json!({"inboxId": inbox, "token": token});
    let visit = app.client.anonymous().data(query, json!({"i": input})).await?["it"]["session"].take();
    let key = visit["accessToken"].as_str().context("no token")?.to_owned();
    Ok(Desk {
        customer: app.client.with_key(&key),
        inbox: inbox.as_str().context("no inbox")?.to_owned(),
        contact: visit["contactId"].as_str().context("no contact")?.to_owned(),
        key,
        app,
        _listed: listed,
    })
}

async fn forbidden(client: &Client, mutation: &str, ticket: &str, more: Value) -> Result<()> {
    let mut input = json!({"ticketId": ticket});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    let (code, _) = client.error(&document(mutation), json!({"i": input})).await?;
    ensure!(code == "FORBIDDEN", "{mutation}: {code}");
    Ok(())
}

#[test]
fn customer_writes_under_their_own_ticket_and_never_sees_a_note() -> Result<()> {
    run(async {
        let desk = desk().await?;
        let (team, customer) = (&desk.app.client, &desk.customer);
        let ticket = team.ticket("t", &json!({"contactId": desk.contact})).await?;
        let strange = team.ticket("s", &json!({})).await?;
        let note = must(team, "addNote", &ticket, words("n", "между нами")).await?;
        let about = json!({"clientMessageId": "n2", "body": "и ещё", "inReplyTo": note["message"]["id"]});
        must(team, "addNote", &ticket, about).await?;
        must(team, "postMessage", &ticket, words("a", "Здравствуйте")).await?;
        let said = must(customer, "postMessage", &ticket, words("c", "Добрый день")).await?;
        assert_eq!(said["message"]["author"]["kind"], "CUSTOMER");
        assert_eq!(
            (&said["message"]["seq"], &said["message"]["visibility"]),
            (&json!(4), &json!("PUBLIC"))
        );
        let seen = read(customer, &ticket).await?;
        assert_eq!(texts(&seen), [Some("Здравствуйте"), Some("Добрый день")]);
        assert_eq!(seen["messages"]["totalCount"], 2);
        let hidden = customer.data(NODE, json!({"id": note["message"]["id"]})).await?;
        assert_eq!(hidden["node"], Value::Null);
        let reply = json!({"clientMessageId": "r", "body": "?", "inReplyTo": note["message"]["id"]});
        let payload = tell(customer, "postMessage", &ticket, reply).await?;
        assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND", "{payload}");
        let history = customer.data(HISTORY, json!({"id": ticket})).await?;
        ensure!(!history.to_string().contains("conversation"), "{history}");
        let id = said["message"]["id"].clone();
        forbidden(customer, "addNote", &ticket, words("x", "x")).await?;
        forbidden(
            customer,
            "receiveMessage",
            &ticket,
            json!({"clientMessageId": "x", "body": "x", "sentAt": "2020-01-01T00:00:00Z"}),
        )
        .await?;
        forbidden(
            customer,
            "editMessage",
            &ticket,
            json!({"idempotencyKey": "x", "messageId": id, "body": "x"}),
        )
        .await?;
        forbidden(
            customer,
            "redactMessage",
            &ticket,
            json!({"idempotencyKey": "x", "messageId": id, "reason": "OTHER"}),
        )
        .await?;
        forbidden(customer, "postMessage", &strange, words("x", "x")).await?;
        ensure!(customer.data(&reading(), json!({"id": strange})).await?["ticket"].is_null());
        // They may take the agent's name for a message, which is not theirs.
        must(customer, "postMessage", &ticket, words("a", "тоже a")).await?;
        // Reading leaves marks.
        must(customer, "markRead", &ticket, json!({"idempotencyKey": "m", "upTo": 3})).await?;
        let marked = read(team, &ticket).await?;
        let shown = &marked["messages"]["nodes"];
        assert_eq!(
            (&shown[2]["read"], &shown[2]["delivered"], &shown[0]["read"]),
            (&json!(true), &json!(true), &json!(false))
        );
        let block = "mutation($i: BlockContactInput!) { blockContact(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "b", "contactId": desk.contact, "reason": "угрозы"});
        team.data(block, json!({"i": input})).await?;
        let payload = tell(customer, "postMessage", &ticket, words("z", "ещё")).await?;
        assert_eq!(payload["userErrors"][0]["code"], "BLOCKED", "{payload}");
        desk.app.finish().await
    })
}

#[test]
fn customers_subscription_tells_of_their_own_public_messages_alone() -> Result<()> {
    run(async {
        let desk = desk().await?;
        let (team, customer) = (&desk.app.client, &desk.customer);
        let ticket = team.ticket("t", &json!({"contactId": desk.contact})).await?;
        let strange = team.ticket("s", &json!({})).await?;
        must(team, "addNote", &ticket, words("n", "между нами")).await?;
        must(team, "postMessage", &ticket, words("a", "Здравствуйте")).await?;
        must(team, "markRead", &ticket, json!({"idempotencyKey": "m", "upTo": 2})).await?;
        must(customer, "postMessage", &ticket, words("c", "Добрый день")).await?;
        let variables = json!({"id": ticket, "after": "0"});
        let mut socket = Socket::subscribe(&customer.base, &desk.key, WATCH, variables).await?;
        let mut heard = Vec::new();
        for _ in 0..2 {
            let told = socket.next().await?["messageChanged"].take();
            ensure!(told["message"]["visibility"] == "PUBLIC", "{told}");
            heard.push((told["message"]["body"].clone(), told["actor"].is_null()));
        }
        assert_eq!(heard, [(json!("Здравствуйте"), true), (json!("Добрый день"), false)]);
        must(team, "addNote", &ticket, words("n2", "ещё между нами")).await?;
        must(team, "postMessage", &strange, words("s", "другому")).await?;
        must(team, "postMessage", &ticket, words("b", "Смотрим")).await?;
        let told = socket.next().await?["messageChanged"].take();
        assert_eq!(told["message"]["body"], "Смотрим");
        let mut refused = Socket::subscribe(&customer.base, &desk.key, WATCH, json!({"id": strange})).await?;
        let answer = refused.hear().await?;
        ensure!(answer.to_string().contains("NOT_FOUND"), "{answer}");
        desk.app.finish().await
    })
}
