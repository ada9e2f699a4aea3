//! How the organisation is set up: lists, histories and mutations of every kind of configuration.
//!
//! A kind is an object and an input; what all kinds have in common is written once: a [`thing::Thing`] is found, listed,
//! looked back on and told the same way whatever it is.

mod auto_reply;
mod category;
mod classification;
mod custom_field;
mod history;
mod input;
mod label;
mod list;
mod mutation;
mod objects;
mod payload;
mod query;
mod region;
mod retention;
mod scripts;
mod tell;
mod thing;
mod unique;
mod words;

pub(super) use classification::{ClassificationRule, ClassificationRuleInput};
pub(super) use history::{
    BranchRevision, CannedReplyRevision, CategoryRevision, ClassificationRevision, CustomFieldRevision, InboxRevision,
    MacroRevision, RegionMapRevision, SkillRevision, StatusLabelRevision, TagRevision, TeamRevision,
};
pub(super) use mutation::OrganisationMutation;
pub(super) use objects::{
    Branch, CannedReply, Category, Classification, CustomField, Inbox, Macro, RegionMap, Skill, StatusLabel, Tag, Team,
};
pub(super) use query::{OrganisationQuery, items, node};
pub(super) use scripts::MacroDeed;
pub(super) use thing::{Thing, from_row_at};
