use uuid::Uuid;

use super::{Join, Ticket, TicketEvent, TicketRefusal};
use crate::ids::TicketId;

impl Ticket {
    pub(super) fn join(&self, join: &Join, id: Uuid) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match join {
            Join::MergeInto { into } => self.merge(*into, id),
            Join::Unmerge => match self.merged_into {
                Some(from) => Ok(vec![TicketEvent::Unmerged { from }]),
                None => Err(TicketRefusal::NotMerged),
            },
            Join::Absorb { ticket_id } if ticket_id.0 == id => Err(TicketRefusal::IntoItself),
            Join::Absorb { ticket_id } if self.absorbed.contains(ticket_id) => Ok(vec![]),
            Join::Absorb { ticket_id } => Ok(vec![TicketEvent::Absorbed { ticket_id: *ticket_id }]),
            Join::Separate { ticket_id } if self.absorbed.contains(ticket_id) => {
                Ok(vec![TicketEvent::Separated { ticket_id: *ticket_id }])
            }
            Join::Separate { .. } => Ok(vec![]),
            Join::Split { new_ticket_id, .. } if self.splits.contains(new_ticket_id) => Ok(vec![]),
            Join::Split {
                new_ticket_id,
                from_message_seq,
                ..
            } => Ok(vec![TicketEvent::Split {
                new_ticket_id: *new_ticket_id,
                from_message_seq: *from_message_seq,
            }]),
            Join::NoteSplit { .. } if self.split_from.is_some() => Ok(vec![]),
            Join::NoteSplit { from, from_message_seq } => Ok(vec![TicketEvent::SplitOff {
                from: *from,
                from_message_seq: *from_message_seq,
            }]),
            Join::CarryQuestion { from, since } if self.questions.get(from) == since.as_ref() => Ok(vec![]),
            Join::CarryQuestion { from, since } => Ok(vec![TicketEvent::QuestionCarried {
                from: *from,
                since: *since,
            }]),
        }
    }

    /// A ticket that shows others may itself be merged: they are then shown two steps further.
    fn merge(&self, into: TicketId, id: Uuid) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match self.merged_into {
            _ if into.0 == id => Err(TicketRefusal::IntoItself),
            Some(already) if already == into => Ok(vec![]),
            Some(into) => Err(TicketRefusal::Merged { into }),
            None if self.absorbed.contains(&into) => Err(TicketRefusal::MergeRing),
            None => Ok(vec![TicketEvent::Merged { into }]),
        }
    }
}
