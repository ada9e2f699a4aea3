//! What an inbox says of itself to whoever opens a ticket by it.

use async_graphql::{InputObject, SimpleObject};
use domain::organisation::{self, starter};

use super::scripts::{TemplateText, TemplateTextInput};

/// Within which time an answer is promised.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct PromisedTime {
    /// Minutes that it takes at least, as a rule; 0 when nothing is said of that.
    from_minutes: u32,
    /// Minutes that it takes at most.
    within_minutes: u32,
}

/// What an inbox says of itself to whoever opens a ticket by it.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct AutoReply {
    /// Whether it says it now.
    enabled: bool,
    /// What it says, with places such as `{{ticket.number}}`.
    body: TemplateText,
    /// What is promised of low priority.
    low: PromisedTime,
    /// What is promised of medium priority.
    medium: PromisedTime,
    /// What is promised of high priority.
    high: PromisedTime,
    /// What is promised of the urgent.
    urgent: PromisedTime,
}

impl From<organisation::Promised> for PromisedTime {
    fn from(it: organisation::Promised) -> Self {
        Self {
            from_minutes: it.from_min,
            within_minutes: it.within_min,
        }
    }
}

impl From<organisation::AutoReply> for AutoReply {
    fn from(it: organisation::AutoReply) -> Self {
        Self {
            enabled: it.enabled,
            body: it.body.into(),
            low: it.promises.low.into(),
            medium: it.promises.medium.into(),
            high: it.promises.high.into(),
            urgent: it.promises.urgent.into(),
        }
    }
}

/// Within which time an answer is promised, 1 minute to 30 days.
#[derive(Debug, Clone, Copy, InputObject)]
pub(super) struct PromisedTimeInput {
    /// Minutes that it takes at least, as a rule; 0 when nothing is to be said of that.
    #[graphql(default)]
    from_minutes: u32,
    /// Minutes that it takes at most.
    within_minutes: u32,
}

/// What an inbox is to say of itself to whoever opens a ticket by it.
#[derive(Debug, Clone, InputObject)]
pub(super) struct AutoReplyInput {
    /// Whether it says it now.
    #[graphql(default = true)]
    enabled: bool,
    /// What it says, with places such as `{{ticket.number}}`, `{{ticket.priority}}` and `{{promise}}`; by default thanks,
    /// number, priority and promised time, in Russian and English.
    body: Option<TemplateTextInput>,
    /// What is promised of low priority; 24 to 48 hours by default.
    low: Option<PromisedTimeInput>,
    /// What is promised of medium priority; 8 to 12 hours by default.
    medium: Option<PromisedTimeInput>,
    /// What is promised of high priority; 1 to 4 hours by default.
    high: Option<PromisedTimeInput>,
    /// What is promised of the urgent; one hour at most by default.
    urgent: Option<PromisedTimeInput>,
}

impl From<AutoReplyInput> for organisation::AutoReply {
    fn from(it: AutoReplyInput) -> Self {
        let usual = organisation::Promises::default();
        let promised = |given: Option<PromisedTimeInput>, usual| {
            given.map_or(usual, |it| organisation::Promised {
                from_min: it.from_minutes,
                within_min: it.within_minutes,
            })
        };
        Self {
            enabled: it.enabled,
            body: it.body.map_or_else(starter::auto_reply, Into::into),
            promises: organisation::Promises {
                low: promised(it.low, usual.low),
                medium: promised(it.medium, usual.medium),
                high: promised(it.high, usual.high),
                urgent: promised(it.urgent, usual.urgent),
            },
        }
    }
}
