use chrono::TimeDelta;

use super::{Estimate, Status, Ticket, TicketEvent, TicketRefusal, Track};
use crate::decider::Context;

/// For how long a tracking link counts when nobody says.
const USUAL: TimeDelta = TimeDelta::days(90);
/// For how long at most.
const LONGEST: TimeDelta = TimeDelta::days(400);

impl Ticket {
    pub(super) fn track(&self, track: &Track, context: &Context) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match (track, &self.tracking) {
            (Track::Issue { token_hash, .. }, Some(link)) if link.token_hash == *token_hash => Ok(vec![]),
            (Track::Issue { token_hash, expires_at }, _) => {
                let expires_at = expires_at.unwrap_or(context.at + USUAL);
                if expires_at <= context.at {
                    Err(TicketRefusal::TrackingEndsInPast)
                } else if expires_at > context.at + LONGEST {
                    Err(TicketRefusal::TrackingTooLong)
                } else {
                    Ok(vec![TicketEvent::TrackingLinkIssued {
                        token_hash: token_hash.clone(),
                        expires_at,
                    }])
                }
            }
            (Track::Revoke, Some(_)) => Ok(vec![TicketEvent::TrackingLinkRevoked {}]),
            (Track::Revoke, None) => Ok(vec![]),
        }
    }

    pub(super) fn estimated(&self, estimate: &Estimate) -> Result<Vec<TicketEvent>, TicketRefusal> {
        match self.status {
            Status::Resolved(_) => Err(TicketRefusal::Resolved),
            Status::Closed => Err(TicketRefusal::Closed),
            Status::New | Status::Open | Status::Waiting(_) if self.estimate.as_ref() == Some(estimate) => Ok(vec![]),
            Status::New | Status::Open | Status::Waiting(_) => Ok(vec![TicketEvent::ResolutionEstimated {
                eta: estimate.eta,
                p50_s: estimate.p50_s,
                p90_s: estimate.p90_s,
                basis_version: estimate.basis_version,
                basis: estimate.basis.clone(),
            }]),
        }
    }
}
