//! What mutations answer.

use async_graphql::SimpleObject;

use super::{
    objects::{
        Branch, CannedReply, Category, Classification, CustomField, Inbox, Macro, RegionMap, Skill, StatusLabel, Tag,
        Team,
    },
    tell::Reply,
};
use crate::graphql::{LogPosition, payload::UserError};

macro_rules! payloads {
    ($($name:ident { $field:ident: $object:ident, $docs:literal })+) => {
        $(
            #[doc = concat!("What every mutation about ", $docs, " answers.")]
            #[derive(Debug, SimpleObject)]
            pub(super) struct $name {
                /// It as it is now; null when there is none.
                $field: Option<$object>,
                /// Position of the last event: give it back as `minPosition` to see it in every list.
                position: Option<LogPosition>,
                /// Whether lists do not show the change yet; the object here shows it all the same.
                stale: bool,
                /// Rules the request breaks; empty when it was carried out.
                user_errors: Vec<UserError>,
                /// As it came in the input.
                client_mutation_id: Option<String>,
            }

            impl $name {
                pub(super) fn new(reply: Reply<$object>) -> Self {
                    let Reply { thing, position, stale, user_errors, client_mutation_id } = reply;
                    Self { $field: thing, position, stale, user_errors, client_mutation_id }
                }
            }
        )+
    };
}

payloads! {
    BranchPayload { branch: Branch, "a branch" }
    TeamPayload { team: Team, "a team" }
    SkillPayload { skill: Skill, "a skill" }
    InboxPayload { inbox: Inbox, "an inbox" }
    CategoryPayload { category: Category, "a category" }
    TagPayload { tag: Tag, "a tag" }
    CustomFieldPayload { custom_field: CustomField, "a custom field" }
    StatusLabelPayload { status_label: StatusLabel, "a status label" }
    CannedReplyPayload { canned_reply: CannedReply, "a canned reply" }
    MacroPayload { r#macro: Macro, "a macro" }
    ClassificationPayload { classification: Classification, "how new tickets are classified" }
    RegionMapPayload { region_map: RegionMap, "the region map" }
}
