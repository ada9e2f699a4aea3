//! Wishes that concern two tickets: the one that shows both notes it first, so that neither goes elsewhere meanwhile.

use domain::{
    access::Rights,
    ids::{CommandId, TicketId},
    ticket::{Join, LEVELS, Mark, Relation, Ticket, TicketCommand, TicketEvent, TicketRefusal, TicketSource},
    values::CategoryKey,
};
use uuid::Uuid;

use super::rights::permit;
use crate::{Command, CommandError, Handler, Outcome, Refusal, Request};

impl Handler {
    /// A ticket as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, CommandError> {
        let slot = self.slot::<Ticket>(id.0);
        let mut slot = slot.lock().await;
        Ok(self.look(&mut slot, id.0).await?.state.clone())
    }

    /// A wish that concerns this ticket and another; what the other has to do with it comes first.
    pub(super) async fn join(
        &self,
        id: TicketId,
        join: &Join,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        match join {
            Join::MergeInto { into } => self.merge_ticket(id, *into, rights, request).await,
            Join::Unmerge => self.unmerge_ticket(id, rights, request).await,
            Join::Split { .. } => self.split(id, join, rights, request).await,
            Join::Absorb { .. } | Join::Separate { .. } | Join::NoteSplit { .. } | Join::CarryQuestion { .. } => {
                self.change_alone(id, rights, request).await
            }
        }
    }

    async fn merge_ticket(
        &self,
        id: TicketId,
        into: TicketId,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        if self.is_told(id, request).await? {
            return self.change_alone(id, rights, request).await;
        }
        let ticket = self.permitted(id, rights, request, TicketRefusal::NotFound).await?;
        match ticket.merged_into {
            _ if id == into => return Err(refused(TicketRefusal::IntoItself)),
            Some(other) if other != into => return Err(refused(TicketRefusal::Merged { into: other })),
            Some(_) => return self.change_alone(id, rights, request).await,
            None if ticket.archived => return Err(refused(TicketRefusal::Archived)),
            None => {}
        }
        self.permitted(into, rights, request, TicketRefusal::TargetNotFound)
            .await?;
        self.drop_leftovers_of(id, &ticket, request).await?;
        let absorb = part(request, "absorb", into, Join::Absorb { ticket_id: id });
        let noted = self.change_alone(into, &Rights::all(), &absorb).await;
        noted.map_err(about_target)?;
        let merged = self.change_alone(id, rights, request).await;
        if let Err(CommandError::Refused(_) | CommandError::Conflict { .. } | CommandError::KeyReused) = &merged {
            self.part_from(into, id, request).await?;
        }
        let merged = merged?;
        // Three at the same instant can close a ring that none of them could see before.
        if self.leads_back(id, into).await? {
            let apart = part(request, "ring", id, Join::Unmerge);
            self.change_alone(id, &Rights::all(), &apart).await?;
            self.part_from(into, id, request).await?;
            return Err(refused(TicketRefusal::MergeRing));
        }
        let event = TicketEvent::Merged { into };
        self.with_questions(merged, id, (&event, request)).await
    }

    /// After that event the customers' questions are taken along.
    async fn with_questions(
        &self,
        outcome: Outcome,
        id: TicketId,
        (event, request): (&TicketEvent, &Request),
    ) -> Result<Outcome, CommandError> {
        let origin = (request.command_id, &request.actor, request.traceparent.as_ref());
        let carried = self.carry_along(id, event, outcome.position, origin).await?;
        Ok(Outcome {
            position: carried.map_or(outcome.position, |it| it.position.max(outcome.position)),
            ..outcome
        })
    }

    async fn unmerge_ticket(&self, id: TicketId, rights: &Rights, request: &Request) -> Result<Outcome, CommandError> {
        let from = self.ticket(id).await?.and_then(|it| it.merged_into);
        let outcome = self.change_alone(id, rights, request).await?;
        let Some(from) = from else { return Ok(outcome) };
        let apart = self.part_from(from, id, request).await?;
        let outcome = Outcome {
            position: outcome.position.max(apart.position),
            ..outcome
        };
        let event = TicketEvent::Unmerged { from };
        self.with_questions(outcome, id, (&event, request)).await
    }

    /// The ticket itself notes it first: so its rules and its version count, and a repetition makes up for what is missing.
    async fn split(
        &self,
        id: TicketId,
        join: &Join,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let Join::Split {
            new_ticket_id,
            from_message_seq,
            subject,
        } = join
        else {
            return self.change_alone(id, rights, request).await;
        };
        if !self.is_told(id, request).await? {
            let ticket = self.permitted(id, rights, request, TicketRefusal::NotFound).await?;
            let last = self.last_message(id).await?;
            if *from_message_seq > u64::from(last) && ticket.merged_into.is_none() && !ticket.archived {
                return Err(refused(TicketRefusal::SplitBeyondEnd { last }));
            }
        }
        let noted = self.change_alone(id, rights, request).await?;
        let ticket = self.ticket(id).await?.ok_or(refused(TicketRefusal::NotFound))?;
        let open = TicketCommand::Open {
            number: 0,
            ticket_type: ticket.ticket_type,
            subject: subject.clone(),
            contact_id: ticket.contact_id,
            category: category(&ticket),
            priority: ticket.priority,
            priority_chosen: true,
            source: TicketSource {
                channel: "split".to_owned(),
                external_id: None,
            },
            place: ticket.place,
        };
        let opening = Request {
            command_id: derived(request, "split open"),
            command: Command::Ticket(*new_ticket_id, open.clone()),
            expected_version: None,
            ..request.clone()
        };
        self.open_numbered(*new_ticket_id, open, &opening).await?;
        let from_message_seq = *from_message_seq;
        let note = Join::NoteSplit {
            from: id,
            from_message_seq,
        };
        let noting = part(request, "split off", *new_ticket_id, note);
        let told = self.change_alone(*new_ticket_id, &Rights::all(), &noting).await?;
        let outcome = Outcome {
            position: noted.position.max(told.position),
            ..noted
        };
        let event = TicketEvent::SplitOff {
            from: id,
            from_message_seq,
        };
        self.with_questions(outcome, *new_ticket_id, (&event, &noting)).await
    }

    /// A link is kept once, by the ticket of which it is said; what either is to the other is seen from both.
    pub(super) async fn link(
        &self,
        id: TicketId,
        (other, relation): (TicketId, Relation),
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        if relation == Relation::Related && other < id {
            let ends = matches!(
                request.command,
                Command::Ticket(_, TicketCommand::Mark(Mark::Unlink { .. }))
            );
            let mark = |other_id| {
                if ends {
                    Mark::Unlink { other_id, relation }
                } else {
                    Mark::Link { other_id, relation }
                }
            };
            // The client saw the version of the ticket it named.
            self.check_seen(id, request).await?;
            let turned = Request {
                command: Command::Ticket(other, TicketCommand::Mark(mark(id))),
                expected_version: None,
                ..request.clone()
            };
            self.permitted(id, rights, request, TicketRefusal::NotFound).await?;
            return match self.change_alone(other, rights, &turned).await {
                Err(CommandError::Refused(Refusal::Ticket(TicketRefusal::NotFound))) => {
                    Err(refused(TicketRefusal::OtherNotFound))
                }
                answer => answer,
            };
        }
        if other != id && !self.is_told(id, request).await? {
            self.permitted(other, rights, request, TicketRefusal::OtherNotFound)
                .await?;
        }
        self.change_alone(id, rights, request).await
    }

    async fn is_told(&self, id: TicketId, request: &Request) -> Result<bool, CommandError> {
        let slot = self.slot::<Ticket>(id.0);
        let mut slot = slot.lock().await;
        Ok(self.look(&mut slot, id.0).await?.find(request.command_id).is_some())
    }

    /// The ticket, if it is there and the wish may concern it.
    async fn permitted(
        &self,
        id: TicketId,
        rights: &Rights,
        request: &Request,
        missing: TicketRefusal,
    ) -> Result<Ticket, CommandError> {
        let ticket = self.ticket(id).await?;
        let place = ticket.as_ref().map(|it| it.place.of(it.contact_id.map(|it| it.0)));
        if let Command::Ticket(_, command) = &request.command {
            permit(rights, request, command, &place.unwrap_or_default())?;
        }
        ticket.ok_or(refused(missing))
    }

    /// Notes at `shown_with` that `id` is by itself.
    async fn part_from(&self, shown_with: TicketId, id: TicketId, request: &Request) -> Result<Outcome, CommandError> {
        let separating = part(request, "separate", shown_with, Join::Separate { ticket_id: id });
        self.change_alone(shown_with, &Rights::all(), &separating).await
    }

    /// Takes back what a crash between the two steps of a merge or an unmerge has left.
    async fn drop_leftovers_of(&self, id: TicketId, ticket: &Ticket, request: &Request) -> Result<(), CommandError> {
        for other in &ticket.absorbed {
            let merged_into = self.ticket(*other).await?.and_then(|it| it.merged_into);
            if merged_into != Some(id) {
                let name = format!("separate {other}");
                let separating = part(request, &name, id, Join::Separate { ticket_id: *other });
                self.change_alone(id, &Rights::all(), &separating).await?;
            }
        }
        Ok(())
    }

    /// Whether what `from` was merged into is, over some steps, `id`.
    async fn leads_back(&self, id: TicketId, from: TicketId) -> Result<bool, CommandError> {
        let mut at = from;
        for _ in 0..LEVELS {
            match self.ticket(at).await?.and_then(|it| it.merged_into) {
                Some(next) if next == id => return Ok(true),
                Some(next) => at = next,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

fn refused(refusal: TicketRefusal) -> CommandError {
    CommandError::Refused(Refusal::from(refusal))
}

fn derived(request: &Request, name: &str) -> CommandId {
    CommandId(Uuid::new_v5(&request.command_id.0, name.as_bytes()))
}

/// The part of a request that concerns another ticket: a command of its own, with an id that follows from the request's.
fn part(request: &Request, name: &str, id: TicketId, join: Join) -> Request {
    Request {
        command_id: derived(request, name),
        command: Command::Ticket(id, TicketCommand::Join(join)),
        expected_version: None,
        ..request.clone()
    }
}

fn category(ticket: &Ticket) -> Option<(CategoryKey, Option<CategoryKey>)> {
    let (key, sub) = ticket.category.as_ref()?;
    let sub = sub
        .as_ref()
        .and_then(|it| CategoryKey::try_new("subcategoryId", it).ok());
    Some((CategoryKey::try_new("categoryId", key).ok()?, sub))
}

/// The ticket to be merged into is not the one the command names.
fn about_target(error: CommandError) -> CommandError {
    let CommandError::Refused(Refusal::Ticket(refusal)) = error else {
        return error;
    };
    if let TicketRefusal::Merged { into } = refusal {
        return refused(TicketRefusal::TargetMerged { into });
    }
    let about = [
        (TicketRefusal::NotFound, TicketRefusal::TargetNotFound),
        (TicketRefusal::Archived, TicketRefusal::TargetArchived),
    ];
    let found = about.into_iter().find(|it| it.0 == refusal);
    refused(found.map_or(refusal, |it| it.1))
}
