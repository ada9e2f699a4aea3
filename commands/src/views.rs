//! Commands about saved views: who may share one with whom, and that no two in use have one name.

use std::time::Duration;

use domain::{
    access::{Permission, Place, Rights},
    actor::{Actor, ActorKind},
    claim::ViewName,
    decider::Decider,
    ids::ViewId,
    organisation::Team,
    view::{Audience, Definition, View, ViewCommand, ViewRefusal},
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    CommandError, Handler, Outcome, Refusal, Request, Taken,
    authorize::{permit, permit_in},
    handler::check_version,
};

/// Tries to get a name that somebody else is about to get.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

impl Handler {
    /// A view as the log has it; `None` when there is none.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn saved_view(&self, id: ViewId) -> Result<Option<View>, CommandError> {
        let slot = self.slot::<View>(id.0);
        let mut folded = slot.lock().await;
        Ok(self.look(&mut folded, id.0).await?.state.clone())
    }

    pub(crate) async fn view(
        &self,
        id: ViewId,
        command: &ViewCommand,
        rights: &Rights,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let known = {
            let slot = self.slot::<View>(id.0);
            let mut folded = slot.lock().await;
            self.look(&mut folded, id.0).await?.clone()
        };
        if known.find(request.command_id).is_some() {
            return self.plain::<View>(id.0, command, request).await;
        }
        if let Some(former) = &known.state {
            self.permit_view(former.definition.audience, false, rights, &request.actor)
                .await?;
        }
        if let ViewCommand::Create { definition } | ViewCommand::Revise { definition } = command {
            self.permit_view(definition.audience, true, rights, &request.actor)
                .await?;
        }
        check_version(request.expected_version, known.version())?;
        let context = self.context(&request.actor, id.0);
        View::decide(known.state.as_ref(), command, &context).map_err(Refusal::from)?;
        let wanted = match (command, &known.state) {
            (ViewCommand::Create { definition } | ViewCommand::Revise { definition }, _) => Some(definition.clone()),
            (ViewCommand::Restore, Some(view)) if view.retired => Some(view.definition.clone()),
            (ViewCommand::Restore | ViewCommand::Retire, _) => None,
        };
        let former = known.state.filter(|it| !it.retired).map(|it| it.definition);
        let done = match wanted {
            Some(definition) => self.under_name(id, &definition, command, request).await?,
            None => self.plain::<View>(id.0, command, request).await?,
        };
        if let Some(former) = former {
            self.give_back_name(id, &former, request).await?;
        }
        Ok(done)
    }

    /// Whether somebody may say what people see who see that.
    async fn permit_view(
        &self,
        audience: Audience,
        new: bool,
        rights: &Rights,
        actor: &Actor,
    ) -> Result<(), CommandError> {
        match audience {
            Audience::Own(_) if actor.kind != ActorKind::Agent => Err(Refusal::from(ViewRefusal::NotAPerson).into()),
            // What is somebody else's own is not there.
            Audience::Own(owner) if actor.id != owner.to_string() => Err(Refusal::from(ViewRefusal::NotFound).into()),
            Audience::Own(_) => Ok(permit(rights, Permission::TicketsRead)?),
            Audience::Team(id) => {
                let team = self.glance::<Team>(id).await?.state;
                let place = Place {
                    team: Some(id),
                    branch: team.as_ref().and_then(|it| it.definition.branch_id),
                    ..Place::default()
                };
                permit_in(rights, Permission::ViewsShare, &place)?;
                if new && team.is_none_or(|it| it.retired) {
                    return Err(Refusal::from(ViewRefusal::TeamUnknown).into());
                }
                Ok(())
            }
            Audience::Shared => Ok(permit(rights, Permission::OrganisationWrite)?),
        }
    }

    /// Carries a command out that brings a name into use, once no other view in use has it.
    async fn under_name(
        &self,
        id: ViewId,
        definition: &Definition,
        command: &ViewCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let claim = self.claims().pseudonym::<ViewName>(&definition.claim()).await?;
        let _row = self.claims().queue(&[claim]).await;
        let mut without_value = None;
        for _ in 0..TRIES {
            let taken = self
                .claims()
                .take::<ViewName>(claim, id.0, without_value, request)
                .await?;
            let Taken::Held { owner, .. } = taken else {
                let done = self.plain::<View>(id.0, command, request).await;
                if let Err(CommandError::Refused(_)) = done {
                    self.give_back_name(id, definition, request).await?;
                }
                return done;
            };
            if self.has_name(owner, definition).await? {
                return Err(Refusal::from(ViewRefusal::NameTaken).into());
            }
            without_value = Some(owner);
            sleep(PAUSE).await;
        }
        Err(CommandError::Contention {
            stream: "the name".to_owned(),
        })
    }

    async fn has_name(&self, view: Uuid, definition: &Definition) -> Result<bool, CommandError> {
        let view = self.saved_view(ViewId(view)).await?.filter(|it| !it.retired);
        Ok(view.is_some_and(|it| it.definition.claim() == definition.claim()))
    }

    /// Gives a name up that a view no longer has.
    async fn give_back_name(&self, id: ViewId, former: &Definition, request: &Request) -> Result<(), CommandError> {
        if self.has_name(id.0, former).await? {
            return Ok(());
        }
        let claim = self.claims().pseudonym::<ViewName>(&former.claim()).await?;
        self.claims().release::<ViewName>(claim, id.0, request).await
    }
}
