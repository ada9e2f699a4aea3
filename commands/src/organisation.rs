//! Commands about configuration: what the definition points at is looked up before the item itself decides.
//!
//! It is looked up in the log, not in a read model: what was created a moment ago is there, and a decision rests on
//! the log alone. The look and the append are two steps: a branch retired in between stays referred to, as one
//! retired later would.

use domain::{
    decider::Decider,
    each_kind,
    ids::CommandId,
    organisation::{
        Branch, CannedReply, Category, Classification, CustomField, Definition, Inbox, Item, ItemCommand, ItemEvent,
        ItemRefusal, Kind, Macro, OrganisationCommand, Reference, RegionMap, Skill, StatusLabel, Tag, Team,
    },
};
use uuid::Uuid;

use crate::{CommandError, Handler, Outcome, Refusal, Request, caches::Cached, folded::Folded, handler::check_version};

/// Levels of a tree at most.
const LEVELS: usize = 8;

macro_rules! dispatch {
    ($($kind:ident = $word:literal),+ $(,)?) => {
        impl Handler {
            pub(crate) async fn configure(
                &self,
                command: &OrganisationCommand,
                request: &Request,
            ) -> Result<Outcome, CommandError> {
                match command {
                    $(OrganisationCommand::$kind(id, command) => self.item::<$kind>(*id, command, request).await),+
                }
            }

            /// Drops what is remembered of the item and of what its definition points at.
            pub(crate) async fn doubt_configuration(&self, command: &OrganisationCommand) {
                match command {
                    $(OrganisationCommand::$kind(id, command) => {
                        for it in defined(command).map_or_else(Vec::new, Definition::references) {
                            self.drop_item(it.kind, it.id).await;
                        }
                        self.drop_item(Kind::$kind, *id).await;
                    })+
                }
            }

            /// Whether a command about configuration is in the log, so that it is only to be repeated.
            ///
            /// # Errors
            /// [`CommandError`] when its stream cannot be read.
            pub async fn is_configured(
                &self,
                command_id: CommandId,
                command: &OrganisationCommand,
            ) -> Result<bool, CommandError> {
                match command {
                    $(OrganisationCommand::$kind(id, _) => {
                        let item = self.glance::<$kind>(*id).await?;
                        Ok(item.find(command_id).is_some())
                    })+
                }
            }

            async fn drop_item(&self, kind: Kind, id: Uuid) {
                match kind {
                    $(Kind::$kind => *self.slot::<Item<$kind>>(id).lock().await = None),+
                }
            }

            async fn is_in_use(&self, kind: Kind, id: Uuid) -> Result<bool, CommandError> {
                match kind {
                    $(Kind::$kind => {
                        let item = self.glance::<$kind>(id).await?.state;
                        Ok(item.is_some_and(|it| !it.retired))
                    })+
                }
            }
        }
    };
}

each_kind!(dispatch);

impl Handler {
    async fn item<D>(&self, id: Uuid, command: &ItemCommand<D>, request: &Request) -> Result<Outcome, CommandError>
    where
        D: Definition,
        Item<D>: Cached + Decider<Command = ItemCommand<D>, Event = ItemEvent<D>, Refusal = ItemRefusal>,
    {
        // No lock is held while others are looked at: two items may point at each other.
        let known = self.glance::<D>(id).await?;
        if known.find(request.command_id).is_none()
            && let Some(definition) = defined(command)
        {
            check_version(request.expected_version, known.version())?;
            let context = self.context(&request.actor, id);
            Item::decide(known.state.as_ref(), command, &context).map_err(Refusal::from)?;
            self.check_tree(id, definition).await?;
            let former = known.state.map(|it| it.definition.references()).unwrap_or_default();
            self.check_references(&definition.references(), &former).await?;
        }
        let slot = self.slot::<Item<D>>(id);
        let mut item = slot.lock().await;
        let guard = |item: &Folded<Item<D>>| check_version(request.expected_version, item.version());
        self.run(&mut item, id, command, request, guard).await
    }

    /// The item as it is now.
    pub(crate) async fn glance<D>(&self, id: Uuid) -> Result<Folded<Item<D>>, CommandError>
    where
        D: Definition,
        Item<D>: Cached,
    {
        let slot = self.slot::<Item<D>>(id);
        let mut item = slot.lock().await;
        self.look(&mut item, id).await.cloned()
    }

    /// What it pointed at before, it may point at further, even when that was retired meanwhile.
    pub(crate) async fn check_references(
        &self,
        wanted: &[Reference],
        former: &[Reference],
    ) -> Result<(), CommandError> {
        for it in wanted {
            let known = former.iter().any(|old| (old.kind, old.id) == (it.kind, it.id));
            if !known && !self.is_in_use(it.kind, it.id).await? {
                let Reference { field, index, kind, .. } = *it;
                return Err(Refusal::from(ItemRefusal::ReferenceUnknown { field, index, kind }).into());
            }
        }
        Ok(())
    }

    /// Nothing may lie under itself. Two wishes at the same instant can still close a circle, so readers go up one
    /// level at a time and never to an end.
    async fn check_tree<D>(&self, id: Uuid, definition: &D) -> Result<(), CommandError>
    where
        D: Definition,
        Item<D>: Cached,
    {
        let mut above = definition.parent();
        for _ in 0..LEVELS {
            let Some((field, parent)) = above else { return Ok(()) };
            if parent == id {
                return Err(Refusal::from(ItemRefusal::Circular(field)).into());
            }
            let parent = self.glance::<D>(parent).await?.state;
            above = parent.and_then(|it| it.definition.parent());
        }
        match above {
            Some((field, _)) => Err(Refusal::from(ItemRefusal::TooDeep(field)).into()),
            None => Ok(()),
        }
    }
}

/// The definition in a command, if there is one.
fn defined<D>(command: &ItemCommand<D>) -> Option<&D> {
    match command {
        ItemCommand::Create { definition } | ItemCommand::Revise { definition } => Some(definition.as_ref()),
        ItemCommand::Retire | ItemCommand::Restore => None,
    }
}
