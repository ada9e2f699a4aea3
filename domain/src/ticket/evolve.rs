use std::collections::{BTreeMap, BTreeSet};

use super::{Chosen, Estimate, ReplyPromise, Snooze, Status, Ticket, TicketEvent, TrackingLink, Verdict};
use crate::values::ClassifiedBy;

impl Ticket {
    /// The state after one more event.
    pub(super) fn after(state: Option<Self>, event: &TicketEvent) -> Option<Self> {
        if let born @ Some(_) = Self::born(event) {
            return born;
        }
        let mut ticket = state?;
        if let Some(status) = Status::after(event) {
            ticket.enter(status);
        }
        ticket.apply(event);
        Some(ticket)
    }

    fn born(event: &TicketEvent) -> Option<Self> {
        let TicketEvent::Opened {
            ticket_type,
            subject,
            contact_id,
            category_id,
            subcategory_id,
            priority,
            priority_chosen,
            place,
            ..
        } = event
        else {
            return None;
        };
        Some(Self {
            status: Status::New,
            priority: *priority,
            subject: subject.known().cloned(),
            contact_id: *contact_id,
            priority_chosen: priority_chosen.then(Chosen::by_agent),
            category: category_id.clone().map(|it| (it, subcategory_id.clone())),
            category_chosen: category_id.as_ref().map(|_| Chosen::by_agent()),
            cycle_no: 0,
            place: *place,
            ticket_type: *ticket_type,
            tags: BTreeSet::new(),
            fields: BTreeMap::new(),
            followers: BTreeSet::new(),
            links: BTreeSet::new(),
            label: None,
            snooze: None,
            verdict: None,
            merged_into: None,
            absorbed: BTreeSet::new(),
            splits: BTreeSet::new(),
            split_from: None,
            questions: BTreeMap::new(),
            archived: false,
            tracking: None,
            estimate: None,
            promise: None,
        })
    }

    /// Another status has words of its own, and what is done is not out of sight.
    fn enter(&mut self, status: Status) {
        if status.category() != self.status.category() {
            self.label = None;
        }
        if matches!(status, Status::Resolved(_) | Status::Closed) {
            self.snooze = None;
        }
        self.status = status;
    }

    fn apply(&mut self, event: &TicketEvent) {
        match event {
            TicketEvent::SubjectChanged { subject } => self.subject = subject.known().cloned(),
            TicketEvent::Categorized {
                category_id,
                subcategory_id,
                by,
                grounds,
            } => {
                self.category = category_id.clone().map(|it| (it, subcategory_id.clone()));
                self.category_chosen = Some(Chosen {
                    by: *by,
                    grounds: grounds.clone(),
                });
            }
            TicketEvent::Prioritized { to, by, grounds, .. } => {
                self.priority = *to;
                self.priority_chosen = Some(Chosen {
                    by: by.unwrap_or(ClassifiedBy::Agent),
                    grounds: grounds.clone(),
                });
            }
            TicketEvent::Moved { place } => self.place = *place,
            TicketEvent::TypeChanged { to, .. } => self.ticket_type = *to,
            TicketEvent::Resolved { .. } => self.verdict = None,
            TicketEvent::Reopened { cycle_no, .. } => {
                self.cycle_no = *cycle_no;
                self.archived = false;
            }
            TicketEvent::Labelled { status_id } => self.label = *status_id,
            TicketEvent::Snoozed { until } => self.snooze = Some(Snooze { until: *until }),
            TicketEvent::WokeUp { .. } => self.snooze = None,
            TicketEvent::ResolutionConfirmed {} => self.verdict = Some(Verdict::Confirmed),
            TicketEvent::ResolutionRejected {} => self.verdict = Some(Verdict::Rejected),
            TicketEvent::Archived { .. } => self.archived = true,
            TicketEvent::Tagged { .. }
            | TicketEvent::Untagged { .. }
            | TicketEvent::CustomFieldSet { .. }
            | TicketEvent::Followed { .. }
            | TicketEvent::Unfollowed { .. } => self.apply_mark(event),
            TicketEvent::Linked { .. }
            | TicketEvent::Unlinked { .. }
            | TicketEvent::Absorbed { .. }
            | TicketEvent::Separated { .. }
            | TicketEvent::Merged { .. }
            | TicketEvent::Unmerged { .. }
            | TicketEvent::Split { .. }
            | TicketEvent::SplitOff { .. }
            | TicketEvent::QuestionCarried { .. } => self.apply_join(event),
            TicketEvent::TrackingLinkIssued { .. }
            | TicketEvent::TrackingLinkRevoked {}
            | TicketEvent::ResolutionEstimated { .. }
            | TicketEvent::ReplyPromised { .. } => self.apply_track(event),
            TicketEvent::Opened { .. }
            | TicketEvent::Started {}
            | TicketEvent::PutOnHold { .. }
            | TicketEvent::Resumed {}
            | TicketEvent::Closed { .. } => {}
        }
    }

