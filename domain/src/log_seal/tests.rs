use super::{LogSeal, LogSealCommand, LogSealEvent, LogSealRefusal, Sealed};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
};

fn noon() -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::System, "log_seal"),
        id: uuid::Uuid::nil(),
    }
}

fn seal(first: u64, last: u64, previous: Option<&str>) -> Sealed {
    Sealed {
        first,
        last,
        count: 1,
        root: "00".to_owned(),
        previous: previous.map(str::to_owned),
        key: "11".to_owned(),
        signature: "AA==".to_owned(),
    }
}

#[test]
fn seals_follow_each_other_without_gap() {
    let first = seal(1, 40, None);
    let command = LogSealCommand::Seal(first.clone());
    let sealed = LogSealEvent::Sealed(first);
    assert_eq!(given::<LogSeal>(&[]).when(&command, &noon()), Ok(vec![sealed.clone()]));
    let after = given::<LogSeal>(&[sealed]);
    let next = seal(41, 50, Some("22"));
    assert_eq!(
        after.when(&LogSealCommand::Seal(next.clone()), &noon()),
        Ok(vec![LogSealEvent::Sealed(next)])
    );
    for first in [1, 40, 42] {
        let gap = LogSealCommand::Seal(seal(first, 60, Some("22")));
        assert_eq!(
            after.when(&gap, &noon()),
            Err(LogSealRefusal::Gap { first, expected: 41 })
        );
    }
}

#[test]
fn seal_over_nothing_is_refused() {
    let none = Sealed {
        count: 0,
        ..seal(1, 3, None)
    };
    for seal in [none, seal(1, 0, None)] {
        let answer = given::<LogSeal>(&[]).when(&LogSealCommand::Seal(seal), &noon());
        assert!(matches!(answer, Err(LogSealRefusal::Empty { .. })), "{answer:?}");
    }
}

#[test]
fn only_the_first_seal_names_no_other() {
    let answer = given::<LogSeal>(&[]).when(&LogSealCommand::Seal(seal(1, 3, Some("22"))), &noon());
    assert_eq!(answer, Err(LogSealRefusal::Unlinked));
    let history = [LogSealEvent::Sealed(seal(1, 3, None))];
    let answer = given::<LogSeal>(&history).when(&LogSealCommand::Seal(seal(4, 5, None)), &noon());
    assert_eq!(answer, Err(LogSealRefusal::Unlinked));
}
