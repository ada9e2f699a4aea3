use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::{
    bulk::{BulkEvent, Item, ItemOutcome, Reason, UndoneItem},
    event::DomainEvent,
};
use event_store::Recorded;
use sqlx::PgConnection;
use uuid::Uuid;

use super::BulkRow;
use crate::ProjectError;

/// What a batch says of tickets.
#[derive(Debug, Default)]
struct Items {
    chosen: Vec<(Uuid, Uuid, i32)>,
    /// Operation, ticket, outcome, reason.
    done: Vec<(Uuid, Uuid, &'static str, Option<Reason>)>,
    undone: Vec<(Uuid, Uuid, &'static str, Option<Reason>)>,
}

pub(super) async fn apply(events: &[Arc<Recorded<DomainEvent>>], tx: &mut PgConnection) -> Result<(), ProjectError> {
    let touched: HashSet<Uuid> = events.iter().map(|it| it.stream_id).collect();
    let touched: Vec<Uuid> = touched.into_iter().collect();
    let mut rows = load(&touched, tx).await?;
    let mut items = Items::default();
    for event in events {
        let DomainEvent::Bulk(change) = &event.event else {
            continue;
        };
        let at = event.metadata.at;
        if let Some(born) = born(event.stream_id, change, at) {
            rows.insert(event.stream_id, born);
            continue;
        }
        let row = rows.get_mut(&event.stream_id).ok_or_else(|| ProjectError::Unfit {
            projection: super::NAME,
            event_type: event.event_type.clone(),
            position: event.position.0,
            reason: "its operation was never started",
        })?;
        row.version += 1;
        row.updated_at = row.updated_at.max(at);
        row.apply(change, at, &mut items);
    }
    upsert(&rows.into_values().collect::<Vec<_>>(), tx).await?;
    items.write(tx).await
}

fn born(id: Uuid, event: &BulkEvent, at: DateTime<Utc>) -> Option<BulkRow> {
    let BulkEvent::Started {
        action,
        total,
        asked_by,
    } = event
    else {
        return None;
    };
    Some(BulkRow {
        bulk_id: id,
        version: 1,
        asked_by: asked_by.clone(),
        // Plain data always serialises.
        action: serde_json::to_string(action).unwrap_or_default(),
        state: "choosing".to_owned(),
        total: i32::try_from(*total).unwrap_or(i32::MAX),
        chosen: 0,
        done: 0,
        unchanged: 0,
        refused: 0,
        undone: 0,
        kept: 0,
        started_at: at,
        updated_at: at,
        ended_at: None,
        undone_at: None,
    })
}

impl BulkRow {
    fn apply(&mut self, event: &BulkEvent, at: DateTime<Utc>, items: &mut Items) {
        match event {
            BulkEvent::Started { .. } => {}
            BulkEvent::Chosen { ticket_ids } => {
                for ticket in ticket_ids {
                    self.chosen += 1;
                    items.chosen.push((self.bulk_id, ticket.0, self.chosen));
                }
                if self.chosen >= self.total && self.state == "choosing" {
                    "running".clone_into(&mut self.state);
                }
            }
            BulkEvent::ItemsDone { items: all } => all.iter().for_each(|it| self.note(it, items)),
            BulkEvent::Cancelled {} => self.end("cancelled", at),
            BulkEvent::Finished {} => self.end("finished", at),
            BulkEvent::UndoStarted {} => "undoing".clone_into(&mut self.state),
            BulkEvent::ItemsUndone { items: all } => all.iter().for_each(|it| self.note_undone(it, items)),
            BulkEvent::UndoFinished {} => {
                "undone".clone_into(&mut self.state);
                self.undone_at = Some(at);
            }
        }
    }

    fn end(&mut self, state: &str, at: DateTime<Utc>) {
        state.clone_into(&mut self.state);
        self.ended_at = Some(at);
    }

    fn note(&mut self, item: &Item, items: &mut Items) {
        let (word, reason) = match &item.outcome {
            ItemOutcome::Done { .. } => {
                self.done += 1;
                ("done", None)
            }
            ItemOutcome::Unchanged => {
                self.unchanged += 1;
                ("unchanged", None)
            }
            ItemOutcome::Refused { reason } => {
                self.refused += 1;
                ("refused", Some(reason.clone()))
            }
        };
        items.done.push((self.bulk_id, item.ticket_id.0, word, reason));
    }

    fn note_undone(&mut self, item: &UndoneItem, items: &mut Items) {
        let word = if item.left.is_some() {
            self.kept += 1;
            "kept"
        } else {
            self.undone += 1;
            "undone"
        };
        items
            .undone
            .push((self.bulk_id, item.ticket_id.0, word, item.left.clone()));
    }
}

impl Items {
    async fn write(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        if !self.chosen.is_empty() {
            sqlx::query!(
                "INSERT INTO bulk_item (bulk_id, ticket_id, seq)
                SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::integer[])",
                &column(&self.chosen, |it| it.0)[..],
                &column(&self.chosen, |it| it.1)[..],
                &column(&self.chosen, |it| it.2)[..]
            )
            .execute(&mut *tx)
            .await?;
        }
        if !self.done.is_empty() {
            sqlx::query!(
                "UPDATE bulk_item AS it
                SET outcome = new.outcome, code = new.code, reason_ru = new.ru, reason_en = new.en
                FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
                    AS new (bulk_id, ticket_id, outcome, code, ru, en)
                WHERE it.bulk_id = new.bulk_id AND it.ticket_id = new.ticket_id",
                &column(&self.done, |it| it.0)[..],
                &column(&self.done, |it| it.1)[..],
                &column(&self.done, |it| it.2.to_owned())[..],
                &column(&self.done, |it| it.3.as_ref().map(|it| it.code.clone()))[..] as &[Option<String>],
                &column(&self.done, |it| it.3.as_ref().map(|it| it.ru.clone()))[..] as &[Option<String>],
                &column(&self.done, |it| it.3.as_ref().map(|it| it.en.clone()))[..] as &[Option<String>]
            )
            .execute(&mut *tx)
            .await?;
        }
        if !self.undone.is_empty() {
            sqlx::query!(
                "UPDATE bulk_item AS it
                SET undo = new.undo, undo_code = new.code, undo_ru = new.ru, undo_en = new.en
                FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
                    AS new (bulk_id, ticket_id, undo, code, ru, en)
                WHERE it.bulk_id = new.bulk_id AND it.ticket_id = new.ticket_id",
                &column(&self.undone, |it| it.0)[..],
                &column(&self.undone, |it| it.1)[..],
                &column(&self.undone, |it| it.2.to_owned())[..],
                &column(&self.undone, |it| it.3.as_ref().map(|it| it.code.clone()))[..] as &[Option<String>],
                &column(&self.undone, |it| it.3.as_ref().map(|it| it.ru.clone()))[..] as &[Option<String>],
                &column(&self.undone, |it| it.3.as_ref().map(|it| it.en.clone()))[..] as &[Option<String>]
            )
            .execute(tx)
            .await?;
        }
        Ok(())
    }
}

async fn load(ids: &[Uuid], tx: &mut PgConnection) -> Result<HashMap<Uuid, BulkRow>, ProjectError> {
    let rows = sqlx::query_as!(
        BulkRow,
        r#"SELECT bulk_id, version, asked_by, action::text AS "action!", state, total, chosen, done, unchanged, refused,
            undone, kept, started_at, updated_at, ended_at, undone_at
        FROM bulk_operation WHERE bulk_id = ANY($1)"#,
        ids
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|it| (it.bulk_id, it)).collect())
}

