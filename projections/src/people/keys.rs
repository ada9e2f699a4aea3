use std::sync::Arc;

use domain::{api_key::ApiKeyEvent, event::DomainEvent};
use event_store::Recorded;
use sqlx::PgConnection;

use super::columns;
use crate::ProjectError;

/// One statement an event: keys are few, and each says at most once a day that it was used.
pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    for recorded in events {
        if let DomainEvent::ApiKey(event) = &recorded.event {
            write(recorded, event, tx).await?;
        }
    }
    Ok(())
}

async fn write(
    recorded: &Recorded<DomainEvent>,
    event: &ApiKeyEvent,
    tx: &mut PgConnection,
) -> Result<(), ProjectError> {
    let (key_id, at) = (recorded.stream_id, recorded.metadata.at);
    match event {
        ApiKeyEvent::Issued {
            name,
            secret_hash,
            permissions,
            scope,
            expires_at,
        } => {
            let permissions: Vec<String> = permissions.iter().map(|it| it.as_str().to_owned()).collect();
            let (kind, id) = columns(*scope);
            sqlx::query!(
                "INSERT INTO api_key (
                    key_id, version, name, secret_hash, permissions, scope_kind, scope_id, expires_at, issued_at, issued_by
                 ) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9)",
                key_id,
                name,
                secret_hash,
                &permissions,
                kind,
                id,
                *expires_at,
                at,
                recorded.metadata.actor.to_string()
            )
            .execute(tx)
            .await?;
        }
        ApiKeyEvent::Used { on } => {
            sqlx::query!(
                "UPDATE api_key SET used_on = $2, version = version + 1 WHERE key_id = $1",
                key_id,
                *on
            )
            .execute(tx)
            .await?;
        }
        ApiKeyEvent::Revoked {} => {
            sqlx::query!(
                "UPDATE api_key SET revoked_at = $2, version = version + 1 WHERE key_id = $1",
                key_id,
                at
            )
            .execute(tx)
            .await?;
        }
    }
    Ok(())
}
