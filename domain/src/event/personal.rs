//! The personal fields of events, by the names they are stored under.

use crate::{
    attachment::AttachmentEvent, contact::ContactEvent, conversation::ConversationEvent,
    data_subject::DataSubjectEvent, macro_run::MacroRunEvent, personal::PersonalField, ticket::TicketEvent,
};

pub(super) fn of_ticket(event: &mut TicketEvent) -> Vec<(&'static str, &mut dyn PersonalField)> {
    match event {
        TicketEvent::Opened { subject, .. } | TicketEvent::SubjectChanged { subject } => {
            vec![("subject", subject)]
        }
        TicketEvent::CustomFieldSet { value: Some(value), .. } => vec![("value", value)],
        TicketEvent::Prioritized {
            reason: Some(reason), ..
        } => vec![("reason", reason)],
        TicketEvent::Resolved { note: Some(note), .. } => vec![("note", note)],
        TicketEvent::CustomFieldSet { value: None, .. }
        | TicketEvent::TypeChanged { .. }
        | TicketEvent::Tagged { .. }
        | TicketEvent::Untagged { .. }
        | TicketEvent::Followed { .. }
        | TicketEvent::Unfollowed { .. }
        | TicketEvent::Linked { .. }
        | TicketEvent::Unlinked { .. }
        | TicketEvent::Labelled { .. }
        | TicketEvent::Snoozed { .. }
        | TicketEvent::WokeUp { .. }
        | TicketEvent::ResolutionConfirmed {}
        | TicketEvent::ResolutionRejected {}
        | TicketEvent::Absorbed { .. }
        | TicketEvent::Separated { .. }
        | TicketEvent::Merged { .. }
        | TicketEvent::Unmerged { .. }
        | TicketEvent::Split { .. }
        | TicketEvent::SplitOff { .. }
        | TicketEvent::QuestionCarried { .. }
        | TicketEvent::Archived { .. }
        | TicketEvent::TrackingLinkIssued { .. }
        | TicketEvent::TrackingLinkRevoked {}
        | TicketEvent::ResolutionEstimated { .. }
        | TicketEvent::ReplyPromised { .. }
        | TicketEvent::Categorized { .. }
        | TicketEvent::Prioritized { reason: None, .. }
        | TicketEvent::Moved { .. }
        | TicketEvent::Started {}
        | TicketEvent::PutOnHold { .. }
        | TicketEvent::Resumed {}
        | TicketEvent::Resolved { note: None, .. }
        | TicketEvent::Closed { .. }
        | TicketEvent::Reopened { .. } => Vec::new(),
    }
}

pub(super) fn of_contact(event: &mut ContactEvent) -> Vec<(&'static str, &mut dyn PersonalField)> {
    match event {
        ContactEvent::ProfileChanged { profile } => vec![("profile", profile)],
        ContactEvent::HandleAdded { handle, .. } => vec![("handle", handle)],
        ContactEvent::Blocked { reason } => vec![("reason", reason)],
        ContactEvent::Created { .. }
        | ContactEvent::Identified { .. }
        | ContactEvent::HandleVerified { .. }
        | ContactEvent::HandleRemoved { .. }
        | ContactEvent::AssignedToOrganization { .. }
        | ContactEvent::RemovedFromOrganization { .. }
        | ContactEvent::Absorbed { .. }
        | ContactEvent::Separated { .. }
        | ContactEvent::Merged { .. }
        | ContactEvent::Unmerged { .. }
        | ContactEvent::Unblocked {}
        | ContactEvent::ConsentGiven { .. }
        | ContactEvent::ConsentWithdrawn { .. } => Vec::new(),
    }
}

pub(super) fn of_subject(event: &mut DataSubjectEvent) -> Vec<(&'static str, &mut dyn PersonalField)> {
    match event {
        DataSubjectEvent::ErasureRequested { note: Some(note), .. } => vec![("note", note)],
        DataSubjectEvent::ErasureCancelled { reason }
        | DataSubjectEvent::LegalHoldPlaced { reason, .. }
        | DataSubjectEvent::LegalHoldLifted { reason, .. } => vec![("reason", reason)],
        DataSubjectEvent::ErasureRequested { note: None, .. }
        | DataSubjectEvent::KeyDestroyed { .. }
        | DataSubjectEvent::ErasureVerified { .. } => Vec::new(),
    }
}

pub(super) fn of_run(event: &mut MacroRunEvent) -> Vec<(&'static str, &mut dyn PersonalField)> {
    match event {
        MacroRunEvent::Started { texts, .. } => vec![("texts", texts)],
        MacroRunEvent::Finished { .. } | MacroRunEvent::Undone { .. } => Vec::new(),
    }
}

pub(super) fn of_conversation(event: &mut ConversationEvent) -> Vec<(&'static str, &mut dyn PersonalField)> {
    match event {
        ConversationEvent::MessageReceived { body, .. }
        | ConversationEvent::MessagePosted { body, .. }
        | ConversationEvent::MessageEdited { body, .. } => vec![("body", body)],
        ConversationEvent::Started { .. }
        | ConversationEvent::MessageRedacted { .. }
        | ConversationEvent::MessagesDeliveredUpTo { .. }
        | ConversationEvent::MessagesReadUpTo { .. } => Vec::new(),
    }
}

pub(super) fn of_attachment(event: &mut AttachmentEvent) -> Vec<(&'static str, &mut dyn PersonalField)> {
    match event {
        AttachmentEvent::Prepared { name, .. } => vec![("name", name)],
        AttachmentEvent::Stored { key, .. } => vec![("key", key)],
        AttachmentEvent::Downloaded { from, .. } => vec![("from", from)],
        AttachmentEvent::Scanned { .. }
        | AttachmentEvent::Depicted { .. }
        | AttachmentEvent::NotDepicted {}
        | AttachmentEvent::Attached { .. }
        | AttachmentEvent::Discarded { .. }
        | AttachmentEvent::Removed {} => Vec::new(),
    }
}
