//! What scripts would say of a ticket, without saying it.

use std::collections::BTreeMap;

use domain::{
    access::{Permission, Rights},
    actor::Actor,
    ids::TicketId,
    macro_run::{MacroRunRefusal, PlannedStep},
    organisation::CannedReply,
    ticket::TicketRefusal,
};
use uuid::Uuid;

use super::values::Filled;
use crate::{CommandError, Handler, authorize::permit_in};

/// A step of a macro as it would be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewedStep {
    /// What it does.
    pub step: PlannedStep,
    /// What it says; empty when it says nothing.
    pub text: String,
}

impl Handler {
    /// The steps of a macro as they would be taken, and the places of which nothing is known.
    ///
    /// # Errors
    /// When there is no such ticket or macro, or no right to write there as one of the team.
    pub async fn preview_macro(
        &self,
        rights: &Rights,
        actor: &Actor,
        (ticket_id, macro_id): (TicketId, Uuid),
        values: &BTreeMap<String, String>,
    ) -> Result<(Vec<PreviewedStep>, Vec<String>), CommandError> {
        self.permit_script(rights, ticket_id).await?;
        let plan = self.plan(ticket_id, macro_id, values, actor).await?;
        let steps = plan.steps.into_iter().zip(plan.texts);
        let steps = steps.map(|(step, text)| PreviewedStep { step, text }).collect();
        let mut missing = plan.missing;
        missing.sort_unstable();
        missing.dedup();
        Ok((steps, missing))
    }

    /// A canned reply filled for a ticket.
    ///
    /// # Errors
    /// When there is no such ticket or canned reply, or no right to write there as one of the team.
    pub async fn fill_canned_reply(
        &self,
        rights: &Rights,
        actor: &Actor,
        (ticket_id, reply_id): (TicketId, Uuid),
        values: &BTreeMap<String, String>,
    ) -> Result<Filled, CommandError> {
        self.permit_script(rights, ticket_id).await?;
        let item = self
            .glance::<CannedReply>(reply_id)
            .await?
            .state
            .filter(|it| !it.retired);
        let item = item.ok_or(CommandError::Refused(MacroRunRefusal::MacroUnknown.into()))?;
        let newcomer = self.newcomer(ticket_id).await?;
        let newcomer = newcomer.ok_or(CommandError::Refused(TicketRefusal::NotFound.into()))?;
        let russian = self.is_russian(&newcomer.ticket).await?;
        let known = self.values(ticket_id, &newcomer, actor, russian).await?.with(values);
        Ok(known.fill(item.definition.body.text(russian)))
    }

    /// What a text says of a ticket and its customer is for those who may write there, customers not among them.
    pub(super) async fn permit_script(&self, rights: &Rights, ticket_id: TicketId) -> Result<(), CommandError> {
        let place = self.ticket(ticket_id).await?.map(|it| it.place.of(None));
        Ok(permit_in(rights, Permission::TicketsWrite, &place.unwrap_or_default())?)
    }
}
