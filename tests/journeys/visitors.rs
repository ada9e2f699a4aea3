//! Visitors for whom the customer's own backend vouches.

use anyhow::{Context, Result, ensure};
use api::config::Config;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tests::{App, Client, eventually, run};

use crate::read_models::log_of;

const VIEWER: &str = "{ viewer { actor rights { permission scopes { kind id } } } }";

struct Desk {
    app: App,
    inbox: String,
    _listed: NamedTempFile,
}

impl Desk {
    async fn open() -> Result<Self> {
        let listed = NamedTempFile::new()?;
        std::fs::write(listed.path(), json!({"viewer": VIEWER}).to_string())?;
        let app = App::start_with(|it| Config {
            persisted_operations_file: Some(listed.path().to_owned()),
            ..it
        })
        .await?;
        let inbox = inbox(&app, "Сайт").await?;
        Ok(Self {
            app,
            inbox,
            _listed: listed,
        })
    }

    async fn secret(&self, key: &str, keep: i32) -> Result<String> {
        let answer = issue(&self.app.client, &self.inbox, key, keep).await?;
        let secret = answer["secret"].as_str();
        Ok(secret.with_context(|| answer.to_string())?.to_owned())
    }

    async fn visit(&self, token: &str) -> Result<Value> {
        start(&self.app, json!({"inboxId": self.inbox, "token": token})).await
    }

    async fn code(&self, token: &str) -> Result<String> {
        let answer = self.visit(token).await?;
        ensure!(answer["session"].is_null(), "{answer}");
        let code = answer["userErrors"][0]["code"].as_str();
        Ok(code.with_context(|| answer.to_string())?.to_owned())
    }

    /// What the backend says of a visitor, with these claims beside the usual.
    fn claims(&self, more: &Value) -> Value {
        let mut claims = json!({"sub": "42", "aud": self.inbox, "exp": now() + 600});
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    }
}

fn now() -> i64 {
    commands::Clock::System.now().timestamp()
}

fn sign(secret: &str, claims: &Value) -> Result<String> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    Ok(encode(&Header::new(Algorithm::HS256), claims, &key)?)
}

async fn inbox(app: &App, name: &str) -> Result<String> {
    let query = "mutation($i: CreateInboxInput!) { createInbox(input: $i) { inbox { id } userErrors { code } } }";
    let input = json!({"idempotencyKey": name, "definition": {"name": name, "channel": "WEB_WIDGET"}});
    let answer = app.client.data(query, json!({"i": input})).await?;
    let id = answer["createInbox"]["inbox"]["id"].as_str();
    Ok(id.with_context(|| answer.to_string())?.to_owned())
}

async fn issue(client: &Client, inbox: &str, key: &str, keep: i32) -> Result<Value> {
    let query = "mutation($i: IssueVisitorSecretInput!) {
        issueVisitorSecret(input: $i) { secret position userErrors { code field } } }";
    let input = json!({"idempotencyKey": key, "inboxId": inbox, "keepFormerS": keep});
    Ok(client.data(query, json!({"i": input})).await?["issueVisitorSecret"].clone())
}

async fn start(app: &App, input: Value) -> Result<Value> {
    let query = "mutation($i: StartVisitInput!) {
        startVisit(input: $i) { session { accessToken contactId } userErrors { code field } } }";
    let answer = app.client.anonymous().data(query, json!({"i": input})).await?;
    Ok(answer["startVisit"].clone())
}

fn contact(answer: &Value) -> Result<String> {
    let id = answer["session"]["contactId"].as_str();
    Ok(id.with_context(|| answer.to_string())?.to_owned())
}

