use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Cleared, DataSubjectCommand, DataSubjectEvent, DataSubjectRefusal, Forgetting, Ground};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    personal::{DataSubject, Personal},
};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn at(text: &str) -> Context {
    Context {
        at: instant(text),
        actor: Actor::new(ActorKind::System, "1"),
        id: Uuid::nil(),
    }
}

const NOW: &str = "2026-11-21T12:00:00Z";
const LATER: &str = "2026-12-21T12:00:00Z";

fn theirs(text: &str) -> Personal<String> {
    Personal::new(DataSubject(Uuid::nil()), text.to_owned())
}

fn requested() -> DataSubjectEvent {
    DataSubjectEvent::ErasureRequested {
        ground: Ground::ConsentWithdrawn,
        note: None,
        execute_after: instant(LATER),
    }
}

fn held(until: Option<&str>) -> DataSubjectEvent {
    DataSubjectEvent::LegalHoldPlaced {
        hold_id: Uuid::from_u128(1),
        reason: theirs("суд"),
        until: until.map(instant),
    }
}

fn destroyed() -> DataSubjectEvent {
    DataSubjectEvent::KeyDestroyed {
        key_fingerprint: "ab".to_owned(),
    }
}

fn destroy(if_due: bool) -> DataSubjectCommand {
    DataSubjectCommand::DestroyKey {
        key_fingerprint: "ab".to_owned(),
        if_due,
    }
}

fn request() -> DataSubjectCommand {
    DataSubjectCommand::RequestErasure {
        ground: Ground::ConsentWithdrawn,
        note: None,
        execute_after: Some(instant(LATER)),
        waiting_days: 14,
    }
}

#[test]
fn key_is_destroyed_once_and_when_it_is_due() {
    let of = |history: &[DataSubjectEvent], if_due, now| given::<Forgetting>(history).when(&destroy(if_due), &at(now));
    assert_eq!(of(&[], false, NOW), Ok(vec![destroyed()]));
    assert_eq!(of(&[destroyed()], false, NOW), Ok(vec![]));
    assert_eq!(of(&[], true, NOW), Err(DataSubjectRefusal::NotRequested));
    let due = Err(DataSubjectRefusal::NotDue(instant(LATER)));
    assert_eq!(of(&[requested()], true, NOW), due);
    assert_eq!(of(&[requested()], true, LATER), Ok(vec![destroyed()]));
}

#[test]
fn holds_forbid_every_erasure_until_they_end() {
    let open = [requested(), held(None)];
    for if_due in [false, true] {
        let refused = given::<Forgetting>(&open).when(&destroy(if_due), &at(LATER));
        assert_eq!(refused, Err(DataSubjectRefusal::Held(1)));
    }
    assert_eq!(
        given::<Forgetting>(&[held(None)]).when(&request(), &at(NOW)),
        Err(DataSubjectRefusal::Held(1))
    );
    let over = [requested(), held(Some("2026-12-01T00:00:00Z"))];
    assert_eq!(
        given::<Forgetting>(&over).when(&destroy(true), &at(LATER)),
        Ok(vec![destroyed()])
    );
    let lift = DataSubjectCommand::LiftHold {
        hold_id: Uuid::from_u128(1),
        reason: "решение".to_owned(),
    };
    let lifted = DataSubjectEvent::LegalHoldLifted {
        hold_id: Uuid::from_u128(1),
        reason: theirs("решение"),
    };
    assert_eq!(
        given::<Forgetting>(&open).when(&lift, &at(NOW)),
        Ok(vec![lifted.clone()])
    );
    assert_eq!(
        given::<Forgetting>(&[held(None), lifted]).when(&lift, &at(NOW)),
        Err(DataSubjectRefusal::NoSuchHold)
    );
}

#[test]
fn requests_are_made_once_and_taken_back() {
    let cancel = DataSubjectCommand::CancelErasure {
        reason: "передумали".to_owned(),
    };
    let cancelled = DataSubjectEvent::ErasureCancelled {
        reason: theirs("передумали"),
    };
    assert_eq!(
        given::<Forgetting>(&[]).when(&request(), &at(NOW)),
        Ok(vec![requested()])
    );
    assert_eq!(
        given::<Forgetting>(&[requested()]).when(&request(), &at(NOW)),
        Err(DataSubjectRefusal::AlreadyRequested(instant(LATER)))
    );
    assert_eq!(
        given::<Forgetting>(&[requested()]).when(&cancel, &at(NOW)),
        Ok(vec![cancelled.clone()])
    );
    assert_eq!(
        given::<Forgetting>(&[requested(), cancelled]).when(&cancel, &at(NOW)),
        Err(DataSubjectRefusal::NotRequested)
    );
    assert_eq!(
        given::<Forgetting>(&[destroyed()]).when(&request(), &at(NOW)),
        Err(DataSubjectRefusal::AlreadyErased)
    );
}

#[test]
fn only_what_was_erased_is_certified() {
    let cleared = vec![Cleared {
        place: "message".to_owned(),
        remains: 0,
    }];
    let certify = DataSubjectCommand::Certify {
        cleared: cleared.clone(),
    };
    assert_eq!(
        given::<Forgetting>(&[requested()]).when(&certify, &at(NOW)),
        Err(DataSubjectRefusal::NotErased)
    );
    assert_eq!(
        given::<Forgetting>(&[destroyed()]).when(&certify, &at(NOW)),
        Ok(vec![DataSubjectEvent::ErasureVerified { cleared }])
    );
}
