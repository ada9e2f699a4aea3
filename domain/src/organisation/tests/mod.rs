mod definitions;
mod fields;

use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Branch, Category, Checked, Definition, Inbox, Item, ItemCommand, ItemEvent, ItemRefusal, Label, Tag, inbox::Channel,
};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider, kit::given},
    ids::CommandId,
};

fn noon() -> Context {
    Context {
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::from_u128(5),
    }
}

fn tag(name: &str, colour: &str) -> Tag {
    Tag {
        name: name.to_owned(),
        colour: Some(colour.to_owned()),
    }
}

fn checked<D: Definition>(definition: D) -> Checked<D> {
    Checked::try_new(definition).unwrap()
}

fn create(colour: &str) -> ItemCommand<Tag> {
    ItemCommand::Create {
        definition: checked(tag("vip", colour)),
    }
}

fn revise(colour: &str) -> ItemCommand<Tag> {
    ItemCommand::Revise {
        definition: checked(tag("vip", colour)),
    }
}

fn created() -> ItemEvent<Tag> {
    ItemEvent::Created {
        definition: tag("vip", "#000000"),
    }
}

fn answer(history: &[ItemEvent<Tag>], command: &ItemCommand<Tag>) -> Result<Vec<ItemEvent<Tag>>, ItemRefusal> {
    given::<Item<Tag>>(history).when(command, &noon())
}

#[test]
fn creation_records_the_whole_definition() {
    assert_eq!(answer(&[], &create("#000000")), Ok(vec![created()]));
}

#[test]
fn key_that_is_taken_is_refused_even_for_the_same_definition() {
    assert_eq!(answer(&[created()], &create("#000000")), Err(ItemRefusal::Exists));
    let retired = [created(), ItemEvent::Retired {}];
    assert_eq!(answer(&retired, &create("#000000")), Err(ItemRefusal::ExistsRetired));
}

#[test]
fn revision_is_whole_and_numbered_by_events() {
    let history = [created(), ItemEvent::Retired {}, ItemEvent::Restored {}];
    let revised = ItemEvent::Revised {
        version: 4,
        definition: tag("vip", "#ffffff"),
    };
    assert_eq!(answer(&history, &revise("#ffffff")), Ok(vec![revised.clone()]));
    let item = Item::fold(history.iter().chain([&revised])).unwrap();
    assert_eq!((item.version, item.retired), (4, false));
}

#[test]
fn revision_that_changes_nothing_leaves_no_event() {
    assert_eq!(answer(&[created()], &revise("#000000")), Ok(vec![]));
}

#[test]
fn retired_item_takes_no_revision_and_keeps_its_definition() {
    let history = [created(), ItemEvent::Retired {}];
    assert_eq!(answer(&history, &revise("#ffffff")), Err(ItemRefusal::Retired));
    let item = Item::fold(&history).unwrap();
    assert_eq!((item.definition, item.retired), (tag("vip", "#000000"), true));
    assert_eq!(
        answer(&history, &ItemCommand::Restore),
        Ok(vec![ItemEvent::Restored {}])
    );
}

#[test]
fn what_is_so_already_leaves_no_event() {
    assert_eq!(answer(&[created()], &ItemCommand::Restore), Ok(vec![]));
    assert_eq!(
        answer(&[created(), ItemEvent::Retired {}], &ItemCommand::Retire),
        Ok(vec![])
    );
}

#[test]
fn nothing_can_be_done_with_what_is_not_there() {
    for command in [revise("#000000"), ItemCommand::Retire, ItemCommand::Restore] {
        assert_eq!(answer(&[], &command), Err(ItemRefusal::NotFound));
    }
}

#[test]
fn key_never_changes_but_for_its_spelling() {
    let other = |name| ItemCommand::Revise {
        definition: checked(tag(name, "#000000")),
    };
    assert_eq!(answer(&[created()], &other("wip")), Err(ItemRefusal::Fixed("name")));
    assert!(answer(&[created()], &other("VIP")).is_ok());
}

#[test]
fn channel_of_an_inbox_never_changes() {
    let inbox = |channel| Inbox {
        name: "Сайт".to_owned(),
        channel,
        branch_id: None,
        allowed_domains: vec![],
        feature_flags: vec![],
        file_max_bytes: None,
        file_types: Vec::new(),
        active: true,
        auto_reply: None,
        retention: None,
    };
    let history = [ItemEvent::Created {
        definition: inbox(Channel::Email),
    }];
    let command = ItemCommand::Revise {
        definition: checked(inbox(Channel::Sms)),
    };
    let answer = given::<Item<Inbox>>(&history).when(&command, &noon());
    assert_eq!(answer, Err(ItemRefusal::Fixed("channel")));
}

#[test]
fn id_follows_from_the_key_or_from_the_command() {
    let command = |number: u128| CommandId(Uuid::from_u128(number));
    let category = |key: &str| Category {
        key: key.to_owned(),
        name: Label::default(),
        description: None,
        icon: None,
        parent_key: None,
        assign_to: None,
    };
    let id = category("Почта / ящик").id(command(1));
    assert_eq!(id, category("почта  /  ЯЩИК").id(command(2)));
    assert_eq!(id, Category::id_of("Почта / ящик"));
    assert_ne!(id, Category::id_of("Почта/ящик"));
    let branch = Branch {
        name: "Центр".to_owned(),
        regions: vec![],
        time_zone: "UTC".to_owned(),
        is_default: false,
    };
    assert_ne!(branch.id(command(1)), branch.id(command(2)));
}

fn any_command() -> impl Strategy<Value = ItemCommand<Tag>> {
    let colours = prop_oneof![Just("#000000"), Just("#ff0000"), Just("#ffffff")];
    prop_oneof![
        1 => colours.clone().prop_map(create),
        4 => colours.prop_map(revise),
        2 => Just(ItemCommand::Retire),
        2 => Just(ItemCommand::Restore),
    ]
}

proptest! {
    #[test]
    fn every_accepted_sequence_folds_and_the_same_command_twice_changes_nothing(
        commands in prop::collection::vec(any_command(), 0..40),
    ) {
        let mut history = Vec::new();
        for command in commands {
            let Ok(events) = answer(&history, &command) else { continue };
            history.extend(events);
            let item = Item::<Tag>::fold(&history).unwrap();
            prop_assert_eq!(item.version, history.len() as u64);
            match answer(&history, &command) {
                Ok(events) => prop_assert_eq!(events, vec![], "twice: {:?}", &command),
                Err(refusal) => prop_assert_eq!(refusal, ItemRefusal::Exists),
            }
        }
    }

    #[test]
    fn folding_is_total(order in prop::collection::vec(0..4_usize, 0..20)) {
        let revised = ItemEvent::Revised { version: 2, definition: tag("vip", "#ffffff") };
        let events = [created(), revised, ItemEvent::Retired {}, ItemEvent::Restored {}];
        let history: Vec<_> = order.iter().map(|it| events[*it].clone()).collect();
        let born = history.contains(&created());
        prop_assert_eq!(Item::fold(&history).is_some(), born);
    }
}
