//! The register of ticket numbers: one stream, from which servers reserve blocks, so that a number costs no append.
//!
//! Numbers of a block that a server did not use before it stopped are never given: gaps are normal.

use serde::{Deserialize, Serialize};

use crate::decider::{Context, Decider};

/// The last number reserved by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketNumbers {
    /// 0 when none is.
    pub last: i64,
}

/// What has happened to the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum TicketNumbersEvent {
    /// A block of numbers has an owner.
    Reserved {
        /// Its first number.
        first: i64,
        /// Its last number.
        last: i64,
    },
}

/// A wish for numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TicketNumbersCommand {
    /// Give me a block.
    Reserve {
        /// How many.
        count: u32,
    },
}

/// A rule that forbids a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketNumbersRefusal {
    /// The API's numbers are 32-bit integers.
    #[error("ticket numbers are used up: none above 2147483647 can be given")]
    UsedUp,
}

impl Decider for TicketNumbers {
    type Command = TicketNumbersCommand;
    type Event = TicketNumbersEvent;
    type Refusal = TicketNumbersRefusal;

    const CATEGORY: &'static str = "ticket_numbers";

    fn decide(
        state: Option<&Self>,
        command: &TicketNumbersCommand,
        _context: &Context,
    ) -> Result<Vec<TicketNumbersEvent>, TicketNumbersRefusal> {
        let TicketNumbersCommand::Reserve { count } = *command;
        let before = state.map_or(0, |it| it.last);
        let last = before.saturating_add(i64::from(count));
        match count {
            0 => Ok(vec![]),
            _ if last > i64::from(i32::MAX) => Err(TicketNumbersRefusal::UsedUp),
            _ => Ok(vec![TicketNumbersEvent::Reserved {
                first: before + 1,
                last,
            }]),
        }
    }

    fn evolve(_state: Option<Self>, event: &TicketNumbersEvent) -> Option<Self> {
        let TicketNumbersEvent::Reserved { last, .. } = event;
        Some(Self { last: *last })
    }
}

#[cfg(test)]
mod tests {
    use super::{TicketNumbers, TicketNumbersCommand, TicketNumbersEvent, TicketNumbersRefusal};
    use crate::{
        actor::{Actor, ActorKind},
        decider::{Context, kit::given},
    };

    fn noon() -> Context {
        Context {
            at: "2026-11-21T12:00:00Z".parse().unwrap(),
            actor: Actor::new(ActorKind::System, "1"),
            id: uuid::Uuid::nil(),
        }
    }

    #[test]
    fn blocks_follow_each_other() {
        let reserve = TicketNumbersCommand::Reserve { count: 50 };
        let first = TicketNumbersEvent::Reserved { first: 1, last: 50 };
        assert_eq!(
            given::<TicketNumbers>(&[]).when(&reserve, &noon()),
            Ok(vec![first.clone()])
        );
        let second = TicketNumbersEvent::Reserved { first: 51, last: 100 };
        assert_eq!(
            given::<TicketNumbers>(&[first]).when(&reserve, &noon()),
            Ok(vec![second])
        );
    }

    #[test]
    fn numbers_end_where_the_api_ends() {
        let history = [TicketNumbersEvent::Reserved {
            first: 1,
            last: i64::from(i32::MAX) - 1,
        }];
        let answer = given::<TicketNumbers>(&history).when(&TicketNumbersCommand::Reserve { count: 2 }, &noon());
        assert_eq!(answer, Err(TicketNumbersRefusal::UsedUp));
    }
}
