use std::collections::BTreeMap;

use uuid::Uuid;

use super::{MacroRun, MacroRunCommand, MacroRunEvent, MacroRunRefusal, PlannedStep, TakenBack};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    ids::TicketId,
    personal::{DataSubject, Personal},
};

fn context() -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::System, "test"),
        id: Uuid::nil(),
    }
}

fn started() -> MacroRunEvent {
    MacroRunEvent::Started {
        macro_id: Uuid::from_u128(1),
        macro_version: 3,
        ticket_id: TicketId(Uuid::from_u128(2)),
        steps: vec![PlannedStep::Reply {}],
        texts: Personal::new(DataSubject(Uuid::from_u128(4)), vec!["Здравствуйте".to_owned()]),
    }
}

fn finish() -> MacroRunCommand {
    MacroRunCommand::Finish { done: 1, stopped: None }
}

fn undo() -> MacroRunCommand {
    MacroRunCommand::Undo {
        steps: vec![TakenBack::StaysSaid],
    }
}

#[test]
fn run_begins_and_ends_once_and_is_taken_back_once() {
    let finished = MacroRunEvent::Finished { done: 1, stopped: None };
    let undone = MacroRunEvent::Undone {
        steps: vec![TakenBack::StaysSaid],
    };
    let when =
        |history: &[MacroRunEvent], command: &MacroRunCommand| given::<MacroRun>(history).when(command, &context());
    assert_eq!(when(&[started()], &finish()), Ok(vec![finished.clone()]));
    assert_eq!(when(&[started(), finished.clone()], &finish()), Ok(vec![]));
    assert_eq!(when(&[started()], &undo()), Err(MacroRunRefusal::NotFinished));
    assert_eq!(when(&[started(), finished.clone()], &undo()), Ok(vec![undone.clone()]));
    assert_eq!(when(&[started(), finished, undone], &undo()), Ok(vec![]));
    assert_eq!(when(&[], &undo()), Err(MacroRunRefusal::NotFound));
    let again = MacroRunCommand::Start {
        macro_id: Uuid::from_u128(1),
        ticket_id: TicketId(Uuid::from_u128(2)),
        values: BTreeMap::new(),
        macro_version: 3,
        steps: vec![],
        texts: None,
    };
    assert_eq!(when(&[started()], &again), Err(MacroRunRefusal::AlreadyStarted));
    assert_eq!(when(&[], &again), Err(MacroRunRefusal::TextUnfit));
}
