use std::collections::BTreeMap;

use domain::{event::DomainEvent, ticket::TicketEvent};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Link;
use crate::ProjectError;

/// The links that a ticket keeps by its own events.
pub fn links_from_events(events: &[Recorded<DomainEvent>]) -> Vec<Link> {
    let mut links = Links::default();
    for event in events {
        links.note(event);
    }
    links.standing()
}

/// What becomes of links in a batch: whether each is there at its end.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<(Uuid, Uuid, &'static str), bool>);

impl Links {
    pub(super) fn note(&mut self, event: &Recorded<DomainEvent>) {
        if let DomainEvent::Ticket(TicketEvent::Linked { other_id, relation }) = &event.event {
            self.0.insert((event.stream_id, other_id.0, relation.as_str()), true);
        }
        if let DomainEvent::Ticket(TicketEvent::Unlinked { other_id, relation }) = &event.event {
            self.0.insert((event.stream_id, other_id.0, relation.as_str()), false);
        }
    }

    pub(super) async fn write(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        let (mut tickets, mut others, mut relations, mut ended) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((ticket, other, relation), is_there) in &self.0 {
            tickets.push(*ticket);
            others.push(*other);
            relations.push((*relation).to_owned());
            ended.push(!is_there);
        }
        if tickets.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO ticket_link (ticket_id, other_id, relation, ended)
            SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::boolean[])
            ON CONFLICT (ticket_id, other_id, relation) DO UPDATE SET ended = EXCLUDED.ended",
            &tickets[..],
            &others[..],
            &relations[..],
            &ended[..]
        )
        .execute(tx)
        .await?;
        Ok(())
    }

    /// The links that are there, in the order of the table's readers.
    pub(super) fn standing(&self) -> Vec<Link> {
        let there = self.0.iter().filter(|it| *it.1);
        there
            .map(|((ticket, other, relation), _)| (*ticket, *other, (*relation).to_owned()))
            .collect()
    }
}
