//! What a macro is to do with a ticket: its texts filled, its steps with what they find.

use std::collections::BTreeMap;

use domain::{
    actor::{Actor, ActorKind},
    assignment::Assignment,
    ids::TicketId,
    macro_run::{MacroRunRefusal, PlannedStep},
    organisation::{Macro, MacroStep, Template, VARIABLES},
    personal::{DataSubject, Personal},
    ticket::{TicketPlace, TicketRefusal},
};
use uuid::Uuid;

use super::values::{Filled, Values};
use crate::{CommandError, Handler, Refusal, reception::Newcomer};

/// A macro as it is to be carried out.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) version: u64,
    pub(super) steps: Vec<PlannedStep>,
    /// Of each step; empty of those that say nothing.
    pub(super) texts: Vec<String>,
    /// Names of the places of which nothing is known.
    pub(super) missing: Vec<String>,
    pub(super) of: DataSubject,
}

impl Plan {
    pub(super) fn sealed(&self) -> Personal<Vec<String>> {
        Personal::new(self.of, self.texts.clone())
    }

    /// Refuses to say a text with an empty place.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let missing = self.missing.first();
        let name = missing.and_then(|it| VARIABLES.into_iter().find(|known| known == it));
        name.map_or(Ok(()), |it| Err(MacroRunRefusal::VariableMissing(it).into()))
    }
}

impl Handler {
    pub(super) async fn plan(
        &self,
        ticket_id: TicketId,
        macro_id: Uuid,
        given: &BTreeMap<String, String>,
        actor: &Actor,
    ) -> Result<Plan, CommandError> {
        let item = self.glance::<Macro>(macro_id).await?;
        let item = item.state.filter(|it| !it.retired);
        let item = item.ok_or(CommandError::Refused(MacroRunRefusal::MacroUnknown.into()))?;
        let newcomer = self.newcomer(ticket_id).await?;
        let newcomer = newcomer.ok_or(CommandError::Refused(TicketRefusal::NotFound.into()))?;
        let russian = self.is_russian(&newcomer.ticket).await?;
        let values = self.values(ticket_id, &newcomer, actor, russian).await?.with(given);
        let former = self.owner_of(ticket_id).await?;
        let contact = newcomer.ticket.contact_id.map_or(ticket_id.0, |it| it.0);
        let mut plan = Plan {
            version: item.version,
            steps: Vec::new(),
            texts: Vec::new(),
            missing: Vec::new(),
            of: DataSubject(contact),
        };
        for step in &item.definition.steps {
            let (step, text) = planned(step, &newcomer, (actor, former), &values, russian)?;
            let Filled { text, missing } = text;
            plan.missing.extend(missing);
            plan.texts.push(text);
            plan.steps.push(step);
        }
        Ok(plan)
    }

    /// Who owns a ticket now.
    pub(super) async fn owner_of(&self, id: TicketId) -> Result<Option<domain::ids::AgentId>, CommandError> {
        let slot = self.slot::<Assignment>(id.0);
        let mut assignment = slot.lock().await;
        let assignment = &self.look(&mut assignment, id.0).await?.state;
        Ok(assignment.as_ref().and_then(|it| it.owner))
    }
}

fn planned(
    step: &MacroStep,
    newcomer: &Newcomer,
    (actor, owner): (&Actor, Option<domain::ids::AgentId>),
    values: &Values,
    russian: bool,
) -> Result<(PlannedStep, Filled), CommandError> {
    let ticket = &newcomer.ticket;
    let silent = |step| {
        let text = Filled {
            text: String::new(),
            missing: Vec::new(),
        };
        Ok((step, text))
    };
    let says = |body: &Template| values.fill(body.text(russian));
    match step {
        MacroStep::Reply { body } => Ok((PlannedStep::Reply {}, says(body))),
        MacroStep::Note { body } => Ok((PlannedStep::Note {}, says(body))),
        MacroStep::Take {} => {
            let agent = Some(actor).filter(|it| it.kind == ActorKind::Agent);
            let agent_id = agent.and_then(|it| it.id.parse().ok());
            silent(PlannedStep::Take {
                agent_id: agent_id.ok_or(CommandError::Refused(MacroRunRefusal::NobodyToTake.into()))?,
                former: owner,
            })
        }
        MacroStep::Team { team_id } => silent(PlannedStep::Move {
            place: TicketPlace {
                team_id: Some(*team_id),
                ..ticket.place
            },
            former: ticket.place,
        }),
        MacroStep::Prioritize { priority } => silent(PlannedStep::Prioritize {
            priority: *priority,
            former: ticket.priority,
        }),
        MacroStep::Categorize { category_key } => silent(PlannedStep::Categorize {
            category_key: category_key.clone(),
            former: ticket.category.clone(),
        }),
        MacroStep::Tag { tag_id } => silent(PlannedStep::Tag {
            tag_id: *tag_id,
            had: ticket.tags.contains(tag_id),
        }),
        MacroStep::Hold { reason } => silent(PlannedStep::Hold { reason: *reason }),
        MacroStep::Resolve { reason } => silent(PlannedStep::Resolve { reason: *reason }),
        MacroStep::Close { reason } => silent(PlannedStep::Close { reason: *reason }),
    }
}
