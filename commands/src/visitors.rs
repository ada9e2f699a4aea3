//! What has to be known to let a visitor in for whom somebody vouches, and the secrets by which they do.

use domain::{
    contact::Contact,
    ids::ContactId,
    organisation::{Inbox, Item},
    visitor_secret::{VisitorSecret, VisitorSecretCommand, VisitorSecretRefusal},
};
use uuid::Uuid;

use crate::{CommandError, Handler, Outcome, Refusal, Request};

impl Handler {
    pub(crate) async fn vouching(
        &self,
        inbox: Uuid,
        command: &VisitorSecretCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let slot = self.slot::<VisitorSecret>(inbox);
        let done = self
            .look(&mut *slot.lock().await, inbox)
            .await?
            .find(request.command_id)
            .is_some();
        let refused = match (self.inbox(inbox).await?, command) {
            _ if done => None,
            (None, _) => Some(VisitorSecretRefusal::InboxUnknown),
            (Some(item), VisitorSecretCommand::Issue { .. }) if item.retired => {
                Some(VisitorSecretRefusal::InboxRetired)
            }
            (Some(_), VisitorSecretCommand::Issue { .. } | VisitorSecretCommand::Revoke) => None,
        };
        match refused {
            Some(refusal) => Err(Refusal::from(refusal).into()),
            None => self.plain::<VisitorSecret>(inbox, command, request).await,
        }
    }

    /// An inbox as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn inbox(&self, id: Uuid) -> Result<Option<Item<Inbox>>, CommandError> {
        Ok(self.glance::<Inbox>(id).await?.state)
    }

    /// By what visitors of an inbox are vouched for, as the log has it; `None` when there never was anything.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn visitor_secret(&self, inbox: Uuid) -> Result<Option<VisitorSecret>, CommandError> {
        let slot = self.slot::<VisitorSecret>(inbox);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, inbox).await?.state)
    }

    /// Whether nothing of a contact is wanted.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn is_blocked(&self, id: ContactId) -> Result<bool, CommandError> {
        let slot = self.slot::<Contact>(id.0);
        let mut contact = slot.lock().await;
        Ok(self
            .look(&mut contact, id.0)
            .await?
            .state
            .as_ref()
            .is_some_and(|it| it.blocked))
    }
}
