use uuid::Uuid;

use super::{Access, AccessCommand, AccessEvent, AccessRefusal, Grant, Permission, Place, RoleKey, Scope};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider, kit::given},
    ids::AgentId,
};

const ANNA: AgentId = AgentId(Uuid::from_u128(1));
const BORIS: AgentId = AgentId(Uuid::from_u128(2));
const BRANCH: Uuid = Uuid::from_u128(9);

fn decide(history: &[AccessEvent], command: &AccessCommand) -> Result<Vec<AccessEvent>, AccessRefusal> {
    let context = Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::System, "1"),
        id: Uuid::nil(),
    };
    given::<Access>(history).when(command, &context)
}

fn role(key: &str, scope: Scope) -> Grant {
    Grant {
        role: RoleKey::try_new(key).unwrap(),
        scope,
    }
}

fn granted(user_id: AgentId, grant: Grant) -> AccessEvent {
    AccessEvent::Granted { user_id, grant }
}

fn reviewer() -> AccessEvent {
    AccessEvent::RoleRevised {
        role: RoleKey::try_new("reviewer").unwrap(),
        name: "Проверяющий".to_owned(),
        permissions: [Permission::TicketsRead].into(),
    }
}

#[test]
fn last_administrator_stays() {
    let admin = role("admin", Scope::Everywhere);
    let revoke = AccessCommand::Revoke {
        user_id: ANNA,
        grant: admin.clone(),
    };
    let in_a_branch = granted(BORIS, role("admin", Scope::Branch(BRANCH)));
    let history = [granted(ANNA, admin.clone()), in_a_branch];
    assert_eq!(decide(&history, &revoke), Err(AccessRefusal::LastAdministrator));
    let history = [granted(ANNA, admin.clone()), granted(BORIS, admin.clone())];
    let revoked = AccessEvent::Revoked {
        user_id: ANNA,
        grant: admin,
    };
    assert_eq!(decide(&history, &revoke), Ok(vec![revoked]));
}

#[test]
fn roles_that_come_with_the_program_stay_as_they_are() {
    let revise = AccessCommand::ReviseRole {
        role: RoleKey::try_new("agent").unwrap(),
        name: "Агент".to_owned(),
        permissions: [Permission::TicketsRead].into(),
    };
    assert_eq!(decide(&[], &revise), Err(AccessRefusal::RoleBuiltIn));
}

#[test]
fn role_in_use_is_not_retired() {
    let key = RoleKey::try_new("reviewer").unwrap();
    let retire = AccessCommand::RetireRole { role: key.clone() };
    assert_eq!(decide(&[], &retire), Err(AccessRefusal::RoleUnknown));
    let used = [reviewer(), granted(ANNA, role("reviewer", Scope::Everywhere))];
    assert_eq!(decide(&used, &retire), Err(AccessRefusal::RoleInUse));
    assert_eq!(
        decide(&[reviewer()], &retire),
        Ok(vec![AccessEvent::RoleRetired { role: key }])
    );
}

#[test]
fn unknown_role_and_the_customers_own_are_not_granted() {
    for (key, refusal) in [
        ("nobody", AccessRefusal::RoleUnknown),
        ("contact", AccessRefusal::RoleOfContacts),
    ] {
        let grant = AccessCommand::Grant {
            user_id: ANNA,
            grant: role(key, Scope::Everywhere),
        };
        assert_eq!(decide(&[], &grant), Err(refusal));
    }
}

#[test]
fn rights_are_the_sum_of_grants() {
    let events = [
        reviewer(),
        granted(ANNA, role("reviewer", Scope::Everywhere)),
        granted(ANNA, role("agent", Scope::Branch(BRANCH))),
    ];
    let access = Access::fold(&events).unwrap();
    let rights = access.rights(ANNA);
    let here = Place {
        branch: Some(BRANCH),
        ..Place::default()
    };
    assert!(rights.has_everywhere(Permission::TicketsRead));
    assert!(rights.covers(Permission::TicketsWrite, &here));
    assert!(!rights.covers(Permission::TicketsWrite, &Place::default()));
    assert!(!access.rights(BORIS).has(Permission::TicketsRead));
}
