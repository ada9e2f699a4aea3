//! A stream or a ticket told in words.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{App, run};

use super::{Said, replay, tamper, text};

/// A server with a ticket whose priority was changed twice, the ticket's id, and its number.
async fn ticket() -> Result<(App, String, String)> {
    let app = App::start().await?;
    let id = app
        .client
        .ticket("one", &json!({"subject": "Не приходит письмо"}))
        .await?;
    let agent = json!({"agentId": "00000000-0000-4000-8000-000000000007"});
    app.client.must("assignTicket", "a", &id, &agent).await?;
    for priority in ["HIGH", "URGENT"] {
        let key = format!("p-{priority}");
        app.client
            .must("changeTicketPriority", &key, &id, &json!({"priority": priority}))
            .await?;
    }
    let number = app.client.look(&id).await?["number"].to_string();
    Ok((app, id, number))
}

async fn inspect(app: &App, what: &str, more: &[&str]) -> Result<Said> {
    replay(&[&["inspect", what, "--data", text(app.data.path())?], more].concat()).await
}

#[test]
fn ticket_is_told_in_words_with_what_changed() -> Result<()> {
    run(async {
        let (app, id, number) = ticket().await?;
        let said = inspect(&app, &number, &["--lang", "en"]).await?.fine()?;
        for words in [
            "Opened as ticket",
            "Assigned",
            "Priority changed",
            "subject",
            "sealed",
            "api_key:bootstrap",
        ] {
            ensure!(said.contains(words), "{words} is not in: {said}");
        }
        ensure!(said.contains("~ priority") && said.contains("high → urgent"), "{said}");
        ensure!(!said.contains('\u{1b}') && !said.contains("письмо"), "{said}");
        let russian = inspect(&app, &id, &["--lang", "ru", "--color", "always"])
            .await?
            .fine()?;
        ensure!(
            russian.contains("Создана заявка") && russian.contains("запечатано"),
            "{russian}"
        );
        ensure!(russian.contains("\u{1b}[33m~ priority"), "{russian}");
        let streams = inspect(&app, &id, &["--json"]).await?.lines()?;
        let positions: Vec<_> = streams.iter().map(|it| it["position"].as_u64()).collect();
        ensure!(positions.is_sorted() && positions.len() >= 4, "{positions:?}");
        let changed = streams
            .iter()
            .rfind(|it| it["type"] == "ticket.prioritized")
            .context("no priority")?;
        ensure!(
            changed["before"]["priority"] == "high" && changed["fields"]["priority"] == "urgent",
            "{changed}"
        );
        // A stream by its name is that stream alone.
        let name = changed["stream"].as_str().context("no stream")?;
        let alone = inspect(&app, name, &["--json"]).await?.lines()?;
        ensure!(alone.len() < streams.len() && alone.iter().all(|it| it["stream"] == name));
        app.finish().await
    })
}

#[test]
fn language_and_colour_are_those_of_the_terminal_unless_said() -> Result<()> {
    run(async {
        let (app, id, _) = ticket().await?;
        let arguments = ["inspect", &id, "--data", text(app.data.path())?];
        for (variable, value, words) in [
            ("LANG", "ru_RU.UTF-8", "Создана заявка"),
            ("LANG", "C", "Opened as ticket"),
            ("LC_ALL", "ru_RU.UTF-8", "Создана заявка"),
        ] {
            let mut command = tests::Program::replay_command(&arguments)?;
            command
                .env_remove("LC_ALL")
                .env_remove("LC_MESSAGES")
                .env("LANG", "en_GB.UTF-8")
                .env(variable, value);
            let said = String::from_utf8(tests::Program::ended(command).await?.stdout)?;
            ensure!(said.contains(words), "{variable}={value}: {said}");
        }
        app.finish().await
    })
}

