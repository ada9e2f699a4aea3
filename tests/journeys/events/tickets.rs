//! Samples of events of tickets, and of what macros do with them.

use domain::{
    ids::{ContactId, MessageId, TicketId},
    macro_run::{MacroRunEvent, PlannedStep},
    personal::Personal,
    ticket::{TicketEvent, TicketPlace, TicketSource},
    values::{HoldReason, Priority, ResolutionReason, TicketType},
};
use uuid::Uuid;

use super::table::{AGENT, CUSTOMER, instant};

pub(super) fn opened() -> TicketEvent {
    TicketEvent::Opened {
        number: 17,
        ticket_type: TicketType::Incident,
        subject: Personal::new(CUSTOMER, "Не приходит письмо".to_owned()),
        contact_id: Some(ContactId(Uuid::from_u128(0xc))),
        category_id: Some("mail".to_owned()),
        subcategory_id: Some("mail.inbound".to_owned()),
        priority: Priority::High,
        priority_chosen: false,
        source: TicketSource {
            channel: "servicenow".to_owned(),
            external_id: Some("INC0000045".to_owned()),
        },
        place: TicketPlace::default(),
    }
}

pub(super) fn estimated() -> TicketEvent {
    TicketEvent::ResolutionEstimated {
        eta: instant("2026-11-23T09:00:00Z"),
        p50_s: 14_400,
        p90_s: 172_800,
        basis_version: 7,
        basis: None,
    }
}

pub(super) fn promised() -> TicketEvent {
    TicketEvent::ReplyPromised {
        message_id: MessageId(Uuid::from_u128(0x5e)),
        priority: Priority::High,
        from_s: 3600,
        within_s: 14_400,
        due_at: instant("2026-11-21T13:30:00Z"),
    }
}

pub(super) fn macro_started() -> MacroRunEvent {
    MacroRunEvent::Started {
        macro_id: Uuid::from_u128(0x3a),
        macro_version: 2,
        ticket_id: TicketId(Uuid::from_u128(0x17)),
        steps: vec![
            PlannedStep::Reply {},
            PlannedStep::Take {
                agent_id: AGENT,
                former: None,
            },
            PlannedStep::Move {
                place: TicketPlace::default(),
                former: TicketPlace::default(),
            },
            PlannedStep::Prioritize {
                priority: Priority::High,
                former: Priority::Medium,
            },
            PlannedStep::Categorize {
                category_key: "mail".to_owned(),
                former: Some(("vpn".to_owned(), None)),
            },
            PlannedStep::Tag {
                tag_id: Uuid::from_u128(0x7a),
                had: false,
            },
            PlannedStep::Hold {
                reason: HoldReason::Customer,
            },
            PlannedStep::Resolve {
                reason: ResolutionReason::Solved,
            },
            PlannedStep::Close {
                reason: ResolutionReason::Solved,
            },
        ],
        texts: Personal::new(CUSTOMER, vec!["Здравствуйте, Мария!".to_owned()]),
    }
}
