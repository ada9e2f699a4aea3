//! What is told of people whose data is to be erased or held.

use chrono::{DateTime, Utc};
use domain::{
    data_subject::{Cleared, DataSubjectEvent, Ground},
    personal::Personal,
};
use uuid::Uuid;

use super::table::CUSTOMER;

const HOLD: Uuid = Uuid::from_u128(0x401d);

fn said(text: &str) -> Personal<String> {
    Personal::new(CUSTOMER, text.to_owned())
}

fn instant() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::days(20_500)
}

pub(super) fn requested() -> DataSubjectEvent {
    DataSubjectEvent::ErasureRequested {
        ground: Ground::ConsentWithdrawn,
        note: Some(said("письмо от 17 ноября")),
        execute_after: instant(),
    }
}

pub(super) fn cancelled() -> DataSubjectEvent {
    DataSubjectEvent::ErasureCancelled {
        reason: said("клиент передумал"),
    }
}

pub(super) fn held() -> DataSubjectEvent {
    DataSubjectEvent::LegalHoldPlaced {
        hold_id: HOLD,
        reason: said("дело 2-17/2026"),
        until: Some(instant()),
    }
}

pub(super) fn lifted() -> DataSubjectEvent {
    DataSubjectEvent::LegalHoldLifted {
        hold_id: HOLD,
        reason: said("решение вступило в силу"),
    }
}

pub(super) fn verified() -> DataSubjectEvent {
    DataSubjectEvent::ErasureVerified {
        cleared: vec![Cleared {
            place: "message".to_owned(),
            remains: 0,
        }],
    }
}
