use std::{collections::BTreeMap, sync::Arc};

use domain::{event::DomainEvent, macro_run::MacroRunEvent};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::RunRow;
use crate::ProjectError;

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mut touched: Vec<Uuid> = events.iter().map(|it| it.stream_id).collect();
    touched.sort_unstable();
    touched.dedup();
    let mut rows = load(&touched, tx).await?;
    for event in events {
        let DomainEvent::MacroRun(change) = &event.event else {
            continue;
        };
        if let Some(row) = born(event, change) {
            rows.insert(event.stream_id, row);
            continue;
        }
        let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
            projection: super::NAME,
            event_type: event.event_type.clone(),
            position: event.position.0,
            reason: "its run never began",
        })?;
        row.take(event, change);
    }
    upsert(&rows.into_values().collect::<Vec<_>>(), tx).await
}

fn born(event: &Recorded<DomainEvent>, change: &MacroRunEvent) -> Option<RunRow> {
    let MacroRunEvent::Started {
        macro_id,
        macro_version,
        ticket_id,
        steps,
        ..
    } = change
    else {
        return None;
    };
    Some(RunRow {
        run_id: event.stream_id,
        macro_id: *macro_id,
        macro_version: i64::try_from(*macro_version).unwrap_or(i64::MAX),
        ticket_id: ticket_id.0,
        actor: event.metadata.actor.to_string(),
        steps: i32::try_from(steps.len()).unwrap_or(i32::MAX),
        started_at: event.metadata.at,
        finished_at: None,
        done: None,
        stopped_because: None,
        undone_at: None,
        undone_steps: None,
    })
}

impl RunRow {
    fn take(&mut self, event: &Recorded<DomainEvent>, change: &MacroRunEvent) {
        match change {
            MacroRunEvent::Started { .. } => {}
            MacroRunEvent::Finished { done, stopped } => {
                self.finished_at = Some(event.metadata.at);
                self.done = Some(i32::try_from(*done).unwrap_or(i32::MAX));
                self.stopped_because = stopped.as_ref().map(|it| it.reason.clone());
            }
            MacroRunEvent::Undone { steps } => {
                self.undone_at = Some(event.metadata.at);
                self.undone_steps = Some(steps.iter().map(|it| it.as_str().to_owned()).collect());
            }
        }
    }
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<BTreeMap<Uuid, RunRow>, ProjectError> {
    let rows: Vec<RunRow> = sqlx::query_as("SELECT * FROM macro_run WHERE run_id = ANY($1)")
        .bind(ids)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(|it| (it.run_id, it)).collect())
}

async fn upsert(rows: &[RunRow], tx: &mut PgConnection) -> Result<(), ProjectError> {
    // An array of arrays must be even, so what became of each row's steps travels as one text.
    const UPSERT: &str = "INSERT INTO macro_run (run_id, macro_id, macro_version, ticket_id, actor, steps, started_at,
            finished_at, done, stopped_because, undone_at, undone_steps)
        SELECT run_id, macro_id, macro_version, ticket_id, actor, steps, started_at, finished_at, done, stopped_because,
            undone_at, string_to_array(undone_steps, ',')
        FROM UNNEST($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::integer[], $7::timestamptz[],
            $8::timestamptz[], $9::integer[], $10::text[], $11::timestamptz[], $12::text[]
        ) AS new (run_id, macro_id, macro_version, ticket_id, actor, steps, started_at, finished_at, done,
            stopped_because, undone_at, undone_steps)
        ON CONFLICT (run_id) DO UPDATE SET finished_at = EXCLUDED.finished_at, done = EXCLUDED.done,
            stopped_because = EXCLUDED.stopped_because, undone_at = EXCLUDED.undone_at,
            undone_steps = EXCLUDED.undone_steps";
    let joined = |it: &RunRow| it.undone_steps.as_ref().map(|it| it.join(","));
    sqlx::query(UPSERT)
        .bind(rows.iter().map(|it| it.run_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.macro_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.macro_version).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.ticket_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.actor.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.steps).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.started_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.finished_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.done).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.stopped_because.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|it| it.undone_at).collect::<Vec<_>>())
        .bind(rows.iter().map(joined).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}
