//! The work: a ticket opened and five changes of it, one event each.

use anyhow::{Context, Result};
use commands::{Command, Request};
use domain::{
    actor::{Actor, ActorKind},
    assignment::AssignmentCommand,
    ids::{AgentId, CommandId, TicketId, foreign},
    ticket::{TicketCommand, TicketPlace, TicketSource},
    values::{AssignmentMode, HoldReason, Priority, ResolutionReason, Subject, TicketType},
};

/// Commands a ticket.
pub(crate) const STEPS: usize = 6;
/// What every ticket is about.
pub(crate) const SUBJECT: &str = "Принтер на третьем этаже печатает только половину страницы";

/// One client's tickets, each from opening to resolution before the next.
#[derive(Debug)]
pub(crate) struct Script {
    client: String,
    step: usize,
}

impl Script {
    /// `client` must be another one for each client of one log.
    pub(crate) fn new(client: String) -> Self {
        Self { client, step: 0 }
    }

    pub(crate) fn next(&mut self) -> Result<Request> {
        let (ticket, step) = (self.step / STEPS, self.step % STEPS);
        self.step += 1;
        request(&format!("{}-{ticket}", self.client), step)
    }
}

/// Command number `step` of the ticket named `ticket`.
pub(crate) fn request(ticket: &str, step: usize) -> Result<Request> {
    let actor = Actor::new(ActorKind::ApiKey, "bench");
    let command_id = |step: usize| CommandId::of_request("api_key:bench", "bench", ticket, &step.to_string());
    let ticket_id = TicketId::opened_by(command_id(0));
    Ok(Request {
        command_id: command_id(step),
        command: command(ticket_id, step)?,
        actor,
        expected_version: None,
        traceparent: None,
    })
}

fn command(ticket_id: TicketId, step: usize) -> Result<Command> {
    let command = match step {
        0 => open()?,
        1 => TicketCommand::Prioritize {
            priority: Priority::High,
            reason: None,
        },
        2 => {
            let assign = AssignmentCommand::Assign {
                agent_id: AgentId(foreign("bench", "agent", "1")),
                mode: AssignmentMode::ByAgent,
            };
            return Ok(Command::Assignment(ticket_id, assign));
        }
        3 => TicketCommand::PutOnHold {
            reason: HoldReason::Customer,
            until: None,
        },
        4 => TicketCommand::Resume,
        _ => TicketCommand::Resolve {
            reason: ResolutionReason::Solved,
            note: None,
        },
    };
    Ok(Command::Ticket(ticket_id, command))
}

fn open() -> Result<TicketCommand> {
    Ok(TicketCommand::Open {
        number: 0,
        ticket_type: TicketType::Incident,
        subject: Subject::try_new(SUBJECT).context("the subject")?,
        contact_id: None,
        category: None,
        priority: Priority::Medium,
        priority_chosen: false,
        source: TicketSource {
            channel: "api".to_owned(),
            external_id: None,
        },
        place: TicketPlace::default(),
    })
}
