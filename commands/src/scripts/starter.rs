//! Installs the scripts that Letopis comes with.

use domain::{
    access::Rights,
    actor::Actor,
    decider::Decider,
    ids::CommandId,
    organisation::{Checked, Definition, Item, ItemCommand, ItemEvent, ItemRefusal, OrganisationCommand, starter},
};
use event_store::Position;
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Refusal, Request, caches::Cached};

/// What installing led to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed {
    /// Ids of the canned replies, in their order.
    pub canned_replies: Vec<Uuid>,
    /// Ids of the macros, in their order.
    pub macros: Vec<Uuid>,
    /// How many of them were not there before.
    pub added: usize,
    /// Position of the last event that added one; `None` when none was added.
    pub position: Option<Position>,
}

impl Handler {
    /// Installs the scripts in these languages. Those whose keys are taken stay as they are, changed and retired ones too.
    ///
    /// # Errors
    /// [`CommandError`]; those installed by then stay, and the same call installs the others.
    pub async fn install_starter_scripts(
        &self,
        rights: &Rights,
        actor: &Actor,
        command_id: CommandId,
        languages: starter::Languages,
    ) -> Result<Installed, CommandError> {
        let mut installed = Installed::default();
        for it in starter::canned_replies(languages) {
            let id = self.install(rights, actor, command_id, it, &mut installed).await?;
            installed.canned_replies.extend(id);
        }
        for it in starter::macros(languages) {
            let id = self.install(rights, actor, command_id, it, &mut installed).await?;
            installed.macros.extend(id);
        }
        Ok(installed)
    }

    async fn install<D>(
        &self,
        rights: &Rights,
        actor: &Actor,
        command_id: CommandId,
        definition: D,
        installed: &mut Installed,
    ) -> Result<Option<Uuid>, CommandError>
    where
        D: Definition,
        Item<D>: Cached + Decider<Command = ItemCommand<D>, Event = ItemEvent<D>, Refusal = ItemRefusal>,
        OrganisationCommand: From<(Uuid, ItemCommand<D>)>,
    {
        let command_id = CommandId(Uuid::new_v5(
            &command_id.0,
            definition.key().unwrap_or_default().as_bytes(),
        ));
        let id = definition.id(command_id);
        // They are acceptable; a test says so.
        let Ok(definition) = Checked::try_new(definition) else {
            return Ok(None);
        };
        let command = OrganisationCommand::from((id, ItemCommand::Create { definition }));
        let request = Request {
            command_id,
            command: Command::Organisation(command),
            actor: actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        match self.execute(rights, &request).await {
            Ok(outcome) => {
                installed.added += usize::from(outcome.changed);
                installed.position = installed
                    .position
                    .max(Some(outcome.position).filter(|_| outcome.changed));
            }
            Err(
                CommandError::Refused(Refusal::Organisation(ItemRefusal::Exists | ItemRefusal::ExistsRetired))
                | CommandError::KeyReused,
            ) => {}
            Err(error) => return Err(error),
        }
        Ok(Some(id))
    }
}
