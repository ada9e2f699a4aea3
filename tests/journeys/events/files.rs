//! A sample of each event of files.

use domain::{
    attachment::{AttachmentEvent, DiscardReason, Picture, ScanVerdict},
    ids::{ContactId, MessageId, TicketId},
    personal::Personal,
};
use uuid::Uuid;

use super::table::{AGENT, CUSTOMER};

fn sealed(text: &str) -> Personal<String> {
    Personal::new(CUSTOMER, text.to_owned())
}

pub(super) fn prepared() -> AttachmentEvent {
    AttachmentEvent::Prepared {
        ticket_id: Some(TicketId(Uuid::from_u128(7))),
        inbox_id: Some(Uuid::from_u128(0x1b)),
        contact_id: Some(ContactId(CUSTOMER.0)),
        name: sealed("Снимок экрана.png"),
        size: 70,
        content_type: "image/png".to_owned(),
        author: format!("agent:{AGENT}"),
    }
}

pub(super) fn stored() -> AttachmentEvent {
    AttachmentEvent::Stored {
        blob: "ab/abababababababababababababababab".to_owned(),
        size: 70,
        content_type: "image/png".to_owned(),
        sha256: "5d".repeat(32),
        key: sealed(&"0c".repeat(32)),
        quarantined: true,
    }
}

pub(super) fn scanned() -> AttachmentEvent {
    AttachmentEvent::Scanned {
        verdict: ScanVerdict::Infected,
        engine: "ClamAV 1.4.3/27800/Sat Nov 21 09:00:00 2026".to_owned(),
        signature: Some("Eicar-Test-Signature".to_owned()),
    }
}

pub(super) fn depicted() -> AttachmentEvent {
    AttachmentEvent::Depicted {
        picture: Picture {
            blob: "cd/cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd".to_owned(),
            content_type: "image/jpeg".to_owned(),
            size: 9000,
            width: 400,
            height: 300,
        },
    }
}

pub(super) fn attached() -> AttachmentEvent {
    AttachmentEvent::Attached {
        ticket_id: TicketId(Uuid::from_u128(7)),
        message_id: MessageId(Uuid::from_u128(0x11)),
        internal: true,
    }
}

pub(super) fn downloaded() -> AttachmentEvent {
    AttachmentEvent::Downloaded {
        by: format!("agent:{AGENT}"),
        from: sealed("192.0.2.7"),
        preview: false,
    }
}

pub(super) fn discarded() -> AttachmentEvent {
    AttachmentEvent::Discarded {
        reason: DiscardReason::Orphaned,
    }
}
