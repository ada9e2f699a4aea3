//! Where tickets belong: in inboxes, branches and teams that are in use.

use domain::{
    access::{Rights, Scope},
    organisation::{Inbox, Kind, Reference, Team},
    ticket::TicketPlace,
};

use uuid::Uuid;

use crate::{Command, CommandError, Handler, authorize::authorize_in};

impl Handler {
    /// Refuses a place that names what is not there, or retired; where the ticket belonged before, it may stay.
    pub(crate) async fn check_place(&self, wanted: TicketPlace, former: TicketPlace) -> Result<(), CommandError> {
        self.check_references(&references(wanted), &references(former)).await
    }

    /// Refuses a place of which the inbox or the team lies where the right does not count; where the ticket belonged
    /// before, it may stay.
    pub(crate) async fn permit_place(
        &self,
        rights: &Rights,
        command: &Command,
        (wanted, former): (TicketPlace, TicketPlace),
        contact: Option<Uuid>,
    ) -> Result<(), CommandError> {
        authorize_in(rights, command, &wanted.of(contact))?;
        for part in [
            TicketPlace {
                team_id: wanted.team_id.filter(|it| former.team_id != Some(*it)),
                ..TicketPlace::default()
            },
            TicketPlace {
                inbox_id: wanted.inbox_id.filter(|it| former.inbox_id != Some(*it)),
                ..TicketPlace::default()
            },
        ] {
            if !part.is_nowhere() {
                authorize_in(rights, command, &self.complete(part).await?.of(contact))?;
            }
        }
        Ok(())
    }

    /// Refuses a scope that names a branch, a team or an inbox that is not there, or retired. A customer nobody knows of has
    /// nothing that a right could reach.
    pub(crate) async fn check_scope(&self, scope: Scope) -> Result<(), CommandError> {
        let (kind, id) = match scope {
            Scope::Everywhere | Scope::Contact(_) => return Ok(()),
            Scope::Branch(id) => (Kind::Branch, id),
            Scope::Team(id) => (Kind::Team, id),
            Scope::Inbox(id) => (Kind::Inbox, id),
        };
        let wanted = Reference {
            field: "scope",
            index: None,
            kind,
            id,
        };
        self.check_references(&[wanted], &[]).await
    }

    /// A place with the branch that follows from its team or its inbox, when it names none.
    pub(crate) async fn complete(&self, place: TicketPlace) -> Result<TicketPlace, CommandError> {
        let mut branch_id = place.branch_id;
        if let (None, Some(team)) = (branch_id, place.team_id) {
            let team = self.glance::<Team>(team).await?.state;
            branch_id = team.and_then(|it| it.definition.branch_id);
        }
        if let (None, Some(inbox)) = (branch_id, place.inbox_id) {
            let inbox = self.glance::<Inbox>(inbox).await?.state;
            branch_id = inbox.and_then(|it| it.definition.branch_id);
        }
        Ok(TicketPlace { branch_id, ..place })
    }
}

fn references(place: TicketPlace) -> Vec<Reference> {
    let all = [
        ("inboxId", Kind::Inbox, place.inbox_id),
        ("branchId", Kind::Branch, place.branch_id),
        ("teamId", Kind::Team, place.team_id),
    ];
    let named = all.into_iter().filter_map(|(field, kind, id)| {
        Some(Reference {
            field,
            index: None,
            kind,
            id: id?,
        })
    });
    named.collect()
}
