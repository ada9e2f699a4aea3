use std::collections::{HashMap, HashSet};

use super::{BulkCommand, BulkEvent, BulkRefusal, Item, ItemOutcome, Step, UndoneItem};
use crate::ids::TicketId;

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not all of its tickets are named yet.
    Choosing,
    /// Its tickets are changed one after the other.
    Running,
    /// Somebody stopped it.
    Cancelled,
    /// Something became of every ticket.
    Finished,
    /// What it changed is made as it was.
    Undoing,
    /// Nothing is left to be undone.
    Undone,
}

/// An operation now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// What is done to each ticket.
    pub action: Step,
    /// Whose rights count, `kind:id`.
    pub asked_by: String,
    /// How many tickets it is about.
    pub total: usize,
    /// Its tickets, as far as they are named.
    pub chosen: Vec<TicketId>,
    /// What became of them so far.
    pub outcomes: HashMap<TicketId, ItemOutcome>,
    /// Those that are as they were, or were left.
    pub undone: HashSet<TicketId>,
    /// Where it stands.
    pub phase: Phase,
}

impl Bulk {
    /// The tickets that nothing has become of, in their order.
    pub fn pending(&self) -> impl Iterator<Item = TicketId> {
        self.chosen.iter().copied().filter(|it| !self.outcomes.contains_key(it))
    }

    /// The tickets that it changed and that are not undone, the last first.
    pub fn to_undo(&self) -> impl Iterator<Item = (TicketId, Option<u64>, &[Step])> {
        self.chosen.iter().rev().filter_map(|id| match self.outcomes.get(id) {
            Some(ItemOutcome::Done { version, undo }) if !self.undone.contains(id) => {
                Some((*id, *version, undo.as_slice()))
            }
            Some(_) | None => None,
        })
    }

    pub(super) fn decide_on(&self, command: &BulkCommand) -> Result<Vec<BulkEvent>, BulkRefusal> {
        match command {
            BulkCommand::Start { .. } => Err(BulkRefusal::AlreadyStarted),
            BulkCommand::Choose { ticket_ids } => Ok(self.choose(ticket_ids)),
            BulkCommand::Record { items } => Ok(self.record(items)),
            BulkCommand::Cancel => match self.phase {
                Phase::Choosing | Phase::Running => Ok(vec![BulkEvent::Cancelled {}]),
                Phase::Cancelled => Ok(vec![]),
                Phase::Finished | Phase::Undoing | Phase::Undone => Err(BulkRefusal::Over),
            },
            BulkCommand::Finish if self.phase == Phase::Running && self.pending().next().is_none() => {
                Ok(vec![BulkEvent::Finished {}])
            }
            BulkCommand::StartUndo => match self.phase {
                Phase::Choosing | Phase::Running => Err(BulkRefusal::StillRunning),
                Phase::Cancelled | Phase::Finished => Ok(vec![BulkEvent::UndoStarted {}]),
                Phase::Undoing | Phase::Undone => Ok(vec![]),
            },
            BulkCommand::RecordUndone { items } => Ok(self.record_undone(items)),
            BulkCommand::FinishUndo if self.phase == Phase::Undoing && self.to_undo().next().is_none() => {
                Ok(vec![BulkEvent::UndoFinished {}])
            }
            BulkCommand::Finish | BulkCommand::FinishUndo => Ok(vec![]),
        }
    }

    fn choose(&self, ticket_ids: &[TicketId]) -> Vec<BulkEvent> {
        let known: HashSet<TicketId> = self.chosen.iter().copied().collect();
        let new: Vec<TicketId> = ticket_ids.iter().copied().filter(|it| !known.contains(it)).collect();
        if self.phase == Phase::Choosing && !new.is_empty() {
            vec![BulkEvent::Chosen { ticket_ids: new }]
        } else {
            vec![]
        }
    }

    /// What was under way when it was cancelled is noted as well, also when it is being undone already.
    fn record(&self, items: &[Item]) -> Vec<BulkEvent> {
        let new = items.iter().filter(|it| !self.outcomes.contains_key(&it.ticket_id));
        let items: Vec<Item> = new.cloned().collect();
        match self.phase {
            Phase::Running | Phase::Cancelled | Phase::Undoing if !items.is_empty() => {
                vec![BulkEvent::ItemsDone { items }]
            }
            Phase::Running | Phase::Cancelled | Phase::Choosing | Phase::Finished | Phase::Undoing | Phase::Undone => {
                vec![]
            }
        }
    }

    fn record_undone(&self, items: &[UndoneItem]) -> Vec<BulkEvent> {
        let new = items.iter().filter(|it| !self.undone.contains(&it.ticket_id));
        let items: Vec<UndoneItem> = new.cloned().collect();
        if self.phase == Phase::Undoing && !items.is_empty() {
            vec![BulkEvent::ItemsUndone { items }]
        } else {
            vec![]
        }
    }

    pub(super) fn after(state: Option<Self>, event: &BulkEvent) -> Option<Self> {
        if let BulkEvent::Started {
            action,
            total,
            asked_by,
        } = event
        {
            return Some(Self {
                action: action.clone(),
                asked_by: asked_by.clone(),
                total: usize::try_from(*total).unwrap_or(usize::MAX),
                chosen: Vec::new(),
                outcomes: HashMap::new(),
                undone: HashSet::new(),
                phase: Phase::Choosing,
            });
        }
        let mut bulk = state?;
        match event {
            BulkEvent::Started { .. } => {}
            BulkEvent::Chosen { ticket_ids } => {
                bulk.chosen.extend(ticket_ids);
                if bulk.phase == Phase::Choosing && bulk.chosen.len() >= bulk.total {
                    bulk.phase = Phase::Running;
                }
            }
            BulkEvent::ItemsDone { items } => {
                let noted = items.iter().map(|it| (it.ticket_id, it.outcome.clone()));
                bulk.outcomes.extend(noted);
            }
            BulkEvent::Cancelled {} => bulk.phase = Phase::Cancelled,
            BulkEvent::Finished {} => bulk.phase = Phase::Finished,
            BulkEvent::UndoStarted {} => bulk.phase = Phase::Undoing,
            BulkEvent::ItemsUndone { items } => bulk.undone.extend(items.iter().map(|it| it.ticket_id)),
            BulkEvent::UndoFinished {} => bulk.phase = Phase::Undone,
        }
        Some(bulk)
    }
}
