use uuid::Uuid;

use super::{Assignment, AssignmentCommand, AssignmentEvent};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    ids::AgentId,
    values::AssignmentMode,
};

const ANNA: AgentId = AgentId(Uuid::from_u128(1));
const BORIS: AgentId = AgentId(Uuid::from_u128(2));

fn noon() -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::nil(),
    }
}

fn assign(agent_id: AgentId) -> AssignmentCommand {
    AssignmentCommand::Assign {
        agent_id,
        mode: AssignmentMode::ByAgent,
    }
}

fn assigned(agent_id: AgentId) -> AssignmentEvent {
    AssignmentEvent::AgentAssigned {
        agent_id,
        mode: AssignmentMode::ByAgent,
    }
}

#[test]
fn first_owner_is_recorded() {
    assert_eq!(
        given::<Assignment>(&[]).when(&assign(ANNA), &noon()),
        Ok(vec![assigned(ANNA)])
    );
}

#[test]
fn same_owner_again_is_no_event() {
    assert_eq!(
        given::<Assignment>(&[assigned(ANNA)]).when(&assign(ANNA), &noon()),
        Ok(vec![])
    );
}

#[test]
fn another_owner_replaces_the_first() {
    assert_eq!(
        given::<Assignment>(&[assigned(ANNA)]).when(&assign(BORIS), &noon()),
        Ok(vec![assigned(BORIS)])
    );
}

#[test]
fn unassigning_names_who_lost_it_and_happens_once() {
    let unassign = AssignmentCommand::Unassign {
        reason: None,
        customer: None,
    };
    let gone = AssignmentEvent::AgentUnassigned {
        agent_id: BORIS,
        reason: None,
    };
    let history = [assigned(ANNA), assigned(BORIS)];
    assert_eq!(
        given::<Assignment>(&history).when(&unassign, &noon()),
        Ok(vec![gone.clone()])
    );
    assert_eq!(
        given::<Assignment>(&[assigned(BORIS), gone]).when(&unassign, &noon()),
        Ok(vec![])
    );
    assert_eq!(given::<Assignment>(&[]).when(&unassign, &noon()), Ok(vec![]));
}
