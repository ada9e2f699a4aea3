//! Who may do what: every operation with every role, compared with a matrix kept as a file.

mod documents;

use std::{fmt::Write, path::Path};

use anyhow::{Context, Result, ensure};
use documents::{Document, documents};
use serde_json::json;
use tests::{App, Client, run};

use crate::people::{agent, set_up};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/journeys/matrix/matrix.txt");
/// Those that come with the program, and somebody without any.
const ROLES: [&str; 7] = ["admin", "supervisor", "agent", "auditor", "analyst", "contact", "none"];
/// They end the session that asks.
const LAST: [&str; 2] = ["signOut", "signOutEverywhere"];

/// `yes`, or why not.
async fn outcome(client: &Client, document: &Document) -> Result<&'static str> {
    let body = json!({"query": document.text, "variables": document.variables});
    let response = client.post(body.to_string()).await?;
    if response.status() == 401 {
        return Ok("out");
    }
    let answer: serde_json::Value = response.json().await?;
    let codes: Vec<&str> = answer["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["extensions"]["code"].as_str())
        .collect();
    ensure!(!codes.contains(&"INTERNAL"), "{document:?}: {answer}");
    Ok(if codes.contains(&"FORBIDDEN") { "-" } else { "yes" })
}

#[test]
fn every_operation_is_for_those_roles_that_the_matrix_names() -> Result<()> {
    run(async {
        // Guesses of one address are not what is looked at.
        let app = App::start_with(|it| api::config::Config {
            operation_limits: [("*".to_owned(), 0)].into(),
            ..it
        })
        .await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let mut documents = documents(&boss).await?;
        documents.sort_by_key(|it| (it.kind == "mutation", LAST.contains(&it.field.as_str())));
        let mut clients = Vec::new();
        for role in ROLES {
            if role == "contact" {
                clients.push((role, app.client.with_key(&key_of_contact(&boss).await?)));
                continue;
            }
            let email = format!("{role}@example.com");
            let pass = agent(&app, &boss, &email).await?;
            if role != "none" {
                let grant = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
                let scope = json!({"kind": "EVERYWHERE"});
                let input = json!({"idempotencyKey": role, "userId": pass.user, "role": role, "scope": scope});
                let granted = boss.data(grant, json!({"i": input})).await?;
                ensure!(granted["grantRole"]["userErrors"] == json!([]), "{granted}");
            }
            clients.push((role, app.client.with_key(&pass.access)));
        }
        clients.push(("stranger", app.client.anonymous()));
        let mut matrix = String::from("operation");
        for (role, _) in &clients {
            write!(matrix, " {role}")?;
        }
        matrix.push('\n');
        for document in &documents {
            write!(matrix, "{}", document.field)?;
            for (_, client) in &clients {
                write!(matrix, " {}", outcome(client, document).await?)?;
            }
            matrix.push('\n');
        }
        compare(&matrix)?;
        app.finish().await
    })
}

/// What the role of contacts allows, for one contact: nobody who works here has it.
async fn key_of_contact(boss: &Client) -> Result<String> {
    let query = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code } } }";
    let scope = json!({"kind": "CONTACT", "id": "6f0f9a52-6d0c-4c1e-8a59-2a4c35a51b3f"});
    let permissions = json!(["tickets:read", "tickets:write"]);
    let input = json!({"idempotencyKey": "contact", "name": "contact", "permissions": permissions, "scope": scope});
    let issued = boss.data(query, json!({"i": input})).await?;
    let secret = issued["issueApiKey"]["secret"].as_str();
    Ok(secret.with_context(|| issued.to_string())?.to_owned())
}

fn compare(found: &str) -> Result<()> {
    if std::env::var_os("LETOPIS_WRITE_GOLDEN").is_some() {
        std::fs::write(FILE, found)?;
    }
    let kept = std::fs::read_to_string(Path::new(FILE))?;
    for (kept, found) in kept.lines().zip(found.lines()) {
        ensure!(kept == found, "the matrix says {kept:?}, the program {found:?}");
    }
    ensure!(kept == found, "the matrix and the schema have other operations");
    Ok(())
}
