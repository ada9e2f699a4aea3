//! No event passes the audit by: each of those that commands lead to has an entry.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use domain::{
    actor::{Actor, ActorKind},
    event::DomainEvent,
    ids::CommandId,
    metadata::Metadata,
    upcast::current_schema,
};
use event_store::{Position, Recorded};
use projections::audit_entry::MODEL;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};
use tests::{Cluster, run};
use uuid::Uuid;

use crate::events::every_event;

/// Seals of the log say of the log, not of anybody's doings.
const UNTOLD: &str = "log_seal.";
const OPENED: &str = "ticket.opened";
const AGENT: &str = "agent:00000000-0000-4000-8000-000000000007";
/// Positions from which on tickets are opened for what happens to them.
const BIRTHS: u64 = 1_000_000;

fn stream(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number) << 64)
}

fn recorded(number: u64, event_type: String, event: DomainEvent) -> Recorded<DomainEvent> {
    Recorded {
        id: Uuid::from_u128(number.into()),
        stream_id: stream(number),
        revision: 0,
        position: Position(number),
        metadata: Metadata {
            causation_id: Uuid::from_u128(1),
            correlation_id: Uuid::from_u128(2),
            actor: Actor::new(ActorKind::Agent, AGENT.trim_start_matches("agent:")),
            at: DateTime::<Utc>::UNIX_EPOCH,
            chain: None,
            command_id: CommandId(Uuid::from_u128(3)),
            from: None,
            request: String::new(),
            schema: current_schema(&event_type),
            subjects: None,
            traceparent: None,
        },
        event_type,
        event,
    }
}

type Row = (i64, String, String, Uuid, Value);

#[test]
fn every_event_that_can_happen_has_an_entry_with_actor_and_object() -> Result<()> {
    run(async {
        let pool = PgPool::connect(&Cluster::shared().await?.database().await?).await?;
        let mut tx = pool.begin().await?;
        sqlx::raw_sql(AssertSqlSafe(MODEL.tables.to_owned()))
            .execute(&mut *tx)
            .await?;
        let every = every_event()?;
        let (_, opened) = every.iter().find(|it| it.0 == OPENED).context("no opening")?;
        for (number, (event_type, event)) in (1..).zip(&every) {
            if event_type.starts_with(UNTOLD) {
                continue;
            }
            ensure!(MODEL.takes(event_type), "{event_type} is in no audit");
            let mut events = vec![recorded(number, event_type.clone(), event.clone())];
            // What happens to a ticket happens to one that is there.
            if event_type != OPENED && ["ticket.", "assignment."].iter().any(|it| event_type.starts_with(it)) {
                let birth = recorded(number, OPENED.to_owned(), opened.clone());
                let position = Position(number + BIRTHS);
                events.insert(0, Recorded { position, ..birth });
            }
            let events: Vec<Arc<Recorded<DomainEvent>>> = events.into_iter().map(Arc::new).collect();
            let applied = (MODEL.make)().apply(&events, &mut tx).await;
            applied.with_context(|| event_type.clone())?;
        }
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT position, event_type, actor, object_id, changes FROM audit_entry
                WHERE position < $1 ORDER BY position",
        )
        .bind(i64::try_from(BIRTHS)?)
        .fetch_all(&mut *tx)
        .await?;
        let told: Vec<_> = (1..).zip(&every).filter(|(_, it)| !it.0.starts_with(UNTOLD)).collect();
        assert_eq!(rows.len(), told.len());
        for ((position, event_type, actor, object, changes), (number, (expected, _))) in rows.iter().zip(told) {
            assert_eq!((u64::try_from(*position)?, event_type), (number, expected));
            assert_eq!((actor.as_str(), *object), (AGENT, stream(number)));
            let changed = changes.as_array().context("no list of changes")?;
            for it in changed {
                ensure!(it["field"].is_string(), "{event_type}: {it}");
                ensure!(
                    it.get("before").is_some() || it.get("after").is_some(),
                    "{event_type}: {it}"
                );
            }
        }
        tx.rollback().await?;
        pool.close().await;
        Ok(())
    })
}