    fn apply_mark(&mut self, event: &TicketEvent) {
        if let TicketEvent::Tagged { tag_ids } = event {
            self.tags.extend(tag_ids);
        } else if let TicketEvent::Untagged { tag_ids } = event {
            self.tags.retain(|it| !tag_ids.contains(it));
        } else if let TicketEvent::CustomFieldSet { field_id, value } = event {
            match value.as_ref().and_then(|it| it.known()) {
                Some(value) => self.fields.insert(*field_id, value.clone()),
                None => self.fields.remove(field_id),
            };
        } else if let TicketEvent::Followed { user_id } = event {
            self.followers.insert(*user_id);
        } else if let TicketEvent::Unfollowed { user_id } = event {
            self.followers.remove(user_id);
        }
    }

    fn apply_join(&mut self, event: &TicketEvent) {
        if let TicketEvent::Linked { other_id, relation } = event {
            self.links.insert((*other_id, *relation));
        } else if let TicketEvent::Unlinked { other_id, relation } = event {
            self.links.remove(&(*other_id, *relation));
        } else if let TicketEvent::Absorbed { ticket_id } = event {
            self.absorbed.insert(*ticket_id);
        } else if let TicketEvent::Separated { ticket_id } = event {
            self.absorbed.remove(ticket_id);
            self.questions.remove(ticket_id);
        } else if let TicketEvent::Merged { into } = event {
            self.merged_into = Some(*into);
        } else if let TicketEvent::Unmerged { .. } = event {
            self.merged_into = None;
        } else if let TicketEvent::Split { new_ticket_id, .. } = event {
            self.splits.insert(*new_ticket_id);
        } else if let TicketEvent::SplitOff { from, .. } = event {
            self.split_from = Some(*from);
        } else if let TicketEvent::QuestionCarried { from, since } = event {
            match since {
                Some(since) => self.questions.insert(*from, *since),
                None => self.questions.remove(from),
            };
        }
    }

    fn apply_track(&mut self, event: &TicketEvent) {
        if let TicketEvent::TrackingLinkIssued { token_hash, expires_at } = event {
            self.tracking = Some(TrackingLink {
                token_hash: token_hash.clone(),
                expires_at: *expires_at,
            });
        } else if let TicketEvent::TrackingLinkRevoked {} = event {
            self.tracking = None;
        } else if let TicketEvent::ResolutionEstimated {
            eta,
            p50_s,
            p90_s,
            basis_version,
            basis,
        } = event
        {
            self.estimate = Some(Estimate {
                eta: *eta,
                p50_s: *p50_s,
                p90_s: *p90_s,
                basis_version: *basis_version,
                basis: basis.clone(),
            });
        } else if let TicketEvent::ReplyPromised {
            message_id,
            priority,
            from_s,
            within_s,
            due_at,
        } = event
        {
            self.promise = Some(ReplyPromise {
                message_id: *message_id,
                priority: *priority,
                from_s: *from_s,
                within_s: *within_s,
                due_at: *due_at,
            });
        }
    }
}
