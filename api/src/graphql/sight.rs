//! Which tickets somebody may see.

use async_graphql::{Context, Result};
use commands::{Read, reads};
use domain::access::{Place, Reach, Scope};
use projections::{
    TicketRow,
    list::filter::Test,
    ticket_list::filter::{Condition, IdColumn},
};

use super::{caller, may_read};

/// The tickets that somebody may see.
#[derive(Debug, Clone)]
pub(super) struct Sight(Reach);

/// The tickets that the caller may see.
///
/// # Errors
/// `FORBIDDEN` when that is none, wherever it may belong.
pub(super) fn sight(ctx: &Context<'_>) -> Result<Sight> {
    may_read(ctx, Read::Tickets)?;
    let reach = caller(ctx)?.viewer.rights.reach(reads(Read::Tickets));
    Ok(Sight(reach.cloned().unwrap_or_else(|| Reach::Within([].into()))))
}

impl Sight {
    /// Whether it holds a ticket that belongs there.
    pub(super) fn reaches(&self, place: &Place) -> bool {
        self.0.covers(place)
    }

    /// Whether it holds the ticket.
    pub(super) fn holds(&self, row: &TicketRow) -> bool {
        self.reaches(&row.place())
    }

    /// Whether it holds what it holds whoever the customer is.
    pub(super) fn is_of_team(&self) -> bool {
        match &self.0 {
            Reach::Everywhere => true,
            Reach::Within(scopes) => !scopes.iter().any(|it| matches!(it, Scope::Contact(_))),
        }
    }

    /// The same for the tables; `None` when it holds every ticket.
    pub(super) fn condition(&self) -> Option<Condition> {
        let Reach::Within(scopes) = &self.0 else { return None };
        let mut ids: [(IdColumn, Vec<_>); 4] = [
            (IdColumn::Branch, Vec::new()),
            (IdColumn::Team, Vec::new()),
            (IdColumn::Inbox, Vec::new()),
            (IdColumn::Contact, Vec::new()),
        ];
        for scope in scopes {
            match scope {
                Scope::Everywhere => return None,
                Scope::Branch(id) => ids[0].1.push(*id),
                Scope::Team(id) => ids[1].1.push(*id),
                Scope::Inbox(id) => ids[2].1.push(*id),
                Scope::Contact(id) => ids[3].1.push(*id),
            }
        }
        let some = ids.into_iter().filter(|it| !it.1.is_empty());
        Some(Condition::Or(
            some.map(|(column, ids)| Condition::Id(column, Test::In(ids))).collect(),
        ))
    }

    /// Those of a condition that it holds.
    pub(super) fn narrow(&self, condition: Condition) -> Condition {
        match self.condition() {
            Some(within) => Condition::And(vec![within, condition]),
            None => condition,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::access::{Place, Reach, Scope};
    use projections::ticket_list::filter::Condition;
    use uuid::Uuid;

    use super::Sight;

    #[test]
    fn what_is_seen_everywhere_is_not_narrowed_and_what_is_seen_nowhere_is_empty() {
        let all = Condition::And(vec![]);
        assert_eq!(Sight(Reach::Everywhere).narrow(all.clone()), all);
        let none = Sight(Reach::Within(BTreeSet::new()));
        assert_eq!(none.condition(), Some(Condition::Or(vec![])));
        assert!(!none.reaches(&Place::default()));
        let branch = Uuid::from_u128(7);
        let some = Sight(Reach::Within([Scope::Branch(branch)].into()));
        assert!(some.condition().is_some());
        assert!(!some.reaches(&Place::default()));
        assert!(some.reaches(&Place {
            branch: Some(branch),
            ..Place::default()
        }));
    }
}
