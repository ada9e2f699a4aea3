//! Takes a run of a macro back, as far as that goes: only what is still as the run left it.

use domain::{
    access::Rights,
    actor::Actor,
    assignment::AssignmentCommand,
    ids::{CommandId, TicketId},
    macro_run::{MacroRun, MacroRunCommand, MacroRunRefusal, PlannedStep, TakenBack},
    ticket::{Mark, Status, Ticket, TicketCommand},
    values::{AssignmentMode, CategoryKey, ClassifiedBy, ReopenCause},
};
use event_store::Position;
use uuid::Uuid;

use super::run::RunReport;
use crate::{Command, CommandError, Handler, Refusal, Request, within};

/// What is to be done about a step.
enum Remedy {
    Say(TakenBack),
    Do(Box<Command>),
}

impl Handler {
    /// Takes a run back; the last step first.
    ///
    /// # Errors
    /// When there is no such run, it goes on still, or the rights do not do for anything in it.
    pub async fn undo_macro_run(
        &self,
        rights: &Rights,
        actor: &Actor,
        command_id: CommandId,
        id: Uuid,
    ) -> Result<RunReport, CommandError> {
        let run = self.macro_run(id).await?;
        let ticket = match &run {
            Some(run) => self.ticket(run.ticket_id).await?,
            None => None,
        };
        let place = ticket.map(|it| it.place.of(None)).unwrap_or_default();
        let request = |name: &str, command| Request {
            command_id: CommandId(Uuid::new_v5(&command_id.0, name.as_bytes())),
            command,
            actor: actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        let note = |steps| request("undo", Command::MacroRun(id, MacroRunCommand::Undo { steps }));
        // Before it is told whether there is such a run.
        crate::authorize_in(rights, &note(Vec::new()).command, &place)?;
        let run = run.ok_or(CommandError::Refused(MacroRunRefusal::NotFound.into()))?;
        if run.ended.is_none() {
            return Err(Refusal::from(MacroRunRefusal::NotFinished).into());
        }
        let work = async {
            let (mut said, mut position) = (Vec::new(), Position::START);
            if run.undone.is_none() {
                for (index, step) in run.steps.iter().enumerate().rev() {
                    let make = |command| request(&format!("undo {index}"), command);
                    let (taken_back, at) = self.take_back(rights, &run, (index, step), make).await?;
                    said.push(taken_back);
                    position = position.max(at);
                }
                said.reverse();
            }
            let noted = self.execute(rights, &note(said)).await?.position;
            Ok::<_, CommandError>((position, noted))
        };
        let (position, noted) = Box::pin(within(command_id.0, work)).await?;
        let run = self.macro_run(id).await?;
        Ok(RunReport {
            id,
            run: run.ok_or(CommandError::Refused(MacroRunRefusal::NotFound.into()))?,
            position,
            noted,
        })
    }

    async fn take_back(
        &self,
        rights: &Rights,
        run: &MacroRun,
        (index, step): (usize, &PlannedStep),
        make: impl Fn(Command) -> Request,
    ) -> Result<(TakenBack, Position), CommandError> {
        let done = run.ended.as_ref().map_or(0, |it| it.0);
        if u32::try_from(index).is_ok_and(|it| it >= done) {
            return Ok((TakenBack::NeverDone, Position::START));
        }
        let Some(ticket) = self.ticket(run.ticket_id).await? else {
            return Ok((TakenBack::ChangedSince, Position::START));
        };
        let owner = self.owner_of(run.ticket_id).await?;
        let command = match remedy(run.ticket_id, &ticket, owner, step) {
            Remedy::Say(said) => return Ok((said, Position::START)),
            Remedy::Do(command) => *command,
        };
        match self.execute(rights, &make(command)).await {
            Ok(outcome) => Ok((TakenBack::Restored, outcome.position)),
            Err(CommandError::Refused(_) | CommandError::Forbidden(_) | CommandError::KeyReused) => {
                Ok((TakenBack::Refused, Position::START))
            }
            Err(error) => Err(error),
        }
    }
}

fn remedy(id: TicketId, ticket: &Ticket, owner: Option<domain::ids::AgentId>, step: &PlannedStep) -> Remedy {
    let change = |command| Remedy::Do(Box::new(Command::Ticket(id, command)));
    let reopen = || {
        change(TicketCommand::Reopen {
            cause: ReopenCause::Agent,
        })
    };
    match step {
        PlannedStep::Reply {} | PlannedStep::Note {} => Remedy::Say(TakenBack::StaysSaid),
        PlannedStep::Take { agent_id, former } if owner == Some(*agent_id) && *former != owner => {
            Remedy::Do(Box::new(Command::Assignment(id, given_back(*former))))
        }
        PlannedStep::Take { former, .. } => Remedy::Say(compared(owner == *former)),
        PlannedStep::Move { place, former } if ticket.place == *place && place != former => {
            change(TicketCommand::Move { place: *former })
        }
        PlannedStep::Move { former, .. } => Remedy::Say(compared(ticket.place == *former)),
        PlannedStep::Prioritize { priority, former } if ticket.priority == *priority && priority != former => {
            change(TicketCommand::Prioritize {
                priority: *former,
                reason: None,
            })
        }
        PlannedStep::Prioritize { former, .. } => Remedy::Say(compared(ticket.priority == *former)),
        PlannedStep::Categorize { category_key, former } => {
            let now = ticket.category.clone();
            if now == *former {
                Remedy::Say(TakenBack::Restored)
            } else if now == Some((category_key.clone(), None)) {
                change(TicketCommand::Categorize {
                    category: former.as_ref().and_then(|(key, sub)| category(key, sub.as_deref())),
                    by: ClassifiedBy::Agent,
                })
            } else {
                Remedy::Say(TakenBack::ChangedSince)
            }
        }
        PlannedStep::Tag { tag_id, had: false } if ticket.tags.contains(tag_id) => {
            change(TicketCommand::Mark(Mark::Untag {
                tag_ids: [*tag_id].into(),
            }))
        }
        PlannedStep::Tag { tag_id, had } => Remedy::Say(compared(ticket.tags.contains(tag_id) == *had)),
        PlannedStep::Hold { reason } => match ticket.status {
            Status::Waiting(hold) if hold.reason == *reason => change(TicketCommand::Resume),
            Status::New | Status::Open | Status::Waiting(_) | Status::Resolved(_) | Status::Closed => {
                Remedy::Say(compared(ticket.status == Status::Open))
            }
        },
        PlannedStep::Resolve { .. } | PlannedStep::Close { .. } => match ticket.status {
            Status::Resolved(_) | Status::Closed => reopen(),
            Status::New | Status::Open | Status::Waiting(_) => Remedy::Say(TakenBack::Restored),
        },
    }
}

fn compared(as_before: bool) -> TakenBack {
    if as_before {
        TakenBack::Restored
    } else {
        TakenBack::ChangedSince
    }
}

fn given_back(former: Option<domain::ids::AgentId>) -> AssignmentCommand {
    match former {
        Some(agent_id) => AssignmentCommand::Assign {
            agent_id,
            mode: AssignmentMode::ByAgent,
        },
        None => AssignmentCommand::Unassign { reason: None },
    }
}

fn category(key: &str, sub: Option<&str>) -> Option<(CategoryKey, Option<CategoryKey>)> {
    let sub = sub.and_then(|it| CategoryKey::try_new("subcategoryId", it).ok());
    Some((CategoryKey::try_new("categoryId", key).ok()?, sub))
}
