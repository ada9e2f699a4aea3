use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{denial::DenialEvent, event::DomainEvent};
use event_store::Recorded;
use sqlx::PgConnection;

use crate::{ProjectError, checkpoint::to_column};

#[derive(Default)]
struct Denied {
    position: Vec<i64>,
    actor: Vec<String>,
    operation: Vec<String>,
    permission: Vec<String>,
    at: Vec<DateTime<Utc>>,
}

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mut denied = Denied::default();
    for recorded in events {
        if let DomainEvent::Denial(DenialEvent::Denied { operation, permission }) = &recorded.event {
            denied.position.push(to_column(recorded.position));
            denied.actor.push(recorded.metadata.actor.to_string());
            denied.operation.push(operation.clone());
            denied.permission.push(permission.as_str().to_owned());
            denied.at.push(recorded.metadata.at);
        }
    }
    if denied.position.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO denial (position, actor, operation, permission, at)
         SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])",
        &denied.position,
        &denied.actor,
        &denied.operation,
        &denied.permission,
        &denied.at
    )
    .execute(tx)
    .await?;
    Ok(())
}
