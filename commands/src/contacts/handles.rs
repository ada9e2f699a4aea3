//! Handles have one owner: each is claimed before the event that adds it.

use std::time::Duration;

use domain::{
    claim::ContactHandle,
    contact::{Contact, ContactCommand, ContactRefusal, NewHandle},
    ids::{ContactId, HandleId},
    personal::DataSubject,
    values::{HandleChannel, claimed},
};
use event_store::SubjectKey;
use uuid::Uuid;

use super::{handles_of, refused};
use crate::{Command, CommandError, Handler, Outcome, Refusal, Request, Taken, authorize};

/// Looks at handles that others are about to take, before the client is told to try again.
const TRIES: u32 = 40;
/// Between two looks; longer by a bit each time.
const PAUSE: Duration = Duration::from_millis(5);

/// Whose a handle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Nobody's. The claim of a contact that does not have it may be left.
    Nobody(Option<Uuid>),
    /// Of this contact, and of the one it is shown with.
    Contact(ContactId, ContactId),
    /// Somebody else has claimed it a moment ago.
    Coming,
}

/// A handle that is wanted, and the name of its claim.
#[derive(Debug)]
struct Wanted<'a> {
    pseudonym: Uuid,
    /// Place among the handles given.
    index: usize,
    new: &'a NewHandle,
}

impl Handler {
    /// Finds the contact that has one of these handles and gives it the others, or creates one. `request` holds the
    /// command that creates one.
    ///
    /// # Errors
    /// [`CommandError`]; refused when the handles belong to several contacts.
    pub async fn find_or_create_contact(
        &self,
        rights: &domain::access::Rights,
        request: &Request,
    ) -> Result<(ContactId, Outcome), CommandError> {
        authorize(rights, request)?;
        let Command::Contact(candidate, command) = &request.command else {
            return Err(refused(ContactRefusal::NotFound));
        };
        if self.has_done(*candidate, request.command_id).await? {
            return Ok((*candidate, self.contact(*candidate, command, request).await?));
        }
        let handles = handles_of(&request.command);
        let wanted = self.wanted(handles).await?;
        let _row = self.claims.queue(&pseudonyms(&wanted)).await;
        for attempt in 0..TRIES {
            if let Some(done) = self.find_or_create(*candidate, command, &wanted, request).await? {
                return Ok(done);
            }
            pause(attempt).await;
        }
        Err(contention())
    }

    /// One try; `None` when somebody else is at it.
    async fn find_or_create(
        &self,
        candidate: ContactId,
        create: &ContactCommand,
        wanted: &[Wanted<'_>],
        request: &Request,
    ) -> Result<Option<(ContactId, Outcome)>, CommandError> {
        let mut found: Option<ContactId> = None;
        let mut missing = Vec::new();
        for it in wanted {
            match (self.owner(it, candidate).await?, found) {
                (Owner::Coming, _) => return Ok(None),
                (Owner::Nobody(left), _) => missing.push((it, left)),
                (Owner::Contact(_, shown), Some(one)) if one != shown => {
                    return Err(refused(ContactRefusal::HandlesOfSeveral { one, other: shown }));
                }
                (Owner::Contact(_, shown), _) => found = Some(shown),
            }
        }
        let target = found.unwrap_or(candidate);
        let Some(taken) = self.take(target, &missing, request).await? else {
            return Ok(None);
        };
        let add = ContactCommand::AddHandles {
            handles: missing.iter().map(|(it, _)| it.new.clone()).collect(),
        };
        let command = if found.is_some() { &add } else { create };
        let done = self.plain::<Contact>(target.0, command, request).await;
        self.keep_or_release(target, &taken, &done, request).await?;
        match done {
            // It was merged meanwhile.
            Err(CommandError::Refused(Refusal::Contact(ContactRefusal::Merged { .. }))) if found.is_some() => Ok(None),
            done => Ok(Some((target, done?))),
        }
    }

    /// Carries out a command that brings handles to `id`, which nobody else may have.
    pub(super) async fn with_handles(
        &self,
        id: ContactId,
        handles: &[NewHandle],
        command: &ContactCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let wanted = self.wanted(handles).await?;
        let _row = self.claims.queue(&pseudonyms(&wanted)).await;
        for attempt in 0..TRIES {
            if let Some(taken) = self.take_for(id, &wanted, request).await? {
                let done = self.plain::<Contact>(id.0, command, request).await;
                self.keep_or_release(id, &taken, &done, request).await?;
                return done;
            }
            pause(attempt).await;
        }
        Err(contention())
    }

    async fn take_for(
        &self,
        id: ContactId,
        wanted: &[Wanted<'_>],
        request: &Request,
    ) -> Result<Option<Vec<Uuid>>, CommandError> {
        let mut missing = Vec::new();
        for it in wanted {
            match self.owner(it, id).await? {
                Owner::Coming => return Ok(None),
                Owner::Nobody(left) => missing.push((it, left)),
                Owner::Contact(owner, _) if owner == id => {}
                Owner::Contact(_, owner) => {
                    return Err(refused(ContactRefusal::HandleTaken { index: it.index, owner }));
                }
            }
        }
        self.take(id, &missing, request).await
    }

    pub(super) async fn without_handle(
        &self,
        id: ContactId,
        handle_id: HandleId,
        command: &ContactCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let known = self.known(id).await?;
        let held = known.as_ref().and_then(|it| it.handle(handle_id));
        let value = held.and_then(|it| Some(claimed(it.channel, it.value.as_deref()?)));
        let outcome = self.plain::<Contact>(id.0, command, request).await?;
        if let Some(value) = value {
            let pseudonym = self.claims.pseudonym::<ContactHandle>(&value).await?;
            self.claims.release::<ContactHandle>(pseudonym, id.0, request).await?;
        }
        Ok(outcome)
    }

    /// The handles in the order of their claims, each once: whoever takes several takes them in this order.
    async fn wanted<'a>(&self, handles: &'a [NewHandle]) -> Result<Vec<Wanted<'a>>, CommandError> {
        let mut wanted = Vec::with_capacity(handles.len());
        for (index, new) in handles.iter().enumerate() {
            let pseudonym = self.claims.pseudonym::<ContactHandle>(&new.handle.claimed()).await?;
            wanted.push(Wanted { pseudonym, index, new });
        }
        wanted.sort_by_key(|it| (it.pseudonym, it.index));
        wanted.dedup_by_key(|it| it.pseudonym);
        Ok(wanted)
    }

