use std::{collections::BTreeMap, sync::Arc};

use domain::{
    event::DomainEvent,
    ticket::{EstimateBasis, TicketEvent},
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::EstimateRow;
use crate::ProjectError;

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mut touched: Vec<Uuid> = events.iter().map(|it| it.stream_id).collect();
    touched.sort_unstable();
    touched.dedup();
    let mut rows = load(&touched, tx).await?;
    for event in events {
        take(&mut rows, event)?;
    }
    upsert(&rows.into_values().collect::<Vec<_>>(), tx).await
}

/// What is known of a ticket's resolution by its own events, in their order; `None` when none of them opens it.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Result<Option<EstimateRow>, ProjectError> {
    let mut rows = BTreeMap::new();
    for event in events {
        take(&mut rows, event)?;
    }
    Ok(rows.into_values().next())
}

fn take(rows: &mut BTreeMap<Uuid, EstimateRow>, event: &Recorded<DomainEvent>) -> Result<(), ProjectError> {
    let DomainEvent::Ticket(change) = &event.event else {
        return Ok(());
    };
    if let Some(row) = born(event, change) {
        rows.insert(event.stream_id, row);
        return Ok(());
    }
    let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
        projection: super::NAME,
        event_type: event.event_type.clone(),
        position: event.position.0,
        reason: "its ticket was never opened",
    })?;
    row.take(event, change);
    Ok(())
}

fn born(event: &Recorded<DomainEvent>, change: &TicketEvent) -> Option<EstimateRow> {
    let TicketEvent::Opened {
        category_id, priority, ..
    } = change
    else {
        return None;
    };
    Some(EstimateRow {
        ticket_id: event.stream_id,
        category_id: category_id.clone(),
        priority: priority.as_str().to_owned(),
        opened_at: event.metadata.at,
        since: event.metadata.at,
        resolved_at: None,
        estimates: 0,
        first_eta: None,
        eta: None,
        p50_s: None,
        promised_s: None,
        p90_s: None,
        basis_category_id: None,
        basis_priority: None,
        cases: None,
        quantile: None,
        basis_position: None,
    })
}

fn number(it: u64) -> i64 {
    i64::try_from(it).unwrap_or(i64::MAX)
}

impl EstimateRow {
    fn take(&mut self, event: &Recorded<DomainEvent>, change: &TicketEvent) {
        if let TicketEvent::Categorized { category_id, .. } = change {
            self.category_id.clone_from(category_id);
        } else if let TicketEvent::Prioritized { to, .. } = change {
            to.as_str().clone_into(&mut self.priority);
        } else if let TicketEvent::Resolved { .. } = change {
            self.resolved_at = Some(event.metadata.at);
        } else if let TicketEvent::Reopened { .. } = change {
            self.resolved_at = None;
            self.since = event.metadata.at;
        } else if let TicketEvent::ResolutionEstimated {
            eta,
            p50_s,
            p90_s,
            basis_version,
            basis,
        } = change
        {
            self.estimates += 1;
            self.first_eta = self.first_eta.or(Some(*eta));
            self.eta = Some(*eta);
            self.p50_s = Some(number(*p50_s));
            self.p90_s = Some(number(*p90_s));
            self.basis_position = Some(number(*basis_version));
            self.rest_on(basis.as_ref());
        }
    }

    fn rest_on(&mut self, basis: Option<&EstimateBasis>) {
        self.promised_s = basis.map(|it| number(it.promised_s));
        self.basis_category_id = basis.and_then(|it| it.category_id.clone());
        self.basis_priority = basis.and_then(|it| it.priority).map(|it| it.as_str().to_owned());
        self.cases = basis.map(|it| number(it.cases));
        self.quantile = basis.map(|it| i16::from(it.quantile));
    }
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<BTreeMap<Uuid, EstimateRow>, ProjectError> {
    let rows: Vec<EstimateRow> = sqlx::query_as("SELECT * FROM resolution_estimate WHERE ticket_id = ANY($1)")
        .bind(ids)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(|it| (it.ticket_id, it)).collect())
}

fn column<T>(rows: &[EstimateRow], of: impl Fn(&EstimateRow) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

async fn upsert(rows: &[EstimateRow], tx: &mut PgConnection) -> Result<(), ProjectError> {
    const UPSERT: &str = "INSERT INTO resolution_estimate (ticket_id, category_id, priority, opened_at, since,
            resolved_at, estimates, first_eta, eta, p50_s, promised_s, p90_s, basis_category_id, basis_priority, cases, quantile,
            basis_position)
        SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[],
            $6::timestamptz[], $7::integer[], $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::bigint[],
            $12::bigint[], $13::text[], $14::text[], $15::bigint[], $16::smallint[], $17::bigint[])
        ON CONFLICT (ticket_id) DO UPDATE SET category_id = EXCLUDED.category_id, priority = EXCLUDED.priority,
            opened_at = EXCLUDED.opened_at, since = EXCLUDED.since, resolved_at = EXCLUDED.resolved_at, estimates = EXCLUDED.estimates,
            first_eta = EXCLUDED.first_eta, eta = EXCLUDED.eta, p50_s = EXCLUDED.p50_s,
            promised_s = EXCLUDED.promised_s, p90_s = EXCLUDED.p90_s, basis_category_id = EXCLUDED.basis_category_id,
            basis_priority = EXCLUDED.basis_priority, cases = EXCLUDED.cases, quantile = EXCLUDED.quantile,
            basis_position = EXCLUDED.basis_position";
    sqlx::query(UPSERT)
        .bind(column(rows, |it| it.ticket_id))
        .bind(column(rows, |it| it.category_id.clone()))
        .bind(column(rows, |it| it.priority.clone()))
        .bind(column(rows, |it| it.opened_at))
        .bind(column(rows, |it| it.since))
        .bind(column(rows, |it| it.resolved_at))
        .bind(column(rows, |it| it.estimates))
        .bind(column(rows, |it| it.first_eta))
        .bind(column(rows, |it| it.eta))
        .bind(column(rows, |it| it.p50_s))
        .bind(column(rows, |it| it.promised_s))
        .bind(column(rows, |it| it.p90_s))
        .bind(column(rows, |it| it.basis_category_id.clone()))
        .bind(column(rows, |it| it.basis_priority.clone()))
        .bind(column(rows, |it| it.cases))
        .bind(column(rows, |it| it.quantile))
        .bind(column(rows, |it| it.basis_position))
        .execute(tx)
        .await?;
    Ok(())
}
