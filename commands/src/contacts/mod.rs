//! Commands about contacts that look at more than one stream: handles have one owner, merging takes two records.

mod handles;
mod merge;

use domain::{
    contact::{Contact, ContactCommand, ContactRefusal, NewHandle},
    ids::{CommandId, ContactId, OrganizationId},
    organization::Organization,
};
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Outcome, Refusal, Request};

impl Handler {
    pub(crate) async fn contact(
        &self,
        id: ContactId,
        command: &ContactCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        if self.has_done(id, request.command_id).await? {
            return self.plain::<Contact>(id.0, command, request).await;
        }
        match command {
            ContactCommand::Create {
                handles,
                organization_id,
                ..
            } => {
                if let Some(organization_id) = organization_id {
                    self.must_take_contacts(*organization_id).await?;
                }
                self.with_handles(id, handles, command, request).await
            }
            ContactCommand::AddHandles { handles } => self.with_handles(id, handles, command, request).await,
            ContactCommand::RemoveHandle { handle_id } => self.without_handle(id, *handle_id, command, request).await,
            ContactCommand::AssignToOrganization {
                organization_id: Some(organization_id),
            } => {
                self.must_take_contacts(*organization_id).await?;
                self.plain::<Contact>(id.0, command, request).await
            }
            ContactCommand::MergeInto { into } => self.merge(id, *into, command, request).await,
            ContactCommand::Unmerge => self.unmerge(id, command, request).await,
            ContactCommand::VerifyHandle { .. }
            | ContactCommand::ChangeProfile { .. }
            | ContactCommand::AssignToOrganization { organization_id: None }
            | ContactCommand::Absorb { .. }
            | ContactCommand::Separate { .. }
            | ContactCommand::Block { .. }
            | ContactCommand::Unblock
            | ContactCommand::GiveConsent { .. }
            | ContactCommand::WithdrawConsent { .. } => self.plain::<Contact>(id.0, command, request).await,
        }
    }

    /// The record that a contact's record is shown with; itself when it is not merged, or when nothing is known of it.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn survivor(&self, id: ContactId) -> Result<ContactId, CommandError> {
        let state = self.known(id).await?;
        Ok(state.and_then(|it| it.merged_into).unwrap_or(id))
    }

    /// What is known of a contact.
    pub(crate) async fn known(&self, id: ContactId) -> Result<Option<Contact>, CommandError> {
        let slot = self.slot::<Contact>(id.0);
        let mut slot = slot.lock().await;
        Ok(self.look(&mut slot, id.0).await?.state.clone())
    }

    async fn has_done(&self, id: ContactId, command_id: CommandId) -> Result<bool, CommandError> {
        let slot = self.slot::<Contact>(id.0);
        let mut slot = slot.lock().await;
        Ok(self.look(&mut slot, id.0).await?.find(command_id).is_some())
    }

    async fn must_take_contacts(&self, id: OrganizationId) -> Result<(), CommandError> {
        let slot = self.slot::<Organization>(id.0);
        let mut slot = slot.lock().await;
        match self.look(&mut slot, id.0).await?.state.as_ref() {
            None => Err(refused(ContactRefusal::OrganizationNotFound)),
            Some(it) if it.retired => Err(refused(ContactRefusal::OrganizationRetired)),
            Some(_) => Ok(()),
        }
    }
}

fn refused(refusal: ContactRefusal) -> CommandError {
    CommandError::Refused(Refusal::from(refusal))
}

/// The part of a request that concerns another record than the one it names: a command of its own, with an id that
/// follows from the request's.
fn part(request: &Request, name: &str, id: ContactId, command: ContactCommand) -> Request {
    Request {
        command_id: CommandId(Uuid::new_v5(&request.command_id.0, name.as_bytes())),
        command: Command::Contact(id, command),
        expected_version: None,
        ..request.clone()
    }
}

/// The handles that a command brings.
fn handles_of(command: &Command) -> &[NewHandle] {
    if let Command::Contact(_, ContactCommand::Create { handles, .. } | ContactCommand::AddHandles { handles }) =
        command
    {
        handles
    } else {
        &[]
    }
}
