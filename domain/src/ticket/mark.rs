use std::collections::BTreeSet;

use uuid::Uuid;

use super::{
    FOLLOWERS, LINKS, Mark, Relation, Status, StatusCategory, TAGS, Ticket, TicketEvent, TicketRefusal,
    decide::data_subject,
};
use crate::{
    decider::Context,
    ids::{AgentId, TicketId},
    organisation::FieldValue,
    personal::Personal,
};

impl Ticket {
    pub(super) fn mark(&self, mark: &Mark, context: &Context) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match mark {
            Mark::ChangeType { ticket_type } if *ticket_type == self.ticket_type => Ok(vec![]),
            Mark::ChangeType { .. } if self.status == Status::Closed => Err(TicketRefusal::Closed),
            Mark::ChangeType { ticket_type } => Ok(vec![TicketEvent::TypeChanged {
                from: self.ticket_type,
                to: *ticket_type,
            }]),
            Mark::Tag { tag_ids } => self.tag(tag_ids),
            Mark::Untag { tag_ids } => Ok(self.untag(tag_ids)),
            Mark::SetField { field_id, value } => self.set_field(*field_id, value.as_ref(), context.id),
            Mark::Follow { user_id } => self.follow(*user_id),
            Mark::Unfollow { user_id } if self.followers.contains(user_id) => {
                Ok(vec![TicketEvent::Unfollowed { user_id: *user_id }])
            }
            Mark::Link { other_id, relation } => self.link(*other_id, *relation, context.id),
            Mark::Unlink { other_id, relation } if self.links.contains(&(*other_id, *relation)) => {
                Ok(vec![TicketEvent::Unlinked {
                    other_id: *other_id,
                    relation: *relation,
                }])
            }
            Mark::Unfollow { .. } | Mark::Unlink { .. } => Ok(vec![]),
            Mark::Label {
                status_id,
                category,
                owned,
            } => self.choose_label(*status_id, *category, *owned),
        }
    }

    fn tag(&self, tag_ids: &[Uuid]) -> Result<Vec<TicketEvent>, TicketRefusal> {
        let named: BTreeSet<Uuid> = tag_ids.iter().copied().collect();
        let new: Vec<Uuid> = named.difference(&self.tags).copied().collect();
        if new.is_empty() {
            return Ok(vec![]);
        }
        if self.tags.len() + new.len() > TAGS {
            return Err(TicketRefusal::TooManyTags);
        }
        Ok(vec![TicketEvent::Tagged { tag_ids: new }])
    }

    fn untag(&self, tag_ids: &BTreeSet<Uuid>) -> Vec<TicketEvent> {
        let had: Vec<Uuid> = tag_ids.intersection(&self.tags).copied().collect();
        if had.is_empty() {
            vec![]
        } else {
            vec![TicketEvent::Untagged { tag_ids: had }]
        }
    }

    fn set_field(
        &self,
        field_id: Uuid,
        value: Option<&FieldValue>,
        id: Uuid,
    ) -> Result<Vec<TicketEvent>, TicketRefusal> {
        if self.fields.get(&field_id) == value {
            return Ok(vec![]);
        }
        if self.status == Status::Closed {
            return Err(TicketRefusal::Closed);
        }
        let value = value.map(|it| Personal::new(data_subject(self.contact_id, id), it.clone()));
        Ok(vec![TicketEvent::CustomFieldSet { field_id, value }])
    }

    fn follow(&self, user_id: AgentId) -> Result<Vec<TicketEvent>, TicketRefusal> {
        if self.followers.contains(&user_id) {
            Ok(vec![])
        } else if self.followers.len() >= FOLLOWERS {
            Err(TicketRefusal::TooManyFollowers)
        } else {
            Ok(vec![TicketEvent::Followed { user_id }])
        }
    }

    fn link(&self, other_id: TicketId, relation: Relation, id: Uuid) -> Result<Vec<TicketEvent>, TicketRefusal> {
        if other_id.0 == id {
            Err(TicketRefusal::LinkedWithItself)
        } else if self.links.contains(&(other_id, relation)) {
            Ok(vec![])
        } else if self.links.len() >= LINKS {
            Err(TicketRefusal::TooManyLinks)
        } else {
            Ok(vec![TicketEvent::Linked { other_id, relation }])
        }
    }

    /// A new ticket that has an owner is shown as open: a word for "open" makes that its status.
    fn choose_label(
        &self,
        status_id: Option<Uuid>,
        label: Option<StatusCategory>,
        owned: bool,
    ) -> Result<Vec<TicketEvent>, TicketRefusal> {
        if self.label == status_id {
            return Ok(vec![]);
        }
        let labelled = TicketEvent::Labelled { status_id };
        let is_shown_open = owned && self.status == Status::New;
        let ticket = if is_shown_open {
            StatusCategory::Open
        } else {
            self.status.category()
        };
        match label {
            Some(label) if label != ticket => Err(TicketRefusal::LabelOfOtherStatus { label, ticket }),
            Some(_) if is_shown_open => Ok(vec![TicketEvent::Started {}, labelled]),
            Some(_) | None => Ok(vec![labelled]),
        }
    }
}