fn column<R, T>(rows: &[R], of: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

async fn upsert(rows: &[BulkRow], tx: &mut PgConnection) -> Result<(), ProjectError> {
    sqlx::query!(
        r#"INSERT INTO bulk_operation (
            bulk_id, version, asked_by, action, state, total, chosen, done, unchanged, refused, undone, kept, started_at,
            updated_at, ended_at, undone_at
        )
        SELECT bulk_id, version, asked_by, action::jsonb, state, total, chosen, done, unchanged, refused, undone, kept,
            started_at, updated_at, ended_at, undone_at
        FROM UNNEST(
            $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::integer[],
            $9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::timestamptz[], $14::timestamptz[],
            $15::timestamptz[], $16::timestamptz[]
        ) AS new (
            bulk_id, version, asked_by, action, state, total, chosen, done, unchanged, refused, undone, kept, started_at,
            updated_at, ended_at, undone_at
        )
        ON CONFLICT (bulk_id) DO UPDATE SET
            version = EXCLUDED.version, state = EXCLUDED.state, chosen = EXCLUDED.chosen, done = EXCLUDED.done,
            unchanged = EXCLUDED.unchanged, refused = EXCLUDED.refused, undone = EXCLUDED.undone, kept = EXCLUDED.kept,
            updated_at = EXCLUDED.updated_at, ended_at = EXCLUDED.ended_at, undone_at = EXCLUDED.undone_at"#,
        &column(rows, |it| it.bulk_id)[..],
        &column(rows, |it| it.version)[..],
        &column(rows, |it| it.asked_by.clone())[..],
        &column(rows, |it| it.action.clone())[..],
        &column(rows, |it| it.state.clone())[..],
        &column(rows, |it| it.total)[..],
        &column(rows, |it| it.chosen)[..],
        &column(rows, |it| it.done)[..],
        &column(rows, |it| it.unchanged)[..],
        &column(rows, |it| it.refused)[..],
        &column(rows, |it| it.undone)[..],
        &column(rows, |it| it.kept)[..],
        &column(rows, |it| it.started_at)[..],
        &column(rows, |it| it.updated_at)[..],
        &column(rows, |it| it.ended_at)[..] as &[Option<DateTime<Utc>>],
        &column(rows, |it| it.undone_at)[..] as &[Option<DateTime<Utc>>],
    )
    .execute(tx)
    .await?;
    Ok(())
}
