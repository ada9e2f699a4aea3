//! THE list of kinds of configuration.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Branch, CannedReply, Category, Classification, CustomField, Inbox, ItemCommand, ItemEvent, Macro, RegionMap, Skill,
    StatusLabel, Tag, Team,
};
use crate::event::DomainEvent;

/// Calls a macro with the name of every kind; the type of its definition has the same name.
#[macro_export]
macro_rules! each_kind {
    ($callback:ident) => {
        $callback! {
            Branch = "branch",
            Team = "team",
            Skill = "skill",
            Inbox = "inbox",
            Category = "category",
            Tag = "tag",
            CustomField = "custom_field",
            StatusLabel = "status_label",
            RegionMap = "region_map",
            CannedReply = "canned_reply",
            Macro = "macro",
            Classification = "classification",
        }
    };
}

macro_rules! kinds {
    ($($kind:ident = $word:literal),+ $(,)?) => {
        /// A kind of configuration; also the category of its streams and events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind { $(#[doc = concat!("`", $word, "`")] $kind),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The stored form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word),+ }
            }

            /// The kind with this stored form.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$kind),)+ _ => None }
            }
        }

        /// Something that happened to a piece of configuration of any kind.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum OrganisationEvent { $(#[doc = concat!("Of a `", $word, "`.")] $kind(ItemEvent<$kind>)),+ }

        impl OrganisationEvent {
            /// What it happened to.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind),+ }
            }
        }

        /// A wish about a piece of configuration of any kind, and its id.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        pub enum OrganisationCommand { $(#[doc = concat!("About a `", $word, "`.")] $kind(Uuid, ItemCommand<$kind>)),+ }

        impl OrganisationCommand {
            /// The id of what it is about.
            pub fn id(&self) -> Uuid {
                match self { $(Self::$kind(id, _) => *id),+ }
            }
        }

        $(
            impl From<(Uuid, ItemCommand<$kind>)> for OrganisationCommand {
                fn from((id, command): (Uuid, ItemCommand<$kind>)) -> Self {
                    Self::$kind(id, command)
                }
            }

            impl From<ItemEvent<$kind>> for DomainEvent {
                fn from(event: ItemEvent<$kind>) -> Self {
                    Self::Organisation(OrganisationEvent::$kind(event))
                }
            }

            impl TryFrom<DomainEvent> for ItemEvent<$kind> {
                /// The event of another aggregate.
                type Error = DomainEvent;

                fn try_from(event: DomainEvent) -> Result<Self, DomainEvent> {
                    if let DomainEvent::Organisation(OrganisationEvent::$kind(event)) = event {
                        Ok(event)
                    } else {
                        Err(event)
                    }
                }
            }
        )+
    };
}

each_kind!(kinds);

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.as_str().replace('_', " "))
    }
}
