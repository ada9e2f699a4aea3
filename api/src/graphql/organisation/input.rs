//! Definitions as frontends give them: the same input creates and revises, for each revision is whole.

use async_graphql::{ID, InputObject, InputType};
use chrono::NaiveDate;
use domain::organisation::{self, AssignTo, Definition, Kind};
use uuid::Uuid;

use super::{
    auto_reply::AutoReplyInput,
    custom_field::{CustomFieldOptionInput, Given},
    label::LabelInput,
    retention::RetentionInput,
    words::{Channel, SkillSort, Sort, Target},
};
use crate::{
    graphql::{
        ids::{self, required},
        words::Status,
    },
    problem::Problem,
};

/// A definition as it is given.
pub(super) trait Defines: InputType {
    type Definition: Definition;

    /// # Errors
    /// What does not even read, about fields within the definition.
    fn definition(self) -> Result<Self::Definition, Vec<Problem>>;
}

pub(super) fn reference(kind: Kind, field: &str, id: Option<ID>) -> Result<Option<Uuid>, Vec<Problem>> {
    let read = id.map(|it| required(ids::Kind::Item(kind), field, &it)).transpose();
    read.map_err(|it| vec![it])
}

/// What a branch says.
#[derive(Debug, InputObject)]
pub(super) struct BranchInput {
    /// What people call it, 1 to 100 characters in one line; no other branch in use may have the same name.
    name: String,
    /// Regions it stands for, ISO 3166 (`RU-SVE`, `RU`), at most 200.
    regions: Option<Vec<String>>,
    /// Its time zone, as the IANA database calls it, such as `Asia/Yekaterinburg`.
    time_zone: String,
    /// Whether it takes what no other branch is responsible for; no other branch in use may say so.
    #[graphql(default)]
    is_default: bool,
}

impl Defines for BranchInput {
    type Definition = organisation::Branch;

    fn definition(self) -> Result<organisation::Branch, Vec<Problem>> {
        Ok(organisation::Branch {
            name: self.name,
            regions: self.regions.unwrap_or_default(),
            time_zone: self.time_zone,
            is_default: self.is_default,
        })
    }
}

/// What a team says.
#[derive(Debug, InputObject)]
pub(super) struct TeamInput {
    /// What people call it, 1 to 100 characters in one line; no other team in use may have the same name.
    name: String,
    /// What it is for, at most 1000 characters.
    description: Option<String>,
    /// Id of the branch it belongs to; null when it works across branches.
    branch_id: Option<ID>,
}

impl Defines for TeamInput {
    type Definition = organisation::Team;

    fn definition(self) -> Result<organisation::Team, Vec<Problem>> {
        Ok(organisation::Team {
            name: self.name,
            description: self.description,
            branch_id: reference(Kind::Branch, "branchId", self.branch_id)?,
        })
    }
}

/// What a skill says.
#[derive(Debug, InputObject)]
pub(super) struct SkillInput {
    /// What sort of skill it is; never changes.
    kind: SkillSort,
    /// What people call it, 1 to 100 characters in one line; of a TOPIC unique, and never changed but in its spelling.
    name: String,
    /// Tag of the language (BCP 47), such as `ru` or `pt-BR`: needed for a LANGUAGE, unique, and never changed.
    language: Option<String>,
}

impl Defines for SkillInput {
    type Definition = organisation::Skill;

    fn definition(self) -> Result<organisation::Skill, Vec<Problem>> {
        Ok(organisation::Skill {
            kind: self.kind.into(),
            name: self.name,
            language: self.language,
        })
    }
}

