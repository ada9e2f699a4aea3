use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Change, Contact, ContactCommand, ContactEvent, ContactKind, ContactRefusal, HANDLES, IdentifiedBy, Name, NewHandle,
    ProfileChanges, Purpose, Reason,
};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider, kit::given},
    event::DomainEvent,
    ids::{ContactId, HandleId, OrganizationId},
    values::{Handle, HandleChannel},
};

const OTHER: ContactId = ContactId(Uuid::from_u128(2));

fn context() -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::from_u128(1),
    }
}

fn phone(number: usize) -> NewHandle {
    NewHandle {
        id: HandleId(Uuid::from_u128(number as u128)),
        handle: Handle::try_new(HandleChannel::Phone, &format!("+7912345{number:04}")).unwrap(),
        verified: false,
    }
}

fn named(name: &str) -> ProfileChanges {
    ProfileChanges {
        name: Change::Set(Name::try_new(name).unwrap()),
        ..ProfileChanges::default()
    }
}

fn create(handles: Vec<NewHandle>) -> ContactCommand {
    ContactCommand::Create {
        handles,
        profile: named("Мария"),
        organization_id: None,
    }
}

fn answer(history: &[ContactEvent], command: &ContactCommand) -> Result<Vec<ContactEvent>, ContactRefusal> {
    given::<Contact>(history).when(command, &context())
}

fn born(handles: Vec<NewHandle>) -> Vec<ContactEvent> {
    answer(&[], &create(handles)).unwrap()
}

#[test]
fn contact_with_a_handle_is_identified_and_one_without_is_a_visitor() {
    assert_eq!(
        born(vec![])[0],
        ContactEvent::Created {
            kind: ContactKind::Visitor
        }
    );
    assert_eq!(
        born(vec![phone(1)])[0],
        ContactEvent::Created {
            kind: ContactKind::Identified
        }
    );
    let added = answer(
        &born(vec![]),
        &ContactCommand::AddHandles {
            handles: vec![phone(1)],
        },
    )
    .unwrap();
    assert_eq!(
        added[0],
        ContactEvent::Identified {
            by: IdentifiedBy::Handle
        }
    );
}

#[test]
fn handle_is_there_once() {
    let twice = born(vec![phone(1), phone(1)]);
    assert_eq!(Contact::fold(&twice).unwrap().handles.len(), 1);
    assert_eq!(
        answer(
            &twice,
            &ContactCommand::AddHandles {
                handles: vec![phone(1)]
            }
        ),
        Ok(vec![])
    );
}

#[test]
fn handles_are_not_without_end() {
    let many = (0..HANDLES).map(phone).collect();
    let full = born(many);
    let more = ContactCommand::AddHandles {
        handles: vec![phone(99)],
    };
    assert_eq!(answer(&full, &more), Err(ContactRefusal::TooManyHandles));
    let remove = ContactCommand::RemoveHandle { handle_id: phone(0).id };
    let freed = [full.clone(), answer(&full, &remove).unwrap()].concat();
    assert!(answer(&freed, &more).is_ok());
    assert_eq!(answer(&freed, &remove), Err(ContactRefusal::HandleNotFound));
}

#[test]
fn profile_keeps_what_is_not_changed() {
    let history = born(vec![]);
    assert_eq!(
        answer(
            &history,
            &ContactCommand::ChangeProfile {
                changes: named("Мария")
            }
        ),
        Ok(vec![])
    );
    let cleared = ContactCommand::ChangeProfile {
        changes: ProfileChanges {
            name: Change::Clear,
            ..ProfileChanges::default()
        },
    };
    let events = answer(&history, &cleared).unwrap();
    let contact = Contact::fold(history.iter().chain(&events)).unwrap();
    assert_eq!(contact.profile.unwrap().name, None);
}

#[test]
fn merged_contact_takes_nothing_but_unmerging() {
    let merged = [born(vec![phone(1)]), vec![ContactEvent::Merged { into: OTHER }]].concat();
    let refused = Err(ContactRefusal::Merged { into: OTHER });
    for command in [
        ContactCommand::ChangeProfile {
            changes: named("Анна")
        },
        ContactCommand::AddHandles {
            handles: vec![phone(2)],
        },
        ContactCommand::RemoveHandle { handle_id: phone(1).id },
        ContactCommand::Unblock,
        ContactCommand::Absorb { contact_id: OTHER },
        ContactCommand::MergeInto {
            into: ContactId(Uuid::from_u128(3)),
        },
    ] {
        assert_eq!(answer(&merged, &command), refused, "{command:?}");
    }
    assert_eq!(answer(&merged, &ContactCommand::MergeInto { into: OTHER }), Ok(vec![]));
    let unmerged = answer(&merged, &ContactCommand::Unmerge).unwrap();
    let after = Contact::fold(merged.iter().chain(&unmerged));
    assert_eq!(after, Contact::fold(&born(vec![phone(1)])), "it is what it was");
}

