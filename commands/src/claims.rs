//! Values that may have one owner only, over all streams: contacts' handles, users' e-mail addresses and the like.
//!
//! How a command uses them: [`Claims::pseudonym`] of the normalised value, [`Claims::take`] before the append that needs
//! it, [`Claims::release`] after the append that no longer does. When the answer is [`Taken::Held`], the caller looks at
//! the holder's own stream: if it has the value, the command is refused; if it has not, the holder may still be about to
//! append (try again in a moment) or have crashed, so the claim is asked for again with `without_value`, which succeeds
//! once the claim's time is over ([`domain::claim::PATIENCE`]).
//!
//! Deliberately absent: a process that sweeps claims left over. Whoever meets one takes it over.

use chrono::{DateTime, Utc};
use domain::{
    claim::{Claim, ClaimCommand, ClaimKind, ClaimRefusal},
    decider::{Context, Decider},
    ids::{CommandId, singleton},
    personal::DataSubject,
};
use event_store::{EncodeError, Envelope, EventLog, Key, LogError, SealError, SubjectKey, Vault};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use uuid::Uuid;

use crate::{Clock, CommandError, Request, folded::Folded};

/// Tries of one change when others change the claim meanwhile.
const TRIES: u32 = 20;
/// Queues of this process; claims of one value always stand in the same.
const QUEUES: usize = 64;

/// What became of a claim that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is the asker's.
    Yes,
    /// Another holds it.
    Held {
        /// Id of the aggregate that does.
        owner: Uuid,
        /// Until when that counts although the owner may not have the value, UTC.
        confirm_by: DateTime<Utc>,
    },
}

/// Takes and releases claims. One for a process.
pub struct Claims {
    log: EventLog,
    vault: Vault,
    clock: Clock,
    secret: OnceCell<Key>,
    queues: Vec<Mutex<()>>,
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl Claims {
    pub(crate) fn new(log: EventLog, vault: Vault, clock: Clock) -> Self {
        Self {
            log,
            vault,
            clock,
            secret: OnceCell::new(),
            queues: (0..QUEUES).map(|_| Mutex::default()).collect(),
        }
    }

    /// The id under which a value is claimed: a keyed hash, so that who has the log but not the vault cannot try values.
    ///
    /// `value` must be normalised already: what is spelled differently is claimed separately.
    ///
    /// # Errors
    /// When the vault does not answer.
    pub async fn pseudonym<K: ClaimKind>(&self, value: &str) -> Result<Uuid, CommandError> {
        let key = self.secret.get_or_try_init(|| self.secret()).await?;
        let mut hasher = blake3::Hasher::new_keyed(key.as_bytes());
        hasher
            .update(K::CATEGORY.as_bytes())
            .update(&[0])
            .update(value.as_bytes());
        Ok(Uuid::new_v5(&singleton("claim"), hasher.finalize().as_bytes()))
    }

    /// The claim as the log has it; `None` when it is free.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn look<K: ClaimKind>(&self, pseudonym: Uuid) -> Result<Option<Claim<K>>, CommandError> {
        Ok(Folded::<Claim<K>>::read(&self.log, &self.vault, pseudonym).await?.state)
    }

    /// Takes a claim for `owner`; taking it again changes nothing.
    ///
    /// `without_value` is a holder that was asked and does not have the value: it loses the claim if its time is over.
    ///
    /// # Errors
    /// When the log does not answer, or others keep changing the claim.
    pub async fn take<K: ClaimKind>(
        &self,
        pseudonym: Uuid,
        owner: Uuid,
        without_value: Option<Uuid>,
        request: &Request,
    ) -> Result<Taken, CommandError> {
        let command = ClaimCommand::Take { owner, without_value };
        Ok(match self.change::<K>(pseudonym, &command, request).await? {
            Ok(()) => Taken::Yes,
            Err(ClaimRefusal::Held { owner, confirm_by }) => Taken::Held { owner, confirm_by },
        })
    }

    /// Gives up the claim of `owner`; changes nothing when it holds none.
    ///
    /// # Errors
    /// When the log does not answer, or others keep changing the claim.
    pub async fn release<K: ClaimKind>(
        &self,
        pseudonym: Uuid,
        owner: Uuid,
        request: &Request,
    ) -> Result<(), CommandError> {
        let command = ClaimCommand::Release { owner };
        match self.change::<K>(pseudonym, &command, request).await? {
            // Nobody is refused to give up.
            Ok(()) | Err(ClaimRefusal::Held { .. }) => Ok(()),
        }
    }

    /// Puts those who want the same values in a row, as far as this process goes: saves collisions, guards nothing.
    pub async fn queue(&self, pseudonyms: &[Uuid]) -> Vec<MutexGuard<'_, ()>> {
        let mut places: Vec<usize> = pseudonyms.iter().map(|it| place(*it)).collect();
        // Always in the same order, so that no two wait for each other.
        places.sort_unstable();
        places.dedup();
        let mut guards = Vec::with_capacity(places.len());
        for queue in places.into_iter().filter_map(|it| self.queues.get(it)) {
            guards.push(queue.lock().await);
        }
        guards
    }

    async fn change<K: ClaimKind>(
        &self,
        pseudonym: Uuid,
        command: &ClaimCommand,
        request: &Request,
    ) -> Result<Result<(), ClaimRefusal>, CommandError> {
        for _ in 0..TRIES {
            let claim = Folded::<Claim<K>>::read(&self.log, &self.vault, pseudonym).await?;
            let context = Context {
                at: self.clock.now(),
                actor: request.actor.clone(),
                id: pseudonym,
            };
            let events = match Claim::decide(claim.state.as_ref(), command, &context) {
                Ok(events) => events,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if events.is_empty() {
                return Ok(Ok(()));
            }
            let envelope = envelope(&claim.stream, claim.version(), request);
            let dated = events.into_iter().map(|it| (it, context.at)).collect();
            let proposal = claim.propose(&self.vault, &envelope, 0, dated).await?;
            match self
                .log
                .append(&claim.stream, claim.expected(), &proposal.encoded)
                .await
            {
                Ok(_) => return Ok(Ok(())),
                Err(LogError::Conflict { .. }) => {}
                Err(error) => return Err(CommandError::Log(error)),
            }
        }
        Err(CommandError::Contention {
            stream: K::CATEGORY.to_owned(),
        })
    }

    /// The key of all pseudonyms lies in the vault, as if it were a person's: it goes into backups with the others.
    async fn secret(&self) -> Result<Key, CommandError> {
        let subject = DataSubject(singleton("claims"));
        match self.vault.keys_or_new(&[subject]).await?.get(subject) {
            Some(SubjectKey::Known(key)) => Ok(key.clone()),
            Some(SubjectKey::Destroyed) | None => {
                Err(CommandError::Encode(EncodeError::Sealed(SealError::NoKey(subject))))
            }
        }
    }
}

fn place(pseudonym: Uuid) -> usize {
    usize::from(pseudonym.as_bytes()[0]) % QUEUES
}

/// One command takes several claims, and maybe the same one twice: each append has a command id of its own.
fn envelope(stream: &str, version: u64, request: &Request) -> Envelope {
    let id = request.command_id.0;
    Envelope {
        command_id: CommandId(Uuid::new_v5(&id, format!("{stream}@{version}").as_bytes())),
        correlation_id: id,
        causation_id: id,
        actor: request.actor.clone(),
        from: None,
        request: String::new(),
        traceparent: request.traceparent.clone(),
    }
}
