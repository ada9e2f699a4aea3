//! Samples of events of conversations.

use domain::{
    conversation::{ConversationEvent, Via, Visibility},
    ids::{AttachmentId, ContactId, MessageId, TicketId},
    personal::Personal,
};
use uuid::Uuid;

use super::table::{AGENT, CUSTOMER, instant};

pub(super) fn started() -> ConversationEvent {
    ConversationEvent::Started {
        inbox_id: Some(Uuid::from_u128(0x1b)),
        channel: "api".to_owned(),
        contact_id: Some(ContactId(CUSTOMER.0)),
        ticket_id: TicketId(Uuid::from_u128(7)),
    }
}

pub(super) fn received() -> ConversationEvent {
    ConversationEvent::MessageReceived {
        seq: 1,
        message_id: MessageId(Uuid::from_u128(0x11)),
        client_message_id: Some("m-1".to_owned()),
        external_id: Some("<17@example.ru>".to_owned()),
        contact_id: Some(ContactId(CUSTOMER.0)),
        body: Personal::new(CUSTOMER, "Не приходит *письмо*".to_owned()),
        attachments: vec![AttachmentId(Uuid::from_u128(0xf1))],
        in_reply_to: None,
        sent_at: Some(instant("2025-10-01T08:00:00Z")),
    }
}

pub(super) fn posted() -> ConversationEvent {
    ConversationEvent::MessagePosted {
        seq: 2,
        message_id: MessageId(Uuid::from_u128(0x12)),
        client_message_id: Some("m-2".to_owned()),
        author: format!("agent:{AGENT}"),
        visibility: Visibility::Note,
        body: Personal::new(CUSTOMER, "Клиент прав".to_owned()),
        attachments: vec![AttachmentId(Uuid::from_u128(0xf2))],
        mentions: vec![AGENT],
        in_reply_to: Some(1),
        via: Via::Macro {
            macro_id: Uuid::from_u128(0x3a),
        },
        posted_at: instant("2026-11-21T09:30:00.000001Z"),
    }
}