/// What an inbox says.
#[derive(Debug, InputObject)]
pub(super) struct InboxInput {
    /// What people call it, 1 to 100 characters in one line; no other inbox in use may have the same name.
    name: String,
    /// By which technology people write to it; never changes.
    channel: Channel,
    /// Id of the branch that answers for it; null when that is decided for each request.
    branch_id: Option<ID>,
    /// Host names of the sites that may show its widget, at most 200; `*.example.com` stands for all names under one.
    allowed_domains: Option<Vec<String>>,
    /// What is switched on in it beyond the usual: words of small letters, digits and `_`, at most 50.
    feature_flags: Option<Vec<String>>,
    /// Bytes of the largest file it takes, 1 to 2147483648; null for as many as the installation says.
    file_max_bytes: Option<i64>,
    /// Types of files it takes, each one or the beginning of some and `*`, such as `image/*` or `application/pdf`, at most
    /// 100; empty for the usual ones.
    file_types: Option<Vec<String>>,
    /// Whether it takes anything in now.
    #[graphql(default = true)]
    active: bool,
    /// What is said of itself to whoever opens a ticket by it; nothing by default.
    auto_reply: Option<AutoReplyInput>,
    /// How long what came through it is kept; for ever by default.
    retention: Option<RetentionInput>,
}

impl Defines for InboxInput {
    type Definition = organisation::Inbox;

    fn definition(self) -> Result<organisation::Inbox, Vec<Problem>> {
        Ok(organisation::Inbox {
            name: self.name,
            channel: self.channel.into(),
            branch_id: reference(Kind::Branch, "branchId", self.branch_id)?,
            allowed_domains: self.allowed_domains.unwrap_or_default(),
            feature_flags: self.feature_flags.unwrap_or_default(),
            // What is below nothing is refused as nothing is.
            file_max_bytes: self.file_max_bytes.map(|it| u64::try_from(it).unwrap_or_default()),
            file_types: self.file_types.unwrap_or_default(),
            active: self.active,
            auto_reply: self.auto_reply.map(Into::into),
            retention: self.retention.map(Into::into),
        })
    }
}

/// What a category says.
#[derive(Debug, InputObject)]
pub(super) struct CategoryInput {
    /// The text that tickets carry, 1 to 100 characters in one line: unique whatever the capitals, and never changed but
    /// in its spelling.
    key: String,
    /// What people call it.
    name: LabelInput,
    /// What belongs in it, at most 1000 characters.
    description: Option<String>,
    /// Name of a picture, or a picture character, at most 100 characters.
    icon: Option<String>,
    /// Key of the wider category it lies under; at most 8 levels.
    parent_key: Option<String>,
    /// Id of the team that gets its tickets.
    assign_to_team_id: Option<ID>,
    /// Id of the agent who gets its tickets, instead of a team.
    assign_to_agent_id: Option<ID>,
}

impl Defines for CategoryInput {
    type Definition = organisation::Category;

    fn definition(self) -> Result<organisation::Category, Vec<Problem>> {
        let team = reference(Kind::Team, "assignToTeamId", self.assign_to_team_id)?;
        let agent = self
            .assign_to_agent_id
            .map(|it| required(ids::Kind::Agent, "assignToAgentId", &it));
        let assign_to = match (team, agent.transpose().map_err(|it| vec![it])?) {
            (Some(_), Some(agent)) => {
                let (russian, english) = ("команда или агент, но не оба", "a team or an agent, not both");
                let both = Problem::bad_input("assignToAgentId", &agent.to_string(), russian, english);
                return Err(vec![both]);
            }
            (Some(team), None) => Some(AssignTo::Team(team)),
            (None, Some(agent)) => Some(AssignTo::Agent(agent)),
            (None, None) => None,
        };
        Ok(organisation::Category {
            key: self.key,
            name: self.name.into(),
            description: self.description,
            icon: self.icon,
            parent_key: self.parent_key,
            assign_to,
        })
    }
}

/// What a tag says.
#[derive(Debug, InputObject)]
pub(super) struct TagInput {
    /// The word, 1 to 50 characters in one line: unique whatever the capitals, and never changed but in its spelling.
    name: String,
    /// `#rrggbb`.
    colour: Option<String>,
}

impl Defines for TagInput {
    type Definition = organisation::Tag;

    fn definition(self) -> Result<organisation::Tag, Vec<Problem>> {
        Ok(organisation::Tag {
            name: self.name,
            colour: self.colour,
        })
    }
}