#[test]
fn vouched_visitor_is_one_contact_and_may_ask_only_what_is_listed() -> Result<()> {
    run(async {
        let desk = Desk::open().await?;
        let secret = desk.secret("1", 0).await?;
        let claims = desk.claims(&json!({"email": "anna@example.com", "phone": "+7 912 345-67-89", "name": "Анна"}));
        let token = sign(&secret, &claims)?;
        let visit = desk.visit(&token).await?;
        let id = contact(&visit)?;
        ensure!(
            contact(&desk.visit(&token).await?)? == id,
            "another contact for the same visitor"
        );
        let shown = "query($id: ID!) { contact(id: $id) { name handles { channel value verified } } }";
        // A visit tells no position to wait for.
        let look = async || desk.app.client.data(shown, json!({"id": id})).await;
        let are_there = |it: &Value| it["contact"]["handles"].as_array().is_some_and(|it| it.len() == 3);
        let seen = eventually(look, are_there).await?;
        let handles = seen["contact"]["handles"].as_array().context("no handles")?;
        ensure!(handles.len() == 3 && seen["contact"]["name"] == "Анна", "{seen}");
        ensure!(handles.iter().all(|it| it["verified"] == true), "{seen}");
        let visitor = desk
            .app
            .client
            .with_key(visit["session"]["accessToken"].as_str().context("no token")?);
        let viewer = visitor.data(VIEWER, json!({})).await?;
        ensure!(
            viewer["viewer"]["actor"]
                .as_str()
                .is_some_and(|it| it.starts_with("contact:")),
            "{viewer}"
        );
        for right in viewer["viewer"]["rights"].as_array().context("no rights")? {
            ensure!(right["scopes"] == json!([{"kind": "CONTACT", "id": id}]), "{right}");
        }
        for query in ["{ viewer { actor } }", "{ __schema { types { name } } }"] {
            let (code, _) = visitor.error(query, json!({})).await?;
            ensure!(code == "FORBIDDEN", "{query}: {code}");
        }
        desk.app.finish().await
    })
}

#[test]
fn visitor_arriving_many_times_at_once_is_one_contact() -> Result<()> {
    run(async {
        let desk = Desk::open().await?;
        let secret = desk.secret("1", 0).await?;
        let token = sign(&secret, &desk.claims(&json!({"email": "anna@example.com"})))?;
        let visits = futures_util::future::join_all((0..32).map(|_| desk.visit(&token))).await;
        let mut ids = visits.into_iter().map(|it| contact(&it?)).collect::<Result<Vec<_>>>()?;
        ids.dedup();
        ensure!(ids.len() == 1, "{ids:?}");
        desk.app.finish().await
    })
}

#[test]
fn address_of_somebody_else_makes_nobody_that_person() -> Result<()> {
    run(async {
        let desk = Desk::open().await?;
        let secret = desk.secret("1", 0).await?;
        let first = desk
            .visit(&sign(&secret, &desk.claims(&json!({"email": "anna@example.com"})))?)
            .await?;
        let claims = desk.claims(&json!({"sub": "43", "email": "anna@example.com"}));
        let second = desk.visit(&sign(&secret, &claims)?).await?;
        ensure!(contact(&first)? != contact(&second)?);
        let refused = desk.claims(&json!({"sub": "44", "phone": "912 345-67-89"}));
        let code = desk.code(&sign(&secret, &refused)?).await?;
        ensure!(code == "PHONE_WITHOUT_COUNTRY", "{code}");
        desk.app.finish().await
    })
}

#[test]
fn whoever_is_not_vouched_for_is_told_why() -> Result<()> {
    run(async {
        let desk = Desk::open().await?;
        ensure!(desk.code(&sign("ltv_guessed", &desk.claims(&json!({})))?).await? == "VISITOR_TOKEN_SIGNATURE");
        let secret = desk.secret("1", 0).await?;
        let other = inbox(&desk.app, "Другая линия").await?;
        for (more, expected) in [
            (json!({"exp": now() - 120}), "VISITOR_TOKEN_EXPIRED"),
            (json!({"exp": now() + 25 * 3600}), "VISITOR_TOKEN_TOO_LONG"),
            (json!({"exp": null}), "VISITOR_TOKEN_TOO_LONG"),
            (json!({"nbf": now() + 600}), "VISITOR_TOKEN_EARLY"),
            (json!({"aud": other}), "VISITOR_TOKEN_OTHER_INBOX"),
            (json!({"sub": ""}), "VISITOR_TOKEN_MALFORMED"),
        ] {
            let code = desk.code(&sign(&secret, &desk.claims(&more))?).await?;
            ensure!(code == expected, "{more}: {code}");
        }
        let good = sign(&secret, &desk.claims(&json!({})))?;
        let (_, rest) = good.split_once('.').context("no token")?;
        // {"alg":"none"} and {"alg":"RS256"}
        for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJSUzI1NiJ9"] {
            let code = desk.code(&format!("{header}.{rest}")).await?;
            ensure!(code == "VISITOR_TOKEN_ALGORITHM", "{header}: {code}");
        }
        ensure!(desk.code("nonsense").await? == "VISITOR_TOKEN_MALFORMED");
        let input = json!({"inboxId": desk.inbox, "token": good, "hmac": "00"});
        let both = start(&desk.app, input).await?;
        ensure!(both["userErrors"][0]["code"] == "BAD_USER_INPUT", "{both}");
        // The inbox's token is none of the server's own.
        let client = desk.app.client.with_key(&good);
        ensure!(client.post(json!({"query": VIEWER}).to_string()).await?.status() == 401);
        desk.app.finish().await
    })
}

