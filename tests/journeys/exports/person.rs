//! A copy of everything that is kept of a person.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, Client, eventually, run};

use super::{Files, key, package, package_in, text};
use crate::{
    audit::{change, entries},
    contacts,
    conversation::{contact, must, words},
    erasure::forget_one,
    files::{
        bring, say,
        scans::{asking, becomes, eicar, scanner},
    },
    people::set_up,
};

const EVIL: &str = "<script>alert(1)</script> & \"Мария\" אבג";

fn sheet(files: &Files) -> Result<Value> {
    Ok(serde_json::from_str(text(files, "person.json")?)?)
}

async fn export(client: &Client, id: &str) -> Result<Files> {
    Ok(package(client, &format!("/people/{id}/export?lang=en")).await?.1)
}

fn rows<'a>(sheet: &'a Value, section: &str) -> Result<&'a Vec<Value>> {
    sheet[section].as_array().with_context(|| format!("no {section}"))
}

async fn visible(app: &App, types: &str, person: &str) -> Result<Vec<Value>> {
    let look = async || entries(&app.client, json!({"types": [types], "person": person})).await;
    eventually(look, |it| !it.is_empty()).await
}

#[test]
#[expect(clippy::too_many_lines, reason = "one person, all that is kept of them")]
fn copy_has_everything_and_nothing_of_it_runs() -> Result<()> {
    run(async {
        let (address, _) = scanner().await?;
        let app = App::start_with(asking(address)).await?;
        let client = &app.client;
        let input = json!({"idempotencyKey": "m", "name": EVIL, "note": "Любит письма",
            "handles": [contacts::email("maria@example.ru")]});
        let maria = contacts::must(client, "createContact", input).await?;
        let id = maria["id"].as_str().context("no id")?;
        let consent = json!({"idempotencyKey": "c", "contactId": id, "purpose": "newsletter"});
        contacts::must(client, "giveConsent", consent).await?;
        let ticket = client
            .ticket("t", &json!({"contactId": id, "subject": "<img src=x onerror=y>"}))
            .await?;
        must(client, "receiveMessage", &ticket, words("1", "Текст \u{202e}наоборот")).await?;
        must(client, "addNote", &ticket, words("n", "Тайная заметка")).await?;
        let clean = bring(client, &ticket, "..b<i>.txt", "text/plain", b"content").await?;
        let bad = bring(client, &ticket, "v.txt", "text/plain", &eicar()).await?;
        for (name, file, state) in [("f", &clean, "CLEAN"), ("v", &bad, "INFECTED")] {
            let said = say(client, "postMessage", &ticket, name, &[file]).await?;
            // A scanner that is quick is heard before the message.
            if said["userErrors"][0]["code"] != "FILE_INFECTED" {
                ensure!(said["userErrors"] == json!([]), "{said}");
                becomes(client, &ticket, file, state).await.context(state)?;
            }
        }
        client
            .data("query($id: ID!) { contact(id: $id) { name note } }", json!({"id": id}))
            .await?;
        let files = export(client, id).await?;
        let told = sheet(&files)?;
        assert_eq!(told["form"], "letopis person 1");
        assert_eq!(told["erased"], false);
        assert_eq!(told["leftOut"]["internalNotes"], 1);
        assert_eq!(told["contacts"][0]["name"], EVIL);
        assert_eq!(told["contacts"][0]["note"], "Любит письма");
        assert_eq!(told["handles"][0]["value"], "maria@example.ru");
        assert_eq!(rows(&told, "consents")?.len(), 1, "{told}");
        assert_eq!(told["tickets"][0]["subject"], "<img src=x onerror=y>");
        ensure!(!rows(&told, "ticketHistory")?.is_empty(), "{told}");
        let bodies: Vec<&str> = rows(&told, "messages")?
            .iter()
            .filter_map(|it| it["body"].as_str())
            .collect();
        ensure!(bodies.contains(&"Текст \u{202e}наоборот"), "{bodies:?}");
        ensure!(
            !told.to_string().contains("Тайная"),
            "internal notes stay with the team"
        );
        ensure!(!rows(&told, "accessLog")?.is_empty(), "{told}");
        let attachments = rows(&told, "attachments")?;
        let given = attachments
            .iter()
            .find(|it| it["sha256"] == crate::files::sha256(b"content"))
            .context("no file")?;
        let path = given["path"].as_str().context(given.to_string())?;
        assert_eq!(files.get(path).map(Vec::as_slice), Some(b"content".as_slice()));
        ensure!(
            path.starts_with("files/0001-") && !path.contains(['<', '\u{202e}']) && !path.contains("/."),
            "{path}"
        );
        let infected = attachments.iter().find(|it| it["name"] == "v.txt").context("no file")?;
        ensure!(
            infected["path"].is_null() && infected["leftOut"].is_string(),
            "{infected}"
        );
        ensure!(
            !files
                .values()
                .any(|it| it.windows(10).any(|it| eicar().starts_with(it))),
            "a virus is given out"
        );
        let page = text(&files, "index.html")?;
        ensure!(
            page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Мария&quot; אבג"),
            "{page}"
        );
        for odd in [
            "<script",
            "<img",
            "<i>",
            "javascript:",
            "http://",
            "https://",
            "\u{202e}",
            "<link",
        ] {
            ensure!(!page.contains(odd), "{odd:?} in {page}");
        }
        ensure!(
            page.contains("lang=\"en\"") && page.contains("A person's data"),
            "{page}"
        );
        let (_, russian) = package_in(client, &format!("/people/{id}/export"), "ru").await?;
        ensure!(
            text(&russian, "index.html")?.contains("Данные человека"),
            "by Accept-Language"
        );
        let found = visible(&app, "reading.exported", id).await?;
        ensure!(!found.is_empty(), "the export is not on record about the person");
        assert_eq!(change(&found[0], "operation").1, Some("exportPerson"));
        app.finish().await
    })
}

