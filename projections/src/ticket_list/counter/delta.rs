//! The writing half: what a batch changes about every counter of the build.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::PgConnection;
use tracing::warn;
use uuid::Uuid;

use crate::{
    ProjectError, TicketRow,
    list::filter::Test,
    ticket_list::filter::{Condition, IdColumn},
    ticket_row::Rows,
};

/// A counter as its unit knows it.
#[derive(Debug)]
struct Counter {
    condition: Condition,
    /// The owner without whom no ticket meets the condition.
    assignee: Option<Uuid>,
}

/// The counters of a build, known from one batch to the next.
#[derive(Debug, Default)]
pub(in crate::ticket_list) struct Counters {
    known: HashMap<i64, Counter>,
    /// Those of one owner's tickets, which most tickets need not be compared with.
    owned: HashMap<Uuid, Vec<i64>>,
    others: Vec<i64>,
}

/// What a batch adds to counters.
#[derive(Debug, Default)]
pub(in crate::ticket_list) struct Deltas(BTreeMap<i64, i64>);

impl Counters {
    /// Looks which there are. It comes after the checkpoint's row is locked: whoever makes a counter waits for that lock
    /// once, and so knows which transactions have seen it.
    pub(in crate::ticket_list) async fn look(&mut self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        // Set by the unit that moves the build; nobody else moves counters.
        let ids = sqlx::query_scalar!(
            "SELECT id FROM ops.counter
            WHERE generation = NULLIF(current_setting('letopis.generation', TRUE), '')::bigint ORDER BY id"
        )
        .fetch_all(&mut *tx)
        .await?;
        if ids.len() == self.known.len() && ids.iter().all(|it| self.known.contains_key(it)) {
            return Ok(());
        }
        self.known.retain(|it, _| ids.binary_search(it).is_ok());
        let unknown: Vec<i64> = ids.into_iter().filter(|it| !self.known.contains_key(it)).collect();
        let rows = sqlx::query!("SELECT id, condition FROM ops.counter WHERE id = ANY($1)", &unknown);
        for row in rows.fetch_all(&mut *tx).await? {
            match serde_json::from_str::<Condition>(&row.condition) {
                Ok(condition) => {
                    let assignee = owner(&condition);
                    self.known.insert(row.id, Counter { condition, assignee });
                }
                Err(error) => {
                    // Of another program: it would not be right any more, and is made anew when it is asked for.
                    warn!(%error, "a counter does not read and is forgotten");
                    forget(&[row.id], tx).await?;
                }
            }
        }
        self.sort();
        Ok(())
    }

    fn sort(&mut self) {
        (self.owned, self.others) = (HashMap::new(), Vec::new());
        for (id, counter) in &self.known {
            match counter.assignee {
                Some(owner) => self.owned.entry(owner).or_default().push(*id),
                None => self.others.push(*id),
            }
        }
    }

    /// Whether there are none, so that nothing need be remembered of the rows.
    pub(in crate::ticket_list) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What the rows of a batch, as they were and as they are, change.
    pub(in crate::ticket_list) fn compare(&self, before: &Rows, after: &Rows, touched: &HashSet<Uuid>) -> Deltas {
        let mut deltas = Deltas::default();
        if self.is_empty() {
            return deltas;
        }
        for id in touched {
            for (row, step) in [(before.get(id), -1), (after.get(id), 1)] {
                if let Some(row) = row {
                    self.add(row, step, &mut deltas);
                }
            }
        }
        deltas.0.retain(|_, it| *it != 0);
        deltas
    }

    fn add(&self, row: &TicketRow, step: i64, deltas: &mut Deltas) {
        let owned = row.assignee_id.and_then(|it| self.owned.get(&it));
        for id in self.others.iter().chain(owned.into_iter().flatten()) {
            if self.known.get(id).is_some_and(|it| it.condition.holds(row)) {
                *deltas.0.entry(*id).or_default() += step;
            }
        }
    }

    /// Forgets those that ask what custom fields say: somebody's answers are erased in all rows at once.
    pub(in crate::ticket_list) async fn forget_fields(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        let asking = self.known.iter().filter(|(_, it)| asks_fields(&it.condition));
        let ids: Vec<i64> = asking.map(|(id, _)| *id).collect();
        forget(&ids, tx).await
    }
}

impl Deltas {
    /// Adds them to the part's own rows.
    pub(in crate::ticket_list) async fn write(&self, tx: &mut PgConnection) -> Result<(), ProjectError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (ids, steps): (Vec<i64>, Vec<i64>) = self.0.iter().map(|(id, it)| (*id, *it)).unzip();
        sqlx::query!(
            "INSERT INTO ops.counter_part AS it (generation, counter, partition, delta)
            SELECT current_setting('letopis.generation')::bigint, counter,
                current_setting('letopis.partition')::smallint, delta
            FROM UNNEST($1::bigint[], $2::bigint[]) AS new (counter, delta)
            ON CONFLICT (counter, partition) DO UPDATE SET delta = it.delta + EXCLUDED.delta",
            &ids,
            &steps
        )
        .execute(tx)
        .await?;
        Ok(())
    }
}

async fn forget(ids: &[i64], tx: &mut PgConnection) -> Result<(), ProjectError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!("DELETE FROM ops.counter WHERE id = ANY($1)", ids)
        .execute(tx)
        .await?;
    Ok(())
}

/// The owner that every ticket has which meets the condition; `None` when it asks for none in particular.
fn owner(condition: &Condition) -> Option<Uuid> {
    match condition {
        Condition::And(all) => all.iter().find_map(owner),
        Condition::Id(IdColumn::Assignee, Test::Eq(id)) => Some(*id),
        Condition::Or(_)
        | Condition::Not(_)
        | Condition::Text(..)
        | Condition::Contains(..)
        | Condition::Id(..)
        | Condition::Number(..)
        | Condition::Instant(..)
        | Condition::HasOne(..)
        | Condition::HasNone(..)
        | Condition::Says(..)
        | Condition::Reaches(..)
        | Condition::IsEmpty(..)
        | Condition::Is(_) => None,
    }
}

fn asks_fields(condition: &Condition) -> bool {
    match condition {
        Condition::And(all) | Condition::Or(all) => all.iter().any(asks_fields),
        Condition::Not(inner) => asks_fields(inner),
        Condition::Says(..) | Condition::Reaches(..) | Condition::IsEmpty(..) => true,
        Condition::Text(..)
        | Condition::Contains(..)
        | Condition::Id(..)
        | Condition::Number(..)
        | Condition::Instant(..)
        | Condition::HasOne(..)
        | Condition::HasNone(..)
        | Condition::Is(_) => false,
    }
}
