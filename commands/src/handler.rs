//! The way of every command: fold, decide, append with the exact revision; on a conflict again from the log.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{
    access::{Access, Rights},
    actor::Actor,
    api_key::ApiKey,
    assignment::Assignment,
    attachment::{Attachment, AttachmentCommand},
    bulk::Bulk,
    classifier::Classifier,
    contact::Contact,
    conversation::Conversation,
    data_subject::Forgetting,
    decider::{Context, Decider},
    denial::Denial,
    ids::{AgentId, ConversationId, singleton, stream_name},
    macro_run::MacroRun,
    organisation::{Inbox, Item},
    organization::Organization,
    reading::Reading,
    session::Session,
    sign_in::SignIn,
    ticket::{Join, Mark, Ticket, TicketCommand},
    user::{User, UserCommand},
    view::View,
    visitor_secret::VisitorSecret,
    what_if::WhatIf,
};
use event_store::{Envelope, EventLog, LogError, Position, Vault};
use uuid::Uuid;

use crate::{
    Claims, Clock, Command, CommandError, Refusal, Request,
    attachments::files_of,
    authorize,
    cache::Slot,
    caches::{Cached, Caches},
    folded::{Folded, Stored},
    numbers::Numbers,
};

/// Tries of one command when others change its stream meanwhile.
const TRIES: u32 = 5;

/// Whether other processes give commands to the same log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// This one alone, as with the embedded node: what it remembers of its own appends is true.
    Alone,
    /// Others too: what an append really left is read back, because another process may have carried out the same
    /// command a moment before.
    Shared,
}

/// Carries out commands. One for a process.
pub struct Handler {
    pub(crate) log: EventLog,
    pub(crate) vault: Vault,
    pub(crate) numbers: Numbers,
    pub(crate) claims: Claims,
    pub(crate) clock: Clock,
    sharing: Sharing,
    /// Newest position that this process knows of: an append that ends up before it is a repetition.
    known: AtomicU64,
    /// Streams with an append whose fate is unknown: broken off, or never answered.
    doubtful: Mutex<HashSet<String>>,
    /// Held by whoever reads the log to learn from it.
    pub(crate) learning: tokio::sync::Mutex<()>,
    caches: Caches,
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler")
            .field("sharing", &self.sharing)
            .finish_non_exhaustive()
    }
}

/// What a command brought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Position of its last event; when it changed nothing, that of the stream's last event.
    pub position: Position,
    /// Whether it had been carried out before.
    pub repeated: bool,
    /// Whether the log has new events for it.
    pub changed: bool,
}

impl<D: Stored> Folded<D> {
    /// What the stream says to a command that is in it.
    fn answer(&self, envelope: &Envelope, changed: bool) -> Result<Outcome, CommandError> {
        match self.find(envelope.command_id) {
            Some(done) if done.request == envelope.request => Ok(Outcome {
                position: done.position,
                repeated: !changed,
                changed,
            }),
            Some(_) => Err(CommandError::KeyReused),
            // The log took the append and does not have it: somebody restored an older log under us.
            None => Err(CommandError::Contention {
                stream: self.stream.clone(),
            }),
        }
    }
}