#[test]
fn merged_contacts_are_one_person_under_each_of_their_ids() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let (anna, boris) = (contact(client, "Анна").await?, contact(client, "Аня").await?);
        client
            .ticket("a", &json!({"contactId": anna, "subject": "Первая"}))
            .await?;
        client
            .ticket("b", &json!({"contactId": boris, "subject": "Вторая"}))
            .await?;
        let merge = json!({"idempotencyKey": "m", "contactId": anna, "intoId": boris});
        contacts::must(client, "mergeContacts", merge).await?;
        for id in [&anna, &boris] {
            let told = sheet(&export(client, id).await?)?;
            assert_eq!(
                (rows(&told, "contacts")?.len(), rows(&told, "tickets")?.len()),
                (2, 2),
                "{told}"
            );
            assert_eq!(rows(&told, "ids")?.len(), 2);
        }
        app.finish().await
    })
}

#[test]
fn erased_person_is_told_to_be_and_nothing_of_them_is_left() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let client = &app.client;
        let boris = contact(client, "Помеченный Борис").await?;
        let ticket = client
            .ticket("b", &json!({"contactId": boris, "subject": "Помеченная тема"}))
            .await?;
        must(client, "receiveMessage", &ticket, words("1", "Помеченное письмо")).await?;
        let file = bring(client, &ticket, "Помеченный.txt", "text/plain", b"marked").await?;
        say(client, "postMessage", &ticket, "f", &[&file]).await?;
        ensure!(text(&export(client, &boris).await?, "person.json")?.contains("Помеченн"));
        forget_one(&app, "--contact", &boris).await?;
        let files = export(client, &boris).await?;
        let told = sheet(&files)?;
        assert_eq!(told["erased"], true);
        for (name, content) in &files {
            let said = String::from_utf8_lossy(content);
            ensure!(!said.contains("Помеченн") && !said.contains("marked"), "{name}: {said}");
        }
        ensure!(
            text(&files, "index.html")?.contains("data was erased"),
            "it is not said"
        );
        assert_eq!(rows(&told, "attachments")?[0]["path"], Value::Null);
        app.finish().await
    })
}

#[test]
fn colleague_and_unknown_customer_get_their_copies() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let client = app.client.with_key(&boss.access);
        let ticket = client.ticket("t", &json!({"subject": "Кто-то звонил"})).await?;
        let told = sheet(&export(&app.client, &boss.user).await?)?;
        assert_eq!(told["accounts"][0]["name"], "Начальник");
        assert_eq!(rows(&told, "sessions")?.len(), 1, "{told}");
        ensure!(
            !rows(&told, "roles")?.is_empty() && !rows(&told, "activity")?.is_empty(),
            "{told}"
        );
        ensure!(
            !told.to_string().contains("argon2"),
            "a hash of a password is given out"
        );
        let officer = key(&app.client, "officer", &["privacy:write"]).await?;
        let told = sheet(&export(&officer, &ticket).await?)?;
        assert_eq!(told["tickets"][0]["subject"], "Кто-то звонил");
        assert_eq!(rows(&told, "contacts")?.len(), 0);
        app.finish().await
    })
}
