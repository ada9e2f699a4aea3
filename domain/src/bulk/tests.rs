use chrono::DateTime;
use uuid::Uuid;

use super::{Bulk, BulkCommand, BulkEvent, BulkRefusal, Item, ItemOutcome, Step, UndoneItem};
use crate::{
    actor::{Actor, ActorKind},
    decider::{Context, kit::given},
    ids::TicketId,
};

fn noon() -> Context {
    Context {
        at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        actor: Actor::new(ActorKind::Agent, "1"),
        id: Uuid::from_u128(7),
    }
}

fn ticket(number: u128) -> TicketId {
    TicketId(Uuid::from_u128(number))
}

fn start(total: u32) -> BulkCommand {
    BulkCommand::Start {
        action: Step::Unassign,
        total,
        ticket_ids: vec![ticket(1)],
        asked: String::new(),
    }
}

fn begun(total: u32) -> Vec<BulkEvent> {
    given::<Bulk>(&[]).when(&start(total), &noon()).unwrap()
}

fn done(number: u128) -> BulkEvent {
    let outcome = ItemOutcome::Done {
        version: Some(2),
        undo: vec![Step::Reopen],
    };
    BulkEvent::ItemsDone {
        items: vec![Item {
            ticket_id: ticket(number),
            outcome,
        }],
    }
}

#[test]
fn operation_about_nothing_or_too_much_does_not_begin() {
    assert_eq!(
        given::<Bulk>(&[]).when(&start(0), &noon()),
        Err(BulkRefusal::NothingChosen)
    );
    assert_eq!(
        given::<Bulk>(&[]).when(&start(100_001), &noon()),
        Err(BulkRefusal::TooMany)
    );
    assert_eq!(
        given::<Bulk>(&begun(1)).when(&start(1), &noon()),
        Err(BulkRefusal::AlreadyStarted)
    );
}

#[test]
fn nothing_is_done_before_all_tickets_are_named_and_each_is_noted_once() {
    let record = |number| {
        let outcome = ItemOutcome::Unchanged;
        BulkCommand::Record {
            items: vec![Item {
                ticket_id: ticket(number),
                outcome,
            }],
        }
    };
    let choosing = given::<Bulk>(&begun(2));
    assert_eq!(choosing.when(&record(1), &noon()), Ok(vec![]));
    let chosen = choosing
        .when(
            &BulkCommand::Choose {
                ticket_ids: vec![ticket(1), ticket(2)],
            },
            &noon(),
        )
        .unwrap();
    assert_eq!(
        chosen,
        [BulkEvent::Chosen {
            ticket_ids: vec![ticket(2)]
        }]
    );
    let mut history = [begun(2), chosen, vec![done(1)]].concat();
    let running = given::<Bulk>(&history);
    assert_eq!(running.when(&record(1), &noon()), Ok(vec![]));
    assert_eq!(running.when(&BulkCommand::Finish, &noon()), Ok(vec![]), "one is left");
    assert_eq!(
        running.when(&BulkCommand::StartUndo, &noon()),
        Err(BulkRefusal::StillRunning)
    );
    history.push(done(2));
    assert_eq!(
        given::<Bulk>(&history).when(&BulkCommand::Finish, &noon()),
        Ok(vec![BulkEvent::Finished {}])
    );
}

#[test]
fn undo_takes_what_was_done_and_each_once() {
    let history = [begun(1), vec![done(1), BulkEvent::Finished {}]].concat();
    let over = given::<Bulk>(&history);
    assert_eq!(over.when(&BulkCommand::Cancel, &noon()), Err(BulkRefusal::Over));
    assert_eq!(
        over.when(&BulkCommand::StartUndo, &noon()),
        Ok(vec![BulkEvent::UndoStarted {}])
    );
    let undoing = [history, vec![BulkEvent::UndoStarted {}]].concat();
    assert_eq!(
        given::<Bulk>(&undoing).when(&BulkCommand::FinishUndo, &noon()),
        Ok(vec![])
    );
    let items = vec![UndoneItem {
        ticket_id: ticket(1),
        left: None,
    }];
    let undone = [undoing, vec![BulkEvent::ItemsUndone { items: items.clone() }]].concat();
    let undone = given::<Bulk>(&undone);
    assert_eq!(undone.when(&BulkCommand::RecordUndone { items }, &noon()), Ok(vec![]));
    assert_eq!(
        undone.when(&BulkCommand::FinishUndo, &noon()),
        Ok(vec![BulkEvent::UndoFinished {}])
    );
}
