use uuid::Uuid;

use super::{Definition, Organization, OrganizationCommand, OrganizationEvent, OrganizationRefusal};
use crate::{
    actor::{Actor, ActorKind},
    contact::Name,
    decider::{Context, kit::given},
};

fn definition(name: &str, domains: &[&str]) -> Definition {
    let domains: Vec<_> = domains.iter().map(|it| (*it).to_owned()).collect();
    Definition::try_new(&Name::try_new(name).unwrap(), &domains, None).unwrap()
}

fn answer(
    history: &[OrganizationEvent],
    command: &OrganizationCommand,
) -> Result<Vec<OrganizationEvent>, OrganizationRefusal> {
    let context = Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::nil(),
    };
    given::<Organization>(history).when(command, &context)
}

#[test]
fn revision_is_whole_and_counted() {
    let created = OrganizationEvent::Created {
        definition: definition("Ромашка", &["romashka.ru"]),
    };
    let other = definition("Ромашка и Ко", &["Ромашка.РФ", "romashka.ru"]);
    let revise = OrganizationCommand::Revise {
        definition: other.clone(),
    };
    let revised = OrganizationEvent::Revised {
        revision: 2,
        definition: other,
    };
    assert_eq!(
        answer(std::slice::from_ref(&created), &revise),
        Ok(vec![revised.clone()])
    );
    assert_eq!(answer(&[created, revised], &revise), Ok(vec![]));
}

#[test]
fn retired_organization_is_not_revised() {
    let definition = definition("Ромашка", &[]);
    let history = [
        OrganizationEvent::Created {
            definition: definition.clone(),
        },
        OrganizationEvent::Retired {},
    ];
    let revise = OrganizationCommand::Revise { definition };
    assert_eq!(answer(&history, &revise), Err(OrganizationRefusal::Retired));
    assert_eq!(answer(&history, &OrganizationCommand::Retire), Ok(vec![]));
    assert_eq!(answer(&[], &revise), Err(OrganizationRefusal::NotFound));
}

#[test]
fn domains_have_one_spelling() {
    assert_eq!(definition("a", &["ПОЧТА.рф", "xn--80a1acny.xn--p1ai"]).domains.len(), 1);
    let name = Name::try_new("a").unwrap();
    assert!(Definition::try_new(&name, &["g\u{43e}ogle.com".to_owned()], None).is_err());
    assert!(Definition::try_new(&name, &["нет домена".to_owned()], None).is_err());
}
