use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{event::DomainEvent, what_if::WhatIfEvent};
use event_store::Recorded;
use serde_json::json;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::WhatIfRow;
use crate::ProjectError;

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let touched: HashSet<Uuid> = events.iter().map(|it| it.stream_id).collect();
    let touched: Vec<Uuid> = touched.into_iter().collect();
    let rows: Vec<WhatIfRow> = sqlx::query_as("SELECT * FROM what_if_run WHERE what_if_id = ANY($1)")
        .bind(&touched)
        .fetch_all(&mut *tx)
        .await?;
    let mut rows: HashMap<Uuid, WhatIfRow> = rows.into_iter().map(|it| (it.what_if_id, it)).collect();
    for event in events {
        let DomainEvent::WhatIf(change) = &event.event else {
            continue;
        };
        let at = event.metadata.at;
        if let Some(row) = born(event.stream_id, change, at) {
            rows.insert(event.stream_id, row);
            continue;
        }
        let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
            projection: super::NAME,
            event_type: event.event_type.clone(),
            position: event.position.0,
            reason: "its run was never started",
        })?;
        row.version += 1;
        row.updated_at = row.updated_at.max(at);
        row.apply(change, at);
    }
    for row in rows.into_values() {
        save(row, tx).await?;
    }
    Ok(())
}

fn born(id: Uuid, event: &WhatIfEvent, at: DateTime<Utc>) -> Option<WhatIfRow> {
    let WhatIfEvent::Started {
        definition,
        top,
        asked_by,
    } = event
    else {
        return None;
    };
    Some(WhatIfRow {
        what_if_id: id,
        version: 1,
        asked_by: asked_by.clone(),
        definition: Json(definition.clone()),
        top: i32::try_from(*top).unwrap_or(i32::MAX),
        state: "running".to_owned(),
        progress: 0,
        report: None,
        code: None,
        value: None,
        started_at: at,
        updated_at: at,
        ended_at: None,
    })
}

impl WhatIfRow {
    fn apply(&mut self, event: &WhatIfEvent, at: DateTime<Utc>) {
        match event {
            WhatIfEvent::Started { .. } => {}
            WhatIfEvent::Progressed { thousandths } => self.progress = i32::try_from(*thousandths).unwrap_or(1000),
            WhatIfEvent::Finished { report } => {
                self.end("done", at);
                self.progress = 1000;
                self.report = Some(Json(report.as_ref().clone()));
            }
            WhatIfEvent::Failed { code, value } => {
                self.end("failed", at);
                (self.code, self.value) = (Some(code.clone()), value.clone());
            }
            WhatIfEvent::Cancelled {} => self.end("cancelled", at),
        }
    }

    fn end(&mut self, state: &str, at: DateTime<Utc>) {
        state.clone_into(&mut self.state);
        self.ended_at = Some(at);
    }
}

async fn save(row: WhatIfRow, tx: &mut PgConnection) -> Result<(), ProjectError> {
    const SAVE: &str =
        "INSERT INTO what_if_run (what_if_id, version, asked_by, definition, top, state, progress, report,
            code, value, started_at, updated_at, ended_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (what_if_id) DO UPDATE SET version = $2, state = $6, progress = $7, report = $8, code = $9,
            value = $10, updated_at = $12, ended_at = $13";
    sqlx::query(SAVE)
        .bind(row.what_if_id)
        .bind(row.version)
        .bind(row.asked_by)
        .bind(json!(row.definition.0))
        .bind(row.top)
        .bind(row.state)
        .bind(row.progress)
        .bind(row.report.map(|it| json!(it.0)))
        .bind(row.code)
        .bind(row.value)
        .bind(row.started_at)
        .bind(row.updated_at)
        .bind(row.ended_at)
        .execute(tx)
        .await?;
    Ok(())
}
