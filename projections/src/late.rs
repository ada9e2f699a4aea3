//! Events that came to show after later ones: those that were parked.
//!
//! Whoever follows what changes has passed their place in the log, and is told of them when they begin to show. Only a
//! build that serves keeps them; what takes its place goes on with them, so that no reader's place loses its meaning.

use event_store::Position;
use sqlx::PgConnection;

use crate::checkpoint::{from_column, to_column};

/// When a change is told, among all changes of a read model: in the order of the log, and what was parked behind
/// everything that showed before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Turn {
    shown_at: Position,
    /// Place in the log of an event that came late; 0 of one that did not.
    late: Position,
}

impl Turn {
    /// Of an event that shows at its place in the log.
    pub fn of(position: Position) -> Self {
        Self {
            shown_at: position,
            late: Position::START,
        }
    }

    /// Of an event that shows since another position; `None` when that is not behind its own.
    pub fn late(position: Position, shown_at: Position) -> Option<Self> {
        (Position::START < position && position < shown_at).then_some(Self {
            shown_at,
            late: position,
        })
    }

    /// Behind all that shows at this position.
    pub fn behind(position: Position) -> Self {
        Self {
            shown_at: position,
            late: from_column(i64::MAX),
        }
    }

    /// Whoever reads up to here finds it.
    pub fn shown_at(self) -> Position {
        self.shown_at
    }

    /// Its place in the log, when it came late.
    pub fn place_if_late(self) -> Option<Position> {
        (self.late > Position::START).then_some(self.late)
    }

    pub(crate) fn to_columns(self) -> (i64, i64) {
        (to_column(self.shown_at), to_column(self.late))
    }

    pub(crate) fn from_columns(shown_at: i64, late: i64) -> Self {
        Self {
            shown_at: from_column(shown_at),
            late: from_column(late),
        }
    }
}

/// These events of a build begin to show.
pub(crate) async fn note(
    generation: i64,
    events: &[Position],
    shown_at: Position,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let positions: Vec<i64> = events.iter().map(|it| to_column(*it)).collect();
    sqlx::query!(
        "INSERT INTO ops.late_event (generation, position, shown_at)
         SELECT $1, position, $3 FROM UNNEST($2::bigint[]) AS freed (position)
         ON CONFLICT (generation, position) DO UPDATE SET shown_at = EXCLUDED.shown_at",
        generation,
        &positions,
        to_column(shown_at)
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// `next` takes the place of a build that has come to `reached`: what came late there came late, and what only `next`
/// shows comes now. After a way back and forth that may be once more: who came meanwhile would miss it otherwise.
pub(crate) async fn inherit(
    next: i64,
    former: i64,
    reached: Position,
    tx: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM ops.late_event WHERE generation = $1", next)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO ops.late_event (generation, position, shown_at)
         SELECT $1::bigint, position, shown_at FROM ops.late_event AS late
         WHERE generation = $2
             AND NOT EXISTS (SELECT FROM ops.parked AS held WHERE held.generation = $2 AND held.position = late.position)
         UNION ALL
         SELECT $1::bigint, held.position, $3::bigint + 1 FROM ops.parked AS held
         WHERE held.generation = $2
             AND NOT EXISTS (SELECT FROM ops.parked AS it WHERE it.generation = $1 AND it.position = held.position)",
        next,
        former,
        to_column(reached)
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use event_store::Position;

    use super::Turn;

    #[test]
    fn late_event_comes_behind_what_shows_at_that_position_and_before_what_follows() {
        let late = |position| Turn::late(Position(position), Position(40)).unwrap();
        let order = [
            Turn::of(Position(39)),
            Turn::of(Position(40)),
            late(7),
            late(9),
            Turn::behind(Position(40)),
            Turn::of(Position(41)),
        ];
        assert!(order.is_sorted());
        assert_eq!(late(7).place_if_late(), Some(Position(7)));
        assert_eq!(order[1].place_if_late(), None);
    }

    #[test]
    fn event_does_not_come_late_at_or_before_its_own_place() {
        for (position, shown_at) in [(0, 5), (5, 5), (6, 5)] {
            assert_eq!(Turn::late(Position(position), Position(shown_at)), None);
        }
    }
}
