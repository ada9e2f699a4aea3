use uuid::Uuid;

use super::{ReadModel, ReadModelCommand, ReadModelEvent, ReadModelRefusal};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
};

fn noon() -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::System, "operator"),
        id: Uuid::nil(),
    }
}

fn skip(reason: &str) -> ReadModelCommand {
    ReadModelCommand::SkipEvent {
        model: "ticket_list".to_owned(),
        position: 7,
        stream_id: Uuid::nil(),
        reason: reason.to_owned(),
    }
}

fn skipped() -> ReadModelEvent {
    ReadModelEvent::EventSkipped {
        model: "ticket_list".to_owned(),
        position: 7,
        stream_id: Uuid::nil(),
        reason: "written by hand".to_owned(),
    }
}

#[test]
fn event_is_skipped_once() {
    let command = skip(" written by hand ");
    assert_eq!(given::<ReadModel>(&[]).when(&command, &noon()), Ok(vec![skipped()]));
    assert_eq!(given::<ReadModel>(&[skipped()]).when(&command, &noon()), Ok(vec![]));
}

#[test]
fn retry_is_an_event_each_time() {
    let command = ReadModelCommand::RetryParked {
        model: "ticket_list".to_owned(),
        stream_id: None,
        reason: "mended".to_owned(),
    };
    let retried = ReadModelEvent::ParkedRetried {
        model: "ticket_list".to_owned(),
        stream_id: None,
        reason: "mended".to_owned(),
    };
    let after = given::<ReadModel>(std::slice::from_ref(&retried));
    assert_eq!(after.when(&command, &noon()), Ok(vec![retried]));
}

#[test]
fn decision_without_a_reason_is_refused() {
    let answer = |reason: &str| given::<ReadModel>(&[]).when(&skip(reason), &noon());
    assert_eq!(answer(" \n"), Err(ReadModelRefusal::NoReason));
    assert_eq!(answer(&"ж".repeat(501)), Err(ReadModelRefusal::LongReason(501)));
    assert!(answer(&"ж".repeat(500)).is_ok());
}
