use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{VisitorSecret, VisitorSecretCommand, VisitorSecretEvent};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider, kit::given},
};

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn decide(history: &[VisitorSecretEvent], command: &VisitorSecretCommand) -> Vec<VisitorSecretEvent> {
    let context = Context {
        at: at("2026-11-21T12:00:00Z"),
        actor: Actor::new(ActorKind::System, "1"),
        id: Uuid::nil(),
    };
    given::<VisitorSecret>(history).when(command, &context).unwrap()
}

fn issue(seed: Uuid, keep_former_s: u32) -> VisitorSecretCommand {
    VisitorSecretCommand::Issue { seed, keep_former_s }
}

fn seeds(history: &[VisitorSecretEvent], instant: &str) -> Vec<Uuid> {
    VisitorSecret::fold(history)
        .unwrap_or_default()
        .seeds(at(instant))
        .collect()
}

#[test]
fn replaced_secret_counts_for_as_long_as_was_said() {
    let mut history = decide(&[], &issue(ONE, 3600));
    assert_eq!(
        history,
        [VisitorSecretEvent::Issued {
            seed: ONE,
            former_until: None
        }]
    );
    history.extend(decide(&history, &issue(TWO, 3600)));
    assert_eq!(seeds(&history, "2026-11-21T12:59:59Z"), [TWO, ONE]);
    assert_eq!(seeds(&history, "2026-11-21T13:00:00Z"), [TWO]);
    history.extend(decide(&history, &issue(ONE, 0)));
    assert_eq!(seeds(&history, "2026-11-21T12:00:00Z"), [ONE]);
}

#[test]
fn nobody_is_vouched_for_after_revocation() {
    assert_eq!(decide(&[], &VisitorSecretCommand::Revoke), []);
    let mut history = decide(&[], &issue(ONE, 0));
    history.extend(decide(&history, &issue(TWO, 3600)));
    history.extend(decide(&history, &VisitorSecretCommand::Revoke));
    assert!(seeds(&history, "2026-11-21T12:00:00Z").is_empty());
    assert_eq!(decide(&history, &VisitorSecretCommand::Revoke), []);
}
