//! Takes a run of a macro back, as far as that goes: only what is still as the run left it.

use domain::{
    access::Rights,
    actor::Actor,
    assignment::AssignmentCommand,
    ids::{AgentId, CommandId, TicketId},
    macro_run::{MacroRun, MacroRunCommand, MacroRunRefusal, PlannedStep, TakenBack},
    ticket::{Mark, Ticket, TicketCommand},
    values::{AssignmentMode, CategoryKey, ClassifiedBy},
};
use event_store::Position;
use uuid::Uuid;

use super::{
    run::RunReport,
    status::{Ids, Turns},
};
use crate::{Command, CommandError, Handler, Refusal, Request, within};

/// What is to be done about a step.
pub(super) enum Remedy {
    Say(TakenBack),
    /// With what is to be said when it is done.
    Do(Box<Command>, TakenBack),
}

/// The ticket as a step finds it that is to be taken back.
struct Found {
    id: TicketId,
    ticket: Ticket,
    owner: Option<AgentId>,
    turns: Turns,
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
        let request = |command_id, command| Request {
            command_id,
            command,
            actor: actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        let noting = CommandId(Uuid::new_v5(&command_id.0, b"undo"));
        let note = |steps| request(noting, Command::MacroRun(id, MacroRunCommand::Undo { steps }));
        // Before it is told whether there is such a run.
        crate::authorize_in(rights, &note(Vec::new()).command, &place)?;
        let (Some(run), Some(wish)) = (run, self.wish_of(id).await?) else {
            return Err(CommandError::Refused(MacroRunRefusal::NotFound.into()));
        };
        if run.ended.is_none() {
            return Err(Refusal::from(MacroRunRefusal::NotFinished).into());
        }
        let ids = Ids {
            run: wish,
            undo: command_id,
        };
        let work = async {
            let (mut said, mut position) = (Vec::new(), Position::START);
            if run.undone.is_none() {
                for index in (0..run.steps.len()).rev() {
                    let make = |command| request(ids.undo(index), command);
                    let (taken_back, at) = self.take_back(rights, &run, (ids, index), make).await?;
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
        (ids, index): (Ids, usize),
        make: impl Fn(Command) -> Request,
    ) -> Result<(TakenBack, Position), CommandError> {
        let done = run.ended.as_ref().map_or(0, |it| it.0);
        if u32::try_from(index).is_ok_and(|it| it >= done) {
            return Ok((TakenBack::NeverDone, Position::START));
        }
        let Some(ticket) = self.ticket(run.ticket_id).await? else {
            return Ok((TakenBack::ChangedSince, Position::START));
        };
        let found = Found {
            id: run.ticket_id,
            ticket,
            owner: self.owner_of(run.ticket_id).await?,
            turns: self.turns(run.ticket_id).await?,
        };
        let (command, done) = match remedy(&found, &run.steps, (ids, index)) {
            Remedy::Say(said) => return Ok((said, Position::START)),
            Remedy::Do(command, done) => (*command, done),
        };
        match self.execute(rights, &make(command)).await {
            Ok(outcome) => Ok((done, outcome.position)),
            Err(CommandError::Refused(_) | CommandError::Forbidden(_) | CommandError::KeyReused) => {
                Ok((TakenBack::Refused, Position::START))
            }
            Err(error) => Err(error),
        }
    }
}

fn remedy(found: &Found, steps: &[PlannedStep], (ids, index): (Ids, usize)) -> Remedy {
    let Found { id, ticket, owner, .. } = found;
    let restore = |command| Remedy::Do(Box::new(command), TakenBack::Restored);
    let change = |command| restore(Command::Ticket(*id, command));
    let Some(step) = steps.get(index) else {
        return Remedy::Say(TakenBack::NeverDone);
    };
    match step {
        PlannedStep::Reply {} | PlannedStep::Note {} => Remedy::Say(TakenBack::StaysSaid),
        PlannedStep::Take { agent_id, former } if *owner == Some(*agent_id) && former != owner => {
            restore(Command::Assignment(*id, given_back(*former)))
        }
        PlannedStep::Take { former, .. } => Remedy::Say(compared(owner == former)),
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
        PlannedStep::Categorize { category_key, former }
            if ticket.category == Some((category_key.clone(), None)) && ticket.category != *former =>
        {
            change(TicketCommand::Categorize {
                category: former.as_ref().and_then(|(key, sub)| category(key, sub.as_deref())),
                by: ClassifiedBy::Agent,
            })
        }
        PlannedStep::Categorize { former, .. } => Remedy::Say(compared(ticket.category == *former)),
        PlannedStep::Tag { tag_id, had: false } if ticket.tags.contains(tag_id) => {
            change(TicketCommand::Mark(Mark::Untag {
                tag_ids: [*tag_id].into(),
            }))
        }
        PlannedStep::Tag { tag_id, had } => Remedy::Say(compared(ticket.tags.contains(tag_id) == *had)),
        PlannedStep::Hold { .. } | PlannedStep::Resolve { .. } | PlannedStep::Close { .. } => {
            found.turns.remedy(*id, ids, index, steps)
        }
    }
}

pub(super) fn compared(as_before: bool) -> TakenBack {
    if as_before {
        TakenBack::Restored
    } else {
        TakenBack::ChangedSince
    }
}

fn given_back(former: Option<AgentId>) -> AssignmentCommand {
    match former {
        Some(agent_id) => AssignmentCommand::Assign {
            agent_id,
            mode: AssignmentMode::ByAgent,
        },
        None => AssignmentCommand::Unassign {
            reason: None,
            customer: None,
        },
    }
}

fn category(key: &str, sub: Option<&str>) -> Option<(CategoryKey, Option<CategoryKey>)> {
    let sub = sub.and_then(|it| CategoryKey::try_new("subcategoryId", it).ok());
    Some((CategoryKey::try_new("categoryId", key).ok()?, sub))
}
