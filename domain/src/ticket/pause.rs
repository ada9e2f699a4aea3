use chrono::{DateTime, Utc};

use super::{Pause, Snooze, Status, Ticket, TicketEvent, TicketRefusal, WakeCause};
use crate::{decider::Context, values::HoldReason};

impl Ticket {
    pub(super) fn pause(&self, pause: &Pause, context: &Context) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match pause {
            Pause::Snooze { until } => self.fall_asleep(*until, context.at),
            Pause::Wake { cause } if self.snooze.is_some() => Ok(vec![TicketEvent::WokeUp { cause: *cause }]),
            Pause::Wake { .. } => Ok(vec![]),
            Pause::EndDue => Ok(self.end_due(context.at)),
            Pause::EndByReply => Ok(self.end_by_reply()),
        }
    }

    fn fall_asleep(&self, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match self.status {
            Status::Resolved(_) => Err(TicketRefusal::Resolved),
            Status::Closed => Err(TicketRefusal::Closed),
            Status::New | Status::Open | Status::Waiting(_) if self.snooze == Some(Snooze { until }) => Ok(vec![]),
            Status::New | Status::Open | Status::Waiting(_) if until.is_some_and(|it| it <= now) => {
                Err(TicketRefusal::SnoozeEndsInPast)
            }
            Status::New | Status::Open | Status::Waiting(_) => Ok(vec![TicketEvent::Snoozed { until }]),
        }
    }

    fn end_by_reply(&self) -> Vec<TicketEvent> {
        let woke = self.snooze.map(|_| TicketEvent::WokeUp {
            cause: WakeCause::Reply,
        });
        let waits = matches!(self.status, Status::Waiting(hold) if hold.reason == HoldReason::Customer);
        woke.into_iter()
            .chain(waits.then_some(TicketEvent::Resumed {}))
            .collect()
    }

    fn end_due(&self, now: DateTime<Utc>) -> Vec<TicketEvent> {
        let is_due = |until: Option<DateTime<Utc>>| until.is_some_and(|it| it <= now);
        let woke = self
            .snooze
            .filter(|it| is_due(it.until))
            .map(|_| TicketEvent::WokeUp { cause: WakeCause::Time });
        let resumed = match self.status {
            Status::Waiting(hold) if is_due(hold.until) => Some(TicketEvent::Resumed {}),
            Status::New | Status::Open | Status::Waiting(_) | Status::Resolved(_) | Status::Closed => None,
        };
        woke.into_iter().chain(resumed).collect()
    }
}
