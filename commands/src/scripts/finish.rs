//! Takes the steps of a run, each by a command with an id that follows from the run's.

use domain::{
    access::Rights,
    actor::Actor,
    assignment::{Assignment, AssignmentCommand},
    conversation::{Body, Conversation, ConversationCommand, NewMessage, Via, Visibility},
    event::DomainEvent,
    ids::{CommandId, ConversationId, MessageId, TicketId},
    macro_run::{MacroRun, MacroRunCommand, MacroRunEvent, MacroRunRefusal, PlannedStep, Stopped},
    ticket::{Mark, Ticket, TicketCommand},
    values::{AssignmentMode, CategoryKey, ClassifiedBy, CloseCause},
};
use event_store::{Position, Recorded};
use uuid::Uuid;

use super::status;
use crate::{Command, CommandError, Handler, Request, caches::Cached, conversations::followed_by, within};

/// Names the command that notes the end of a run.
const FINISH: &str = "finish";

/// A run as far as its steps need it.
#[derive(Debug, Clone)]
pub(super) struct Running<'a> {
    /// Of the wish to run it.
    pub(super) command_id: CommandId,
    pub(super) macro_id: Uuid,
    pub(super) ticket_id: TicketId,
    pub(super) actor: &'a Actor,
    pub(super) traceparent: Option<&'a String>,
}

impl Running<'_> {
    pub(super) fn id(&self) -> Uuid {
        self.command_id.creates("macro_run")
    }

    /// The id of what is the run's own and named so.
    fn named(&self, name: &str) -> CommandId {
        CommandId(Uuid::new_v5(&self.command_id.0, name.as_bytes()))
    }

    fn request(&self, command_id: CommandId, command: Command) -> Request {
        Request {
            command_id,
            command,
            actor: self.actor.clone(),
            expected_version: None,
            traceparent: self.traceparent.cloned(),
        }
    }

    /// The requests that take the steps, in their order.
    pub(super) fn requests(&self, steps: &[PlannedStep], texts: &[String]) -> Result<Vec<Request>, CommandError> {
        let numbered = steps.iter().enumerate();
        let requests = numbered.map(|(index, step)| {
            let text = texts.get(index).map_or("", String::as_str);
            self.taking(index, step, text)
        });
        requests.collect()
    }

    /// The request that takes a step.
    fn taking(&self, index: usize, step: &PlannedStep, text: &str) -> Result<Request, CommandError> {
        let id = status::step(self.command_id, index);
        Ok(self.request(id, self.command(index, step, text)?))
    }

    fn command(&self, index: usize, step: &PlannedStep, text: &str) -> Result<Command, CommandError> {
        let ticket = |command| Ok(Command::Ticket(self.ticket_id, command));
        match step {
            PlannedStep::Reply {} => self.said(index, text, Visibility::Public),
            PlannedStep::Note {} => self.said(index, text, Visibility::Note),
            PlannedStep::Take { agent_id, .. } => {
                let assign = AssignmentCommand::Assign {
                    agent_id: *agent_id,
                    mode: AssignmentMode::Own,
                };
                Ok(Command::Assignment(self.ticket_id, assign))
            }
            PlannedStep::Move { place, .. } => ticket(TicketCommand::Move { place: *place }),
            PlannedStep::Prioritize { priority, .. } => ticket(TicketCommand::Prioritize {
                priority: *priority,
                reason: None,
            }),
            PlannedStep::Categorize { category_key, .. } => {
                let key = CategoryKey::try_new("categoryId", category_key).ok();
                ticket(TicketCommand::Categorize {
                    category: key.map(|it| (it, None)),
                    by: ClassifiedBy::Agent,
                })
            }
            PlannedStep::Tag { tag_id, .. } => ticket(TicketCommand::Mark(Mark::Tag { tag_ids: vec![*tag_id] })),
            PlannedStep::Hold { reason } => ticket(TicketCommand::PutOnHold {
                reason: *reason,
                until: None,
            }),
            PlannedStep::Resolve { reason } => ticket(TicketCommand::Resolve {
                reason: *reason,
                note: None,
            }),
            PlannedStep::Close { reason } => ticket(TicketCommand::Close {
                cause: CloseCause::Agent,
                reason: Some(*reason),
            }),
        }
    }

    fn said(&self, index: usize, text: &str, visibility: Visibility) -> Result<Command, CommandError> {
        let unfit = |_too_long_or_empty| CommandError::Refused(MacroRunRefusal::TextUnfit.into());
        let conversation = ConversationId::of_ticket(self.ticket_id);
        let name = format!("{} {index}", self.command_id);
        let message = NewMessage {
            message_id: MessageId::named_by(conversation, &self.actor.to_string(), &name),
            client_message_id: None,
            body: Body::try_new(text).map_err(unfit)?,
            attachments: Vec::new(),
            in_reply_to: None,
        };
        let command = ConversationCommand::Post {
            thread: None,
            message,
            visibility,
            mentions: Vec::new(),
            via: Via::Macro {
                macro_id: self.macro_id,
            },
        };
        Ok(Command::Conversation(self.ticket_id, command))
    }
}