#[test]
fn past_is_told_as_it_was() -> Result<()> {
    run(async {
        let (app, id, number) = ticket().await?;
        let all = inspect(&app, &id, &["--json"]).await?.lines()?;
        let newest = app.client.look(&id).await?["version"].as_u64().context("no version")?;
        let second = inspect(&app, &number, &["--json", "--at-version", "2"])
            .await?
            .lines()?;
        ensure!(
            second
                .last()
                .is_some_and(|it| it["type"] == "assignment.agent_assigned"),
            "{second:?}"
        );
        ensure!(
            inspect(&app, &id, &["--json", "--at-version", &newest.to_string()])
                .await?
                .lines()?
                .len()
                <= all.len()
        );
        let position = all[2]["position"].to_string();
        let before = inspect(&app, &id, &["--json", "--as-of", &position]).await?.lines()?;
        ensure!(before == all[..3], "{before:?}");

        let range = format!("1 to {newest}");
        for version in ["0", "99"] {
            let said = inspect(&app, &id, &["--at-version", version]).await?;
            said.refused(&[&format!("version {version} never was"), &range])?;
        }
        let early = inspect(&app, &id, &["--as-of", "2001-01-01"]).await?;
        early.refused(&[
            "--as-of 2001-01-01T00:00:00Z",
            "before its first event",
            &format!("position {}", all[0]["position"]),
        ])?;
        inspect(&app, &id, &["--as-of", "2200-01-01"])
            .await?
            .refused(&["has not come yet"])?;
        inspect(&app, &id, &["--as-of", "99999"])
            .await?
            .refused(&["position 99999", "has not come yet"])?;
        for nobody in [
            "ticket-1",
            "4711",
            "00000000-0000-4000-8000-000000000001",
            "VGlja2V0OnJ1YmJpc2g",
            "\u{1b}[2J",
        ] {
            inspect(&app, nobody, &[])
                .await?
                .refused(&["no stream and no ticket", "its number, its uuid"])?;
        }
        app.finish().await
    })
}

#[test]
fn personal_data_is_shown_to_who_has_the_vault() -> Result<()> {
    run(async {
        let (app, id, _) = ticket().await?;
        let open = ["--open", "--database-url", &app.database_url];
        let said = inspect(&app, &id, &open).await?.fine()?;
        ensure!(
            said.contains("Не приходит письмо") && !said.contains("sealed"),
            "{said}"
        );
        let data = text(app.data.path())?;
        let url = std::fs::read_to_string(app.data.path().join("node.url"))?;
        let there = ["inspect", &id, "--url", url.trim(), "--open"];
        replay(&there)
            .await?
            .refused(&["--database-url and --master-key-file"])?;
        let key = format!("{data}/keys/master.key");
        let more = ["--database-url", &app.database_url, "--master-key-file", &key];
        let said = replay(&[&there[..], &more].concat()).await?.fine()?;
        ensure!(said.contains("Не приходит письмо"), "{said}");
        let empty = tests::Cluster::shared().await?.database().await?;
        let said = inspect(&app, &id, &["--open", "--database-url", &empty]).await?;
        said.refused(&["vault", "--database-url"])?;

        app.tell(&["vault", "forget", "--ticket", &id]).await?;
        let said = inspect(&app, &id, &open).await?.fine()?;
        ensure!(said.contains("forgotten") && !said.contains("письмо"), "{said}");
        app.finish().await
    })
}

#[test]
fn text_of_others_plays_no_tricks_on_the_terminal() -> Result<()> {
    run(async {
        let (data, ..) = super::log().await?;
        let mut rows = tamper::rows(data.path())?;
        let opened = rows
            .iter()
            .position(|it| it.kind == "ticket.opened")
            .context("no ticket")?;
        let evil: Value = json!({"number": 1, "subject": "\u{1b}]0;owned\u{7}\u{9b}2J"});
        rows[opened].data = serde_json::to_vec(&evil)?;
        let stream = rows[opened].stream.clone();
        tamper::replace(data.path(), &rows)?;
        let said = replay(&["inspect", &stream, "--data", text(data.path())?])
            .await?
            .fine()?;
        ensure!(said.contains("\\u{1b}]0;owned\\u{7}\\u{9b}2J"), "{said}");
        ensure!(said.chars().all(|it| it == '\n' || !it.is_control()), "{said}");
        Ok(())
    })
}