#[test]
fn id_with_its_hmac_vouches_as_well() -> Result<()> {
    run(async {
        let desk = Desk::open().await?;
        let secret = desk.secret("1", 0).await?;
        let by_token = contact(&desk.visit(&sign(&secret, &desk.claims(&json!({})))?).await?)?;
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
        let tag = aws_lc_rs::hmac::sign(&key, b"42");
        let hmac: String = tag
            .as_ref()
            .iter()
            .flat_map(|it| [it >> 4, it & 15])
            .filter_map(|it| char::from_digit(it.into(), 16))
            .collect();
        let visit = |id: &str| {
            start(
                &desk.app,
                json!({"inboxId": desk.inbox, "externalId": id, "hmac": hmac}),
            )
        };
        ensure!(
            contact(&visit("42").await?)? == by_token,
            "another contact for the same visitor"
        );
        let wrong = visit("43").await?;
        ensure!(wrong["userErrors"][0]["code"] == "VISITOR_TOKEN_SIGNATURE", "{wrong}");
        desk.app.finish().await
    })
}

#[test]
fn replaced_secret_counts_only_for_as_long_as_was_said() -> Result<()> {
    run(async {
        let desk = Desk::open().await?;
        let first = desk.secret("1", 0).await?;
        ensure!(
            desk.secret("1", 0).await? == first,
            "a repeated wish gives another secret"
        );
        let second = desk.secret("2", 3600).await?;
        let claims = desk.claims(&json!({}));
        for secret in [&first, &second] {
            contact(&desk.visit(&sign(secret, &claims)?).await?)?;
        }
        let third = desk.secret("3", 0).await?;
        for (secret, opens) in [(&first, false), (&second, false), (&third, true)] {
            let visit = desk.visit(&sign(secret, &claims)?).await?;
            ensure!(visit["session"].is_object() == opens, "{visit}");
        }
        let wrong = issue(&desk.app.client, &desk.inbox, "4", -1).await?;
        ensure!(
            wrong["userErrors"][0]["code"] == "BAD_USER_INPUT" && wrong["secret"].is_null(),
            "{wrong}"
        );
        let revoke =
            "mutation($i: RevokeVisitorSecretInput!) { revokeVisitorSecret(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "5", "inboxId": desk.inbox});
        desk.app.client.data(revoke, json!({"i": input})).await?;
        ensure!(desk.code(&sign(&third, &claims)?).await? == "VISITOR_TOKEN_SIGNATURE");
        desk.app.finish().await
    })
}

