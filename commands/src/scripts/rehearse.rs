//! Checks all steps of a macro before any is taken: each is decided upon what the ones before would leave.
//!
//! Nothing is appended and nobody is kept waiting, so somebody else may still be faster than the steps themselves: then
//! the run stops there, and says so.

use domain::{
    access::Rights,
    actor::Actor,
    assignment::Assignment,
    conversation::{Cause, Conversation, ConversationCommand, Visibility, consequence},
    decider::Decider,
    ids::{ConversationId, TicketId},
    organisation::{Kind, Reference},
    ticket::{Status, Ticket, TicketCommand, TicketRefusal},
};

use crate::{
    Command, CommandError, Handler, Refusal, Request,
    authorize::{authorize, authorize_in},
    conversations::{thread_of, under},
};

/// What the steps so far would leave.
struct Stage {
    ticket: Ticket,
    assignment: Option<Assignment>,
    conversation: Option<Conversation>,
}

impl Handler {
    /// The first step that would be refused, and why; `Ok` when none would.
    pub(super) async fn rehearse(
        &self,
        rights: &Rights,
        id: TicketId,
        requests: &[Request],
    ) -> Result<(), (usize, CommandError)> {
        let mut stage = self.stage(id).await.map_err(|it| (0, it))?;
        for (index, request) in requests.iter().enumerate() {
            self.rehearse_one(rights, id, &mut stage, request)
                .await
                .map_err(|it| (index, it))?;
        }
        Ok(())
    }

    async fn stage(&self, id: TicketId) -> Result<Stage, CommandError> {
        let ticket = self.ticket(id).await?;
        let assignment = self.slot::<Assignment>(id.0);
        let mut assignment = assignment.lock().await;
        let conversation_id = ConversationId::of_ticket(id).0;
        let conversation = self.slot::<Conversation>(conversation_id);
        let mut conversation = conversation.lock().await;
        Ok(Stage {
            ticket: ticket.ok_or(CommandError::Refused(TicketRefusal::NotFound.into()))?,
            assignment: self.look(&mut assignment, id.0).await?.state.clone(),
            conversation: self.look(&mut conversation, conversation_id).await?.state.clone(),
        })
    }

    async fn rehearse_one(
        &self,
        rights: &Rights,
        id: TicketId,
        stage: &mut Stage,
        request: &Request,
    ) -> Result<(), CommandError> {
        authorize(rights, request)?;
        let ticket = &stage.ticket;
        let contact = ticket.contact_id.map(|it| it.0);
        // Macros are the team's: a customer's right to their own ticket does not do.
        authorize_in(rights, &request.command, &ticket.place.of(None))?;
        let context = self.context(&request.actor, id.0);
        if let Command::Ticket(_, command) = &request.command {
            if let TicketCommand::Move { place } = command {
                self.permit_place(rights, &request.command, (*place, ticket.place), contact)
                    .await?;
                self.check_place(*place, ticket.place).await?;
            }
            self.check_category(command).await?;
            let command = self.prepared(id, ticket, command.clone()).await?;
            let events = Ticket::decide(Some(ticket), &command, &context).map_err(Refusal::from)?;
            stage.after(&events);
        } else if let Command::Assignment(_, command) = &request.command {
            takes_owner(ticket)?;
            let events = Assignment::decide(stage.assignment.as_ref(), command, &context).map_err(Refusal::from)?;
            stage.assignment = events.iter().fold(stage.assignment.take(), Assignment::evolve);
        } else if let Command::Conversation(_, command) = &request.command {
            self.rehearse_words(id, stage, command, &request.actor)?;
        }
        Ok(())
    }

    fn rehearse_words(
        &self,
        id: TicketId,
        stage: &mut Stage,
        command: &ConversationCommand,
        actor: &Actor,
    ) -> Result<(), CommandError> {
        let conversation = ConversationId::of_ticket(id).0;
        let said = under(command.clone(), thread_of(id, &stage.ticket));
        let context = self.context(actor, conversation);
        let events = Conversation::decide(stage.conversation.as_ref(), &said, &context).map_err(Refusal::from)?;
        stage.conversation = events.iter().fold(stage.conversation.take(), Conversation::evolve);
        let public = matches!(
            command,
            ConversationCommand::Post {
                visibility: Visibility::Public,
                ..
            }
        );
        if let Some(then) =
            consequence(Cause::Answer, stage.ticket.status, stage.ticket.snooze.is_some()).filter(|_| public)
        {
            let context = self.context(actor, id.0);
            let events = Ticket::decide(Some(&stage.ticket), &then, &context).map_err(Refusal::from)?;
            stage.after(&events);
        }
        Ok(())
    }

    /// A macro puts tickets only where there is a category that is in use.
    async fn check_category(&self, command: &TicketCommand) -> Result<(), CommandError> {
        let TicketCommand::Categorize {
            category: Some((key, _)),
            ..
        } = command
        else {
            return Ok(());
        };
        let wanted = Reference {
            field: "categoryKey",
            index: None,
            kind: Kind::Category,
            id: domain::organisation::Category::id_of(key.as_str()),
        };
        self.check_references(&[wanted], &[]).await
    }
}

impl Stage {
    fn after(&mut self, events: &[domain::ticket::TicketEvent]) {
        for event in events {
            if let Some(ticket) = Ticket::evolve(Some(self.ticket.clone()), event) {
                self.ticket = ticket;
            }
        }
    }
}

/// What an owner needs of a ticket.
fn takes_owner(ticket: &Ticket) -> Result<(), Refusal> {
    if let Some(into) = ticket.merged_into {
        return Err(TicketRefusal::Merged { into }.into());
    }
    match ticket.status {
        _ if ticket.archived => Err(TicketRefusal::Archived.into()),
        Status::Closed => Err(TicketRefusal::Closed.into()),
        Status::New | Status::Open | Status::Waiting(_) | Status::Resolved(_) => Ok(()),
    }
}