impl Handler {
    /// A handler over `log`, whose personal data `vault` seals.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn new(log: EventLog, vault: Vault, clock: Clock, sharing: Sharing) -> Result<Self, LogError> {
        let known = AtomicU64::new(log.head().await?.0);
        let numbers = Numbers::new(log.clone(), vault.clone(), clock.clone());
        let claims = Claims::new(log.clone(), vault.clone(), clock.clone());
        Ok(Self {
            log,
            vault,
            numbers,
            claims,
            clock,
            sharing,
            known,
            doubtful: Mutex::default(),
            learning: tokio::sync::Mutex::default(),
            caches: Caches::default(),
        })
    }

    /// Values that may have one owner only.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Carries out a command, once, however often it is sent under the same id.
    ///
    /// # Errors
    /// [`CommandError`]; nothing has changed then, except that after [`LogError::Unavailable`] it is not known.
    pub async fn execute(&self, rights: &Rights, request: &Request) -> Result<Outcome, CommandError> {
        authorize(rights, request)?;
        let answer = self.attempt(rights, request).await;
        if self.sharing == Sharing::Shared || !is_no(&answer) {
            return answer;
        }
        // What is remembered may be behind the log, for imports write too: it may say yes, which the append checks, but
        // not no.
        self.doubt(&request.command).await;
        self.attempt(rights, request).await
    }

    async fn attempt(&self, rights: &Rights, request: &Request) -> Result<Outcome, CommandError> {
        match &request.command {
            Command::Ticket(ticket_id, TicketCommand::Open { .. }) => self.open(*ticket_id, rights, request).await,
            Command::Ticket(ticket_id, command) => self.change(*ticket_id, command, rights, request).await,
            Command::Assignment(ticket_id, command) => self.assign(*ticket_id, command, rights, request).await,
            Command::Contact(contact_id, command) => self.contact(*contact_id, command, request).await,
            Command::Organization(id, command) => self.plain::<Organization>(id.0, command, request).await,
            Command::Organisation(command) => Box::pin(self.configure(command, request)).await,
            Command::Access(command) => self.grant(command, request).await,
            Command::User(id, command @ UserCommand::LinkAccount { issuer, subject }) => {
                self.link_account(*id, (issuer, subject), command, request).await
            }
            Command::User(id, command) => self.with_address(*id, command, request).await,
            Command::Session(id, command) => self.plain::<Session>(id.0, command, request).await,
            Command::DataSubject(id, command) => self.about_subject(*id, command, request).await,
            Command::Reading(id, command) => self.plain::<Reading>(*id, command, request).await,
            Command::Denial(id, command) => self.plain::<Denial>(*id, command, request).await,
            Command::SignIn(id, command) => self.plain::<SignIn>(*id, command, request).await,
            Command::ApiKey(id, command) => self.admit(*id, command, request).await,
            Command::VisitorSecret(inbox, command) => self.vouching(*inbox, command, request).await,
            Command::MacroRun(id, command) => self.plain::<MacroRun>(*id, command, request).await,
            Command::Conversation(ticket_id, command) => {
                Box::pin(self.converse(*ticket_id, command, rights, request)).await
            }
            Command::Attachment(id, command) => Box::pin(self.about_file(*id, command, rights, request)).await,
            Command::Bulk(id, command) => self.bulk_command(*id, command, rights, request).await,
            Command::WhatIf(id, command) => self.what_if_command(*id, command, request).await,
            Command::Classifier(command) => Box::pin(self.about_classifier(command, request)).await,
            Command::View(id, command) => Box::pin(self.view(*id, command, rights, request)).await,
        }
    }

    /// A command that concerns one stream alone.
    pub(crate) async fn plain<D>(
        &self,
        id: Uuid,
        command: &D::Command,
        request: &Request,
    ) -> Result<Outcome, CommandError>
    where
        D: Cached,
        Refusal: From<D::Refusal>,
    {
        let slot = self.slot::<D>(id);
        let mut folded = slot.lock().await;
        let guard = |folded: &Folded<D>| check_version(request.expected_version, folded.version());
        self.run(&mut folded, id, command, request, guard).await
    }

    /// A thing as the log has it; `None` when there is none.
    pub(crate) async fn state<D: Cached + Clone>(&self, id: Uuid) -> Result<Option<D>, CommandError> {
        let slot = self.slot::<D>(id);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, id).await?.state.clone())
    }

    /// An account as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn user(&self, id: AgentId) -> Result<Option<User>, CommandError> {
        self.state(id.0).await
    }

    /// Roles and who has which, as the log has them.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn access(&self) -> Result<Access, CommandError> {
        let id = singleton(Access::CATEGORY);
        let slot = self.slot::<Access>(id);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, id).await?.state.clone().unwrap_or_default())
    }

    /// Drops what is remembered of the streams that the command looks at.
    async fn doubt(&self, command: &Command) {
        match command {
            Command::Ticket(
                id,
                TicketCommand::Join(Join::MergeInto { into: other })
                | TicketCommand::Mark(Mark::Link { other_id: other, .. } | Mark::Unlink { other_id: other, .. }),
            ) => {
                self.drop_slot::<Ticket>(id.0).await;
                self.drop_slot::<Ticket>(other.0).await;
                self.drop_slot::<Assignment>(id.0).await;
            }
            Command::Ticket(id, _) | Command::Assignment(id, _) => {
                self.drop_slot::<Ticket>(id.0).await;
                self.drop_slot::<Assignment>(id.0).await;
            }
            Command::Contact(id, _) => self.drop_slot::<Contact>(id.0).await,
            Command::Organization(id, _) => self.drop_slot::<Organization>(id.0).await,
            Command::Organisation(command) => self.doubt_configuration(command).await,
            Command::Access(_) => self.drop_slot::<Access>(singleton(Access::CATEGORY)).await,
            Command::User(id, _) => self.drop_slot::<User>(id.0).await,
            Command::Session(id, _) => self.drop_slot::<Session>(id.0).await,
            Command::DataSubject(id, _) => self.drop_slot::<Forgetting>(id.0).await,
            Command::Reading(id, _) => self.drop_slot::<Reading>(*id).await,
            Command::Denial(id, _) => self.drop_slot::<Denial>(*id).await,
            Command::SignIn(id, _) => self.drop_slot::<SignIn>(*id).await,
            Command::ApiKey(id, _) => self.drop_slot::<ApiKey>(id.0).await,
            Command::VisitorSecret(inbox, _) => {
                self.drop_slot::<Item<Inbox>>(*inbox).await;
                self.drop_slot::<VisitorSecret>(*inbox).await;
            }
            Command::Bulk(id, _) => self.drop_slot::<Bulk>(id.0).await,
            Command::WhatIf(id, _) => self.drop_slot::<WhatIf>(id.0).await,
            Command::Classifier(_) => self.drop_slot::<Classifier>(singleton(Classifier::CATEGORY)).await,
            Command::View(id, _) => self.drop_slot::<View>(id.0).await,
            Command::MacroRun(id, _) => self.drop_slot::<MacroRun>(*id).await,
            Command::Attachment(id, command) => {
                if let AttachmentCommand::Prepare {
                    ticket_id: Some(id), ..
                } = command
                {
                    self.drop_slot::<Ticket>(id.0).await;
                }
                self.drop_slot::<Attachment>(id.0).await;
            }
            Command::Conversation(id, command) => {
                for it in files_of(command) {
                    self.drop_slot::<Attachment>(it.0).await;
                }
                self.drop_slot::<Ticket>(id.0).await;
                self.drop_slot::<Conversation>(ConversationId::of_ticket(*id).0).await;
            }
        }
    }

    async fn drop_slot<D: Cached>(&self, id: Uuid) {
        *self.slot::<D>(id).lock().await = None;
    }

    pub(crate) fn slot<D: Cached>(&self, id: Uuid) -> Slot<D> {
        D::cache(&self.caches).slot(id)
    }

    /// Takes a stream that is not in its slot for one without events: almost always it is, and otherwise the append
    /// says so. Not for a stream in doubt, whose next append may look new and not be.
    pub(crate) fn presume_unborn<D: Stored>(&self, slot: &mut Option<Folded<D>>, id: Uuid) {
        let unborn = Folded::unborn(id);
        if slot.is_none() && self.sharing == Sharing::Alone && !self.is_doubtful(&unborn.stream) {
            *slot = Some(unborn);
        }
    }

    /// The stream in the slot; read if it is not there, or if others write too.
    pub(crate) async fn look<'a, D: Stored>(
        &self,
        slot: &'a mut Option<Folded<D>>,
        id: Uuid,
    ) -> Result<&'a Folded<D>, CommandError> {
        let folded = match slot.take() {
            Some(folded) if self.sharing == Sharing::Alone => folded,
            Some(_) | None => Folded::read(&self.log, &self.vault, id).await?,
        };
        Ok(slot.insert(folded))
    }

    pub(crate) async fn run<D>(
        &self,
        slot: &mut Option<Folded<D>>,
        id: Uuid,
        command: &D::Command,
        request: &Request,
        guard: impl Fn(&Folded<D>) -> Result<(), CommandError>,
    ) -> Result<Outcome, CommandError>
    where
        D: Stored,
        Refusal: From<D::Refusal>,
    {
        let envelope = request.envelope();
        for _ in 0..TRIES {
            let folded = self.look(slot, id).await?;
            if folded.find(envelope.command_id).is_some() {
                return folded.answer(&envelope, false);
            }
            guard(folded)?;
            let context = self.context(&request.actor, id);
            let events = D::decide(folded.state.as_ref(), command, &context).map_err(Refusal::from)?;
            if events.is_empty() {
                return Ok(Outcome {
                    position: folded.position,
                    repeated: false,
                    changed: false,
                });
            }
            let Some(folded) = slot.take() else { break };
            if let Some((folded, changed)) = self.append(folded, id, &envelope, events, &context).await? {
                return slot.insert(folded).answer(&envelope, changed);
            }
        }
        Err(CommandError::Contention {
            stream: stream_name(D::CATEGORY, id),
        })
    }

    /// Appends, and returns the stream with the events and whether they are new; `None` on a conflict.
    async fn append<D: Stored>(
        &self,
        folded: Folded<D>,
        id: Uuid,
        envelope: &Envelope,
        events: Vec<D::Event>,
        context: &Context,
    ) -> Result<Option<(Folded<D>, bool)>, CommandError> {
        let dated = events.into_iter().map(|it| (it, context.at)).collect();
        let proposal = folded.propose(&self.vault, envelope, 0, dated).await?;
        let known = self.log_head();
        let mut fate = Fate {
            handler: self,
            stream: &folded.stream,
            doubtful: self.is_doubtful(&folded.stream),
            known: false,
        };
        let appended = match self
            .log
            .append(&folded.stream, folded.expected(), &proposal.encoded)
            .await
        {
            Ok(appended) => appended,
            Err(LogError::Conflict { .. }) => {
                fate.known = true;
                return Ok(None);
            }
            Err(error) => return Err(CommandError::Log(error)),
        };
        self.learn(appended.position);
        let new = appended.position.0 > known;
        let folded = if new && self.sharing == Sharing::Alone && !fate.doubtful {
            fate.known = true;
            drop(fate);
            folded.after(&proposal, envelope, appended)
        } else {
            let folded = Folded::read(&self.log, &self.vault, id).await?;
            fate.known = true;
            folded
        };
        Ok(Some((folded, new)))
    }

    fn is_doubtful(&self, stream: &str) -> bool {
        self.doubtful
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(stream)
    }

    /// The newest position this process knows of.
    pub(crate) fn log_head(&self) -> u64 {
        self.known.load(Ordering::Acquire)
    }

    pub(crate) fn learn(&self, position: Position) {
        self.known.fetch_max(position.0, Ordering::AcqRel);
    }

    /// The instant at which a command would be decided, UTC.
    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    pub(crate) fn context(&self, actor: &Actor, id: Uuid) -> Context {
        Context {
            at: self.clock.now(),
            actor: actor.clone(),
            id,
        }
    }
}