#[test]
fn retired_inbox_and_blocked_contact_let_nobody_in() -> Result<()> {
    run(async {
        let desk = Desk::open().await?;
        let client = &desk.app.client;
        let secret = desk.secret("1", 0).await?;
        let token = sign(&secret, &desk.claims(&json!({})))?;
        let id = contact(&desk.visit(&token).await?)?;
        let block = "mutation($i: BlockContactInput!) { blockContact(input: $i) { userErrors { code } } }";
        client
            .data(
                block,
                json!({"i": {"idempotencyKey": "b", "contactId": id, "reason": "спам"}}),
            )
            .await?;
        ensure!(desk.code(&token).await? == "VISITOR_BLOCKED");
        let retire = "mutation($i: RetireInput!) { retireInbox(input: $i) { userErrors { code } } }";
        client
            .data(retire, json!({"i": {"idempotencyKey": "r", "id": desk.inbox}}))
            .await?;
        ensure!(desk.code(&token).await? == "RETIRED");
        let refused = issue(client, &desk.inbox, "2", 0).await?;
        ensure!(
            refused["userErrors"][0]["code"] == "RETIRED" && refused["secret"].is_null(),
            "{refused}"
        );
        let unknown = start(&desk.app, json!({"inboxId": uuid::Uuid::nil(), "token": token})).await?;
        ensure!(unknown["userErrors"][0]["code"] == "NOT_FOUND", "{unknown}");
        desk.app.finish().await
    })
}

/// The uuid in a global id.
fn uuid_in(id: &Value) -> Result<String> {
    let id = id.as_str().context("no id")?;
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id)?)?;
    Ok(text.split_once(':').context("no kind")?.1.to_owned())
}

/// A request of the plain API, in JSON.
async fn plain(client: &Client, method: reqwest::Method, path: &str, body: Value) -> Result<(u16, Value)> {
    let request = client.request(method, &format!("/api/v1{path}"));
    let request = request.header("idempotency-key", body.to_string()).json(&body);
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}

#[test]
fn visitor_has_their_own_part_in_their_own_tickets() -> Result<()> {
    use reqwest::Method;
    run(async {
        let desk = Desk::open().await?;
        let secret = desk.secret("1", 0).await?;
        let visit = desk.visit(&sign(&secret, &desk.claims(&json!({})))?).await?;
        let token = visit["session"]["accessToken"].as_str().context("no token")?;
        let visitor = desk.app.client.with_key(token);
        let other = inbox(&desk.app, "Другая линия").await?;
        for (field, id) in [
            ("inboxId", other.as_str()),
            ("teamId", other.as_str()),
            ("priority", "URGENT"),
            ("contactId", "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"),
        ] {
            let body = json!({"subject": "Вопрос", field: id});
            let (status, refused) = plain(&visitor, Method::POST, "/tickets", body).await?;
            ensure!(status == 400 && refused["field"] == field, "{refused}");
        }
        let (status, opened) = plain(&visitor, Method::POST, "/tickets", json!({"subject": "Вопрос"})).await?;
        let ticket = &opened["ticket"];
        ensure!(status == 201 && ticket["inboxId"] == desk.inbox.as_str(), "{opened}");
        ensure!(ticket["contactId"] == visit["session"]["contactId"], "{opened}");
        let at = format!("/tickets/{}", ticket["id"].as_str().context("no id")?);
        for (path, body) in [
            ("priority", json!({"priority": "URGENT"})),
            ("status", json!({"status": "PENDING"})),
            ("assign", json!({"agentId": "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"})),
        ] {
            let (status, refused) = plain(&visitor, Method::PATCH, &format!("{at}/{path}"), body).await?;
            ensure!(status == 403, "{path}: {refused}");
        }
        let id = ticket["id"].as_str().context("no id")?;
        let note = json!({"note": "между нами"});
        desk.app.client.must("resolveTicket", "r", id, &note).await?;
        let (status, seen) = plain(&visitor, Method::GET, &at, json!({})).await?;
        ensure!(
            status == 200 && seen["resolutionReason"] == "SOLVED" && seen["resolutionNote"].is_null(),
            "{seen}"
        );
        let (status, closed) = plain(
            &visitor,
            Method::POST,
            &format!("{at}/close"),
            json!({"reason": "SOLVED"}),
        )
        .await?;
        ensure!(status == 200 && closed["ticket"]["status"] == "CLOSED", "{closed}");
        let ticket = uuid::Uuid::parse_str(&uuid_in(&ticket["id"])?)?;
        let stream = domain::ids::stream_name("ticket", ticket);
        let last = log_of(&desk.app)?
            .read_stream(&stream, 0)
            .await?
            .pop()
            .context("no event")?;
        let said: Value = serde_json::from_slice(&last.payload)?;
        ensure!(said["cause"] == "customer", "{said}");
        desk.app.finish().await
    })
}
