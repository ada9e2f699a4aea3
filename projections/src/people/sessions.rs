use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::{event::DomainEvent, session::SessionEvent, sign_in::SignInEvent};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{ProjectError, checkpoint::to_column};

#[derive(Default)]
struct Started {
    session_id: Vec<Uuid>,
    user_id: Vec<Uuid>,
    method: Vec<String>,
    client: Vec<Option<String>>,
    at: Vec<DateTime<Utc>>,
}

#[derive(Default)]
struct Ended {
    session_id: Vec<Uuid>,
    reason: Vec<String>,
    at: Vec<DateTime<Utc>>,
}

#[derive(Default)]
struct Failed {
    position: Vec<i64>,
    account: Vec<Uuid>,
    fault: Vec<String>,
    at: Vec<DateTime<Utc>>,
}

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let (mut started, mut ended, mut failed) = (Started::default(), Ended::default(), Failed::default());
    for recorded in events {
        let (id, at) = (recorded.stream_id, recorded.metadata.at);
        if let DomainEvent::Session(SessionEvent::Started {
            user_id,
            method,
            client,
        }) = &recorded.event
        {
            started.session_id.push(id);
            started.user_id.push(user_id.0);
            started.method.push(method.as_str().to_owned());
            started.client.push(client.known().cloned());
            started.at.push(at);
        } else if let DomainEvent::Session(SessionEvent::Ended { reason, .. }) = &recorded.event {
            ended.session_id.push(id);
            ended.reason.push(reason.as_str().to_owned());
            ended.at.push(at);
        } else if let DomainEvent::SignIn(SignInEvent::Failed { fault }) = &recorded.event {
            failed.position.push(to_column(recorded.position));
            failed.account.push(id);
            failed.fault.push(fault.as_str().to_owned());
            failed.at.push(at);
        }
    }
    start(&started, tx).await?;
    end(&ended, tx).await?;
    fail(&failed, tx).await
}

async fn start(new: &Started, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if new.session_id.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO user_session (session_id, user_id, method, client, started_at)
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])",
        &new.session_id,
        &new.user_id,
        &new.method,
        &new.client as &[Option<String>],
        &new.at
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn end(over: &Ended, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if over.session_id.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE user_session AS it SET ended_at = over.at, end_reason = over.reason
         FROM UNNEST($1::uuid[], $2::text[], $3::timestamptz[]) AS over (id, reason, at)
         WHERE it.session_id = over.id",
        &over.session_id,
        &over.reason,
        &over.at
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn fail(failed: &Failed, tx: &mut PgConnection) -> Result<(), ProjectError> {
    if failed.position.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO sign_in_failure (position, account, fault, at)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::timestamptz[])",
        &failed.position,
        &failed.account,
        &failed.fault,
        &failed.at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes their words out.
pub(super) async fn forget(users: &[Uuid], tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!("UPDATE user_session SET client = NULL WHERE user_id = ANY($1)", users)
        .execute(tx)
        .await?;
    Ok(())
}
