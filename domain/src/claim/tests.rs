use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{Claim, ClaimCommand, ClaimEvent, ClaimRefusal, ContactHandle, PATIENCE};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider, kit::given},
};

const ONE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

fn noon() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Context {
    Context {
        at: noon() + TimeDelta::seconds(seconds),
        actor: Actor::new(ActorKind::System, "1"),
        id: Uuid::nil(),
    }
}

fn take(owner: Uuid, without_value: Option<Uuid>) -> ClaimCommand {
    ClaimCommand::Take { owner, without_value }
}

fn taken() -> ClaimEvent {
    ClaimEvent::Taken {
        owner: ONE,
        confirm_by: noon() + PATIENCE,
    }
}

fn answer(history: &[ClaimEvent], command: &ClaimCommand, seconds: i64) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
    given::<Claim<ContactHandle>>(history).when(command, &after(seconds))
}

#[test]
fn free_claim_is_taken_once_and_held_against_others() {
    assert_eq!(answer(&[], &take(ONE, None), 0), Ok(vec![taken()]));
    assert_eq!(answer(&[taken()], &take(ONE, None), 1), Ok(vec![]));
    assert!(answer(&[taken()], &take(OTHER, None), 1).is_err());
    assert!(answer(&[taken()], &take(OTHER, None), 100_000).is_err());
}

#[test]
fn abandoned_claim_is_taken_over_only_when_its_time_is_over() {
    let over = take(OTHER, Some(ONE));
    assert!(answer(&[taken()], &over, 180).is_err());
    assert!(answer(&[taken()], &over, 181).is_ok_and(|it| it.len() == 1));
    assert!(answer(&[taken()], &take(OTHER, Some(OTHER)), 181).is_err());
}

#[test]
fn own_claim_is_renewed_before_others_may_take_it() {
    assert_eq!(answer(&[taken()], &take(ONE, None), 90), Ok(vec![]));
    assert!(answer(&[taken()], &take(ONE, None), 91).is_ok_and(|it| it.len() == 1));
}

#[test]
fn only_the_holder_releases() {
    let release = |owner| ClaimCommand::Release { owner };
    assert_eq!(answer(&[taken()], &release(OTHER), 0), Ok(vec![]));
    assert_eq!(answer(&[], &release(ONE), 0), Ok(vec![]));
    let released = ClaimEvent::Released { owner: ONE };
    assert_eq!(answer(&[taken()], &release(ONE), 0), Ok(vec![released.clone()]));
    assert!(answer(&[taken(), released], &take(OTHER, None), 1).is_ok_and(|it| it.len() == 1));
}

proptest! {
    /// Whoever holds it within its time keeps it, whatever the others ask for.
    #[test]
    fn claim_in_its_time_never_changes_hands(steps in prop::collection::vec((0..3_u128, 0..3_u128, 0..60_i64), 1..30)) {
        let mut claim: Option<Claim<ContactHandle>> = None;
        let mut now = 0;
        for (owner, asked, pause) in steps {
            now += pause;
            let context = after(now);
            let command = take(Uuid::from_u128(owner), Some(Uuid::from_u128(asked)));
            let before = claim.clone();
            for event in Claim::decide(claim.as_ref(), &command, &context).unwrap_or_default() {
                claim = Claim::evolve(claim, &event);
            }
            if let (Some(before), Some(now_held)) = (before, &claim)
                && before.confirm_by >= context.at
            {
                prop_assert_eq!(before.owner, now_held.owner);
            }
        }
    }
}