/// What a custom field says.
#[derive(Debug, InputObject)]
pub(super) struct CustomFieldInput {
    /// The word that values are stored under, 1 to 50 small Latin letters, digits and `_`; unique among the fields of the
    /// same thing, and never changed.
    key: String,
    /// What people call it.
    label: LabelInput,
    /// What is to be written in it, at most 1000 characters.
    description: Option<String>,
    /// What it belongs to; never changes.
    applies_to: Target,
    /// What its values are; never changes.
    #[graphql(name = "type")]
    sort: Sort,
    /// Of TEXT: characters at most, 1 to 10,000.
    max_length: Option<u32>,
    /// Of NUMBER: the least.
    min: Option<f64>,
    /// Of NUMBER: the greatest.
    max: Option<f64>,
    /// Of DATE: the earliest.
    min_date: Option<NaiveDate>,
    /// Of DATE: the latest.
    max_date: Option<NaiveDate>,
    /// Of SELECT and MULTI_SELECT: 1 to 500, in the order in which they are shown.
    options: Option<Vec<CustomFieldOptionInput>>,
    /// Of MULTI_SELECT: how many can be chosen at most.
    max_chosen: Option<u32>,
    /// Whether there must be a value.
    #[graphql(default)]
    required: bool,
}

impl Defines for CustomFieldInput {
    type Definition = organisation::CustomField;

    fn definition(self) -> Result<organisation::CustomField, Vec<Problem>> {
        let given = Given {
            sort: self.sort,
            max_length: self.max_length,
            min: self.min,
            max: self.max,
            min_date: self.min_date,
            max_date: self.max_date,
            options: self.options,
            max_chosen: self.max_chosen,
        };
        Ok(organisation::CustomField {
            key: self.key,
            label: self.label.into(),
            description: self.description,
            applies_to: self.applies_to.into(),
            field_type: given.field_type()?,
            required: self.required,
        })
    }
}

/// What a status label says.
#[derive(Debug, InputObject)]
pub(super) struct StatusLabelInput {
    /// The word.
    label: LabelInput,
    /// The status that it names; never changes.
    category: Status,
    /// Its place among the labels of its status, the least first.
    #[graphql(default)]
    order: i32,
    /// Whether it is meant when only the status is known; no other label of the status in use may say so.
    #[graphql(default)]
    is_default: bool,
}

impl Defines for StatusLabelInput {
    type Definition = organisation::StatusLabel;

    fn definition(self) -> Result<organisation::StatusLabel, Vec<Problem>> {
        Ok(organisation::StatusLabel {
            label: self.label.into(),
            category: self.category.into(),
            order: self.order,
            is_default: self.is_default,
        })
    }
}

/// The branch that answers for a region.
#[derive(Debug, InputObject)]
pub(super) struct RegionRuleInput {
    /// ISO 3166: a part of a country (`RU-SVE`), or all of it that no other rule names (`RU`).
    region: String,
    /// Id of the branch.
    branch_id: ID,
}

/// What the region map says.
#[derive(Debug, InputObject)]
pub(super) struct RegionMapInput {
    /// By region, each once, at most 1000.
    regions: Option<Vec<RegionRuleInput>>,
    /// Id of the branch that answers for all other regions, and where it is not known where somebody is.
    default_branch_id: Option<ID>,
}

impl Defines for RegionMapInput {
    type Definition = organisation::RegionMap;

    fn definition(self) -> Result<organisation::RegionMap, Vec<Problem>> {
        let mut regions = Vec::new();
        for (index, rule) in self.regions.unwrap_or_default().into_iter().enumerate() {
            let branch_id = required(ids::Kind::Item(Kind::Branch), "branchId", &rule.branch_id).map_err(|it| {
                let path = ["regions".to_owned(), index.to_string(), "branchId".to_owned()];
                vec![Problem {
                    field: path.to_vec(),
                    ..it
                }]
            })?;
            let region = rule.region;
            regions.push(organisation::RegionRule { region, branch_id });
        }
        Ok(organisation::RegionMap {
            regions,
            default_branch_id: reference(Kind::Branch, "defaultBranchId", self.default_branch_id)?,
        })
    }
}
