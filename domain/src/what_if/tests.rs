use super::{
    CategoryChange, ClassifierChange, Definition, DefinitionFault, Phase, Report, WhatIf, WhatIfCommand, WhatIfEvent,
    WhatIfRefusal,
};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider},
    organisation::Thresholds,
};

fn definition() -> Definition {
    Definition {
        from: "2026-03-01T00:00:00Z".parse().unwrap(),
        until: "2026-04-01T00:00:00Z".parse().unwrap(),
        thresholds: Some(Thresholds {
            medium: 10,
            high: 20,
            urgent: 30,
        }),
        rules: None,
        categories: Vec::new(),
        classifier: None,
    }
}

fn started() -> WhatIfEvent {
    WhatIfEvent::Started {
        definition: definition(),
        top: 10,
        asked_by: "agent:1".to_owned(),
    }
}

fn decide(given: &[WhatIfEvent], command: &WhatIfCommand) -> Result<Vec<WhatIfEvent>, WhatIfRefusal> {
    let state = given.iter().fold(None, WhatIf::evolve);
    let context = Context {
        at: "2026-05-01T00:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: uuid::Uuid::nil(),
    };
    WhatIf::decide(state.as_ref(), command, &context)
}

#[test]
fn run_begins_once_moves_on_and_ends_once() {
    let start = WhatIfCommand::Start {
        definition: Box::new(definition()),
        top: 10,
        asked: String::new(),
    };
    assert_eq!(decide(&[], &start), Ok(vec![started()]));
    assert_eq!(decide(&[started()], &start), Err(WhatIfRefusal::AlreadyStarted));
    assert_eq!(decide(&[], &WhatIfCommand::Cancel), Err(WhatIfRefusal::NotFound));
    let on = |thousandths| WhatIfCommand::Progress { thousandths };
    let half = WhatIfEvent::Progressed { thousandths: 500 };
    assert_eq!(decide(&[started()], &on(500)), Ok(vec![half.clone()]));
    assert_eq!(decide(&[started(), half.clone()], &on(300)), Ok(vec![]), "read again");
    let finished = WhatIfEvent::Finished {
        report: Box::new(Report::default()),
    };
    let over = [started(), half, finished];
    assert_eq!(decide(&over, &WhatIfCommand::Cancel), Err(WhatIfRefusal::Over));
    assert_eq!(decide(&over, &on(900)), Ok(vec![]));
    let state = over.iter().fold(None, WhatIf::evolve).unwrap();
    assert_eq!((state.phase, state.progress), (Phase::Done, 1000));
    let stopped = [started(), WhatIfEvent::Cancelled {}];
    assert_eq!(decide(&stopped, &WhatIfCommand::Cancel), Ok(vec![]));
    let finish = WhatIfCommand::Finish {
        report: Box::new(Report::default()),
    };
    assert_eq!(decide(&stopped, &finish), Ok(vec![]), "it was stopped meanwhile");
}

#[test]
fn definition_that_says_nothing_or_too_much_is_refused() {
    let now = "2026-05-01T00:00:00Z".parse().unwrap();
    assert!(definition().checked(now).is_ok());
    let empty = Definition {
        until: definition().from,
        ..definition()
    };
    assert_eq!(empty.checked(now), Err(DefinitionFault::EmptyPeriod));
    let future = Definition {
        until: "2026-06-01T00:00:00Z".parse().unwrap(),
        ..definition()
    };
    assert_eq!(future.checked(now), Err(DefinitionFault::NotYet { field: "until" }));
    let nothing = Definition {
        thresholds: None,
        ..definition()
    };
    assert_eq!(nothing.checked(now), Err(DefinitionFault::NothingChanged));
    let twice = |key: &str| CategoryChange {
        key: key.to_owned(),
        retired: false,
    };
    let flawed = Definition {
        categories: vec![twice("payment"), twice("Payment"), twice(" ")],
        classifier: Some(ClassifierChange::Use {
            version: 1,
            threshold: 1001,
        }),
        ..definition()
    };
    let Err(DefinitionFault::Flaws(flaws)) = flawed.checked(now) else {
        panic!("taken")
    };
    let paths: Vec<String> = flaws.iter().map(|it| it.path.join(".")).collect();
    assert_eq!(paths, ["categories.1.key", "categories.2.key", "classifier.threshold"]);
}
