//! Claims: one value has one owner, whoever asks at the same time.

use std::sync::Arc;

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use commands::{Clock, Command, Handler, Request, Sharing, Taken};
use domain::{
    actor::{Actor, ActorKind},
    claim::{ContactHandle, PATIENCE},
    ids::{CommandId, TicketId},
    ticket::TicketCommand,
};
use tests::{Cluster, open_log, open_vault, run};
use uuid::Uuid;

fn request(key: &str) -> Request {
    let actor = Actor::new(ActorKind::ApiKey, "test");
    Request {
        command_id: CommandId::of_request(&actor.to_string(), "claim", "", key),
        command: Command::Ticket(TicketId(Uuid::nil()), TicketCommand::Start),
        actor,
        expected_version: None,
        traceparent: None,
    }
}

#[test]
fn of_many_who_claim_a_value_at_once_one_gets_it() -> Result<()> {
    run(async {
        let data = tempfile::tempdir()?;
        let database = Cluster::shared().await?.database().await?;
        let (node, log) = open_log(data.path()).await?;
        let vault = open_vault(data.path(), &database).await?;
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse()?);
        // Two processes.
        let one = Arc::new(Handler::new(log.clone(), vault.clone(), clock.clone(), Sharing::Shared).await?);
        let two = Arc::new(Handler::new(log.clone(), vault, clock.clone(), Sharing::Shared).await?);
        let name = one.claims().pseudonym::<ContactHandle>("email:a@b.ru").await?;
        ensure!(name == two.claims().pseudonym::<ContactHandle>("email:a@b.ru").await?);
        ensure!(name != two.claims().pseudonym::<ContactHandle>("email:a@c.ru").await?);
        let tries: Vec<_> = (1..=16_u128)
            .map(|number| {
                let handler = Arc::clone(if number % 2 == 0 { &one } else { &two });
                let owner = Uuid::from_u128(number);
                tokio::spawn(async move {
                    let request = request(&number.to_string());
                    handler
                        .claims()
                        .take::<ContactHandle>(name, owner, None, &request)
                        .await
                })
            })
            .collect();
        let mut got = 0;
        for it in tries {
            got += usize::from(it.await?? == Taken::Yes);
        }
        ensure!(got == 1, "{got} hold it");
        let Some(claim) = one.claims().look::<ContactHandle>(name).await? else {
            anyhow::bail!("nobody holds it");
        };
        // Taken over from a holder without the value when its time is over, and not before.
        let other = Uuid::from_u128(99);
        let over = async || {
            let request = request("over");
            one.claims()
                .take::<ContactHandle>(name, other, Some(claim.owner), &request)
                .await
        };
        ensure!(matches!(over().await?, Taken::Held { owner, .. } if owner == claim.owner));
        clock.advance(PATIENCE + TimeDelta::seconds(1));
        ensure!(over().await? == Taken::Yes);
        two.claims()
            .release::<ContactHandle>(name, claim.owner, &request("r"))
            .await?;
        ensure!(
            one.claims()
                .look::<ContactHandle>(name)
                .await?
                .is_some_and(|it| it.owner == other)
        );
        two.claims()
            .release::<ContactHandle>(name, other, &request("r"))
            .await?;
        two.claims()
            .release::<ContactHandle>(name, other, &request("r"))
            .await?;
        ensure!(one.claims().look::<ContactHandle>(name).await?.is_none());
        Ok(node.stop().await?)
    })
}
