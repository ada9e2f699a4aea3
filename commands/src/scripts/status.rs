//! How the status of a ticket went: so that a run takes back what it did itself, and nothing that others did since.

use domain::{
    decider::Decider,
    ids::{CommandId, TicketId, stream_name},
    macro_run::{PlannedStep, TakenBack},
    ticket::{Status, Ticket, TicketCommand, TicketEvent},
    values::ReopenCause,
};
use uuid::Uuid;

use super::undo::{Remedy, compared};
use crate::{Command, CommandError, Handler, folded::read_opened};

/// The status became another, or was said again.
struct Turn {
    by: CommandId,
    from: Status,
    to: Status,
}

/// Every turn of a ticket, oldest first.
pub(super) struct Turns(Vec<Turn>);

/// The ids of what a run did, and of what takes it back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    /// Of the wish to run it.
    pub(super) run: CommandId,
    /// Of the wish to take it back.
    pub(super) undo: CommandId,
}

impl Ids {
    fn step(self, index: usize) -> CommandId {
        step(self.run, index)
    }

    /// Of what takes a step back.
    pub(super) fn undo(self, index: usize) -> CommandId {
        CommandId(Uuid::new_v5(&self.undo.0, format!("undo {index}").as_bytes()))
    }
}

/// Of what takes a step of the run that this wish began.
pub(super) fn step(run: CommandId, index: usize) -> CommandId {
    CommandId(Uuid::new_v5(&run.0, format!("step {index}").as_bytes()))
}

impl Handler {
    pub(super) async fn turns(&self, id: TicketId) -> Result<Turns, CommandError> {
        let events = read_opened(&self.log, &self.vault, &stream_name(Ticket::CATEGORY, id.0)).await?;
        let mut turns: Vec<Turn> = Vec::new();
        for it in events {
            let event = TicketEvent::try_from(it.event).ok();
            if let Some(to) = event.as_ref().and_then(Status::after) {
                let from = turns.last().map_or(to, |it| it.to);
                let by = it.metadata.command_id;
                turns.push(Turn { by, from, to });
            }
        }
        Ok(Turns(turns))
    }
}

impl Turns {
    /// What is to be done about a step that gave the ticket its status, one of `steps`.
    pub(super) fn remedy(&self, id: TicketId, ids: Ids, index: usize, steps: &[PlannedStep]) -> Remedy {
        let (Some(newest), Some(step)) = (self.0.last(), steps.get(index)) else {
            return Remedy::Say(TakenBack::ChangedSince);
        };
        if !self.0.iter().any(|it| it.by == ids.step(index)) {
            // It was so already.
            return Remedy::Say(compared(is_as_wanted(newest.to, step)));
        }
        let own: Vec<CommandId> = (0..steps.len())
            .filter(|it| steps.get(*it).is_some_and(gives_status))
            .map(|it| ids.step(it))
            .collect();
        let before = self.0.iter().find(|it| own.contains(&it.by)).map(|it| it.from);
        let opened = if before == Some(Status::Open) {
            TakenBack::Restored
        } else {
            TakenBack::MadeOpen
        };
        if own.contains(&newest.by) {
            return match opening(newest.to) {
                Some(command) => Remedy::Do(Box::new(Command::Ticket(id, command)), opened),
                None => Remedy::Say(compared(before == Some(newest.to))),
            };
        }
        if (index..steps.len()).any(|it| newest.by == ids.undo(it)) {
            return Remedy::Say(opened);
        }
        Remedy::Say(compared(before == Some(newest.to)))
    }
}

fn gives_status(step: &PlannedStep) -> bool {
    matches!(
        step,
        PlannedStep::Hold { .. } | PlannedStep::Resolve { .. } | PlannedStep::Close { .. }
    )
}

fn is_as_wanted(status: Status, step: &PlannedStep) -> bool {
    match status {
        Status::Waiting(hold) => matches!(step, PlannedStep::Hold { reason } if *reason == hold.reason),
        Status::Resolved(_) => matches!(step, PlannedStep::Resolve { .. }),
        Status::Closed => matches!(step, PlannedStep::Close { .. }),
        Status::New | Status::Open => false,
    }
}

/// What opens a ticket again.
fn opening(status: Status) -> Option<TicketCommand> {
    match status {
        Status::Waiting(_) => Some(TicketCommand::Resume),
        Status::Resolved(_) | Status::Closed => Some(TicketCommand::Reopen {
            cause: ReopenCause::Agent,
        }),
        Status::New | Status::Open => None,
    }
}