    /// Takes the claims for `id`, and returns those; `None`, and none of them, when somebody else was faster.
    async fn take(
        &self,
        id: ContactId,
        missing: &[(&Wanted<'_>, Option<Uuid>)],
        request: &Request,
    ) -> Result<Option<Vec<Uuid>>, CommandError> {
        let mut taken = Vec::with_capacity(missing.len());
        for (it, left) in missing {
            let answer = self.claims.take::<ContactHandle>(it.pseudonym, id.0, *left, request);
            match answer.await? {
                Taken::Yes => taken.push(it.pseudonym),
                Taken::Held { .. } => {
                    self.release(id, &taken, request).await?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(taken))
    }

    /// Gives up what a command that had no effect has taken. What became of one that was not answered is not known: its
    /// claims are left, and taken over when their time is over if the contact does not have the handles.
    async fn keep_or_release(
        &self,
        id: ContactId,
        taken: &[Uuid],
        done: &Result<Outcome, CommandError>,
        request: &Request,
    ) -> Result<(), CommandError> {
        if let Err(CommandError::Refused(_) | CommandError::Conflict { .. } | CommandError::KeyReused) = done {
            self.release(id, taken, request).await?;
        }
        Ok(())
    }

    async fn release(&self, id: ContactId, taken: &[Uuid], request: &Request) -> Result<(), CommandError> {
        for pseudonym in taken {
            self.claims.release::<ContactHandle>(*pseudonym, id.0, request).await?;
        }
        Ok(())
    }

    /// Whose a handle is, as far as `asker` is concerned: its own claim does not keep it waiting.
    async fn owner(&self, wanted: &Wanted<'_>, asker: ContactId) -> Result<Owner, CommandError> {
        let Some(claim) = self.claims.look::<ContactHandle>(wanted.pseudonym).await? else {
            return Ok(Owner::Nobody(None));
        };
        let owner = ContactId(claim.owner);
        let handle = &wanted.new.handle;
        if let Some(shown) = self.shown_as(owner, handle.channel(), handle.value()).await? {
            return Ok(Owner::Contact(owner, shown));
        }
        if owner == asker || claim.confirm_by < self.now() {
            return Ok(Owner::Nobody(Some(claim.owner)));
        }
        Ok(Owner::Coming)
    }

    /// The record under which a contact that has this handle is shown; `None` when it does not have it, or is forgotten.
    async fn shown_as(
        &self,
        id: ContactId,
        channel: HandleChannel,
        value: &str,
    ) -> Result<Option<ContactId>, CommandError> {
        let Some(contact) = self.known(id).await?.filter(|it| it.has(channel, value)) else {
            return Ok(None);
        };
        let subject = DataSubject(id.0);
        if self.vault.keys(&[subject]).await?.get(subject) == Some(&SubjectKey::Destroyed) {
            return Ok(None);
        }
        Ok(Some(contact.merged_into.unwrap_or(id)))
    }
}

fn pseudonyms(wanted: &[Wanted<'_>]) -> Vec<Uuid> {
    wanted.iter().map(|it| it.pseudonym).collect()
}

async fn pause(attempt: u32) {
    tokio::time::sleep(PAUSE * (attempt + 1)).await;
}

fn contention() -> CommandError {
    CommandError::Contention {
        stream: "the handles".to_owned(),
    }
}
