//! Ticket numbers, reserved in blocks: a number costs no append of its own.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    ops::RangeInclusive,
};

use domain::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider},
    ids::{CommandId, singleton},
    ticket_numbers::{TicketNumbers, TicketNumbersCommand, TicketNumbersEvent},
};
use event_store::{Envelope, EventLog, LogError, Vault};
use tokio::sync::Mutex;

use crate::{Clock, CommandError, Refusal, folded::Folded};

/// Numbers that one server takes from the register at once.
const BLOCK: u32 = 100;
/// Servers that reserve at the same moment collide; each collision lets one of them through.
const TRIES: u32 = 50;

/// This server's stock of numbers.
pub(crate) struct Numbers {
    log: EventLog,
    vault: Vault,
    clock: Clock,
    stock: Mutex<Stock>,
}

#[derive(Default)]
struct Stock {
    free: VecDeque<i64>,
    /// As it was when last seen; the append tells when that is outdated.
    register: Option<Folded<TicketNumbers>>,
}

impl Numbers {
    pub(crate) fn new(log: EventLog, vault: Vault, clock: Clock) -> Self {
        Self {
            log,
            vault,
            clock,
            stock: Mutex::default(),
        }
    }

    /// A number nobody else has.
    pub(crate) async fn next(&self) -> Result<i64, CommandError> {
        let mut stock = self.stock.lock().await;
        if stock.free.is_empty() {
            let block = self.take(&mut stock, BLOCK).await?;
            stock.free.extend(block);
        }
        stock.free.pop_front().ok_or_else(contention)
    }

    /// Takes back a number that no ticket got.
    pub(crate) async fn give_back(&self, number: i64) {
        self.stock.lock().await.free.push_front(number);
    }

    /// A block of `count` numbers, at least one, that nobody else has.
    pub(crate) async fn reserve(&self, count: u32) -> Result<RangeInclusive<i64>, CommandError> {
        self.take(&mut *self.stock.lock().await, count.max(1)).await
    }

    async fn take(&self, stock: &mut Stock, count: u32) -> Result<RangeInclusive<i64>, CommandError> {
        for _ in 0..TRIES {
            // Taken out while it is written: an append that is broken off leaves nothing to rely on.
            let id = singleton(TicketNumbers::CATEGORY);
            let register = match stock.register.take() {
                Some(register) => register,
                None => Folded::read(&self.log, &self.vault, id).await?,
            };
            let context = Context {
                at: self.clock.now(),
                actor: Actor::new(ActorKind::System, "ticket_numbers"),
                id,
            };
            let command = TicketNumbersCommand::Reserve { count };
            let events = TicketNumbers::decide(register.state.as_ref(), &command, &context).map_err(Refusal::from)?;
            let Some(TicketNumbersEvent::Reserved { first, last }) = events.first().cloned() else {
                break;
            };
            let envelope = envelope(&context.actor, first);
            let dated = events.into_iter().map(|it| (it, context.at)).collect();
            let proposal = register.propose(&self.vault, &envelope, 0, dated).await?;
            match self
                .log
                .append(&register.stream, register.expected(), &proposal.encoded)
                .await
            {
                Ok(appended) => {
                    stock.register = Some(register.after(&proposal, &envelope, appended));
                    return Ok(first..=last);
                }
                Err(LogError::Conflict { .. }) => {}
                Err(error) => return Err(CommandError::Log(error)),
            }
        }
        Err(contention())
    }
}

fn contention() -> CommandError {
    CommandError::Contention {
        stream: TicketNumbers::CATEGORY.to_owned(),
    }
}

/// Two servers that want the same block must not be taken for one that repeats itself: the command's id is random.
fn envelope(actor: &Actor, first: i64) -> Envelope {
    let nonce = RandomState::new().hash_one(first);
    let command_id = CommandId::of_request(
        &actor.to_string(),
        "reserveNumbers",
        &first.to_string(),
        &nonce.to_string(),
    );
    Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: actor.clone(),
        from: None,
        request: String::new(),
        traceparent: None,
    }
}