impl Handler {
    /// A run as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn macro_run(&self, id: Uuid) -> Result<Option<MacroRun>, CommandError> {
        let slot = self.slot::<MacroRun>(id);
        let mut run = slot.lock().await;
        Ok(self.look(&mut run, id).await?.state.clone())
    }

    /// Finishes a run that a crash cut off, if it is still to be finished; whether it was.
    ///
    /// # Errors
    /// [`CommandError`]; the same call may succeed later.
    pub async fn finish_macro_run(&self, started: &Recorded<DomainEvent>) -> Result<bool, CommandError> {
        let DomainEvent::MacroRun(MacroRunEvent::Started {
            macro_id, ticket_id, ..
        }) = &started.event
        else {
            return Ok(false);
        };
        let Some(run) = self.macro_run(started.stream_id).await?.filter(|it| it.ended.is_none()) else {
            return Ok(false);
        };
        let running = Running {
            // That of the event began the run; the steps follow from the wish, which correlates all of it.
            command_id: CommandId(started.metadata.correlation_id),
            macro_id: *macro_id,
            ticket_id: *ticket_id,
            actor: &started.metadata.actor,
            traceparent: started.metadata.traceparent.as_ref(),
        };
        self.take_steps(&running, &run).await?;
        Ok(true)
    }

    /// Takes the steps of a run that has not ended, one after another, and notes the end. A step that is refused stops it:
    /// what was done is said.
    ///
    /// Tells how far the log is then with what was done, and with the run itself.
    pub(super) async fn take_steps(
        &self,
        running: &Running<'_>,
        run: &MacroRun,
    ) -> Result<(Position, Position), CommandError> {
        let steps = async {
            let (done, reason, position) = self.step_by_step(running, run).await?;
            let stopped = reason.map(|reason| Stopped { step: done, reason });
            let finish = MacroRunCommand::Finish { done, stopped };
            let finishing = running.request(running.named(FINISH), Command::MacroRun(running.id(), finish));
            let noted = self.execute(&Rights::all(), &finishing).await?.position;
            Ok((position, noted))
        };
        Box::pin(within(running.command_id.0, steps)).await
    }

    /// How many steps were taken, why no more, and how far the log is with them.
    async fn step_by_step(
        &self,
        running: &Running<'_>,
        run: &MacroRun,
    ) -> Result<(u32, Option<String>, Position), CommandError> {
        let texts = run.texts.as_deref().unwrap_or_default();
        let (mut done, mut position) = (0, Position::START);
        for (index, step) in run.steps.iter().enumerate() {
            let text = texts.get(index).map_or("", String::as_str);
            // Made when it is due: words that are forgotten meanwhile stop it there, and not before it began.
            let taken = match running.taking(index, step, text) {
                Ok(request) => self.execute(&Rights::all(), &request).await,
                Err(unfit) => Err(unfit),
            };
            match taken {
                Ok(outcome) => {
                    done += 1;
                    position = position.max(outcome.position);
                }
                Err(CommandError::Refused(rule)) => return Ok((done, Some(rule.to_string()), position)),
                Err(error) => return Err(error),
            }
        }
        Ok((done, None, position))
    }

    /// How far the log is with what a run brought about, and with the run itself.
    pub(super) async fn brought_about(
        &self,
        running: &Running<'_>,
        run: &MacroRun,
    ) -> Result<(Position, Position), CommandError> {
        let steps = (0..run.steps.len()).map(|index| status::step(running.command_id, index));
        let ids: Vec<CommandId> = steps.flat_map(|it| [it, followed_by(it)]).collect();
        let (ticket, said) = (run.ticket_id.0, ConversationId::of_ticket(run.ticket_id).0);
        let position = self.newest_of::<Ticket>(ticket, &ids).await?;
        let position = position.max(self.newest_of::<Assignment>(ticket, &ids).await?);
        let position = position.max(self.newest_of::<Conversation>(said, &ids).await?);
        let noted = [running.command_id, running.named(FINISH)];
        Ok((position, self.newest_of::<MacroRun>(running.id(), &noted).await?))
    }

    /// Position of the newest event in a stream that one of these commands led to.
    async fn newest_of<D: Cached>(&self, id: Uuid, commands: &[CommandId]) -> Result<Position, CommandError> {
        let slot = self.slot::<D>(id);
        let mut folded = slot.lock().await;
        let folded = self.look(&mut folded, id).await?;
        let found = commands.iter().filter_map(|it| folded.find(*it));
        Ok(found.map(|it| it.position).max().unwrap_or(Position::START))
    }

    /// Id of the wish that began a run; `None` when there is no such run.
    pub(super) async fn wish_of(&self, run: Uuid) -> Result<Option<CommandId>, CommandError> {
        let slot = self.slot::<MacroRun>(run);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, run).await?.commands().first().copied())
    }
}
