//! What a crash leaves behind is taken back by whoever meets it; two processes are as good as one.

use std::sync::Arc;

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use commands::{Clock, Command, CommandError, Handler, Request, Sharing, Taken};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    claim::{ContactHandle, PATIENCE},
    contact::{ContactCommand, NewHandle, ProfileChanges},
    ids::{CommandId, ContactId, HandleId},
    values::{Handle, HandleChannel},
};
use tests::{Cluster, open_log, open_vault, run};
use uuid::Uuid;

fn command_id(key: &str) -> CommandId {
    CommandId::of_request("api_key:test", "contact", "", key)
}

fn request(key: &str, id: ContactId, command: ContactCommand) -> Request {
    Request {
        command_id: command_id(key),
        command: Command::Contact(id, command),
        actor: Actor::new(ActorKind::ApiKey, "test"),
        expected_version: None,
        traceparent: None,
    }
}

fn arrival(key: &str, texts: &[(HandleChannel, &str)]) -> Result<Request> {
    let new = |(index, (channel, text)): (usize, &(HandleChannel, &str))| {
        Ok(NewHandle {
            id: HandleId::added_by(command_id(key), index),
            handle: Handle::try_new(*channel, text)?,
            verified: false,
        })
    };
    let create = ContactCommand::Create {
        handles: texts.iter().enumerate().map(new).collect::<Result<_>>()?,
        profile: ProfileChanges::default(),
        organization_id: None,
    };
    Ok(request(key, ContactId::created_by(command_id(key)), create))
}

const EMAIL: (HandleChannel, &str) = (HandleChannel::Email, "maria@example.ru");
const PHONE: (HandleChannel, &str) = (HandleChannel::Phone, "+79123456789");
const TELEGRAM: (HandleChannel, &str) = (HandleChannel::Telegram, "@maria_iv");

#[test]
fn claim_of_somebody_who_crashed_is_taken_over_in_time() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        let handler = Handler::new(log, vault, clock.clone(), Sharing::Alone).await?;
        // Somebody claimed the address and died before the contact was written.
        let crashed = arrival("crashed", &[EMAIL])?;
        let Command::Contact(ghost, _) = crashed.command.clone() else {
            anyhow::bail!("no contact")
        };
        let name = handler
            .claims()
            .pseudonym::<ContactHandle>("email:maria@example.ru")
            .await?;
        let taken = handler
            .claims()
            .take::<ContactHandle>(name, ghost.0, None, &crashed)
            .await?;
        ensure!(taken == Taken::Yes);
        let rights = Rights::all();
        let early = handler
            .find_or_create_contact(&rights, &arrival("early", &[EMAIL])?)
            .await;
        ensure!(matches!(early, Err(CommandError::Contention { .. })), "{early:?}");
        clock.advance(PATIENCE + TimeDelta::seconds(1));
        let (late, _) = handler
            .find_or_create_contact(&rights, &arrival("late", &[EMAIL, PHONE])?)
            .await?;
        // The one who crashed tries again, and finds the other.
        let (again, _) = handler.find_or_create_contact(&rights, &crashed).await?;
        ensure!(again == late && again != ghost);
        Ok(node.stop().await?)
    })
}

#[test]
fn command_repeated_after_a_crash_takes_its_own_claim() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let handler = Handler::new(log, vault, Clock::System, Sharing::Alone).await?;
        let crashed = arrival("crashed", &[EMAIL])?;
        let Command::Contact(ghost, _) = crashed.command.clone() else {
            anyhow::bail!("no contact")
        };
        let name = handler
            .claims()
            .pseudonym::<ContactHandle>("email:maria@example.ru")
            .await?;
        handler
            .claims()
            .take::<ContactHandle>(name, ghost.0, None, &crashed)
            .await?;
        let (found, outcome) = handler.find_or_create_contact(&Rights::all(), &crashed).await?;
        ensure!(found == ghost && outcome.changed);
        let (found, outcome) = handler.find_or_create_contact(&Rights::all(), &crashed).await?;
        ensure!(found == ghost && outcome.repeated);
        Ok(node.stop().await?)
    })
}

#[test]
fn two_processes_make_one_contact() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let one = Arc::new(Handler::new(log.clone(), vault.clone(), Clock::System, Sharing::Shared).await?);
        let two = Arc::new(Handler::new(log, vault, Clock::System, Sharing::Shared).await?);
        let mixes = [[EMAIL, PHONE], [PHONE, TELEGRAM], [TELEGRAM, EMAIL]];
        let arrivals: Vec<_> = (0..32)
            .map(|number: usize| {
                let handler = Arc::clone(if number.is_multiple_of(2) { &one } else { &two });
                tokio::spawn(async move {
                    let request = arrival(&number.to_string(), &mixes[number % 3])?;
                    let (found, _) = handler.find_or_create_contact(&Rights::all(), &request).await?;
                    anyhow::Ok(found)
                })
            })
            .collect();
        let mut found = Vec::new();
        for it in arrivals {
            found.push(it.await??);
        }
        found.sort_unstable();
        found.dedup();
        ensure!(found.len() == 1, "{found:?}");
        Ok(node.stop().await?)
    })
}

#[test]
fn merge_that_was_broken_off_stands_in_nobodys_way() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let handler = Handler::new(log, vault, Clock::System, Sharing::Alone).await?;
        let rights = Rights::all();
        let [a, b, c] = [EMAIL, PHONE, TELEGRAM];
        let mut ids = Vec::new();
        for (key, handle) in [("a", a), ("b", b), ("c", c)] {
            ids.push(
                handler
                    .find_or_create_contact(&rights, &arrival(key, &[handle])?)
                    .await?
                    .0,
            );
        }
        let (a, b, c) = (ids[0], ids[1], ids[2]);
        // The first step of merging `a` into `b`, and no second.
        let absorb = request("half", b, ContactCommand::Absorb { contact_id: a });
        handler.execute(&rights, &absorb).await?;
        let merge = request("bc", b, ContactCommand::MergeInto { into: c });
        ensure!(handler.execute(&rights, &merge).await?.changed);
        let other = request("ac", a, ContactCommand::MergeInto { into: c });
        ensure!(handler.execute(&rights, &other).await?.changed);
        let nobody = ContactId(Uuid::nil());
        let nowhere = request("an", a, ContactCommand::MergeInto { into: nobody });
        ensure!(handler.execute(&rights, &nowhere).await.is_err());
        Ok(node.stop().await?)
    })
}
