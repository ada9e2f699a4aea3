//! What a wish about a ticket points at, looked up in the log before the ticket decides.

use domain::{
    assignment::Assignment,
    ids::{AgentId, TicketId},
    organisation::{AppliesTo, CustomField, FieldValue, ItemRefusal, Kind, Reference, StatusLabel},
    ticket::{FieldFault, Mark, Ticket, TicketCommand, TicketRefusal},
    user::Standing,
};
use uuid::Uuid;

use crate::{CommandError, Handler, Refusal};

impl Handler {
    /// The wish with what the ticket needs to know of other things to decide.
    ///
    /// # Errors
    /// When it points at something that is not there, is retired, or does not fit.
    pub(crate) async fn prepared(
        &self,
        id: TicketId,
        ticket: &Ticket,
        command: TicketCommand,
    ) -> Result<TicketCommand, CommandError> {
        let TicketCommand::Mark(mark) = command else {
            return Ok(command);
        };
        Ok(TicketCommand::Mark(match mark {
            Mark::Tag { tag_ids } => {
                self.check_tags(ticket, &tag_ids).await?;
                Mark::Tag { tag_ids }
            }
            Mark::SetField { field_id, value } => Mark::SetField {
                field_id,
                value: self.fitting(field_id, value).await?,
            },
            Mark::Follow { user_id } => {
                self.check_user(user_id).await?;
                Mark::Follow { user_id }
            }
            Mark::Label {
                status_id: Some(label), ..
            } => self.label(id, label).await?,
            other @ (Mark::ChangeType { .. }
            | Mark::Untag { .. }
            | Mark::Unfollow { .. }
            | Mark::Link { .. }
            | Mark::Unlink { .. }
            | Mark::Label { status_id: None, .. }) => other,
        }))
    }

    async fn check_tags(&self, ticket: &Ticket, tag_ids: &[Uuid]) -> Result<(), CommandError> {
        let reference = |(index, id): (usize, &Uuid)| Reference {
            field: "tagIds",
            index: Some(index),
            kind: Kind::Tag,
            id: *id,
        };
        let wanted: Vec<Reference> = tag_ids.iter().enumerate().map(reference).collect();
        let had: Vec<Reference> = ticket.tags.iter().enumerate().map(reference).collect();
        self.check_references(&wanted, &had).await
    }

    /// The value as the field keeps it; a field that is retired can only be emptied.
    async fn fitting(&self, field_id: Uuid, value: Option<FieldValue>) -> Result<Option<FieldValue>, CommandError> {
        let unknown = ItemRefusal::ReferenceUnknown {
            field: "fieldId",
            index: None,
            kind: Kind::CustomField,
        };
        let field = self.glance::<CustomField>(field_id).await?.state;
        let field = field.filter(|it| !it.retired || value.is_none());
        let field = field.ok_or(CommandError::Refused(unknown.into()))?;
        let (retired, field) = (field.retired, field.definition);
        if field.applies_to != AppliesTo::Ticket {
            return Err(Refusal::from(TicketRefusal::FieldOfOther).into());
        }
        if retired {
            return Ok(None);
        }
        let given = value.map(|it| it.meant_for(&field.field_type));
        field.validate(given.clone()).map_err(|fault| {
            let fault = FieldFault::new(&fault, given.as_ref(), field.field_type.sort());
            Refusal::from(TicketRefusal::FieldValue(fault)).into()
        })
    }

    async fn check_user(&self, id: AgentId) -> Result<(), CommandError> {
        match self.user(id).await?.map(|it| it.standing) {
            Some(Standing::Active | Standing::Invited) => Ok(()),
            Some(Standing::Suspended) | None => Err(Refusal::from(TicketRefusal::UserUnknown).into()),
        }
    }

    async fn label(&self, id: TicketId, label: Uuid) -> Result<Mark, CommandError> {
        let unknown = ItemRefusal::ReferenceUnknown {
            field: "statusLabelId",
            index: None,
            kind: Kind::StatusLabel,
        };
        let item = self.glance::<StatusLabel>(label).await?.state;
        let item = item.filter(|it| !it.retired);
        let item = item.ok_or(CommandError::Refused(unknown.into()))?;
        let slot = self.slot::<Assignment>(id.0);
        let mut assignment = slot.lock().await;
        Ok(Mark::Label {
            status_id: Some(label),
            category: Some(item.definition.category),
            owned: self.look(&mut assignment, id.0).await?.version() > 0,
        })
    }
}
