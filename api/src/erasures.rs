//! Erases people's data when it is due, looks for remains, and puts on record what was found.
//!
//! What is due is asked of `person_privacy`, which follows from the log: what fell due while no server ran is done by the
//! next one. Several servers may do this at once: the command's id follows from the person, so the second finds it done.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use commands::{Clock, Command, CommandError, Handler, Request};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    data_subject::{Cleared, DataSubjectCommand},
    ids::CommandId,
    personal::DataSubject,
};
use event_store::{Position, SubjectKey, Vault, vault::DESTROYED};
use projections::{
    person_privacy::{self, Erased},
    registry, remains,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use uuid::Uuid;

use crate::{auth::Ground, following::tend, live::Live};

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(1);
/// People asked for at a time.
const MOST: i64 = 100;
/// People certified at once: the tables are written anew for all of them together.
const CERTIFIED: i64 = 5000;
/// How long it is waited for others, who do away with files.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// What erasing takes.
#[derive(Debug, Clone)]
pub(crate) struct Eraser {
    handler: Arc<Handler>,
    vault: Vault,
    pool: PgPool,
    live: Live,
    clock: Clock,
    /// Bytes of a table that is written anew at most.
    rewritten: u64,
}

impl Eraser {
    /// One that writes tables of so many megabytes anew at most.
    pub(crate) fn new(ground: &Ground, rewrite_mb: u32) -> Self {
        Self {
            handler: Arc::clone(&ground.handler),
            vault: ground.vault.clone(),
            pool: ground.pool.clone(),
            live: ground.live.clone(),
            clock: ground.clock.clone(),
            rewritten: u64::from(rewrite_mb) << 20,
        }
    }

    /// Works as long as the server does, and is begun again when it ends.
    pub(crate) fn tended(self, working: &CancellationToken) {
        tend("erasures", working, move || self.clone().follow());
    }

    /// Erases and certifies for ever.
    async fn follow(self) {
        // Tried again by the next server: what is unreadable now will not be read a second later.
        let mut failed = HashSet::new();
        loop {
            if let Err(error) = self.look(&mut failed).await {
                warn!(%error, "erasures are not carried out for now");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn look(&self, failed: &mut HashSet<Uuid>) -> anyhow::Result<()> {
        let now = self.clock.now();
        // Read models show an erasure a little later, and whom somebody may not erase they show as due all along.
        let mut tried: Vec<Uuid> = failed.iter().copied().collect();
        loop {
            let due = person_privacy::due(&self.pool, now, &tried, MOST).await?;
            if due.is_empty() {
                break;
            }
            for person in due {
                let key_fingerprint = self.vault.fingerprint(DataSubject(person)).await?;
                let command = DataSubjectCommand::DestroyKey {
                    key_fingerprint,
                    if_due: true,
                };
                if !self.tell(person, "erase", command).await? {
                    failed.insert(person);
                }
                tried.push(person);
            }
        }
        let mut gone = Vec::new();
        for it in person_privacy::unverified(&self.pool, CERTIFIED).await? {
            if failed.contains(&it.person) {
                continue;
            }
            // Those behind were erased later: nobody waits for a read model as often as there are people.
            if !self.is_shown(it.position).await {
                break;
            }
            gone.push(it);
        }
        if !gone.is_empty() {
            self.certify(gone, failed).await?;
        }
        Ok(())
    }

    /// Looks for remains of people whom the read models have forgotten. What others still do away with, such as files, is
    /// waited for; what stays is certified to have stayed.
    async fn certify(&self, gone: Vec<Erased>, failed: &mut HashSet<Uuid>) -> anyhow::Result<()> {
        let mut clear = Vec::new();
        for it in gone {
            let found = self.found(it.person).await?;
            let left = found.iter().any(|(_, remains)| *remains > 0);
            if !left || self.clock.now() - it.at > PATIENCE {
                clear.push((it.person, found));
            }
        }
        if clear.is_empty() {
            return Ok(());
        }
        let disk = remains::rewrite(&self.pool, self.rewritten).await?;
        for (person, mut found) in clear {
            found.extend(disk.iter().cloned());
            let left: Vec<&(String, i64)> = found.iter().filter(|it| it.1 > 0).collect();
            if !left.is_empty() {
                error!(%person, ?left, "personal data is left after an erasure");
            }
            let cleared = found.into_iter().map(|(place, remains)| Cleared {
                place,
                remains: remains.unsigned_abs(),
            });
            let cleared = cleared.collect();
            let certify = DataSubjectCommand::Certify { cleared };
            if !self.tell(person, "certify", certify).await? {
                failed.insert(person);
            }
        }
        Ok(())
    }

    /// Whether every read model has come to the erasure.
    async fn is_shown(&self, erased: Position) -> bool {
        for model in registry().into_iter().filter(|it| it.takes(DESTROYED)) {
            if !self.live.reached(model.name, erased).await {
                return false;
            }
        }
        true
    }

    async fn found(&self, person: Uuid) -> anyhow::Result<Vec<(String, i64)>> {
        let found = remains::of(&self.pool, person).await?;
        let mut found: Vec<(String, i64)> = found
            .into_iter()
            .map(|(place, count)| (place.to_owned(), count))
            .collect();
        let keys = self.vault.keys(&[DataSubject(person)]).await?;
        let is_gone = matches!(keys.get(DataSubject(person)), Some(SubjectKey::Destroyed) | None);
        found.push(("vault".to_owned(), i64::from(!is_gone)));
        Ok(found)
    }

    /// Whether it may be told again; of somebody of whom nothing can be told it may not.
    async fn tell(&self, person: Uuid, what: &str, command: DataSubjectCommand) -> anyhow::Result<bool> {
        let actor = Actor::new(ActorKind::System, "erasures");
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), what, &person.to_string(), ""),
            command: Command::DataSubject(DataSubject(person), command),
            actor,
            expected_version: None,
            traceparent: None,
        };
        match self.handler.execute(&Rights::all(), &request).await {
            // A hold forbids it, or somebody was faster and may have found something else.
            Ok(_) | Err(CommandError::Refused(_) | CommandError::KeyReused) => Ok(true),
            Err(error) if error.is_lasting() => {
                error!(%error, %person, what, "cannot be done for this person");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}