#[test]
fn there_are_no_chains_and_no_circles_of_merged_contacts() {
    let absorbing = [born(vec![]), vec![ContactEvent::Absorbed { contact_id: OTHER }]].concat();
    let merge = ContactCommand::MergeInto { into: OTHER };
    assert_eq!(answer(&absorbing, &merge), Err(ContactRefusal::HasMerged));
    let own = ContactCommand::MergeInto {
        into: ContactId(context().id),
    };
    assert_eq!(answer(&born(vec![]), &own), Err(ContactRefusal::IntoItself));
    assert_eq!(
        answer(&born(vec![]), &ContactCommand::Unmerge),
        Err(ContactRefusal::NotMerged)
    );
    let apart = answer(&absorbing, &ContactCommand::Separate { contact_id: OTHER }).unwrap();
    assert!(answer(&[absorbing, apart].concat(), &merge).is_ok());
}

fn any_command() -> impl Strategy<Value = ContactCommand> {
    let purpose = |it: u8| Purpose::try_new(&format!("purpose_{it}")).unwrap();
    prop_oneof![
        prop::collection::vec(0..6_usize, 0..3).prop_map(|it| create(it.into_iter().map(phone).collect())),
        prop::collection::vec(0..6_usize, 0..3).prop_map(|it| ContactCommand::AddHandles {
            handles: it.into_iter().map(phone).collect()
        }),
        (0..6_usize).prop_map(|it| ContactCommand::VerifyHandle {
            handle_id: phone(it).id
        }),
        (0..6_usize).prop_map(|it| ContactCommand::RemoveHandle {
            handle_id: phone(it).id
        }),
        "[а-я]{1,3}".prop_map(|it| ContactCommand::ChangeProfile { changes: named(&it) }),
        prop::option::of(0..2_u128).prop_map(|it| ContactCommand::AssignToOrganization {
            organization_id: it.map(|it| OrganizationId(Uuid::from_u128(it)))
        }),
        (1..4_u128).prop_map(|it| ContactCommand::Absorb {
            contact_id: ContactId(Uuid::from_u128(it))
        }),
        (1..4_u128).prop_map(|it| ContactCommand::Separate {
            contact_id: ContactId(Uuid::from_u128(it))
        }),
        (1..4_u128).prop_map(|it| ContactCommand::MergeInto {
            into: ContactId(Uuid::from_u128(it))
        }),
        Just(ContactCommand::Unmerge),
        Just(ContactCommand::Block {
            reason: Reason::try_new("спам").unwrap()
        }),
        Just(ContactCommand::Unblock),
        (0..2_u8).prop_map(move |it| ContactCommand::GiveConsent { purpose: purpose(it) }),
        (0..2_u8).prop_map(move |it| ContactCommand::WithdrawConsent { purpose: purpose(it) }),
    ]
}

proptest! {
    /// Every accepted history folds; a record never shows others while it is shown with another; the same command at
    /// once again changes nothing, unless it is refused.
    #[test]
    fn every_accepted_history_folds(commands in prop::collection::vec(any_command(), 1..40)) {
        let mut state: Option<Contact> = None;
        for command in commands {
            let Ok(events) = Contact::decide(state.as_ref(), &command, &context()) else { continue };
            for event in &events {
                state = Contact::evolve(state, event);
                let mut stored = DomainEvent::from(event.clone());
                for (_, field) in stored.personal_mut() {
                    field.seal("AAAA".to_owned());
                }
                let text = stored.to_stored().unwrap();
                prop_assert_eq!(DomainEvent::from_stored(&text.event_type, &text.payload).unwrap(), stored);
            }
            if let Some(contact) = &state {
                prop_assert!(contact.merged_into.is_none() || contact.absorbed.is_empty());
                prop_assert!(contact.handles.len() <= HANDLES);
            }
            let again = Contact::decide(state.as_ref(), &command, &context());
            prop_assert!(again.is_err() || again == Ok(vec![]), "{:?}", again);
        }
    }
}
