use std::collections::BTreeMap;

use domain::{event::DomainEvent, ticket::TicketEvent};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ProjectError;

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
        let (tickets, others, relations) = self.with(true);
        if !tickets.is_empty() {
            sqlx::query!(
                "INSERT INTO ticket_link (ticket_id, other_id, relation)
                SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[]) ON CONFLICT DO NOTHING",
                &tickets[..],
                &others[..],
                &relations[..]
            )
            .execute(&mut *tx)
            .await?;
        }
        let (tickets, others, relations) = self.with(false);
        if !tickets.is_empty() {
            sqlx::query!(
                "DELETE FROM ticket_link AS it
                USING UNNEST($1::uuid[], $2::uuid[], $3::text[]) AS gone (ticket_id, other_id, relation)
                WHERE it.ticket_id = gone.ticket_id AND it.other_id = gone.other_id AND it.relation = gone.relation",
                &tickets[..],
                &others[..],
                &relations[..]
            )
            .execute(tx)
            .await?;
        }
        Ok(())
    }

    fn with(&self, there: bool) -> (Vec<Uuid>, Vec<Uuid>, Vec<String>) {
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for ((ticket, other, relation), is_there) in &self.0 {
            if *is_there == there {
                columns.0.push(*ticket);
                columns.1.push(*other);
                columns.2.push((*relation).to_owned());
            }
        }
        columns
    }
}
