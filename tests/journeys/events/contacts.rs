//! Samples of events of contacts.

use domain::{
    contact::{ContactEvent, HandleWords, Profile},
    ids::HandleId,
    personal::Personal,
    values::HandleChannel,
};
use uuid::Uuid;

use super::table::CUSTOMER;

pub(super) fn profile_changed() -> ContactEvent {
    ContactEvent::ProfileChanged {
        profile: Personal::new(
            CUSTOMER,
            Profile {
                name: Some("Мария Иванова".to_owned()),
                locale: Some("ru-RU".to_owned()),
                time_zone: Some("Asia/Yekaterinburg".to_owned()),
                note: Some("звонить после обеда".to_owned()),
            },
        ),
    }
}

pub(super) fn handle_added() -> ContactEvent {
    ContactEvent::HandleAdded {
        handle_id: HandleId(Uuid::from_u128(0xd)),
        channel: HandleChannel::Phone,
        handle: Personal::new(
            CUSTOMER,
            HandleWords {
                value: "+79123456789".to_owned(),
                written: "+7 (912) 345-67-89".to_owned(),
            },
        ),
        verified: true,
    }
}
