//! The mutations: four for each kind.

use async_graphql::{Context, Object, Result};

use super::{
    classification::ClassificationInput,
    input::{
        BranchInput, CategoryInput, CustomFieldInput, InboxInput, RegionMapInput, SkillInput, StatusLabelInput,
        TagInput, TeamInput,
    },
    objects::{
        Branch, CannedReply, Category, Classification, CustomField, Inbox, Macro, RegionMap, Skill, StatusLabel, Tag,
        Team,
    },
    payload::{
        BranchPayload, CannedReplyPayload, CategoryPayload, ClassificationPayload, CustomFieldPayload, InboxPayload,
        MacroPayload, RegionMapPayload, SkillPayload, StatusLabelPayload, TagPayload, TeamPayload,
    },
    scripts::{CannedReplyInput, MacroInput},
    tell::{CreateInput, RestoreInput, RetireInput, ReviseInput, tell},
};

/// What can be told about the organisation.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct OrganisationMutation;

macro_rules! mutations {
    ($($kind:ident, $input:ident, $payload:ident, $docs:literal:
        $create:ident $create_name:literal, $revise:ident $revise_name:literal,
        $retire:ident $retire_name:literal, $restore:ident $restore_name:literal;)+) => {
        #[Object]
        impl OrganisationMutation {
            $(
                #[doc = concat!("Creates ", $docs, ".")]
                async fn $create(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: CreateInput<$input>,
                ) -> Result<$payload> {
                    Box::pin(tell::<$kind, $input>(ctx, $create_name, input)).await.map($payload::new)
                }

                #[doc = concat!("Gives ", $docs, " another definition.")]
                async fn $revise(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: ReviseInput<$input>,
                ) -> Result<$payload> {
                    Box::pin(tell::<$kind, $input>(ctx, $revise_name, input)).await.map($payload::new)
                }

                #[doc = concat!("Takes ", $docs, " out of use; it stays readable.")]
                async fn $retire(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: RetireInput,
                ) -> Result<$payload> {
                    Box::pin(tell::<$kind, $input>(ctx, $retire_name, input)).await.map($payload::new)
                }

                #[doc = concat!("Takes ", $docs, " into use again.")]
                async fn $restore(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: RestoreInput,
                ) -> Result<$payload> {
                    Box::pin(tell::<$kind, $input>(ctx, $restore_name, input)).await.map($payload::new)
                }
            )+
        }
    };
}

mutations! {
    Branch, BranchInput, BranchPayload, "a branch":
        create_branch "createBranch", revise_branch "reviseBranch",
        retire_branch "retireBranch", restore_branch "restoreBranch";
    Team, TeamInput, TeamPayload, "a team":
        create_team "createTeam", revise_team "reviseTeam",
        retire_team "retireTeam", restore_team "restoreTeam";
    Skill, SkillInput, SkillPayload, "a skill":
        create_skill "createSkill", revise_skill "reviseSkill",
        retire_skill "retireSkill", restore_skill "restoreSkill";
    Inbox, InboxInput, InboxPayload, "an inbox":
        create_inbox "createInbox", revise_inbox "reviseInbox",
        retire_inbox "retireInbox", restore_inbox "restoreInbox";
    Category, CategoryInput, CategoryPayload, "a category":
        create_category "createCategory", revise_category "reviseCategory",
        retire_category "retireCategory", restore_category "restoreCategory";
    Tag, TagInput, TagPayload, "a tag":
        create_tag "createTag", revise_tag "reviseTag",
        retire_tag "retireTag", restore_tag "restoreTag";
    CustomField, CustomFieldInput, CustomFieldPayload, "a custom field":
        create_custom_field "createCustomField", revise_custom_field "reviseCustomField",
        retire_custom_field "retireCustomField", restore_custom_field "restoreCustomField";
    StatusLabel, StatusLabelInput, StatusLabelPayload, "a status label":
        create_status_label "createStatusLabel", revise_status_label "reviseStatusLabel",
        retire_status_label "retireStatusLabel", restore_status_label "restoreStatusLabel";
    RegionMap, RegionMapInput, RegionMapPayload, "the region map":
        create_region_map "createRegionMap", revise_region_map "reviseRegionMap",
        retire_region_map "retireRegionMap", restore_region_map "restoreRegionMap";
    CannedReply, CannedReplyInput, CannedReplyPayload, "a canned reply":
        create_canned_reply "createCannedReply", revise_canned_reply "reviseCannedReply",
        retire_canned_reply "retireCannedReply", restore_canned_reply "restoreCannedReply";
    Macro, MacroInput, MacroPayload, "a macro":
        create_macro "createMacro", revise_macro "reviseMacro",
        retire_macro "retireMacro", restore_macro "restoreMacro";
    Classification, ClassificationInput, ClassificationPayload, "how new tickets are classified":
        create_classification "createClassification", revise_classification "reviseClassification",
        retire_classification "retireClassification", restore_classification "restoreClassification";
}
