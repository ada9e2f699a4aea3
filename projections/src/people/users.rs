use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{
    event::DomainEvent,
    personal::Personal,
    user::{Standing, UserEvent},
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{UserRow, unfit};
use crate::ProjectError;

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let mine = || {
        events.iter().filter_map(|it| {
            if let DomainEvent::User(event) = &it.event {
                return Some((it, event));
            }
            None
        })
    };
    let ids: BTreeSet<Uuid> = mine().map(|(it, _)| it.stream_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let known = sqlx::query_as!(UserRow, "SELECT * FROM user_account WHERE user_id = ANY($1)", &ids)
        .fetch_all(&mut *tx)
        .await?;
    let mut rows: BTreeMap<Uuid, UserRow> = known.into_iter().map(|it| (it.user_id, it)).collect();
    for (recorded, event) in mine() {
        take(&mut rows, recorded, event)?;
    }
    upsert(rows.into_values().collect(), tx).await
}

/// An account as its own events leave it, in their order; `None` when none of them makes it.
///
/// # Errors
/// When the events do not fit each other.
pub fn from_events(events: &[Recorded<DomainEvent>]) -> Result<Option<UserRow>, ProjectError> {
    let mut rows = BTreeMap::new();
    for recorded in events {
        if let DomainEvent::User(event) = &recorded.event {
            take(&mut rows, recorded, event)?;
        }
    }
    Ok(rows.into_values().next())
}

fn take(
    rows: &mut BTreeMap<Uuid, UserRow>,
    recorded: &Recorded<DomainEvent>,
    event: &UserEvent,
) -> Result<(), ProjectError> {
    let at = recorded.metadata.at;
    if let Some(born) = born(recorded.stream_id, event, at) {
        rows.insert(recorded.stream_id, born);
        return Ok(());
    }
    let row = rows.get_mut(&recorded.stream_id);
    let row = row.ok_or_else(|| unfit(recorded, "its account was never made"))?;
    row.version += 1;
    row.updated_at = row.updated_at.max(at);
    change(row, event);
    Ok(())
}

fn born(user_id: Uuid, event: &UserEvent, at: DateTime<Utc>) -> Option<UserRow> {
    let (UserEvent::Invited {
        email, name, locale, ..
    }
    | UserEvent::Registered {
        email, name, locale, ..
    }) = event
    else {
        return None;
    };
    Some(UserRow {
        user_id,
        version: 1,
        standing: Standing::Invited.as_str().to_owned(),
        email: email.known().cloned(),
        name: name.known().cloned(),
        locale: locale.clone(),
        two_factor: false,
        suspended_reason: None,
        created_at: at,
        updated_at: at,
    })
}

fn change(row: &mut UserRow, event: &UserEvent) {
    let stand = |row: &mut UserRow, standing: Standing| standing.as_str().clone_into(&mut row.standing);
    match event {
        UserEvent::Activated {} => stand(row, Standing::Active),
        UserEvent::Suspended { reason } => {
            stand(row, Standing::Suspended);
            row.suspended_reason = reason.as_ref().and_then(Personal::known).cloned();
        }
        UserEvent::Reinstated {} => {
            stand(row, Standing::Active);
            row.suspended_reason = None;
        }
        UserEvent::TwoFactorEnabled { .. } => row.two_factor = true,
        UserEvent::TwoFactorDisabled {} => row.two_factor = false,
        UserEvent::ProfileChanged { name, locale } => {
            row.name = name.known().cloned();
            row.locale.clone_from(locale);
        }
        UserEvent::Invited { .. }
        | UserEvent::Reinvited { .. }
        | UserEvent::Registered { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::RecoveryRequested { .. }
        | UserEvent::RecoveryCodeUsed { .. }
        | UserEvent::AccountLinked { .. } => {}
    }
}

async fn upsert(rows: Vec<UserRow>, tx: &mut PgConnection) -> Result<(), ProjectError> {
    macro_rules! column {
        ($field:ident) => {
            rows.iter().map(|it| it.$field.clone()).collect::<Vec<_>>()
        };
    }
    sqlx::query!(
        "INSERT INTO user_account (
            user_id, version, standing, email, name, locale, two_factor, suspended_reason, created_at, updated_at
         )
         SELECT * FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[],
            $9::timestamptz[], $10::timestamptz[]
         )
         ON CONFLICT (user_id) DO UPDATE SET
            version = EXCLUDED.version, standing = EXCLUDED.standing, email = EXCLUDED.email, name = EXCLUDED.name,
            locale = EXCLUDED.locale, two_factor = EXCLUDED.two_factor, suspended_reason = EXCLUDED.suspended_reason,
            updated_at = EXCLUDED.updated_at",
        &column!(user_id),
        &column!(version),
        &column!(standing),
        &column!(email) as &[Option<String>],
        &column!(name) as &[Option<String>],
        &column!(locale),
        &column!(two_factor),
        &column!(suspended_reason) as &[Option<String>],
        &column!(created_at),
        &column!(updated_at),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes their words out.
pub(super) async fn forget(users: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let forget = "UPDATE user_account SET email = NULL, name = NULL, suspended_reason = NULL WHERE user_id = ANY($1)";
    sqlx::query(forget).bind(users).execute(tx).await?;
    Ok(())
}
