//! How the organisation is set up: branches, teams, skills, inboxes, categories, tags, custom fields, status labels,
//! canned replies, macros, the map of regions and how new
//! tickets are classified. Configuration is event-sourced like everything else, each revision whole, so that a decision of
//! the past can name the exact version it used.
//!
//! One design for all kinds: an [`Item`] of a [`Definition`], in a stream of its own (`branch-<id>`). A kind says what
//! its definition must look like, and what its id follows from. Deliberately absent: who points at an item; a retired
//! one therefore stays readable for ever.

mod auto_reply;
mod branch;
mod canned_reply;
mod category;
mod check;
mod checked;
mod classification;
mod custom_field;
mod definition;
mod flaw;
mod inbox;
mod item;
mod kinds;
mod label;
mod macros;
mod region_map;
mod retention;
mod skill;
pub mod starter;
mod status_label;
mod tag;
mod team;
mod template;
#[cfg(test)]
mod tests;

pub use auto_reply::{AutoReply, Promised, Promises};
pub use branch::Branch;
pub use canned_reply::CannedReply;
pub use category::{AssignTo, Category};
pub use check::normal_key;
pub use checked::Checked;
pub use classification::{Classification, ClassificationRule, Classified, Conditions, Facts, Thresholds};
pub use custom_field::{AppliesTo, CustomField, FieldOption, FieldType, FieldValue, Finite, ValueFault};
pub use definition::{Definition, Identity, Reference};
pub use flaw::{Flaw, Rule};
pub use inbox::{Channel, Inbox};
pub use item::{Item, ItemCommand, ItemEvent, ItemRefusal};
pub use kinds::{Kind, OrganisationCommand, OrganisationEvent};
pub use label::Label;
pub use macros::{Macro, MacroStep};
pub use region_map::{RegionMap, RegionRule};
pub use retention::Retention;
pub use skill::{Skill, SkillKind};
pub use status_label::StatusLabel;
pub use tag::Tag;
pub use team::Team;
pub use template::{Template, VARIABLES, filled, places};
