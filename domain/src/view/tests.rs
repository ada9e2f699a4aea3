use chrono::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::{Audience, Definition, View, ViewCommand, ViewEvent, ViewRefusal};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    ids::AgentId,
};

fn noon() -> Context {
    Context {
        at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::from_u128(7),
    }
}

fn named(name: &str) -> Definition {
    Definition {
        name: name.to_owned(),
        audience: Audience::Own(AgentId(Uuid::from_u128(1))),
        filter: json!({"inWork": true}),
        order: json!([]),
        columns: vec![],
        icon: None,
        position: None,
    }
}

#[test]
fn view_is_created_once_and_revised_until_it_is_retired() {
    let (created, other) = (ViewEvent::Created { definition: named("a") }, named("b"));
    let create = ViewCommand::Create { definition: named("a") };
    let revise = ViewCommand::Revise {
        definition: other.clone(),
    };
    assert_eq!(given::<View>(&[]).when(&create, &noon()), Ok(vec![created.clone()]));
    assert_eq!(given::<View>(&[]).when(&revise, &noon()), Err(ViewRefusal::NotFound));
    let there = given::<View>(std::slice::from_ref(&created));
    assert_eq!(there.when(&create, &noon()), Err(ViewRefusal::AlreadyCreated));
    let revised = ViewEvent::Revised {
        revision: 2,
        definition: other,
    };
    assert_eq!(there.when(&revise, &noon()), Ok(vec![revised.clone()]));
    let gone = given::<View>(&[created.clone(), revised, ViewEvent::Retired {}]);
    assert_eq!(gone.when(&revise, &noon()), Err(ViewRefusal::Retired));
    assert_eq!(gone.when(&ViewCommand::Retire, &noon()), Ok(vec![]));
    assert_eq!(
        gone.when(&ViewCommand::Restore, &noon()),
        Ok(vec![ViewEvent::Restored {}])
    );
    let back = given::<View>(&[created, ViewEvent::Retired {}, ViewEvent::Restored {}]);
    assert_eq!(back.when(&ViewCommand::Restore, &noon()), Ok(vec![]));
}

#[test]
fn names_are_one_whatever_their_capitals_and_apart_by_who_sees_them() {
    assert_eq!(named("Мои").claim(), named("мои").claim());
    let shared = Definition {
        audience: Audience::Shared,
        ..named("мои")
    };
    assert_ne!(shared.claim(), named("мои").claim());
}
