use std::{collections::BTreeMap, sync::Arc};

use domain::{access::AccessEvent, event::DomainEvent, ids::AgentId};
use event_store::Recorded;
use sqlx::PgConnection;

use super::{GrantRow, columns};
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

/// The roles that a user has by these events of the one stream of all grants, in the order of the table.
pub fn grants_from_events(events: &[Recorded<DomainEvent>], user: AgentId) -> Vec<GrantRow> {
    let mut grants = BTreeMap::new();
    for recorded in events {
        if let DomainEvent::Access(AccessEvent::Granted { user_id, grant }) = &recorded.event
            && *user_id == user
        {
            let (kind, id) = columns(grant.scope);
            let key = (grant.role.as_str().to_owned(), kind, id);
            grants.entry(key).or_insert_with(|| GrantRow {
                user_id: user.0,
                role: grant.role.as_str().to_owned(),
                scope: grant.scope,
                granted_at: recorded.metadata.at,
                granted_by: recorded.metadata.actor.to_string(),
            });
        }
        if let DomainEvent::Access(AccessEvent::Revoked { user_id, grant }) = &recorded.event
            && *user_id == user
        {
            let (kind, id) = columns(grant.scope);
            grants.remove(&(grant.role.as_str().to_owned(), kind, id));
        }
    }
    grants.into_values().collect()
}
