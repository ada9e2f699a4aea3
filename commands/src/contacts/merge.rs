//! Two records of one person: the one that shows both notes it first, so that neither can be merged elsewhere meanwhile.

use domain::{
    contact::{Contact, ContactCommand, ContactRefusal},
    ids::ContactId,
};

use super::{part, refused};
use crate::{CommandError, Handler, Outcome, Refusal, Request};

impl Handler {
    pub(super) async fn merge(
        &self,
        id: ContactId,
        into: ContactId,
        command: &ContactCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let contact = self.known(id).await?.ok_or(refused(ContactRefusal::NotFound))?;
        match contact.merged_into {
            _ if id == into => return Err(refused(ContactRefusal::IntoItself)),
            Some(other) if other != into => return Err(refused(ContactRefusal::Merged { into: other })),
            Some(_) | None => {}
        }
        self.drop_leftovers(id, &contact, request).await?;
        let absorb = ContactCommand::Absorb { contact_id: id };
        let absorbing = part(request, "absorb", into, absorb.clone());
        let noted = self.plain::<Contact>(into.0, &absorb, &absorbing).await;
        noted.map_err(about_target)?;
        let merged = self.plain::<Contact>(id.0, command, request).await;
        if let Err(CommandError::Refused(_) | CommandError::Conflict { .. } | CommandError::KeyReused) = &merged {
            self.separate(into, id, request).await?;
        }
        merged
    }

    pub(super) async fn unmerge(
        &self,
        id: ContactId,
        command: &ContactCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let from = self.known(id).await?.and_then(|it| it.merged_into);
        let outcome = self.plain::<Contact>(id.0, command, request).await?;
        match from {
            Some(from) => {
                let apart = self.separate(from, id, request).await?;
                Ok(Outcome {
                    position: outcome.position.max(apart.position),
                    ..outcome
                })
            }
            None => Ok(outcome),
        }
    }

    /// Notes at `shown_with` that `id` is by itself, if it really is.
    async fn separate(&self, shown_with: ContactId, id: ContactId, request: &Request) -> Result<Outcome, CommandError> {
        let separate = ContactCommand::Separate { contact_id: id };
        let separating = part(request, "separate", shown_with, separate.clone());
        self.plain::<Contact>(shown_with.0, &separate, &separating).await
    }

    /// Takes back what a crash between the two steps of a merge or an unmerge has left.
    async fn drop_leftovers(&self, id: ContactId, contact: &Contact, request: &Request) -> Result<(), CommandError> {
        for other in &contact.absorbed {
            let merged_into = self.known(*other).await?.and_then(|it| it.merged_into);
            if merged_into != Some(id) {
                self.separate(id, *other, request).await?;
            }
        }
        Ok(())
    }
}

/// The record to be shown with is not the one the command names.
fn about_target(error: CommandError) -> CommandError {
    let CommandError::Refused(Refusal::Contact(refusal)) = error else {
        return error;
    };
    if refusal == ContactRefusal::NotFound {
        return refused(ContactRefusal::TargetNotFound);
    }
    if let ContactRefusal::Merged { into } = refusal {
        return refused(ContactRefusal::TargetMerged { into });
    }
    error
}
