use std::sync::Arc;

use domain::{access::AccessEvent, event::DomainEvent};
use event_store::Recorded;
use sqlx::PgConnection;

use super::columns;
use crate::ProjectError;

/// One statement an event: administrators change these by hand, a few times a day.
pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    for recorded in events {
        if let DomainEvent::Access(event) = &recorded.event {
            write(recorded, event, tx).await?;
        }
    }
    Ok(())
}

async fn write(
    recorded: &Recorded<DomainEvent>,
    event: &AccessEvent,
    tx: &mut PgConnection,
) -> Result<(), ProjectError> {
    let at = recorded.metadata.at;
    match event {
        AccessEvent::RoleRevised {
            role,
            name,
            permissions,
        } => {
            let permissions: Vec<String> = permissions.iter().map(|it| it.as_str().to_owned()).collect();
            sqlx::query!(
                "INSERT INTO access_role (role, name, permissions, revised_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (role) DO UPDATE SET name = $2, permissions = $3, revised_at = $4",
                role.as_str(),
                name,
                &permissions,
                at
            )
            .execute(tx)
            .await?;
        }
        AccessEvent::RoleRetired { role } => {
            sqlx::query!("DELETE FROM access_role WHERE role = $1", role.as_str())
                .execute(tx)
                .await?;
        }
        AccessEvent::Granted { user_id, grant } => {
            let (kind, id) = columns(grant.scope);
            sqlx::query!(
                "INSERT INTO access_grant (user_id, role, scope_kind, scope_id, granted_at, granted_by)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                user_id.0,
                grant.role.as_str(),
                kind,
                id,
                at,
                recorded.metadata.actor.to_string()
            )
            .execute(tx)
            .await?;
        }
        AccessEvent::Revoked { user_id, grant } => {
            let (kind, id) = columns(grant.scope);
            sqlx::query!(
                "DELETE FROM access_grant WHERE user_id = $1 AND role = $2 AND scope_kind = $3 AND scope_id = $4",
                user_id.0,
                grant.role.as_str(),
                kind,
                id
            )
            .execute(tx)
            .await?;
        }
    }
    Ok(())
}
