//! The form every aggregate has: decide on a command, evolve by an event.
//!
//! After J. Chassaing's Decider (<https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider>).

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::actor::Actor;

/// What a decision may know of the moment, beside state and command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// When the decision is made, UTC.
    pub at: DateTime<Utc>,
    /// Who asks for it.
    pub actor: Actor,
    /// Id of the aggregate that decides, the one in its stream's name.
    pub id: Uuid,
}

/// What an event of the product's own touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touches {
    /// Nothing that anybody decides on: a remark.
    Nothing,
    /// What a ticket is about.
    Category,
    /// How urgent it is.
    Priority,
}

/// An aggregate: the fold of one stream, and the rules that guard it.
///
/// `Option<Self>` is the state: `None` is not born yet.
pub trait Decider: Sized {
    /// A wish, in the imperative.
    type Command;
    /// A fact, in the past tense.
    type Event;
    /// A broken rule.
    type Refusal;

    /// First part of the stream's name, snake case, without dashes.
    const CATEGORY: &'static str;

    /// Events that fulfil the command; none when it is already so.
    ///
    /// # Errors
    /// The rule that forbids the command.
    fn decide(
        state: Option<&Self>,
        command: &Self::Command,
        context: &Context,
    ) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// The state after one more event; total, whatever the order of events.
    #[must_use]
    fn evolve(state: Option<Self>, event: &Self::Event) -> Option<Self>;

    /// What the event touches of that on which clients decide; `None` when it is anybody's change. What the product
    /// does of itself after a client looked is no news to a client who decides on something else.
    #[must_use]
    fn touches(_event: &Self::Event) -> Option<Touches> {
        None
    }

    /// The state after a whole history, oldest event first.
    #[must_use]
    fn fold<'a>(events: impl IntoIterator<Item = &'a Self::Event>) -> Option<Self>
    where
        Self::Event: 'a,
    {
        events.into_iter().fold(None, Self::evolve)
    }
}

#[cfg(test)]
pub(crate) mod kit {
    //! `given(history).when(command, context)` reads as the rule it tests.

    use super::{Context, Decider};

    pub(crate) struct Given<D>(Option<D>);

    pub(crate) fn given<D: Decider>(history: &[D::Event]) -> Given<D> {
        Given(D::fold(history))
    }

    impl<D: Decider> Given<D> {
        pub(crate) fn when(&self, command: &D::Command, context: &Context) -> Result<Vec<D::Event>, D::Refusal> {
            D::decide(self.0.as_ref(), command, context)
        }
    }
}