/// Notes, when an append ends in whatever way, whether it is known what became of it.
///
/// A stream in doubt is read before and after its next append: the one in doubt may have been taken, and look new.
struct Fate<'a> {
    handler: &'a Handler,
    stream: &'a str,
    /// Whether it was in doubt before.
    doubtful: bool,
    /// Whether the log has told.
    known: bool,
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        if self.known != self.doubtful {
            return;
        }
        let mut doubtful = self.handler.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        if self.known {
            doubtful.remove(self.stream);
        } else {
            doubtful.insert(self.stream.to_owned());
        }
    }
}

/// Whether the command was refused or changed nothing.
fn is_no(answer: &Result<Outcome, CommandError>) -> bool {
    match answer {
        Ok(outcome) => !outcome.changed && !outcome.repeated,
        Err(CommandError::Refused(_) | CommandError::Conflict { .. }) => true,
        Err(
            CommandError::Forbidden(_)
            | CommandError::KeyReused
            | CommandError::Contention { .. }
            | CommandError::Log(_)
            | CommandError::Decode(_)
            | CommandError::Encode(_)
            | CommandError::Vault(_),
        ) => false,
    }
}

pub(crate) fn check_version(expected: Option<u64>, actual: u64) -> Result<(), CommandError> {
    match expected {
        Some(expected) if expected != actual => Err(CommandError::Conflict { expected, actual }),
        Some(_) | None => Ok(()),
    }
}
