use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{attachment::AttachmentEvent, event::DomainEvent};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::AttachmentRow;
use crate::{ProjectError, checkpoint::to_column, ticket_row::forgotten};

/// A row of `attachment_download`.
struct Download {
    position: i64,
    file: Uuid,
    at: DateTime<Utc>,
    reader: String,
    address: Option<String>,
    preview: bool,
    of: Uuid,
}

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let touched = events
        .iter()
        .filter(|it| matches!(it.event, DomainEvent::Attachment(_)));
    let touched: HashSet<Uuid> = touched.map(|it| it.stream_id).collect();
    let mut rows = load(&touched.into_iter().collect::<Vec<_>>(), tx).await?;
    let mut downloads = Vec::new();
    for event in events {
        let DomainEvent::Attachment(change) = &event.event else {
            continue;
        };
        let at = event.metadata.at;
        if let Some(born) = AttachmentRow::born(event.stream_id, change, at) {
            rows.insert(event.stream_id, born);
            continue;
        }
        let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
            projection: super::NAME,
            event_type: event.event_type.clone(),
            position: event.position.0,
            reason: "its file was never announced",
        })?;
        row.take(change, at);
        downloads.extend(download(event, change));
    }
    replace(&rows, tx).await?;
    insert(&downloads, tx).await?;
    forget(&forgotten(events), tx).await
}

fn download(recorded: &Recorded<DomainEvent>, event: &AttachmentEvent) -> Option<Download> {
    let AttachmentEvent::Downloaded { by, from, preview } = event else {
        return None;
    };
    Some(Download {
        position: to_column(recorded.position),
        file: recorded.stream_id,
        at: recorded.metadata.at,
        reader: by.clone(),
        address: from.known().cloned(),
        preview: *preview,
        of: from.of().0,
    })
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<HashMap<Uuid, AttachmentRow>, ProjectError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<AttachmentRow> = sqlx::query_as("SELECT * FROM attachment WHERE attachment_id = ANY($1)")
        .bind(ids)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(|it| (it.attachment_id, it)).collect())
}

/// Puts the rows in the place of those with their ids; by name, so that one list of columns is enough.
async fn replace(rows: &HashMap<Uuid, AttachmentRow>, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.keys().copied().collect();
    let told = serde_json::to_string(&rows.values().collect::<Vec<_>>());
    let told = told.map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query("DELETE FROM attachment WHERE attachment_id = ANY($1)")
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO attachment SELECT * FROM json_populate_recordset(NULL::attachment, $1::json)")
        .bind(told)
        .execute(tx)
        .await?;
    Ok(())
}

async fn insert(downloads: &[Download], tx: &mut PgConnection) -> Result<(), ProjectError> {
    const INSERT: &str = "INSERT INTO attachment_download (
            position, attachment_id, at, reader, address, preview, data_subject
        )
        SELECT * FROM UNNEST(
            $1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::boolean[], $7::uuid[]
        )";
    if downloads.is_empty() {
        return Ok(());
    }
    let rows = || downloads.iter();
    sqlx::query(INSERT)
        .bind(rows().map(|it| it.position).collect::<Vec<_>>())
        .bind(rows().map(|it| it.file).collect::<Vec<_>>())
        .bind(rows().map(|it| it.at).collect::<Vec<_>>())
        .bind(rows().map(|it| it.reader.clone()).collect::<Vec<_>>())
        .bind(rows().map(|it| it.address.clone()).collect::<Vec<_>>())
        .bind(rows().map(|it| it.preview).collect::<Vec<_>>())
        .bind(rows().map(|it| it.of).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes their names and addresses out of all rows.
async fn forget(forgotten: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE attachment SET name = NULL, forgotten = true WHERE data_subject = ANY($1)")
        .bind(forgotten)
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE attachment_download SET address = NULL WHERE data_subject = ANY($1)")
        .bind(forgotten)
        .execute(tx)
        .await?;
    Ok(())
}
